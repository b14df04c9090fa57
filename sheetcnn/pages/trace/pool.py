"""A page per pooling layer: one output pixel, the window that it comes from, and which cell won.

Padding never wins: its cells hold a number below all others, which the page shows as a dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Number, Rect, Ref, add, call, compare, pick
from sheetcnn.languages import text
from sheetcnn.model.graph import Node
from sheetcnn.model.ops.pooling import Mean, Pool, Selection
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.pages.drop_downs import add_drop_downs
from sheetcnn.pages.lookup import SAME, Line, can_pick, pixel, same, write_lines
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header, scale_of
from sheetcnn.sheets.sheet_plan import LiveGrid, PageContext, SheetPlan
from sheetcnn.xlsx.book import Cell, Highlight

MOST_CELLS = 150
"""Cells of a window that is shown."""
CHOICES_AT, WINDOW_AT = 6, 13
LABEL, FIRST = 1, 2


def can_trace_pool(layout: Layout, node: Node) -> bool:
    """Whether a layer pools windows small enough to be shown."""
    if not isinstance(node.op, Pool) or node.activation is not None:
        return False
    shapes = layout.graph.input_shapes(node)
    few = int(np.prod(node.op.receptive_window(shapes).kernel)) <= MOST_CELLS
    source, out = (layout.placements[name] for name in (node.inputs[0], node.name))
    return few and can_pick(source) and can_pick(out)


def pool_sheet(layout: Layout, node: Node, name: str) -> SheetPlan:
    """Build the page of a layer that `can_trace_pool`."""
    assert isinstance(node.op, Pool)  # noqa: S101  (for mypy)
    geometry = node.op.receptive_window(layout.graph.input_shapes(node))
    return _PoolPage(PoolTrace(layout, node, node.op, geometry), name).sheet()


@dataclass(frozen=True)
class PoolTrace:
    """What the page shows, computed with NumPy.

    Attributes:
        layout: of the workbook.
        node: the pooling layer.
        op: its options.
        geometry: its window.
    """

    layout: Layout
    node: Node
    op: Pool
    geometry: WindowGeometry

    def key(self, what: str) -> str:
        """The name of a choice."""
        return f"{self.node.name}.trace.{what}"

    def chosen(self, context: PageContext) -> tuple[int, int, int]:
        """Map, row and column, counted from 0."""
        map_, row, col = (context.choices[self.key(what)] - 1 for what in ("map", "row", "column"))
        return map_, row, col

    def place(self, context: PageContext, axis: int) -> Array:
        """Rows or columns of the input under the window, counted from 1."""
        stride, dilation = self.geometry.stride[axis], self.geometry.dilation[axis]
        first = self.chosen(context)[1 + axis] * stride - self.geometry.before[axis]
        place: Array = np.arange(float(self.geometry.kernel[axis])) * dilation + (first + 1)
        return place

    def source(self, context: PageContext) -> Array:
        """The input map, `(H, W)`."""
        plane: Array = context.result.activations[self.node.inputs[0]][self.chosen(context)[0]]
        return plane

    def window(self, context: PageContext) -> Array:
        """The pixels of the window; `outside` in the padding."""
        outside = self.op.explanation.outside
        plane, found = self.source(context), np.full(self.geometry.kernel, outside)
        for u, y in enumerate(self.place(context, 0)):
            for v, x in enumerate(self.place(context, 1)):
                if 1 <= y <= plane.shape[0] and 1 <= x <= plane.shape[1]:
                    found[u, v] = plane[int(y) - 1, int(x) - 1]
        return found

    def won(self, selection: Selection, context: PageContext) -> Array:
        """The place in reading order of every cell that holds the selected value; others hold `NONE`."""
        window = self.window(context)
        order = np.arange(1.0, window.size + 1).reshape(window.shape)
        return np.where(window == selection.pick(window), order, NONE)

    def winner(self, selection: Selection, context: PageContext, axis: int) -> float:
        """Row or column of the input that the selected value comes from, counted from 1."""
        first = int(self.won(selection, context).min()) - 1
        return float(self.place(context, axis)[np.unravel_index(first, self.geometry.kernel)[axis]])

    def counted(self, context: PageContext) -> float:
        """How many cells the mean is taken over."""
        margin = self.op.counted(self.layout.graph.input_shapes(self.node)[0])
        height, width = self.source(context).shape
        down, across = self.place(context, 0), self.place(context, 1)
        rows = ((down >= 1 - margin.top) & (down <= height + margin.bottom)).sum()
        cols = ((across >= 1 - margin.left) & (across <= width + margin.right)).sum()
        return float(rows * cols)

    def result(self, context: PageContext) -> float:
        """What stands on the map's sheet."""
        map_, row, col = self.chosen(context)
        return float(context.result.activations[self.node.name][map_, row, col])


NONE = 1e9
"""In place of a place, for a cell that has not won."""


class _PoolPage:
    """Puts the sheet together: choices, window, winner, results."""

    def __init__(self, trace: PoolTrace, name: str) -> None:
        self.trace, self.say = trace, trace.layout.say
        self.plan = SheetPlan(name, trace.node.name, page=True, tab="trace")
        self.size = trace.geometry.kernel
        self.map, self.row, self.col = (Ref(None, CHOICES_AT + n, FIRST, fixed=True) for n in range(3))
        self.winner_at = FIRST + self.size[1] + 1
        self.result_at = max(self.winner_at + self.size[1] + 1, FIRST + 5)
        self.down = Ref(None, WINDOW_AT, LABEL, row_i=1, fixed=True)
        self.across = Ref(None, WINDOW_AT - 1, FIRST, col_j=1, fixed=True)
        self.rows = Rect(None, WINDOW_AT, LABEL, self.size[0], 1, fixed=True)
        self.cols = Rect(None, WINDOW_AT - 1, FIRST, 1, self.size[1], fixed=True)

    def sheet(self) -> SheetPlan:
        """The page."""
        trace, plan, say, layout = self.trace, self.plan, self.say, self.trace.layout
        first, source = (layout.sheet_of_first[name] for name in (trace.node.name, trace.node.inputs[0]))
        links = [(say("▲ overview"), "overview"), (f"{first} ►", first), (f"◄ {source}", source)]
        line = say("choose a map, a row and a column: which pixels that one number comes from")
        title = say(text("{layer}, one pixel traced", layer=trace.node.name))
        header(plan, title, line, links, [], theme.CELL_WIDTH, self.say)
        plan.format.column_width, plan.format.row_height = theme.CELL_WIDTH, 24
        plan.format.column_widths |= {LABEL: 15, self.result_at: 34, self.result_at + 1: 11}
        plan.format.zoom = theme.zoom(2 * self.size[1] + 9, self.size[0] + 13, theme.CELL_WIDTH, 24)
        plan.format.one_page = True
        out = layout.graph.shapes[trace.node.name]
        wanted = [("map", out.channels, 1), ("row", out.height, out.height // 2 + 1)]
        wanted.append(("column", out.width, out.width // 2 + 1))
        asked = [(trace.key(what), say(what), most, default) for what, most, default in wanted]
        add_drop_downs(plan, asked, (CHOICES_AT, LABEL), (WINDOW_AT, self.result_at + 9), say=say)
        self._window()
        self._results()
        return plan

    def _window(self) -> None:
        """The rows and columns of the input under the window, and its pixels."""
        plan, trace, say = self.plan, self.trace, self.say
        pooling = trace.op.explanation
        kh, kw = self.size
        head = say("the window on the input map: its rows and columns, and the pixels")
        plan.cells.append(Cell(WINDOW_AT - 2, LABEL, head, theme.SECTION))
        for axis, chosen in ((0, self.row), (1, self.col)):
            here = call("ROW") - float(WINDOW_AT) if axis == 0 else call("COLUMN") - float(FIRST)
            stride, dilation = trace.geometry.stride[axis], trace.geometry.dilation[axis]
            step = here if dilation == 1 else here * float(dilation)
            place = chosen if stride == 1 else (chosen - 1) * float(stride) + 1
            formula = add(place - float(trace.geometry.before[axis]), step)
            where = (WINDOW_AT, LABEL, kh, 1) if axis == 0 else (WINDOW_AT - 1, FIRST, 1, kw)
            values = partial(_places, trace, axis, where[2:])
            plan.live.append(LiveGrid(*where, formula, theme.MAP_INDEX, values))
        source = trace.layout.placements[trace.node.inputs[0]]
        bounds = ((self.down, source.shape.height), (self.across, source.shape.width))
        tests = [compare(op, ref, n) for ref, most in bounds for op, n in ((">=", 1), ("<=", most))]
        picked = pixel(source, self.map, self.down, self.across)
        formula = call("IF", call("AND", *tests), picked, Number(pooling.outside))
        style = theme.POOLED if isinstance(pooling, Selection) else theme.VALUE
        plan.live.append(LiveGrid(WINDOW_AT, FIRST, kh, kw, formula, style, trace.window))
        cells = area(WINDOW_AT, FIRST, kh, kw)
        scale = scale_of(trace.layout, trace.node.inputs[0])
        plan.format.color_scales.append(theme.color_scale(scale, (cells,)))
        if isinstance(pooling, Selection):
            whole = area(WINDOW_AT, FIRST, kh, kw, fixed=True)
            best = f"{area(WINDOW_AT, FIRST, 1, 1)}={pooling.function}({whole})"
            plan.format.highlights.append(Highlight((cells,), best, theme.ACCENT))

    def _results(self) -> None:
        """How the window becomes one value, and whether it is the cell on the map."""
        plan, trace, say = self.plan, self.trace, self.say
        at, col = CHOICES_AT, self.result_at
        lines, place = self._steps(trace.op.explanation)
        result = Ref(None, at + place, col + 1)
        stands = pixel(trace.layout.placements[trace.node.name], self.map, self.row, self.col)
        lines.append(Line(say("the cell on the map's sheet"), stands, trace.result))
        cell = Ref(None, at + len(lines) - 1, col + 1)
        lines.append(Line(say("the same?"), same(result, cell), lambda f: SAME))
        write_lines(plan, lines, at, col)

    def _steps(self, pooling: Selection | Mean) -> tuple[list[Line], int]:
        """The steps from the window to the result, and which of them the result is.

        A kind of explanation that has no case here is an error of types.
        """
        trace, say = self.trace, self.say
        window = Rect(None, WINDOW_AT, FIRST, *self.size, fixed=True)
        match pooling:
            case Selection(label, _, _, function):
                selected = Line(say(label), call(function, window), trace.result)
                return [selected, *self._winner(pooling, window)], 0
            case Mean(label):
                total, number = (Ref(None, CHOICES_AT + n, self.result_at + 1) for n in range(2))
                return [
                    Line(say(label), call("SUM", window), lambda f: float(trace.window(f).sum())),
                    Line(say("pixels that count"), self._count(), trace.counted, theme.WHOLE),
                    Line(say("= the mean"), total / number, trace.result),
                ], 2

    def _winner(self, pooling: Selection, window: Rect) -> list[Line]:
        """Row and column of the input that the selected value comes from: the first in reading order."""
        plan, trace, say = self.plan, self.trace, self.say
        kh, kw = self.size
        here = Ref(None, WINDOW_AT, FIRST, row_i=1, col_j=1)
        order = add((call("ROW") - float(WINDOW_AT)) * float(kw), call("COLUMN") - float(self.winner_at) + 1)
        formula = call("IF", compare("=", here, call(pooling.function, window)), order, Number(NONE))
        plan.cells.append(Cell(WINDOW_AT - 1, self.winner_at, say("won"), theme.HEADING_CENTER, merge=kw))
        plan.live.append(
            LiveGrid(WINDOW_AT, self.winner_at, kh, kw, formula, theme.WON, partial(trace.won, pooling))
        )
        first = call("MIN", Rect(None, WINDOW_AT, self.winner_at, kh, kw, fixed=True))
        down = call("INT", (first - 1) / float(kw))
        row = pick(self.rows, down + 1, 1)
        col = pick(self.cols, 1, first - down * float(kw))
        return [
            Line(say("it stands in row"), row, lambda f: trace.winner(pooling, f, 0), theme.WHOLE),
            Line(say("and column"), col, lambda f: trace.winner(pooling, f, 1), theme.WHOLE),
        ]

    def _count(self) -> Expr:
        """Rows of the window that count times columns that count."""
        trace = self.trace
        source = trace.layout.graph.input_shapes(trace.node)[0]
        margin = trace.op.counted(source)
        rows = _within(self.rows, 1 - margin.top, source.height + margin.bottom)
        return rows * _within(self.cols, 1 - margin.left, source.width + margin.right)


def _within(places: Rect, least: int, most: int) -> Expr:
    return call("SUMPRODUCT", compare(">=", places, least) * compare("<=", places, most))


def _places(trace: PoolTrace, axis: int, size: tuple[int, int], context: PageContext) -> Array:
    return trace.place(context, axis).reshape(size)
