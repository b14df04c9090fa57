"""The sheet of a layer's trained parameters."""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.languages import text
from sheetcnn.model.graph import Node
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import FIRST_COLUMN, HEADER_ROWS, Layout
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import SheetPlan, WeightGrid
from sheetcnn.sheets.weight_cells import WeightCells
from sheetcnn.xlsx.book import Cell, Grid

MOST_COLORED = 300_000
"""Weights of a layer that are coloured; a colour scale over more makes programs slow and shows nothing."""


def weight_sheet(layout: Layout, node: Node) -> SheetPlan:
    """Kernels and biases of one layer, labelled."""
    cells = layout.weights[node.name]
    say = layout.say
    sheet = SheetPlan(cells.sheet, node.name, tab="weights")
    out = layout.placements[node.name].blocks[0].sheet
    kernel = cells.kernel_parameter
    if cells.maps:
        line = text("{kind}: one block per map and parameter, one value per pixel", kind=text(node.op.title))
    elif kernel is None:
        shape = layout.graph.shapes[node.name]
        each = _rows(cells) == shape.channels
        if shape.is_vector:
            rows = text("one row for every value" if each else "one row for all values")
        else:
            rows = text("one row for every map" if each else "one row for all maps")
        line = text("{kind}: {rows}, one column per parameter", kind=text(node.op.title), rows=rows)
    elif cells.across:
        line = text("one column per output, one row per input value; values per output above")
    else:
        height, width = kernel.kernel_shape[2:]
        size = f"{height}×{width}"
        line = text(
            "rows: output maps; columns: input maps; each block is one {size} kernel slice", size=size
        )
        if layout.interleaved:
            line = text(
                "one {size} kernel below the other, each laid out like the window that it is "
                "multiplied with; the numbers above are the input channels",
                size=size,
            )
    links = [(say("▲ overview"), "overview"), (f"{out} ►", out)]
    title = say(text("{layer}, weights", layer=node.name))
    header(sheet, title, say(line), links, [], theme.CELL_WIDTH + 1, say)
    sheet.format.column_width, sheet.format.row_height = theme.CELL_WIDTH + 1, theme.CELL_HEIGHT * 0.7
    sheet.format.column_widths[1] = theme.HEAD_WIDTH + 7
    sheet.format.row_heights[HEADER_ROWS] = 20
    sheet.format.freeze = (HEADER_ROWS + 1, FIRST_COLUMN)
    ranges: dict[str, list[str]] = {parameter.name: [] for parameter in cells.parameters}
    for grid in cells.grids():
        sheet.weights.append(WeightGrid(node.name, grid, theme.WEIGHT))
        ranges[grid.parameter].append(area(grid.row, grid.col, grid.height, grid.width))
    for parameter in cells.parameters:
        if parameter.role != "channel" and parameter.size <= MOST_COLORED:
            whole = _whole(cells, ranges[parameter.name])
            sheet.format.color_scales.append(theme.color_scale("diverging", whole))
    _labels(layout, node, cells, sheet)
    return sheet


def _whole(cells: WeightCells, ranges: list[str]) -> tuple[str, ...]:
    """One range from the first kernel cell to the last: the blank cells between take no colour."""
    if len(ranges) == 1:
        return tuple(ranges)
    return (f"{ranges[0].split(':')[0]}:{ranges[-1].split(':')[-1]}",)


def _rows(cells: WeightCells) -> int:
    """How many outputs have parameters of their own; 1 where all share one."""
    kernel = cells.kernel_parameter
    return max(p.shape[0] for p in cells.parameters) if kernel is None else kernel.kernel_shape[0]


def _labels(layout: Layout, node: Node, cells: WeightCells, sheet: SheetPlan) -> None:
    kernel, say = cells.kernel_parameter, layout.say
    for parameter in cells.parameters:
        if parameter.role == "map":
            col, width = cells.maps[parameter.name].cell(0).col, parameter.shape[2]
            label = Cell(HEADER_ROWS, col, say(parameter.label), theme.HEADING_CENTER, merge=width)
            sheet.cells.append(label)
            continue
        if parameter.role != "channel":
            continue
        row, col = cells.values_at[parameter.name]
        if cells.across:
            sheet.cells.append(Cell(row, 1, say(parameter.label), theme.TEXT))
        else:
            sheet.cells.append(Cell(HEADER_ROWS, col, say(parameter.label), theme.HEADING_CENTER))
    outputs, shape = _rows(cells), layout.graph.shapes[node.name]
    if cells.across:
        for k in range(outputs):
            named = say(text("out {n}", n=k + 1))
            sheet.cells.append(Cell(HEADER_ROWS, cells.kernel_at[1] + k, named, theme.HEADING_CENTER))
        if kernel is not None:
            for strip, row, _ in cells.slices(kernel, 0):
                for n, c in enumerate(strip.channels):
                    named = say(text("in {n}", n=c + 1)) if kernel.groups == 1 else f"{n + 1}"
                    sheet.cells.append(Cell(row + n, 1, named, theme.INDEX))
        return
    names = [b.sheet for b in layout.placements[node.name].blocks]
    first = HEADER_ROWS + 1
    for k in range(outputs):
        if outputs < shape.channels:
            named = say("all")
        elif shape.is_vector:
            named = say(text("value {n}", n=k + 1))
        else:
            named = names[k] if len(names) == outputs else say(text("map {n}", n=k + 1))
        sheet.cells.append(_leading(first + k * cells.row_step, 1, named, named if named in names else ""))
    if kernel is not None:
        height = cells.window(kernel).height
        for n, (strip, _, col) in enumerate(cells.slices(kernel, 0)):
            run, width = strip.channels, cells.source.size(strip, height)[1]
            if layout.interleaved:
                numbers = np.tile(np.arange(run.start + 1.0, run.stop + 1), len(strip.columns))[None]
                sheet.plain.append(Grid(HEADER_ROWS, col, 1, width, theme.INDEX, numbers))
                continue
            source = cells.source.block_of(run.start).sheet
            named = source if kernel.groups == 1 else say(text("input {n} of the group", n=n + 1))
            sheet.cells.append(_leading(HEADER_ROWS, col, named, source if kernel.groups == 1 else "", width))


def _leading(row: int, col: int, label: str, sheet: str, width: int = 1) -> Cell:
    """A label that leads to a sheet, if one is named."""
    if not sheet:
        return Cell(row, col, label, theme.TEXT, merge=width)
    return Cell(row, col, label, theme.NAVIGATION, link=f"{sheet}!A1", merge=width)
