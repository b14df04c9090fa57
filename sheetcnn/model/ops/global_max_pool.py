"""Maximum of each whole feature map.

Input `(C, H, W)`, result `(C, 1, 1)`. Definition: PyTorch's `AdaptiveMaxPool2d(1)`, ONNX
`GlobalMaxPool`. First cell::

    =MAX(conv1_f1!$C$7:$J$14)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.channels import combined
from sheetcnn.model.ops.spatial import maps_only
from sheetcnn.shape import Array, Shape


class GlobalMaxPool(Op):
    """Global max pooling."""

    kind = "global_max_pool"
    title = "global max pooling"
    framework_names = ("GlobalMaxPool", "AdaptiveMaxPool2d(1)", "GlobalMaxPooling2D")
    negatives = "from negatives"

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C, 1, 1)`."""
        return Shape.maps(maps_only(self.kind, inputs).channels, 1, 1)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The greatest value over both axes."""
        best: Array = inputs[0].max(axis=(1, 2), keepdims=True)
        return best

    def formula(self, site: Site) -> Iterator[Stamp]:
        """MAX of the map."""
        for c in range(site.out.shape.channels):
            maps = site.inputs[0].ranges(range(c, c + 1))
            yield Stamp(Region.plane(c, site.out.shape), combined("MAX", maps))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """That it is the greatest, and of how many pixels."""
        return text(
            "largest value of the whole {height}×{width} map", height=inputs[0].height, width=inputs[0].width
        )
