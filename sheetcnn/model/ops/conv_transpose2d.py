"""Transposed convolution: every input pixel adds a scaled copy of the kernel to the result.

With stride s, dilation d and padding p::

    full[k, y * s + u * d, x * s + v * d] += in[c, y, x] * weight[c, k, u, v]   (summed over c, y, x, u, v)

and the result is `full` without p pixels at each edge, with `output_padding` more at the bottom and the
right, plus bias. Input `(C, H, W)`, weight `(C, filters / groups, kh, kw)`, result
`(filters, (H - 1) * s - 2p + d * (kh - 1) + output_padding + 1, ...)`. Definition: PyTorch's
`ConvTranspose2d`, ONNX `ConvTranspose`.

As a formula it is a convolution with stride 1 over the input *spread out* by the stride (blank cells
between its pixels), with the kernel turned by 180 degrees. First cell::

    =SUMPRODUCT(up1_spread_f1!B6:D8,up1_w!$E$6:$G$8)+up1_w!$C$6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from sheetcnn.formulas.placement import Positions
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Parameter, Params, Site, Stage
from sheetcnn.model.ops.spatial import Edges, NonNegative, Size, SizeOrPair, edges, listed, maps_only, pair
from sheetcnn.model.ops.sums import check_groups, convolved, with_bias
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import NO_MARGIN, Array, Margin, Shape, ShapeMismatchError

SPREAD = "spread"

OutputPadding = Annotated[
    NonNegative | Annotated[tuple[NonNegative, NonNegative], Field(description="[height, width]")],
    BeforeValidator(listed),
]


@dataclass(frozen=True)
class TurnedKernel(Parameter):
    """A kernel `(in, out / groups, kh, kw)` that faces the windows turned by 180 degrees."""

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """`(out, in / groups, kh, kw)`."""
        inputs, per_group, kh, kw = self.shape
        return per_group * self.groups, inputs // self.groups, kh, kw

    def positions(self, output: int) -> Positions:
        """The slices of one output, turned."""
        every = np.arange(self.size).reshape(self.shape)
        seen = self.inputs_of(output)
        return every[seen.start : seen.stop, output % self.shape[1], ::-1, ::-1]


class ConvTranspose2d(Op):
    """A transposed convolution with `filters` output maps."""

    kind = "conv_transpose2d"
    title = "transposed convolution"
    framework_names = ("ConvTranspose", "ConvTranspose2d", "Conv2DTranspose")
    takes_activation = True

    filters: Size
    kernel_size: SizeOrPair
    stride: SizeOrPair = 1
    padding: Edges = 0
    output_padding: OutputPadding = 0
    dilation: SizeOrPair = 1
    groups: Size = 1
    bias: bool = True

    def _geometry(self, x: Shape) -> WindowGeometry:
        """The windows on the input with blank cells between its pixels."""
        (sy, sx), (below, beyond), cut = pair(self.stride), pair(self.output_padding), edges(self.padding)
        spread = ((x.height - 1) * sy + 1, (x.width - 1) * sx + 1)
        geometry = WindowGeometry(spread, pair(self.kernel_size), dilation=pair(self.dilation))
        down, across = (extent - 1 for extent in geometry.extent)
        around = Margin(
            down - cut.top, down - cut.bottom + below, across - cut.left, across - cut.right + beyond
        )
        return replace(geometry, padding=around)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(filters, H', W')`, by the formula at the head of this file."""
        x = maps_only(self.kind, inputs)
        check_groups(x, self.filters, self.groups)
        try:
            return Shape.maps(self.filters, *self._geometry(x).counts)
        except ShapeMismatchError:
            raise ShapeMismatchError(
                f"padding {self.padding} leaves nothing of the result; use less"
            ) from None

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` `(C, filters / groups, kh, kw)` and, with `bias`, `bias`."""
        shape = (inputs[0].channels, self.filters // self.groups, *pair(self.kernel_size))
        faces = SPREAD if self.stages(inputs) else ""
        weight = TurnedKernel(
            "weight", shape, "kernel", "kernel, turned", pair(self.dilation), self.groups, faces
        )
        return with_bias(weight, self.filters, self.bias)

    def stages(self, inputs: Sequence[Shape]) -> tuple[Stage, ...]:
        """The spread-out input, unless the stride is 1."""
        if pair(self.stride) == (1, 1):
            return ()
        geometry = self._geometry(inputs[0])
        shape = Shape.maps(inputs[0].channels, *geometry.size)
        return (Stage(SPREAD, shape, "input, spread out", geometry.overhang),)

    def padding_extent(self, inputs: Sequence[Shape]) -> Margin:
        """With stride 1 the windows read the input itself."""
        return NO_MARGIN if self.stages(inputs) else self._geometry(inputs[0]).overhang

    def run_stages(self, inputs: Sequence[Array], params: Params) -> dict[str, Array]:
        """The spread-out input, NaN where cells stay blank."""
        shape = Shape(inputs[0].shape)
        if not self.stages((shape,)):
            return {}
        spread = np.full((shape.channels, *self._geometry(shape).size), np.nan)
        sy, sx = pair(self.stride)
        spread[:, ::sy, ::sx] = inputs[0]
        return {SPREAD: spread}

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Add up scaled kernels, tap by tap; then crop."""
        x, weight = inputs[0], params["weight"]
        out, cut = self.out_shape((Shape(x.shape),)), edges(self.padding)
        (sy, sx), (dy, dx), (kh, kw) = pair(self.stride), pair(self.dilation), pair(self.kernel_size)
        height, width = x.shape[1:]
        full = np.zeros((self.filters, out.height + cut.top + cut.bottom, out.width + cut.left + cut.right))
        per_in, per_out = x.shape[0] // self.groups, self.filters // self.groups
        for g in range(self.groups):
            mine, seen = slice(g * per_out, (g + 1) * per_out), slice(g * per_in, (g + 1) * per_in)
            for u in range(kh):
                for v in range(kw):
                    copy = np.tensordot(weight[seen, :, u, v], x[seen], axes=(0, 0))
                    rows = slice(u * dy, u * dy + (height - 1) * sy + 1, sy)
                    cols = slice(v * dx, v * dx + (width - 1) * sx + 1, sx)
                    full[mine, rows, cols] += copy
        result = full[:, cut.top : cut.top + out.height, cut.left : cut.left + out.width]
        return result + params["bias"][:, None, None] if self.bias else result

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The spread-out input, then a convolution with stride 1."""
        x = site.inputs[0]
        read = x
        if self.stages((x.shape,)):
            read = site.stage(SPREAD)
            sy, sx = pair(self.stride)
            for c in range(x.shape.channels):
                region = Region.part(c, range(0, read.shape.height, sy), range(0, read.shape.width, sx))
                yield Stamp(region, x.at(Region.plane(c, x.shape)), SPREAD)
        yield from convolved(site, read, self._geometry(x.shape).first, self.groups, bias=self.bias)

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """One per weight of the kernel and input pixel."""
        kh, kw = pair(self.kernel_size)
        return inputs[0].size * self.filters // self.groups * kh * kw

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum in words."""
        n = inputs[0].channels // self.groups
        what = text("the input map") if n == 1 else text("{n} input maps", n=n)
        if self.stages(inputs):
            what = text("{maps}, spread out by the stride,", maps=what)
        total = text("sum over {maps} of window × kernel turned by 180°", maps=what)
        return text("{total} + bias", total=total) if self.bias else total
