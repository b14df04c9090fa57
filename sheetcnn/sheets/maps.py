"""The sheets of feature maps: one each, with title, words, links, numbers, margin and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr
from sheetcnn.formulas.region import Region
from sheetcnn.formulas.traverse import references
from sheetcnn.languages import ENGLISH, text
from sheetcnn.model.engine import stage_key
from sheetcnn.model.graph import INPUT, Node
from sheetcnn.shape import Margin, Shape
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import describe_activation, describe_layer, describe_pre_activation
from sheetcnn.sheets.layout import FIRST_COLUMN, HEADER_ROWS, Layout
from sheetcnn.sheets.sheet_plan import SheetPlan, TensorGrid
from sheetcnn.sheets.stamps import Stamped
from sheetcnn.sheets.theme import Scale
from sheetcnn.xlsx.book import Cell, Grid, NumberCheck

PixelFormula = Callable[[Layout, int], Expr]
"""The formula of an input pixel that moves over the map of a channel."""
MARGIN_NOTE = "shaded: padding, blank cells that the windows of the next layer reach"


def header(
    sheet: SheetPlan,
    title: str,
    line: str,
    links: list[tuple[str, str]],
    sources: list[str],
    width: float,
    say: Callable[[str], str] = ENGLISH,
) -> None:
    """Write the rows above the grid: title, words, navigation (text, sheet), sources.

    `width` is that of the sheet's columns in characters; a link spans as many as the longest name needs.
    """
    longest = max(len(shown) for shown in (*(t for t, _ in links), *sources))
    span = max(1, ceil((longest + 1) / width))
    sheet.cells += [Cell(1, 1, title, theme.TITLE), Cell(2, 1, line, theme.SUBTITLE)]
    for row, leads, targets in ((3, "go to", links), (4, "reads", [(name, name) for name in sources])):
        if targets:
            sheet.cells.append(Cell(row, 1, say(leads), theme.INDEX))
        for n, (shown, target) in enumerate(targets):
            col = FIRST_COLUMN + n * span
            sheet.cells.append(Cell(row, col, shown, theme.NAVIGATION, link=f"{target}!A1", merge=span))
    sheet.format.row_heights |= {1: 24, 2: 18, 3: 18, 4: 18}
    sheet.format.title_rows = HEADER_ROWS


def pixel_check(layout: Layout, cells: str) -> NumberCheck:
    """Cells of pixels take only numbers."""
    title = layout.say("A pixel is a number")
    return NumberCheck(
        cells, -1e9, 1e9, title, layout.say("The formulas after this sheet need a number in every pixel.")
    )


def pixel_grid(layout: Layout, channel: int, formula: PixelFormula | None) -> TensorGrid:
    """The pixels of one channel of the input: numbers, or the formula that picks them."""
    source = layout.graph.source
    placement = layout.placements[source]
    region = Region.plane(channel, placement.shape)
    first = placement.at(region)
    picked = None if formula is None else formula(layout, channel)
    place = (first.row, first.col, theme.PIXEL, picked, 1, first.col_j)
    return TensorGrid(source, source, region, *place, light=not layout.interleaved)


def neighbours(names: list[str], n: int) -> list[tuple[str, str]]:
    """Links to the previous and the next of a row of sheets."""
    links = []
    if n > 0:
        links.append((f"◄ {names[n - 1]}", names[n - 1]))
    if n + 1 < len(names):
        links.append((f"{names[n + 1]} ►", names[n + 1]))
    return links


def source_sheets(layout: Layout, node: Node, stamps: Iterable[Stamped]) -> list[str]:
    """The other sheets of values that some formulas of a node read, in the order of reading."""
    weights = layout.weights[node.name].sheet if node.name in layout.weights else ""
    found = (
        ref.sheet
        for stamp in stamps
        for ref in references(stamp.expr)
        if ref.sheet and ref.sheet not in (weights, stamp.first.sheet)
    )
    return list(dict.fromkeys(found))


def statistics_sheets(layout: Layout, node: Node) -> list[str]:
    """The sheets that hold what all maps of a node share, such as means and variances."""
    own = {block.sheet for block in layout.placements[node.name].blocks}
    stages = (layout.placements[stage_key(node.name, s.name)].blocks for s in layout.stages(node))
    return list(dict.fromkeys(b[0].sheet for b in stages if len(b) == 1 and b[0].sheet not in own))


def map_sheets(layout: Layout, node: Node, stamps: list[Stamped]) -> Iterator[SheetPlan]:
    """The sheets of a node's result and of its intermediate results of the same shape."""
    graph, say = layout.graph, layout.say
    shape = graph.shapes[node.name]
    names = [block.sheet for block in layout.placements[node.name].blocks]
    own = [s for s in layout.stages(node) if layout.sheet_of_first[stage_key(node.name, s.name)] == names[0]]
    for c, name in enumerate(names):
        sheet = SheetPlan(name, node.name, tab="maps")
        links = [(say("▲ overview"), "overview"), *neighbours(names, c)]
        if node.name in layout.weights:
            links.append((layout.weights[node.name].sheet, layout.weights[node.name].sheet))
        links += [(name, name) for name in statistics_sheets(layout, node)]
        line = text("{words}", words=describe_layer(graph, node))
        if layout.separate(node):
            own_words, before = describe_activation(graph, node), describe_pre_activation(graph, node)
            line = text("{after}; right: {before}", after=own_words, before=before)
        title = text("{layer}, feature map {n} of {all}", layer=node.name, n=c + 1, all=shape.channels)
        mine = [s for s in stamps if s.first.sheet == name]
        sources = source_sheets(layout, node, mine)
        header(sheet, say(title), with_margin(layout, node.name, line), links, sources, theme.CELL_WIDTH, say)
        frame(layout, sheet, shape, layout.margins[node.name])
        grid(layout, sheet, node.name, c, scale_of(layout, node.name))
        for stage in own:
            key = stage_key(node.name, stage.name)
            place = layout.placements[key].cell(c)
            sheet.cells.append(Cell(HEADER_ROWS - 1, place.col, say(stage.label), theme.TEXT))
            grid(layout, sheet, key, c, "diverging")
        place_stamps(sheet, node.name, mine)
        yield sheet


def with_margin(layout: Layout, tensor: str, line: str) -> str:
    """What a sheet says of its values, and of the shaded cells around them if there are any."""
    said = layout.say(line)
    return f"{said}   [{layout.say(MARGIN_NOTE)}]" if layout.margins[tensor].any else said


def scale_of(layout: Layout, tensor: str) -> Scale:
    """The colour scale of a tensor: grey for the input, diverging where values can be negative."""
    if not layout.graph.nonnegative[tensor]:
        return "diverging"
    return "pixels" if tensor == INPUT else "sequential"


def frame(layout: Layout, sheet: SheetPlan, shape: Shape, margin: Margin) -> None:
    """Sizes, frozen panes, and the shaded margin of a sheet that holds a map."""
    row, col = layout.origin
    sheet.format.column_width, sheet.format.row_height = theme.CELL_WIDTH, theme.CELL_HEIGHT
    sheet.format.column_widths[1] = theme.HEAD_WIDTH
    sheet.format.row_heights[HEADER_ROWS] = 15
    sheet.format.freeze = (HEADER_ROWS + 1, FIRST_COLUMN)
    width = margin.left + shape.width + margin.right
    height = margin.top + shape.height + margin.bottom
    sheet.format.zoom = theme.zoom(width + 1, height + 3, theme.CELL_WIDTH, theme.CELL_HEIGHT)
    for top, left, high, wide in (
        (row - margin.top, col - margin.left, margin.top, width),
        (row + shape.height, col - margin.left, margin.bottom, width),
        (row, col - margin.left, shape.height, margin.left),
        (row, col + shape.width, shape.height, margin.right),
    ):
        if high and wide:
            sheet.plain.append(Grid(top, left, high, wide, theme.MARGIN_CELL))


def grid(layout: Layout, sheet: SheetPlan, tensor: str, channel: int, scale: Scale) -> None:
    """Row and column numbers and the colour scale of one map on its sheet."""
    placement = layout.placements[tensor]
    shape, first = placement.shape, placement.cell(channel)
    known = {(c.row, c.col) for c in sheet.cells}
    for x in range(shape.width):
        sheet.cells.append(Cell(HEADER_ROWS, first.col + x, x + 1, theme.INDEX))
    for y in range(shape.height):
        if (first.row + y, 1) not in known:
            sheet.cells.append(Cell(first.row + y, 1, y + 1, theme.INDEX))
    ranges = (area(first.row, first.col, shape.height, shape.width),)
    sheet.format.color_scales.append(theme.color_scale(scale, ranges))


def place_stamps(sheet: SheetPlan, layer: str, stamps: list[Stamped]) -> None:
    """Put patterns onto the sheet that they belong to."""
    for stamp in stamps:
        first = stamp.first
        place = (first.row, first.col, theme.VALUE, stamp.expr, first.row_i or 1, first.col_j or 1)
        sheet.tensors.append(TensorGrid(layer, stamp.tensor, stamp.region, *place))
