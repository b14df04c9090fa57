"""Feature maps as one vector, map by map, row by row.

Input `(C, H, W)`, result `(C * H * W,)`, in the order of PyTorch's `Flatten`. On a vector it changes
nothing. First cell::

    =pool2_f1!C7
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.shape import Array, Shape


class Flatten(Op):
    """Flatten to a vector."""

    kind = "flatten"
    title = "flatten"
    framework_names = ("Flatten", "Flatten", "Flatten")
    negatives = "from negatives"
    flattens = True

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(C * H * W,)`."""
        return Shape.vector(inputs[0].size)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The same values, reshaped."""
        return inputs[0].reshape(-1)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Each row of a map becomes a run of cells down the column."""
        x = site.inputs[0]
        shape = x.shape
        if shape.height == 1 and shape.width == 1:
            for region in x.parts(Region.channels(0, shape.channels)):
                yield Stamp(region, x.at(region))
            return
        for c in range(shape.channels):
            for y in range(shape.height):
                row = Region((c, y, 0), shape.width, 1, (0, 0, 1), (0, 0, 0))
                place = Region.channels((c * shape.height + y) * shape.width, shape.width)
                yield Stamp(place, x.at(row))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """In which order the values follow each other."""
        if inputs[0].is_vector:
            return "the same values"
        return text("the {channels} maps, one after the other, row by row", channels=inputs[0].channels)
