"""How windows slide over a map: the geometry that convolutions, pools and importers share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sheetcnn.formulas.placement import Window
from sheetcnn.shape import NO_MARGIN, Array, Margin, ShapeMismatchError

Pair = tuple[int, int]


@dataclass(frozen=True)
class WindowGeometry:
    """A window that slides evenly over a map: which pixels each output pixel is computed from.

    All pairs are along y and x.

    Attributes:
        size: pixels of the map.
        kernel: pixels of the window.
        stride: from one window to the next.
        dilation: from one pixel of the window to the next.
        padding: how far beyond each edge of the map windows may begin and end; negative where they stay
            inside (a crop).
        ceil_mode: whether a last window may overhang the padding, if it starts inside the map or the padding
            before it (the rule of PyTorch and ONNX).
    """

    size: Pair
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Margin = NO_MARGIN
    ceil_mode: bool = False

    @property
    def extent(self) -> Pair:
        """The size of the part of the map that a dilated window covers."""
        (kh, kw), (dy, dx) = self.kernel, self.dilation
        return (kh - 1) * dy + 1, (kw - 1) * dx + 1

    @property
    def before(self) -> Pair:
        """How far the first window begins above and to the left of the map."""
        return self.padding.top, self.padding.left

    @property
    def counts(self) -> Pair:
        """How many windows there are.

        Raises:
            ShapeMismatchError: if not even one fits.
        """
        after = (self.padding.bottom, self.padding.right)
        counts = []
        for axis, (name, size) in enumerate(zip(("height", "width"), self.size, strict=True)):
            extent, stride, before = self.extent[axis], self.stride[axis], self.before[axis]
            free = size + before + after[axis] - extent
            if free < 0 and not (self.ceil_mode and -free < stride):
                padded = f" padded to {size + before + after[axis]}" if before + after[axis] else ""
                raise ShapeMismatchError(
                    f"a window of {name} {extent} does not fit into an input of {name} {size}{padded}; "
                    "use a smaller kernel_size or dilation, or more padding"
                )
            count = (-(-free // stride) if self.ceil_mode else free // stride) + 1
            if self.ceil_mode and (count - 1) * stride >= size + before:
                count -= 1
            counts.append(count)
        return counts[0], counts[1]

    @property
    def overhang(self) -> Margin:
        """The cells beyond the map that windows touch: padding, and what the last ones overhang."""
        below, beyond = (
            (count - 1) * stride + extent - before - size
            for count, stride, extent, before, size in zip(
                self.counts, self.stride, self.extent, self.before, self.size, strict=True
            )
        )
        top, left = self.before
        return Margin(max(0, top), max(0, below), max(0, left), max(0, beyond))

    @property
    def first(self) -> Window:
        """The first window, as formulas read it: it moves with the stride."""
        top, left = self.before
        return Window(-top, -left, *self.extent, self.stride, self.dilation[1])

    def canvas(self, x: Array, fill: float) -> Array:
        """`x` `(C, H, W)` with `fill` around it, as far as windows reach."""
        reach = self.overhang
        around = ((0, 0), (reach.top, reach.bottom), (reach.left, reach.right))
        return np.pad(x, around, constant_values=fill)

    def windows(self, canvas: Array) -> Array:
        """All windows of a canvas as an array `(C, out_h, out_w, kh, kw)`."""
        every = np.lib.stride_tricks.sliding_window_view(canvas, self.extent, axis=(1, 2))
        (rows, cols), (sy, sx), (dy, dx) = self.counts, self.stride, self.dilation
        chosen: Array = every[:, : (rows - 1) * sy + 1 : sy, : (cols - 1) * sx + 1 : sx, ::dy, ::dx]
        return chosen
