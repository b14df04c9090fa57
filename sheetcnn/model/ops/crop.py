"""Maps without some rows and columns at their edges.

Input `(C, H, W)`, result `(C, H - top - bottom, W - left - right)`. Definition: Keras's `Cropping2D`,
ONNX `Slice` on the axes 2 and 3. First cell::

    =conv1_f1!D8
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetcnn.formulas.placement import Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.spatial import Edges, edges, maps_only
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import Array, Margin, Shape, ShapeMismatchError


class Crop(Op):
    """Cropping."""

    kind = "crop"
    title = "crop"
    framework_names = ("Slice", "slice", "Cropping2D")
    negatives = "from negatives"

    crop: Edges

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The size without the edges that are cut off."""
        x, cut = maps_only(self.kind, inputs), edges(self.crop)
        height, width = x.height - cut.top - cut.bottom, x.width - cut.left - cut.right
        if height < 1 or width < 1:
            raise ShapeMismatchError(f"cropping {x} by {self.crop} leaves nothing; crop less")
        return Shape.maps(x.channels, height, width)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The rows and columns that stay."""
        cut, (_, height, width) = edges(self.crop), inputs[0].shape
        return inputs[0][:, cut.top : height - cut.bottom, cut.left : width - cut.right]

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The cell further down and to the right."""
        x, cut = site.inputs[0], edges(self.crop)
        window = Window(cut.top, cut.left, 1, 1)
        for c in range(x.shape.channels):
            yield Stamp(Region.plane(c, site.out.shape), x.windows(range(c, c + 1), window)[0].cell)

    def receptive_window(self, inputs: Sequence[Shape]) -> WindowGeometry:
        """The one pixel further down and to the right."""
        x, cut = inputs[0], edges(self.crop)
        inside = Margin(-cut.top, -cut.bottom, -cut.left, -cut.right)
        return WindowGeometry((x.height, x.width), padding=inside)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """How many rows and columns are cut off at each edge."""
        cut = edges(self.crop)
        rows = text("{top} rows above, {bottom} below", top=cut.top, bottom=cut.bottom)
        return text(
            "the map without {rows}, {left} columns left, {right} right",
            rows=rows,
            left=cut.left,
            right=cut.right,
        )
