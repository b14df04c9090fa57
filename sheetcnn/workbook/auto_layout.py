"""Chooses the layout of a workbook where the user leaves it open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sheetcnn.errors import LimitError
from sheetcnn.model.graph import Graph, Model
from sheetcnn.model.passes import with_fused_activations
from sheetcnn.sheets.layout import LayoutName, Options
from sheetcnn.workbook.plan import make_plan

LayoutChoice = Literal["auto", "planar", "interleaved"]

MOST_SHEETS = 300
"""Sheets of maps beyond which a planar workbook is no pleasure: its tabs cannot be found any more."""
MOST_CELLS = 1_500_000
"""Values and weights beyond which a planar workbook opens and recalculates slowly: each pixel's formula
names a rectangle per input channel, where the interleaved one names a single one."""


@dataclass(frozen=True)
class ChosenLayout:
    """A layout and, where it was chosen here, why."""

    layout: LayoutName
    reason: str = ""


def choose_layout(graph: Graph, wanted: LayoutChoice, options: Options) -> ChosenLayout:
    """The layout for a network: planar while it fits, interleaved beyond.

    Args:
        graph: the network.
        wanted: a layout, or `auto`.
        options: the others; their `layout` is not looked at.
    """
    if wanted != "auto":
        return ChosenLayout(wanted)
    planar = replace(options, layout="planar")
    maps = sum(shape.channels for shape in graph.shapes.values() if shape.size > shape.channels)
    most = min(MOST_SHEETS, planar.limits.sheets)
    if maps > most:
        return ChosenLayout(
            "interleaved", f"with a sheet per feature map it would have {maps:,} sheets, over {most:,}"
        )
    values = sum(shape.size for shape in graph.shapes.values())
    values += sum(p.size for node in graph.nodes for p in graph.owned(node))
    if values > MOST_CELLS:
        return ChosenLayout("interleaved", f"it has {values:,} values and weights, over {MOST_CELLS:,}")
    try:
        make_plan(graph, planar)
    except LimitError as error:
        return ChosenLayout("interleaved", f"with a sheet per feature map, {str(error).partition(';')[0]}")
    return ChosenLayout("planar", f"its {maps:,} feature maps fit on sheets of their own")


def prepared(model: Model, options: Options) -> Model:
    """The model as a layout computes it: the interleaved one has no sheets for activations alone."""
    return Model.of(prepared_graph(model.graph, options), model.params)


def prepared_graph(graph: Graph, options: Options) -> Graph:
    """The same of the graph alone."""
    if options.layout == "planar" or options.relu == "separate":
        return graph
    return with_fused_activations(graph)
