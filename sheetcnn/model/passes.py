"""Rewriting a model without changing what it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sheetcnn.model.graph import Graph, Model, Node
from sheetcnn.model.ops import Elementwise
from sheetcnn.model.ops.batch_norm import BatchNorm
from sheetcnn.model.ops.conv1d import Conv1d
from sheetcnn.model.ops.conv2d import Conv2d
from sheetcnn.model.ops.conv_transpose2d import ConvTranspose2d
from sheetcnn.model.ops.dense import Dense
from sheetcnn.model.ops.depthwise_conv2d import DepthwiseConv2d
from sheetcnn.shape import Array

_TELLING = 4  # different values that a kernel must have to be recognised as used twice

Params = Mapping[str, Mapping[str, Array]]


def fold_batch_norm(model: Model) -> Model:
    """Fold each batch normalisation into the convolution or dense layer before it.

    Only where that layer has no activation of its own and nothing else reads it. The layer keeps its
    name and gets a bias; the normalisation disappears.
    """
    params = {name: dict(group) for name, group in model.params.items()}
    shared = {name for node in model.graph.nodes if node.weights for name in (node.name, node.weights)}

    def folded(before: Node, node: Node) -> Node | None:
        if not isinstance(node.op, BatchNorm) or before.activation is not None:
            return None
        if {node.owner, node.name, before.owner, before.name} & shared:
            return None
        if not isinstance(before.op, Conv1d | Conv2d | ConvTranspose2d | DepthwiseConv2d | Dense):
            return None
        norm = params.pop(node.name)
        scale = norm["weight"] / np.sqrt(norm["running_var"] + node.op.epsilon)
        own = params[before.name]
        bias = own.get("bias", np.zeros_like(scale))
        own["weight"] = _scaled(before.op, own["weight"], scale)
        own["bias"] = (bias - norm["running_mean"]) * scale + norm["bias"]
        return replace(before, op=before.op.model_copy(update={"bias": True}), activation=node.activation)

    return Model.of(_merged(model.graph, folded), params)


def fuse_activations(model: Model) -> Model:
    """See `with_fused_activations`."""
    return Model.of(with_fused_activations(model.graph), model.params)


def with_fused_activations(graph: Graph) -> Graph:
    """Make each activation layer the `activation` of the layer before it, where nothing else reads that.

    The layer before keeps its name; the formula of a pixel then applies the activation itself.
    """

    def fused(before: Node, node: Node) -> Node | None:
        fits = isinstance(node.op, Elementwise) and before.op.takes_activation and before.activation is None
        return replace(before, activation=node.op) if fits and isinstance(node.op, Elementwise) else None

    return _merged(graph, fused)


def share_weights(model: Model) -> Model:
    """Let layers with the same options and the same kernel use one set of weights.

    Model files store the weights of a layer that is used twice for both uses; in a workbook they are to
    be changed in one place.
    """
    owners: dict[object, list[Node]] = {}
    nodes = []
    for node in model.graph.nodes:
        if not node.weights and "weight" in model.params.get(node.name, {}):
            alike = owners.setdefault((node.op, model.graph.parameters(node)), [])
            owner = next((other for other in alike if _same_weights(model, node, other)), None)
            if owner is None:
                alike.append(node)
            else:
                node = replace(node, weights=owner.name)
        nodes.append(node)
    graph = model.graph
    shared = Graph.of(
        graph.name, graph.source, graph.source_shape, nodes, graph.outputs, graph.labels, graph.notes
    )
    return Model.of(shared, model.params)


def _same_weights(model: Model, node: Node, other: Node) -> bool:
    """Whether two layers with the same options hold the same arrays, and that is no coincidence."""
    mine, theirs = model.params[node.name], model.params[other.name]
    if not all(np.array_equal(array, theirs[name]) for name, array in mine.items()):
        return False
    # Kernels with many different values are equal for one reason only; constants prove nothing.
    return np.unique(mine["weight"]).size > _TELLING


def untrained(graph: Graph) -> Model:
    """A model with zeros for weights (and variances of 1), for questions about sizes only."""
    params = {
        node.name: {
            p.name: np.ones(p.shape) if p.name == "running_var" else np.zeros(p.shape)
            for p in graph.owned(node)
        }
        for node in graph.nodes
    }
    return Model.of(graph, params)


def _scaled(op: object, weight: Array, scale: Array) -> Array:
    """A weight with each output multiplied by its scale."""
    if isinstance(op, ConvTranspose2d):
        inputs, per_group, kh, kw = weight.shape
        grouped = weight.reshape(op.groups, inputs // op.groups, per_group, kh, kw)
        return (grouped * scale.reshape(op.groups, 1, per_group, 1, 1)).reshape(weight.shape)
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1))


def _merged(graph: Graph, merge: Callable[[Node, Node], Node | None]) -> Graph:
    """Go through the nodes in order, and let `merge` take a node into the only one that it reads."""
    kept: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph.nodes:
        node = replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))
        before = kept.get(node.inputs[0]) if len(node.inputs) == 1 else None
        if before is not None:
            original = next(
                (old for old, new in reversed(renamed.items()) if new == before.name), before.name
            )
            alone = len(graph.consumers[original]) == 1 and original not in graph.outputs
            together = merge(before, node) if alone else None
            if together is not None:
                kept[before.name] = together
                renamed[node.name] = before.name
                continue
        kept[node.name] = node
    outputs = [renamed.get(name, name) for name in graph.outputs]
    return Graph.of(
        graph.name, graph.source, graph.source_shape, kept.values(), outputs, graph.labels, graph.notes
    )
