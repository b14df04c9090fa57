"""The cases of every layer kind: a table per kind, shared by all tests that go through the kinds.

Each case becomes a workbook, so maps are small. A new kind is one table here, one function in
`torch_reference.py`, and a run of `golden/make_golden.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
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


# A blank cell taken for a 0 would win a maximum and lower a mean of these.
NEGATIVE = (-9.0, -1.0)
POSITIVE = (1.0, 9.0)


_conv = partial(_case, "conv2d")
CONV2D = (
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

_max = partial(_case, "max_pool")
MAX_POOL = (
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
AVG_POOL = (
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
GLOBAL_AVG_POOL = (
    _global("map", (3, 4, 4)),
    _global("oblong", (2, 9, 5)),
    _global("one_pixel", (4, 1, 1)),
    _global("row_map", (2, 1, 7)),
    _global("column_map", (2, 7, 1)),
    _global("one_map", (1, 3, 3)),
)

_dense = partial(_case, "dense")
DENSE = (
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
FLATTEN = (
    _flatten("maps", (3, 2, 4)),
    _flatten("one_map", (1, 3, 3)),
    _flatten("one_pixel_maps", (5, 1, 1)),
    _flatten("one_value", (1, 1, 1)),
    _flatten("row_maps", (2, 1, 5)),
    _flatten("column_maps", (2, 5, 1)),
    _flatten("vector", (6,)),
)

_norm = partial(_case, "batch_norm")
BATCH_NORM = (
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
RELU = (
    _relu("maps", (3, 4, 5)),
    _relu("one_pixel_maps", (4, 1, 1)),
    _relu("vector", (9,)),
    _relu("one_value", (1,)),
    _relu("all_negative", (2, 3, 3), span=NEGATIVE),
)

_leaky = partial(_case, "leaky_relu")
LEAKY_RELU = (
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
SIGMOID = (
    _sigmoid("maps", (3, 4, 5)),
    _sigmoid("vector", (9,)),
    _sigmoid("one_pixel_maps", (4, 1, 1)),
    _sigmoid("steep", (2, 3, 3), span=(-40.0, 40.0)),
    _sigmoid("huge", (9,), span=(-900.0, 900.0)),
)

_tanh = partial(_case, "tanh")
TANH = (
    _tanh("maps", (3, 4, 5)),
    _tanh("vector", (9,)),
    _tanh("one_pixel_maps", (4, 1, 1)),
    _tanh("tiny", (2, 3, 3), span=(-1e-6, 1e-6)),
    _tanh("huge", (9,), span=(-900.0, 900.0)),
)

_softmax = partial(_case, "softmax")
SOFTMAX = (
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
DROPOUT = (
    _dropout("maps", (2, 3, 4)),
    _dropout("vector", (6,)),
    _dropout("one_pixel_maps", (3, 1, 1)),
    _dropout("rate_0", (4,), rate=0.0),
    _dropout("rate_0.9", (2, 2, 2), rate=0.9),
)

ALL_CASES: tuple[Case, ...] = (
    *CONV2D,
    *MAX_POOL,
    *AVG_POOL,
    *GLOBAL_AVG_POOL,
    *DENSE,
    *FLATTEN,
    *BATCH_NORM,
    *RELU,
    *LEAKY_RELU,
    *SIGMOID,
    *TANH,
    *SOFTMAX,
    *DROPOUT,
)

CASES: dict[str, tuple[Case, ...]] = {
    kind: tuple(cases) for kind, cases in groupby(ALL_CASES, key=lambda case: case.kind)
}
"""The cases of each kind."""
