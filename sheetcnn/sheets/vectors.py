"""The sheets of vectors: one row per value, one column per step of the computation."""

from __future__ import annotations

from dataclasses import replace

from sheetcnn.formulas.a1 import area
from sheetcnn.languages import text
from sheetcnn.model.engine import stage_key
from sheetcnn.model.graph import Node
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import describe_layer
from sheetcnn.sheets.layout import HEADER_ROWS, MOST_SOURCES, VECTOR_COLUMN, VECTOR_ROW, Layout
from sheetcnn.sheets.maps import header, neighbours, place_stamps, source_sheets
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.sheets.stamps import Stamped
from sheetcnn.xlsx.book import Cell


def vector_sheet(layout: Layout, node: Node, name: str, stamps: list[Stamped]) -> SheetPlan:
    """The sheet that holds vectors of a node: its result, or statistics that a map is computed from."""
    graph, say = layout.graph, layout.say
    sheet = SheetPlan(name, node.name, tab="vector")
    result = layout.placements[node.name].blocks[0].sheet == name
    title = text("{layer}, statistics", layer=node.name)
    if result:
        title = text("{layer}, {n} values", layer=node.name, n=graph.shapes[node.name].channels)
    links = [(say("▲ overview"), "overview")]
    if node.name in layout.weights:
        links.append((layout.weights[node.name].sheet, layout.weights[node.name].sheet))
    if not result:
        links += neighbours([name, layout.placements[node.name].blocks[0].sheet], 0)
    sources = source_sheets(layout, node, stamps)
    header(sheet, say(title), say(describe_layer(graph, node)), links, sources[:MOST_SOURCES], 18, say)
    labels = graph.labels if result and node.name in graph.outputs[:1] else ()
    sheet.format.column_width = 21
    sheet.format.column_widths |= {1: 6, 2: 18}
    sheet.format.row_heights[HEADER_ROWS] = 20
    sheet.format.freeze = (VECTOR_ROW, VECTOR_COLUMN)
    sheet.cells.append(Cell(HEADER_ROWS, 1, "#", theme.HEADING_CENTER))
    sheet.cells.append(Cell(HEADER_ROWS, 2, say("label") if labels else "", theme.HEADING))
    columns = [(stage_key(node.name, s.name), s.label) for s in layout.stages(node)]
    columns.append((node.name, "value"))
    rows = 0
    for tensor, label in columns:
        block = layout.placements[tensor].blocks[0]
        if block.sheet != name:
            continue
        sheet.cells.append(Cell(HEADER_ROWS, block.col, say(label), theme.HEADING_CENTER))
        rows = max(rows, block.count)
        if block.count > 1:
            sequential = tensor == node.name and graph.nonnegative[tensor]
            scale = theme.color_scale(
                "sequential" if sequential else "diverging", (area(block.row, block.col, block.count, 1),)
            )
            sheet.format.color_scales.append(scale)
    for n in range(rows):
        sheet.cells.append(Cell(VECTOR_ROW + n, 1, n + 1, theme.INDEX))
        if labels:
            sheet.cells.append(Cell(VECTOR_ROW + n, 2, labels[n], theme.TEXT))
    place_stamps(sheet, node.name, stamps)
    sheet.tensors = [replace(t, style=theme.COLUMN_VALUE) for t in sheet.tensors]
    return sheet
