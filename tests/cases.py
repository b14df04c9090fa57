"""The cases of every layer kind: a table per kind, shared by all tests that go through the kinds.

Each case becomes a workbook, so maps are small. A new kind is one table here, one row in
`torch_reference.py`, and a run of `golden/make_golden.py KIND`. The file is long because it is all tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Case:
    """One layer with its options, and the shapes that it is given.

    Attributes:
        id: kind and what is special, unique among all cases: `conv2d-same_stride2_odd`.
        layer: as in a spec, without a name.
        inputs: one shape per input, `(C, H, W)` or `(N,)`.
        span: inputs are drawn evenly between these, and their first and last value are these;
            without, they are standard normal.
    """

    id: str
    layer: Mapping[str, Any]
    inputs: tuple[tuple[int, ...], ...]
    span: tuple[float, float] | None = None

    @property
    def kind(self) -> str:
        return str(self.layer["kind"])


def _case(
    kind: str, label: str, *inputs: tuple[int, ...], span: tuple[float, float] | None = None, **options: Any
) -> Case:
    return Case(f"{kind}-{label}", {"kind": kind, **options}, inputs, span)


CASES: dict[str, tuple[Case, ...]] = {}
"""The cases of each kind."""

# A blank cell taken for a 0 would win a maximum and lower a mean of these.
NEGATIVE = (-9.0, -1.0)
POSITIVE = (1.0, 9.0)


_conv = partial(_case, "conv2d")
CASES["conv2d"] = (
    _conv("plain", (2, 5, 5), filters=3, kernel_size=3),
    _conv("oblong_map", (2, 4, 7), filters=2, kernel_size=3),
    _conv("one_pixel", (1, 1, 1), filters=1, kernel_size=1),
    _conv("pointwise", (5, 3, 4), filters=4, kernel_size=1),
    _conv("pointwise_one_pixel", (5, 1, 1), filters=6, kernel_size=1),
    _conv("one_filter", (6, 4, 4), filters=1, kernel_size=2),
    _conv("kernel_as_map", (2, 4, 4), filters=3, kernel_size=4),
    _conv("kernel_as_oblong_map", (2, 3, 5), filters=3, kernel_size=[3, 5]),
    _conv("kernel_over_map", (2, 2, 3), filters=2, kernel_size=5, padding="same"),
    _conv("kernel_over_pixel", (3, 1, 1), filters=2, kernel_size=3, padding=1),
    _conv("wide_kernel", (1, 9, 9), filters=2, kernel_size=7),
    _conv("row_kernel", (2, 4, 6), filters=2, kernel_size=[1, 3]),
    _conv("column_kernel", (2, 6, 4), filters=2, kernel_size=[5, 1]),
    _conv("row_map", (2, 1, 9), filters=2, kernel_size=[1, 4], stride=2),
    _conv("column_map", (2, 9, 1), filters=2, kernel_size=[4, 1], stride=[2, 1]),
    # Stride.
    _conv("stride2", (2, 7, 7), filters=2, kernel_size=3, stride=2),
    _conv("stride2_rest", (2, 8, 6), filters=2, kernel_size=3, stride=2),
    _conv("stride_down", (2, 7, 5), filters=2, kernel_size=3, stride=[2, 1]),
    _conv("stride_across", (2, 5, 7), filters=2, kernel_size=3, stride=[1, 2]),
    _conv("stride_2_3", (2, 8, 9), filters=2, kernel_size=[3, 2], stride=[2, 3]),
    _conv("stride_over_kernel", (2, 8, 8), filters=2, kernel_size=2, stride=3),
    _conv("stride_over_pointwise", (3, 7, 7), filters=2, kernel_size=1, stride=3),
    _conv("stride_over_map", (2, 4, 4), filters=2, kernel_size=3, stride=5),
    # Padding.
    _conv("valid", (2, 5, 4), filters=2, kernel_size=2, padding="valid"),
    _conv("padding0", (2, 4, 5), filters=2, kernel_size=3, padding=0),
    _conv("padding1", (2, 5, 5), filters=2, kernel_size=3, padding=1),
    _conv("padding2_stride2", (2, 5, 6), filters=2, kernel_size=3, padding=2, stride=2),
    _conv("padding_over_kernel", (2, 2, 2), filters=2, kernel_size=2, padding=3),
    _conv("padding_of_pointwise", (2, 3, 3), filters=2, kernel_size=1, padding=1),
    _conv("padding_sides", (2, 4, 5), filters=2, kernel_size=3, padding=[1, 0, 0, 2]),
    _conv("padding_below_right", (2, 4, 4), filters=2, kernel_size=2, padding=[0, 1, 0, 1]),
    _conv("padding_above_left", (2, 4, 4), filters=2, kernel_size=2, padding=[1, 0, 1, 0]),
    _conv("sides_stride", (2, 6, 5), filters=2, kernel_size=[2, 3], padding=[0, 3, 2, 1], stride=[3, 2]),
    _conv("same", (3, 5, 5), filters=4, kernel_size=3, padding="same"),
    _conv("same_pointwise", (3, 3, 4), filters=2, kernel_size=1, padding="same"),
    _conv("same_even_kernel", (2, 5, 4), filters=2, kernel_size=2, padding="same"),
    _conv("same_4x3", (2, 5, 5), filters=2, kernel_size=[4, 3], padding="same"),
    _conv("same_5x1", (2, 4, 4), filters=2, kernel_size=[5, 1], padding="same"),
    _conv("same_one_pixel", (2, 1, 1), filters=3, kernel_size=3, padding="same"),
    _conv("same_stride2_odd", (2, 7, 7), filters=2, kernel_size=3, stride=2, padding="same"),
    _conv("same_stride2_even", (2, 8, 8), filters=2, kernel_size=3, stride=2, padding="same"),
    _conv("same_stride2_mixed", (2, 6, 7), filters=2, kernel_size=3, stride=2, padding="same"),
    _conv("same_stride2_k2_odd", (2, 5, 5), filters=2, kernel_size=2, stride=2, padding="same"),
    _conv("same_stride2_k5_even", (1, 8, 6), filters=2, kernel_size=5, stride=2, padding="same"),
    _conv("same_stride3", (2, 8, 7), filters=2, kernel_size=4, stride=3, padding="same"),
    _conv("same_stride_1_2", (2, 4, 6), filters=2, kernel_size=3, stride=[1, 2], padding="same"),
    _conv("same_stride_over_kernel", (2, 8, 7), filters=2, kernel_size=[1, 2], stride=3, padding="same"),
    # Dilation.
    _conv("dilation2", (2, 7, 6), filters=2, kernel_size=3, dilation=2),
    _conv("dilation_1_3", (2, 4, 8), filters=2, kernel_size=[2, 3], dilation=[1, 3]),
    _conv("dilation_2_1", (2, 6, 4), filters=2, kernel_size=3, dilation=[2, 1]),
    _conv("dilation_of_pointwise", (2, 3, 3), filters=2, kernel_size=1, dilation=2),
    _conv("dilation_fills_map", (2, 7, 7), filters=2, kernel_size=3, dilation=3),
    _conv("dilation_padding", (2, 5, 5), filters=2, kernel_size=3, dilation=2, padding=2),
    _conv("dilation_padding_sides", (2, 5, 4), filters=2, kernel_size=2, dilation=3, padding=[2, 1, 0, 3]),
    _conv("dilation_stride", (2, 9, 8), filters=2, kernel_size=3, dilation=2, stride=2),
    _conv("dilation_same", (2, 5, 6), filters=2, kernel_size=3, dilation=2, padding="same"),
    _conv("dilation_same_even", (2, 5, 5), filters=2, kernel_size=2, dilation=3, padding="same"),
    _conv("dilation_same_stride", (2, 7, 6), filters=1, kernel_size=3, stride=2, padding="same", dilation=2),
    # Groups.
    _conv("groups2", (4, 4, 4), filters=4, kernel_size=3, groups=2),
    _conv("groups2_more", (4, 4, 5), filters=6, kernel_size=2, groups=2),
    _conv("groups2_fewer", (6, 3, 3), filters=2, kernel_size=2, groups=2),
    _conv("groups3_pointwise", (6, 2, 3), filters=3, kernel_size=1, groups=3),
    _conv("depthwise", (3, 5, 5), filters=3, kernel_size=3, groups=3, padding=1),
    _conv("depthwise_twice", (3, 4, 5), filters=6, kernel_size=2, groups=3),
    _conv("depthwise_stride", (4, 6, 7), filters=4, kernel_size=3, groups=4, stride=2, padding=1, bias=False),
    _conv("depthwise_sides", (2, 6, 6), filters=4, kernel_size=3, groups=2, padding=[2, 1, 0, 3], dilation=2),
    # Bias and activation.
    _conv("no_bias", (2, 4, 4), filters=3, kernel_size=3, bias=False),
    _conv("bias", (2, 4, 4), filters=3, kernel_size=3, bias=True),
    _conv("no_activation", (2, 4, 4), filters=2, kernel_size=2, activation=None),
    _conv("relu", (2, 5, 5), filters=3, kernel_size=3, padding="same", activation="relu"),
    _conv("leaky_relu", (2, 4, 4), filters=3, kernel_size=2, activation="leaky_relu"),
    _conv("sigmoid", (2, 4, 4), filters=3, kernel_size=2, activation="sigmoid"),
    _conv("tanh", (2, 4, 4), filters=3, kernel_size=2, activation="tanh"),
    _conv("no_bias_relu", (2, 4, 4), filters=2, kernel_size=3, bias=False, activation="relu"),
    _conv("no_bias_sigmoid", (1, 3, 4), filters=2, kernel_size=2, bias=False, activation="sigmoid"),
    _conv("no_bias_leaky_relu", (1, 3, 4), filters=2, kernel_size=1, bias=False, activation="leaky_relu"),
    _conv("strided_relu", (2, 6, 6), filters=2, kernel_size=3, stride=2, padding=1, activation="relu"),
)

_row = partial(_case, "conv1d")
CASES["conv1d"] = (
    _row("plain", (2, 1, 8), filters=3, kernel_size=3),
    _row("one_pixel", (1, 1, 1), filters=1, kernel_size=1),
    _row("pointwise", (4, 1, 5), filters=3, kernel_size=1),
    _row("one_filter", (5, 1, 6), filters=1, kernel_size=2),
    _row("kernel_as_row", (2, 1, 6), filters=3, kernel_size=6),
    _row("kernel_over_row", (2, 1, 3), filters=2, kernel_size=5, padding="same"),
    _row("kernel_over_pixel", (3, 1, 1), filters=2, kernel_size=3, padding=1),
    # Stride.
    _row("stride2_odd", (2, 1, 9), filters=2, kernel_size=3, stride=2),
    _row("stride2_rest", (2, 1, 8), filters=2, kernel_size=3, stride=2),
    _row("stride_over_kernel", (2, 1, 8), filters=2, kernel_size=2, stride=3),
    _row("stride_over_row", (2, 1, 4), filters=2, kernel_size=3, stride=5),
    # Padding.
    _row("valid", (2, 1, 5), filters=2, kernel_size=2, padding="valid"),
    _row("padding2", (2, 1, 5), filters=2, kernel_size=3, padding=2),
    _row("padding_left", (2, 1, 5), filters=2, kernel_size=3, padding=[2, 0]),
    _row("padding_right_stride", (2, 1, 6), filters=2, kernel_size=3, padding=[0, 3], stride=2),
    _row("padding_over_kernel", (2, 1, 2), filters=2, kernel_size=2, padding=3),
    _row("same", (3, 1, 7), filters=2, kernel_size=3, padding="same"),
    _row("same_even_kernel", (2, 1, 6), filters=2, kernel_size=4, padding="same"),
    _row("same_stride2_odd", (2, 1, 7), filters=2, kernel_size=3, stride=2, padding="same"),
    _row("same_stride2_even", (2, 1, 8), filters=2, kernel_size=3, stride=2, padding="same"),
    _row("same_stride3", (1, 1, 10), filters=2, kernel_size=4, stride=3, padding="same"),
    # Dilation.
    _row("dilation2", (2, 1, 8), filters=2, kernel_size=3, dilation=2),
    _row("dilation_same", (2, 1, 7), filters=2, kernel_size=3, dilation=3, padding="same"),
    _row("dilation_stride", (2, 1, 10), filters=2, kernel_size=2, dilation=3, stride=2),
    _row("dilation_padding_sides", (2, 1, 5), filters=2, kernel_size=2, dilation=4, padding=[1, 2]),
    # Groups, bias and activation.
    _row("groups2", (4, 1, 6), filters=6, kernel_size=3, groups=2),
    _row("depthwise", (3, 1, 6), filters=3, kernel_size=3, groups=3, padding=1, stride=2),
    _row("no_bias", (2, 1, 5), filters=3, kernel_size=2, bias=False),
    _row("relu", (2, 1, 6), filters=3, kernel_size=3, padding="same", activation="relu"),
    _row("no_bias_sigmoid", (1, 1, 6), filters=2, kernel_size=2, bias=False, activation="sigmoid"),
)

_up = partial(_case, "conv_transpose2d")
CASES["conv_transpose2d"] = (
    _up("plain", (2, 3, 4), filters=3, kernel_size=3),
    _up("one_pixel", (1, 1, 1), filters=1, kernel_size=1),
    _up("pixel_to_kernel", (3, 1, 1), filters=2, kernel_size=[2, 3]),
    _up("pointwise", (4, 2, 3), filters=3, kernel_size=1),
    _up("kernel_as_map", (2, 3, 3), filters=2, kernel_size=3),
    _up("oblong_kernel", (2, 2, 3), filters=2, kernel_size=[3, 2]),
    _up("row_map", (2, 1, 5), filters=2, kernel_size=[1, 3]),
    _up("column_map", (2, 4, 1), filters=2, kernel_size=2),
    _up("one_filter", (5, 3, 2), filters=1, kernel_size=2),
    # Stride: kernels that overlap, touch, and leave gaps of bias only.
    _up("stride2_overlap", (2, 3, 4), filters=2, kernel_size=3, stride=2),
    _up("stride2_k4_padding1", (2, 3, 3), filters=2, kernel_size=4, stride=2, padding=1),
    _up("stride2_touch", (2, 3, 2), filters=3, kernel_size=2, stride=2),
    _up("stride2_pointwise", (2, 3, 4), filters=2, kernel_size=1, stride=2),
    _up("stride3_gaps", (2, 3, 2), filters=2, kernel_size=2, stride=3),
    _up("stride3_k5", (1, 3, 3), filters=2, kernel_size=5, stride=3),
    _up("stride3_pixel", (3, 1, 1), filters=2, kernel_size=2, stride=3),
    _up("stride_down", (2, 3, 4), filters=2, kernel_size=3, stride=[2, 1]),
    _up("stride_1_3", (2, 4, 3), filters=2, kernel_size=[3, 2], stride=[1, 3]),
    # Padding crops the full result.
    _up("padding1", (2, 4, 5), filters=2, kernel_size=3, padding=1),
    _up("padding2_k5", (1, 3, 4), filters=2, kernel_size=5, padding=2),
    _up("padding_over_kernel", (2, 6, 5), filters=2, kernel_size=2, padding=2),
    _up("padding1_stride2", (2, 3, 4), filters=2, kernel_size=3, padding=1, stride=2),
    _up("padding1_stride3_gaps", (2, 3, 3), filters=2, kernel_size=2, padding=1, stride=3),
    _up("padding_sides", (2, 4, 4), filters=2, kernel_size=3, padding=[1, 0, 0, 2]),
    _up("padding_sides_stride2", (2, 3, 3), filters=2, kernel_size=3, padding=[0, 3, 2, 1], stride=2),
    # output_padding keeps more below and to the right.
    _up("output_padding", (2, 3, 4), filters=2, kernel_size=3, stride=2, padding=1, output_padding=1),
    _up("output_padding_beyond", (2, 3, 2), filters=2, kernel_size=2, stride=2, output_padding=1),
    _up("output_padding_2", (2, 2, 3), filters=2, kernel_size=3, stride=3, padding=1, output_padding=2),
    _up("output_padding_1_0", (2, 3, 3), filters=2, kernel_size=3, stride=2, output_padding=[1, 0]),
    _up("output_padding_dilation", (2, 3, 3), filters=2, kernel_size=2, dilation=2, output_padding=1),
    _up(
        "output_padding_sides",
        (2, 3, 3),
        filters=2,
        kernel_size=3,
        stride=[2, 3],
        padding=[1, 0, 2, 1],
        output_padding=[1, 2],
    ),
    # Dilation.
    _up("dilation2", (2, 3, 4), filters=2, kernel_size=3, dilation=2),
    _up("dilation_1_3", (2, 3, 2), filters=2, kernel_size=2, dilation=[1, 3]),
    _up("dilation_stride", (2, 3, 3), filters=2, kernel_size=3, dilation=2, stride=3),
    _up("dilation_padding", (2, 3, 4), filters=2, kernel_size=3, dilation=2, padding=2),
    _up("dilation_stride2_padding", (2, 3, 4), filters=2, kernel_size=2, dilation=3, stride=2, padding=1),
    # Groups, bias and activation.
    _up("groups2", (4, 3, 2), filters=6, kernel_size=2, groups=2),
    _up("groups2_stride2", (4, 2, 3), filters=2, kernel_size=3, groups=2, stride=2, padding=1),
    _up("depthwise", (3, 3, 3), filters=3, kernel_size=3, groups=3, stride=2),
    _up("depthwise_twice", (2, 2, 3), filters=4, kernel_size=2, groups=2, dilation=2),
    _up("no_bias", (2, 3, 3), filters=2, kernel_size=2, bias=False),
    _up("no_bias_gaps", (2, 2, 2), filters=2, kernel_size=1, stride=3, bias=False),
    _up("relu", (2, 3, 3), filters=2, kernel_size=3, stride=2, activation="relu"),
    _up("sigmoid_gaps", (2, 2, 3), filters=2, kernel_size=1, stride=2, activation="sigmoid"),
)

_each = partial(_case, "depthwise_conv2d")
CASES["depthwise_conv2d"] = (
    _each("plain", (3, 4, 5), kernel_size=3),
    _each("one_pixel", (2, 1, 1), kernel_size=1),
    _each("pointwise", (3, 2, 3), kernel_size=1),
    _each("one_map", (1, 4, 4), kernel_size=2),
    _each("kernel_as_map", (3, 3, 4), kernel_size=[3, 4]),
    _each("kernel_over_pixel", (3, 1, 1), kernel_size=3, padding="same"),
    _each("row_map", (2, 1, 7), kernel_size=[1, 3]),
    _each("column_map", (2, 7, 1), kernel_size=[3, 1], padding="same"),
    _each("multiplier2", (3, 4, 4), kernel_size=3, multiplier=2),
    _each("multiplier3_of_one_map", (1, 4, 3), kernel_size=2, multiplier=3),
    _each("multiplier2_pointwise", (2, 3, 3), kernel_size=1, multiplier=2),
    _each("multiplier2_stride2_same", (2, 5, 6), kernel_size=3, multiplier=2, stride=2, padding="same"),
    _each("stride2", (2, 7, 6), kernel_size=3, stride=2),
    _each("stride_over_kernel", (2, 7, 8), kernel_size=2, stride=3),
    _each("stride_2_1", (2, 6, 4), kernel_size=3, stride=[2, 1]),
    _each("valid", (2, 4, 4), kernel_size=2, padding="valid"),
    _each("padding1", (3, 4, 4), kernel_size=3, padding=1),
    _each("padding_sides", (2, 4, 5), kernel_size=3, padding=[1, 0, 0, 2], stride=2),
    _each("same_even_kernel", (2, 4, 5), kernel_size=[2, 4], padding="same"),
    _each("same_stride2_even", (2, 6, 6), kernel_size=3, stride=2, padding="same"),
    _each("dilation2", (2, 6, 5), kernel_size=3, dilation=2),
    _each("dilation_same", (2, 5, 5), kernel_size=3, dilation=2, padding="same", multiplier=2),
    _each("dilation_3_1_stride", (2, 8, 5), kernel_size=[2, 3], dilation=[3, 1], stride=[2, 1]),
    _each("no_bias", (3, 4, 4), kernel_size=2, bias=False),
    _each("relu", (3, 4, 4), kernel_size=3, padding=1, activation="relu"),
    _each("no_bias_tanh", (2, 3, 4), kernel_size=2, multiplier=2, bias=False, activation="tanh"),
)

_max = partial(_case, "max_pool")
CASES["max_pool"] = (
    _max("plain", (2, 4, 6), kernel_size=2),
    _max("rest", (2, 5, 7), kernel_size=2),
    _max("one_pixel", (2, 1, 1), kernel_size=1),
    _max("kernel_as_map", (3, 4, 5), kernel_size=[4, 5]),
    _max("oblong", (2, 6, 6), kernel_size=[3, 2]),
    _max("row_map", (2, 1, 8), kernel_size=[1, 3], stride=[1, 2]),
    _max("column_map", (2, 8, 1), kernel_size=[2, 1]),
    _max("stride1", (2, 4, 5), kernel_size=2, stride=1),
    _max("overlap", (2, 7, 7), kernel_size=3, stride=2),
    _max("stride_1_3", (2, 4, 8), kernel_size=2, stride=[1, 3]),
    _max("stride_3_1", (2, 8, 4), kernel_size=2, stride=[3, 1]),
    _max("stride_over_kernel", (2, 8, 7), kernel_size=2, stride=3),
    _max("stride_over_pixel", (2, 5, 5), kernel_size=1, stride=2),
    _max("six_maps", (6, 2, 2), kernel_size=2),
    # Padding.
    _max("padding1", (2, 5, 6), kernel_size=3, stride=2, padding=1, span=NEGATIVE),
    _max("padding1_k2", (2, 4, 4), kernel_size=2, padding=1, span=NEGATIVE),
    _max("padding2_stride1", (1, 4, 5), kernel_size=5, stride=1, padding=2),
    _max("padding_one_pixel", (2, 1, 1), kernel_size=3, padding=1, span=NEGATIVE),
    _max("padding_sides", (2, 5, 4), kernel_size=3, stride=2, padding=[0, 2, 1, 0], span=NEGATIVE),
    _max("padding_over_half", (2, 3, 3), kernel_size=3, stride=1, padding=2, span=NEGATIVE),
    _max("valid", (2, 5, 5), kernel_size=3, stride=2, padding="valid"),
    _max("same", (2, 4, 5), kernel_size=3, stride=1, padding="same", span=NEGATIVE),
    _max("same_even_kernel", (2, 4, 4), kernel_size=2, stride=1, padding="same", span=NEGATIVE),
    _max("same_stride2_odd", (2, 7, 5), kernel_size=3, stride=2, padding="same"),
    _max("same_stride2_even", (2, 6, 8), kernel_size=3, stride=2, padding="same", span=NEGATIVE),
    _max("same_k2_odd", (2, 5, 7), kernel_size=2, padding="same", span=NEGATIVE),
    _max("same_stride_over_kernel", (2, 8, 7), kernel_size=2, stride=3, padding="same"),
    # Dilation.
    _max("dilation2", (2, 6, 7), kernel_size=3, stride=1, dilation=2),
    _max("dilation_stride", (2, 7, 8), kernel_size=2, dilation=3),
    _max("dilation_1_2", (2, 4, 6), kernel_size=[2, 3], stride=1, dilation=[1, 2]),
    _max("dilation_3_1", (2, 7, 4), kernel_size=2, stride=[2, 1], dilation=[3, 1]),
    _max("dilation_of_pixel", (2, 3, 4), kernel_size=1, dilation=2),
    _max("dilation_padding", (2, 5, 5), kernel_size=3, stride=1, padding=1, dilation=2, span=NEGATIVE),
    _max("dilation_padding_sides", (2, 5, 6), kernel_size=2, stride=1, padding=[1, 0, 0, 2], dilation=2),
    _max("dilation_same", (2, 5, 6), kernel_size=3, stride=2, padding="same", dilation=2, span=NEGATIVE),
    # ceil_mode.
    _max("ceil_fits", (2, 4, 6), kernel_size=2, ceil_mode=True),
    _max("ceil", (2, 5, 7), kernel_size=2, ceil_mode=True, span=NEGATIVE),
    _max("ceil_overlap", (2, 6, 7), kernel_size=3, stride=2, ceil_mode=True, span=NEGATIVE),
    _max("ceil_across_only", (2, 4, 5), kernel_size=2, stride=[1, 2], ceil_mode=True),
    _max("ceil_kernel_over_map", (2, 2, 3), kernel_size=[3, 4], stride=2, ceil_mode=True, span=NEGATIVE),
    _max("ceil_starts_outside", (2, 6, 6), kernel_size=2, stride=3, ceil_mode=True),
    _max("ceil_pixel_starts_outside", (2, 5, 5), kernel_size=1, stride=3, ceil_mode=True),
    _max("ceil_padding", (2, 6, 4), kernel_size=3, stride=2, padding=1, ceil_mode=True, span=NEGATIVE),
    _max("ceil_starts_in_padding", (2, 5, 7), kernel_size=2, padding=1, ceil_mode=True),
    _max("ceil_padding_sides", (2, 6, 5), kernel_size=3, stride=2, padding=[1, 0, 0, 1], ceil_mode=True),
    _max("ceil_dilation", (2, 5, 8), kernel_size=2, stride=2, dilation=3, ceil_mode=True, span=NEGATIVE),
    _max("no_ceil", (2, 5, 6), kernel_size=3, stride=2, ceil_mode=False),
)

_avg = partial(_case, "avg_pool")
_uncounted = partial(_avg, count_include_pad=False)
CASES["avg_pool"] = (
    _avg("plain", (2, 4, 6), kernel_size=2),
    _avg("rest", (2, 5, 7), kernel_size=2),
    _avg("one_pixel", (2, 1, 1), kernel_size=1),
    _avg("kernel_as_map", (3, 4, 5), kernel_size=[4, 5]),
    _avg("oblong", (2, 6, 6), kernel_size=[3, 2]),
    _avg("row_map", (2, 1, 8), kernel_size=[1, 3], stride=[1, 2]),
    _avg("column_map", (2, 8, 1), kernel_size=[2, 1]),
    _avg("stride1", (2, 4, 5), kernel_size=2, stride=1),
    _avg("overlap", (2, 7, 7), kernel_size=3, stride=2),
    _avg("stride_1_3", (2, 4, 8), kernel_size=2, stride=[1, 3]),
    _avg("stride_3_1", (2, 8, 4), kernel_size=2, stride=[3, 1]),
    _avg("stride_over_kernel", (2, 8, 7), kernel_size=2, stride=3),
    _avg("stride_over_pixel", (2, 5, 5), kernel_size=1, stride=2),
    # Padding, counted and not.
    _avg("padding", (2, 5, 6), kernel_size=3, stride=2, padding=1, span=POSITIVE),
    _avg("padding_counted", (2, 5, 6), kernel_size=3, stride=2, padding=1, count_include_pad=True),
    _uncounted("padding_uncounted", (2, 5, 6), kernel_size=3, stride=2, padding=1, span=POSITIVE),
    _uncounted("uncounted_without_padding", (2, 5, 4), kernel_size=2),
    _avg("padding_k2", (2, 4, 4), kernel_size=2, padding=1),
    _uncounted("padding_k2_uncounted", (2, 4, 4), kernel_size=2, padding=1),
    _avg("padding_one_pixel", (2, 1, 1), kernel_size=3, padding=1),
    _uncounted("padding_one_pixel_uncounted", (2, 1, 1), kernel_size=3, padding=1),
    _uncounted("padding2_stride1", (1, 4, 5), kernel_size=5, stride=1, padding=2),
    _avg("padding_sides", (2, 5, 4), kernel_size=3, stride=2, padding=[0, 2, 1, 0], span=POSITIVE),
    _uncounted("padding_sides_uncounted", (2, 5, 4), kernel_size=3, padding=[0, 2, 1, 0], stride=2),
    _avg("padding_over_half", (2, 3, 3), kernel_size=3, stride=1, padding=2),
    _uncounted("padding_over_half_uncounted", (2, 3, 3), kernel_size=3, stride=1, padding=2),
    _avg("valid", (2, 5, 5), kernel_size=3, stride=2, padding="valid"),
    _avg("same", (2, 4, 5), kernel_size=3, stride=1, padding="same"),
    _uncounted("same_uncounted", (2, 4, 5), kernel_size=3, stride=1, padding="same"),
    _avg("same_even_kernel", (2, 4, 4), kernel_size=2, stride=1, padding="same", span=POSITIVE),
    _uncounted("same_stride2_odd", (2, 7, 5), kernel_size=3, stride=2, padding="same"),
    _uncounted("same_stride2_even", (2, 6, 8), kernel_size=3, stride=2, padding="same"),
    _avg("same_k2_odd", (2, 5, 7), kernel_size=2, padding="same", count_include_pad=True),
    # ceil_mode: what overhangs the padding is never counted.
    _avg("ceil_fits", (2, 4, 6), kernel_size=2, ceil_mode=True),
    _avg("ceil", (2, 5, 7), kernel_size=2, ceil_mode=True, span=POSITIVE),
    _uncounted("ceil_uncounted", (2, 5, 7), kernel_size=2, ceil_mode=True),
    _avg("ceil_overlap", (2, 6, 7), kernel_size=3, stride=2, ceil_mode=True),
    _avg("ceil_across_only", (2, 4, 5), kernel_size=2, stride=[1, 2], ceil_mode=True),
    _avg("ceil_kernel_over_map", (2, 2, 3), kernel_size=[3, 4], stride=2, ceil_mode=True, span=POSITIVE),
    _avg("ceil_starts_outside", (2, 6, 6), kernel_size=2, stride=3, ceil_mode=True),
    _avg("ceil_padding", (2, 6, 4), kernel_size=3, stride=2, padding=1, ceil_mode=True, span=POSITIVE),
    _uncounted("ceil_padding_uncounted", (2, 6, 4), kernel_size=3, stride=2, padding=1, ceil_mode=True),
    _avg("ceil_beyond_padding", (2, 6, 7), kernel_size=3, padding=1, ceil_mode=True, span=POSITIVE),
    _uncounted("ceil_beyond_padding_uncounted", (2, 6, 7), kernel_size=3, padding=1, ceil_mode=True),
    _avg("ceil_far_beyond", (1, 6, 7), kernel_size=4, stride=3, padding=1, ceil_mode=True, span=POSITIVE),
    _avg("ceil_starts_in_padding", (2, 5, 7), kernel_size=2, padding=1, ceil_mode=True),
    _avg("ceil_sides", (2, 6, 5), kernel_size=3, stride=2, padding=[1, 0, 0, 1], ceil_mode=True),
    _uncounted(
        "ceil_sides_uncounted", (2, 6, 5), kernel_size=3, stride=2, padding=[1, 0, 0, 1], ceil_mode=True
    ),
)

_global = partial(_case, "global_avg_pool")
CASES["global_avg_pool"] = (
    _global("map", (3, 4, 4)),
    _global("oblong", (2, 9, 5)),
    _global("one_pixel", (4, 1, 1)),
    _global("row_map", (2, 1, 7)),
    _global("column_map", (2, 7, 1)),
    _global("one_map", (1, 3, 3)),
)

_dense = partial(_case, "dense")
CASES["dense"] = (
    _dense("plain", (5,), units=4),
    _dense("one_unit", (6,), units=1),
    _dense("one_input", (1,), units=3),
    _dense("one_by_one", (1,), units=1),
    _dense("wide", (40,), units=12),
    _dense("bias", (4,), units=3, bias=True),
    _dense("no_bias", (4,), units=3, bias=False),
    _dense("no_activation", (4,), units=3, activation=None),
    _dense("relu", (5,), units=6, activation="relu"),
    _dense("leaky_relu", (5,), units=6, activation="leaky_relu"),
    _dense("sigmoid", (5,), units=6, activation="sigmoid"),
    _dense("tanh", (5,), units=6, activation="tanh"),
    _dense("no_bias_relu", (5,), units=6, bias=False, activation="relu"),
)

_flatten = partial(_case, "flatten")
CASES["flatten"] = (
    _flatten("maps", (3, 2, 4)),
    _flatten("one_map", (1, 3, 3)),
    _flatten("one_pixel_maps", (5, 1, 1)),
    _flatten("one_value", (1, 1, 1)),
    _flatten("row_maps", (2, 1, 5)),
    _flatten("column_maps", (2, 5, 1)),
    _flatten("vector", (6,)),
)

_norm = partial(_case, "batch_norm")
CASES["batch_norm"] = (
    _norm("maps", (3, 4, 5)),
    _norm("one_map", (1, 3, 3)),
    _norm("one_pixel_maps", (4, 1, 1)),
    _norm("vector", (6,)),
    _norm("one_value", (1,)),
    _norm("large_epsilon", (3, 3, 2), epsilon=0.5),
    _norm("large_epsilon_vector", (5,), epsilon=2.0),
    _norm("tiny_epsilon", (2, 3, 3), epsilon=1e-12),
    _norm("relu", (3, 3, 3), activation="relu"),
    _norm("tanh_vector", (4,), activation="tanh"),
)

_relu = partial(_case, "relu")
CASES["relu"] = (
    _relu("maps", (3, 4, 5)),
    _relu("one_pixel_maps", (4, 1, 1)),
    _relu("vector", (9,)),
    _relu("one_value", (1,)),
    _relu("all_negative", (2, 3, 3), span=NEGATIVE),
)

_leaky = partial(_case, "leaky_relu")
CASES["leaky_relu"] = (
    _leaky("maps", (3, 4, 5)),
    _leaky("vector", (9,)),
    _leaky("one_pixel_maps", (4, 1, 1)),
    _leaky("slope_0", (2, 3, 3), negative_slope=0.0),
    _leaky("slope_0.3", (2, 3, 3), negative_slope=0.3),
    _leaky("slope_1", (2, 3, 3), negative_slope=1.0),
    _leaky("slope_1.5", (2, 3, 3), negative_slope=1.5),
    _leaky("slope_-0.5", (2, 3, 3), negative_slope=-0.5),
    _leaky("slope_-2_vector", (7,), negative_slope=-2.0),
    _leaky("slope_1.5_negative", (5,), negative_slope=1.5, span=NEGATIVE),
)

_sigmoid = partial(_case, "sigmoid")
CASES["sigmoid"] = (
    _sigmoid("maps", (3, 4, 5)),
    _sigmoid("vector", (9,)),
    _sigmoid("one_pixel_maps", (4, 1, 1)),
    _sigmoid("steep", (2, 3, 3), span=(-40.0, 40.0)),
    _sigmoid("huge", (9,), span=(-900.0, 900.0)),
)

_tanh = partial(_case, "tanh")
CASES["tanh"] = (
    _tanh("maps", (3, 4, 5)),
    _tanh("vector", (9,)),
    _tanh("one_pixel_maps", (4, 1, 1)),
    _tanh("tiny", (2, 3, 3), span=(-1e-6, 1e-6)),
    _tanh("huge", (9,), span=(-900.0, 900.0)),
)

_softmax = partial(_case, "softmax")
CASES["softmax"] = (
    _softmax("vector", (10,)),
    _softmax("one_value", (1,)),
    _softmax("two_values", (2,)),
    _softmax("maps", (4, 3, 2)),
    _softmax("one_map", (1, 2, 3)),
    _softmax("one_pixel_maps", (5, 1, 1)),
    _softmax("large", (8,), span=(-700.0, 700.0)),
    _softmax("large_positive", (6,), span=(690.0, 700.0)),
    _softmax("large_negative", (6,), span=(-700.0, -690.0)),
    _softmax("large_maps", (3, 3, 3), span=(-700.0, 700.0)),
)

_dropout = partial(_case, "dropout")
CASES["dropout"] = (
    _dropout("maps", (2, 3, 4)),
    _dropout("vector", (6,)),
    _dropout("one_pixel_maps", (3, 1, 1)),
    _dropout("rate_0", (4,), rate=0.0),
    _dropout("rate_0.9", (2, 2, 2), rate=0.9),
)

_pad = partial(_case, "pad")
CASES["pad"] = (
    _pad("plain", (2, 3, 4), padding=1),
    _pad("sides", (2, 3, 4), padding=[2, 0, 1, 3]),
    _pad("value", (2, 3, 3), padding=[1, 2, 0, 1], value=-1.5),
    _pad("one_pixel", (2, 1, 1), padding=2, value=0.25),
    _pad("constant", (2, 1, 4), padding=[0, 2, 1, 0], mode="constant"),
    _pad("above_only", (1, 4, 1), padding=[3, 0, 0, 0]),
    _pad("reflect", (2, 4, 5), padding=1, mode="reflect"),
    _pad("reflect_sides", (2, 4, 3), padding=[1, 3, 0, 2], mode="reflect"),
    _pad("reflect_furthest", (2, 4, 5), padding=[3, 3, 4, 4], mode="reflect"),
    _pad("reflect_two_pixels", (2, 2, 2), padding=1, mode="reflect"),
    _pad("reflect_row", (2, 1, 5), padding=[0, 0, 4, 3], mode="reflect"),
    _pad("reflect_column", (2, 4, 1), padding=[2, 3, 0, 0], mode="reflect"),
    _pad("edge", (2, 3, 4), padding=2, mode="edge"),
    _pad("edge_sides", (2, 2, 3), padding=[0, 5, 4, 0], mode="edge"),
    _pad("edge_one_pixel", (3, 1, 1), padding=[1, 2, 3, 0], mode="edge"),
    _pad("edge_row", (2, 1, 4), padding=[2, 1, 0, 1], mode="edge"),
)

_nearest = partial(_case, "upsample")
_bilinear = partial(_case, "upsample", mode="bilinear")
_COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners")
_ROUNDINGS = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
CASES["upsample"] = (
    _nearest("plain", (2, 3, 4), scale=2),
    _nearest("mode", (2, 2, 3), scale=3, mode="nearest"),
    _nearest("scale_1_3", (2, 3, 2), scale=[1, 3]),
    _nearest("scale_1.5", (1, 5, 3), scale=1.5),
    _nearest("scale_below_1", (1, 7, 9), scale=0.5),
    _nearest("scale_0.5_2.5", (2, 6, 3), scale=[0.5, 2.5]),
    _nearest("scale_0.6", (2, 5, 10), scale=0.6),
    _nearest("scale_0.6_ceil", (1, 5, 6), scale=0.6, coordinates="half_pixel", rounding="ceil"),
    _nearest("scale_1.2_0.7", (1, 10, 10), scale=[1.2, 0.7], coordinates="asymmetric", rounding="ceil"),
    _nearest("size_5_to_7", (2, 5, 5), size=[7, 7]),
    _nearest("size_7_to_3", (2, 7, 7), size=[3, 3]),
    _nearest("size_unchanged", (2, 3, 4), size=[3, 4]),
    _nearest("size_to_one_pixel", (2, 4, 5), size=[1, 1]),
    _nearest("one_pixel", (3, 1, 1), size=[3, 2]),
    _nearest("row", (2, 1, 4), size=[1, 7]),
    _nearest("column", (2, 4, 1), scale=[2, 1]),
    *(
        _nearest(f"nearest_{c}_{r}", (1, 5, 7), size=[7, 3], coordinates=c, rounding=r)
        for c in _COORDINATES
        for r in _ROUNDINGS
    ),
    # Half way between two pixels the four roundings differ.
    *(
        _nearest(f"halves_asymmetric_{r}", (1, 3, 4), scale=2, coordinates="asymmetric", rounding=r)
        for r in _ROUNDINGS
    ),
    *(
        _nearest(f"halves_half_pixel_{r}", (1, 4, 6), scale=0.5, coordinates="half_pixel", rounding=r)
        for r in _ROUNDINGS
    ),
    _nearest("to_one_pixel_half_pixel", (2, 5, 4), size=[1, 1], coordinates="half_pixel"),
    _nearest("to_one_pixel_pytorch", (2, 5, 4), size=[1, 1], coordinates="pytorch_half_pixel"),
    _nearest("to_one_row_align_corners", (2, 5, 4), size=[1, 7], coordinates="align_corners"),
    _bilinear("bilinear", (2, 3, 4), scale=2),
    *(_bilinear(f"bilinear_{c}_2", (1, 3, 4), scale=2, coordinates=c) for c in _COORDINATES),
    *(_bilinear(f"bilinear_{c}_5_7_to_7_3", (1, 5, 7), size=[7, 3], coordinates=c) for c in _COORDINATES),
    *(_bilinear(f"bilinear_{c}_rest", (1, 3, 7), scale=[1.5, 0.4], coordinates=c) for c in _COORDINATES),
    *(_bilinear(f"bilinear_{c}_to_one_pixel", (2, 4, 5), size=[1, 1], coordinates=c) for c in _COORDINATES),
    *(_bilinear(f"bilinear_{c}_one_pixel", (2, 1, 1), size=[2, 3], coordinates=c) for c in _COORDINATES),
    _bilinear("bilinear_size_5_to_7", (2, 5, 5), size=[7, 7]),
    _bilinear("bilinear_size_7_to_3", (2, 7, 7), size=[3, 3]),
    _bilinear("bilinear_unchanged", (2, 3, 4), size=[3, 4]),
    _bilinear("bilinear_row", (2, 1, 4), scale=3),
    _bilinear("bilinear_column", (2, 9, 1), size=[2, 1]),
    _bilinear("bilinear_scale_0.6", (1, 5, 6), scale=[0.6, 1.2]),
    _bilinear("bilinear_scale_1_2.5", (2, 3, 3), scale=[1, 2.5]),
)

_depth = partial(_case, "depth_to_space")
CASES["depth_to_space"] = (
    _depth("plain", (4, 2, 3), block=2),
    _depth("two_maps", (8, 3, 2), block=2),
    _depth("crd", (8, 2, 2), block=2, mode="crd"),
    _depth("dcr", (8, 2, 3), block=2, mode="dcr"),
    _depth("dcr_one_map", (4, 2, 2), block=2, mode="dcr"),
    _depth("block3", (9, 2, 2), block=3),
    _depth("block3_dcr", (18, 1, 2), block=3, mode="dcr"),
    _depth("one_pixel", (4, 1, 1), block=2),
    _depth("one_pixel_dcr", (8, 1, 1), block=2, mode="dcr"),
    _depth("column", (4, 3, 1), block=2),
)

_space = partial(_case, "space_to_depth")
CASES["space_to_depth"] = (
    _space("plain", (1, 4, 6), block=2),
    _space("two_maps", (2, 4, 2), block=2),
    _space("crd", (2, 2, 4), block=2, mode="crd"),
    _space("dcr", (2, 4, 6), block=2, mode="dcr"),
    _space("dcr_one_map", (1, 4, 4), block=2, mode="dcr"),
    _space("block3", (2, 3, 6), block=3),
    _space("block3_dcr", (2, 6, 3), block=3, mode="dcr"),
    _space("block_as_map", (3, 2, 2), block=2),
    _space("block_as_map_dcr", (2, 3, 3), block=3, mode="dcr"),
)

_shuffle = partial(_case, "channel_shuffle")
CASES["channel_shuffle"] = (
    _shuffle("groups2", (6, 2, 3), groups=2),
    _shuffle("groups3", (6, 3, 2), groups=3),
    _shuffle("groups4", (8, 2, 2), groups=4),
    _shuffle("one_group", (4, 2, 2), groups=1),
    _shuffle("each_a_group", (5, 2, 2), groups=5),
    _shuffle("one_pixel", (8, 1, 1), groups=2),
    _shuffle("row", (4, 1, 3), groups=2),
)

_permute = partial(_case, "permute")
CASES["permute"] = (
    *(
        _permute(f"order_{a}{b}{c}", (2, 3, 4), order=[a, b, c])
        for a, b, c in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    ),
    _permute("one_pixel", (1, 1, 1), order=[2, 0, 1]),
    _permute("pixels_to_row", (5, 1, 1), order=[1, 2, 0]),
    _permute("pixels_to_column", (5, 1, 1), order=[1, 0, 2]),
    _permute("row_to_pixels", (1, 1, 6), order=[2, 0, 1]),
    _permute("column_to_row", (2, 4, 1), order=[0, 2, 1]),
)

_reshape = partial(_case, "reshape")
CASES["reshape"] = (
    _reshape("maps", (2, 3, 4), shape=[4, 3, 2]),
    _reshape("fewer_maps", (4, 2, 3), shape=[1, 4, 6]),
    _reshape("unchanged", (2, 3, 2), shape=[2, 3, 2]),
    _reshape("maps_to_vector", (2, 3, 4), shape=[24]),
    _reshape("maps_to_pixels", (2, 2, 3), shape=[12, 1, 1]),
    _reshape("pixels_to_maps", (12, 1, 1), shape=[2, 3, 2]),
    _reshape("pixels_to_vector", (5, 1, 1), shape=[5]),
    _reshape("pixels_to_row", (6, 1, 1), shape=[1, 1, 6]),
    _reshape("column_to_row", (1, 5, 1), shape=[1, 1, 5]),
    _reshape("vector_to_maps", (12,), shape=[3, 2, 2]),
    _reshape("vector_to_pixels", (6,), shape=[6, 1, 1]),
    _reshape("vector_to_row", (6,), shape=[1, 1, 6]),
    _reshape("vector", (7,), shape=[7]),
    _reshape("one_value", (1,), shape=[1, 1, 1]),
)

_crop = partial(_case, "crop")
CASES["crop"] = (
    _crop("plain", (2, 5, 6), crop=[1, 1, 2, 1]),
    _crop("above", (2, 4, 3), crop=[2, 0, 0, 0]),
    _crop("below", (2, 4, 3), crop=[0, 1, 0, 0]),
    _crop("left", (2, 3, 4), crop=[0, 0, 3, 0]),
    _crop("right", (2, 3, 4), crop=[0, 0, 0, 2]),
    _crop("to_one_pixel", (3, 4, 5), crop=[1, 2, 3, 1]),
    _crop("row", (2, 1, 6), crop=[0, 0, 1, 2]),
    _crop("column", (2, 6, 1), crop=[3, 1, 0, 0]),
)

_slice = partial(_case, "slice_channels")
CASES["slice_channels"] = (
    _slice("from", (5, 2, 3), start=2),
    _slice("until", (5, 2, 3), stop=3),
    _slice("between", (5, 3, 2), start=1, stop=4),
    _slice("one_map", (4, 2, 2), start=3, stop=4),
    _slice("all", (3, 2, 2)),
    _slice("every_2nd", (5, 2, 2), step=2),
    _slice("every_3rd", (8, 2, 1), start=1, stop=7, step=3),
    _slice("step_over_maps", (3, 2, 2), start=1, step=5),
    _slice("one_pixel_maps", (6, 1, 1), start=1, stop=5),
    _slice("one_pixel_maps_step", (6, 1, 1), start=1, step=2),
    _slice("vector", (7,), start=2, stop=6),
    _slice("vector_step", (7,), step=3),
    _slice("vector_one_value", (7,), start=6),
)


def _merging(kind: str, span: tuple[float, float] | None = None) -> tuple[Case, ...]:
    """The cases that every kind of two inputs has; smaller inputs are repeated over the greater."""
    case = partial(_case, kind, span=span)
    maps, row, pixels = (3, 3, 4), (3, 1, 5), (3, 1, 1)
    return (
        case("maps", maps, maps),
        case("one_pixel", (1, 1, 1), (1, 1, 1)),
        case("one_pixel_maps", (4, 1, 1), (4, 1, 1)),
        case("row_maps", row, row),
        case("column_maps", (2, 4, 1), (2, 4, 1)),
        case("vectors", (6,), (6,)),
        case("one_value", (1,), (1,)),
        case("pixels_second", maps, pixels),
        case("pixels_first", pixels, maps),
        case("map_second", maps, (1, 3, 4)),
        case("map_first", (1, 3, 4), maps),
        case("pixels_on_row", row, pixels),
        case("map_on_column", (2, 4, 1), (1, 4, 1)),
        case("one_value_on_maps", maps, (1, 1, 1)),
        case("one_value_on_pixels", (1, 1, 1), pixels),
        case("row_on_maps", maps, (1, 1, 4)),
        case("columns_on_maps", (3, 3, 1), maps),
        case("row_and_column", (2, 1, 4), (2, 3, 1)),
        case("map_and_pixels", (1, 3, 4), pixels),
        case("one_value_on_vector", (5,), (1,)),
        case("relu", (2, 3, 3), (2, 3, 3), activation="relu"),
        case("tanh_vectors", (5,), (5,), activation="tanh"),
    )


def _gathering(kind: str) -> tuple[Case, ...]:
    """The cases that every kind of two or more inputs has besides."""
    case = partial(_case, kind)
    return (
        case("three", (2, 3, 2), (2, 3, 2), (2, 3, 2)),
        case("four", (2, 2, 3), (2, 2, 3), (2, 2, 3), (2, 2, 3)),
        case("three_vectors", (4,), (4,), (4,)),
        case("three_one_pixel_maps", (3, 1, 1), (3, 1, 1), (3, 1, 1)),
        case("three_sizes", (3, 1, 1), (3, 2, 4), (1, 2, 4)),
    )


CASES["add"] = (*_merging("add"), *_gathering("add"))
CASES["subtract"] = _merging("subtract")
CASES["multiply"] = (*_merging("multiply"), *_gathering("multiply"))
# Divisors near 0 would make results that say little.
CASES["divide"] = (
    *_merging("divide", POSITIVE),
    _case("divide", "negative", (2, 3, 3), (2, 3, 3), span=NEGATIVE),
)
CASES["maximum"] = (
    *_merging("maximum"),
    *_gathering("maximum"),
    _case("maximum", "negative", (2, 3, 3), (2, 3, 3), span=NEGATIVE),
)
CASES["minimum"] = (
    *_merging("minimum"),
    *_gathering("minimum"),
    _case("minimum", "positive", (2, 3, 3), (2, 3, 3), span=POSITIVE),
)
CASES["average"] = (*_merging("average"), *_gathering("average"))

_concat = partial(_case, "concat")
CASES["concat"] = (
    _concat("maps", (2, 3, 4), (3, 3, 4)),
    _concat("one_map_each", (1, 2, 2), (1, 2, 2)),
    _concat("three", (2, 3, 2), (1, 3, 2), (3, 3, 2)),
    _concat("four", (1, 2, 3), (2, 2, 3), (1, 2, 3), (2, 2, 3)),
    _concat("row_maps", (2, 1, 4), (1, 1, 4)),
    _concat("column_maps", (1, 4, 1), (2, 4, 1)),
    _concat("one_pixel_maps", (3, 1, 1), (2, 1, 1)),
    _concat("vectors", (4,), (3,)),
    _concat("three_vectors", (1,), (5,), (2,)),
)

# --- Normalisation, activations, and pooling of whole maps ------------------------------------

# The mean is far from 0: squares of the values themselves would leave few digits of the variance.
FAR = (998.0, 1002.0)
EXTREME = (-900.0, 900.0)

_global_max = partial(_case, "global_max_pool")
CASES["global_max_pool"] = (
    _global_max("map", (3, 4, 4)),
    _global_max("oblong", (2, 9, 5)),
    _global_max("one_pixel", (4, 1, 1)),
    _global_max("row_map", (2, 1, 7)),
    _global_max("column_map", (2, 7, 1)),
    _global_max("one_map", (1, 3, 3)),
    _global_max("negative", (2, 3, 3), span=NEGATIVE),
)

_adaptive = partial(_case, "adaptive_avg_pool")
CASES["adaptive_avg_pool"] = (
    _adaptive("dividing", (2, 6, 8), output_size=2),
    _adaptive("dividing_oblong", (2, 6, 8), output_size=[3, 2]),
    _adaptive("to_one_pixel", (3, 4, 5), output_size=1),
    _adaptive("to_row", (2, 6, 4), output_size=[1, 4]),
    _adaptive("to_column", (2, 6, 4), output_size=[3, 1]),
    _adaptive("unchanged", (2, 3, 4), output_size=[3, 4]),
    _adaptive("not_dividing", (2, 7, 7), output_size=3),
    _adaptive("not_dividing_oblong", (2, 5, 8), output_size=[3, 5]),
    _adaptive("one_axis_dividing", (2, 6, 7), output_size=[2, 4]),
    _adaptive("common_divisor", (1, 10, 9), output_size=[4, 6]),
    _adaptive("one_less", (2, 5, 6), output_size=[4, 5]),
    _adaptive("larger", (2, 3, 3), output_size=7),
    _adaptive("larger_multiple", (2, 2, 3), output_size=6),
    _adaptive("larger_common_divisor", (1, 4, 6), output_size=[6, 9]),
    _adaptive("larger_and_smaller", (2, 3, 8), output_size=[5, 3]),
    _adaptive("one_pixel", (3, 1, 1), output_size=1),
    _adaptive("one_pixel_larger", (3, 1, 1), output_size=[2, 3]),
    _adaptive("row_map", (2, 1, 9), output_size=[1, 4]),
    _adaptive("column_map", (2, 9, 1), output_size=[2, 1]),
    _adaptive("negative", (2, 5, 5), output_size=2, span=NEGATIVE),
)

_lrn = partial(_case, "lrn")
CASES["lrn"] = (
    _lrn("plain", (6, 2, 3), size=5),
    _lrn("size1", (3, 2, 2), size=1, alpha=0.5),
    _lrn("size3", (5, 3, 2), size=3, alpha=1.0),
    _lrn("size2", (4, 2, 3), size=2, alpha=1.0),
    _lrn("size4", (6, 2, 2), size=4, alpha=2.0),
    _lrn("size2_after", (4, 2, 3), size=2, alpha=1.0, extra="after"),
    _lrn("size4_after", (6, 2, 2), size=4, alpha=2.0, extra="after"),
    _lrn("size3_after", (5, 2, 2), size=3, alpha=1.0, extra="after"),
    _lrn("size4_before", (6, 2, 2), size=4, alpha=2.0, extra="before"),
    _lrn("size_over_channels", (3, 2, 2), size=9, alpha=1.0),
    _lrn("even_size_over_channels", (3, 2, 2), size=8, alpha=1.0),
    _lrn("one_map", (1, 3, 3), size=5, alpha=1.0),
    _lrn("alexnet", (7, 2, 2), size=5, alpha=1e-4, beta=0.75, k=2.0),
    _lrn("beta", (4, 2, 2), size=3, alpha=1.0, beta=2.5),
    _lrn("beta_0", (4, 2, 2), size=3, alpha=1.0, beta=0.0),
    _lrn("beta_negative", (4, 2, 2), size=3, alpha=1.0, beta=-0.5),
    _lrn("alpha_0", (4, 2, 2), size=3, alpha=0.0, k=3.0),
    _lrn("k_small", (4, 2, 2), size=3, alpha=1.0, k=1e-3),
    _lrn("one_pixel_maps", (6, 1, 1), size=3, alpha=1.0),
    _lrn("one_pixel_maps_even", (6, 1, 1), size=4, alpha=1.0),
    _lrn("vector", (7,), size=3, alpha=1.0),
    _lrn("vector_after", (7,), size=4, alpha=1.0, extra="after"),
    _lrn("one_value", (1,), size=2, alpha=1.0),
    _lrn("row_maps", (4, 1, 3), size=3, alpha=1.0),
    _lrn("extreme", (5, 2, 3), size=5, alpha=1.0, span=EXTREME),
)

_instance = partial(_case, "instance_norm")
CASES["instance_norm"] = (
    _instance("maps", (3, 4, 5)),
    _instance("one_map", (1, 3, 3)),
    _instance("row_maps", (3, 1, 6)),
    _instance("column_maps", (2, 6, 1)),
    _instance("one_pixel_maps", (4, 1, 1)),
    _instance("one_pixel", (1, 1, 1)),
    _instance("affine", (2, 3, 3), affine=True),
    _instance("not_affine", (2, 3, 3), affine=False),
    _instance("large_epsilon", (3, 3, 2), epsilon=0.5),
    _instance("tiny_epsilon", (2, 3, 3), epsilon=1e-12),
    _instance("relu", (3, 3, 3), activation="relu"),
    _instance("elu_not_affine", (2, 3, 3), affine=False, activation="elu"),
    _instance("far", (2, 4, 4), span=FAR),
    _instance("extreme", (2, 3, 3), span=EXTREME),
    _instance("constant", (2, 3, 3), span=(5.0, 5.0)),
)

_group = partial(_case, "group_norm")
CASES["group_norm"] = (
    _group("groups2", (4, 3, 4), groups=2),
    _group("groups3", (6, 2, 3), groups=3),
    _group("one_group", (3, 3, 3), groups=1),
    _group("each_a_group", (3, 3, 3), groups=3),
    _group("one_map", (1, 3, 3), groups=1),
    _group("row_maps", (4, 1, 3), groups=2),
    _group("one_pixel_maps", (6, 1, 1), groups=2),
    _group("one_pixel_maps_one_group", (5, 1, 1), groups=1),
    _group("vector", (8,), groups=2),
    _group("vector_one_group", (5,), groups=1),
    _group("vector_each_a_group", (3,), groups=3),
    _group("not_affine", (4, 3, 3), groups=2, affine=False),
    _group("not_affine_vector", (6,), groups=3, affine=False),
    _group("large_epsilon", (4, 3, 2), groups=2, epsilon=0.5),
    _group("tiny_epsilon", (4, 2, 2), groups=2, epsilon=1e-12),
    _group("relu", (4, 3, 3), groups=2, activation="relu"),
    _group("silu_vector", (6,), groups=2, activation="silu"),
    _group("far", (4, 3, 3), groups=2, span=FAR),
    _group("extreme", (4, 2, 2), groups=2, span=EXTREME),
    _group("constant", (4, 2, 2), groups=2, span=(5.0, 5.0)),
)

_layer = partial(_case, "layer_norm")
CASES["layer_norm"] = (
    _layer("maps", (3, 3, 4)),
    _layer("one_map", (1, 3, 3)),
    _layer("row_maps", (3, 1, 4)),
    _layer("column_maps", (2, 4, 1)),
    _layer("one_pixel_maps", (5, 1, 1)),
    _layer("vector", (8,)),
    _layer("all", (2, 3, 3), axes="all"),
    _layer("not_affine", (2, 3, 3), affine=False),
    _layer("not_affine_vector", (6,), affine=False),
    _layer("large_epsilon", (2, 3, 2), epsilon=0.5),
    _layer("tiny_epsilon", (2, 3, 3), epsilon=1e-12),
    _layer("relu", (2, 3, 3), activation="relu"),
    _layer("gelu_vector", (6,), activation="gelu"),
    _layer("far", (2, 4, 4), span=FAR),
    _layer("far_vector", (9,), span=FAR),
    _layer("extreme", (2, 3, 3), span=EXTREME),
    _layer("constant", (2, 3, 3), span=(5.0, 5.0)),
    _layer("channels", (5, 3, 4), axes="channels"),
    _layer("channels_one_map", (1, 2, 3), axes="channels"),
    _layer("channels_two_maps", (2, 2, 3), axes="channels"),
    _layer("channels_row_maps", (4, 1, 3), axes="channels"),
    _layer("channels_one_pixel_maps", (5, 1, 1), axes="channels"),
    _layer("channels_vector", (7,), axes="channels"),
    _layer("channels_not_affine", (4, 2, 3), axes="channels", affine=False),
    _layer("channels_large_epsilon", (4, 2, 3), axes="channels", epsilon=0.5),
    _layer("channels_relu", (4, 2, 3), axes="channels", activation="relu"),
    _layer("channels_far", (6, 3, 2), axes="channels", span=FAR),
    _layer("channels_extreme", (4, 2, 2), axes="channels", span=EXTREME),
)

_affine = partial(_case, "affine")
CASES["affine"] = (
    _affine("maps", (3, 4, 5)),
    _affine("one_map", (1, 3, 3)),
    _affine("one_pixel_maps", (4, 1, 1)),
    _affine("vector", (6,)),
    _affine("one_value", (1,)),
    _affine("scale", (3, 3, 2), shift=False),
    _affine("scale_vector", (5,), scale=True, shift=False),
    _affine("shift", (3, 3, 2), scale=False),
    _affine("shift_vector", (5,), scale=False, shift=True),
    _affine("relu", (3, 3, 3), activation="relu"),
    _affine("shift_tanh_vector", (4,), scale=False, activation="tanh"),
)

_prelu = partial(_case, "prelu")
CASES["prelu"] = (
    _prelu("maps", (3, 4, 5)),
    _prelu("one_map", (1, 3, 3)),
    _prelu("one_pixel_maps", (4, 1, 1)),
    _prelu("vector", (9,)),
    _prelu("one_value", (1,)),
    _prelu("not_shared", (2, 3, 3), shared=False),
    _prelu("shared", (3, 4, 4), shared=True),
    _prelu("shared_one_map", (1, 3, 3), shared=True),
    _prelu("shared_one_pixel_maps", (4, 1, 1), shared=True),
    _prelu("shared_vector", (9,), shared=True),
    _prelu("negative", (3, 3, 3), span=NEGATIVE),
    _prelu("extreme", (2, 3, 3), span=EXTREME),
)

_log_softmax = partial(_case, "log_softmax")
CASES["log_softmax"] = (
    _log_softmax("vector", (10,)),
    _log_softmax("one_value", (1,)),
    _log_softmax("two_values", (2,)),
    _log_softmax("maps", (4, 3, 2)),
    _log_softmax("one_map", (1, 2, 3)),
    _log_softmax("one_pixel_maps", (5, 1, 1)),
    _log_softmax("extreme", (8,), span=EXTREME),
    _log_softmax("large_positive", (6,), span=(890.0, 900.0)),
    _log_softmax("large_negative", (6,), span=(-900.0, -890.0)),
    _log_softmax("extreme_maps", (3, 3, 3), span=EXTREME),
)


def _values(
    kind: str, label: str = "", extreme: tuple[float, float] = EXTREME, **options: Any
) -> tuple[Case, ...]:
    """The cases of a function of single values; the first and the last value of a span are among them.

    With a label, those that show what the options change.
    """
    case = partial(_case, kind, **options)
    if label:
        return (
            case(label, (2, 3, 4)),
            case(f"{label}_steep", (2, 3, 3), span=(-40.0, 40.0)),
            case(f"{label}_extreme", (2, 3, 3), span=extreme),
        )
    return (
        case("maps", (3, 4, 5)),
        case("one_pixel_maps", (4, 1, 1)),
        case("vector", (9,)),
        case("to_zero", (2, 3, 3), span=(-2.0, 0.0)),
        case("from_zero", (2, 3, 3), span=(0.0, 8.0)),
        case("steep", (2, 3, 3), span=(-40.0, 40.0)),
        case("extreme", (2, 3, 3), span=extreme),
    )


CASES["relu6"] = _values("relu6")
CASES["clip"] = (
    *_values("clip", min=-1.0, max=2),
    *_values("clip", "below", min=-0.5),
    *_values("clip", "above", max=0.25),
    *_values("clip", "positive", min=0.5, max=3.0),
    _case("clip", "crossed", (2, 3, 3), min=2.0, max=-1.0),
    _case("clip", "zero", (2, 3, 3), min=0.0),
)
CASES["elu"] = (
    *_values("elu"),
    *_values("elu", "alpha_0.3", alpha=0.3),
    *_values("elu", "alpha_-2", alpha=-2.0),
)
CASES["selu"] = (*_values("selu"), *_values("selu", "own", alpha=2.0, gamma=3.0))
CASES["celu"] = (
    *_values("celu"),
    *_values("celu", "alpha_2.5", alpha=2.5),
    *_values("celu", "alpha_0.1", alpha=0.1),
)
CASES["gelu"] = (
    *_values("gelu"),
    *_values("gelu", "none", approximate="none"),
    *_values("gelu", "tanh", approximate="tanh"),
)
CASES["silu"] = _values("silu")
CASES["mish"] = _values("mish")
CASES["hard_sigmoid"] = (
    *_values("hard_sigmoid"),
    *_values("hard_sigmoid", "onnx", alpha=0.2, beta=0.5),
    *_values("hard_sigmoid", "steep_line", alpha=1.75, beta=-0.25),
    *_values("hard_sigmoid", "falling", alpha=-0.3, beta=0.0),
    _case("hard_sigmoid", "alpha_1", (2, 3, 3), alpha=1.0),
    _case("hard_sigmoid", "alpha_0", (2, 3, 3), alpha=0.0),
)
CASES["hard_swish"] = _values("hard_swish")
CASES["softplus"] = (
    *_values("softplus"),
    *_values("softplus", "beta_2", beta=2.0),
    *_values("softplus", "beta_0.25", beta=0.25),
    *_values("softplus", "threshold_1", threshold=1.0),
    *_values("softplus", "threshold_700", threshold=700.0),
    *_values("softplus", "both", beta=3.0, threshold=-2.0),
    _case("softplus", "about_threshold", (2, 3, 3), span=(19.0, 21.0)),
)
CASES["softsign"] = _values("softsign")
# Beyond 709 the exponential exceeds every number; the absolute error grows with the result.
CASES["exp"] = tuple(case for case in _values("exp", extreme=(-900.0, 12.0)) if case.id != "exp-steep")
CASES["abs"] = _values("abs")
CASES["sqrt"] = (
    _case("sqrt", "maps", (3, 4, 5), span=POSITIVE),
    _case("sqrt", "one_pixel_maps", (4, 1, 1), span=POSITIVE),
    _case("sqrt", "vector", (9,), span=POSITIVE),
    _case("sqrt", "from_zero", (2, 3, 3), span=(0.0, 2.0)),
    _case("sqrt", "extreme", (2, 3, 3), span=(0.0, 1e6)),
)
CASES["negative"] = _values("negative")

# Each of these functions as the activation of another layer: once around the whole sum, or on its own.
ACTIVATIONS: tuple[tuple[str, Any], ...] = (
    *((kind, kind) for kind in ("relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "abs", "exp")),
    *((kind, kind) for kind in ("hard_sigmoid", "hard_swish", "softplus", "softsign", "negative")),
    ("clip_both", {"kind": "clip", "min": -0.5, "max": 0.75}),
    ("clip_below", {"kind": "clip", "min": 0.25}),
    ("elu_0.5", {"kind": "elu", "alpha": 0.5}),
    ("gelu_tanh", {"kind": "gelu", "approximate": "tanh"}),
    ("hard_sigmoid_0.2", {"kind": "hard_sigmoid", "alpha": 0.2}),
    ("leaky_relu_0.3", {"kind": "leaky_relu", "negative_slope": 0.3}),
    ("softplus_2", {"kind": "softplus", "beta": 2.0, "threshold": 5.0}),
)
CASES["conv2d"] += tuple(
    _conv(label, (2, 3, 4), filters=2, kernel_size=2, activation=activation)
    for label, activation in ACTIVATIONS
)
CASES["dense"] += tuple(
    _dense(label, (5,), units=6, activation=activation) for label, activation in ACTIVATIONS
)

ALL_CASES = tuple(case for cases in CASES.values() for case in cases)
