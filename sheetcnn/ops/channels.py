"""Reductions over the channels, shared by the layers that normalise across them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sheetcnn.formulas.expr import Expr, Ref, call
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.shape import Shape
from sheetcnn.sheets.placement import Placement, Window


def single(shape: Shape) -> Shape:
    """The shape of one value per pixel: `(1,)` for a vector, `(1, H, W)` for maps."""
    return Shape.vector(1) if shape.is_vector else Shape.maps(1, shape.height, shape.width)


def over_channels(function: str, x: Placement, target: Placement, stage: str) -> Iterator[Stamp]:
    """`function` of all channels of each pixel of `x`, into the stage placed at `target`."""
    shape = x.shape
    if shape.height == 1 and shape.width == 1:
        args: list[Ref] = x.ranges()
    else:
        args = x.windows(range(shape.channels), Window(0, 0, 1, 1))
    yield Stamp(Region.plane(0, target.shape), call(function, *args), stage)


def single_ref(placement: Placement, region: Region) -> Expr:
    """The one value per pixel that belongs to `region` of a tensor with more channels."""
    if placement.shape.height == 1 and placement.shape.width == 1:
        return placement.cell(0)
    return placement.at(replace(region, start=(0, *region.start[1:])))
