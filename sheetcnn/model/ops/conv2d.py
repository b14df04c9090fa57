"""Convolution over feature maps.

For output map k at (y, x), with stride s, dilation d and top-left padding p::

    out[k, y, x] = bias[k] + sum over c, u, v of
                   weight[k, c, u, v] * in[c, y * s - p + u * d, x * s - p + v * d]

where pixels outside the input count as 0. Input `(C, H, W)`, result `(filters, H', W')`, weight
`(filters, C / groups, kh, kw)`; with groups, map k sees only the channels of its own group.
Definition: PyTorch's `Conv2d` (a cross-correlation: the kernel is not flipped).

First cell of a 3x3 convolution over two maps, with ReLU::

    =MAX(0,SUMPRODUCT(pool1_f1!B6:D8,conv2_w!$E$6:$G$8)+SUMPRODUCT(pool1_f2!B6:D8,conv2_w!$I$6:$K$8)+conv2_w!$C$6)
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from sheetcnn.formulas.region import Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Parameter, Params, Site
from sheetcnn.model.ops.spatial import (
    Padding,
    Size,
    SizeOrPair,
    Windowed,
    maps_only,
    pair,
    window_geometry,
    window_words,
)
from sheetcnn.model.ops.sums import check_groups, convolved, with_bias
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import Array, Shape

_MOST_VALUES = 1 << 21  # of windows, each pixel as often as it is seen: 16 MiB


class Conv2d(Windowed):
    """A convolution with `filters` output maps."""

    kind = "conv2d"
    title = "convolution"
    framework_names = ("Conv", "Conv2d", "Conv2D, SeparableConv2D")
    takes_activation = True

    filters: Size
    kernel_size: SizeOrPair
    stride: SizeOrPair = 1
    padding: Padding = "valid"
    dilation: SizeOrPair = 1
    groups: Size = 1
    bias: bool = True

    def geometry(self, x: Shape) -> WindowGeometry:
        """The kernel's window."""
        sizes = pair(self.kernel_size), pair(self.stride), self.padding, pair(self.dilation)
        return window_geometry(x, *sizes)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(filters, H', W')`."""
        x = maps_only(self.kind, inputs)
        check_groups(x, self.filters, self.groups)
        return Shape.maps(self.filters, *self.geometry(x).counts)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` and, with `bias`, `bias`."""
        shape = (self.filters, inputs[0].channels // self.groups, *pair(self.kernel_size))
        weight = Parameter("weight", shape, "kernel", "kernel", pair(self.dilation), self.groups)
        return with_bias(weight, self.filters, self.bias)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Windows times kernels, all groups at once, as many rows at a time as memory is meant for."""
        x = inputs[0]
        geometry = self.geometry(Shape(x.shape))
        every, counts = geometry.windows(geometry.canvas(x, 0.0)), geometry.counts
        kernels = params["weight"].reshape(self.groups, self.filters // self.groups, -1)
        out = np.empty((self.groups, self.filters // self.groups, *counts))
        values = kernels.shape[0] * kernels.shape[2] * counts[1]  # of the windows of one row
        step = max(1, _MOST_VALUES // values)
        for top in range(0, counts[0], step):
            rows = every[:, top : top + step].transpose(0, 3, 4, 1, 2)
            columns = rows.reshape(self.groups, kernels.shape[2], -1)
            out[:, :, top : top + step] = (kernels @ columns).reshape(*out.shape[:2], -1, counts[1])
        result = out.reshape(self.filters, *counts)
        if self.bias:
            result += params["bias"][:, None, None]
        return result

    def formula(self, site: Site) -> Iterator[Stamp]:
        """A SUMPRODUCT per run of input channels, plus the bias."""
        x = site.inputs[0]
        return convolved(site, x, self.geometry(x.shape).first, self.groups, bias=self.bias)

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """One per weight of the kernel and output pixel."""
        kh, kw = pair(self.kernel_size)
        return self.out_shape(inputs).size * inputs[0].channels // self.groups * kh * kw

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum in words."""
        n = inputs[0].channels // self.groups
        maps = text("the input map") if n == 1 else text("{n} input maps", n=n)
        total = text(
            "sum over {maps} of {window} window × kernel",
            maps=maps,
            window=window_words(pair(self.kernel_size), pair(self.dilation)),
        )
        return text("{total} + bias", total=total) if self.bias else total


class AsConv2d(Windowed):
    """A layer that is computed as a `conv2d` with other options."""

    takes_activation = True

    @abstractmethod
    def as_conv2d(self, channels: int) -> Conv2d:
        """The same as a convolution of that many input channels."""

    def geometry(self, x: Shape) -> WindowGeometry:
        """The kernel's window."""
        return self.as_conv2d(x.channels).geometry(x)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """That of the `conv2d`."""
        return self.as_conv2d(maps_only(self.kind, inputs).channels).out_shape(inputs)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` and, with `bias`, `bias`."""
        return self.as_conv2d(inputs[0].channels).parameters(inputs)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """As `conv2d` computes it."""
        return self.as_conv2d(inputs[0].shape[0]).run(inputs, params)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The patterns of the `conv2d`."""
        return self.as_conv2d(site.inputs[0].shape.channels).formula(site)

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """One per weight of the kernel and output pixel."""
        return self.as_conv2d(inputs[0].channels).multiply_adds(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum in words."""
        return self.as_conv2d(inputs[0].channels).describe(inputs)
