"""What max pooling and average pooling share: their options and their geometry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from sheetcnn.model.ops.base import Op, ShapeMismatchError, Sight
from sheetcnn.model.ops.spatial import (
    Padding,
    Pair,
    SizeOrPair,
    maps_only,
    margins,
    overhang,
    pair,
    window_counts,
)
from sheetcnn.shape import Margin, Shape


class Pool(Op):
    """A layer that reduces each window of each map to one value."""

    pooled: ClassVar[Literal["max", "mean"]]
    """What is taken of a window."""

    kernel_size: SizeOrPair
    stride: SizeOrPair | None = None
    """The default is the kernel size: windows side by side."""
    padding: Padding = 0
    ceil_mode: bool = False

    @abstractmethod
    def window_extent(self) -> Pair:
        """The height and width that a window covers."""

    def taps(self) -> tuple[range, range]:
        """The offsets within a window, along y and x, that are pooled."""
        height, width = self.window_extent()
        return range(height), range(width)

    def geometry(self, x: Shape) -> tuple[Pair, Margin, Pair]:
        """Stride, padding and the number of windows."""
        window = self.window_extent()
        stride = pair(self.kernel_size if self.stride is None else self.stride)
        pad = margins(self.padding, x, window, stride)
        return stride, pad, window_counts(x, pad, window, stride, ceil_mode=self.ceil_mode)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C, H', W')`."""
        x = maps_only(self.kind, list(inputs))
        stride, pad, counts = self.geometry(x)
        for axis, size, before, count, step, taps in (
            ("height", x.height, pad.top, counts[0], stride[0], self.taps()[0]),
            ("width", x.width, pad.left, counts[1], stride[1], self.taps()[1]),
        ):
            for n in (0, count - 1):
                if not any(0 <= n * step - before + tap < size for tap in taps):
                    raise ShapeMismatchError(
                        f"window {n + 1} along the {axis} would hold no pixel of the input, only padding; "
                        "use less padding"
                    )
        return Shape.maps(x.channels, *counts)

    def counted(self, x: Shape) -> Margin:
        """The padding around the input whose cells count in a mean."""
        return Margin()

    def sight(self, inputs: Sequence[Shape]) -> Sight:
        """The window; of a dilated one, the pixels that are pooled."""
        stride, pad, _ = self.geometry(inputs[0])
        rows, cols = self.taps()
        return Sight((len(rows), len(cols)), stride, (rows.step, cols.step), (pad.top, pad.left))

    def reach(self, inputs: Sequence[Shape]) -> Margin:
        """The padding and what the last windows overhang."""
        stride, pad, counts = self.geometry(inputs[0])
        return overhang(inputs[0], pad, self.window_extent(), stride, counts)
