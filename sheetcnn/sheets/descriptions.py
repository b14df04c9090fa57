"""What the sheets say about a layer."""

from __future__ import annotations

from sheetcnn.languages import Text, text
from sheetcnn.model.graph import Graph, Node

TYPE_NUMBERS = "type numbers here: everything after this sheet is computed from them"
CHOSEN_PIXELS = "the pixels of the image that is chosen or painted on the page input_image"


def describe_layer(graph: Graph, node: Node) -> str:
    """One line that says what each value of a layer is, its activation included."""
    own = node.op.describe(graph.input_shapes(node))
    return node.activation.describe_applied(own) if node.activation else own


def describe_pre_activation(graph: Graph, node: Node) -> str:
    """The same without the activation."""
    return node.op.describe(graph.input_shapes(node))


def describe_activation(graph: Graph, node: Node) -> str:
    """The activation of a layer's own pre-activation."""
    assert node.activation is not None  # noqa: S101  (only asked of nodes that have one; for mypy)
    return node.activation.describe((graph.shapes[node.name],))


def kind_title(node: Node) -> Text:
    """`convolution + ReLU`."""
    kind = text(node.op.title)
    if node.activation is None:
        return kind
    return text("{kind} + {activation}", kind=kind, activation=text(node.activation.title))
