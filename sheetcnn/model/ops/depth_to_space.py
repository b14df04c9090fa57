"""Channels laid out as pixels: blocks of `block` x `block` pixels from as many channels.

Input `(C * block², H, W)`, result `(C, H * block, W * block)`. With `crd`, pixel (i, j) of each block of
map c comes from channel `c * block² + i * block + j` (PyTorch's `PixelShuffle`); with `dcr` from channel
`(i * block + j) * C + c` (the default of ONNX `DepthToSpace`, TensorFlow). First cell::

    =conv1_f1!C7
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.spatial import Size, maps_only
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class DepthToSpace(Op):
    """Depth to space."""

    kind = "depth_to_space"
    title = "depth to space"
    framework_names = ("DepthToSpace", "PixelShuffle", "")
    negatives = "from negatives"

    block: Size
    mode: Literal["crd", "dcr"] = "crd"

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Fewer, larger maps."""
        x = maps_only(self.kind, inputs)
        if x.channels % self.block**2:
            raise ShapeMismatchError(
                f"{x.channels} channels do not make blocks of {self.block}×{self.block} pixels; "
                f"they must be a multiple of {self.block**2}"
            )
        return Shape.maps(x.channels // self.block**2, x.height * self.block, x.width * self.block)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The places in a block as axes of their own, moved behind the pixel that they belong to."""
        channels, height, width = inputs[0].shape
        b = self.block
        count = channels // (b * b)
        if self.mode == "crd":
            pixels = inputs[0].reshape(count, b, b, height, width).transpose(0, 3, 1, 4, 2)
        else:
            pixels = inputs[0].reshape(b, b, count, height, width).transpose(2, 3, 0, 4, 1)
        out: Array = pixels.reshape(count, height * b, width * b)
        return out

    def formula(self, site: Site) -> Iterator[Stamp]:
        """One pattern per map and place in the block."""
        x, shape, b = site.inputs[0], site.out.shape, self.block
        for c in range(shape.channels):
            for i in range(b):
                for j in range(b):
                    source = c * b * b + i * b + j if self.mode == "crd" else (i * b + j) * shape.channels + c
                    region = Region.part(c, range(i, shape.height, b), range(j, shape.width, b))
                    yield Stamp(region, x.at(Region.plane(source, x.shape)))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """From how many maps each block of pixels comes."""
        return self.words("each {block}×{block} block of pixels from {maps} input maps", maps=self.block**2)
