"""The page that keeps the weights as they were built, and counts how many differ now.

The weights stand below the table in the same rectangles as on their own sheets, so that an edited one can be
copied back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, Rect, Ref, call, compare
from sheetcnn.languages import text
from sheetcnn.model.graph import Graph
from sheetcnn.pages.site import PageSite
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import Computed, InputGrid, PageContext, SheetPlan, WeightRows
from sheetcnn.sheets.weight_cells import ParameterGrid
from sheetcnn.xlsx.book import Cell

NAME = "as_built"
MOST_WEIGHTS = 60_000
"""Beyond, a copy of all weights would make the file too large for what it is good for."""
MOST_OF_LAYER = 5_000
"""Weights of a rectangle beyond which only their sum and sum of squares are kept: a copy would take more than
the rest of all pages."""
CLOSE = 1e-9
"""Sums in another order differ in the last digits."""
TABLE_AT = 7
LAYER, PARAMETER, COUNT, CHANGED = 1, 2, 3, 4
EDGE = 6
"""The column from which the copies run to the right."""


@dataclass(frozen=True)
class _Copied:
    """A rectangle of weights, and where its copy stands."""

    layer: str
    label: str
    cells: ParameterGrid
    row: int

    @property
    def summed(self) -> bool:
        """Whether only sum and sum of squares are kept."""
        return self.cells.height * self.cells.width > MOST_OF_LAYER

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of what is kept."""
        return (1, 2) if self.summed else (self.cells.height, self.cells.width)

    @property
    def key(self) -> str:
        """The name of the copy among the numbers of the workbook."""
        return f"built.{self.layer}.{self.cells.row}.{self.cells.col}"

    def first(self, context: PageContext) -> Array | WeightRows:
        """The weights that the workbook is built with, or their sums."""
        if self.summed:
            return self._sums(context)
        return WeightRows(self.cells, context.params[self.layer][self.cells.parameter].reshape(-1))

    def _now(self, context: PageContext) -> Array:
        return np.nan_to_num(self.cells.take(context.params[self.layer][self.cells.parameter]), nan=0.0)

    def _sums(self, context: PageContext) -> Array:
        now = self._now(context)
        return np.array([[now.sum(), np.square(now).sum()]])

    def changed(self, context: PageContext) -> float:
        """How many cells hold another number than the copy; of sums, 1 if they differ."""
        built = context.inputs[self.key]
        if not self.summed:
            return float(np.count_nonzero(self._now(context) != built))
        apart = np.abs(self._sums(context) - built)
        return float((apart > CLOSE * np.maximum(1.0, np.abs(built))).any())

    def formula(self, sheet: str) -> Expr:
        """The same as a formula on the page."""
        now = Rect(sheet, self.cells.row, self.cells.col, self.cells.height, self.cells.width)
        built = Rect(None, self.row, EDGE, *self.size)
        if self.summed:
            sums = (call("SUM", now), call("SUMSQ", now))
            kept = [(total, Ref(None, self.row, built.col + n)) for n, total in enumerate(sums)]
            near = [
                compare("<=", call("ABS", a - b), Number(CLOSE) * call("MAX", 1, call("ABS", b)))
                for a, b in kept
            ]
            return call("IF", call("AND", *near), 0, 1)
        if now.is_cell:
            return call("IF", compare("<>", now.cell, built.cell), 1, 0)
        return call("SUMPRODUCT", compare("<>", now, built) * 1.0)


def _copies(layout: Layout) -> Iterator[_Copied]:
    row = TABLE_AT
    for owner, weights in layout.weights.items():
        if layout.graph.by_name[owner].weights:
            continue
        labels = {p.name: p.label for p in weights.parameters}
        for cells in weights.grids():
            copy = _Copied(owner, labels[cells.parameter], cells, row)
            yield copy
            row += copy.size[0] + 1


def fits(graph: Graph) -> bool:
    """Whether the weights are few enough to be kept a second time."""
    return sum(p.size for node in graph.nodes for p in graph.owned(node)) <= MOST_WEIGHTS


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page, where the network has weights."""
    if site.layout.weights:
        yield _page(site.layout)


def _page(layout: Layout) -> SheetPlan:
    say = layout.say
    sheet = SheetPlan(NAME, page=True, tab="page")
    line = say(
        "what if: change weights on their own sheets; here stand those that the workbook was built with"
    )
    header(sheet, say("The weights as built"), line, [(say("▲ overview"), "overview")], [], 14, say)
    sheet.format.column_width, sheet.format.row_height = theme.CELL_WIDTH + 1, 18
    sheet.format.column_widths |= {LAYER: 20, PARAMETER: 14, COUNT: 11, CHANGED: 11, EDGE - 1: 3}
    heads = ((LAYER, "layer"), (PARAMETER, "parameter"), (COUNT, "numbers"), (CHANGED, "changed"))
    for col, words in heads:
        sheet.cells.append(Cell(TABLE_AT - 1, col, say(words), theme.HEADING))
    sheet.cells.append(Cell(TABLE_AT - 1, EDGE, say("as built, to copy back"), theme.HEADING))
    sheet.format.freeze = (TABLE_AT, 1)
    copies = list(_copies(layout))
    if any(copy.summed for copy in copies):
        words = text(
            "of a layer with more than {most} weights only their sum and the sum of their squares are kept: "
            "any change there counts as 1",
            most=f"{MOST_OF_LAYER:,}",
        )
        sheet.cells.append(Cell(4, 1, say(words), theme.SUBTITLE))
    for n, copy in enumerate(copies):
        row = TABLE_AT + n
        cells, own = copy.cells, layout.weights[copy.layer].sheet
        sheet.cells += [
            Cell(row, LAYER, copy.layer, theme.NAVIGATION, link=f"{own}!A1"),
            Cell(row, PARAMETER, say(copy.label), theme.TEXT),
            Cell(row, COUNT, _count(cells), theme.WHOLE),
        ]
        sheet.computed.append(Computed(row, CHANGED, copy.formula(own), theme.WHOLE, copy.changed))
        sheet.inputs.append(InputGrid(copy.key, copy.row, EDGE, *copy.size, theme.WEIGHT, copy.first))
    return sheet


def _count(cells: ParameterGrid) -> int:
    return sum(int(np.count_nonzero(cells.positions(i) >= 0)) for i in range(cells.height))


def total_changed(layout: Layout) -> tuple[Expr, Callable[[PageContext], float]]:
    """How many weights differ from the built ones, as a formula for another sheet, and its value."""
    copies = list(_copies(layout))
    counts = Rect(NAME, TABLE_AT, CHANGED, len(copies), 1, fixed=True)
    return call("SUM", counts), lambda context: sum(copy.changed(context) for copy in copies)


def built_output(context: PageContext) -> Array:
    """The network's output when the workbook was built, as a column."""
    return context.result.output.reshape(-1, 1)
