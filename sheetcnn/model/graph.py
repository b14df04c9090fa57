"""What a network is: named nodes in topological order, and the shape of every tensor.

A graph knows no file format and no cell. Its one source tensor holds the raw pixels; where the spec
scales them, the first node is the scaling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sheetcnn.errors import ShapeError, SpecError, WeightsError
from sheetcnn.labels import label_problem
from sheetcnn.model.ops.base import Elementwise, Op, Parameter
from sheetcnn.shape import Array, Shape, ShapeMismatchError

PIXELS = "pixels"
"""The source's name where the pixels are scaled before the first layer."""
INPUT = "input"
"""What the first layer reads: the scaled pixels, or the source itself."""


@dataclass(frozen=True)
class Node:
    """One layer: its op, whose tensors it reads, and the activation applied to its result.

    `weights` names the layer whose trained arrays it uses, where they are not its own: a layer that is
    used twice.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    activation: Elementwise | None = None
    weights: str = ""

    @property
    def owner(self) -> str:
        """The layer whose trained arrays it uses."""
        return self.weights or self.name


@dataclass(frozen=True)
class Graph:
    """A network without its weights. Make one with `Graph.of`, which orders and checks the nodes.

    Attributes:
        name: name of the network.
        source: name of the tensor of raw pixels, `pixels` or `input`.
        source_shape: shape of that tensor, `(C, H, W)`.
        nodes: the layers in topological order, without those that no output needs.
        outputs: names of the layers whose results are the outputs of the network.
        labels: names of the classes; may be empty.
        notes: remarks of the spec about the network, such as its accuracy: (topic, text).
        shapes: shape of every tensor by name.
        dropped: names of the layers that no output needs.
    """

    name: str
    source: str
    source_shape: Shape
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    labels: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    shapes: Mapping[str, Shape] = field(default_factory=dict, compare=False)
    dropped: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(
        cls,
        name: str,
        source: str,
        source_shape: Shape,
        nodes: Iterable[Node],
        outputs: Sequence[str] = (),
        labels: Sequence[str] = (),
        notes: Sequence[tuple[str, str]] = (),
    ) -> Graph:
        """Order the nodes, drop those that no output needs, and infer every shape.

        Args:
            name: of the network.
            source: name of the source tensor.
            source_shape: `(C, H, W)`.
            nodes: in any order.
            outputs: names; by default the last node given.
            labels: class names; as many as the output has values.
            notes: what is known about the network: (what, words).

        Raises:
            SpecError: for a missing or doubled name, a cycle, or labels that do not fit.
            ShapeError: for layers whose shapes do not fit; names the layer.
        """
        given = list(nodes)
        by_name: dict[str, Node] = {}
        for node in given:
            if node.name in by_name or node.name == source:
                raise SpecError(f"two layers are named '{node.name}'; give each its own name")
            by_name[node.name] = node
        if not given:
            raise SpecError("the network has no layers; add at least one")
        chosen = tuple(outputs) or (given[-1].name,)
        ordered = _order(by_name, source, chosen)
        shapes = _infer(ordered, source, source_shape)
        for n, label in enumerate(labels):
            reason = label_problem(label)
            if reason:
                raise SpecError(f"labels[{n}]: {label!r} {reason}")
        if labels and len(labels) != shapes[chosen[0]].channels:
            raise SpecError(
                f"labels: there are {len(labels)}, but '{chosen[0]}' has shape {shapes[chosen[0]]}; "
                f"give {shapes[chosen[0]].channels} labels or none"
            )
        _check_shared(ordered, shapes)
        dropped = tuple(n for n in by_name if n not in shapes)
        return cls(
            name,
            source,
            source_shape,
            tuple(ordered),
            chosen,
            tuple(labels),
            shapes,
            dropped,
            notes=tuple(notes),
        )

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """The shapes that a node reads."""
        return tuple(self.shapes[name] for name in node.inputs)

    def parameters(self, node: Node) -> tuple[Parameter, ...]:
        """The trained arrays that a node needs."""
        return node.op.parameters(self.input_shapes(node))

    def owned(self, node: Node) -> tuple[Parameter, ...]:
        """The trained arrays of its own: none where it uses another layer's."""
        return () if node.weights else self.parameters(node)

    @cached_property
    def consumers(self) -> dict[str, list[Node]]:
        """For every tensor the nodes that read it."""
        consumers: dict[str, list[Node]] = {self.source: []}
        for node in self.nodes:
            consumers[node.name] = []
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                consumers[name].append(node)
        return consumers

    @cached_property
    def nonnegative(self) -> dict[str, bool]:
        """For every tensor whether it can hold no negative value (pixels count as such)."""
        known = {self.source: True}
        for node in self.nodes:
            flag = node.op.nonnegative([known[name] for name in node.inputs])
            known[node.name] = node.activation.nonnegative([flag]) if node.activation else flag
        return known


@dataclass(frozen=True)
class Model:
    """A network with its weights.

    Attributes:
        graph: the network.
        params: the trained arrays by layer and name, in float64 and PyTorch's shapes.
    """

    graph: Graph
    params: Mapping[str, Mapping[str, Array]]

    @classmethod
    def of(cls, graph: Graph, params: Mapping[str, Mapping[str, Array]], where: str = "the weights") -> Model:
        """Check that every array is there, has its shape and is finite.

        Args:
            graph: the network.
            params: by layer and name. Layers that the graph dropped may be there too.
            where: named in messages.

        Raises:
            WeightsError: naming the layer, the shape found and the shape needed.
        """
        kept: dict[str, dict[str, Array]] = {}
        for node in graph.nodes:
            for parameter in graph.owned(node):
                key = f"{node.name}.{parameter.name}"
                found = params.get(node.name, {}).get(parameter.name)
                if found is None:
                    raise WeightsError(
                        f"{where}: '{key}' is missing; it must hold an array of shape {parameter.shape}"
                    )
                if found.shape != parameter.shape:
                    raise WeightsError(
                        f"{where}: '{key}' has shape {found.shape}, but the layer needs {parameter.shape}"
                    )
                bad = int(found.size - np.isfinite(found).sum())
                if bad:
                    raise WeightsError(
                        f"{where}: '{key}' holds {bad} values that are not finite (NaN or infinity); "
                        "train or export the model again"
                    )
                if parameter.name == "running_var" and float(found.min()) < 0:
                    raise WeightsError(
                        f"{where}: '{key}' holds the negative variance {found.min():g}; "
                        "variances are 0 or greater"
                    )
                kept.setdefault(node.name, {})[parameter.name] = found.astype(np.float64, copy=False)
        return cls(graph, kept)


def _order(by_name: Mapping[str, Node], source: str, outputs: Sequence[str]) -> list[Node]:
    """The nodes that the outputs need, each after all that it reads (depth first, no recursion)."""
    ordered: dict[str, Node] = {}
    waiting: set[str] = set()
    needed = [*reversed(outputs)]
    for name in outputs:
        if name not in by_name:
            raise SpecError(f"outputs: there is no layer '{name}'; layers are {', '.join(by_name)}")
    while needed:
        name = needed[-1]
        if name in ordered or name == source:
            needed.pop()
            continue
        node = by_name[name]
        missing = [i for i in node.inputs if i not in ordered and i != source]
        if not missing:
            ordered[name] = node
            needed.pop()
            continue
        if name in waiting:
            raise SpecError(f"layer '{name}' depends on its own result; a network has no cycles")
        waiting.add(name)
        for other in reversed(missing):
            if other not in by_name:
                known = ", ".join([source, *by_name])
                raise SpecError(
                    f"layer '{name}': inputs names '{other}', which does not exist; known are {known}"
                )
            needed.append(other)
    position = {name: n for n, name in enumerate(by_name)}
    # Keep the given order where it already is one, so that sheets come in the order of the spec.
    listed = sorted(ordered, key=position.__getitem__)
    seen = {source}
    for name in listed:
        if not set(ordered[name].inputs) <= seen:
            return list(ordered.values())
        seen.add(name)
    return [ordered[name] for name in listed]


def _check_shared(nodes: Sequence[Node], shapes: Mapping[str, Shape]) -> None:
    """A layer that uses another's weights must need the very same arrays."""
    earlier: dict[str, Node] = {}
    for node in nodes:
        owner = earlier.get(node.weights)
        earlier[node.name] = node
        if not node.weights:
            continue
        if owner is None or owner.weights:
            raise SpecError(
                f"layer '{node.name}': weights names '{node.weights}', which is no earlier layer "
                "with weights of its own"
            )
        mine, theirs = (n.op.parameters([shapes[i] for i in n.inputs]) for n in (node, owner))
        if mine != theirs:
            raise ShapeError(
                f"layer '{node.name}' cannot use the weights of '{owner.name}': they need different arrays; "
                "give both the same options and inputs of the same channels"
            )


def _infer(nodes: Iterable[Node], source: str, source_shape: Shape) -> dict[str, Shape]:
    shapes = {source: source_shape}
    for node in nodes:
        least, most = node.op.arity
        if not least <= len(node.inputs) <= most:
            wanted = str(least) if least == most else f"{least} or more"
            raise ShapeError(
                f"layer '{node.name}' ({node.op.kind}) takes {wanted} input{'s' * (wanted != '1')}, "
                f"but has {len(node.inputs)}: {', '.join(node.inputs) or 'none'}"
            )
        try:
            shapes[node.name] = node.op.out_shape([shapes[name] for name in node.inputs])
        except ShapeMismatchError as error:
            raise ShapeError(f"layer '{node.name}' ({node.op.kind}): {error}") from None
    return shapes
