"""What a value of a PyTorch program is in the graph.

Tensors of the graph have no batch axis: `(1, N)` is a vector, `(1, C, H, W)` are maps, `(1, C, L)` are
maps of one row. A tensor with other axes exists only on the way from one of these to another: moves of
values wait until their result is one of these again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sheetcnn.importers.torch.program import Dims
from sheetcnn.shape import Shape

Step = tuple[Literal["view", "permute"], Dims]
"""A move of values without arithmetic: to a shape in the same order, or of the axes."""

CHANNELS_LAST: dict[int, Dims] = {3: (0, 2, 1), 4: (0, 2, 3, 1)}
"""By the number of axes: the order that puts the channels last."""


@dataclass(frozen=True)
class TorchTensor:
    """A tensor of the network as PyTorch sees it.

    Attributes:
        name: of the graph's tensor that holds the values.
        dims: PyTorch's shape.
        base_dims: PyTorch's shape of the graph's tensor itself.
        pending: the moves from `base_dims` to `dims` that have no node yet.
        label: a name for their node.
    """

    name: str
    dims: Dims
    base_dims: Dims
    pending: tuple[Step, ...] = ()
    label: str = ""

    @property
    def base_tensor(self) -> TorchTensor:
        """The graph's tensor itself, without the moves that wait."""
        return TorchTensor(self.name, self.base_dims, self.base_dims)

    @property
    def channels_last(self) -> bool:
        """Whether it is maps with the channels moved to the last axis, and nothing else."""
        return len(self.pending) == 1 and self.ends_in_channels

    @property
    def ends_in_channels(self) -> bool:
        """Whether it is maps with the channels moved to the last axis; the axes before may be joined."""
        first, *rest = self.pending or (("view", ()),)
        kept = not rest or (len(rest) == 1 and rest[0][0] == "view" and self.dims[-1] == self.base_dims[1])
        return first == ("permute", CHANNELS_LAST.get(len(self.base_dims))) and kept

    @property
    def channel_axis(self) -> int:
        """The axis of the channels, -1 if they have none of their own."""
        if self.ends_in_channels:
            return len(self.dims) - 1
        return -1 if self.pending else min(1, len(self.dims) - 1)


def _after(dims: Dims, steps: Iterable[Step]) -> Dims:
    for kind, given in steps:
        dims = given if kind == "view" else tuple(dims[axis] for axis in given)
    return dims


def with_steps(x: TorchTensor, steps: Iterable[Step], label: str = "") -> TorchTensor:
    """A tensor after further moves, which wait; moves that undo each other are dropped."""
    for kind, given in steps:
        waiting, last = x.pending, x.pending[-1] if x.pending else None
        dims = given if kind == "view" else tuple(x.dims[axis] for axis in given)
        if last and last[0] == kind:
            waiting = waiting[:-1]
            if kind == "permute":
                given = tuple(last[1][axis] for axis in given)
        if given == (_after(x.base_dims, waiting) if kind == "view" else tuple(range(len(given)))):
            x = TorchTensor(x.name, dims, x.base_dims, waiting, x.label)
        else:
            x = TorchTensor(x.name, dims, x.base_dims, (*waiting, (kind, given)), label or x.label)
    return x


class SkipError(Exception):
    """A call reads the result of one that was refused: there is nothing more to say about it."""


Value = Any
"""`TorchTensor`, `Constant`, `Unknown`, a number, a text, None, or a list of them."""


def graph_shape(dims: Dims) -> Shape | None:
    """The graph's shape of a PyTorch shape; None where there is none."""
    if len(dims) == 1:
        dims = (1, *dims)
    if not 2 <= len(dims) <= 4 or dims[0] != 1 or min(dims) < 1:
        return None
    if len(dims) == 2:
        return Shape.vector(dims[1])
    return Shape.maps(dims[1], 1, dims[2]) if len(dims) == 3 else Shape(dims[1:])


def torch_dims(shape: Shape, rank: int) -> Dims:
    """PyTorch's shape, with `rank` axes if it can be, of a tensor of the graph."""
    if shape.is_vector:
        return shape.dims if rank == 1 else (1, *shape.dims)
    if rank == 3 and shape.height == 1:
        return (1, shape.channels, shape.width)
    return (1, *shape.dims)
