"""Pixels laid out as channels: the inverse of `depth_to_space`.

Input `(C, H, W)`, result `(C * block², H / block, W / block)`. With `crd`, channel
`c * block² + i * block + j` holds pixel (i, j) of each block of map c (PyTorch's `PixelUnshuffle`); with
`dcr` it is channel `(i * block + j) * C + c` (ONNX `SpaceToDepth`, TensorFlow). First cell::

    =conv1_f1!C7
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.spatial import Size, maps_only
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class SpaceToDepth(Op):
    """Space to depth."""

    kind = "space_to_depth"
    title = "space to depth"
    framework_names = ("SpaceToDepth", "PixelUnshuffle", "")
    negatives = "from negatives"

    block: Size
    mode: Literal["crd", "dcr"] = "crd"

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """More, smaller maps."""
        x = maps_only(self.kind, inputs)
        if x.height % self.block or x.width % self.block:
            raise ShapeMismatchError(
                f"{x.height}×{x.width} pixels do not divide into blocks of {self.block}×{self.block}; "
                "crop or pad first"
            )
        return Shape.maps(x.channels * self.block**2, x.height // self.block, x.width // self.block)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The places in a block as axes of their own, moved before the pixel."""
        channels, height, width = inputs[0].shape
        b = self.block
        pixels = inputs[0].reshape(channels, height // b, b, width // b, b)
        order = (0, 2, 4, 1, 3) if self.mode == "crd" else (2, 4, 0, 1, 3)
        out: Array = pixels.transpose(order).reshape(-1, height // b, width // b)
        return out

    def formula(self, site: Site) -> Iterator[Stamp]:
        """One pattern per map: every `block`-th pixel of an input map."""
        x, shape, b = site.inputs[0], site.out.shape, self.block
        channels = x.shape.channels
        for c in range(channels):
            for i in range(b):
                for j in range(b):
                    target = c * b * b + i * b + j if self.mode == "crd" else (i * b + j) * channels + c
                    source = Region((c, i, j), shape.height, shape.width, (0, b, 0), (0, 0, b))
                    yield Stamp(Region.plane(target, shape), x.at(source))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """Which pixels one map is made of."""
        return self.words("one pixel of each {block}×{block} block of an input map")
