"""Depthwise convolution: every map has kernels of its own.

Output map `c * multiplier + m` is the convolution of input map c with one kernel. Input `(C, H, W)`,
result `(C * multiplier, H', W')`, weight `(C * multiplier, 1, kh, kw)`: the same as `conv2d` with `groups`
= C. Definition: PyTorch's `Conv2d(groups=C)`, Keras's `DepthwiseConv2D`. First cell of a 3x3 kernel::

    =SUMPRODUCT(input_f1!B6:D8,dw1_w!$E$6:$G$8)+dw1_w!$C$6
"""

from __future__ import annotations

from sheetcnn.model.ops.conv2d import AsConv2d, Conv2d
from sheetcnn.model.ops.spatial import Padding, Size, SizeOrPair


class DepthwiseConv2d(AsConv2d):
    """A depthwise convolution with `multiplier` kernels per map."""

    kind = "depthwise_conv2d"
    title = "depthwise convolution"
    framework_names = ("Conv with group", "Conv2d(groups=C)", "DepthwiseConv2D")

    kernel_size: SizeOrPair
    multiplier: Size = 1
    stride: SizeOrPair = 1
    padding: Padding = "valid"
    dilation: SizeOrPair = 1
    bias: bool = True

    def as_conv2d(self, channels: int) -> Conv2d:
        """The same as a grouped convolution."""
        same = self.model_dump(exclude={"multiplier"})
        return Conv2d(filters=channels * self.multiplier, groups=channels, **same)
