"""Geometry shared by convolution and pooling: pairs, padding, window counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op
from sheetcnn.model.ops.window import Pair, WindowGeometry
from sheetcnn.shape import NO_MARGIN, Margin, Shape, ShapeMismatchError

Size = Annotated[int, Field(ge=1)]


def listed(value: object) -> object:
    """Lists (from YAML) as tuples, so that validation can stay strict."""
    return tuple(value) if isinstance(value, list) else value


SizeOrPair = Annotated[
    Size | Annotated[tuple[Size, Size], Field(description="[height, width]")], BeforeValidator(listed)
]
NonNegative = Annotated[int, Field(ge=0)]
_Sides = Annotated[
    tuple[NonNegative, NonNegative, NonNegative, NonNegative], Field(description="[top, bottom, left, right]")
]
Padding = Annotated[Literal["same", "valid"] | NonNegative | _Sides, BeforeValidator(listed)]
Edges = Annotated[NonNegative | _Sides, BeforeValidator(listed)]


def pair(value: int | tuple[int, int]) -> Pair:
    """A number for both axes, or (height, width)."""
    return (value, value) if isinstance(value, int) else value


def edges(value: int | tuple[int, int, int, int]) -> Margin:
    """A number for all four edges, or (top, bottom, left, right)."""
    return Margin(value, value, value, value) if isinstance(value, int) else Margin(*value)


def window_geometry(
    x: Shape,
    kernel: Pair,
    stride: Pair,
    padding: str | int | tuple[int, int, int, int],
    dilation: Pair = (1, 1),
    *,
    ceil_mode: bool = False,
) -> WindowGeometry:
    """How a window of the options of a layer slides over maps of shape `x`.

    Padding `same` gives `ceil(size / stride)` windows; an odd rest goes to the bottom and the right, as in
    TensorFlow, and as in PyTorch and ONNX (SAME_UPPER) for stride 1.
    """
    unpadded = WindowGeometry((x.height, x.width), kernel, stride, dilation, ceil_mode=ceil_mode)
    if padding == "same":
        along_y, along_x = map(_same, unpadded.size, unpadded.extent, stride)
        around = Margin(*along_y, *along_x)
    else:
        around = NO_MARGIN if isinstance(padding, str) else edges(padding)
    return replace(unpadded, padding=around)


def _same(size: int, window: int, stride: int) -> Pair:
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


class Windowed(Op):
    """A layer whose every output pixel is computed from one window on the input maps."""

    @abstractmethod
    def geometry(self, x: Shape) -> WindowGeometry:
        """How the windows slide over maps of shape `x`."""

    def padding_extent(self, inputs: Sequence[Shape]) -> Margin:
        """The padding, and what the last windows overhang."""
        return self.geometry(inputs[0]).overhang

    def receptive_window(self, inputs: Sequence[Shape]) -> WindowGeometry:
        """The window."""
        return self.geometry(inputs[0])


def maps_only(kind: str, inputs: Sequence[Shape]) -> Shape:
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
