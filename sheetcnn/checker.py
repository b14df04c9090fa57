"""Checks a workbook: a spreadsheet engine recalculates it, NumPy computes the same, cell by cell.

The workbook explains itself: spec and layout come from its `about` sheet, weights and pixels from its
own cells. So an edited kernel still agrees, and a broken formula is found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from sheetcnn.calculators import get
from sheetcnn.calculators.base import Block, Recalculated
from sheetcnn.engine import Result, run
from sheetcnn.errors import SheetCnnError, WorkbookError
from sheetcnn.formulas.a1 import address
from sheetcnn.formulas.limits import LIBREOFFICE
from sheetcnn.graph import Graph, Model
from sheetcnn.pages import about
from sheetcnn.planner import make_plan
from sheetcnn.readers.spec import parse
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.plan import Plan, SheetPlan, TensorGrid, WeightGrid
from sheetcnn.xlsx.read import CellError, SheetCells, Value, Workbook, open_workbook

TOLERANCE = 1e-9
"""Largest difference allowed, relative to the greater of 1 and the expected value. The engines sum in
their own order (about 1e-13 on these sums) and LibreOffice saves 15 digits; a wrong cell, weight or
reference changes a value by far more."""

RELATIVE_FLOOR = 1e-6
"""Relative errors are taken of at least this much: rounding about 0 has no meaningful ratio."""

MOST_DIFFERENCES = 1000
"""No more are listed; `different` counts them all."""


@dataclass(frozen=True)
class Difference:
    """A formula cell that does not agree.

    `reason` is `value`, `error` (the cell shows an error), `blank`, `type` (a text in the place of a
    number or the other way round) or `no formula` (a constant stands where the formula was).
    """

    sheet: str
    cell: str
    expected: float | str
    found: float | str | bool | None
    reason: str


@dataclass
class LayerReport:
    """The agreement of one layer's formulas; `name` is `overview` for those of the first sheet."""

    name: str
    formulas: int = 0
    max_abs_error: float = 0.0


@dataclass
class Report:
    """What `verify` found.

    Attributes:
        engine: name and version of the spreadsheet engine.
        formulas: formula cells that the workbook must have.
        compared: how many of them were compared.
        errors: how many show an error.
        max_abs_error: the greatest absolute difference of numbers.
        max_rel_error: the greatest relative difference (of at least `RELATIVE_FLOOR`).
        ok: whether every formula cell agrees.
        layers: the same per layer.
        different: how many cells do not agree.
        differences: the first of them, in the order of computation.
        prediction: the label that the workbook's own weights and input give.
    """

    engine: str
    formulas: int = 0
    compared: int = 0
    errors: int = 0
    max_abs_error: float = 0.0
    max_rel_error: float = 0.0
    ok: bool = True
    layers: list[LayerReport] = field(default_factory=list)
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    prediction: str = ""

    def layer(self, name: str) -> LayerReport:
        """The report of a layer, made when first asked for."""
        for known in self.layers:
            if known.name == name:
                return known
        self.layers.append(LayerReport(name))
        return self.layers[-1]


def verify(path: Path, engine: str = "ironcalc") -> Report:
    """Recalculate a workbook and compare every formula cell with NumPy.

    Args:
        path: of a workbook that sheetcnn built; it may have been edited and saved since.
        engine: `ironcalc`, `libreoffice` or `gnumeric`.

    Raises:
        WorkbookError: if it is damaged, was not built by sheetcnn, or lacks a sheet or a number.
        CalculatorError: if the engine is missing or fails.
    """
    return verify_many([path], engine)[0]


def verify_many(paths: Sequence[Path], engine: str = "ironcalc") -> list[Report]:
    """Check several workbooks; a spreadsheet program is started once for all of them.

    Args:
        paths: of the workbooks.
        engine: `ironcalc`, `libreoffice` or `gnumeric`.

    Raises:
        WorkbookError, CalculatorError: as `verify`, for the first workbook that cannot be checked.
    """
    calculator = get(engine)
    plans = []
    for path in paths:  # what is wrong with a file is said before a program is started
        with open_workbook(path) as book:
            plans.append(read_plan(book, path))
    name = f"{calculator.name} {calculator.version()}"
    reports = []
    recalculated = calculator.recalculate(paths)
    try:
        for path, plan, values in zip(paths, plans, recalculated, strict=True):
            with open_workbook(path) as book:
                reports.append(_check(path, book, plan, values, name))
            values.close()
    finally:
        for values in recalculated:
            values.close()
    return reports


def _check(path: Path, book: Workbook, plan: Plan, values: Recalculated, engine: str) -> Report:
    model, image = read_model(book, plan, path, values)
    try:
        result = run(model, image)
    except SheetCnnError as error:
        raise WorkbookError(f"{path}: {error}") from None
    report = Report(engine, prediction=result.label)
    # Layers in the order of computation, then the pages that show them: a broken formula changes all
    # that follows from it, so the first difference is the one to mend.
    for sheet in sorted(plan.sheets, key=lambda sheet: not sheet.layer):
        cells = book.sheet(sheet.name)
        for grid in sheet.tensors:
            if grid.formula is not None:
                _compare_grid(report, sheet, grid, cells, values, result)
        _compare_page(report, sheet, cells, values, result)
    report.ok = report.different == 0
    return report


def read_plan(book: Workbook, path: Path) -> Plan:
    """The plan of a workbook, from what it says of itself.

    Raises:
        WorkbookError: if it does not say, or a sheet is missing.
    """
    if about.NAME not in book.sheet_names:
        raise WorkbookError(
            f"{path} has no sheet '{about.NAME}', so it was not built by sheetcnn "
            "(or the sheet was deleted); build it again with sheetcnn build"
        )
    graph, options = _described(book.sheet(about.NAME), path)
    try:
        plan = make_plan(graph, options, LIBREOFFICE)
    except SheetCnnError as error:
        raise WorkbookError(f"{path}: sheet {about.NAME}: {error}") from None
    known = set(book.sheet_names)
    for sheet in plan.sheets:
        if sheet.name not in known:
            raise WorkbookError(
                f"{path}: the sheet {sheet.name} is missing (deleted or renamed); build the workbook again"
            )
    return plan


def _described(cells: SheetCells, path: Path) -> tuple[Graph, Options]:
    rows: dict[str, list[str]] = {}
    for (row, col), key in sorted(cells.values.items()):
        value = cells.values.get((row, about.VALUE_COLUMN))
        if col == about.KEY_COLUMN and isinstance(key, str) and isinstance(value, str | float):
            rows.setdefault(key, []).append(value if isinstance(value, str) else f"{value:g}")
    if rows.get("format") != [str(about.FORMAT)]:
        found = ", ".join(rows.get("format", ["none"]))
        raise WorkbookError(
            f"{path}: sheet {about.NAME} has format {found}, but this sheetcnn reads format {about.FORMAT}; "
            "build the workbook again"
        )
    try:
        spec = json.loads("".join(rows.get("spec", [])))
        chosen = json.loads("".join(rows.get("options", ["{}"])))
        TypeAdapter(Options).validate_python(chosen)
        options = Options(**chosen)
    except (ValueError, TypeError, RecursionError):
        raise WorkbookError(
            f"{path}: the rows 'spec' and 'options' of sheet {about.NAME} are damaged; "
            "build the workbook again"
        ) from None
    try:
        return parse(spec, f"{path}, sheet {about.NAME}"), options
    except SheetCnnError as error:
        raise WorkbookError(f"{error}; build the workbook again") from None


def read_model(book: Workbook, plan: Plan, path: Path, values: Recalculated) -> tuple[Model, Array]:
    """Weights and pixels from the workbook's own cells.

    A cell that holds a formula (a weight typed as `=1/3`) counts with its recalculated value; a blank
    cell counts as 0, as it does in the formulas.

    Raises:
        WorkbookError: if a cell holds a text or an error; names sheet and cell.
    """
    graph = plan.layout.graph
    params: dict[str, dict[str, Array]] = {
        node.name: {p.name: np.zeros(p.shape) for p in graph.owned(node)} for node in graph.nodes
    }
    image = np.zeros(graph.source_shape.dims)
    for sheet in plan.sheets:
        cells = book.sheet(sheet.name)
        for weights in sheet.weights:
            _fill_weights(params, weights, cells, path, values)
        for tensor in sheet.tensors:
            if tensor.formula is None:
                size = (tensor.region.rows, tensor.region.cols)
                block = _numbers(cells, (tensor.row, tensor.col), size, path, values)
                image[tensor.region.start[0]] = block
    return Model.of(graph, params, str(path)), image


def _fill_weights(
    params: dict[str, dict[str, Array]],
    weights: WeightGrid,
    cells: SheetCells,
    path: Path,
    values: Recalculated,
) -> None:
    grid = weights.cells
    index = grid.index
    block = _numbers(cells, (grid.row, grid.col), (grid.height, grid.width), path, values)
    flat = params[weights.layer][grid.parameter].reshape(-1)
    flat[index[index >= 0]] = block[index >= 0]


def _numbers(
    cells: SheetCells, first: tuple[int, int], size: tuple[int, int], path: Path, values: Recalculated
) -> Array:
    """The numbers that stand in a rectangle of input cells."""
    (row, col), (height, width) = first, size
    block = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            place = (row + i, col + j)
            value: Value | None = cells.values.get(place)
            if place in cells.formulas:
                value = values.block(cells.name, *place, 1, 1)[0][0]
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, float | int) or not math.isfinite(value):
                shown = value.code if isinstance(value, CellError) else repr(value)
                raise WorkbookError(
                    f"{path}: {cells.name}!{address(*place)} holds {shown} where a number is needed; "
                    "type a number there"
                )
            block[i, j] = value
    return block


def _compare_grid(
    report: Report,
    sheet: SheetPlan,
    grid: TensorGrid,
    cells: SheetCells,
    values: Recalculated,
    result: Result,
) -> None:
    expected = grid.values(result.activations)
    rows, cols = expected.shape
    height, width = (rows - 1) * grid.row_step + 1, (cols - 1) * grid.col_step + 1
    block = values.block(sheet.name, grid.row, grid.col, height, width)
    found = [row[:: grid.col_step] for row in block[:: grid.row_step]]
    layer = report.layer(grid.layer or sheet.name)
    layer.formulas += expected.size
    report.formulas += expected.size
    numbers = _as_numbers(found)
    wrong = ~(np.abs(numbers - expected) <= TOLERANCE * np.maximum(1.0, np.abs(expected)))
    for i in range(rows):
        for j in range(cols):
            row, col = grid.row + i * grid.row_step, grid.col + j * grid.col_step
            if (row, col) not in cells.formulas:
                _differ(report, sheet, row, col, float(expected[i, j]), found[i][j], "no formula")
            elif wrong[i, j]:
                _differ(report, sheet, row, col, float(expected[i, j]), found[i][j])
    compared = np.isfinite(numbers)
    report.compared += expected.size
    error = np.abs(numbers - expected)[compared]
    if error.size:
        size = np.maximum(np.abs(expected[compared]), RELATIVE_FLOOR)
        layer.max_abs_error = max(layer.max_abs_error, float(error.max()))
        report.max_abs_error = max(report.max_abs_error, float(error.max()))
        report.max_rel_error = max(report.max_rel_error, float((error / size).max()))


def _as_numbers(block: Block) -> Array:
    """The numbers of a block; NaN for whatever is none."""
    return np.array(
        [
            [float(v) if isinstance(v, float | int) and not isinstance(v, bool) else math.nan for v in row]
            for row in block
        ]
    )


def _compare_page(
    report: Report, sheet: SheetPlan, cells: SheetCells, values: Recalculated, result: Result
) -> None:
    for computed in sheet.computed:
        expected = computed.value(result)
        found = values.block(sheet.name, computed.row, computed.col, 1, 1)[0][0]
        layer = report.layer(sheet.layer or sheet.name)
        layer.formulas += 1
        report.formulas += 1
        report.compared += 1
        if (computed.row, computed.col) not in cells.formulas:
            _differ(report, sheet, computed.row, computed.col, expected, found, "no formula")
        elif isinstance(expected, str) or not isinstance(found, float | int) or isinstance(found, bool):
            if not _same_text(found, expected):
                _differ(report, sheet, computed.row, computed.col, expected, found)
        else:
            error = abs(found - expected)
            layer.max_abs_error = max(layer.max_abs_error, error)
            report.max_abs_error = max(report.max_abs_error, error)
            if not error <= TOLERANCE * max(1.0, abs(expected)):
                _differ(report, sheet, computed.row, computed.col, expected, found)


def _same_text(found: Value | None, expected: float | str) -> bool:
    return isinstance(found, str) and found == expected


def _differ(
    report: Report,
    sheet: SheetPlan,
    row: int,
    col: int,
    expected: float | str,
    found: Value | None,
    reason: str = "",
) -> None:
    shown: float | str | bool | None = found.code if isinstance(found, CellError) else found
    if isinstance(found, CellError):
        report.errors += 1
    report.different += 1
    if not reason:
        if isinstance(found, CellError):
            reason = "error"
        elif found is None:
            reason = "blank"
        else:
            reason = "value" if type(found) is type(expected) else "type"
    if len(report.differences) < MOST_DIFFERENCES:
        report.differences.append(Difference(sheet.name, address(row, col), expected, shown, reason))
