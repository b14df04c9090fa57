"""The sheets of the network itself: its pixels, and the values of each layer."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.formulas.a1 import area
from sheetcnn.languages import text
from sheetcnn.model.engine import stage_key
from sheetcnn.model.graph import Node
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import CHOSEN_PIXELS, TYPE_NUMBERS, describe_layer
from sheetcnn.sheets.interleaved import maps_sheets, source_maps
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.maps import (
    PixelFormula,
    frame,
    grid,
    header,
    map_sheets,
    neighbours,
    pixel_check,
    pixel_grid,
    place_stamps,
    source_sheets,
    with_margin,
)
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.sheets.stamps import Stamped, stamped
from sheetcnn.sheets.vectors import vector_sheet
from sheetcnn.sheets.views import view_sheet
from sheetcnn.sheets.weight_sheets import weight_sheet


def input_sheets(layout: Layout, formula: PixelFormula | None, page: str) -> Iterator[SheetPlan]:
    """The sheets of the pixels: numbers to type, or formulas that pick them from a chosen image.

    Args:
        layout: of the workbook.
        formula: of a pixel, where the reader chooses an image.
        page: the sheet on which an image is chosen.
    """
    if layout.interleaved:
        yield from source_maps(layout, formula)
        yield view_sheet(layout, layout.graph.source)
    else:
        yield from _pixel_sheets(layout, formula, page)


def layer_sheets(layout: Layout, node: Node) -> Iterator[SheetPlan]:
    """The sheets of a layer: its weights, its intermediate results, its result."""
    if node.name in layout.weights and not node.weights:
        yield weight_sheet(layout, node)
    yield from _value_sheets(layout, node, list(stamped(layout, node)))


def _value_sheets(layout: Layout, node: Node, stamps: list[Stamped]) -> Iterator[SheetPlan]:
    by_sheet: dict[str, list[Stamped]] = {}
    for stamp in stamps:
        by_sheet.setdefault(stamp.first.sheet or "", []).append(stamp)
    own = dict.fromkeys(block.sheet for block in layout.placements[node.name].blocks)
    for name in by_sheet:
        if name in own:
            continue
        tensor = by_sheet[name][0].tensor
        if layout.on_columns(tensor):
            yield vector_sheet(layout, node, name, by_sheet[name])
        elif layout.interleaved:
            if name == layout.placements[tensor].blocks[0].sheet:
                yield from maps_sheets(layout, node, tensor, stamps)
        else:
            yield _stage_sheet(layout, node, name, tensor, by_sheet[name])
    if layout.on_columns(node.name):
        yield from (vector_sheet(layout, node, name, by_sheet[name]) for name in own)
    elif layout.interleaved:
        yield from maps_sheets(layout, node, node.name, stamps)
        yield view_sheet(layout, node.name)
    else:
        yield from map_sheets(layout, node, stamps)


def _stage_sheet(layout: Layout, node: Node, name: str, tensor: str, stamps: list[Stamped]) -> SheetPlan:
    """The sheet of an intermediate map, such as the sum of a softmax over each pixel's channels."""
    sheet = SheetPlan(name, node.name, tab="maps")
    stage = next(s for s in layout.stages(node) if stage_key(node.name, s.name) == tensor)
    first = layout.placements[node.name].blocks[0].sheet
    say = layout.say
    links = [(say("▲ overview"), "overview"), (f"{first} ►", first)]
    sources = source_sheets(layout, node, stamps)
    title = say(text("{layer}, {stage}", layer=node.name, stage=text(stage.label)))
    header(sheet, title, say(describe_layer(layout.graph, node)), links, sources, theme.CELL_WIDTH, say)
    frame(layout, sheet, stage.shape, stage.margin)
    channel = next(b.first for b in layout.placements[tensor].blocks if b.sheet == name)
    grid(layout, sheet, tensor, channel, "diverging")
    place_stamps(sheet, node.name, stamps)
    return sheet


def _pixel_sheets(layout: Layout, formula: PixelFormula | None, page: str) -> Iterator[SheetPlan]:
    graph, say = layout.graph, layout.say
    placement = layout.placements[graph.source]
    names = [block.sheet for block in placement.blocks]
    to_page = [] if formula is None else [(f"◄ {page}", page)]
    for c, name in enumerate(names):
        sheet = SheetPlan(name, graph.source, tab="input")
        line = with_margin(layout, graph.source, TYPE_NUMBERS if formula is None else CHOSEN_PIXELS)
        links = [(say("▲ overview"), "overview"), *to_page, *neighbours(names, c)]
        title = say(text("{layer}, channel {n} of {all}", layer=graph.source, n=c + 1, all=len(names)))
        header(sheet, title, line, links, [], theme.CELL_WIDTH, say)
        frame(layout, sheet, graph.source_shape, layout.margins[graph.source])
        grid(layout, sheet, graph.source, c, "pixels")
        sheet.tensors.append(pixel_grid(layout, c, formula))
        if formula is None:
            block = placement.blocks[c]
            pixels = area(block.row, block.col, *placement.shape.dims[1:])
            sheet.format.number_checks.append(pixel_check(layout, pixels))
        yield sheet
