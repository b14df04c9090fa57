"""The first pages: the network as boxes, its parameters with their arithmetic, its maps as pictures."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.languages import text
from sheetcnn.model.graph import INPUT
from sheetcnn.pages.gallery import has_gallery
from sheetcnn.pages.layer_table import arithmetic
from sheetcnn.pages.picture import picture_size
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import describe_layer, kind_title
from sheetcnn.teaching.handouts.context import HandoutContext
from sheetcnn.teaching.paper.document import (
    Box,
    Boxes,
    DocumentPart,
    Figure,
    Figures,
    Heading,
    PageBreak,
    Paragraph,
    Scale,
    Table,
)

MOST_MAPS = 16
"""Maps of a layer that are shown."""
MOST_LAYERS = 24
"""Layers whose maps are shown; a deeper network shows the first ones."""
MOST_PIXELS = 28
WIDTH = 170.0
"""Millimetres across the page."""


def network(handout: HandoutContext) -> Iterator[DocumentPart]:
    """A diagram, and the table of layers."""
    graph, say = handout.graph, handout.say
    yield Heading(say("The network"))
    boxes = [Box(graph.source, (say("input"), str(graph.source_shape)), theme.TINTS["input"])]
    rows, total = [], 0
    for node in graph.nodes:
        count = sum(p.size for p in graph.owned(node))
        total += count
        shape = graph.shapes[node.name]
        lines = [say(kind_title(node)), str(shape)]
        if count:
            one = text("1 parameter")
            lines.append(say(one if count == 1 else text("{n} parameters", n=f"{count:,}")))
        tint = "weights" if count else "vector" if shape.is_vector else "maps"
        boxes.append(Box(node.name, lines, theme.TINTS[tint]))
        adds = node.op.multiply_adds(graph.input_shapes(node))
        product = say(arithmetic(graph, node))
        if count and not node.weights:
            product = f"{product} = {count:,}"
        words = say(describe_layer(graph, node))
        rows.append((node.name, words, str(shape), product, f"{adds:,}" if adds else ""))
    yield Boxes(boxes)
    heads = (say("layer"), say("each value is"), say("shape"), say("parameters"), say("multiply-adds"))
    yield Table(heads, rows, numbers=(4,), widths=(1.2, 3.4, 1.1, 2.4, 1.2))
    yield Paragraph(say(text("{layers} layers, {n} parameters", layers=len(graph.nodes), n=f"{total:,}")))


def maps(handout: HandoutContext) -> Iterator[DocumentPart]:
    """The input and the maps of every layer as pictures."""
    graph, say = handout.graph, handout.say
    yield PageBreak()
    yield Heading(say("The input and all maps"))
    source = handout.maps(graph.source)
    yield Figures(list(_pictures(handout, source, graph.source, "picture")))
    layers = [n for n in graph.nodes if n.name != INPUT and has_gallery(handout.plan.layout, n)]
    for node in layers[:MOST_LAYERS]:
        shape = graph.shapes[node.name]
        kind = say(kind_title(node))
        yield Paragraph(f"{node.name}: {kind}, {shape}", small=True)
        scale: Scale = "sequential" if graph.nonnegative[node.name] else "diverging"
        yield Figures(list(_pictures(handout, handout.maps(node.name), node.name, scale)))
        if shape.channels > MOST_MAPS:
            yield Paragraph(say(text("… and {n} more maps", n=shape.channels - MOST_MAPS)), small=True)
    if len(layers) > MOST_LAYERS:
        rest = text("… and {n} more layers with maps", n=len(layers) - MOST_LAYERS)
        yield Paragraph(say(rest), small=True)


def _pictures(handout: HandoutContext, values: Array, name: str, scale: Scale) -> Iterator[Figure]:
    """Each map as a picture; all of a layer have the same colours for the same numbers."""
    count = min(len(values), MOST_MAPS)
    step, _, wide = picture_size(values.shape[1], values.shape[2], MOST_PIXELS)
    greatest = float(abs(values).max())
    # As many beside each other as still can be seen, from half a centimetre to two and a half.
    across = max(6.0, min(24.0, WIDTH / min(count, 8) - 5))
    for k in range(count):
        pixels = values[k, ::step, ::step]
        caption = handout.say(text("map {n}", n=k + 1)) if name != handout.graph.source else name
        if name == handout.graph.source and len(values) > 1:
            caption = handout.say(text("channel {n}", n=k + 1))
        yield Figure(caption, pixels, scale, greatest=greatest, side=across / wide)
