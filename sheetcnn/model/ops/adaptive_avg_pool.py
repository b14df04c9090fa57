"""Mean of each part of a map that is split into a given number of parts.

For output size h x w, pixel (y, x) is the mean of rows `floor(y * H / h)` to `ceil((y + 1) * H / h) - 1`
and columns likewise. Where h does not divide H, neighbouring parts overlap or differ in size; where h is
greater than H, rows repeat. Input `(C, H, W)`, result `(C, h, w)`. Definition: PyTorch's
`AdaptiveAvgPool2d`.

First cell from 8x8 to 4x4, and from 8x8 to 3x3::

    =AVERAGE(conv1_f1!C7:D8)
    =AVERAGE(conv1_f1!C7:E9)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd

import numpy as np

from sheetcnn.formulas.expr import call
from sheetcnn.formulas.placement import Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.spatial import SizeOrPair, maps_only, pair
from sheetcnn.shape import Array, Shape


class AdaptiveAvgPool(Op):
    """Average pooling to `output_size`."""

    kind = "adaptive_avg_pool"
    title = "adaptive average pooling"
    framework_names = ("", "AdaptiveAvgPool2d", "")
    negatives = "from negatives"

    output_size: SizeOrPair

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C, h, w)`."""
        return Shape.maps(maps_only(self.kind, inputs).channels, *pair(self.output_size))

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """A matrix of shares per axis, whose row k holds `1 / n` for the n pixels of part k."""
        (height, width), (h, w) = inputs[0].shape[1:], pair(self.output_size)
        mean: Array = _shares(height, h) @ inputs[0] @ _shares(width, w).T
        return mean

    def formula(self, site: Site) -> Iterator[Stamp]:
        """AVERAGE over the part; one pattern for all parts that lie alike."""
        x = site.inputs[0]
        h, w = pair(self.output_size)
        for c in range(x.shape.channels):
            for rows, top, height, down in _alike(x.shape.height, h):
                for cols, left, width, across in _alike(x.shape.width, w):
                    window = Window(top, left, height, width, (down, across))
                    seen = x.windows(range(c, c + 1), window)
                    yield Stamp(Region.part(c, rows, cols), call("AVERAGE", *seen))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """How the map is split."""
        h, w = pair(self.output_size)
        return text("mean of each part of the map, split into {h}×{w} parts", h=h, w=w)


def _shares(size: int, parts: int) -> Array:
    shares = np.zeros((parts, size))
    for k in range(parts):
        first, stop = int(np.floor(k * size / parts)), int(np.ceil((k + 1) * size / parts))
        shares[k, first:stop] = 1 / (stop - first)
    return shares


def _alike(size: int, parts: int) -> Iterator[tuple[range, int, int, int]]:
    """Parts whose windows move evenly: which, where the first begins, its length, the step to the next.

    With g the greatest common divisor, the pattern of the parts begins anew every `parts / g` parts.
    """
    g = gcd(size, parts)
    for k in range(parts // g):
        first, stop = k * size // parts, -(-(k + 1) * size // parts)
        yield range(k, parts, parts // g), first, stop - first, size // g
