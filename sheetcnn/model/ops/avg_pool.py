"""Mean of each window.

With `count_include_pad` the padding counts as zeros: the sum is divided by the number of cells of the
window that lie in the input or its padding (what a window overhangs in `ceil_mode` is not counted).
Without, only pixels of the input count. Input `(C, H, W)`, result `(C, H', W')`. Definition:
PyTorch's `AvgPool2d`, ONNX `AveragePool`.

First cell of a 2x2 pooling, and of a 3x3 one with counted padding::

    =AVERAGE(conv1_f1!C7:D8)
    =SUM(conv1_f1!B6:D8)/9
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.formulas.placement import Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Params, Site
from sheetcnn.model.ops.channels import combined
from sheetcnn.model.ops.pooling import Mean, Pool
from sheetcnn.model.ops.spatial import pair, window_words
from sheetcnn.shape import Array, Margin, Shape


class AvgPool(Pool):
    """Average pooling."""

    kind = "avg_pool"
    title = "average pooling"
    framework_names = ("AveragePool", "AvgPool2d", "AveragePooling2D")
    negatives = "from negatives"

    count_include_pad: bool = True

    @property
    def explanation(self) -> Mean:
        """The sum, divided by how many cells count."""
        return Mean()

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Sum over windows of the pixels, divided by the sum over windows of what counts."""
        x = inputs[0]
        geometry = self.geometry(Shape(x.shape))
        counted = geometry.canvas(np.ones((1, *x.shape[1:])), 0.0)
        if self.count_include_pad:
            (height, width), pad = geometry.size, geometry.padding
            counted[:, : pad.top + height + pad.bottom, : pad.left + width + pad.right] = 1.0
        total, number = (geometry.windows(a).sum(axis=(3, 4)) for a in (geometry.canvas(x, 0.0), counted))
        mean: Array = total / number
        return mean

    def formula(self, site: Site) -> Iterator[Stamp]:
        """AVERAGE passes over the blank margin; where padding counts, SUM is divided by the count."""
        x = site.inputs[0]
        geometry = self.geometry(x.shape)
        (kh, kw), (sy, sx), pad, counts = geometry.kernel, geometry.stride, geometry.padding, geometry.counts
        include = self.count_include_pad and geometry.overhang.any
        # Windows that overhang the padding hold fewer cells: they are regions of their own.
        tall, wide = counts
        if include:
            tall = min(tall, (x.shape.height + pad.top + pad.bottom - kh) // sy + 1)
            wide = min(wide, (x.shape.width + pad.left + pad.right - kw) // sx + 1)
        for c in range(x.shape.channels):
            for rows in (range(tall), range(tall, counts[0])):
                for cols in (range(wide), range(wide, counts[1])):
                    if not rows or not cols:
                        continue
                    top, left = rows.start * sy - pad.top, cols.start * sx - pad.left
                    seen = x.windows(range(c, c + 1), Window(top, left, kh, kw, (sy, sx)))
                    mean: Expr
                    if include:
                        height = min(kh, x.shape.height + pad.bottom - top)
                        width = min(kw, x.shape.width + pad.right - left)
                        mean = combined("SUM", seen) / float(height * width)
                    else:
                        mean = call("AVERAGE", *seen)
                    yield Stamp(Region.part(c, rows, cols), mean)

    def counted(self, x: Shape) -> Margin:
        """All padding, or none."""
        return self.geometry(x).padding if self.count_include_pad else Margin()

    def describe(self, inputs: Sequence[Shape]) -> str:
        """Which window, and what counts."""
        padded = self.padding_extent(inputs).any
        mean = text("mean of each {window} window", window=window_words(pair(self.kernel_size)))
        if not padded:
            return mean
        counted = self.count_include_pad
        return text("{mean}, padding counted as 0" if counted else "{mean}, padding not counted", mean=mean)
