"""A page per softmax over a vector: the shift by the greatest value, exponentials, their sum, shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Rect, Ref, call
from sheetcnn.languages import text
from sheetcnn.model.graph import Node
from sheetcnn.model.ops.softmax import Softmax
from sheetcnn.pages.drop_downs import add_drop_downs
from sheetcnn.pages.lookup import SAME, Line, same, write_lines
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import LiveGrid, PageContext, SheetPlan
from sheetcnn.xlsx.book import Cell, DataBar, Highlight

MOST_LISTED = 1_000
CHOICES_AT, LISTED_AT = 6, 16
LABEL, CHOSEN, RESULT = 1, 2, 4
COLUMNS = ("value", "value − greatest", "exp of it", "share of the sum")


def can_trace_softmax(layout: Layout, node: Node) -> bool:
    """Whether a layer is a softmax over a vector that stands in one column."""
    if not isinstance(node.op, Softmax) or not layout.on_columns(node.name):
        return False
    shape, blocks = layout.graph.shapes[node.name], layout.placements[node.inputs[0]].blocks
    few = 1 < shape.channels <= MOST_LISTED
    return few and len(blocks) == 1 and layout.on_columns(node.inputs[0])


def softmax_sheet(layout: Layout, node: Node, name: str) -> SheetPlan:
    """Build the page of a layer that `can_trace_softmax`."""
    return _SoftmaxPage(SoftmaxTrace(layout, node), name).sheet()


@dataclass(frozen=True)
class SoftmaxTrace:
    """What the page shows, computed with NumPy."""

    layout: Layout
    node: Node

    @property
    def key(self) -> str:
        """The name of the choice."""
        return f"{self.node.name}.trace.output"

    @property
    def count(self) -> int:
        """How many classes there are."""
        return self.layout.graph.shapes[self.node.name].channels

    def chosen(self, context: PageContext) -> int:
        """The chosen class, counted from 0."""
        return context.choices[self.key] - 1

    def values(self, context: PageContext) -> Array:
        """The values before softmax."""
        found: Array = context.result.activations[self.node.inputs[0]].reshape(-1)
        return found

    def steps(self, context: PageContext) -> Array:
        """Value, shifted value, exponential and share of every class, `(n, 4)`."""
        values = self.values(context)
        shifted = values - values.max()
        exps = np.exp(shifted)
        return np.stack([values, shifted, exps, exps / exps.sum()], axis=1)

    def result(self, context: PageContext) -> float:
        """What stands on the layer's sheet."""
        return float(context.result.activations[self.node.name].reshape(-1)[self.chosen(context)])


class _SoftmaxPage:
    """Puts the sheet together: the steps for the chosen class, and a table of all classes."""

    def __init__(self, trace: SoftmaxTrace, name: str) -> None:
        self.trace, self.say = trace, trace.layout.say
        self.plan = SheetPlan(name, trace.node.name, page=True, tab="trace")
        block = trace.layout.placements[trace.node.inputs[0]].blocks[0]
        self.first = Ref(block.sheet, *block.cell(block.first, 0, 0), row_i=1, fixed=True)
        self.values = Rect(self.first.sheet, self.first.row, self.first.col, trace.count, 1, fixed=True)
        self.exps = Rect(None, LISTED_AT, CHOSEN + 2, trace.count, 1, fixed=True)

    def sheet(self) -> SheetPlan:
        """The page."""
        trace, plan, say, layout = self.trace, self.plan, self.say, self.trace.layout
        node = trace.node
        first, source = (layout.placements[n].blocks[0].sheet for n in (node.name, node.inputs[0]))
        links = [(say("▲ overview"), "overview"), (f"{first} ►", first), (f"◄ {source}", source)]
        line = say("choose a class: how its value becomes a probability, step by step")
        header(plan, say(text("{layer}, one probability traced", layer=node.name)), line, links, [], 12, say)
        plan.format.column_width, plan.format.row_height = 16, 20
        plan.format.column_widths |= {LABEL: 22, CHOSEN: 16, 3: 16, RESULT: 36, RESULT + 1: 16}
        plan.format.zoom = theme.zoom(7, LISTED_AT + min(trace.count, 12), 18, 20)
        plan.format.one_page = trace.count <= 40
        self._steps()
        self._table()
        asked = [(trace.key, say("class, by its number"), trace.count, 1)]
        add_drop_downs(plan, asked, (CHOICES_AT, LABEL), (LISTED_AT, RESULT + 4), say=say)
        plan.print_columns = RESULT + 1
        return plan

    def _steps(self) -> None:
        """The steps for the chosen class, and the check against the layer's sheet."""
        trace, plan, say = self.trace, self.plan, self.say
        at, col = CHOICES_AT, RESULT
        chosen = Ref(None, CHOICES_AT, CHOSEN, fixed=True)
        own = trace.layout.placements[trace.node.name].blocks[0]
        results = Rect(own.sheet, own.row, own.col, trace.count, 1, fixed=True)

        def step(row: int) -> Ref:
            return Ref(None, at + row, col + 1)

        def greatest(context: PageContext) -> float:
            return float(trace.values(context).max())

        def total(context: PageContext) -> float:
            return float(trace.steps(context)[:, 2].sum())

        lines: list[Line] = [
            Line(say("its value"), call("INDEX", self.values, chosen, 1), lambda f: _at(trace, f, 0)),
            Line(say("the greatest of all values"), call("MAX", self.values), greatest),
            Line(say("value − greatest"), step(0) - step(1), lambda f: _at(trace, f, 1)),
            Line(say("exp of it"), call("EXP", step(2)), lambda f: _at(trace, f, 2)),
            Line(say("sum of exp over all classes"), call("SUM", self.exps), total),
            Line(say("exp ÷ sum: the probability"), step(3) / step(4), lambda f: _at(trace, f, 3)),
            Line(say("the cell on the layer's sheet"), call("INDEX", results, chosen, 1), trace.result),
            Line(say("the same?"), same(step(5), step(6)), lambda f: SAME),
        ]
        write_lines(plan, lines, at, col)
        note = say(
            "Subtracting the greatest value changes no probability: it only keeps exp from becoming too "
            "large for a computer."
        )
        plan.cells.append(Cell(CHOICES_AT + 2, LABEL, note, theme.TEXT_WRAPPED, merge=2, merge_rows=5))

    def _table(self) -> None:
        """Value, shifted value, exponential and share of every class."""
        trace, plan, say, n = self.trace, self.plan, self.say, self.trace.count
        labels = trace.layout.graph.labels
        plan.cells.append(Cell(LISTED_AT - 1, LABEL, say("class"), theme.HEADING))
        for m, words in enumerate(COLUMNS):
            plan.cells.append(Cell(LISTED_AT - 1, CHOSEN + m, say(words), theme.HEADING_CENTER))
        for k in range(n):
            named = f"{k + 1}  {labels[k]}" if len(labels) == n else str(k + 1)
            plan.cells.append(Cell(LISTED_AT + k, LABEL, named, theme.TEXT))
        column = [Ref(None, LISTED_AT, CHOSEN + m, row_i=1, fixed=True) for m in range(4)]
        shifted, shares = column[0] - call("MAX", self.values), column[2] / call("SUM", self.exps)
        formulas = (self.first, shifted, call("EXP", column[1]), shares)
        for m, formula in enumerate(formulas):
            where = (LISTED_AT, CHOSEN + m, n, 1)
            plan.live.append(LiveGrid(*where, formula, theme.COLUMN_VALUE, _column(trace, m)))
        plan.format.data_bars.append(DataBar(area(LISTED_AT, CHOSEN + 3, n, 1), theme.ACTIVE))
        here = f"ROW()={LISTED_AT - 1}+{area(CHOICES_AT, CHOSEN, 1, 1, fixed=True)}"
        plan.format.highlights.append(Highlight((area(LISTED_AT, LABEL, n, 5),), here, theme.ACCENT))


def _at(trace: SoftmaxTrace, context: PageContext, step: int) -> float:
    return float(trace.steps(context)[trace.chosen(context), step])


def _column(trace: SoftmaxTrace, step: int) -> Callable[[PageContext], Array]:
    return lambda context: trace.steps(context)[:, step : step + 1]
