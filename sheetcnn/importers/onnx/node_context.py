"""What the rule of one ONNX operator gets to see: its node, its inputs, and the builder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.builder import OnnxGraphBuilder
from sheetcnn.importers.onnx.fold import evaluate, ghost
from sheetcnn.importers.onnx.proto import OnnxFile, OnnxNode
from sheetcnn.importers.onnx.views import View, dims_of, natural, words
from sheetcnn.shape import Shape

Value = View | np.ndarray
"""What an ONNX name stands for: an activation, or a constant."""


@dataclass(frozen=True)
class Call:
    """One node, about to become layers.

    Attributes:
        node: the node.
        file: where it stands.
        build: takes the layers.
        values: of the node's inputs; None for one that is left out.
        uses: how often each ONNX value is read in the whole graph.
    """

    node: OnnxNode
    file: OnnxFile
    build: OnnxGraphBuilder
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

    def first(self, n: int = 0) -> View:
        """Input n as feature maps or a vector with the channels first."""
        return self.build.first(self.view(n))

    def maps(self, n: int = 0) -> View:
        """Input n as feature maps with the channels first."""
        view = self.first(n)
        if self.shape(view).is_vector:
            raise RefusalError(f"needs feature maps (1, C, H, W), but has the shape {words(view.dims)}")
        return view

    def plain(self, n: int = 0) -> View:
        """Input n for a layer that treats all values alike: settled, where it has a natural shape."""
        view = self.view(n)
        return view if natural(view.dims, last=view.last) is None else self.build.settle(view)

    def shape(self, view: View) -> Shape:
        """The shape of the view's tensor."""
        return self.build.shape(view.tensor)

    def constant(self, n: int) -> np.ndarray:
        """Input n, which must be a constant."""
        value = self.values[n] if self.has(n) else None
        if not isinstance(value, np.ndarray):
            raise RefusalError(f"needs a constant as input {n + 1}, but has {_what(value)}")
        return value

    def numbers(self, n: int, name: str) -> list[int] | None:
        """Whole numbers from input n, or from the attribute of older opsets; None where neither is given."""
        if self.has(n):
            return [int(v) for v in self.constant(n).ravel()]
        return self.wholes(name)

    def wholes(self, name: str) -> list[int] | None:
        """A list of whole numbers among the attributes."""
        value = self.node.attributes.get(name)
        return None if value is None else [int(v) for v in value]

    def whole(self, name: str, default: int) -> int:
        """A whole number among the attributes."""
        return int(self.node.attributes.get(name, default))

    def number(self, name: str, default: float) -> float:
        """A number among the attributes, by its shortest text (ONNX stores float32)."""
        value = self.node.attributes.get(name)
        return default if value is None else short(value)

    def text(self, name: str, default: str) -> str:
        """A text among the attributes."""
        return str(self.node.attributes.get(name, default))

    def axis(self, default: int, rank: int) -> int:
        """The attribute `axis`, counted from the front."""
        axis = self.whole("axis", default)
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
        return self.build.layer(name, kind, inputs, options, params, self.node.outputs[0])

    def after(
        self, view: View, kind: str, params: Mapping[str, np.ndarray] | None = None, /, **options: object
    ) -> View:
        """A layer with one settled input; its result has as many axes as the input, where it can."""
        tensor = self.layer(kind, [view.tensor], params, "", **options)
        shape = self.build.shape(tensor)
        if natural(view.dims, last=view.last) is None:
            return View(tensor, view.dims)
        return View(tensor, dims_of(shape, len(view.dims), last=view.last), view.last)

    def reread(self, view: View, dims: Sequence[int]) -> View:
        """The same values in another shape."""
        if tuple(dims) == view.dims:
            return view
        return replace(self.build.rows(view), dims=tuple(dims), name=self.node.name)

    def imagine(self) -> tuple[int, ...]:
        """The shape that the node gives, by ONNX's own rule."""
        inputs = [ghost(v.dims) if isinstance(v, View) else v for v in self.values]
        return evaluate(self.node, inputs, self.opset)[0].shape


Rule = Callable[[Call], "View | list[View]"]
Check = Callable[[OnnxNode, "Sequence[Value | None]"], str]


@dataclass(frozen=True)
class Entry:
    """A row of the table of operators.

    Attributes:
        rule: what a node becomes.
        only: the only values that some attributes may have; of a list, each element.
        check: another reason to refuse a node, seen without its activations; "" for none.
    """

    rule: Rule
    only: Mapping[str, Sequence[object]] = field(default_factory=dict)
    check: Check = lambda _node, _values: ""


def refused(node: OnnxNode, values: Sequence[Value | None], entry: Entry) -> str:
    """Why a node cannot be expressed, seen without its activations; "" if nothing speaks against it."""
    for name, allowed in entry.only.items():
        value = node.attributes.get(name)
        if value is None:
            continue
        each = value if isinstance(value, list) else [value]
        if any(v not in allowed for v in each):
            words = " or ".join(map(str, allowed))
            return f"attribute {name}={value}; only {words} can be expressed"
    return entry.check(node, values)


def short(value: float) -> float:
    """A number that was stored in float32, by its shortest decimal text."""
    return float(str(np.float32(value)))


def scalar(array: np.ndarray) -> float:
    """The one value of an array; in float32 by its shortest decimal text."""
    return short(array.item()) if array.dtype == np.float32 else float(array.item())


def _what(value: object) -> str:
    return "none" if value is None else "a constant" if isinstance(value, np.ndarray) else "an activation"
