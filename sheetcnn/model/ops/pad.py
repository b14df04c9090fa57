"""Padding as a layer of its own.

`constant` puts `value` around each map, `reflect` mirrors it at its edge pixels (which are not
repeated), `edge` repeats the edge pixels. Input `(C, H, W)`, result
`(C, H + top + bottom, W + left + right)`. Definition: PyTorch's `F.pad` (`constant`, `reflect`,
`replicate`), ONNX `Pad`. A first cell, of an edge::

    =conv1_f1!C7
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from sheetcnn.formulas.region import Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.gather import ONE, Taps, mixed, runs
from sheetcnn.model.ops.spatial import Edges, edges, maps_only
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class Pad(Op):
    """Padding."""

    kind = "pad"
    title = "padding"
    framework_names = ("Pad", "F.pad", "ZeroPadding2D")

    padding: Edges
    mode: Literal["constant", "reflect", "edge"] = "constant"
    value: float = 0.0

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The input's size and the padding."""
        x, pad = maps_only(self.kind, inputs), edges(self.padding)
        for axis, size, most in (
            ("height", x.height, max(pad.top, pad.bottom)),
            ("width", x.width, max(pad.left, pad.right)),
        ):
            if self.mode == "reflect" and most >= size:
                raise ShapeMismatchError(
                    f"reflecting {most} pixels needs a {axis} of at least {most + 1}, not {size}; pad less"
                )
        return Shape.maps(x.channels, x.height + pad.top + pad.bottom, x.width + pad.left + pad.right)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """NumPy's own padding."""
        pad = edges(self.padding)
        around = ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right))
        if self.mode == "constant":
            return np.pad(inputs[0], around, constant_values=self.value)
        return np.pad(inputs[0], around, mode=self.mode)

    def _taps(self, size: int, before: int, after: int) -> list[Taps]:
        """For each output position the input position that it copies, or none."""
        taps: list[Taps] = []
        for n in range(-before, size + after):
            at = n
            if self.mode == "edge":
                at = min(max(n, 0), size - 1)
            elif self.mode == "reflect":
                at = -n if n < 0 else 2 * (size - 1) - n if n >= size else n
            taps.append(((at, ONE),) if 0 <= at < size else ())
        return taps

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Copies, and the constant around them."""
        x, pad = site.inputs[0], edges(self.padding)
        rows = runs(self._taps(x.shape.height, pad.top, pad.bottom))
        cols = runs(self._taps(x.shape.width, pad.left, pad.right))
        for c in range(x.shape.channels):
            yield from mixed(x, c, rows, cols, self.value)

    def receptive_window(self, inputs: Sequence[Shape]) -> WindowGeometry | None:
        """With a constant around it, the one pixel further up and to the left."""
        if self.mode != "constant":
            return None
        return WindowGeometry((inputs[0].height, inputs[0].width), padding=edges(self.padding))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input and the constant."""
        return inputs[0] and (self.mode != "constant" or self.value >= 0)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """What stands around the map."""
        around = {
            "constant": text("{value:g} all around", value=self.value),
            "reflect": text("its mirror image around it"),
            "edge": text("its edge pixels repeated around it"),
        }
        return text("the map with {around}", around=around[self.mode])
