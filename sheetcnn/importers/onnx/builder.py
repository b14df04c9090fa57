"""Builds the graph: what the importers share, and what ONNX needs besides.

That is views that are materialised when a layer needs them, and constants that are added to a layer as
its bias. Shapes come from the layers' own `out_shape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sheetcnn.errors import UnsupportedError
from sheetcnn.importers.graph_builder import GraphBuilder, RefusalError
from sheetcnn.importers.onnx.views import View, dims_text
from sheetcnn.importers.weights import decimal
from sheetcnn.model.graph import Model
from sheetcnn.model.ops import OPS
from sheetcnn.shape import Shape

KEPT_CHARACTERS = 100
"""Of an ONNX name, from its end: with a number behind it, it is still short enough for a layer's."""
MOST_WEIGHTS = 1 << 29
"""4 GiB in float64. VGG-19, the largest of the common networks, has 1.4e8 weights."""

BIAS_OPTIONS = {
    "affine": "shift",
    **dict.fromkeys(("conv1d", "conv2d", "conv_transpose2d", "dense"), "bias"),
}
"""Layers that can take an added constant in: the option that says whether they have a bias."""


class OnnxGraphBuilder(GraphBuilder):
    """The layers made so far."""

    def __init__(self, source: Shape) -> None:
        super().__init__()
        self.add_input(source)
        self._shared: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}

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
            RefusalError: if the kind cannot have these options, or these inputs.
        """
        given = {k: v for k, v in (options or {}).items() if v is not None}
        tensor = self.add(clean_name(name), kind, tuple(inputs), given, params)
        self._values[tensor] = value
        return tensor

    def materialise(self, view: View) -> View:
        """The view, on a tensor that has its shape in the graph.

        Raises:
            RefusalError: if it has none.
        """
        shape = view.graph_shape
        if shape is None:
            if len(view.dims) > 4:
                raise RefusalError(f"has an input with {len(view.dims)} axes; at most 4 can be expressed")
            raise RefusalError(
                f"has an input of shape {dims_text(view.dims)}; the first axis must be a batch of 1"
            )
        return replace(view, tensor=self.reshaped(view.tensor, shape, view.name))

    def contiguous(self, view: View) -> View:
        """The view with the values in the order of its dimensions."""
        if not view.channels_last:
            return view
        view = self.materialise(view)
        shape = self.shape(view.tensor)
        if shape.height == shape.width == 1:  # one order or the other, it is the same
            return replace(view, channels_last=False)
        order = [1, 2, 0] if len(view.dims) == 4 else [2, 1, 0]  # (C, 1, L) becomes (L, 1, C)
        turned = self.shared_layer(view.tensor, "permute", {"order": order})
        return replace(view, tensor=turned, channels_last=False)

    def channels_first(self, view: View) -> View:
        """The view with the channels first, materialised."""
        return self.materialise(self.contiguous(view))

    def channels_last(self, view: View) -> View:
        """The view with its last axis as the channels; at least 3 axes, materialised."""
        view = self.materialise(view)
        if view.channels_last:
            return view
        order = [2, 0, 1] if len(view.dims) == 4 else [2, 1, 0]
        turned = self.shared_layer(view.tensor, "permute", {"order": order})
        return replace(view, tensor=turned, channels_last=True)

    def reshaped(self, tensor: str, shape: Shape, name: str = "") -> str:
        """The tensor in another shape; the same one, where it has that shape."""
        if self.shape(tensor) == shape:
            return tensor
        if shape.is_vector:
            return self.shared_layer(tensor, "flatten", {}, name)
        return self.shared_layer(tensor, "reshape", {"shape": list(shape.dims)}, name)

    def shared_layer(self, tensor: str, kind: str, options: Mapping[str, object], name: str = "") -> str:
        """A layer without weights, made once for all that need it."""
        key = (tensor, f"{kind} {options}")
        if key not in self._shared:
            self._shared[key] = self.layer(name or f"{tensor}/{kind}", kind, [tensor], options)
        return self._shared[key]

    def fuse_bias(self, tensor: str, value: str, bias: np.ndarray) -> bool:
        """Add a constant per channel within the layer that computes an ONNX value.

        Args:
            tensor: which of the graph.
            value: the ONNX name; another one than the layer's own is a copy, which others may read.
            bias: one number, or one per channel.

        Returns:
            False if the layer has a bias already, can have none, or computes another value.
        """
        place = next((n for n, node in enumerate(self._nodes) if node.name == tensor), None)
        if place is None or self._values.get(tensor) != value:
            return False
        node = self._nodes[place]
        option = BIAS_OPTIONS.get(node.op.kind)
        if option is None or getattr(node.op, option):
            return False
        others = {k: v for k, v in node.op.model_dump(exclude_unset=True).items() if k != option}
        self._nodes[place] = replace(node, op=OPS[node.op.kind](**others))
        self._params.setdefault(tensor, {})["bias"] = np.broadcast_to(bias, self.shape(tensor).channels)
        return True

    def finish(self, name: str, outputs: Sequence[str], where: str) -> Model:
        """The model: the graph, and the weights converted.

        Raises:
            UnsupportedError: if there are more weights than sheetcnn takes.
            ShapeError, WeightsError: see `Graph.of` and `Model.of`.
        """
        total = sum(array.size for arrays in self._params.values() for array in arrays.values())
        if total > MOST_WEIGHTS:
            raise UnsupportedError(
                f"{where} has {total:,} weights; sheetcnn takes up to {MOST_WEIGHTS:,}: use a smaller model"
            )
        for arrays in self._params.values():
            arrays.update({key: _convertible(array) for key, array in arrays.items()})
        return self.model(name, outputs, (), where)


def clean_name(text: str) -> str:
    """A layer name from any text: PyTorch's names begin with `/`, and have their ends in common least."""
    return re.sub(r"[^A-Za-z0-9_./:-]+", "_", text)[-KEPT_CHARACTERS:].lstrip("./:-") or "layer"


def _convertible(array: np.ndarray) -> np.ndarray:
    """An array that is quick to convert and of a type that NumPy knows."""
    if array.dtype.kind == "V":  # bfloat16 and smaller floats are types of their own
        array = array.astype(np.float32)
    if array.dtype.kind == "f" and array.size > 1 and not any(array.strides):
        return np.broadcast_to(decimal(array[(0,) * array.ndim].reshape(1)), array.shape)
    return array
