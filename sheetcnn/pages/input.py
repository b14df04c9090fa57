"""The page on which the reader chooses an image or paints one, and the sheet that holds the images.

The source's own sheets hold a formula per pixel, which picks it from the chosen image. The images lie on the
sheet `samples`, one below the other at even distances, so that one INDEX finds a pixel in any of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Rect, Ref, call, compare, pick
from sheetcnn.languages import text
from sheetcnn.model.graph import INPUT, Graph, Node
from sheetcnn.model.ops.rescale import Rescale
from sheetcnn.pages.drop_downs import add_drop_downs
from sheetcnn.pages.lookup import SAME, same
from sheetcnn.pages.picture import input_picture, picture_size
from sheetcnn.pages.prediction import prediction_target
from sheetcnn.pages.site import PageSite
from sheetcnn.shape import Array, Shape
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import header, pixel_check
from sheetcnn.sheets.sheet_plan import Choice, Computed, InputGrid, PageContext, SheetPlan
from sheetcnn.xlsx.book import Cell, ColorScale, Grid, Highlight, ListCheck

NAME, SAMPLES = "input_image", "samples"
MOST_VALUES = 50_000
"""Numbers of an image beyond which the page is left out: painting needs a cell for each of them."""
MOST_PIXELS, MOST_OF_COLORS = 40, 24
"""A larger image's picture shows every n-th pixel; of colours three pictures stand beside each other."""
MOST_WIDE = 64
"""Columns beyond which the paint grids stand below the pictures instead of beside them."""
EDGE = 2
"""The first column of a grid."""
SPAN = 4
"""Columns of a number in the table of steps."""
CHOICE_AT, NUMBER_AT = (5, 6), (6, 6)
GRIDS_AT = 11
SAMPLES_AT = (6, 3)
PAINT = text("paint")
COLORS = (text("red"), text("green"), text("blue"))


def image_key() -> str:
    """The name of the choice of an image."""
    return "input.image"


def chosen_image(layout: Layout, inputs: Mapping[str, Array], choices: Mapping[str, int]) -> Array:
    """The image that the reader chose, `(C, H, W)`; what is painted counts as the last one.

    Args:
        layout: of a workbook with an input page.
        inputs: the numbers that stand in the workbook, by grid.
        choices: what was chosen.
    """
    n, channels = choices[image_key()], layout.graph.source_shape.channels
    what = f"sample.{n}" if n <= len(layout.options.samples) else "paint"
    return np.stack([inputs[_key(what, c)] for c in range(channels)])


def sample_images(layout: Layout, inputs: Mapping[str, Array]) -> list[Array]:
    """All images that stand in a workbook, without what is painted."""
    channels = range(layout.graph.source_shape.channels)
    every = range(1, len(layout.options.samples) + 1)
    return [np.stack([inputs[_key(f"sample.{n}", c)] for c in channels]) for n in every]


def sample_names(wanted: Sequence[str]) -> tuple[str, ...]:
    """Names for images: letters, digits and `_`, different from each other, and never a number or a word.

    A name is chosen from a list, which types it: `3` would become a number, `1-2` a date, `a*` a pattern.
    """
    taken = {"paint", "malen", "true", "false"}
    names: list[str] = []
    for text_ in wanted:
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", text_)[:30].strip("_") or "image"
        if re.fullmatch(r"[0-9eE_]+", plain) or plain.lower() in taken - {n.lower() for n in names}:
            plain = f"image_{plain}"
        unique, number = plain, 2
        while unique.lower() in taken:
            unique, number = f"{plain}_{number}", number + 1
        taken.add(unique.lower())
        names.append(unique)
    return tuple(names)


def names(layout: Layout) -> Iterator[tuple[str, str]]:
    """Names for the cells of every image and of what is painted: (`sample_1`, `samples!$C$6:$J$13`)."""
    shape = layout.graph.source_shape
    size = (shape.height, shape.channels * (shape.width + 1) - 1)
    for n in range(len(layout.options.samples)):
        place = (SAMPLES_AT[0] + n * _step(shape), SAMPLES_AT[1])
        yield f"sample_{n + 1}", f"{SAMPLES}!{area(*place, *size, fixed=True)}"
    yield "paint", f"{NAME}!{area(*_paint_at(layout, 0), *size, fixed=True)}"


def _key(what: str, channel: int) -> str:
    return f"input.{what}.{channel}"


def _step(shape: Shape) -> int:
    """Rows from one sample to the next."""
    return shape.height + 1


def source_formula(layout: Layout, channel: int) -> Expr:
    """The pixel of the chosen image, moving with the rows and columns of the source's map."""
    shape, samples = layout.graph.source_shape, len(layout.options.samples)
    row, col = SAMPLES_AT[0], SAMPLES_AT[1] + channel * (shape.width + 1)
    places = Rect(SAMPLES, row, col, (samples - 1) * _step(shape) + 1, 1, row_i=1, col_j=1)
    number = Ref(NAME, *NUMBER_AT, fixed=True)
    sample = pick(places, (number - 1) * float(_step(shape)) + 1, 1)
    top, left = _paint_at(layout, channel)
    painted = Ref(NAME, top, left, row_i=1, col_j=1)
    return call("IF", compare(">", number, samples), painted, sample)


def _samples_sheet(layout: Layout) -> SheetPlan:
    """The sheet that holds the images, one below the other, their channels side by side."""
    say, shape, names = layout.say, layout.graph.source_shape, layout.options.samples
    sheet = SheetPlan(SAMPLES, page=True, tab="input")
    links = [(say("▲ overview"), "overview"), (f"{NAME} ►", NAME)]
    line = say(text("the images of the page {page}; their numbers may be changed here", page=NAME))
    header(sheet, say("samples"), line, links, [], theme.SMALL_WIDTH, say)
    sheet.format.column_width, sheet.format.row_height = theme.SMALL_WIDTH, theme.SMALL_HEIGHT
    sheet.format.column_widths |= {1: 20, 2: 2}
    sheet.format.freeze = SAMPLES_AT
    sheet.format.zoom = theme.zoom(shape.channels * (shape.width + 1) + 8, shape.height + 8)
    for n, name in enumerate(names, 1):
        row = SAMPLES_AT[0] + (n - 1) * _step(shape)
        sheet.cells.append(Cell(row, 1, name, theme.TEXT))
        for c in range(shape.channels):
            col = SAMPLES_AT[1] + c * (shape.width + 1)
            where = (row, col, shape.height, shape.width)
            sheet.inputs.append(
                InputGrid(
                    _key(f"sample.{n}", c), *where, theme.SMALL_PIXEL, partial(_sample, n - 1, c), channel=c
                )
            )
            sheet.format.color_scales.append(_scale(layout.graph, area(*where)))
            if n == 1 and shape.channels > 1:
                sheet.cells.append(Cell(row - 1, col, _channel(layout, c), theme.INDEX_LEFT))
    return sheet


def _sample(n: int, channel: int, context: PageContext) -> Array:
    image: Array = context.images[n][channel]
    return image


def _channel(layout: Layout, c: int) -> str:
    if layout.graph.source_shape.channels == 3:
        return layout.say(text("channel {n}: {color}", n=c + 1, color=COLORS[c]))
    return layout.say(text("channel {n}", n=c + 1))


def _scale(graph: Graph, cells: str) -> ColorScale:
    """White paper and dark ink; fixed ends where the spec says how bright a pixel can be."""
    op = graph.nodes[0].op
    high = op.divide if isinstance(op, Rescale) and op.divide > 1 else 0.0
    if not high:
        return theme.color_scale("picture", (cells,))
    return ColorScale((cells,), (("num", "0", theme.WHITE), ("num", f"{high:g}", theme.INK)))


def _picture(shape: Shape) -> tuple[int, int, int]:
    """Pixels from one shown to the next, and the rows and columns of one channel's picture."""
    most = MOST_PIXELS if shape.channels == 1 else MOST_OF_COLORS
    return picture_size(shape.height, shape.width, most)


def _paint_at(layout: Layout, channel: int) -> tuple[int, int]:
    """The first cell of the paint grid of a channel."""
    shape = layout.graph.source_shape
    _, height, width = _picture(shape)
    pictures = min(shape.channels, 3) * (width + 1)
    offset = channel * (shape.width + 1)
    if pictures + shape.channels * (shape.width + 1) > MOST_WIDE:
        return GRIDS_AT + height + 3, EDGE + offset
    return GRIDS_AT, EDGE + pictures + 2 + offset


class _InputPage:
    """Puts the page together: the choice, the pictures, the paint grids, the steps of scaling."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.say = layout.say
        self.shape = layout.graph.source_shape
        self.plan = SheetPlan(NAME, page=True, tab="input")
        self.beside = max(_paint_at(layout, self.shape.channels)[1], EDGE + 7 * SPAN) + 20

    def sheet(self) -> SheetPlan:
        """The page."""
        plan, say = self.plan, self.say
        line = say("choose an image, or choose paint and draw one: everything after this page follows")
        source = self.layout.placements[self.layout.graph.source].blocks[0].sheet
        links = [(say("▲ overview"), "overview"), (f"{SAMPLES} ►", SAMPLES), (f"{source} ►", source)]
        header(plan, say("Input"), line, links, [], theme.SMALL_WIDTH, say)
        plan.format.column_width, plan.format.row_height = theme.SMALL_WIDTH, theme.SMALL_HEIGHT
        plan.format.column_widths[1] = 5
        plan.format.one_page = True
        plan.format.row_heights |= {CHOICE_AT[0]: 24, 1: 26}
        self._choice()
        self._pictures()
        bottom = self._paint()
        bottom = self._scaling(bottom + 3)
        right = _paint_at(self.layout, self.shape.channels)[1]
        plan.print_columns = max(right, EDGE + 7 * SPAN)
        plan.format.zoom = theme.zoom(min(right, MOST_WIDE), bottom)
        return plan

    def _choice(self) -> None:
        plan, say, names = self.plan, self.say, (*self.layout.options.samples, self.say(PAINT))
        row, col = CHOICE_AT
        note = say(
            "Click the cell to the right, then its arrow. 'paint' stands for the grid on this page: type "
            "numbers into it, or copy a cell over others."
        )
        plan.cells.append(Cell(row, EDGE, say("image"), theme.HEADING, merge=col - EDGE, note=note))
        plan.choices.append(Choice(image_key(), row, col, 1, 1, len(names), names, merge=8))
        listed = self.beside
        plan.cells += [Cell(GRIDS_AT + n, listed, name, theme.FAINT_LEFT) for n, name in enumerate(names)]
        source = Rect(None, GRIDS_AT, listed, len(names), 1, fixed=True)
        plan.format.drop_downs.append(
            ListCheck(
                area(row, col, 1, 1),
                area(GRIDS_AT, listed, len(names), 1, fixed=True),
                say("Choose an image"),
                say("Choose one from the list."),
            )
        )
        row, col = NUMBER_AT
        number = call("MATCH", Ref(None, *CHOICE_AT, fixed=True), source, 0)
        plan.cells.append(Cell(row, EDGE, say("its number"), theme.INDEX_LEFT, merge=col - EDGE))
        plan.computed.append(
            Computed(
                row, col, number, theme.INDEX, lambda context: float(context.choices[image_key()]), merge=2
            )
        )
        target = prediction_target(self.layout)
        if target is not None:
            plan.cells.append(Cell(CHOICE_AT[0], col + 9, say("prediction"), theme.HEADING, merge=5))
            at = (CHOICE_AT[0], col + 14)
            plan.computed.append(Computed(*at, target, theme.ANSWER, lambda f: f.result.label, merge=5))

    def _pictures(self) -> None:
        """What the network sees, read from the source's sheets."""
        plan, shape, graph = self.plan, self.shape, self.layout.graph
        step, height, width = _picture(shape)
        title = self.say("the chosen image")
        if step > 1:
            title = self.say(text("the chosen image (every {step}. pixel)", step=step))
        plan.cells.append(Cell(GRIDS_AT - 3, EDGE, title, theme.SECTION))
        placement = self.layout.placements[graph.source]
        for c in range(min(shape.channels, 3)):
            col = EDGE + c * (width + 1)
            cells = input_picture(self.layout, plan, c, (GRIDS_AT, col, step), (height, width))
            plan.format.color_scales.append(_scale(graph, cells))
            sheet = placement.block_of(c).sheet
            plan.cells.append(
                Cell(GRIDS_AT - 1, col, f"{_channel(self.layout, c)} ►", theme.LINK_SMALL, link=f"{sheet}!A1")
            )

    def _paint(self) -> int:
        """The grids to draw in; returns the last row used."""
        plan, shape, say = self.plan, self.shape, self.say
        top, left = _paint_at(self.layout, 0)
        op = self.layout.graph.nodes[0].op
        high = op.divide if isinstance(op, Rescale) and op.divide > 1 else 0
        words = say(text("paint: type numbers here, 0 (blank) to {high}", high=f"{high:g}"))
        words = words if high else say("paint: type numbers here; blank is 0")
        plan.cells.append(Cell(top - 3 if top == GRIDS_AT else top - 2, left, words, theme.SECTION))
        for c in range(shape.channels):
            _, col = _paint_at(self.layout, c)
            where = (top, col, shape.height, shape.width)
            cells = area(*where)
            sparse = shape.size > MOST_PIXELS**2 * 3
            plan.inputs.append(
                InputGrid(_key("paint", c), *where, theme.PAINT, partial(_blank, shape), sparse=True)
            )
            if sparse:  # a frame by a rule costs no cells
                plan.format.highlights.append(Highlight((cells,), "TRUE", theme.RULE))
            else:
                plan.plain.append(Grid(*where, theme.PAINT))
            plan.format.color_scales.append(_scale(self.layout.graph, cells))
            plan.format.number_checks.append(pixel_check(self.layout, cells))
            if shape.channels > 1:
                plan.cells.append(Cell(top - 1, col, _channel(self.layout, c), theme.INDEX_LEFT))
        height = _picture(shape)[1]
        return max(top + shape.height, GRIDS_AT + height) - 1

    def _scaling(self, top: int) -> int:
        """From a raw pixel to what the first layer reads, step by step; returns the last row used."""
        node = next((n for n in self.layout.graph.nodes if n.name == INPUT), None)
        if node is None or not isinstance(node.op, Rescale):
            return top - 3
        plan, say, shape, op = self.plan, self.say, self.shape, node.op
        plan.cells.append(Cell(top, EDGE, say("from the pixel to what the first layer reads"), theme.SECTION))
        asked = [("input.row", say("row"), shape.height, shape.height // 2 + 1)]
        asked.append(("input.column", say("column"), shape.width, shape.width // 2 + 1))
        add_drop_downs(plan, asked, (top + 1, EDGE), (GRIDS_AT, self.beside + 8), span=SPAN, say=say)
        row, col = (Ref(None, top + 1 + n, EDGE + SPAN, fixed=True) for n in range(2))
        heads = [
            say("channel"),
            say("pixel"),
            f"÷ {op.divide:g}",
            say("− mean"),
            say("÷ deviation"),
            say("cell"),
            "",
        ]
        head, span = top + 4, SPAN
        for n, words in enumerate(heads):
            plan.cells.append(Cell(head, EDGE + n * span, words, theme.HEADING_CENTER, merge=span))
        for c in range(min(shape.channels, 3)):
            self._steps(node, op, head + 1 + c, span, c, (row, col))
        return head + min(shape.channels, 3)

    def _steps(self, node: Node, op: Rescale, at: int, span: int, c: int, place: tuple[Ref, Ref]) -> None:
        plan = self.plan
        mean, std = (values[c] if len(values) > 1 else values[0] for values in (op.mean, op.std))
        before = [Ref(None, at, EDGE + (n + 1) * span) for n in range(5)]
        layout, graph = self.layout, self.layout.graph
        raw, cell = (_pixel(layout, tensor, c, *place) for tensor in (graph.source, node.name))
        plan.cells.append(Cell(at, EDGE, c + 1, theme.CENTER, merge=span))
        steps: list[tuple[Expr, Callable[[Array], float]]] = [
            (raw, lambda x: float(x[0])),
            (before[0] / op.divide, lambda x: float(x[0]) / op.divide),
            (before[1] - mean, lambda x: float(x[0]) / op.divide - mean),
            (before[2] / std, lambda x: (float(x[0]) / op.divide - mean) / std),
            (cell, lambda x: float(x[1])),
        ]
        for n, (formula, value) in enumerate(steps):
            plan.computed.append(
                Computed(
                    at, EDGE + (n + 1) * span, formula, theme.RESULT, self._of(c, node, value), merge=span
                )
            )
        check = same(before[3], before[4])
        plan.computed.append(Computed(at, EDGE + 6 * span, check, theme.RESULT, lambda f: SAME, merge=span))

    def _of(self, c: int, node: Node, value: Callable[[Array], float]) -> Callable[[PageContext], float]:
        source = self.layout.graph.source

        def of(context: PageContext) -> float:
            row, col = context.choices["input.row"] - 1, context.choices["input.column"] - 1
            found = [context.result.activations[t][c, row, col] for t in (source, node.name)]
            return value(np.array(found))

        return of


def _pixel(layout: Layout, tensor: str, channel: int, row: Ref, col: Ref) -> Expr:
    """INDEX of the chosen pixel of a map."""
    placement = layout.placements[tensor]
    block, shape = placement.block_of(channel), placement.shape
    first = block.cell(channel, 0, 0)
    places = Rect(block.sheet, *first, shape.height, (shape.width - 1) * block.x_col + 1, fixed=True)
    return pick(places, row, col if block.x_col == 1 else (col - 1) * float(block.x_col) + 1)


def _blank(shape: Shape, context: PageContext) -> Array:
    return np.full((shape.height, shape.width), np.nan)


def fits(graph: Graph) -> bool:
    """Whether an image is small enough to be painted cell by cell."""
    return graph.source_shape.size <= MOST_VALUES


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page, and the sheet that holds the images."""
    yield _InputPage(site.layout).sheet()
    yield _samples_sheet(site.layout)
