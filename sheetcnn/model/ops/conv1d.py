"""Convolution along one axis, on maps of one row.

Input `(C, 1, L)`, result `(filters, 1, L')`, weight `(filters, C / groups, k)`; otherwise as `conv2d` with
a kernel of 1 x k. Definition: PyTorch's `Conv1d`. First cell of a kernel of 3 over one map::

    =SUMPRODUCT(input_f1!B6:D6,conv1_w!$E$6:$G$6)+conv1_w!$C$6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Parameter, Params, Site
from sheetcnn.model.ops.conv2d import Conv2d
from sheetcnn.model.ops.spatial import NonNegative, Size, Windowed, listed, maps_only
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import Array, Shape, ShapeMismatchError

Ends = Annotated[
    Literal["same", "valid"]
    | NonNegative
    | Annotated[tuple[NonNegative, NonNegative], Field(description="[left, right]")],
    BeforeValidator(listed),
]


class Conv1d(Windowed):
    """A one-dimensional convolution."""

    kind: ClassVar[str] = "conv1d"
    title: ClassVar[str] = "1-D convolution"
    framework_names: ClassVar[tuple[str, str, str]] = ("Conv", "Conv1d", "Conv1D")
    takes_activation: ClassVar[bool] = True

    filters: Size
    kernel_size: Size
    stride: Size = 1
    padding: Ends = "valid"
    dilation: Size = 1
    groups: Size = 1
    bias: bool = True

    @property
    def _flat(self) -> Conv2d:
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

    def geometry(self, x: Shape) -> WindowGeometry:
        """The kernel's window."""
        return self._flat.geometry(x)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(filters, 1, L')`."""
        x = maps_only(self.kind, list(inputs))
        if x.height != 1:
            raise ShapeMismatchError(f"conv1d needs maps of one row (C, 1, L) but gets {x}; use conv2d")
        return self._flat.out_shape(inputs)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` `(filters, C / groups, k)` and, with `bias`, `bias`."""
        shape = (self.filters, inputs[0].channels // self.groups, self.kernel_size)
        weight = Parameter("weight", shape, "kernel", "kernel", (1, self.dilation), self.groups)
        return (weight, Parameter("bias", (self.filters,), "channel", "bias")) if self.bias else (weight,)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """As `conv2d`, with a kernel of one row."""
        return self._flat.run(inputs, {**params, "weight": params["weight"][:, :, None, :]})

    def formula(self, site: Site) -> Iterator[Stamp]:
        """As `conv2d`."""
        return self._flat.formula(site)

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """One per weight of the kernel and output value."""
        return self._flat.multiply_adds(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum in words."""
        return self._flat.describe(inputs)
