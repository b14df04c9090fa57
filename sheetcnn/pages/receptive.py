"""The page of receptive fields: choose a pixel of a layer, see which pixels of the input it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Rect, Ref, String, add, call, compare, pick
from sheetcnn.languages import text
from sheetcnn.model.graph import Graph
from sheetcnn.pages.drop_downs import add_drop_downs
from sheetcnn.pages.lookup import joined, whole
from sheetcnn.pages.picture import input_picture, picture_size
from sheetcnn.pages.site import PageSite
from sheetcnn.shape import Shape
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import Computed, PageContext, SheetPlan
from sheetcnn.xlsx.book import Cell, Highlight

NAME = "receptive_field"
MOST_PIXELS = 30
"""A larger input shows every n-th pixel."""
LABEL, CHOSEN = 1, 2
CHOICES_AT = 6
RESULT_AT = 10
TABLE_AT = 17
NONE = "–"
BEYOND = ("this layer has no such row; its last is ", "this layer has no such column; its last is ")
HEADS = ("layer", "step y", "step x", "start y", "start x", "size y", "size x", "rows", "columns")
COLUMNS = 9


@dataclass(frozen=True)
class Span:
    """Which pixels of the input a pixel of a layer depends on, along one axis.

    Pixel n (from 0) sees the input's pixels from `start + n * jump` on, `size` of them, as far as they exist.
    """

    jump: int = 1
    start: int = 0
    size: int = 1

    def through(self, size: int, stride: int, dilation: int, before: int) -> Span:
        """The same of a layer whose windows lie on this one."""
        start, more = self.start - before * self.jump, (size - 1) * dilation * self.jump
        return Span(self.jump * stride, start, self.size + more)

    def seen(self, n: int, length: int) -> tuple[int, int]:
        """The first and the last pixel of an input of that length, counted from 0."""
        first = self.start + n * self.jump
        return max(0, first), min(length, first + self.size) - 1


Field = tuple[Span, Span]
"""Along y and along x."""


def receptive_fields(graph: Graph) -> dict[str, Field]:
    """The receptive field of every tensor whose windows slide evenly; dense layers see the whole input.

    Definition: Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019.
    """
    source = graph.source_shape
    whole = (Span(0, 0, source.height), Span(0, 0, source.width))
    found: dict[str, Field] = {graph.source: (Span(), Span())}
    for node in graph.nodes:
        shape, geometry = graph.shapes[node.name], node.op.receptive_window(graph.input_shapes(node))
        before = [found[name] for name in node.inputs if name in found]
        field: Field | None = None
        if geometry is not None and len(before) == len(node.inputs):
            windows = list(
                zip(geometry.kernel, geometry.stride, geometry.dilation, geometry.before, strict=True)
            )
            each = [(f[0].through(*windows[0]), f[1].through(*windows[1])) for f in before]
            down, across = (_union([f[axis] for f in each]) for axis in (0, 1))
            field = (down, across) if down is not None and across is not None else None
        if field is None and shape.height * shape.width == 1:
            field = whole
        if field is not None:
            found[node.name] = field
    return found


def most_seen(field: Field, shape: Shape, source: Shape) -> tuple[int, int]:
    """The height and width of the part of the input that a pixel sees, where it sees most.

    Args:
        field: of the layer.
        shape: of its result.
        source: of the input. Near its edges a field lies partly in the padding, of which nothing is seen.
    """
    sizes = []
    for span, count, length in zip(
        field, (shape.height, shape.width), (source.height, source.width), strict=True
    ):
        seen = (span.seen(n, length) for n in range(count))
        sizes.append(max(last - first + 1 for first, last in seen))
    return sizes[0], sizes[1]


def _union(spans: list[Span]) -> Span | None:
    """What several inputs see together; None where they move at different speeds."""
    if len({span.jump for span in spans}) > 1:
        return None
    start = min(span.start for span in spans)
    return Span(spans[0].jump, start, max(span.start + span.size for span in spans) - start)


def offered_layers(graph: Graph) -> list[str]:
    """The tensors that the page offers: maps of more than one pixel, and one that sees the whole input."""
    known = receptive_fields(graph)
    names = [name for name, shape in graph.shapes.items() if name in known and shape.height * shape.width > 1]
    last = next((n.name for n in reversed(graph.nodes) if n.name in known and n.name not in names), None)
    return names if last is None else [*names, last]


def key(what: str) -> str:
    """The name of a choice."""
    return f"{NAME}.{what}"


class _ReceptivePage:
    """Puts the sheet together."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.say = layout, layout.say
        graph = self.graph = layout.graph
        self.names, self.fields = offered_layers(graph), receptive_fields(graph)
        self.source: Shape = graph.source_shape
        self.step = max(-(-self.source.height // MOST_PIXELS), -(-self.source.width // MOST_PIXELS))
        self.picture_at = (5, COLUMNS + 3)
        self.plan = SheetPlan(NAME, tab="page")
        self.row_of = Ref(None, CHOICES_AT, CHOSEN, fixed=True)

    def sheet(self) -> SheetPlan:
        """The page."""
        plan = self.plan
        say = self.say
        line = say(
            "choose a layer and one of its pixels: the framed pixels of the input are all that it depends on"
        )
        header(plan, say("receptive field"), line, [(say("▲ overview"), "overview")], [], 8, say)
        plan.format.column_width, plan.format.row_height = 3.1, 18
        plan.format.column_widths |= {LABEL: 28} | dict.fromkeys(range(2, COLUMNS + 1), 9)
        plan.format.landscape = True
        self._choices()
        self._table()
        self._result()
        self._picture()
        return plan

    def _choices(self) -> None:
        plan, shapes = self.plan, [self.graph.shapes[name] for name in self.names]
        middle = min(len(self.names), max(2, len(self.names) // 2))
        high, wide = max(s.height for s in shapes), max(s.width for s in shapes)
        chosen = shapes[middle - 1]
        asked = [
            (key("layer"), self.say("layer, by its number"), len(self.names), middle),
            (key("row"), self.say("row"), high, chosen.height // 2 + 1),
            (key("column"), self.say("column"), wide, chosen.width // 2 + 1),
        ]
        col = self.picture_at[1] + -(-self.source.width // self.step) + 3
        add_drop_downs(plan, asked, (CHOICES_AT, LABEL), (TABLE_AT, col), say=self.say)

    def _table(self) -> None:
        """For every layer the numbers from which its fields follow, along y and x."""
        plan = self.plan
        step = "step: from one pixel's field to the next; start: where the first one begins"
        note = f"{step}; size: padding counts too"
        plan.cells.append(Cell(TABLE_AT + len(self.names) + 1, LABEL, self.say(note), theme.SUBTITLE))
        for col, words in enumerate(HEADS, 1):
            plan.cells.append(
                Cell(TABLE_AT - 1, col, self.say(words), theme.HEADING_CENTER if col > 1 else theme.HEADING)
            )
        for n, name in enumerate(self.names):
            field, shape = self.fields[name], self.graph.shapes[name]
            row = TABLE_AT + n
            plan.cells.append(Cell(row, LABEL, f"{n + 1}  {name}", theme.TEXT))
            numbers = [f.jump for f in field] + [f.start + 1 for f in field] + [f.size for f in field]
            numbers += [shape.height, shape.width]
            plan.cells += [Cell(row, 2 + m, number, theme.CENTER) for m, number in enumerate(numbers)]

    def _of_layer(self, column: int) -> Expr:
        column_of_table = Rect(None, TABLE_AT, column, len(self.names), 1, fixed=True)
        return pick(column_of_table, self.row_of, 1)

    def _result(self) -> None:
        """First and last row and column, and how many pixels that is."""
        plan = self.plan
        names = Rect(None, TABLE_AT, LABEL, len(self.names), 1, fixed=True)
        plan.cells.append(Cell(RESULT_AT, LABEL, self.say("a pixel of"), theme.HEADING))
        plan.computed.append(
            Computed(RESULT_AT, CHOSEN, call("INDEX", names, self.row_of, 1), theme.TEXT, self._name, merge=4)
        )
        length = (self.source.height, self.source.width)
        chosen = [Ref(None, CHOICES_AT + 1 + axis, CHOSEN, fixed=True) for axis in (0, 1)]
        exists = [compare("<=", chosen[axis], self._of_layer(8 + axis)) for axis in (0, 1)]
        there = call("AND", *exists)
        complaint: Expr = String("")
        for axis in (1, 0):
            last_one = joined(String(self.say(BEYOND[axis])), whole(self._of_layer(8 + axis)))
            complaint = call("IF", exists[axis], complaint, last_one)
        plan.computed.append(Computed(RESULT_AT - 1, LABEL, complaint, theme.WARNING, self._complaint))
        for axis, what in enumerate(("sees rows", "sees columns")):
            row = RESULT_AT + 1 + axis
            first = add(self._of_layer(4 + axis), (chosen[axis] - 1) * self._of_layer(2 + axis))
            last = add(first, self._of_layer(6 + axis)) - 1
            plan.cells.append(Cell(row, LABEL, self.say(what), theme.HEADING))
            bounds = (call("MAX", 1, first), call("MIN", length[axis], last))
            plan.computed += [
                Computed(
                    row,
                    CHOSEN + end,
                    call("IF", there, bound, String(NONE)),
                    theme.WHOLE,
                    self._bound(axis, end),
                )
                for end, bound in enumerate(bounds)
            ]
        rows, cols = (
            Ref(None, RESULT_AT + 1 + a, CHOSEN + 1) - Ref(None, RESULT_AT + 1 + a, CHOSEN) + 1
            for a in (0, 1)
        )
        plan.cells.append(Cell(RESULT_AT + 3, LABEL, self.say("pixels of the input"), theme.HEADING))
        count = call("IF", there, rows * cols, String(NONE))
        plan.computed.append(Computed(RESULT_AT + 3, CHOSEN, count, theme.WHOLE, self._count))
        plan.cells.append(Cell(RESULT_AT + 4, LABEL, self.say("of"), theme.HEADING))
        plan.cells.append(Cell(RESULT_AT + 4, CHOSEN, length[0] * length[1], theme.WHOLE))

    def _picture(self) -> None:
        """The first channel of the input, with a frame around what is seen."""
        plan, source, step = self.plan, self.source, self.step
        row, col = self.picture_at
        _, height, width = picture_size(source.height, source.width, MOST_PIXELS)
        cells = input_picture(self.layout, plan, 0, (row, col, step), (height, width))
        plan.format.color_scales.append(theme.color_scale("picture", (cells,)))
        top, bottom, left, right = (
            area(RESULT_AT + 1 + axis, CHOSEN + end, 1, 1, fixed=True) for axis in (0, 1) for end in (0, 1)
        )
        y, x = f"((ROW()-{row})*{step}+1)", f"((COLUMN()-{col})*{step}+1)"
        inside = f"AND({y}>={top},{y}<={bottom},{x}>={left},{x}<={right})"
        plan.format.highlights.append(Highlight((cells,), inside, theme.ACCENT))
        note = text("the first channel of the input")
        if step > 1:
            note = text("the first channel of the input (every {step}. pixel)", step=step)
        plan.cells.append(Cell(row - 1, col, self.say(note), theme.SUBTITLE))

    def _layer(self, context: PageContext) -> str:
        return self.names[context.choices[key("layer")] - 1]

    def _name(self, context: PageContext) -> str:
        return f"{context.choices[key('layer')]}  {self._layer(context)}"

    def _place(self, context: PageContext) -> tuple[int, int]:
        """The chosen row and column, counted from 1."""
        return context.choices[key("row")], context.choices[key("column")]

    def _complaint(self, context: PageContext) -> str:
        shape = self.graph.shapes[self._layer(context)]
        for n, count, words in zip(self._place(context), (shape.height, shape.width), BEYOND, strict=True):
            if n > count:
                return f"{self.say(words)}{count}"
        return ""

    def _seen(self, context: PageContext) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The first and the last row, and column, that the chosen pixel sees; None where there is no such."""
        if self._complaint(context):
            return None
        row, col = self._place(context)
        down, across = self.fields[self._layer(context)]
        return down.seen(row - 1, self.source.height), across.seen(col - 1, self.source.width)

    def _bound(self, axis: int, end: int) -> Callable[[PageContext], float | str]:
        def bound(context: PageContext) -> float | str:
            seen = self._seen(context)
            return NONE if seen is None else seen[axis][end] + 1.0

        return bound

    def _count(self, context: PageContext) -> float | str:
        seen = self._seen(context)
        if seen is None:
            return NONE
        (top, bottom), (left, right) = seen
        return float((bottom - top + 1) * (right - left + 1))


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page, where there is more than one layer to choose."""
    if len(offered_layers(site.layout.graph)) > 1:
        yield _ReceptivePage(site.layout).sheet()
