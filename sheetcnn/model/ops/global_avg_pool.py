"""Mean of each whole feature map.

Input `(C, H, W)`, result `(C, 1, 1)`. Definition: PyTorch's `AdaptiveAvgPool2d(1)`, ONNX
`GlobalAveragePool`.

First cell::

    =AVERAGE(conv2_f1!$C$7:$J$14)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.channels import average
from sheetcnn.model.ops.spatial import maps_only
from sheetcnn.shape import Array, Shape


class GlobalAvgPool(Op):
    """Global average pooling."""

    kind = "global_avg_pool"
    title = "global average pooling"
    framework_names = ("GlobalAveragePool", "AdaptiveAvgPool2d(1)", "GlobalAveragePooling2D")
    negatives = "from negatives"

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C, 1, 1)`."""
        return Shape.maps(maps_only(self.kind, inputs).channels, 1, 1)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The mean over both axes."""
        mean: Array = inputs[0].mean(axis=(1, 2), keepdims=True)
        return mean

    def formula(self, site: Site) -> Iterator[Stamp]:
        """AVERAGE of the map."""
        x = site.inputs[0]
        for c in range(x.shape.channels):
            mean = average(x.ranges(range(c, c + 1)), x.shape.height * x.shape.width)
            yield Stamp(Region.plane(c, site.out.shape), mean)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """That it is a mean, and of how many pixels."""
        return text("mean of the whole {height}×{width} map", height=inputs[0].height, width=inputs[0].width)
