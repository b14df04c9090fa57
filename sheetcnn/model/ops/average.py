"""The mean of two or more tensors, value by value.

Shapes as for `add`. Definition: Keras's `Average`, ONNX `Mean`. First cell::

    =AVERAGE(conv1_f1!C7,conv2_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.languages import text
from sheetcnn.model.ops.merging import Merge
from sheetcnn.shape import Array, Shape


class Average(Merge):
    """The mean value."""

    kind: ClassVar[str] = "average"
    title: ClassVar[str] = "average"
    framework_names: ClassVar[tuple[str, str, str]] = ("Mean", "", "Average")

    def merge(self, values: Sequence[Array]) -> Array:
        """The mean."""
        total: Array = reduce(np.add, values) / len(values)
        return total

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`AVERAGE(a,b,...)`."""
        return call("AVERAGE", *values)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If no input can be negative."""
        return all(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The mean."""
        return text("mean of the {n} inputs", n=len(inputs))
