"""Convolution along one axis, on maps of one row.

Input `(C, 1, L)`, result `(filters, 1, L')`, weight `(filters, C / groups, k)`; otherwise as `conv2d` with
a kernel of 1 x k. Definition: PyTorch's `Conv1d`. First cell of a kernel of 3 over one map::

    =SUMPRODUCT(input_f1!B6:D6,conv1_w!$E$6:$G$6)+conv1_w!$C$6
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sheetcnn.model.ops.base import Parameter, Params
from sheetcnn.model.ops.conv2d import AsConv2d, Conv2d
from sheetcnn.model.ops.spatial import NonNegative, Size, listed, maps_only
from sheetcnn.model.ops.sums import with_bias
from sheetcnn.shape import Array, Shape, ShapeMismatchError

Ends = Annotated[
    Literal["same", "valid"]
    | NonNegative
    | Annotated[tuple[NonNegative, NonNegative], Field(description="[left, right]")],
    BeforeValidator(listed),
]


class Conv1d(AsConv2d):
    """A one-dimensional convolution."""

    kind = "conv1d"
    title = "1-D convolution"
    framework_names = ("Conv", "Conv1d", "Conv1D")

    filters: Size
    kernel_size: Size
    stride: Size = 1
    padding: Ends = "valid"
    dilation: Size = 1
    groups: Size = 1
    bias: bool = True

    def as_conv2d(self, channels: int) -> Conv2d:
        """The same as a convolution over maps of one row."""
        padding = self.padding
        if isinstance(padding, int):
            padding = (padding, padding)
        return Conv2d(
            filters=self.filters,
            kernel_size=(1, self.kernel_size),
            stride=(1, self.stride),
            padding=(0, 0, *padding) if isinstance(padding, tuple) else padding,
            dilation=(1, self.dilation),
            groups=self.groups,
            bias=self.bias,
        )

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(filters, 1, L')`."""
        x = maps_only(self.kind, inputs)
        if x.height != 1:
            raise ShapeMismatchError(f"conv1d needs maps of one row (C, 1, L) but gets {x}; use conv2d")
        return super().out_shape(inputs)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` `(filters, C / groups, k)` and, with `bias`, `bias`."""
        shape = (self.filters, inputs[0].channels // self.groups, self.kernel_size)
        weight = Parameter("weight", shape, "kernel", "kernel", (1, self.dilation), self.groups)
        return with_bias(weight, self.filters, self.bias)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """As `conv2d`, with a kernel of one row."""
        return self.as_conv2d(len(inputs[0])).run(
            inputs, {**params, "weight": params["weight"][:, :, None, :]}
        )
