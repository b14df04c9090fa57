"""The page that keeps the weights as they were built, and counts how many differ now.

The weights stand below the table in the same rectangles as on their own sheets, so that an edited one can be
copied back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Ref, call, compare
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.plan import Computed, Facts, InputGrid, SheetPlan, WeightRows
from sheetcnn.sheets.weights import ParameterGrid
from sheetcnn.xlsx.book import Cell

NAME = "as_built"
MOST_WEIGHTS = 60_000
"""Beyond, a copy of all weights would make the file too large for what it is good for."""
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
    def key(self) -> str:
        """The name of the copy among the numbers of the workbook."""
        return f"built.{self.layer}.{self.cells.row}.{self.cells.col}"

    def first(self, facts: Facts) -> WeightRows:
        """The weights that the workbook is built with."""
        return WeightRows(self.cells, facts.params[self.layer][self.cells.parameter].reshape(-1))

    def changed(self, facts: Facts) -> float:
        """How many cells hold another number than the copy."""
        now = np.nan_to_num(self.cells.take(facts.params[self.layer][self.cells.parameter]), nan=0.0)
        return float(np.count_nonzero(now != facts.inputs[self.key]))


def _copies(layout: Layout) -> Iterator[_Copied]:
    row = TABLE_AT
    for owner, weights in layout.weights.items():
        if layout.graph.by_name[owner].weights:
            continue
        labels = {p.name: p.label for p in weights.parameters}
        for cells in weights.grids():
            yield _Copied(owner, labels[cells.parameter], cells, row)
            row += cells.height + 1


def changes_sheet(layout: Layout) -> SheetPlan:
    """Build the page."""
    say = layout.say
    sheet = SheetPlan(NAME, page=True, tab_color=theme.TABS["page"])
    line = say(
        "what if: change weights on their own sheets; here stand those that the workbook was built with"
    )
    header(sheet, say("The weights as built"), line, [(say("▲ overview"), "overview")], [], 14)
    sheet.column_width, sheet.row_height = theme.CELL_WIDTH + 1, 18
    sheet.column_widths |= {LAYER: 20, PARAMETER: 14, COUNT: 11, CHANGED: 11, EDGE - 1: 3}
    heads = ((LAYER, "layer"), (PARAMETER, "parameter"), (COUNT, "numbers"), (CHANGED, "changed"))
    for col, words in heads:
        sheet.cells.append(Cell(TABLE_AT - 1, col, say(words), theme.HEADING))
    sheet.cells.append(Cell(TABLE_AT - 1, EDGE, say("as built, to copy back"), theme.HEADING))
    sheet.freeze = (TABLE_AT, 1)
    copies = list(_copies(layout))
    for n, copy in enumerate(copies):
        row = TABLE_AT + n
        cells, own = copy.cells, layout.weights[copy.layer].sheet
        sheet.cells += [
            Cell(row, LAYER, copy.layer, theme.NAVIGATION, link=f"{own}!A1"),
            Cell(row, PARAMETER, say(copy.label), theme.TEXT),
            Cell(row, COUNT, _count(cells), theme.WHOLE),
        ]
        size = (cells.height, cells.width)
        now, built = Ref(own, cells.row, cells.col, *size), Ref(None, copy.row, EDGE, *size)
        differ: Expr = call("SUMPRODUCT", compare("<>", now, built) * 1.0)
        if now.is_cell:
            differ = call("IF", compare("<>", now, built), 1, 0)
        sheet.computed.append(Computed(row, CHANGED, differ, theme.WHOLE, copy.changed))
        sheet.inputs.append(InputGrid(copy.key, copy.row, EDGE, *size, theme.WEIGHT, copy.first))
    return sheet


def _count(cells: ParameterGrid) -> int:
    return sum(int(np.count_nonzero(cells.positions(i) >= 0)) for i in range(cells.height))


def total_changed(layout: Layout) -> tuple[Expr, partial[float]]:
    """How many weights differ from the built ones, as a formula for another sheet, and its value."""
    copies = list(_copies(layout))
    counts = Ref(NAME, TABLE_AT, CHANGED, len(copies), 1, fixed=True)
    return call("SUM", counts), partial(_total, copies)


def _total(copies: list[_Copied], facts: Facts) -> float:
    return sum(copy.changed(facts) for copy in copies)


def built_output(facts: Facts) -> Array:
    """The network's output when the workbook was built, as a column."""
    return facts.result.output.reshape(-1, 1)
