"""Which layer's page traces what: one row per way of computing a value."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.model.graph import Node
from sheetcnn.pages.trace.conv import can_trace, trace_name, trace_sheet
from sheetcnn.pages.trace.dense import can_trace_dense, dense_sheet
from sheetcnn.pages.trace.pool import can_trace_pool, pool_sheet
from sheetcnn.pages.trace.softmax import can_trace_softmax, softmax_sheet
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan

KINDS = (
    (can_trace, trace_sheet),
    (can_trace_pool, pool_sheet),
    (can_trace_dense, dense_sheet),
    (can_trace_softmax, softmax_sheet),
)


def sheets(layout: Layout, node: Node) -> Iterator[SheetPlan]:
    """The page that traces one value of a layer, where one of the ways suits it."""
    for can, sheet in KINDS:
        if can(layout, node):
            yield sheet(layout, node, trace_name(layout, node))
            return


def traces_pixels(layout: Layout, node: Node) -> bool:
    """Whether a layer's page asks for a map, a row and a column."""
    return can_trace(layout, node) or can_trace_pool(layout, node)
