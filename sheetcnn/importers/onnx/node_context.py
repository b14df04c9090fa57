"""What the rule of one ONNX operator gets to see: its node, its inputs, and the builder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.builder import OnnxGraphBuilder
from sheetcnn.importers.onnx.constant_folding import evaluate, placeholder
from sheetcnn.importers.onnx.proto import OnnxFile, OnnxNode
from sheetcnn.importers.onnx.views import View, dims_text, onnx_dims
from sheetcnn.shape import Shape

Value = View | np.ndarray
"""What an ONNX name stands for: an activation, or a constant."""


@dataclass(frozen=True)
class NodeContext:
    """One node, about to become layers.

    Attributes:
        node: the node.
        file: where it stands.
        builder: takes the layers.
        values: of the node's inputs; None for one that is left out.
        uses: how often each ONNX value is read in the whole graph.
    """

    node: OnnxNode
    file: OnnxFile
    builder: OnnxGraphBuilder
    values: Sequence[Value | None]
    uses: Counter[str]

    @property
    def opset(self) -> int:
        """The version of ONNX's operators."""
        return self.file.opset

    def has(self, n: int) -> bool:
        """Whether input n is given."""
        return n < len(self.values) and self.values[n] is not None

    def view(self, n: int = 0) -> View:
        """Input n, which must be an activation."""
        value = self.values[n] if self.has(n) else None
        if not isinstance(value, View):
            raise RefusalError(f"needs an activation as input {n + 1}, but has {_what(value)}")
        return value

    def channels_first(self, n: int = 0) -> View:
        """Input n as feature maps or a vector with the channels first."""
        return self.builder.channels_first(self.view(n))

    def feature_maps(self, n: int = 0) -> View:
        """Input n as feature maps with the channels first."""
        view = self.channels_first(n)
        if self.shape(view).is_vector:
            raise RefusalError(f"needs feature maps (1, C, H, W), but has the shape {dims_text(view.dims)}")
        return view

    def elementwise_input(self, n: int = 0) -> View:
        """Input n for a layer that treats all values alike, materialised where it can be."""
        view = self.view(n)
        return view if view.graph_shape is None else self.builder.materialise(view)

    def shape(self, view: View) -> Shape:
        """The shape of the view's tensor."""
        return self.builder.shape(view.tensor)

    def constant(self, n: int) -> np.ndarray:
        """Input n, which must be a constant."""
        value = self.values[n] if self.has(n) else None
        if not isinstance(value, np.ndarray):
            raise RefusalError(f"needs a constant as input {n + 1}, but has {_what(value)}")
        return value

    def ints(self, n: int, name: str) -> list[int] | None:
        """Whole numbers from input n, or from the attribute of older opsets; None where neither is given."""
        if self.has(n):
            return [int(v) for v in self.constant(n).ravel()]
        return self.ints_attr(name)

    def ints_attr(self, name: str) -> list[int] | None:
        """A list of whole numbers among the attributes."""
        value = self.node.attributes.get(name)
        return None if value is None else [int(v) for v in value]

    def int_attr(self, name: str, default: int) -> int:
        """A whole number among the attributes."""
        return int(self.node.attributes.get(name, default))

    def float_attr(self, name: str, default: float) -> float:
        """A number among the attributes, by its shortest text (ONNX stores float32)."""
        value = self.node.attributes.get(name)
        return default if value is None else shortest_float(value)

    def string_attr(self, name: str, default: str) -> str:
        """A text among the attributes."""
        return str(self.node.attributes.get(name, default))

    def axis(self, default: int, rank: int) -> int:
        """The attribute `axis`, counted from the front."""
        axis = self.int_attr("axis", default)
        if not -rank <= axis < rank:
            raise RefusalError(f"has axis={axis}, but its input has {rank} axes")
        return axis % rank

    def layer(
        self,
        kind: str,
        inputs: Sequence[str],
        params: Mapping[str, np.ndarray] | None = None,
        part: str = "",
        /,
        **options: object,
    ) -> str:
        """Add a layer named after the node (and the part, where there are several)."""
        name = f"{self.node.name}/{part}" if part else self.node.name
        return self.builder.layer(name, kind, inputs, options, params, self.node.outputs[0])

    def apply(
        self, view: View, kind: str, params: Mapping[str, np.ndarray] | None = None, /, **options: object
    ) -> View:
        """A layer with one materialised input; its result has as many axes as the input, where it can."""
        tensor = self.layer(kind, [view.tensor], params, "", **options)
        return View(tensor, view.dims) if view.graph_shape is None else self.view_like(view, tensor)

    def view_like(self, view: View, tensor: str) -> View:
        """The view of a layer's result, with as many axes as another view and its place of the channels."""
        last = view.channels_last
        dims = onnx_dims(self.builder.shape(tensor), len(view.dims), channels_last=last)
        return View(tensor, dims, last)

    def reshaped(self, view: View, dims: Sequence[int]) -> View:
        """The same values in another shape."""
        if tuple(dims) == view.dims:
            return view
        return replace(self.builder.contiguous(view), dims=tuple(dims), name=self.node.name)

    def inferred_dims(self) -> tuple[int, ...]:
        """The shape that the node gives, by ONNX's own rule."""
        inputs = [placeholder(v.dims) if isinstance(v, View) else v for v in self.values]
        return evaluate(self.node, inputs, self.opset)[0].shape


Handler = Callable[[NodeContext], "View | list[View]"]
Allowed = Mapping[str, Sequence[object]]
Check = Callable[[OnnxNode, "Sequence[Value | None]"], str]


@dataclass(frozen=True)
class OperatorRule:
    """A row of the table of operators.

    Attributes:
        translate: what a node becomes.
        allowed: the only values that some attributes may have; of a list, each element.
        check: another reason to refuse a node, seen without its activations; "" for none.
    """

    translate: Handler
    allowed: Allowed = field(default_factory=dict)
    check: Check = lambda _node, _values: ""


def refusal_reason(node: OnnxNode, values: Sequence[Value | None], entry: OperatorRule) -> str:
    """Why a node cannot be expressed, seen without its activations; "" if nothing speaks against it."""
    for name, allowed in entry.allowed.items():
        value = node.attributes.get(name)
        if value is None:
            continue
        each = value if isinstance(value, list) else [value]
        if any(v not in allowed for v in each):
            dims_text = " or ".join(map(str, allowed))
            return f"attribute {name}={value}; only {dims_text} can be expressed"
    return entry.check(node, values)


def shortest_float(value: float) -> float:
    """A number that was stored in float32, by its shortest decimal text."""
    return float(str(np.float32(value)))


def scalar(array: np.ndarray) -> float:
    """The one value of an array; in float32 by its shortest decimal text."""
    return shortest_float(array.item()) if array.dtype == np.float32 else float(array.item())


def _what(value: object) -> str:
    return "none" if value is None else "a constant" if isinstance(value, np.ndarray) else "an activation"
