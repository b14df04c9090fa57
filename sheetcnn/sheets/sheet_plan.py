"""The plan of a workbook: every sheet with everything on it, but no values yet.

`inspect` reads sizes off it, `bind` fills it with values for the writer, `verify` compares what a
calculator computed with the values that it would be filled with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr
from sheetcnn.formulas.region import Region
from sheetcnn.model.engine import Result
from sheetcnn.model.graph import Graph, Model
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.weight_cells import ParameterGrid
from sheetcnn.xlsx.book import Book, Cell, Grid, RowSource, Sheet, SheetFormat, Style


@dataclass(frozen=True)
class TensorGrid:
    """Part of a tensor on a sheet: stamped from one formula, or numbers where `formula` is None.

    Position (i, j) of `region` stands at row `row + i * row_step`, column `col + j * col_step`.
    """

    layer: str
    tensor: str
    region: Region
    row: int
    col: int
    style: Style
    formula: Expr | None
    row_step: int = 1
    col_step: int = 1
    light: bool = False
    """Whether its formula only picks a cell, so that how programs group such formulas does not matter."""
    channel: str = ""
    """The choice that says which channel is shown (counted from 1), where the reader chooses it."""

    def values(self, activations: Mapping[str, Array], choices: Mapping[str, int] | None = None) -> Array:
        """The values of the region, `(rows, cols)`.

        Args:
            activations: every tensor by name.
            choices: what the reader chose; by default the first channel.
        """
        array = activations[self.tensor]
        if self.channel and choices is not None:
            array = array[choices[self.channel] - 1 :]
        cube = np.ascontiguousarray(array.reshape(array.shape[0], *(array.shape[1:] or (1, 1))))
        view = cube[self.region.start[0] :, self.region.start[1] :, self.region.start[2] :]
        strides = (
            sum(s * n for s, n in zip(cube.strides, step, strict=True))
            for step in (self.region.step_i, self.region.step_j)
        )
        part: Array = np.lib.stride_tricks.as_strided(
            view, (self.region.rows, self.region.cols), tuple(strides), writeable=False
        )
        return part

    def bound(self, activations: Mapping[str, Array]) -> Grid:
        """The grid for the writer, with its values."""
        return Grid(
            self.row,
            self.col,
            self.region.rows,
            self.region.cols,
            self.style,
            self.values(activations),
            self.formula,
            self.row_step,
            self.col_step,
            block=self.light,
        )


@dataclass(frozen=True)
class WeightGrid:
    """Some cells of a layer's parameters on its sheet of weights."""

    layer: str
    cells: ParameterGrid
    style: Style

    def bound(self, params: Mapping[str, Mapping[str, Array]]) -> Grid:
        """The grid for the writer, whose rows are made as they are written."""
        cells = self.cells
        rows = WeightRows(cells, params[self.layer][cells.parameter].reshape(-1))
        return Grid(cells.row, cells.col, cells.height, cells.width, self.style, rows)


@dataclass(frozen=True)
class WeightRows:
    """The rows of a grid of weights; NaN for blank cells."""

    cells: ParameterGrid
    flat: Array

    def __getitem__(self, row: int) -> Array:
        return self.cells.cells(self.flat, row)


@dataclass(frozen=True)
class Choice:
    """A cell in which the reader chooses a whole number from `least` to `most`.

    With `words` the cell holds one of them, and the number is its place, counted from `least`.
    """

    name: str
    row: int
    col: int
    default: int
    least: int
    most: int
    words: tuple[str, ...] = ()
    merge: int = 1

    def shown(self, number: int) -> int | str:
        """What stands in the cell when that number is chosen."""
        return self.words[number - self.least] if self.words else number


@dataclass(frozen=True)
class PageContext:
    """What the values of a page follow from.

    Attributes:
        result: of the network on the workbook's input.
        params: the weights that stand in the workbook, by layer and name.
        choices: what the reader chose, by the choice's name.
        inputs: the numbers that stand in the cells of the pages' `InputGrid`s, by name.
        images: that the workbook is built from, `(C, H, W)` each; empty where one is read back.
    """

    result: Result
    params: Mapping[str, Mapping[str, Array]]
    choices: Mapping[str, int]
    inputs: Mapping[str, Array] = field(default_factory=dict)
    images: Sequence[Array] = ()


@dataclass(frozen=True)
class InputGrid:
    """A rectangle of numbers on a page that are read back: to be changed, or compared with.

    Blank cells count as 0. `first` are the numbers that it is built with, `(height, width)`; NaN is left
    blank, and of a rectangle that is blank altogether the cells may be left out (`sparse`).
    """

    name: str
    row: int
    col: int
    height: int
    width: int
    style: Style
    first: Callable[[PageContext], Array | RowSource]
    sparse: bool = False
    channel: int | None = None
    """Of an image that the network can compute on, the channel that stands here."""

    def whole(self, context: PageContext) -> Array:
        """The numbers that it is built with, 0 for blank cells."""
        rows = self.first(context)
        array = rows if isinstance(rows, np.ndarray) else np.stack([rows[i] for i in range(self.height)])
        return np.nan_to_num(array, nan=0.0)


@dataclass(frozen=True)
class Computed:
    """A single formula of a page, and its value."""

    row: int
    col: int
    formula: Expr
    style: Style
    value: Callable[[PageContext], float | str]
    merge: int = 1
    merge_rows: int = 1


@dataclass(frozen=True)
class LiveGrid:
    """A rectangle of a page stamped from one formula, and its values, `(height, width)`."""

    row: int
    col: int
    height: int
    width: int
    formula: Expr
    style: Style
    values: Callable[[PageContext], Array]
    unit: float = 0.0
    """Of numbers that the formula rounds: the unit of the last digit. `values` are those before rounding."""

    def rounded(self, context: PageContext) -> Array:
        """The values as the formula shows them: halves away from 0, as spreadsheets do."""
        values = self.values(context)
        if not self.unit:
            return values
        per_one = 1 / self.unit
        found: Array = np.sign(values) * np.floor(np.abs(values) * per_one + 0.5) / per_one
        return found


@dataclass
class SheetPlan:
    """One sheet. Mutable only while it is being put together."""

    name: str
    layer: str = ""
    """The layer that it belongs to; empty for pages about the whole network."""
    page: bool = False
    """Whether it only explains: no sheet of values reads it."""
    tab: InitVar[str] = ""
    """What sort of sheet it is, by which its tab is coloured: a key of `theme.TABS`."""
    cells: list[Cell] = field(default_factory=list)
    computed: list[Computed] = field(default_factory=list)
    tensors: list[TensorGrid] = field(default_factory=list)
    live: list[LiveGrid] = field(default_factory=list)
    weights: list[WeightGrid] = field(default_factory=list)
    plain: list[Grid] = field(default_factory=list)
    """Blank cells with a style, and numbers that are neither values nor weights."""
    choices: list[Choice] = field(default_factory=list)
    inputs: list[InputGrid] = field(default_factory=list)
    print_columns: int = 0
    """The last column that is printed; 0: all."""
    format: SheetFormat = field(default_factory=SheetFormat)

    def __post_init__(self, tab: str) -> None:
        """Colour the tab."""
        if tab:
            self.format.tab_color = theme.TABS[tab]

    @property
    def formulas(self) -> int:
        """The number of formula cells."""
        stamped = sum(t.region.rows * t.region.cols for t in self.tensors if t.formula is not None)
        stamped += sum(grid.height * grid.width for grid in self.live)
        return stamped + len(self.computed)

    def patterns(self) -> Iterator[tuple[Expr, int, int, int]]:
        """Every formula, with the rows and columns that it fills and the distance of its rows."""
        for tensor in self.tensors:
            if tensor.formula is not None:
                yield tensor.formula, tensor.region.rows, tensor.region.cols, tensor.row_step
        for grid in self.live:
            yield grid.formula, grid.height, grid.width, 1
        for computed in self.computed:
            yield computed.formula, 1, 1, 1

    @property
    def used(self) -> tuple[int, int]:
        """The last row and the last column with content."""
        ends = [(c.row, c.col + c.merge - 1) for c in self.cells]
        ends += [(c.row + c.merge_rows - 1, c.col + c.merge - 1) for c in self.computed]
        ends += [(g.row + g.height - 1, g.col + g.width - 1) for g in self.live]
        ends += [
            (t.row + (t.region.rows - 1) * t.row_step, t.col + (t.region.cols - 1) * t.col_step)
            for t in self.tensors
        ]
        ends += [(w.cells.row + w.cells.height - 1, w.cells.col + w.cells.width - 1) for w in self.weights]
        ends += [
            (g.row + (g.height - 1) * g.row_step, g.col + (g.width - 1) * g.col_step) for g in self.plain
        ]
        ends += [(c.row, c.col + c.merge - 1) for c in self.choices]
        ends += [(g.row + g.height - 1, g.col + g.width - 1) for g in self.inputs]
        return max((r for r, _ in ends), default=1), max((c for _, c in ends), default=1)


@dataclass(frozen=True)
class Plan:
    """A whole workbook. Made by `workbook.plan.make_plan` alone.

    Attributes:
        layout: of the network that it computes.
        sheets: all of them, in order.
        names: defined names and the cells that they stand for.
        reason: why it has this layout, where it was not asked for.
    """

    layout: Layout
    sheets: tuple[SheetPlan, ...]
    names: tuple[tuple[str, str], ...]
    reason: str = ""

    @property
    def graph(self) -> Graph:
        """The network as this workbook computes it."""
        return self.layout.graph

    def tensors(self) -> Iterator[tuple[SheetPlan, TensorGrid]]:
        """Every piece of a tensor with its sheet."""
        for sheet in self.sheets:
            for grid in sheet.tensors:
                yield sheet, grid


def first_context(plan: Plan, model: Model, result: Result, images: Sequence[Array] = ()) -> PageContext:
    """What the values of a workbook's pages follow from when it is built."""
    return as_built(plan.sheets, PageContext(result, model.params, {}, {}, images))


def as_built(sheets: Sequence[SheetPlan], context: PageContext) -> PageContext:
    """The same context with every choice and every input grid as they are built."""
    context = replace(context, choices={c.name: c.default for sheet in sheets for c in sheet.choices})
    return replace(context, inputs={g.name: g.whole(context) for sheet in sheets for g in sheet.inputs})


def bind(plan: Plan, model: Model, result: Result, images: Sequence[Array] = ()) -> Book:
    """Fill a plan with the weights of a model and the activations of one run.

    Args:
        plan: of the workbook.
        model: the network with its weights.
        result: of the network on the first image.
        images: that can be chosen in the workbook, the first one first.
    """
    context = first_context(plan, model, result, images)
    return Book(plan.graph.name, bind_sheets(plan.sheets, context), plan.names)


def bind_sheets(plans: Sequence[SheetPlan], context: PageContext) -> list[Sheet]:
    """Fill sheets with the values that follow from `context`."""
    sheets = []
    for sheet in plans:
        grids = list(sheet.plain)
        grids += [tensor.bound(context.result.activations) for tensor in sheet.tensors]
        grids += [weights.bound(context.params) for weights in sheet.weights]
        cells = list(sheet.cells)
        cells += [Cell(c.row, c.col, c.shown(c.default), theme.CHOICE, merge=c.merge) for c in sheet.choices]
        grids += [
            Grid(g.row, g.col, g.height, g.width, g.style, partial(g.first, context))
            for g in sheet.inputs
            if not g.sparse
        ]
        grids += [
            Grid(g.row, g.col, g.height, g.width, g.style, partial(g.rounded, context), g.formula, block=True)
            for g in sheet.live
        ]
        cells += [
            Cell(c.row, c.col, c.value(context), c.style, c.formula, None, c.merge, c.merge_rows)
            for c in sheet.computed
        ]
        printed = (sheet.used[0], sheet.print_columns) if sheet.print_columns else None
        repeats = sheet.page or any(grid.block for grid in grids)
        look = replace(sheet.format, print_area=printed)
        sheets.append(Sheet(sheet.name, cells, grids, look, repeats))
    return sheets
