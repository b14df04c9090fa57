"""What the sheets say about a layer."""

from __future__ import annotations

from sheetcnn.graph import Graph, Node

TYPE_NUMBERS = "type numbers here: everything after this sheet is computed from them"
CHOSEN_PIXELS = "the pixels of the image that is chosen or painted on the page input_image"


def words(graph: Graph, node: Node) -> str:
    """One line that says what each value of a layer is, its activation included."""
    text = node.op.words(graph.input_shapes(node))
    return node.activation.around(text) if node.activation else text


def pre_words(graph: Graph, node: Node) -> str:
    """The same without the activation."""
    return node.op.words(graph.input_shapes(node))


def activation_words(graph: Graph, node: Node) -> str:
    """The activation of a layer's own pre-activation."""
    assert node.activation is not None  # noqa: S101  (only asked of nodes that have one; for mypy)
    return node.activation.words((graph.shapes[node.name],))


def kind_title(node: Node) -> str:
    """`convolution + ReLU`."""
    return node.op.title + (f" + {node.activation.title}" if node.activation else "")
