"""Depthwise convolution: every map has kernels of its own.

Output map `c * multiplier + m` is the convolution of input map c with one kernel. Input `(C, H, W)`,
weight `(C * multiplier, 1, kh, kw)`: the same as `conv2d` with `groups` = C. Definition: PyTorch's
`Conv2d(groups=C)`, Keras's `DepthwiseConv2D`. First cell of a 3x3 kernel::

    =SUMPRODUCT(input_f1!B6:D8,dw1_w!$E$6:$G$8)+dw1_w!$C$6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Parameter, Params, Site
from sheetcnn.model.ops.conv2d import Conv2d
from sheetcnn.model.ops.spatial import Padding, Size, SizeOrPair, Windowed, maps_only
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import Array, Shape


class DepthwiseConv2d(Windowed):
    """A depthwise convolution with `multiplier` kernels per map."""

    kind: ClassVar[str] = "depthwise_conv2d"
    title: ClassVar[str] = "depthwise convolution"
    framework_names: ClassVar[tuple[str, str, str]] = (
        "Conv with group",
        "Conv2d(groups=C)",
        "DepthwiseConv2D",
    )
    takes_activation: ClassVar[bool] = True

    kernel_size: SizeOrPair
    multiplier: Size = 1
    stride: SizeOrPair = 1
    padding: Padding = "valid"
    dilation: SizeOrPair = 1
    bias: bool = True

    def _grouped(self, channels: int) -> Conv2d:
        """The same as a grouped convolution."""
        return Conv2d(
            filters=channels * self.multiplier,
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=channels,
            bias=self.bias,
        )

    def geometry(self, x: Shape) -> WindowGeometry:
        """The kernel's window."""
        return self._grouped(x.channels).geometry(x)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C * multiplier, H', W')`."""
        return self._grouped(maps_only(self.kind, list(inputs)).channels).out_shape(inputs)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` and, with `bias`, `bias`."""
        return self._grouped(inputs[0].channels).parameters(inputs)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """As `conv2d`."""
        return self._grouped(inputs[0].shape[0]).run(inputs, params)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """As `conv2d`."""
        return self._grouped(site.inputs[0].shape.channels).formula(site)

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """One per weight of the kernel and output pixel."""
        return self._grouped(inputs[0].channels).multiply_adds(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum in words."""
        return self._grouped(inputs[0].channels).describe(inputs)
