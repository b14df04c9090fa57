"""The sheets of the interleaved layout: one per layer, with the channels of a pixel side by side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.placement import Block, Placement
from sheetcnn.languages import Text, text
from sheetcnn.model.engine import stage_key
from sheetcnn.model.graph import Node
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import (
    CHOSEN_PIXELS,
    TYPE_NUMBERS,
    describe_activation,
    describe_layer,
    describe_pre_activation,
)
from sheetcnn.sheets.layout import (
    FIRST_COLUMN,
    HEADER_ROWS,
    INTERLEAVED_HEADER_ROWS,
    MOST_SOURCES,
    Layout,
    view_name,
)
from sheetcnn.sheets.maps import PixelFormula, header, pixel_check, pixel_grid, place_stamps, source_sheets
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.sheets.stamps import Stamped
from sheetcnn.xlsx.book import Cell, Grid


def source_maps(layout: Layout, formula: PixelFormula | None = None) -> Iterator[SheetPlan]:
    """The sheets that hold the pixels; with `formula`, one for each channel, those of a chosen image."""
    graph = layout.graph
    placement = layout.placements[graph.source]
    for block in placement.blocks:
        line = text(TYPE_NUMBERS if formula is None else CHOSEN_PIXELS)
        sheet = _sheet(layout, graph.source, graph.source, block, line, [])
        sheet.format.tab_color = theme.TABS["input"]
        channels = range(block.first, block.first + block.count)
        sheet.tensors += [pixel_grid(layout, c, formula) for c in channels]
        pixels = area(block.row, block.col, placement.shape.height, placement.shape.width * block.count)
        if formula is None:
            sheet.format.number_checks.append(pixel_check(layout, pixels))
        yield sheet


def maps_sheets(layout: Layout, node: Node, tensor: str, stamps: list[Stamped]) -> Iterator[SheetPlan]:
    """The sheets of one tensor of a node: its result or an intermediate one."""
    graph = layout.graph
    line = describe_layer(graph, node)
    if layout.separate(node):
        own = tensor == node.name
        line = describe_activation(graph, node) if own else describe_pre_activation(graph, node)
    for block in layout.placements[tensor].blocks:
        mine = [s for s in stamps if s.first.sheet == block.sheet]
        sheet = _sheet(layout, node.name, tensor, block, line, source_sheets(layout, node, mine))
        place_stamps(sheet, node.name, mine)
        yield sheet


def _sheet(layout: Layout, layer: str, tensor: str, block: Block, line: str, sources: list[str]) -> SheetPlan:
    """Title, links and the numbers of pixels and channels above a block."""
    sheet = SheetPlan(block.sheet, layer, tab="maps")
    placement, say = layout.placements[tensor], layout.say
    links = [(say("▲ overview"), "overview")]
    if tensor in layout.graph.shapes:
        links.append((f"{view_name(layout, tensor)} ►", view_name(layout, tensor)))
    if layer in layout.weights:
        links.append((layout.weights[layer].sheet, layout.weights[layer].sheet))
    beside = _channels(placement, block)
    title = say(text("{layer}, {channels}", layer=_title(layout, layer, tensor), channels=beside))
    header(sheet, title, say(line), links, sources[:MOST_SOURCES], theme.CELL_WIDTH, say)
    sheet.format.column_width = theme.CELL_WIDTH
    sheet.format.column_widths[1] = theme.HEAD_WIDTH + 3
    sheet.format.freeze = (INTERLEAVED_HEADER_ROWS + 1, FIRST_COLUMN)
    shape, count = placement.shape, block.count
    sheet.cells.append(Cell(HEADER_ROWS, 1, say("column"), theme.INDEX))
    sheet.cells.append(Cell(INTERLEAVED_HEADER_ROWS, 1, say("channel"), theme.INDEX))
    columns = np.arange(1.0, shape.width + 1)[None]
    channels = np.tile(np.arange(block.first + 1.0, block.first + count + 1), shape.width)[None]
    rows = np.arange(1.0, shape.height + 1)[:, None]
    sheet.plain += [
        Grid(HEADER_ROWS, block.col, 1, shape.width, theme.HEADING_CENTER, columns, col_step=count),
        Grid(INTERLEAVED_HEADER_ROWS, block.col, 1, shape.width * count, theme.INDEX, channels),
        Grid(block.row, 1, shape.height, 1, theme.INDEX, rows),
    ]
    return sheet


def _title(layout: Layout, layer: str, tensor: str) -> str:
    stages = layout.stages(layout.graph.by_name[layer]) if layer in layout.graph.by_name else ()
    label = next((s.label for s in stages if stage_key(layer, s.name) == tensor), "")
    return text("{layer}, {stage}", layer=layer, stage=text(label)) if label else layer


def _channels(placement: Placement, block: Block) -> Text:
    if block.count == placement.shape.channels:
        one = block.count == 1
        return text("1 channel" if one else "{n} channels side by side in every pixel", n=block.count)
    first, last, count = block.first + 1, block.first + block.count, placement.shape.channels
    words = "channels {first} to {last} of {n} side by side in every pixel"
    return text(words, first=first, last=last, n=count)
