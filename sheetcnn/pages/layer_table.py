"""The table of layers on the overview: what each does, its window, its parameters, what it costs and sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, prod

from sheetcnn.languages import Text, read_texts, text
from sheetcnn.model.graph import Graph, Node
from sheetcnn.pages.receptive import Field, most_seen, receptive_fields
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import describe_layer, kind_title
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.xlsx.book import Cell, Style

_TEXT = Style(color=theme.INK, vertical="center", border=theme.RULE)
_WRAPPED = Style(size=10, color=theme.INK, vertical="center", wrap=True, border=theme.RULE)
_CENTERED = replace(_TEXT, horizontal="center")
_COUNT = replace(_TEXT, number_format="#,##0", horizontal="right")
_LAYER = replace(_TEXT, color=theme.LINK, underline=True)
_LINK = Style(color=theme.LINK, underline=True, vertical="center")

COLUMNS: tuple[tuple[str, int, Style], ...] = (
    ("layer", 6, _LAYER),
    ("kind", 9, _WRAPPED),
    ("each value is", 19, _WRAPPED),
    ("shape", 5, _CENTERED),
    ("window", 3, _CENTERED),
    ("stride", 3, _CENTERED),
    ("padding", 4, _CENTERED),
    ("sees", 4, _CENTERED),
    ("parameters", 11, _TEXT),
    ("", 4, _COUNT),
    ("multiply-adds", 5, _COUNT),
)
WIDE = sum(span for _, span, _ in COLUMNS)
PER_ROW, LINK_SPAN = 14, 4
_PER_COLUMN = 3.3
"""Characters that a column's width holds."""


def draw(layout: Layout, page: SheetPlan, sheets: Sequence[SheetPlan], top: int, left: int) -> None:
    """Write the table, and below it the links to all sheets.

    Args:
        layout: of the workbook.
        page: the overview.
        sheets: all the other sheets.
        top: row of the table's title.
        left: its first column.
    """
    say = layout.say
    page.cells.append(Cell(top, left, say("Layers"), theme.SECTION))
    col = left
    notes = read_texts(__file__)["notes"]
    for head, span, style in COLUMNS:
        look = replace(theme.HEADING, horizontal=style.horizontal)
        note = say(notes[head]) if head in notes else ""
        page.cells.append(Cell(top + 1, col, say(head) if head else None, look, merge=span, note=note))
        col += span
    row = top + 2
    total, adds = 0, 0
    for name, cells in _rows(layout):
        col = left
        lines = 1
        for (_, span, style), value in zip(COLUMNS, cells, strict=True):
            link = f"{layout.sheet_of_first[name]}!A1" if col == left else None
            page.cells.append(Cell(row, col, value, style, link=link, merge=span))
            if style is _WRAPPED and isinstance(value, str):
                lines = max(lines, ceil(len(value) / (span * _PER_COLUMN)))
            col += span
        page.format.row_heights[row] = max(theme.SMALL_HEIGHT, 13.5 * lines + 4)
        row += 1
        total += int(cells[9] or 0)
        adds += int(cells[10] or 0)
    at = left + sum(span for _, span, _ in COLUMNS[:8])
    page.cells += [
        Cell(row, at, say("together"), theme.HEADING, merge=COLUMNS[8][1]),
        Cell(row, at + COLUMNS[8][1], total, replace(_COUNT, bold=True), merge=COLUMNS[9][1]),
        Cell(row, left + WIDE - COLUMNS[10][1], adds, replace(_COUNT, bold=True), merge=COLUMNS[10][1]),
    ]
    _links(layout, page, sheets, row + 2, left)


def _rows(layout: Layout) -> Iterator[tuple[str, tuple[str | int | None, ...]]]:
    """What stands in each row."""
    graph, say = layout.graph, layout.say
    seen = receptive_fields(graph)
    source = graph.source
    chosen = "the image that is chosen or painted" if layout.has("input") else "a number that you can change"
    size = str(graph.source_shape)
    yield source, (source, say("input"), say(chosen), size, None, None, None, "1×1", None, None, None)
    for node in graph.nodes:
        field = seen.get(node.name)
        shapes = graph.input_shapes(node)
        adds = node.op.multiply_adds(shapes)
        count = sum(p.size for p in graph.owned(node))
        window, stride, padding = _window(graph, node)
        yield (
            node.name,
            (
                node.name,
                say(kind_title(node)),
                say(describe_layer(graph, node)),
                str(graph.shapes[node.name]),
                window,
                stride,
                say(padding) if isinstance(padding, str) else padding,
                None if field is None else say(_sees(graph, node.name, field)),
                say(arithmetic(graph, node)),
                count or None,
                adds or None,
            ),
        )


def _window(graph: Graph, node: Node) -> tuple[str | None, str | None, str | None]:
    """Kernel size, stride and padding in words, where the layer has windows."""
    geometry = node.op.receptive_window(graph.input_shapes(node))
    if geometry is None or (geometry.kernel == (1, 1) and not hasattr(node.op, "kernel_size")):
        return None, None, None
    size = "×".join(map(str, geometry.kernel))
    rows, cols = geometry.stride
    stride = str(rows) if rows == cols else f"{rows}×{cols}"
    padding = getattr(node.op, "padding", None)
    if isinstance(padding, tuple | list):
        padding = "×".join(map(str, padding))
    return size, stride, None if padding is None else str(padding)


def _sees(graph: Graph, name: str, field: Field) -> str:
    source = graph.source_shape
    size = most_seen(field, graph.shapes[name], source)
    return text("all") if size == (source.height, source.width) else "×".join(map(str, size))


def arithmetic(graph: Graph, node: Node) -> str:
    """The multiplication that gives a layer's parameters: `8 × 4 × 3 × 3 + 8`."""
    if node.weights:
        return text("those of {layer}", layer=node.weights)
    parts = [" × ".join(map(str, p.shape)) for p in graph.owned(node) if prod(p.shape)]
    return " + ".join(parts)


def _links(layout: Layout, page: SheetPlan, sheets: Sequence[SheetPlan], row: int, left: int) -> None:
    """Links to every sheet, a row per layer."""
    say = layout.say
    page.cells.append(Cell(row, left, say("All sheets"), theme.SECTION))
    owned: dict[str, list[str]] = {}
    for sheet in sheets:
        owned.setdefault(sheet.layer, []).append(sheet.name)
    row += 1
    for name in (layout.graph.source, *(node.name for node in layout.graph.nodes)):
        names = owned.get(name, [])
        if not names:
            continue
        page.cells.append(Cell(row, left, name, _TEXT, merge=COLUMNS[0][1]))
        for n, target in enumerate(names):
            at = (row + n // PER_ROW, left + COLUMNS[0][1] + n % PER_ROW * LINK_SPAN)
            short = target.removeprefix(f"{layout.bases[name]}_")  # the row names the layer already
            page.cells.append(Cell(*at, short, _LINK, link=f"{target}!A1", merge=LINK_SPAN))
        row += -(-len(names) // PER_ROW)


def page_links(layout: Layout, page: SheetPlan, sheets: Sequence[SheetPlan], row: int, left: int) -> None:
    """Links to the pages about the whole network, in one row."""
    for n, name in enumerate(sheet.name for sheet in sheets if not sheet.layer):
        shown: str | Text = name.replace("_", " ")
        page.cells.append(
            Cell(row, left + n * 8, f"{layout.say(shown)} ►", _LINK, link=f"{name}!A1", merge=8)
        )
