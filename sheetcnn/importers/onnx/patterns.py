"""Groups of nodes that stand for one operator, because the exporter's opset had none for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sheetcnn.importers.onnx.proto import OnnxFile, OnnxNode

CLOSE = 1e-5
"""Constants come in float32, and exporters write them with 5 or more digits."""


def fuse_patterns(file: OnnxFile) -> OnnxFile:
    """The file with one node for each exact GELU and each layer normalisation that is written out."""
    finder = _PatternFinder(file)
    starts = {"Erf": finder.gelu, "Div": finder.layer_norm}
    matches = [match for node in file.nodes if node.kind in starts and (match := starts[node.kind](node))]
    if not matches:
        return file
    replaced = {id(node) for match in matches for node in match.nodes}
    ends = {id(match.nodes[-1]): match for match in matches}
    nodes = [
        ends[id(node)].node() if id(node) in ends else node
        for node in file.nodes
        if id(node) in ends or id(node) not in replaced
    ]
    return replace(file, nodes=tuple(nodes))


@dataclass(frozen=True)
class _Match:
    """Nodes that belong together, the last one giving the result; what they are and what they read."""

    kind: str
    x: str
    nodes: tuple[OnnxNode, ...]
    attributes: Mapping[str, float] = field(default_factory=dict)

    def node(self) -> OnnxNode:
        """The one node that they are."""
        last = self.nodes[-1]
        return replace(last, kind=self.kind, inputs=(self.x,), attributes=self.attributes, proto=None)


class _PatternFinder:
    def __init__(self, file: OnnxFile) -> None:
        self.file = file
        self.producer = {name: node for node in file.nodes for name in node.outputs if name}
        self.consumers: dict[str, list[OnnxNode]] = {}
        for node in file.nodes:
            for name in dict.fromkeys(node.inputs):
                self.consumers.setdefault(name, []).append(node)
        self.uses = Counter(name for node in file.nodes for name in node.inputs)
        self.uses.update(file.outputs)

    def gelu(self, erf: OnnxNode) -> _Match | None:
        """What is around the Erf of x / 2 * (1 + erf(x / sqrt 2)), the half anywhere; None if not all is."""
        scaling, plus = self.producer.get(erf.inputs[0]), self._only_consumer(erf)
        if scaling is None or plus is None or self.uses[erf.inputs[0]] != 1:
            return None
        x = self._operand(scaling, "Div", math.sqrt(2)) or self._operand(scaling, "Mul", math.sqrt(0.5))
        product = self._only_consumer(plus)
        if not x or not self._operand(plus, "Add", 1.0) or product is None or product.kind != "Mul":
            return None
        (other,) = [name for name in product.inputs if name != plus.outputs[0]] or [""]
        after, half = self._only_consumer(product), self.producer.get(other)
        if other == x:  # x * (1 + erf), then by a half
            if after is not None and self._operand(after, "Mul", 0.5) == product.outputs[0]:
                return _Match("Gelu", x, (scaling, erf, plus, product, after))
            return None
        if self._number(other) == 0.5:  # (1 + erf) by a half, then x
            if after is not None and after.kind == "Mul" and x in after.inputs:
                return _Match("Gelu", x, (scaling, erf, plus, product, after))
            return None
        if half is not None and self._operand(half, "Mul", 0.5) == x and self.uses[other] == 1:
            return _Match("Gelu", x, (scaling, erf, plus, half, product))
        return None

    def layer_norm(self, quotient: OnnxNode) -> _Match | None:
        """What is before the last division of (x - mean) / sqrt(mean of (x - mean)^2 + epsilon)."""
        centred, root = (self.producer.get(name) for name in quotient.inputs)
        plus = self._input_of(root, "Sqrt")
        if centred is None or centred.kind != "Sub" or root is None or plus is None or plus.kind != "Add":
            return None
        mean = self.producer.get(centred.inputs[1])
        for name, constant in (plus.inputs, plus.inputs[::-1]):
            variance, epsilon = self.producer.get(name), self._number(constant)
            square = self._input_of(variance, "ReduceMean")
            if variance is None or square is None or mean is None or epsilon is None:
                continue
            axes = self._axes(variance)
            inner = (mean, centred, square, variance, plus, root)
            if (
                axes
                and axes == self._axes(mean)
                and mean.inputs[0] == centred.inputs[0]
                and self._squares(square, centred.outputs[0])
                and self.uses[centred.outputs[0]] == 1 + square.inputs.count(centred.outputs[0])
                and all(self.uses[node.outputs[0]] == 1 for node in inner if node is not centred)
            ):
                attributes = {"axis": min(axes), "epsilon": epsilon}
                return _Match("LayerNormalization", mean.inputs[0], (*inner, quotient), attributes)
        return None

    def _input_of(self, node: OnnxNode | None, kind: str) -> OnnxNode | None:
        """The node before one of this kind."""
        return self.producer.get(node.inputs[0]) if node is not None and node.kind == kind else None

    def _squares(self, node: OnnxNode, x: str) -> bool:
        if node.kind == "Pow":
            return node.inputs[0] == x and self._number(node.inputs[1]) == 2
        return node.kind == "Mul" and node.inputs == (x, x)

    def _axes(self, mean: OnnxNode) -> list[int]:
        """The axes of a ReduceMean that keeps them, if they are the last ones, counted from the end."""
        if mean.kind != "ReduceMean" or not mean.attributes.get("keepdims", 1):
            return []
        given = mean.attributes.get("axes")
        if given is None and len(mean.inputs) > 1:
            array = self._constant(mean.inputs[1])
            given = None if array is None else array.ravel()
        axes = sorted(int(a) for a in ([] if given is None else given))
        return axes if axes == list(range(-len(axes), 0)) else []

    def _only_consumer(self, node: OnnxNode) -> OnnxNode | None:
        """The only consumer of the node's result."""
        consumers = self.consumers.get(node.outputs[0], [])
        return consumers[0] if len(consumers) == 1 and self.uses[node.outputs[0]] == 1 else None

    def _operand(self, node: OnnxNode, kind: str, number: float) -> str:
        """The other operand of a node of this kind with this number; "" if it is not one."""
        if node.kind != kind or len(node.inputs) != 2:
            return ""
        first, second = node.inputs
        for other, name in ((first, second), (second, first)):
            found = self._number(name)
            if found is not None and math.isclose(found, number, rel_tol=CLOSE):
                return other
            if kind == "Div":
                break
        return ""

    def _number(self, name: str) -> float | None:
        """The value of a constant with one value."""
        array = self._constant(name)
        return float(array.item()) if array is not None and array.size == 1 else None

    def _constant(self, name: str) -> np.ndarray | None:
        """A small constant; None for what is none."""
        producer = self.producer.get(name)
        if name in self.file.tensors:
            tensor = self.file.tensors[name]
        elif producer is not None and producer.kind == "Constant" and "value" in producer.attributes:
            tensor = producer.attributes["value"]
        elif producer is not None and producer.kind == "Constant" and "value_float" in producer.attributes:
            return np.array(producer.attributes["value_float"])
        else:
            return None
        return self.file.array(tensor, name) if max(tensor.dims, default=1) <= 8 else None
