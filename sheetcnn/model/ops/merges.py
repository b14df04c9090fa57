"""The layers that merge several tensors value by value: one row each in `MERGES`.

Inputs have one shape, or `(C, 1, 1)` and `(1, H, W)` against `(C, H, W)`; the result has the shape that all
broadcast to. A row holds NumPy's computation and the formula side by side; they share nothing, so that one
cannot hide the other's mistake. A new merge is a row here, with cases and a reference in the tests. The
formula of a first cell of each is in docs/layers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, Ref, add, call
from sheetcnn.formulas.placement import Placement
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Negatives, Params, Site, everywhere
from sheetcnn.model.ops.rows import Names, Row, RowOp, layer_of
from sheetcnn.shape import Array, Shape, ShapeMismatchError

ANY_NUMBER = 1 << 20


@dataclass(frozen=True)
class MergeFunction(Row):
    """A merge of one value of each input.

    Attributes:
        compute: of arrays, with NumPy, which broadcasts them.
        apply: of one value of each input, as a formula.
        description: of each value, for the sheets, of `{n}` inputs.
        negatives: whether a result can be negative.
        most: how many inputs it takes at the most.
    """

    compute: Callable[[Sequence[Array]], Array]
    apply: Callable[[Sequence[Expr]], Expr]
    description: str
    negatives: Negatives = "from negatives"
    most: int = ANY_NUMBER


class Merge(RowOp):
    """The layer of a row of `MERGES`."""

    row: ClassVar[MergeFunction]
    takes_activation = True
    pixelwise = True

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The shape that all inputs broadcast to."""
        return reduce(self._broadcast, inputs)

    def _broadcast(self, one: Shape, other: Shape) -> Shape:
        fits = len(one.dims) == len(other.dims) and all(
            a == b or 1 in (a, b) for a, b in zip(one.dims, other.dims, strict=True)
        )
        if not fits:
            raise ShapeMismatchError(
                f"inputs of shapes {one} and {other} do not fit together; they must be equal, or 1 where "
                "they differ"
            )
        return Shape(tuple(max(a, b) for a, b in zip(one.dims, other.dims, strict=True)))

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The row's computation."""
        return self.row.compute(inputs)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The row's formula: one pattern per map, or one down a vector."""
        for region in everywhere(site.out, *site.inputs):
            yield Stamp(region, self.row.apply([broadcast(x, site.out.shape, region) for x in site.inputs]))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The row's words."""
        return text(self.row.description, n=len(inputs))

    def __reduce__(self) -> tuple[Callable[[str], Merge], tuple[str]]:
        return _restored, (self.kind,)


def broadcast(x: Placement, out: Shape, region: Region) -> Ref:
    """The value of `x` that belongs to each position of a region of a tensor of shape `out`."""
    if x.shape == out:
        return x.at(region)
    channel = 0 if x.shape.channels == 1 else region.start[0]
    if x.shape.height == 1 and x.shape.width == 1:
        if x.shape.channels > 1 and region.step_i[0]:
            return x.at(region)
        return x.cell(channel)
    dy, dx = int(x.shape.height > 1), int(x.shape.width > 1)
    start = (channel, region.start[1] * dy, region.start[2] * dx)
    step_i = (0, region.step_i[1] * dy, 0)
    step_j = (0, 0, region.step_j[2] * dx)
    return x.at(replace(region, start=start, step_i=step_i, step_j=step_j))


ROWS = (
    MergeFunction(
        Names("add", "addition", onnx="Add, Sum", pytorch="add", keras="Add"),
        definition="the sum: the skip connection of a residual network",
        source="PyTorch's `torch.add`, ONNX `Add` and `Sum`",
        compute=partial(reduce, np.add),
        apply=lambda values: add(*values),
        description="sum of the {n} inputs",
    ),
    MergeFunction(
        Names("subtract", "subtraction", onnx="Sub", pytorch="sub", keras="Subtract"),
        definition="the first input minus the second",
        source="PyTorch's `torch.sub`, ONNX `Sub`",
        compute=lambda values: values[0] - values[1],
        apply=lambda values: values[0] - values[1],
        description="first input − second input",
        negatives="possible",
        most=2,
    ),
    MergeFunction(
        Names("multiply", "multiplication", onnx="Mul", pytorch="mul", keras="Multiply"),
        definition="the product; with `(C, 1, 1)` it weighs whole maps, as squeeze-and-excitation does",
        source="PyTorch's `torch.mul`, ONNX `Mul`",
        compute=partial(reduce, np.multiply),
        apply=partial(reduce, lambda a, b: a * b),
        description="product of the {n} inputs",
    ),
    MergeFunction(
        Names("divide", "division", onnx="Div", pytorch="div"),
        definition="the first input divided by the second, which must hold no 0: an error in a spreadsheet",
        source="PyTorch's `torch.div`, ONNX `Div`",
        compute=lambda values: values[0] / values[1],
        apply=lambda values: values[0] / values[1],
        description="first input ÷ second input",
        most=2,
    ),
    MergeFunction(
        Names("maximum", "maximum", onnx="Max", pytorch="maximum", keras="Maximum"),
        definition="the greatest",
        source="PyTorch's `torch.maximum`, ONNX `Max`",
        compute=partial(reduce, np.maximum),
        apply=lambda values: call("MAX", *values),
        description="greatest of the {n} inputs",
    ),
    MergeFunction(
        Names("minimum", "minimum", onnx="Min", pytorch="minimum", keras="Minimum"),
        definition="the least",
        source="PyTorch's `torch.minimum`, ONNX `Min`",
        compute=partial(reduce, np.minimum),
        apply=lambda values: call("MIN", *values),
        description="least of the {n} inputs",
    ),
    MergeFunction(
        Names("average", "average", onnx="Mean", keras="Average"),
        definition="the mean",
        source="Keras's `Average`, ONNX `Mean`",
        compute=lambda values: reduce(np.add, values) / len(values),
        apply=lambda values: call("AVERAGE", *values),
        description="mean of the {n} inputs",
    ),
)


def _layer(row: MergeFunction) -> type[Merge]:
    op = layer_of(row, Merge, row.negatives)
    op.arity = (2, row.most)
    return op


def _restored(kind: str) -> Merge:
    return MERGES[kind]()


MERGES = {row.names.kind: _layer(row) for row in ROWS}
"""The layer kinds of the rows."""
