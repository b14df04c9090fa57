"""Which pages a workbook gets where the user leaves it open: all that fit the network's size."""

from __future__ import annotations

from dataclasses import replace

from sheetcnn.model.graph import Graph
from sheetcnn.pages import changes
from sheetcnn.pages import input as input_page
from sheetcnn.sheets.layout import PAGES, Options, PageName

MOST_VALUES = 1_000_000
"""Values of all layers beyond which a workbook gets overview, views and traces only."""


def fitting_pages(graph: Graph) -> tuple[PageName, ...]:
    """The pages that fit a network's size, in the order of `PAGES`."""
    if sum(shape.size for shape in graph.shapes.values()) > MOST_VALUES:
        return ("trace",)
    left_out: set[PageName] = set()
    if graph.source_shape.size > input_page.MOST_VALUES:
        left_out.add("input")
    if sum(p.size for node in graph.nodes for p in graph.owned(node)) > changes.MOST_WEIGHTS:
        left_out.add("changes")
    return tuple(page for page in PAGES if page not in left_out)


def with_pages(graph: Graph, options: Options) -> Options:
    """Options that name their pages, in the order of `PAGES`."""
    wanted = fitting_pages(graph) if options.pages is None else options.pages
    return replace(options, pages=tuple(page for page in PAGES if page in wanted))
