"""Groups of nodes that stand for one operator, because the exporter's opset had none for it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from sheetcnn.readers.onnx.proto import OnnxFile, OnnxNode

CLOSE = 1e-5
"""Constants come in float32, and exporters write them with 5 or more digits."""


def condense(file: OnnxFile) -> OnnxFile:
    """The file with each exact GELU, written as x / 2 * (1 + erf(x / sqrt 2)), as one node."""
    finder = _Finder(file)
    groups = [g for node in file.nodes if node.kind == "Erf" and (g := finder.gelu(node))]
    if not groups:
        return file
    gone = {id(node) for group in groups for node in group.nodes}
    ends = {id(group.nodes[-1]): group for group in groups}
    nodes = [
        replace(node, kind="Gelu", inputs=(ends[id(node)].x,), attributes={}, proto=None)
        if id(node) in ends
        else node
        for node in file.nodes
        if id(node) in ends or id(node) not in gone
    ]
    return replace(file, nodes=tuple(nodes))


@dataclass(frozen=True)
class _Group:
    """Nodes that belong together, the last one giving the result, and what they read."""

    x: str
    nodes: tuple[OnnxNode, ...]


class _Finder:
    def __init__(self, file: OnnxFile) -> None:
        self.file = file
        self.writer = {name: node for node in file.nodes for name in node.outputs if name}
        self.readers: dict[str, list[OnnxNode]] = {}
        for node in file.nodes:
            for name in dict.fromkeys(node.inputs):
                self.readers.setdefault(name, []).append(node)
        self.uses = Counter(name for node in file.nodes for name in node.inputs)
        self.uses.update(file.outputs)

    def gelu(self, erf: OnnxNode) -> _Group | None:
        """The group around an Erf; None where it is not all there."""
        scaling = self.writer.get(erf.inputs[0])
        x = scaling and (
            self._with(scaling, "Div", math.sqrt(2)) or self._with(scaling, "Mul", math.sqrt(0.5))
        )
        plus = self._next(erf)
        if not (scaling and x and plus and self._with(plus, "Add", 1.0)) or self.uses[erf.inputs[0]] != 1:
            return None
        product = self._next(plus)
        if product is None or product.kind != "Mul":
            return None
        others = [name for name in product.inputs if name != plus.outputs[0]]
        if others == [x]:  # x * (1 + erf), then by a half
            half = self._next(product)
            if half is not None and self._with(half, "Mul", 0.5) == product.outputs[0]:
                return _Group(x, (scaling, erf, plus, product, half))
            return None
        half = self.writer.get(others[0]) if len(others) == 1 else None
        if half is not None and self._with(half, "Mul", 0.5) == x and self.uses[half.outputs[0]] == 1:
            return _Group(x, (scaling, erf, plus, half, product))
        if len(others) == 1 and self._number(others[0]) == 0.5:  # (1 + erf) by a half, then x
            last = self._next(product)
            if last is not None and last.kind == "Mul" and x in last.inputs:
                return _Group(x, (scaling, erf, plus, product, last))
        return None

    def _next(self, node: OnnxNode) -> OnnxNode | None:
        """The only reader of the node's result."""
        readers = self.readers.get(node.outputs[0], [])
        return readers[0] if len(readers) == 1 and self.uses[node.outputs[0]] == 1 else None

    def _with(self, node: OnnxNode, kind: str, number: float) -> str:
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
        writer = self.writer.get(name)
        array: np.ndarray | None = None
        if name in self.file.tensors and max(self.file.tensors[name].dims, default=1) == 1:
            array = self.file.constant(name)
        elif writer is not None and writer.kind == "Constant" and "value" in writer.attributes:
            tensor = writer.attributes["value"]
            array = self.file.array(tensor, name) if max(tensor.dims, default=1) == 1 else None
        if array is not None and array.size == 1 and array.dtype.kind == "f":
            return float(array.item())
        value = (
            writer.attributes.get("value_float") if writer is not None and writer.kind == "Constant" else None
        )
        return None if value is None else float(value)
