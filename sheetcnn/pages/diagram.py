"""The network as rows of boxes made of cells, from input to prediction, each linked to its sheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sheetcnn.languages import text
from sheetcnn.model.graph import Graph, Node
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import kind_title
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.xlsx.book import Cell

WIDE, GAP = 7, 1
"""Columns of a box and between two."""
PER_ROW = 8
MOST_BOXES = 64
"""Boxes beyond which the picture would only be long; the table below it lists every layer."""


@dataclass(frozen=True)
class _Box:
    """What a box says."""

    name: str
    kind: str
    shape: str
    parameters: int
    tint: str
    reads: Sequence[str]


def row_count(graph: Graph) -> int:
    """Rows of the picture."""
    boxes = min(len(graph.nodes) + 1, MOST_BOXES)
    rows = -(-boxes // PER_ROW)
    return rows * (_box_rows(graph) + 1) - 1 + (len(graph.nodes) >= MOST_BOXES)


def _box_rows(graph: Graph) -> int:
    """Rows of a box: name, kind (two), shape, parameters and, with branches, what it reads."""
    return 6 if any(reads for reads in _branches(graph)) else 5


def _branches(graph: Graph) -> Iterator[Sequence[str]]:
    """For every node what it reads, where that is not just the one before."""
    before = graph.source
    for node in graph.nodes:
        yield () if node.inputs == (before,) else node.inputs
        before = node.name


def _boxes(layout: Layout) -> Iterator[_Box]:
    graph, say = layout.graph, layout.say
    source = str(graph.source_shape)
    yield _Box(graph.source, say("input"), source, 0, theme.TINTS["input"], ())
    for node, reads in zip(graph.nodes, _branches(graph), strict=True):
        count = sum(p.size for p in graph.owned(node))
        yield _Box(
            node.name, say(kind_title(node)), str(graph.shapes[node.name]), count, _tint(layout, node), reads
        )


def _tint(layout: Layout, node: Node) -> str:
    if node.name in layout.weights:
        return theme.TINTS["weights"]
    return theme.TINTS["vector" if layout.graph.shapes[node.name].is_vector else "maps"]


def draw(layout: Layout, page: SheetPlan, top: int, left: int) -> None:
    """Draw the boxes with their upper left corner at a cell."""
    say, graph = layout.say, layout.graph
    box_rows = _box_rows(graph)
    boxes = list(_boxes(layout))
    for n, box in enumerate(boxes[:MOST_BOXES]):
        row = top + n // PER_ROW * (box_rows + 1)
        col = left + n % PER_ROW * (WIDE + GAP)
        sheet = layout.sheet_of_first[box.name]
        one = text("1 parameter")
        count = say(one if box.parameters == 1 else text("{n} parameters", n=f"{box.parameters:,}"))
        lines: list[tuple[str | None, int, str | None]] = [
            (box.name, 1, f"{sheet}!A1"),
            (box.kind, 2, None),
            (box.shape, 1, None),
            (count if box.parameters else None, 1, None),
        ]
        if box_rows > 5:
            reads = ", ".join(box.reads)
            lines.append((f"◄ {reads}" if reads else None, 1, None))
        at = row
        for m, (words, rows, link) in enumerate(lines):
            style = theme.box_style(box.tint, ("name", "kind", "shape")[m] if m < 3 else "small")
            page.cells.append(Cell(at, col, words, style, link=link, merge=WIDE, merge_rows=rows))
            at += rows
        if n + 1 < min(len(boxes), MOST_BOXES):
            arrow = "►" if (n + 1) % PER_ROW else "▼"
            page.cells.append(Cell(row + 3, col + WIDE, arrow, theme.INDEX))
    if len(boxes) > MOST_BOXES:
        rest = say(text("… and {n} more layers, all in the table below", n=len(boxes) - MOST_BOXES))
        page.cells.append(Cell(top + row_count(graph) - 1, left, rest, theme.SUBTITLE))
