"""What max pooling and average pooling share: their options and their geometry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from sheetcnn.model.ops.spatial import Padding, SizeOrPair, Windowed, maps_only, pair, window_geometry
from sheetcnn.model.ops.window import Pair, WindowGeometry
from sheetcnn.shape import Margin, Shape, ShapeMismatchError


class Pool(Windowed):
    """A layer that reduces each window of each map to one value."""

    pooled: ClassVar[Literal["max", "mean"]]
    """What is taken of a window."""

    kernel_size: SizeOrPair
    stride: SizeOrPair | None = None
    """The default is the kernel size: windows side by side."""
    padding: Padding = 0
    ceil_mode: bool = False

    @property
    def spacing(self) -> Pair:
        """From one pixel of a window to the next, along y and x."""
        return 1, 1

    def geometry(self, x: Shape) -> WindowGeometry:
        """The windows that are pooled."""
        kernel = pair(self.kernel_size)
        stride = kernel if self.stride is None else pair(self.stride)
        return window_geometry(x, kernel, stride, self.padding, self.spacing, ceil_mode=self.ceil_mode)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C, H', W')`."""
        x = maps_only(self.kind, list(inputs))
        geometry = self.geometry(x)
        for axis, name in enumerate(("height", "width")):
            for n in (0, geometry.counts[axis] - 1):
                first = n * geometry.stride[axis] - geometry.before[axis]
                taps = range(first, first + geometry.extent[axis], geometry.dilation[axis])
                if not any(0 <= tap < geometry.size[axis] for tap in taps):
                    raise ShapeMismatchError(
                        f"window {n + 1} along the {name} would hold no pixel of the input, only padding; "
                        "use less padding"
                    )
        return Shape.maps(x.channels, *geometry.counts)

    def counted(self, x: Shape) -> Margin:
        """The padding around the input whose cells count in a mean."""
        return Margin()
