"""The first sheet: the network as a picture, the input, the prediction, and every layer with its sheets."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.formulas.a1 import area
from sheetcnn.pages import diagram, layer_table, prediction
from sheetcnn.pages.input import NAME as INPUT_PAGE
from sheetcnn.pages.picture import input_picture
from sheetcnn.pages.prediction import DIAGRAM_AT, LEFT, OVERVIEW
from sheetcnn.pages.site import PageSite
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.xlsx.book import Cell

OUTPUT_NAME, PREDICTION_NAME = "output", "prediction"

# LibreOffice 7.4 needs ten minutes in place of ten seconds where windows are wide (docs/benchmarks.md).
_THREADS = (
    "LibreOffice recalculates a workbook like this one much faster without threads: Tools, Options, "
    "LibreOffice Calc, Calculate, multi-threaded calculation."
)


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page."""
    layout = site.layout
    graph, say = layout.graph, layout.say
    page = SheetPlan(OVERVIEW, tab="page")
    page.format.column_width, page.format.row_height = theme.SMALL_WIDTH, theme.SMALL_HEIGHT
    page.format.row_heights |= {1: 28, 2: 18}
    page.format.column_widths[1] = 2
    page.format.zoom = theme.zoom(layer_table.WIDE, 10)
    page.cells += [
        Cell(1, LEFT, graph.name, theme.TITLE),
        Cell(
            2,
            LEFT,
            say("A neural network in live formulas: change a pixel or a weight, and every number follows."),
            theme.SUBTITLE,
        ),
    ]
    layer_table.page_links(layout, page, site.sheets, 3, LEFT)
    diagram.draw(layout, page, DIAGRAM_AT, LEFT)
    bottom = _input(layout, page)
    if prediction.is_class_vector(layout):
        bottom = max(bottom, prediction.draw(layout, page))
    top = bottom + 2
    if layout.interleaved:
        page.cells.append(Cell(top, LEFT, say(_THREADS), theme.SUBTITLE))
        top += 2
    layer_table.draw(layout, page, site.sheets, top, LEFT)
    yield page


def names(layout: Layout) -> Iterator[tuple[str, str]]:
    """Names for the network's output and for its prediction."""
    output = layout.placements[layout.graph.outputs[0]]
    first = output.blocks[0]  # a name refers to one sheet: of several output maps it names the first
    (cells,) = output.ranges(range(first.first, first.first + first.count))[:1]
    whole = area(cells.row, cells.col, cells.height, cells.width, fixed=True)
    yield OUTPUT_NAME, f"{cells.sheet}!{whole}"
    place = prediction.prediction_cell(layout)
    if place is not None:
        yield PREDICTION_NAME, f"{OVERVIEW}!{area(*place, 1, 1, fixed=True)}"


def _input(layout: Layout, page: SheetPlan) -> int:
    """The picture, channel by channel; returns its last row."""
    graph, say = layout.graph, layout.say
    placement = layout.placements[graph.source]
    step, height, width = prediction.picture_size(layout)
    row = prediction.heading_row(layout)
    target = INPUT_PAGE if layout.has("input") else placement.blocks[0].sheet
    page.cells += [
        Cell(row, LEFT, say("Input"), theme.SECTION),
        Cell(row, LEFT + 3, say("change it ►"), theme.NAVIGATION, link=f"{target}!A1", merge=4),
    ]
    for c in range(min(graph.source_shape.channels, 3)):
        col = LEFT + c * (width + 1)
        cells = input_picture(layout, page, c, (row + 1, col, step), (height, width))
        page.format.color_scales.append(theme.color_scale("picture", (cells,)))
    return row + height
