"""When a workbook is better laid out interleaved than planar, where the user leaves it open."""

from __future__ import annotations

from typing import Literal

from sheetcnn.formulas.limits import Limits
from sheetcnn.model.graph import Graph

LayoutChoice = Literal["auto", "planar", "interleaved"]

MAX_MAP_SHEETS = 300
"""Sheets of maps beyond which a planar workbook is no pleasure: its tabs cannot be found any more."""
MAX_VALUES = 1_500_000
"""Values and weights beyond which a planar workbook opens and recalculates slowly: each pixel's formula
names a rectangle per input channel, where the interleaved one names a single one."""


def too_large_for_planar(graph: Graph, limits: Limits) -> str:
    """Why a network is too large for a sheet per feature map; "" if it may fit.

    Args:
        graph: the network.
        limits: of the program that the workbook is for.
    """
    maps = sum(shape.channels for shape in graph.shapes.values() if shape.size > shape.channels)
    most = min(MAX_MAP_SHEETS, limits.sheets)
    if maps > most:
        return f"with a sheet per feature map it would have {maps:,} sheets, over {most:,}"
    values = sum(shape.size for shape in graph.shapes.values())
    values += sum(p.size for node in graph.nodes for p in graph.owned(node))
    if values > MAX_VALUES:
        return f"it has {values:,} values and weights, over {MAX_VALUES:,}"
    return ""
