"""Builds the graph: layers one by one, and views, which are tensors read in another shape.

ONNX's Reshape, Flatten, Squeeze and Unsqueeze move no value, so they make no layer: they give a
`View`. Only a layer that needs its input in a certain shape has the view *settled*, which puts in one
layer for the whole chain, and none where the shape is the tensor's own again. Shapes come from the
layers' own `out_shape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from pydantic import ValidationError

from sheetcnn.errors import UnsupportedError
from sheetcnn.graph import INPUT, PIXELS, Graph, Model, Node
from sheetcnn.ops import OPS, Op
from sheetcnn.ops.base import ShapeMismatchError
from sheetcnn.readers.onnx.fold import Unsupported
from sheetcnn.readers.onnx.proto import count
from sheetcnn.readers.weights import decimal
from sheetcnn.shape import Array, Shape

LONGEST_NAME = 100
MOST_WEIGHTS = 1 << 29
"""4 GiB in float64. VGG-19, the largest of the common networks, has 1.4e8 weights."""

MERGES = {
    "affine": "shift",
    "conv1d": "bias",
    "conv2d": "bias",
    "conv_transpose2d": "bias",
    "dense": "bias",
}
"""Layers that can take an added constant in: the option that says whether they have a bias."""


@dataclass(frozen=True)
class View:
    """A tensor of the graph as ONNX sees it at some place.

    Attributes:
        tensor: its name in the graph.
        dims: the shape in ONNX, with the batch axis. The order of the values is the tensor's.
        last: the channels come last: `dims` is `(1, H, W, C)` of a tensor `(C, H, W)`. The one case in
            which the order of the values is not the tensor's.
        name: of the ONNX node that reshaped it; names the layer, should one be needed.
    """

    tensor: str
    dims: tuple[int, ...]
    last: bool = False
    name: str = ""

    @property
    def axis(self) -> int:
        """The axis of the channels."""
        return len(self.dims) - 1 if self.last or len(self.dims) < 2 else 1


@dataclass
class Draft:
    """A layer that may still take in the constant added after it."""

    kind: str
    options: dict[str, object]
    op: Op
    inputs: tuple[str, ...]
    value: str = ""
    """The ONNX name of what it computes."""
    params: dict[str, np.ndarray] = field(default_factory=dict)


def natural(dims: Sequence[int], *, last: bool = False) -> Shape | None:
    """The shape, without a batch axis, of a tensor that ONNX gives these dimensions.

    `(1, C, H, W)` is `(C, H, W)`, `(1, C, L)` is one row `(C, 1, L)`, `(1, N)` and `(N,)` are vectors.
    None for others: more axes, or more than one item in the batch.
    """
    if min(dims, default=1) < 1:
        return None
    if len(dims) < 2:
        return Shape.vector(count(dims))
    if dims[0] != 1 or len(dims) > 4:
        return None
    if len(dims) == 2:
        return Shape.vector(dims[1])
    inner = (*dims[-1:], *dims[1:-1]) if last else tuple(dims[1:])
    return Shape((inner[0], 1, inner[1]) if len(inner) == 2 else inner)


def dims_of(shape: Shape, rank: int, *, last: bool = False) -> tuple[int, ...]:
    """The ONNX dimensions of a tensor where its neighbours have `rank` axes."""
    if shape.is_vector:
        return (1,) * (rank - 1) + shape.dims if rank < 2 else (1, *shape.dims)
    inner = shape.dims if rank != 3 else (shape.channels, shape.width)
    return (1, *inner[1:], inner[0]) if last else (1, *inner)


class Builder:
    """The layers made so far."""

    def __init__(self, source: Shape) -> None:
        self.source = source
        self.shapes: dict[str, Shape] = {INPUT: source}
        self.drafts: dict[str, Draft] = {}
        self._settled: dict[tuple[str, Shape, str], str] = {}

    def layer(
        self,
        name: str,
        kind: str,
        inputs: Iterable[str],
        options: Mapping[str, object] | None = None,
        params: Mapping[str, np.ndarray] | None = None,
        value: str = "",
    ) -> str:
        """Add a layer.

        Args:
            name: wished for; the name in the graph is a clean and unique one.
            kind: of `OPS`.
            inputs: tensors.
            options: of the kind. None stands for the default.
            params: trained arrays, in PyTorch's shapes, not yet converted.
            value: the ONNX name of what it computes.

        Returns:
            The name of its result.

        Raises:
            Unsupported: if the kind cannot have these options, or these inputs.
        """
        given = {k: v for k, v in (options or {}).items() if v is not None}
        names = tuple(inputs)
        shape = self.imagined(kind, names, given)
        own = self._unique(name)
        self.drafts[own] = Draft(kind, given, _op(kind, given), names, value, dict(params or {}))
        self.shapes[own] = shape
        return own

    def imagined(self, kind: str, inputs: Iterable[str], options: Mapping[str, object]) -> Shape:
        """The shape that a layer would give.

        Raises:
            Unsupported: as `layer`.
        """
        op = _op(kind, {k: v for k, v in options.items() if v is not None})
        try:
            return op.out_shape([self.shapes[n] for n in inputs])
        except ShapeMismatchError as error:
            raise Unsupported(str(error)) from None

    def settle(self, view: View) -> View:
        """The view, on a tensor that has its natural shape.

        Raises:
            Unsupported: if it has none.
        """
        shape = natural(view.dims, last=view.last)
        if shape is None:
            if len(view.dims) > 4:
                raise Unsupported(f"has an input with {len(view.dims)} axes; at most 4 can be expressed")
            raise Unsupported(
                f"has an input of shape {'×'.join(map(str, view.dims))}; the first axis must be a batch of 1"
            )
        return replace(view, tensor=self.reshaped(view.tensor, shape, view.name))

    def rows(self, view: View) -> View:
        """The view with the values in the order of its dimensions."""
        if not view.last:
            return view
        view = self.settle(view)
        shape = self.shapes[view.tensor]
        if shape.height == shape.width == 1:  # one order or the other, it is the same
            return replace(view, last=False)
        order = [1, 2, 0] if len(view.dims) == 4 else [2, 1, 0]  # (C, 1, L) becomes (L, 1, C)
        return replace(view, tensor=self.once(view.tensor, "permute", {"order": order}), last=False)

    def first(self, view: View) -> View:
        """The view with the channels first, settled."""
        return self.settle(self.rows(view))

    def channels_last(self, view: View) -> View:
        """The view with its last axis as the channels; at least 3 axes, settled."""
        if view.last:
            return self.settle(view)
        view = self.settle(view)
        order = [2, 0, 1] if len(view.dims) == 4 else [2, 1, 0]
        return replace(view, tensor=self.once(view.tensor, "permute", {"order": order}), last=True)

    def reshaped(self, tensor: str, shape: Shape, name: str = "") -> str:
        """The tensor in another shape; the same one, where it has that shape."""
        if self.shapes[tensor] == shape:
            return tensor
        if shape.is_vector:
            return self.once(tensor, "flatten", {}, name)
        return self.once(tensor, "reshape", {"shape": list(shape.dims)}, name)

    def once(self, tensor: str, kind: str, options: Mapping[str, object], name: str = "") -> str:
        """A layer without weights, made once for all that need it."""
        op = _op(kind, options)
        key = (tensor, op.out_shape([self.shapes[tensor]]), repr(op))
        if key not in self._settled:
            self._settled[key] = self.layer(name or f"{tensor}/{kind}", kind, [tensor], options)
        return self._settled[key]

    def takes_bias(self, tensor: str, value: str) -> bool:
        """Whether the layer that computes this ONNX value has no bias yet, but could have one."""
        draft = self.drafts.get(tensor)
        if draft is None or draft.value != value or draft.kind not in MERGES:
            return False
        return not getattr(draft.op, MERGES[draft.kind])

    def give_bias(self, tensor: str, bias: np.ndarray) -> None:
        """Add a constant per channel to the tensor, within its layer."""
        draft = self.drafts[tensor]
        draft.options.pop(MERGES[draft.kind])  # the default is to have one
        draft.op = _op(draft.kind, draft.options)
        draft.params["bias"] = bias

    def finish(self, name: str, outputs: Sequence[str], where: str) -> Model:
        """The model: the graph, and the weights converted.

        Raises:
            UnsupportedError: if there are more weights than sheetcnn takes.
            ShapeError, WeightsError: see `Graph.of` and `Model.of`.
        """
        nodes = [Node(key, draft.op, draft.inputs) for key, draft in self.drafts.items()]
        graph = Graph.of(name, INPUT, self.source, nodes, tuple(dict.fromkeys(outputs)))
        total = sum(p.size for node in graph.nodes for p in graph.parameters(node))
        if total > MOST_WEIGHTS:
            raise UnsupportedError(
                f"{where} has {total:,} weights; sheetcnn takes up to {MOST_WEIGHTS:,}: use a smaller model"
            )
        params = {
            node.name: {
                key: exact(array, f"{where}: '{node.name}.{key}'")
                for key, array in self.drafts[node.name].params.items()
            }
            for node in graph.nodes
        }
        return Model.of(graph, params, where)

    def _unique(self, wish: str) -> str:
        name = clean(wish)
        taken, n = {*self.drafts, INPUT, PIXELS}, 2
        unique = name
        while unique in taken:
            unique, n = f"{name}_{n}", n + 1
        return unique


def clean(text: str) -> str:
    """A layer name from any text: of letters, digits and `_ . / : -`, a letter, digit or `_` first."""
    return re.sub(r"[^A-Za-z0-9_./:-]+", "_", text)[-LONGEST_NAME:].lstrip("./:-") or "layer"


def exact(array: np.ndarray, where: str) -> Array:
    """See `decimal`; one value repeated by strides of 0 is converted once."""
    if array.dtype.kind == "V":  # bfloat16 and smaller floats are types of their own
        array = array.astype(np.float32)
    if array.size and not any(array.strides):
        return np.broadcast_to(decimal(array[(0,) * array.ndim].reshape(1), where), array.shape)
    return decimal(array, where)


def _op(kind: str, options: Mapping[str, object]) -> Op:
    try:
        return OPS[kind].model_validate(dict(options))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"][:1])
        raise Unsupported(f"{kind} cannot have {key}={options.get(key)!r} ({problem['msg']})") from None
