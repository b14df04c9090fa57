"""Maximum of each window; pixels outside the input are passed over.

Input `(C, H, W)`, result `(C, H', W')`. Definition: PyTorch's `MaxPool2d`, ONNX `MaxPool`.

First cell of a 2x2 pooling::

    =MAX(conv1_f1!C7:D8)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sheetcnn.formulas.placement import Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Params, Site
from sheetcnn.model.ops.channels import combined
from sheetcnn.model.ops.pooling import Pool, Selection
from sheetcnn.model.ops.spatial import SizeOrPair, pair, window_words
from sheetcnn.model.ops.window import Pair
from sheetcnn.shape import Array, Shape

GREATEST = Selection(
    label="the greatest of the window",
    sentence="The greatest of the window wins: {value}, from row {row}, column {column} of the input map.",
    pick=np.max,
    function="MAX",
    outside=-1e300,
)


class MaxPool(Pool):
    """Maximum pooling."""

    kind = "max_pool"
    title = "max pooling"
    framework_names = ("MaxPool", "MaxPool2d", "MaxPooling2D")
    negatives = "from negatives"

    dilation: SizeOrPair = 1

    @property
    def explanation(self) -> Selection:
        """The greatest value, and where it stands."""
        return GREATEST

    @property
    def spacing(self) -> Pair:
        """The dilation."""
        return pair(self.dilation)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Windows and max."""
        geometry = self.geometry(Shape(inputs[0].shape))
        best: Array = geometry.windows(geometry.canvas(inputs[0], -np.inf)).max(axis=(3, 4))
        return best

    def formula(self, site: Site) -> Iterator[Stamp]:
        """MAX over the window; over its single cells where it is dilated."""
        x = site.inputs[0]
        geometry = self.geometry(x.shape)
        (kh, kw), (dy, dx), (top, left) = geometry.kernel, geometry.dilation, geometry.before
        rows = range(0, kh * dy, dy) if dy > 1 else range(1)
        cols = range(0, kw * dx, dx) if dx > 1 else range(1)
        size = (1 if dy > 1 else kh, 1 if dx > 1 else kw)
        for c in range(x.shape.channels):
            seen = [
                ref
                for v in rows
                for u in cols
                for ref in x.windows(range(c, c + 1), Window(v - top, u - left, *size, geometry.stride))
            ]
            yield Stamp(Region.plane(c, site.out.shape), combined("MAX", seen))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The window that the greatest value is taken of."""
        return text(
            "largest value of each {window} window",
            window=window_words(pair(self.kernel_size), pair(self.dilation)),
        )
