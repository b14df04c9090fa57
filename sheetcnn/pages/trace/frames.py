"""Frames on the sheets of maps around the pixel that a trace page is about, and around its window."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.formulas.a1 import area
from sheetcnn.model.graph import Node
from sheetcnn.pages.trace.conv import CHOICES_AT, FIRST, trace_name
from sheetcnn.pages.trace.table import traces_pixels
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.xlsx.book import Highlight


def names(layout: Layout) -> Iterator[tuple[str, str]]:
    """Names for the cells in which map, row and column are chosen: (name, `sheet!$A$1`)."""
    for node in _traced(layout):
        sheet = trace_name(layout, node)
        for n, what in enumerate(("map", "row", "column")):
            yield f"{sheet}_{what}", f"{sheet}!{area(CHOICES_AT + n, FIRST, 1, 1, fixed=True)}"


def frames(layout: Layout) -> Iterator[tuple[str, Highlight]]:
    """Frames around each chosen pixel on its map, and around its window on the input maps (sheet, frame)."""
    if not layout.interleaved:
        for node in _traced(layout):
            yield from _highlights(layout, node)


def _traced(layout: Layout) -> Iterator[Node]:
    """The layers whose trace page asks for a map, a row and a column."""
    for node in layout.graph.nodes:
        if node.name not in layout.aliases and traces_pixels(layout, node):
            yield node


def _highlights(layout: Layout, node: Node) -> Iterator[tuple[str, Highlight]]:
    geometry = node.op.receptive_window(layout.graph.input_shapes(node))
    weights = layout.weights.get(node.name)
    kernel = weights.kernel_parameter if weights is not None else None
    if geometry is None:
        return
    name = trace_name(layout, node)
    out, source = layout.placements[node.name], layout.placements[node.inputs[0]]
    for k, block in enumerate(out.blocks):
        here = f"ROW()={block.row}-1+{name}_row,COLUMN()={block.col}-1+{name}_column"
        cells = area(block.row, block.col, out.shape.height, out.shape.width)
        yield block.sheet, Highlight((cells,), f"AND({name}_map={k + 1},{here})", theme.ACCENT)
    (high, wide), (sy, sx) = geometry.extent, geometry.stride
    per_out = out.shape.channels // kernel.groups if kernel is not None else 1
    for block in source.blocks:
        top, left = block.cell(block.first, -geometry.before[0], -geometry.before[1])
        row, col = f"({top}+({name}_row-1)*{sy})", f"({left}+({name}_column-1)*{sx})"
        inside = [f"ROW()>={row}", f"ROW()<{row}+{high}", f"COLUMN()>={col}", f"COLUMN()<{col}+{wide}"]
        if kernel is None:  # pooling: from the map of the same number
            inside.append(f"{name}_map={block.first + 1}")
        elif kernel.groups > 1:
            first = block.first // kernel.kernel_shape[1] * per_out
            inside += [f"{name}_map>{first}", f"{name}_map<={first + per_out}"]
        size = ((out.shape.height - 1) * sy + high, (out.shape.width - 1) * sx + wide)
        yield block.sheet, Highlight((area(top, left, *size),), f"AND({','.join(inside)})", theme.ACCENT)
