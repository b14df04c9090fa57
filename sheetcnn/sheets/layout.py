"""The layouts: which sheet and which cells every tensor and every parameter gets.

*Planar*, for learning: one sheet per feature map, with pixel (1, 1) of every map at the same cell.
*Interleaved*, for big networks: one sheet per layer, with the channels of a pixel side by side. In both,
vectors run down a column, and each layer has one sheet of weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from sheetcnn.errors import LimitError
from sheetcnn.formulas.expr import Rect, Ref
from sheetcnn.formulas.limits import EXCEL, GOOGLE_SHEETS, LIBREOFFICE, Limits
from sheetcnn.formulas.placement import Block, Placement
from sheetcnn.formulas.region import Region
from sheetcnn.languages import Language, language
from sheetcnn.model.engine import PRE, stage_key
from sheetcnn.model.graph import Graph, Node
from sheetcnn.model.ops.base import Parameter, Stage
from sheetcnn.shape import Margin, Shape
from sheetcnn.sheets.names import bases, numbered
from sheetcnn.sheets.weight_cells import MapKernel, WeightCells, place_weights

HEADER_ROWS = 5
"""Title, words, navigation, sources, column numbers."""
FIRST_COLUMN = 2
"""The column after the row numbers."""
GAP = 1
"""Blank columns between two grids on one sheet, besides their margins."""
VECTOR_ROW = HEADER_ROWS + 1
VECTOR_COLUMN = 3
"""Vectors start here: column A numbers the values, column B names them."""


INTERLEAVED_HEADER_ROWS = HEADER_ROWS + 1
"""The same and a row of channel numbers below the column numbers."""
MOST_SOURCES = 60
"""Links to the sheets that a sheet reads; more would only make the row unreadable."""
MOST_BLOCKS = 64
"""A result of more blocks than this that only orders cells is copied in the interleaved layout: a formula
that reads it names every block."""

ReluName = Literal["fused", "separate"]
LayoutName = Literal["planar", "interleaved"]
Target = Literal["excel", "libreoffice", "sheets"]
SampleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")]
"""A name that no program takes for a number, a date or a pattern, once it is typed (see `pages.input`)."""


@dataclass(frozen=True)
class Options:
    """How a workbook is laid out; kept in the workbook.

    Attributes:
        relu: `fused` applies an activation inside the formula of the layer's result, `separate`
            gives the pre-activation a grid of its own.
        layout: `planar` or `interleaved`.
        target: the program whose limits it keeps to.
        pages: the optional pages, by the names of `pages.registry`; None: all that fit the network's size.
        language: of the texts, `en` or `de`.
        samples: names of the images that can be chosen, where there is an input page.
    """

    relu: ReluName = "fused"
    layout: LayoutName = "planar"
    target: Target = "excel"
    pages: tuple[str, ...] | None = None
    language: str = "en"
    samples: tuple[SampleName, ...] = ("image",)

    @property
    def limits(self) -> Limits:
        """Of the target."""
        return {"excel": EXCEL, "libreoffice": LIBREOFFICE, "sheets": GOOGLE_SHEETS}[self.target]


@dataclass(frozen=True)
class Layout:
    """Where everything is. Made by `make_layout`.

    Attributes:
        graph: the network.
        options: of the layout.
        limits: of the program that it must fit.
        bases: the beginning of the names of each layer's sheets.
        margins: the blank cells around each tensor's maps.
        origin: the cell of pixel (1, 1) of every planar map; the row counts in the interleaved layout too.
        placements: of every tensor and stage.
        weights: of every layer that has parameters.
        aliases: the layers whose result is cells of others.
    """

    graph: Graph
    options: Options
    limits: Limits
    bases: Mapping[str, str]
    margins: Mapping[str, Margin]
    origin: tuple[int, int]
    placements: Mapping[str, Placement] = field(default_factory=dict)
    weights: Mapping[str, WeightCells] = field(default_factory=dict)
    aliases: Set[str] = frozenset()

    @property
    def interleaved(self) -> bool:
        """Whether the channels of a pixel stand side by side."""
        return self.options.layout == "interleaved"

    def has(self, page: str) -> bool:
        """Whether the workbook has a page of that sort."""
        return page in (self.options.pages or ())

    @cached_property
    def say(self) -> Language:
        """Says texts in the workbook's language."""
        return language(self.options.language)

    def separate(self, node: Node) -> bool:
        """Whether a node's pre-activation has cells of its own: on request, or to keep formulas short."""
        activation = node.activation
        return activation is not None and (self.options.relu == "separate" or not activation.once)

    def stages(self, node: Node) -> tuple[Stage, ...]:
        """The intermediate results of a node that have cells, its pre-activation last."""
        own = node.op.stages(self.graph.input_shapes(node))
        before = Stage(PRE, self.graph.shapes[node.name], "pre-activation")
        return (*own, before) if self.separate(node) else own

    def on_columns(self, tensor: str) -> bool:
        """Whether a tensor runs down a column of one sheet (instead of a sheet per map)."""
        blocks = self.placements[tensor].blocks
        return any(b.channel_row for b in blocks)

    @cached_property
    def sheet_of_first(self) -> dict[str, str]:
        """For every tensor the sheet that holds its first value."""
        return {name: placement.blocks[0].sheet for name, placement in self.placements.items()}


def view_name(layout: Layout, tensor: str) -> str:
    """The sheet that shows one channel of a tensor as an image, in the interleaved layout."""
    return f"{layout.bases[tensor]}_view"


def make_layout(graph: Graph, options: Options, limits: Limits = EXCEL) -> Layout:
    """Lay out a graph.

    Args:
        graph: the network.
        options: kept in the workbook.
        limits: of the spreadsheet program the workbook is for.

    Raises:
        LimitError: if a map is too wide for a sheet even alone.
    """
    margins = _margins(graph)
    around = [*margins.values()]
    around += [s.margin for node in graph.nodes for s in node.op.stages(graph.input_shapes(node))]
    header = INTERLEAVED_HEADER_ROWS if options.layout == "interleaved" else HEADER_ROWS
    origin = (header + 1 + max(m.top for m in around), FIRST_COLUMN + max(m.left for m in around))
    names = bases([graph.source, *(node.name for node in graph.nodes)], limits.sheet_name_characters)
    placements: dict[str, Placement] = {}
    weights: dict[str, WeightCells] = {}
    aliases: set[str] = set()
    layout = Layout(graph, options, limits, names, margins, origin, placements, weights, aliases)
    placements[graph.source] = _maps(
        layout, names[graph.source], graph.source_shape, margins[graph.source], graph.source
    )
    for node in graph.nodes:
        inputs = [placements[name] for name in node.inputs]
        place = _alias(layout, node, inputs)
        if place is not None:
            placements[node.name] = place
            aliases.add(node.name)
            continue
        _place(layout, node, placements)
        parameters = graph.parameters(node)
        if parameters:
            faces = next((p.faces for p in parameters if p.faces), "")
            source = placements[stage_key(node.name, faces)] if faces else inputs[0]
            cells = place_weights(
                f"{names[node.owner]}_w",
                [_facing(p, source) for p in parameters],
                source,
                (HEADER_ROWS + 1, FIRST_COLUMN + 1),
                gap=0 if layout.interleaved else 1,
            )
            if node.weights and not cells.laid_out_as(weights[node.weights]):
                raise LimitError(
                    f"layer '{node.name}' uses the weights of '{node.weights}', but its input lies on the "
                    "sheets in another way (maps instead of a vector, or other blocks); give it weights of "
                    "its own"
                )
            weights[node.name] = cells
    return layout


def _alias(layout: Layout, node: Node, inputs: Sequence[Placement]) -> Placement | None:
    """The cells that already hold a node's result, if it needs none of its own."""
    graph = layout.graph
    flattened = node.op.passes_through and inputs[0].shape != graph.shapes[node.inputs[0]]
    # A dense layer can read maps where they stand, as long as its weights fit in the same form.
    if flattened or (
        layout.interleaved and node.op.flattens and _read_in_place(layout, node.name, inputs[0])
    ):
        return inputs[0]
    if not node.op.aliases:
        return None
    place = node.op.alias(inputs, graph.shapes[node.name])
    return None if layout.interleaved and len(place.blocks) > MOST_BLOCKS else place


def _read_in_place(layout: Layout, name: str, maps: Placement) -> bool:
    """Whether all that read a flattened tensor are dense layers (perhaps behind a dropout)."""
    graph, shape = layout.graph, maps.shape
    if name in graph.outputs:
        return False
    for consumer in graph.consumers[name]:
        if consumer.op.passes_through:
            if not _read_in_place(layout, consumer.name, maps):
                return False
            continue
        if not consumer.op.reads_in_place:
            return False
        rows = graph.shapes[consumer.name].channels * (shape.height + 1) + HEADER_ROWS
        cols = shape.width * shape.channels + len(maps.blocks) + FIRST_COLUMN + 2
        if rows > layout.limits.rows or cols > layout.limits.columns:
            return False
    return True


def _facing(parameter: Parameter, source: Placement) -> Parameter:
    """A dense layer's weights as kernels, where it reads maps as they stand."""
    shape = source.shape
    if parameter.role != "kernel" or len(parameter.shape) != 2 or shape.size == shape.channels:
        return parameter
    return MapKernel(parameter.name, parameter.shape, "kernel", parameter.label, seen=shape)


def _margins(graph: Graph) -> dict[str, Margin]:
    """For every tensor the blank cells around its maps that some layer's windows touch."""
    margins = {name: Margin() for name in graph.shapes}
    for node in reversed(graph.nodes):
        shapes = graph.input_shapes(node)
        extent = margins[node.name] if node.op.aliases else node.op.padding_extent(shapes)
        for name in node.inputs:
            margins[name] = margins[name].union(extent)
    return margins


def _place(layout: Layout, node: Node, placements: dict[str, Placement]) -> None:
    """Place a node's stages and its result."""
    shape, base = layout.graph.shapes[node.name], layout.bases[node.name]
    stages = layout.stages(node)
    margin = layout.margins[node.name]
    small = _small(Stage("", shape, "", margin))
    if not small:
        placements[node.name] = _maps(layout, base, shape, margin, node.name)
    col = layout.origin[1] + shape.width + margin.right + GAP
    columns = []
    for stage in stages:
        key = stage_key(node.name, stage.name)
        own = f"{base}_{stage.name}"
        if _small(stage):
            columns.append(stage)
        elif layout.interleaved:
            placements[key] = _maps(layout, own, stage.shape, stage.margin, node.name)
        elif stage.shape == shape and not small and not stage.margin.any:
            sheets = numbered(base, "f", shape.channels)
            placements[key] = _on_sheets(sheets, shape, (layout.origin[0], col))
            col += shape.width + GAP
        elif stage.shape.channels == 1:
            placements[key] = _on_sheets([own], stage.shape, layout.origin)
        else:
            placements[key] = _maps(layout, own, stage.shape, stage.margin, node.name)
    if small:
        _columns(f"{base}_out", node, (*columns, Stage("", shape, "")), placements)
    else:
        _columns(f"{base}_stat", node, tuple(columns), placements)


def _small(stage: Stage) -> bool:
    """Whether a tensor is one value per channel that no window overhangs: it runs down a column."""
    return stage.shape.height == 1 and stage.shape.width == 1 and not stage.margin.any


def _maps(layout: Layout, base: str, shape: Shape, margin: Margin, layer: str) -> Placement:
    if layout.interleaved:
        return _interleaved(layout, base, shape, margin, layer)
    return _on_sheets(numbered(base, "f", shape.channels), shape, layout.origin)


def _on_sheets(sheets: list[str], shape: Shape, origin: tuple[int, int]) -> Placement:
    return Placement(shape, tuple(Block(name, *origin, c, 1) for c, name in enumerate(sheets)))


def _interleaved(layout: Layout, base: str, shape: Shape, margin: Margin, layer: str) -> Placement:
    """One sheet, or several with some of the channels each where one is not wide enough."""
    width = margin.left + shape.width + margin.right
    most = (layout.limits.columns - FIRST_COLUMN + 1) // width
    if not most:
        raise LimitError(
            f"layer '{layer}' would need {width + FIRST_COLUMN - 1:,} columns for one channel, but "
            f"{layout.limits.program} holds at most {layout.limits.columns:,}; use a smaller input or less "
            "padding"
        )
    count = -(-shape.channels // most)
    edges = [shape.channels * n // count for n in range(count + 1)]
    blocks = []
    for n, (first, stop) in enumerate(pairwise(edges)):
        channels = stop - first
        name = f"{base}_maps{n + 1}" if count > 1 else f"{base}_maps"
        col = FIRST_COLUMN + margin.left * channels
        place = (layout.origin[0], col, first, channels)
        blocks.append(Block(name, *place, channel_col=1, x_col=channels))
    return Placement(shape, tuple(blocks))


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

    def kernel(self, name: str, output: int) -> list[Rect]:
        """The kernel cells of one output channel."""
        return self.layout.weights[self.node.name].kernel(name, output)

    def value(self, name: str, channel: int) -> Ref:
        """The cell of a per-channel parameter."""
        return self.layout.weights[self.node.name].value(name, channel)

    def walk(self, name: str, region: Region) -> Ref:
        """A parameter of role `channel` or `map`, walking with the values of a region."""
        return self.layout.weights[self.node.name].walk(name, region)
