"""What the layers that merge several tensors value by value share: shapes, broadcasting, regions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import ClassVar

from sheetcnn.formulas.expr import Expr, Ref
from sheetcnn.formulas.placement import Placement
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.model.ops.base import Op, Params, Site, everywhere
from sheetcnn.shape import Array, Shape, ShapeMismatchError

ANY_NUMBER = 1 << 20


class Merge(Op):
    """A layer that merges two or more tensors value by value.

    Inputs have one shape, or one that broadcasts to it: `(C, 1, 1)` counts at every pixel of a map,
    `(1, H, W)` in every map.
    """

    takes_activation: ClassVar[bool] = True
    pixelwise: ClassVar[bool] = True
    arity: ClassVar[tuple[int, int]] = (2, ANY_NUMBER)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The shape that all inputs broadcast to."""
        return reduce(self._broadcast, inputs)

    def _broadcast(self, one: Shape, other: Shape) -> Shape:
        fits = len(one.dims) == len(other.dims) and all(
            a == b or 1 in (a, b) for a, b in zip(one.dims, other.dims, strict=True)
        )
        if not fits:
            raise ShapeMismatchError(
                f"inputs of shapes {one} and {other} do not fit together; they must be equal, or 1 where "
                "they differ"
            )
        return Shape(tuple(max(a, b) for a, b in zip(one.dims, other.dims, strict=True)))

    @abstractmethod
    def merge(self, values: Sequence[Array]) -> Array:
        """The result from the inputs (NumPy broadcasts them)."""

    @abstractmethod
    def expression(self, values: Sequence[Expr]) -> Expr:
        """The result of one value of each input."""

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """See `merge`."""
        return self.merge(inputs)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """One pattern per map, or one down a vector."""
        for region in everywhere(site.out, *site.inputs):
            yield Stamp(region, self.expression([broadcast(x, site.out.shape, region) for x in site.inputs]))


def broadcast(x: Placement, out: Shape, region: Region) -> Ref:
    """The value of `x` that belongs to each position of a region of a tensor of shape `out`."""
    if x.shape == out:
        return x.at(region)
    channel = 0 if x.shape.channels == 1 else region.start[0]
    if x.shape.height == 1 and x.shape.width == 1:
        if x.shape.channels > 1 and region.step_i[0]:
            return x.at(region)
        return x.cell(channel)
    dy = 1 if x.shape.height > 1 else 0
    dx = 1 if x.shape.width > 1 else 0
    start = (channel, region.start[1] * dy, region.start[2] * dx)
    step_i = (0, region.step_i[1] * dy, 0)
    step_j = (0, 0, region.step_j[2] * dx)
    return x.at(replace(region, start=start, step_i=step_i, step_j=step_j))
