"""Which values of a tensor one pattern fills."""

from __future__ import annotations

from dataclasses import dataclass

from sheetcnn.formulas.expr import Expr
from sheetcnn.shape import Shape

Step = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Region:
    """A two-dimensional selection of a tensor `(C, H, W)`: `rows` x `cols` positions (i, j).

    Position (i, j) is the value at `start + i * step_i + j * step_j`, each a triple
    (channel, y, x) counted from 0. For a feature map i runs down y and j along x; for a vector i
    runs along the channels.
    """

    start: Step
    rows: int
    cols: int
    step_i: Step = (0, 1, 0)
    step_j: Step = (0, 0, 1)

    @classmethod
    def plane(cls, channel: int, shape: Shape) -> Region:
        """All of one feature map."""
        return cls((channel, 0, 0), shape.height, shape.width)

    @classmethod
    def part(cls, channel: int, rows: range, cols: range) -> Region:
        """The rows and columns of one feature map that the two ranges name, steps included."""
        return cls(
            (channel, rows.start, cols.start), len(rows), len(cols), (0, rows.step, 0), (0, 0, cols.step)
        )

    @classmethod
    def channels(cls, first: int, count: int) -> Region:
        """`count` values of a vector (or of 1x1 maps), from channel `first` on."""
        return cls((first, 0, 0), count, 1, (1, 0, 0), (0, 0, 0))


@dataclass(frozen=True, slots=True)
class Stamp:
    """One pattern: `expr` fills `region` of the tensor `target` ("" is the layer's output)."""

    region: Region
    expr: Expr
    target: str = ""
