"""A page per convolution on which one output pixel is traced: window, kernel, products, sums, ReLU.

The reader chooses output map, row and column; every number on the page is a formula that picks it from the
sheets of maps and weights, and the last line checks that the sum is what stands on the map's sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Number, Rect, Ref, add, call, choose, pick
from sheetcnn.formulas.placement import Placement
from sheetcnn.languages import text
from sheetcnn.model.graph import Node
from sheetcnn.pages.drop_downs import add_drop_downs
from sheetcnn.pages.lookup import MOST_CHOSEN, SAME, Line, same, write_lines
from sheetcnn.pages.trace.conv_values import Trace
from sheetcnn.pages.trace.ranking import Ranking
from sheetcnn.sheets import theme
from sheetcnn.sheets.by_block import by_block
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header, scale_of
from sheetcnn.sheets.sheet_plan import Computed, LiveGrid, PageContext, SheetPlan
from sheetcnn.xlsx.book import Cell

RANKED = 3

_T = TypeVar("_T")
CHOICES_AT = 6
TERMS_AT = 12
LABEL, FIRST = 1, 2

_WINDOW = "The pixels of the input map that lie under the kernel; in the padding they are 0."
_KERNEL = "The slice of the output map's kernel that belongs to this input map; every input map has its own."
_SUM = "The sum of the products for this input map: neither the bias nor ReLU belongs to it yet."


def trace_name(layout: Layout, node: Node) -> str:
    """The sheet of a layer's trace."""
    return f"{layout.bases[node.name]}_trace"


def can_trace(layout: Layout, node: Node) -> bool:
    """Whether a layer is a sum of windows times kernels over maps, and so has a page."""
    shapes = layout.graph.input_shapes(node)
    geometry, weights = node.op.receptive_window(shapes), layout.weights.get(node.name)
    kernel = weights.kernel_parameter if weights is not None else None
    if geometry is None or weights is None or kernel is None or weights.across or kernel.faces:
        return False
    few = kernel.groups <= MOST_CHOSEN and shapes[0].channels <= MOST_CHOSEN
    return layout.interleaved or few


def trace_sheet(layout: Layout, node: Node, name: str) -> SheetPlan:
    """Build the page of a layer that `can_trace`."""
    geometry = node.op.receptive_window(layout.graph.input_shapes(node))
    weights = layout.weights[node.name]
    kernel = weights.kernel_parameter
    if geometry is None or kernel is None:
        raise ValueError(f"{node.name} is no sum of windows")
    return _ConvPage(Trace(layout, node, geometry, kernel, weights), name).sheet()


class _ConvPage:
    """Puts the sheet together, from left to right: terms, result, ranking, the pixel in every map."""

    def __init__(self, trace: Trace, name: str) -> None:
        self.trace, self.say = trace, trace.layout.say
        node = trace.node
        self.plan = SheetPlan(name, node.name, page=True, tab="trace")
        kw = trace.size[1]
        self.window_at = FIRST
        self.kernel_at = FIRST + kw + 1
        self.product_at = FIRST + 2 * (kw + 1)
        self.sum_at = FIRST + 3 * (kw + 1)
        self.result_at = self.sum_at + 2
        self.map, self.row, self.col = (Ref(None, CHOICES_AT + n, FIRST, fixed=True) for n in range(3))
        self.input = Ref(None, CHOICES_AT + 3, FIRST, fixed=True)
        self.down = trace.size[0] + 1

    def sheet(self) -> SheetPlan:
        """The page."""
        trace, plan, layout = self.trace, self.plan, self.trace.layout
        first = layout.placements[trace.node.name].blocks[0].sheet
        links = [
            (self.say("▲ overview"), "overview"),
            (f"{first} ►", first),
            (trace.weights.sheet, trace.weights.sheet),
        ]
        line = self.say("choose an output map, a row and a column: how that one number is computed")
        title = self.say(text("{layer}, one pixel traced", layer=trace.node.name))
        header(plan, title, line, links, [], theme.CELL_WIDTH, self.say)
        plan.format.column_width, plan.format.row_height = theme.CELL_WIDTH, 24
        plan.format.column_widths |= {LABEL: 15, self.sum_at: 9, self.result_at: 34, self.result_at + 1: 11}
        plan.format.gridlines, plan.format.landscape = False, True
        self._choices()
        self._terms()
        self._result()
        if trace.listed == trace.inputs > 1:
            self._ranking()
        return plan

    def _choices(self) -> None:
        trace, plan = self.trace, self.plan
        out = trace.out
        wanted = [("map", "output map", out.channels, 1)]
        wanted += [("row", "row", out.height, out.height // 2 + 1)]
        wanted += [("column", "column", out.width, out.width // 2 + 1)]
        if trace.listed < trace.inputs:
            wanted.append(("input", "input map", trace.inputs, 1))
        asked = [(trace.key(what), self.say(label), most, default) for what, label, most, default in wanted]
        add_drop_downs(plan, asked, (CHOICES_AT, LABEL), (TERMS_AT, self.result_at + 9), say=self.say)

    def _terms(self) -> None:
        """Window, kernel, products and their sum, for every input map that is listed."""
        trace, plan = self.trace, self.plan
        heads = [(LABEL, "input map", 1, ""), (self.sum_at, "sum", 1, _SUM)]
        kw = trace.size[1]
        heads += [
            (self.window_at, "window", kw, _WINDOW),
            (self.kernel_at, "× kernel", kw, _KERNEL),
            (self.product_at, "=", kw, ""),
        ]
        for col, words, merge, note in heads:
            head, note = self.say(words), self.say(note) if note else ""
            plan.cells.append(Cell(TERMS_AT - 1, col, head, theme.HEADING_CENTER, merge=merge, note=note))
        windows: list[str] = []
        kernels: list[str] = []
        products: list[str] = []
        kh, kw = trace.size
        for n in range(trace.listed):
            row = TERMS_AT + n * self.down
            self._label(row, n)
            value = theme.VALUE
            window = Ref(None, row, self.window_at, row_i=1, col_j=1)
            kernel = Ref(None, row, self.kernel_at, row_i=1, col_j=1)
            size = (kh, kw)
            plan.live += [
                LiveGrid(row, self.window_at, *size, self._pixel(n), value, _of(trace.window, n)),
                LiveGrid(row, self.kernel_at, *size, self._weight(n), theme.WEIGHT, _of(trace.slice, n)),
                LiveGrid(row, self.product_at, *size, window * kernel, value, _of(trace.product, n)),
            ]
            total = call("SUM", Rect(None, row, self.product_at, kh, kw))
            plan.computed.append(
                Computed(row, self.sum_at, total, theme.PARTIAL, _of(trace.partial, n), merge_rows=kh)
            )
            for cells, col in ((windows, self.window_at), (kernels, self.kernel_at)):
                cells.append(area(row, col, kh, kw))
            products.append(area(row, self.product_at, kh, kw))
        scale = scale_of(trace.layout, trace.node.inputs[0])
        for ranges, kind in ((windows, scale), (kernels, "diverging"), (products, "diverging")):
            whole = f"{ranges[0].split(':')[0]}:{ranges[-1].split(':')[-1]}"
            plan.format.color_scales.append(theme.color_scale(kind, (whole,)))

    def _label(self, row: int, n: int) -> None:
        """The name of the input map of a block; a number where it depends on what is chosen."""
        trace, plan = self.trace, self.plan
        if trace.listed == trace.inputs and trace.kernel.groups == 1 and not trace.layout.interleaved:
            name = trace.source.block_of(n).sheet
            plan.cells.append(Cell(row, LABEL, name, theme.NAVIGATION, link=f"{name}!A1"))
            return
        number: Expr = Number(n + 1) if trace.listed == trace.inputs else self.input
        if trace.kernel.groups > 1:
            number = add(self._first_input(), number)
        plan.computed.append(
            Computed(row, LABEL, number, theme.MAP_NUMBER, lambda context: trace.channel(context, n) + 1.0)
        )

    def _first_input(self) -> Expr:
        """How many input maps come before those of the chosen output map's group."""
        trace = self.trace
        per_out = trace.out.channels // trace.kernel.groups
        return call("INT", (self.map - 1) / per_out) * float(trace.inputs)

    def _pixel(self, n: int) -> Expr:
        """The input's pixel under the kernel, moving over the window."""
        trace = self.trace
        if trace.layout.interleaved:
            offset = self._offset(n)
            return by_block(trace.source, offset, lambda b, n: self._place(trace.source, b.first, n))
        if trace.kernel.groups == 1 and trace.listed == trace.inputs:
            return self._place(trace.source, n, None)
        seen = [
            trace.kernel.inputs_of(k * trace.out.channels // trace.kernel.groups)
            for k in range(trace.kernel.groups)
        ]
        if trace.listed < trace.inputs:
            choices = [self._place(trace.source, c, None) for run in seen for c in run]
            return choose(add(self._first_input(), self.input), choices)
        choices = [self._place(trace.source, run[n], None) for run in seen]
        return choose(self._first_input() / float(trace.inputs) + 1, choices)

    def _offset(self, n: int) -> Expr:
        """Which input channel it is, counted from 1."""
        number: Expr = Number(n + 1) if self.trace.listed == self.trace.inputs else self.input
        return add(self._first_input(), number) if self.trace.kernel.groups > 1 else number

    def _place(self, source: Placement, channel: int, offset: Expr | None) -> Expr:
        """INDEX of all places that a pixel of the window can have, moving with the pixel.

        With `offset`, the place is that many channels beyond `channel`.
        """
        trace = self.trace
        (sy, sx), (dy, dx), out = trace.geometry.stride, trace.geometry.dilation, trace.out
        block = source.block_of(channel)
        row, col = block.cell(channel, -trace.geometry.before[0], -trace.geometry.before[1])
        beside = block.count - 1 if offset is not None else 0
        places = Rect(
            block.sheet,
            row,
            col,
            (out.height - 1) * sy * block.y_row + 1,
            (out.width - 1) * sx * block.x_col + 1 + beside,
            row_i=dy * block.y_row,
            col_j=dx * block.x_col,
        )
        down = _step(self.row, sy * block.y_row)
        across = _step(self.col, sx * block.x_col)
        return pick(places, down, across if offset is None else across + offset - 1)

    def _weight(self, n: int) -> Expr:
        """The kernel's weight, moving over its slice."""
        trace = self.trace
        kernel, weights = trace.kernel, trace.weights
        out, per_group = kernel.kernel_shape[:2]
        first = list(weights.slices(kernel, 0))
        step = weights.row_step
        dy, dx = trace.geometry.dilation
        source = trace.source
        beside: Expr | None = None
        if trace.listed < per_group:
            # One strip (all channels of a pixel side by side), or one per map at even distances.
            n, beside = 0, self.input - 1
        strip, row, col = next(s for s in first if n in s[0].channels)
        block = source.block_of(strip.channels.start)
        across = dx * block.x_col
        if len(strip.columns) < trace.geometry.kernel[1]:  # a strip for each column of the window
            across = source.size(strip, trace.size[0])[1] + weights.gap
        col += (n - strip.channels.start) * block.channel_col
        apart = max(block.channel_col, 1)
        if block.count == 1 and len(first) > 1:
            apart = first[1][2] - first[0][2]
        width = 1 if beside is None else (per_group - 1) * apart + 1
        places = Rect(weights.sheet, row, col, (out - 1) * step + 1, width, row_i=dy, col_j=across)
        down = _step(self.map, step)
        return pick(places, down, 1 if beside is None else beside * float(apart) + 1)

    def _result(self) -> None:
        """The sum over all maps, the bias, the activation, and whether it is what stands on the sheet."""
        trace, plan, node, say = self.trace, self.plan, self.trace.node, self.say
        at, col = CHOICES_AT, self.result_at
        partials = Rect(None, TERMS_AT, self.sum_at, (trace.listed - 1) * self.down + 1, 1, fixed=True)
        lines: list[Line] = []
        stands = self._stands()
        if trace.listed == trace.inputs:
            maps = text("the input map") if trace.inputs == 1 else text("{n} input maps", n=trace.inputs)
            lines.append(
                Line(
                    self.say(text("sum over {maps}", maps=maps)),
                    call("SUM", partials),
                    lambda f: trace.before(f) - trace.bias(f),
                )
            )
            if "bias" in {p.name for p in trace.weights.parameters}:
                first = trace.weights.value("bias", 0)
                step = trace.weights.row_step
                biases = Rect(
                    first.sheet, first.row, first.col, (trace.out.channels - 1) * step + 1, 1, fixed=True
                )
                bias = pick(biases, _step(self.map, step), 1)
                lines.append(Line(say("+ bias"), bias, trace.bias))
            total = call("SUM", Rect(None, at, col + 1, len(lines), 1))
            lines.append(Line(say("= the whole sum"), total, trace.before))
            last = Ref(None, at + len(lines) - 1, col + 1)
            if node.activation is not None:
                lines.append(
                    Line(self._after(node.activation.title), node.activation.apply(last), trace.after)
                )
                last = Ref(None, at + len(lines) - 1, col + 1)
            lines.append(Line(say("the cell on the map's sheet"), stands, trace.after))
            cell = Ref(None, at + len(lines) - 1, col + 1)

            lines.append(Line(say("the same?"), same(last, cell), lambda f: SAME))
        else:
            one = call("SUM", partials)
            lines.append(Line(say("sum for this input map"), one, lambda f: trace.partial(f, 0)))
            words = say(text("one of {n} such sums in the cell", n=trace.inputs))
            lines.append(Line(words, stands, trace.after))
        write_lines(plan, lines, at, col)

    def _after(self, activation: str) -> str:
        return self.say(text("after {activation}", activation=text(activation)))

    def _stands(self) -> Expr:
        """The chosen cell of the layer's own maps."""
        trace = self.trace
        out = trace.layout.placements[trace.node.name]
        if trace.layout.interleaved:
            return by_block(out, self.map, lambda b, n: self._own(out, b.first, n))
        cells = [self._own(out, c, None) for c in range(trace.out.channels)]
        if len(cells) <= MOST_CHOSEN:
            return choose(self.map, cells)
        col = self.result_at + 8
        for c, cell in enumerate(cells):
            value = _of(trace.beside, c)
            self.plan.computed.append(Computed(TERMS_AT + c, col, cell, theme.FAINT, value))
        return call("INDEX", Rect(None, TERMS_AT, col, len(cells), 1, fixed=True), self.map, 1)

    def _own(self, out: Placement, channel: int, offset: Expr | None) -> Expr:
        block = out.block_of(channel)
        row, col = block.cell(channel, 0, 0)
        beside = block.count - 1 if offset is not None else 0
        shape = out.shape
        places = Rect(
            block.sheet, row, col, shape.height, (shape.width - 1) * block.x_col + 1 + beside, fixed=True
        )
        across = _step(self.col, block.x_col)
        return pick(places, self.row, across if offset is None else across + offset - 1)

    def _ranking(self) -> None:
        """The input maps that pushed the sum up or down most."""
        trace, plan = self.trace, self.plan
        col, at = self.result_at, CHOICES_AT + 8
        first, keys_at = Ref(None, TERMS_AT, self.sum_at), (TERMS_AT, col + 11)
        ranking = Ranking(plan, first, trace.listed, self.down, keys_at, trace.partials, self.say("nothing"))
        ranking.write_keys()
        count = min(RANKED, trace.inputs)
        for title, top, sign in (("pushed it up most", at, 1), ("pushed it down most", at + count + 2, -1)):
            plan.cells.append(Cell(top, col, self.say(title), theme.HEADING, merge=2))
            for rank in range(1, count + 1):
                row = top + rank
                place = ranking.write_place(row, col + 12, rank, sign)
                place.show(row, col, place.beside(LABEL), self._term_name, theme.RIGHT_MAP_NUMBER, first=True)
                place.show(row, col + 1, place.beside(self.sum_at), trace.partial, theme.RESULT)

    def _term_name(self, context: PageContext, n: int) -> float | str:
        trace = self.trace
        if trace.kernel.groups == 1 and not trace.layout.interleaved:
            return trace.source.block_of(n).sheet
        return trace.channel(context, n) + 1.0


def _step(chosen: Ref, step: int) -> Expr:
    """The place of the chosen number among places `step` apart, counted from 1."""
    return chosen if step == 1 else (chosen - 1) * float(step) + 1


def _of(values: Callable[[PageContext, int], _T], n: int) -> Callable[[PageContext], _T]:
    """What the values of block n are."""
    return lambda context: values(context, n)
