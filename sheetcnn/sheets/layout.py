"""The planar layout: which sheet and which cells every tensor and every parameter gets.

One sheet per feature map, with pixel (1, 1) of every map at the same cell; vectors run down a column;
one sheet of weights per layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sheetcnn.engine import PRE, stage_key
from sheetcnn.errors import LimitError
from sheetcnn.formulas.expr import Ref
from sheetcnn.formulas.limits import EXCEL, Limits
from sheetcnn.formulas.placement import Block, Placement
from sheetcnn.formulas.region import Region
from sheetcnn.graph import Graph, Node
from sheetcnn.ops.base import Stage
from sheetcnn.shape import Margin, Shape
from sheetcnn.sheets.names import bases, numbered
from sheetcnn.sheets.weights import WeightCells, place_weights

HEADER_ROWS = 5
"""Title, words, navigation, sources, column numbers."""
FIRST_COLUMN = 2
"""The column after the row numbers."""
GAP = 1
"""Blank columns between two grids on one sheet, besides their margins."""
VECTOR_ROW = HEADER_ROWS + 1
VECTOR_COLUMN = 3
"""Vectors start here: column A numbers the values, column B names them."""


@dataclass(frozen=True)
class Options:
    """How a workbook is laid out; kept in the workbook.

    Attributes:
        relu: `fused` applies an activation inside the formula of the layer's result, `separate`
            gives the pre-activation a grid of its own.
    """

    relu: Literal["fused", "separate"] = "fused"


@dataclass(frozen=True)
class Layout:
    """Where everything is. Made by `planar`."""

    graph: Graph
    options: Options
    limits: Limits
    bases: Mapping[str, str]
    margins: Mapping[str, Margin]
    origin: tuple[int, int]
    placements: Mapping[str, Placement] = field(default_factory=dict)
    weights: Mapping[str, WeightCells] = field(default_factory=dict)

    def separate(self, node: Node) -> bool:
        """Whether the node's pre-activation has cells of its own."""
        return separate(node, self.options)

    def stages(self, node: Node) -> tuple[Stage, ...]:
        """The intermediate results of a node that have cells, its pre-activation last."""
        return _stages(self.graph, node, self.options)

    def on_columns(self, tensor: str) -> bool:
        """Whether a tensor runs down a column of one sheet (instead of a sheet per map)."""
        blocks = self.placements[tensor].blocks
        return any(b.channel_row for b in blocks)

    @cached_property
    def sheet_of_first(self) -> dict[str, str]:
        """For every tensor the sheet that holds its first value."""
        return {name: placement.blocks[0].sheet for name, placement in self.placements.items()}


def separate(node: Node, options: Options) -> bool:
    """Whether a node's pre-activation has cells of its own: on request, or to keep formulas short."""
    return node.activation is not None and (options.relu == "separate" or not node.activation.once)


def _stages(graph: Graph, node: Node, options: Options) -> tuple[Stage, ...]:
    own = node.op.stages(graph.input_shapes(node))
    if not separate(node, options):
        return own
    return (*own, Stage(PRE, graph.shapes[node.name], "pre-activation"))


def planar(graph: Graph, options: Options, limits: Limits = EXCEL) -> Layout:
    """Lay out a graph with one sheet per feature map.

    Args:
        graph: the network.
        options: kept in the workbook.
        limits: of the spreadsheet program the workbook is for.
    """
    margins = _margins(graph)
    around = [*margins.values()]
    around += [s.margin for node in graph.nodes for s in node.op.stages(graph.input_shapes(node))]
    origin = (
        HEADER_ROWS + 1 + max(m.top for m in around),
        FIRST_COLUMN + max(m.left for m in around),
    )
    names = bases([graph.source, *(node.name for node in graph.nodes)], limits.sheet_name_characters)
    placements: dict[str, Placement] = {}
    weights: dict[str, WeightCells] = {}
    layout = Layout(graph, options, limits, names, margins, origin, placements, weights)
    placements[graph.source] = _maps(names[graph.source], graph.source_shape, origin)
    for node in graph.nodes:
        if node.op.aliases():
            inputs = [placements[name] for name in node.inputs]
            placements[node.name] = node.op.alias(inputs, graph.shapes[node.name])
            continue
        _place(layout, node, placements)
        parameters = graph.parameters(node)
        if parameters:
            faces = next((p.faces for p in parameters if p.faces), "")
            source = placements[stage_key(node.name, faces) if faces else node.inputs[0]]
            cells = place_weights(
                f"{names[node.owner]}_w", parameters, source, (HEADER_ROWS + 1, FIRST_COLUMN + 1)
            )
            if node.weights and not cells.laid_out_as(weights[node.weights]):
                raise LimitError(
                    f"layer '{node.name}' uses the weights of '{node.weights}', but reads maps where "
                    "that reads a vector; give it weights of its own"
                )
            weights[node.name] = cells
    return layout


def _margins(graph: Graph) -> dict[str, Margin]:
    """For every tensor the blank cells around its maps that some reader's windows touch."""
    margins = {name: Margin() for name in graph.shapes}
    for node in reversed(graph.nodes):
        shapes = graph.input_shapes(node)
        reach = margins[node.name] if node.op.aliases() else node.op.reach(shapes)
        for name in node.inputs:
            margins[name] = margins[name].union(reach)
    return margins


def _place(layout: Layout, node: Node, placements: dict[str, Placement]) -> None:
    """Place a node's stages and its result."""
    shape, base = layout.graph.shapes[node.name], layout.bases[node.name]
    stages = layout.stages(node)
    margin = layout.margins[node.name]
    small = _small(Stage("", shape, "", margin))
    if not small:
        placements[node.name] = _maps(base, shape, layout.origin)
    col = layout.origin[1] + shape.width + margin.right + GAP
    columns = []
    for stage in stages:
        key = stage_key(node.name, stage.name)
        if stage.shape == shape and not small and not stage.margin.any:
            sheets = numbered(base, "f", shape.channels)
            placements[key] = _on_sheets(sheets, shape, (layout.origin[0], col))
            col += shape.width + GAP
        elif _small(stage):
            columns.append(stage)
        elif stage.shape.channels == 1:
            placements[key] = _on_sheets([f"{base}_{stage.name}"], stage.shape, layout.origin)
        else:
            placements[key] = _maps(f"{base}_{stage.name}", stage.shape, layout.origin)
    if small:
        _columns(f"{base}_out", node, (*columns, Stage("", shape, "")), placements)
    else:
        _columns(f"{base}_stat", node, tuple(columns), placements)


def _small(stage: Stage) -> bool:
    """Whether a tensor is one value per channel that no window overhangs: it runs down a column."""
    return stage.shape.height == 1 and stage.shape.width == 1 and not stage.margin.any


def _maps(base: str, shape: Shape, origin: tuple[int, int]) -> Placement:
    return _on_sheets(numbered(base, "f", shape.channels), shape, origin)


def _on_sheets(sheets: list[str], shape: Shape, origin: tuple[int, int]) -> Placement:
    return Placement(shape, tuple(Block(name, *origin, c, 1) for c, name in enumerate(sheets)))


def _columns(sheet: str, node: Node, stages: tuple[Stage, ...], placements: dict[str, Placement]) -> None:
    """Place vectors side by side, one column each; the result comes last."""
    for n, stage in enumerate(stages):
        key = stage_key(node.name, stage.name) if stage.name else node.name
        block = Block(sheet, VECTOR_ROW, VECTOR_COLUMN + n, 0, stage.shape.channels, channel_row=1)
        placements[key] = Placement(stage.shape, (block,))


@dataclass(frozen=True)
class NodeSite:
    """The surroundings of one node, as its formula sees them (see `ops.base.Site`)."""

    layout: Layout
    node: Node
    result: str

    @property
    def inputs(self) -> tuple[Placement, ...]:
        """Where the inputs live."""
        return tuple(self.layout.placements[name] for name in self.node.inputs)

    @property
    def out(self) -> Placement:
        """Where the op's result lives: the pre-activation, where that has cells of its own."""
        return self.layout.placements[self.result]

    def stage(self, name: str) -> Placement:
        """Where an intermediate result lives."""
        return self.layout.placements[stage_key(self.node.name, name)]

    def kernel(self, name: str, output: int) -> list[Ref]:
        """The kernel cells of one output channel."""
        return self.layout.weights[self.node.name].kernel(name, output)

    def value(self, name: str, channel: int) -> Ref:
        """The cell of a per-channel parameter."""
        return self.layout.weights[self.node.name].value(name, channel)

    def walk(self, name: str, region: Region) -> Ref:
        """A parameter of role `channel` or `map`, walking with the values of a region."""
        return self.layout.weights[self.node.name].walk(name, region)
