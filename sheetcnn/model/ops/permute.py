"""Axes in another order.

Axis n of the result is axis `order[n]` of the input `(C, H, W)`. Definition: PyTorch's `permute` (without
the batch axis). First cell::

    =conv1_f1!C7
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from sheetcnn.formulas.region import Region, Stamp, Step
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.gather import copied
from sheetcnn.model.ops.spatial import listed, maps_only
from sheetcnn.shape import Array, Shape

Axis = Annotated[int, Field(ge=0, le=2)]


class Permute(Op):
    """Transposition of the axes."""

    kind = "permute"
    title = "permutation of the axes"
    framework_names = ("Transpose", "permute", "Permute")
    negatives = "from negatives"

    order: Annotated[
        tuple[Axis, Axis, Axis],
        BeforeValidator(listed),
        Field(description="a list of 0 (channel), 1 (y) and 2 (x) in the new order"),
    ]

    @model_validator(mode="after")
    def _all_axes(self) -> Permute:
        if sorted(self.order) != [0, 1, 2]:
            raise ValueError(f"order {list(self.order)} must hold 0, 1 and 2 once each")
        return self

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The sizes in the new order."""
        x = maps_only(self.kind, inputs)
        return Shape(tuple(x.dims[axis] for axis in self.order))

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """NumPy's transpose."""
        return np.transpose(inputs[0], self.order)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Copies; where a row or column runs through the channels, cell by cell."""
        x, shape = site.inputs[0], site.out.shape
        for c in range(shape.channels):
            start = _along(self.order[0], c)
            steps = _along(self.order[1], 1), _along(self.order[2], 1)
            source = Region(start, shape.height, shape.width, *steps)
            yield from copied(x, source, Region.plane(c, shape))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The axes of the input in their new order."""
        names = ("channel", "row", "column")
        return text("the input with its axes in the order {a}", a=", ".join(names[a] for a in self.order))


def _along(axis: int, distance: int) -> Step:
    """A step along one axis."""
    step = [0, 0, 0]
    step[axis] = distance
    return step[0], step[1], step[2]
