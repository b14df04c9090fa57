"""Reads from a workbook what it was built from: its plan, its weights and its pixels.

The plan comes from the `about` sheet; weights and pixels come from the cells, edited or not. Sheets are
read one after the other into arrays; nothing is kept per cell.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from sheetcnn.calculators.base import Recalculated
from sheetcnn.errors import SheetCnnError, SpecError, WorkbookError
from sheetcnn.formulas.a1 import address
from sheetcnn.importers.spec.parse import parse
from sheetcnn.languages import language
from sheetcnn.model.graph import Graph, Model
from sheetcnn.pages import about
from sheetcnn.pages.input import chosen_image
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.sheet_plan import Choice, Plan, SheetPlan, TensorGrid
from sheetcnn.workbook.plan import make_plan
from sheetcnn.xlsx.read import CellError, CellTable, Value, Workbook


@dataclass(frozen=True)
class Contents:
    """The contents of the cells of a workbook.

    Attributes:
        model: the network with the weights in the workbook.
        image: the pixels.
        choices: the choices on the pages, by name.
        inputs: the numbers of the pages' input grids, by name.
    """

    model: Model
    image: Array
    choices: dict[str, int]
    inputs: dict[str, Array]


def read_about(book: Workbook, path: Path) -> dict[str, str]:
    """The rows of the `about` sheet by key: `format`, `built by`, `weights sha256` ...

    Raises:
        WorkbookError: if there is no such sheet.
    """
    if about.NAME not in book.sheet_names:
        raise WorkbookError(
            f"{path} has no sheet '{about.NAME}', so it was not built by sheetcnn "
            "(or the sheet was deleted); build it again with sheetcnn build"
        )
    values = book.sheet(about.NAME).values
    rows: dict[str, str] = {}
    for (row, col), key in sorted(values.items()):
        value = values.get((row, about.VALUE_COLUMN))
        if col == about.KEY_COLUMN and isinstance(key, str) and isinstance(value, str | float):
            rows[key] = rows.get(key, "") + (value if isinstance(value, str) else f"{value:g}")
    return rows


def read_plan(book: Workbook, path: Path) -> Plan:
    """The plan of a workbook that holds a network, from its `about` sheet.

    Raises:
        WorkbookError: if that sheet or another one is missing or damaged.
    """
    graph, options = _graph_and_options(read_about(book, path), path)
    try:
        plan = make_plan(graph, options)
    except SheetCnnError as error:
        raise WorkbookError(f"{path}: sheet {about.NAME}: {error}") from None
    check_sheets(book, plan.sheets, path)
    return plan


def check_sheets(book: Workbook, sheets: Sequence[SheetPlan], path: Path) -> None:
    """Check that a workbook has all sheets of a plan.

    Raises:
        WorkbookError: naming the first that is missing.
    """
    known = set(book.sheet_names)
    for sheet in sheets:
        if sheet.name not in known:
            raise WorkbookError(
                f"{path}: the sheet {sheet.name} is missing (deleted or renamed); build the workbook again"
            )


def _graph_and_options(rows: dict[str, str], path: Path) -> tuple[Graph, Options]:
    if rows.get("format") != str(about.FORMAT):
        found = rows.get("format", "none")
        raise WorkbookError(
            f"{path}: sheet {about.NAME} has format {found}, but this sheetcnn reads format {about.FORMAT}; "
            "build the workbook again"
        )
    try:
        spec = json.loads(rows.get("spec", ""))
        chosen = json.loads(rows.get("options", "{}"))
        Options(**chosen)  # no others than these
        options = TypeAdapter(Options).validate_python(chosen)
        language(options.language)
    except (ValueError, TypeError, RecursionError, SpecError):
        raise WorkbookError(
            f"{path}: the rows 'spec' and 'options' of sheet {about.NAME} are damaged; "
            "build the workbook again"
        ) from None
    try:
        return parse(spec, f"{path}, sheet {about.NAME}"), options
    except SheetCnnError as error:
        raise WorkbookError(f"{error}; build the workbook again") from None


def read_contents(
    book: Workbook,
    plan: Plan,
    path: Path,
    values: Recalculated,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Contents:
    """Read weights, pixels and choices from the cells of a workbook.

    A cell that holds a formula (a weight typed as `=1/3`) has its recalculated value; a blank cell is 0, as
    it is in the formulas.

    Args:
        book: the workbook.
        plan: from `read_plan`.
        path: for messages.
        values: the recalculated values of formulas.
        progress: called with the number of sheets read and the number of sheets to read.

    Raises:
        WorkbookError: if a cell holds a text or an error; it names sheet and cell.
    """
    graph = plan.layout.graph
    params: dict[str, dict[str, Array]] = {
        node.name: {p.name: np.zeros(p.shape) for p in graph.owned(node)} for node in graph.nodes
    }
    image = np.zeros(graph.source_shape.dims)
    places = np.arange(image.size, dtype=np.float64).reshape(image.shape)
    choices: dict[str, int] = {}
    inputs: dict[str, Array] = {}
    sheets = [s for s in plan.sheets if s.weights or s.choices or s.inputs or _inputs(s)]
    for done, sheet in enumerate(sheets):
        progress(done, len(sheets))
        cells = _InputCells(book.table(sheet.name), path, values)
        for weights in sheet.weights:
            grid, array = weights.cells, params[weights.layer][weights.cells.parameter]
            for i, numbers in enumerate(cells.rows(grid.row, grid.col, grid.height, grid.width)):
                grid.put_row(array, i, numbers)
        for tensor in _inputs(sheet):
            height = (tensor.region.rows - 1) * tensor.row_step + 1
            width = (tensor.region.cols - 1) * tensor.col_step + 1
            found = np.stack(list(cells.rows(tensor.row, tensor.col, height, width)))
            into = tensor.values({tensor.tensor: places})
            image.reshape(-1)[into.astype(np.intp)] = found[:: tensor.row_step, :: tensor.col_step]
        _read_given(sheet, cells, choices, inputs)
    if plan.layout.has("input"):
        image = chosen_image(plan.layout, inputs, choices)
    return Contents(Model.of(graph, params, str(path)), image, choices, inputs)


def read_given(
    book: Workbook, sheets: Sequence[SheetPlan], path: Path, values: Recalculated
) -> tuple[dict[str, int], dict[str, Array]]:
    """Read the choices and the input grids of pages without a network.

    Raises:
        WorkbookError: if a cell holds a text or an error; it names sheet and cell.
    """
    choices: dict[str, int] = {}
    inputs: dict[str, Array] = {}
    for sheet in sheets:
        if sheet.choices or sheet.inputs:
            _read_given(sheet, _InputCells(book.table(sheet.name), path, values), choices, inputs)
    return choices, inputs


def _read_given(
    sheet: SheetPlan, cells: _InputCells, choices: dict[str, int], inputs: dict[str, Array]
) -> None:
    for choice in sheet.choices:
        choices[choice.name] = cells.choice(choice)
    for given in sheet.inputs:
        rows = cells.rows(given.row, given.col, given.height, given.width)
        inputs[given.name] = np.stack(list(rows))


def _inputs(sheet: SheetPlan) -> list[TensorGrid]:
    return [tensor for tensor in sheet.tensors if tensor.formula is None]


class _InputCells:
    """The cells of a sheet that may be edited."""

    def __init__(self, table: CellTable, path: Path, values: Recalculated) -> None:
        self._table = table
        self._path = path
        self._values = values
        self._others: dict[int, dict[int, Value]] = {}
        for (row, col), value in table.others.items():
            self._others.setdefault(row, {})[col] = value

    def rows(self, row: int, col: int, height: int, width: int) -> Iterator[Array]:
        """The numbers of a rectangle, row by row."""
        for at in range(row, row + height):
            numbers = self._table.row(at, col, width)
            others = {c: v for c, v in self._others.get(at, {}).items() if col <= c < col + width}
            formulas = self._table.formulas(at, col, 1, width)[0]
            if formulas.any():
                first, last = np.flatnonzero(formulas)[[0, -1]].tolist()
                count = last - first + 1
                computed = self._values.numbers(self._table.name, at, col + first, 1, count)[0]
                numbers[formulas] = computed[formulas[first : last + 1]]
                for column in (np.flatnonzero(formulas) + col).tolist():
                    others.pop(column, None)
                    if math.isnan(numbers[column - col]):
                        value = self._values.glance(self._table.name, at, column)
                        others |= {} if value is None else {column: value}
            infinite = np.flatnonzero(np.isinf(numbers)).tolist()
            others |= {col + j: float(numbers[j]) for j in infinite}
            if others:
                column = min(others)
                raise self._refusal(at, column, others[column], "a number")
            yield np.nan_to_num(numbers, nan=0.0)

    def choice(self, choice: Choice) -> int:
        """The whole number that was chosen."""
        row, col = choice.row, choice.col
        if self._table.formulas(row, col, 1, 1)[0, 0]:
            value = self._values.glance(self._table.name, row, col)
        else:
            value = self._table.value(row, col)
        if choice.words:
            found = [word.lower() for word in choice.words]  # as MATCH does
            if isinstance(value, str) and value.lower() in found:
                return choice.least + found.index(value.lower())
            raise self._refusal(row, col, value, f"one of {', '.join(choice.words)}")
        if type(value) is float and value.is_integer() and choice.least <= value <= choice.most:
            return int(value)
        raise self._refusal(row, col, value, f"a whole number from {choice.least} to {choice.most}")

    def _refusal(self, row: int, col: int, value: Value | None, needed: str) -> WorkbookError:
        shown = value.code if isinstance(value, CellError) else "nothing" if value is None else repr(value)
        return WorkbookError(
            f"{self._path}: {self._table.name}!{address(row, col)} holds {shown} where {needed} is needed; "
            f"type {needed} there"
        )
