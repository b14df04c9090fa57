"""Resizing of maps, by nearest neighbour or bilinear interpolation.

Output position o of an axis (size n, input size m, scale s = n / m or as given) reads input coordinate

- `half_pixel`: (o + 0.5) / s - 0.5 (PyTorch's bilinear with align_corners=False)
- `pytorch_half_pixel`: the same, but 0 where n is 1
- `asymmetric`: o / s (PyTorch's nearest)
- `align_corners`: o * (m - 1) / (n - 1)

which `nearest` rounds by the rule `rounding` and `bilinear` takes as a mean of its two neighbours.
Coordinates beyond the edge count as the edge. Input `(C, H, W)`. Definition: ONNX `Resize`; PyTorch's
`F.interpolate`. A first cell, of a bilinear one by 2::

    =0.5625*conv1_f1!C7+0.1875*conv1_f1!D7+0.1875*conv1_f1!C8+0.0625*conv1_f1!D8
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.gather import ONE, Run, Taps, mixed, runs
from sheetcnn.model.ops.spatial import SizeOrPair, listed, maps_only, pair
from sheetcnn.shape import Array, Shape, ShapeMismatchError

Factor = Annotated[float, Field(gt=0)]
Factors = Annotated[
    Factor | Annotated[tuple[Factor, Factor], Field(description="[height, width]")], BeforeValidator(listed)
]


class Upsample(Op):
    """Resizing (also to fewer pixels)."""

    kind = "upsample"
    title = "resizing"
    framework_names = ("Resize, Upsample", "F.interpolate", "UpSampling2D")
    negatives = "from negatives"

    size: SizeOrPair | None = None
    scale: Factors | None = None
    mode: Literal["nearest", "bilinear"] = "nearest"
    coordinates: Literal["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"] | None = None
    """The default is `asymmetric` for nearest and `half_pixel` for bilinear."""
    rounding: Literal["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"] = "floor"

    @model_validator(mode="after")
    def _one_of(self) -> Upsample:
        if (self.size is None) == (self.scale is None):
            raise ValueError("give exactly one of size and scale")
        return self

    def _axes(self, x: Shape) -> list[tuple[int, int, Fraction]]:
        """Input size, output size and scale of each axis."""
        sizes = (x.height, x.width)
        if self.size is not None:
            return [(m, n, Fraction(n, m)) for m, n in zip(sizes, pair(self.size), strict=True)]
        scale = self.scale if isinstance(self.scale, tuple) else (self.scale, self.scale)
        factors = [float(s) for s in scale if s is not None]
        # 0.6 means 6/10: the number that stands for it in a computer lies a little beside it, and would
        # put coordinates that should be whole beside a whole number too.
        return [(m, math.floor(m * s), Fraction(repr(s))) for m, s in zip(sizes, factors, strict=True)]

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The new height and width."""
        x = maps_only(self.kind, inputs)
        (_, height, _), (_, width, _) = self._axes(x)
        if height < 1 or width < 1:
            raise ShapeMismatchError(f"{x} would be scaled to {height}×{width} pixels; use a larger scale")
        return Shape.maps(x.channels, height, width)

    @property
    def _mapping(self) -> str:
        return self.coordinates or ("asymmetric" if self.mode == "nearest" else "half_pixel")

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Index arrays along each axis."""
        out = inputs[0]
        for axis, (m, n, scale) in enumerate(self._axes(Shape(inputs[0].shape)), 1):
            at = np.arange(n, dtype=np.float64)
            if self._mapping == "asymmetric":
                at = at / float(scale)
            elif self._mapping == "align_corners":
                at = at * ((m - 1) / (n - 1)) if n > 1 else at * 0
            elif self._mapping == "pytorch_half_pixel" and n == 1:
                at = at * 0
            else:
                at = (at + 0.5) / float(scale) - 0.5
            # A coordinate meant to be whole or half may miss it by rounding.
            at = np.where(np.abs(at * 2 - np.round(at * 2)) < 1e-9, np.round(at * 2) / 2, at)
            if self.mode == "nearest":
                rounded = {
                    "floor": np.floor(at),
                    "ceil": np.ceil(at),
                    "round_prefer_floor": np.ceil(at - 0.5),
                    "round_prefer_ceil": np.floor(at + 0.5),
                }
                nearest = np.clip(rounded[self.rounding], 0, m - 1).astype(np.intp)
                out = np.take(out, nearest, axis=axis)
                continue
            at = np.clip(at, 0, m - 1)
            low = np.floor(at).astype(np.intp)
            high = np.minimum(low + 1, m - 1)
            share = (at - low).reshape((-1, 1) if axis == 1 else (-1,))
            out = np.take(out, low, axis=axis) * (1 - share) + np.take(out, high, axis=axis) * share
        return out

    def _taps(self, m: int, n: int, scale: Fraction) -> list[Taps]:
        taps: list[Taps] = []
        for o in range(n):
            if self._mapping == "asymmetric":
                at = o / scale
            elif self._mapping == "align_corners":
                at = Fraction(o * (m - 1), n - 1) if n > 1 else Fraction(0)
            elif self._mapping == "pytorch_half_pixel" and n == 1:
                at = Fraction(0)
            else:
                at = (o + Fraction(1, 2)) / scale - Fraction(1, 2)
            if self.mode == "nearest":
                taps.append(((min(max(self._rounded(at), 0), m - 1), ONE),))
                continue
            at = min(max(at, Fraction(0)), Fraction(m - 1))
            low = math.floor(at)
            share = at - low
            taps.append(((low, ONE),) if share == 0 else ((low, 1 - share), (low + 1, share)))
        return taps

    def _rounded(self, at: Fraction) -> int:
        if self.rounding == "floor":
            return math.floor(at)
        if self.rounding == "ceil":
            return math.ceil(at)
        half = Fraction(1, 2)
        return math.ceil(at - half) if self.rounding == "round_prefer_floor" else math.floor(at + half)

    def _runs(self, m: int, n: int, scale: Fraction) -> list[Run]:
        """Output positions that are one period apart have taps of one form."""
        period = scale.numerator if self._mapping != "align_corners" else 1
        return runs(self._taps(m, n, scale), period if period < n else 1)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Copies, or weighted sums of up to four neighbours."""
        x = site.inputs[0]
        rows, cols = (self._runs(*axis) for axis in self._axes(x.shape))
        for c in range(x.shape.channels):
            yield from mixed(x, c, rows, cols, 0.0)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """Whether pixels are copied or mixed."""
        if self.mode == "nearest":
            return "the nearest pixel of the input map"
        return "a weighted mean of the nearest pixels of the input map"
