"""A sheet per layer of the interleaved layout that shows one channel as an image.

The channel is chosen in a cell; every pixel is a formula that picks it out of the pixel's channels.
"""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Ref, pick
from sheetcnn.formulas.placement import Block, Placement, Window
from sheetcnn.formulas.region import Region
from sheetcnn.languages import text
from sheetcnn.model.graph import INPUT
from sheetcnn.sheets import theme
from sheetcnn.sheets.by_block import by_block
from sheetcnn.sheets.layout import FIRST_COLUMN, HEADER_ROWS, Layout, view_name
from sheetcnn.sheets.maps import header, scale_of
from sheetcnn.sheets.sheet_plan import Choice, SheetPlan, TensorGrid
from sheetcnn.xlsx.book import Cell, Grid, ListCheck

CHOICE_ROW = HEADER_ROWS + 1
FIRST_ROW = CHOICE_ROW + 3
CHOICE_COLUMN = 4
"""The label before it takes the columns from the first on."""
SMALL_CELL = 18.0
"""Points: a map of up to 28 pixels fits a laptop's screen with the usual cells, a wider one needs this."""
FEW = 28


def view_sheet(layout: Layout, tensor: str) -> SheetPlan:
    """The view of one layer's result, or of the pixels.

    Args:
        layout: interleaved.
        tensor: whose maps to show.
    """
    graph, say = layout.graph, layout.say
    placement = layout.placements[tensor]
    shape, name = placement.shape, view_name(layout, tensor)
    sheet = SheetPlan(name, tensor, tab="view")
    first = placement.blocks[0].sheet
    links = [(say("▲ overview"), "overview"), (f"{first} ►", first)]
    few = shape.width <= FEW
    width = theme.CELL_WIDTH if few else theme.CELL_WIDTH / 2
    line = say("one channel as an image; choose another in the cell below and the picture follows")
    title = say(text("{layer}, one of {n} channels", layer=tensor, n=shape.channels))
    header(sheet, title, line, links, [], width, say)
    sheet.format.column_width, sheet.format.row_height = width, theme.CELL_HEIGHT if few else SMALL_CELL
    sheet.format.column_widths[1] = theme.HEAD_WIDTH
    sheet.format.row_heights |= {HEADER_ROWS: 8, CHOICE_ROW: 22, FIRST_ROW - 2: 8, FIRST_ROW - 1: 15}
    sheet.format.freeze = (FIRST_ROW, FIRST_COLUMN)
    sheet.format.gridlines = False
    sheet.format.landscape = True
    sheet.cells.append(Cell(CHOICE_ROW, FIRST_COLUMN, say("channel"), theme.HEADING, merge=2))
    sheet.choices.append(Choice(choice_key(tensor), CHOICE_ROW, CHOICE_COLUMN, 1, 1, shape.channels))
    cell = area(CHOICE_ROW, CHOICE_COLUMN, 1, 1)
    listed = shape.width + FIRST_COLUMN + 1
    numbers = area(FIRST_ROW, listed, shape.channels, 1, fixed=True)
    message = say(text("Choose a whole number from 1 to {greatest}.", greatest=shape.channels))
    sheet.format.drop_downs.append(ListCheck(cell, numbers, say("Choose a channel"), message))
    sheet.cells.append(Cell(FIRST_ROW - 1, listed, say("channels"), theme.INDEX))
    every = np.arange(1.0, shape.channels + 1)[:, None]
    columns, rows = np.arange(1.0, shape.width + 1)[None], np.arange(1.0, shape.height + 1)[:, None]
    sheet.plain += [
        Grid(FIRST_ROW, listed, shape.channels, 1, theme.INDEX, every),
        Grid(FIRST_ROW - 1, FIRST_COLUMN, 1, shape.width, theme.INDEX, columns),
        Grid(FIRST_ROW, 1, shape.height, 1, theme.INDEX, rows),
    ]
    picked = _picked(placement, Ref(None, CHOICE_ROW, CHOICE_COLUMN, fixed=True))
    style = theme.VALUE if few else theme.SMALL_VALUE
    if tensor == graph.source:
        style = theme.PIXEL if few else theme.SMALL_PIXEL
    place = (Region.plane(0, shape), FIRST_ROW, FIRST_COLUMN, style, picked)
    sheet.tensors.append(TensorGrid(tensor, tensor, *place, channel=choice_key(tensor)))
    scale = "pixels" if tensor in (graph.source, INPUT) else scale_of(layout, tensor)
    where = area(FIRST_ROW, FIRST_COLUMN, shape.height, shape.width)
    sheet.format.color_scales.append(theme.color_scale(scale, (where,)))
    return sheet


def choice_key(tensor: str) -> str:
    """The name of the choice of a view."""
    return f"{tensor}.channel"


def _picked(placement: Placement, chosen: Ref) -> Expr:
    """The chosen channel of the pixel that moves with (i, j)."""

    def value(block: Block, number: Expr) -> Expr:
        channels = range(block.first, block.first + block.count)
        return pick(placement.windows(channels, Window(0, 0, 1, 1))[0], 1, number)

    return by_block(placement, chosen, value)
