"""Views: tensors of the graph as ONNX sees them, with a batch axis and in another shape.

ONNX's Reshape, Flatten, Squeeze and Unsqueeze move no value, so they make no layer: they give a
`View`. Only a layer that needs its input in a certain shape has the view *materialised*, which puts in
one layer for a whole chain of them, and none where the shape is the tensor's own again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sheetcnn.importers.onnx.proto import size_of
from sheetcnn.shape import Shape


@dataclass(frozen=True)
class View:
    """A tensor of the graph as ONNX sees it at some place.

    Attributes:
        tensor: its name in the graph.
        dims: the shape in ONNX, with the batch axis. The order of the values is the tensor's.
        channels_last: `dims` is `(1, H, W, C)` of a tensor `(C, H, W)`. The one case in which the order of
            the values is not the tensor's.
        name: of the ONNX node that reshaped it; names the layer, should one be needed.
    """

    tensor: str
    dims: tuple[int, ...]
    channels_last: bool = False
    name: str = ""

    @property
    def channel_axis(self) -> int:
        """The axis of the channels."""
        return len(self.dims) - 1 if self.channels_last or len(self.dims) < 2 else 1

    @property
    def graph_shape(self) -> Shape | None:
        """The shape, without a batch axis, that a tensor of these dimensions has in the graph.

        `(1, C, H, W)` is `(C, H, W)`, `(1, C, L)` is one row `(C, 1, L)`, `(1, N)` and `(N,)` are vectors.
        None for others: more axes, or more than one item in the batch.
        """
        dims = self.dims
        if min(dims, default=1) < 1:
            return None
        if len(dims) < 2:
            return Shape.vector(size_of(dims))
        if dims[0] != 1 or len(dims) > 4:
            return None
        if len(dims) == 2:
            return Shape.vector(dims[1])
        inner = (*dims[-1:], *dims[1:-1]) if self.channels_last else dims[1:]
        return Shape((inner[0], 1, inner[1]) if len(inner) == 2 else inner)


def onnx_dims(shape: Shape, rank: int, *, channels_last: bool = False) -> tuple[int, ...]:
    """The ONNX dimensions of a tensor where its neighbours have `rank` axes."""
    if shape.is_vector:
        return shape.dims if rank < 2 else (1, *shape.dims)
    inner = shape.dims if rank != 3 else (shape.channels, shape.width)
    return (1, *inner[1:], inner[0]) if channels_last else (1, *inner)


def dims_text(dims: Sequence[object]) -> str:
    """A shape in words."""
    return "×".join(map(str, dims)) or "one value"
