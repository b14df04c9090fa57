"""Reductions over the channels, shared by the layers that normalise across them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sheetcnn.formulas.expr import Expr, Rect, add, call
from sheetcnn.formulas.functions import Reduction
from sheetcnn.formulas.limits import PROGRAMS
from sheetcnn.formulas.placement import Placement, Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.shape import Array, Shape

MOST_ARGUMENTS = min(program.function_arguments for program in PROGRAMS)
"""How many arguments a function takes in every spreadsheet program."""


def single(shape: Shape) -> Shape:
    """The shape of one value per pixel: `(1,)` for a vector, `(1, H, W)` for maps."""
    return Shape.vector(1) if shape.is_vector else Shape.maps(1, shape.height, shape.width)


def per_channel(values: Array, x: Array) -> Array:
    """One value per channel, in the form in which NumPy spreads them over `x`."""
    return values.reshape((-1,) + (1,) * (x.ndim - 1))


def cells_of_channels(x: Placement) -> list[Rect]:
    """The values of all channels of a pixel, moving with the pixel."""
    shape = x.shape
    if shape.height == 1 and shape.width == 1:
        return x.ranges()
    return x.windows(range(shape.channels), Window(0, 0, 1, 1))


def combined(function: Reduction, cells: Sequence[Rect], most: int = MOST_ARGUMENTS) -> Expr:
    """MAX, MIN, SUM or SUMSQ of cells that may be more than the `most` arguments of one call."""
    parts = [call(function, *cells[n : n + most]) for n in range(0, len(cells), most)]
    if len(parts) == 1 or function in ("SUM", "SUMSQ"):
        return add(*parts)
    return call(function, *parts)


def average(cells: Sequence[Rect], number: int, most: int = MOST_ARGUMENTS) -> Expr:
    """The mean of cells that hold `number` values."""
    if len(cells) > most:
        return combined("SUM", cells, most) / number
    return call("AVERAGE", *cells)


def over_channels(function: Reduction, x: Placement, target: Placement, stage: str) -> Iterator[Stamp]:
    """`function` (as for `combined`) of all channels of each pixel of `x`, into the stage at `target`."""
    yield Stamp(Region.plane(0, target.shape), combined(function, cells_of_channels(x)), stage)


def single_ref(placement: Placement, region: Region) -> Expr:
    """The one value per pixel that belongs to `region` of a tensor with more channels."""
    if placement.shape.height == 1 and placement.shape.width == 1:
        return placement.cell(0)
    return placement.at(replace(region, start=(0, *region.start[1:])))
