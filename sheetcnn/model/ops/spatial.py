"""Geometry shared by convolution and pooling: pairs, padding, window counts."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from sheetcnn.languages import text
from sheetcnn.model.ops.base import ShapeMismatchError
from sheetcnn.shape import Array, Margin, Shape

Size = Annotated[int, Field(ge=1)]
Pair = tuple[int, int]


def listed(value: object) -> object:
    """Lists (from YAML) as tuples, so that validation can stay strict."""
    return tuple(value) if isinstance(value, list) else value


SizeOrPair = Annotated[
    Size | Annotated[tuple[Size, Size], Field(description="[height, width]")], BeforeValidator(listed)
]
NonNegative = Annotated[int, Field(ge=0)]
Padding = Annotated[
    Literal["same", "valid"]
    | NonNegative
    | Annotated[
        tuple[NonNegative, NonNegative, NonNegative, NonNegative],
        Field(description="[top, bottom, left, right]"),
    ],
    BeforeValidator(listed),
]


def pair(value: int | tuple[int, int]) -> Pair:
    """A number for both axes, or (height, width)."""
    return (value, value) if isinstance(value, int) else value


def extent(kernel: Pair, dilation: Pair) -> Pair:
    """The size of the window that a dilated kernel covers."""
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def margins(
    padding: str | int | tuple[int, int, int, int], shape: Shape, window: Pair, stride: Pair
) -> Margin:
    """The padding of each side in pixels.

    `same` gives `ceil(size / stride)` windows; an odd rest goes to the bottom and the right, as in
    TensorFlow, and as in PyTorch and ONNX (SAME_UPPER) for stride 1.
    """
    if padding == "valid":
        return Margin()
    if padding == "same":
        (top, bottom), (left, right) = (
            _same(size, k, s) for size, k, s in zip((shape.height, shape.width), window, stride, strict=True)
        )
        return Margin(top, bottom, left, right)
    if isinstance(padding, int):
        return Margin(padding, padding, padding, padding)
    assert isinstance(padding, tuple)  # noqa: S101  (only "same" and "valid" are strings; for mypy)
    top, bottom, left, right = padding
    return Margin(top, bottom, left, right)


def _same(size: int, window: int, stride: int) -> Pair:
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def window_counts(shape: Shape, pad: Margin, window: Pair, stride: Pair, *, ceil_mode: bool = False) -> Pair:
    """How many windows fit along y and x.

    With `ceil_mode` a last window may overhang, if it starts inside the input or the padding before
    it (the rule of PyTorch and ONNX).

    Raises:
        ShapeMismatchError: if not even one fits.
    """
    counts = []
    for axis, size, before, after, k, s in (
        ("height", shape.height, pad.top, pad.bottom, window[0], stride[0]),
        ("width", shape.width, pad.left, pad.right, window[1], stride[1]),
    ):
        free = size + before + after - k
        if free < 0 and not (ceil_mode and -free < s):
            raise ShapeMismatchError(
                f"a window of {axis} {k} does not fit into an input of {axis} {size}"
                + (f" padded to {size + before + after}" if before + after else "")
                + "; use a smaller kernel_size or dilation, or more padding"
            )
        count = (-(-free // s) if ceil_mode else free // s) + 1
        if ceil_mode and (count - 1) * s >= size + before:
            count -= 1
        counts.append(count)
    return counts[0], counts[1]


def overhang(shape: Shape, pad: Margin, window: Pair, stride: Pair, counts: Pair) -> Margin:
    """The cells beyond the input that the windows touch: padding, and what the last ones overhang."""
    return Margin(
        pad.top,
        max(0, (counts[0] - 1) * stride[0] + window[0] - pad.top - shape.height),
        pad.left,
        max(0, (counts[1] - 1) * stride[1] + window[1] - pad.left - shape.width),
    )


def windows(
    x: Array, pad: Margin, window: Pair, stride: Pair, dilation: Pair, counts: Pair, fill: float
) -> Array:
    """All windows of `x` `(C, H, W)` as an array `(C, out_h, out_w, kh, kw)`; outside it is `fill`."""
    _, height, width = x.shape
    below = max(0, (counts[0] - 1) * stride[0] + window[0] - pad.top - height)
    beyond = max(0, (counts[1] - 1) * stride[1] + window[1] - pad.left - width)
    padded = np.pad(x, ((0, 0), (pad.top, below), (pad.left, beyond)), constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(1, 2))
    chosen: Array = every[
        :,
        : (counts[0] - 1) * stride[0] + 1 : stride[0],
        : (counts[1] - 1) * stride[1] + 1 : stride[1],
        :: dilation[0],
        :: dilation[1],
    ]
    return chosen


def maps_only(kind: str, inputs: tuple[Shape, ...] | list[Shape]) -> Shape:
    """The one input, if it is feature maps.

    Raises:
        ShapeMismatchError: if it is a vector.
    """
    if inputs[0].is_vector:
        raise ShapeMismatchError(
            f"{kind} needs feature maps (C, H, W) but gets a vector of {inputs[0]} values"
        )
    return inputs[0]


def window_words(kernel: Pair, dilation: Pair = (1, 1)) -> str:
    """A window in words: `3×3`, or `3×3, every 2nd pixel`."""
    size = f"{kernel[0]}×{kernel[1]}"
    if dilation == (1, 1):
        return size
    return text("{size} (dilated by {rows}×{columns})", size=size, rows=dilation[0], columns=dilation[1])


Edges = Annotated[
    NonNegative
    | Annotated[
        tuple[NonNegative, NonNegative, NonNegative, NonNegative],
        Field(description="[top, bottom, left, right]"),
    ],
    BeforeValidator(listed),
]


def edges(value: int | tuple[int, int, int, int]) -> Margin:
    """A number for all four edges, or (top, bottom, left, right)."""
    return Margin(value, value, value, value) if isinstance(value, int) else Margin(*value)
