"""A page per dense layer: one output, its terms value × weight, the largest and where each comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Number, Rect, Ref, String, call, pick
from sheetcnn.languages import text
from sheetcnn.model.graph import Node
from sheetcnn.model.ops.base import Parameter
from sheetcnn.model.ops.dense import Dense
from sheetcnn.pages.drop_downs import add_drop_downs
from sheetcnn.pages.lookup import SAME, Line, joined, same, whole, write_lines
from sheetcnn.pages.trace.ranking import Place, Ranking
from sheetcnn.shape import Array, Shape
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import Computed, LiveGrid, PageContext, SheetPlan
from sheetcnn.sheets.weight_cells import WeightCells
from sheetcnn.xlsx.book import Cell

MOST_TERMS = 5_000
"""Values of the input beyond which the page would be a list without end."""
RANKED = 5
CHOICES_AT, LISTED_AT = 6, 14
LABEL, CHOSEN = 1, 2
POSITION, RESULT, TERMS = 15, 7, 10
"""The columns of each ranked term's place in the list, of the results, and of the list of all terms."""
MOST_LABELS = 30
"""Classes whose names one formula chooses among."""


def can_trace_dense(layout: Layout, node: Node) -> bool:
    """Whether a layer is dense, and its weights stand in a column per output."""
    weights = layout.weights.get(node.name)
    if not isinstance(node.op, Dense) or weights is None or not weights.across:
        return False
    kernel = weights.kernel_parameter
    if kernel is None or len(list(weights.slices(kernel, 0))) > 1:
        return False
    return layout.on_columns(node.name) and 1 < layout.graph.input_shapes(node)[0].channels <= MOST_TERMS


def dense_sheet(layout: Layout, node: Node, name: str) -> SheetPlan:
    """Build the page of a layer that `can_trace_dense`."""
    return _DensePage(DenseTrace.of(layout, node), name).sheet()


@dataclass(frozen=True)
class DenseTrace:
    """What the page shows, computed with NumPy."""

    layout: Layout
    node: Node
    weights: WeightCells
    kernel: Parameter

    @classmethod
    def of(cls, layout: Layout, node: Node) -> DenseTrace:
        """Of a layer that `can_trace_dense`."""
        weights = layout.weights[node.name]
        kernel = weights.kernel_parameter
        assert kernel is not None  # noqa: S101  (for mypy)
        return cls(layout, node, weights, kernel)

    @property
    def key(self) -> str:
        """The name of the choice."""
        return f"{self.node.name}.trace.output"

    @property
    def inputs(self) -> int:
        """How many values one output sees."""
        return self.kernel.kernel_shape[1]

    @property
    def maps(self) -> tuple[str, Shape] | None:
        """The maps that were flattened into the input, and their shape; None where it never was maps."""
        graph, name = self.layout.graph, self.node.inputs[0]
        while name in graph.by_name:
            node = graph.by_name[name]
            if not node.op.passes_through and not node.op.flattens:
                return None
            name = node.inputs[0]
            shape = graph.shapes[name]
            if node.op.flattens and shape.height * shape.width > 1:
                return (name, shape)
        return None

    def output(self, context: PageContext) -> int:
        """The chosen output, counted from 0."""
        return context.choices[self.key] - 1

    def values(self, context: PageContext) -> Array:
        """The values of the input."""
        found: Array = context.result.activations[self.node.inputs[0]].reshape(-1)
        return found

    def row(self, context: PageContext) -> Array:
        """The weights of the chosen output."""
        weight = context.params[self.node.owner][self.kernel.name]
        found: Array = weight.reshape(self.kernel.kernel_shape[0], -1)[self.output(context)]
        return found

    def terms(self, context: PageContext) -> Array:
        """Value times weight, in the order of the input."""
        return self.values(context) * self.row(context)

    def bias(self, context: PageContext) -> float:
        """The bias of the output; 0 without one."""
        params = context.params[self.node.owner]
        return float(params["bias"][self.output(context)]) if "bias" in params else 0.0

    def before(self, context: PageContext) -> float:
        """The sum of the terms and the bias."""
        return float(self.terms(context).sum()) + self.bias(context)

    def after(self, context: PageContext) -> float:
        """What stands on the layer's sheet."""
        return float(context.result.activations[self.node.name].reshape(-1)[self.output(context)])


class _DensePage:
    """Puts the sheet together: choice, results, the largest terms, and the list of all."""

    def __init__(self, trace: DenseTrace, name: str) -> None:
        self.trace, self.say = trace, trace.layout.say
        self.plan = SheetPlan(name, trace.node.name, page=True, tab="trace")
        self.output = Ref(None, CHOICES_AT, CHOSEN, fixed=True)
        first, keys_at, nothing = Ref(None, LISTED_AT, TERMS), (LISTED_AT, TERMS + 4), self.say("nothing")
        self.ranking = Ranking(self.plan, first, trace.inputs, 1, keys_at, trace.terms, nothing)
        self.terms = self.ranking.column(TERMS)

    def sheet(self) -> SheetPlan:
        """The page."""
        trace, plan, say, layout = self.trace, self.plan, self.say, self.trace.layout
        node, graph = trace.node, trace.layout.graph
        first, source = (layout.placements[n].blocks[0].sheet for n in (node.name, node.inputs[0]))
        links = [(say("▲ overview"), "overview"), (f"{first} ►", first), (f"◄ {source}", source)]
        links.append((trace.weights.sheet, trace.weights.sheet))
        line = say("choose an output: every value of the input times its weight, and what they add up to")
        header(plan, say(text("{layer}, one output traced", layer=node.name)), line, links, [], 12, say)
        plan.format.column_width, plan.format.row_height = 12, 20
        plan.format.column_widths |= {
            LABEL: 22,
            CHOSEN: 14,
            RESULT: 36,
            RESULT + 1: 12,
            TERMS - 1: 4,
        }
        plan.print_columns = RESULT + 1
        plan.format.zoom = theme.zoom(9, 26, 14, 20)
        plan.format.one_page = True
        units = graph.shapes[node.name].channels
        asked = [(trace.key, say("output"), units, 1)]
        add_drop_downs(plan, asked, (CHOICES_AT, LABEL), (LISTED_AT, TERMS + 2), say=say)
        self._label()
        self._terms()
        self._results()
        self.ranking.write_keys()
        for n, (title, sign) in enumerate((("pushed it up most", 1), ("pushed it down most", -1))):
            self._ranking(say(title), LISTED_AT + n * (RANKED + 3), sign)
        return plan

    def _label(self) -> None:
        """The class that the chosen output stands for, where the network says it of this layer's values."""
        trace, plan, graph = self.trace, self.plan, self.trace.layout.graph
        out = trace.node.name
        reached = {out} | {n.name for n in graph.nodes if n.inputs == (out,) and n.op.pixelwise}
        if not reached & set(graph.outputs[:1]) or not 1 < len(graph.labels) <= MOST_LABELS:
            return
        chosen = call("CHOOSE", self.output, *map(String, graph.labels))
        plan.cells.append(Cell(CHOICES_AT + 1, LABEL, self.say("class"), theme.HEADING))
        plan.computed.append(
            Computed(CHOICES_AT + 1, CHOSEN, chosen, theme.CENTER, lambda f: graph.labels[trace.output(f)])
        )

    def _terms(self) -> None:
        """Every value of the input times the weight of the chosen output, in the order of the input."""
        trace, plan, say = self.trace, self.plan, self.say
        plan.cells.append(Cell(LISTED_AT - 1, TERMS, say("all terms"), theme.HEADING_CENTER))
        plan.cells.append(
            Cell(LISTED_AT - 2, TERMS, say("value × weight, in the order of the input"), theme.SUBTITLE)
        )
        value, weight = self._columns()
        picked = pick(replace(weight, height=1, row_i=1), 1, self.output)
        where = (LISTED_AT, TERMS, trace.inputs, 1)
        term = replace(value, height=1, row_i=1).cell * picked
        plan.live.append(LiveGrid(*where, term, theme.COLUMN_VALUE, lambda f: trace.terms(f)[:, None]))
        plan.format.color_scales.append(theme.color_scale("diverging", (area(*where),)))

    def _columns(self) -> tuple[Rect, Rect]:
        """The column of the input's values, and the rectangle of the weights, a column per output."""
        trace = self.trace
        strip, row, col = next(iter(trace.weights.slices(trace.kernel, 0)))
        block = trace.layout.placements[trace.node.inputs[0]].block_of(0)
        first, count = block.cell(0, 0, 0), len(strip.channels)
        outputs = trace.kernel.kernel_shape[0]
        return (
            Rect(block.sheet, *first, count, 1, fixed=True),
            Rect(trace.weights.sheet, row, col, count, outputs, fixed=True),
        )

    def _results(self) -> None:
        """The sum of all terms, the bias, the activation, and whether it is what stands on the sheet."""
        trace, plan, say, node = self.trace, self.plan, self.say, self.trace.node
        at, col = CHOICES_AT, RESULT
        lines: list[Line] = [
            Line(
                say(text("sum of {n} terms", n=trace.inputs)),
                call("SUM", self.terms),
                lambda f: float(trace.terms(f).sum()),
            )
        ]
        if "bias" in {p.name for p in trace.weights.parameters}:
            first = trace.weights.value("bias", 0)
            outputs = trace.kernel.kernel_shape[0]
            biases = Rect(first.sheet, first.row, first.col, 1, outputs, fixed=True)
            bias = pick(biases, 1, self.output)
            lines.append(Line(say("+ bias"), bias, trace.bias))
        total = call("SUM", Rect(None, at, col + 1, len(lines), 1))
        lines.append(Line(say("= the whole sum"), total, trace.before))
        last = Ref(None, at + len(lines) - 1, col + 1)
        if node.activation is not None:
            words = say(text("after {activation}", activation=text(node.activation.title)))
            lines.append(Line(words, node.activation.apply(last), trace.after))
            last = Ref(None, at + len(lines) - 1, col + 1)
        block = trace.layout.placements[node.name].blocks[0]
        column = Rect(block.sheet, block.row, block.col, block.count, 1, fixed=True)
        stands = pick(column, self.output, 1)
        lines.append(Line(say("the cell on the layer's sheet"), stands, trace.after))
        cell = Ref(None, at + len(lines) - 1, col + 1)
        lines.append(Line(say("the same?"), same(last, cell), lambda f: SAME))
        write_lines(plan, lines, at, col)

    def _ranking(self, title: str, top: int, sign: int) -> None:
        """The largest terms, upwards or downwards, with the place that each comes from."""
        trace, plan, say = self.trace, self.plan, self.say
        maps = trace.maps
        heads = [say("comes from"), say("place"), say("value"), say("weight"), say("term")]
        if maps is not None:
            heads[1] = say("row, column")
        plan.cells.append(Cell(top - 1, LABEL, title, theme.SECTION))
        for n, words in enumerate(heads):
            plan.cells.append(Cell(top, LABEL + n, words, theme.HEADING_CENTER if n else theme.HEADING))
        values, weights = self._columns()
        for rank in range(1, min(RANKED, trace.inputs) + 1):
            row = top + rank
            place = self.ranking.write_place(row, POSITION, rank, sign)
            number = place.number
            self._origin(row, place)
            place.show(row, LABEL + 2, pick(values, number, 1), _number(trace.values), theme.RESULT)
            weight = pick(weights, number, self.output if weights.width > 1 else Number(1))
            place.show(row, LABEL + 3, weight, _number(trace.row), theme.RESULT)
            place.show(row, LABEL + 4, place.beside(TERMS), _number(trace.terms), theme.RESULT)

    def _origin(self, row: int, place: Place) -> None:
        """Which map, row and column a value was flattened from; of a vector, its place."""
        maps, position = self.trace.maps, place.number
        if maps is None:
            name = self.trace.node.inputs[0]
            place.show(row, LABEL, String(name), lambda context, n: name, theme.TEXT, first=True)
            place.show(row, LABEL + 1, position, lambda context, n: n + 1.0, theme.CENTER)
            return
        name, shape = maps
        size, width = shape.height * shape.width, shape.width
        prefix = self.say(text("{layer}, map ", layer=name))
        before = position - 1
        map_ = call("INT", before / float(size))
        down = call("INT", (before - map_ * float(size)) / float(width)) + 1
        across = before - call("INT", before / float(width)) * float(width) + 1

        def origin(context: PageContext, n: int) -> str:
            return f"{prefix}{n // size + 1}"

        def spot(context: PageContext, n: int) -> str:
            return f"{n % size // width + 1}, {n % width + 1}"

        place.show(row, LABEL, joined(String(prefix), whole(map_ + 1)), origin, theme.TEXT, first=True)
        place.show(row, LABEL + 1, joined(whole(down), String(", "), whole(across)), spot, theme.CENTER)


def _number(values: Callable[[PageContext], Array]) -> Callable[[PageContext, int], float]:
    """The n-th of some numbers."""
    return lambda context, n: float(values(context)[n])
