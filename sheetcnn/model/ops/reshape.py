"""The same values in another shape, in the order channel, row, column.

`shape` is `[C, H, W]` or `[N]`. Definition: PyTorch's `reshape` (without the batch axis). First cell::

    =conv1_f1!C7
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Params, Site
from sheetcnn.model.ops.gather import copied
from sheetcnn.model.ops.spatial import Size, listed
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class Reshape(Op):
    """Reshaping."""

    kind = "reshape"
    title = "reshape"
    framework_names = ("Reshape", "reshape, view", "Reshape")
    negatives = "from negatives"

    shape: Annotated[
        tuple[Size, Size, Size] | tuple[Size],
        BeforeValidator(listed),
        Field(description="[C, H, W] or [N]"),
    ]

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The shape given."""
        out = Shape(self.shape)
        if out.size != inputs[0].size:
            raise ShapeMismatchError(
                f"{inputs[0]} holds {inputs[0].size} values, but the shape {out} needs {out.size}"
            )
        return out

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """NumPy's reshape."""
        return inputs[0].reshape(self.shape)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Copies of the longest runs that lie in one row of both."""
        x, shape = site.inputs[0], site.out.shape
        done = 0
        while done < shape.size:
            source, source_left = _row(x.shape, done)
            target, target_left = _row(shape, done)
            length = min(source_left, target_left)
            down = target.step_i[0] != 0  # a vector runs down its column, and so must what it copies
            along = source.step_i if source.step_i[0] else source.step_j
            ends = (source.start, along), (target.start, target.step_i if down else target.step_j)
            none = (0, 0, 0)
            read, written = (
                Region(start, length, 1, step, none) if down else Region(start, 1, length, none, step)
                for start, step in ends
            )
            yield from copied(x, read, written)
            done += length

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The shape before and after."""
        return text(
            "the same {size} values, {before} as {after}",
            size=inputs[0].size,
            before=inputs[0],
            after=Shape(self.shape),
        )


def _row(shape: Shape, flat: int) -> tuple[Region, int]:
    """Where value number `flat` stands, and how many follow it in the same row."""
    if shape.height == 1 and shape.width == 1:
        return Region.channels(flat, shape.channels - flat), shape.channels - flat
    channel, rest = divmod(flat, shape.height * shape.width)
    y, x = divmod(rest, shape.width)
    return Region((channel, y, x), 1, shape.width - x), shape.width - x
