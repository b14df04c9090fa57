"""Runs a model in NumPy, in float64, and keeps every activation.

Nothing here looks at a formula: the engine is one of the oracles that the workbook is checked against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sheetcnn.errors import ImageError, LimitError
from sheetcnn.model.graph import Graph, Model, Node
from sheetcnn.shape import Array

PRE = "z"
"""The stage that holds what a layer's activation is applied to."""

SEPARATOR = "#"
"""Between a layer and its stage; no layer's name may hold it."""


def stage_key(layer: str, stage: str) -> str:
    """The name of an intermediate result among all tensors: `softmax#max`."""
    return f"{layer}{SEPARATOR}{stage}"


@dataclass(frozen=True)
class Result:
    """The result of a network on an image.

    Attributes:
        activations: every tensor by name, `(C, H, W)` or `(N,)`: the pixels, the result of each layer, and
            its intermediate results, such as `conv1#z` for the pre-activation of `conv1`.
        output: the result of the (first) output layer.
        prediction: index of the largest output, counted from 0; None unless the output is one value
            for each of several classes.
        label: the label of the prediction, or its index as text if there are no labels; "" if there is
            no prediction.
    """

    activations: dict[str, Array]
    output: Array
    prediction: int | None
    label: str


NOTHING = Result({}, np.empty(0), None, "")
"""What there is where no network is run."""


def checked(image: Array, graph: Graph) -> Array:
    """An image in float64, if the network can be run on it.

    Raises:
        ImageError: if it has another shape than the network's input, or is not finite.
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.shape != graph.source_shape.dims:
        found = "×".join(map(str, pixels.shape))
        raise ImageError(
            f"the image has shape {found}, but the network's input is {graph.source_shape} (C×H×W)"
        )
    if not np.isfinite(pixels).all():
        raise ImageError("the image holds values that are not finite (NaN or infinity)")
    return pixels


def run(model: Model, image: Array) -> Result:
    """Run the network on one image.

    Args:
        model: from `load`.
        image: raw pixels `(C, H, W)`, before any scaling.

    Returns:
        All activations and the prediction.

    Raises:
        ImageError: if the image has another shape than the network's input, or is not finite.
        LimitError: if a layer computes a value that no cell can hold.
    """
    graph = model.graph
    values = {graph.source: checked(image, graph)}
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            run_node(model, node, values)
            _check_finite(node, values[node.name])
    output = values[graph.outputs[0]]
    if output.size != output.shape[0] or output.size == 1:
        return Result(values, output, None, "")
    best = int(np.argmax(output))
    return Result(values, output, best, graph.labels[best] if graph.labels else str(best))


def _check_finite(node: Node, result: Array) -> None:
    """Only of results: a stage may be NaN where a cell stays blank."""
    bad = int(result.size - np.isfinite(result).sum())
    if bad:
        raise LimitError(
            f"layer '{node.name}' ({node.op.kind}) computes {bad:,} values that are not numbers or greater "
            "than 1.8e308, which no cell can hold; check the weights and the scaling of the pixels"
        )


def run_node(model: Model, node: Node, values: dict[str, Array]) -> None:
    """Compute one node from `values` and add its result, its stages and its pre-activation there."""
    inputs = [values[name] for name in node.inputs]
    params = model.params.get(node.owner, {})
    for stage, array in node.op.run_stages(inputs, params).items():
        values[stage_key(node.name, stage)] = array
    result = node.op.run(inputs, params)
    if node.activation is not None:
        values[stage_key(node.name, PRE)] = result
        result = node.activation.run([result], {})
    values[node.name] = result
