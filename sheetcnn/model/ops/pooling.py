"""What max pooling and average pooling share: their options, their geometry, and how they are explained."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sheetcnn.formulas.functions import Reduction
from sheetcnn.model.ops.spatial import Padding, SizeOrPair, Windowed, maps_only, pair, window_geometry
from sheetcnn.model.ops.window import Pair, WindowGeometry
from sheetcnn.shape import Array, Margin, Shape, ShapeMismatchError


@dataclass(frozen=True)
class Selection:
    """A pooling whose result is one of the window's values, so that one can say which.

    Attributes:
        label: what is selected, in words.
        sentence: the same of one window, with places for `{value}`, `{row}` and `{column}`.
        pick: of a window, with NumPy.
        function: of a window, in a formula.
        outside: in place of padding; it is never selected.
    """

    label: str
    sentence: str
    pick: Callable[[Array], float]
    function: Reduction
    outside: float


@dataclass(frozen=True)
class Mean:
    """A pooling whose result is the sum of the window, divided by how many cells count (`Pool.counted`)."""

    label: str = "sum of the window"
    sentence: str = "The mean of the window: {sum} ÷ {n} = {value}."
    outside: float = 0.0


class Pool(Windowed):
    """A layer that reduces each window of each map to one value."""

    kernel_size: SizeOrPair
    stride: SizeOrPair | None = None
    """The default is the kernel size: windows side by side."""
    padding: Padding = 0
    ceil_mode: bool = False

    @property
    @abstractmethod
    def explanation(self) -> Selection | Mean:
        """How a window becomes one value, for the pages and handouts that show it step by step."""

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
        x = maps_only(self.kind, inputs)
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
