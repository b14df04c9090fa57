"""The least of two or more tensors, value by value.

Shapes as for `add`. Definition: PyTorch's `torch.minimum`, ONNX `Min`. First cell::

    =MIN(conv1_f1!C7,conv2_f1!C7)
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


class Minimum(Merge):
    """The least value."""

    kind: ClassVar[str] = "minimum"
    title: ClassVar[str] = "minimum"
    framework_names: ClassVar[tuple[str, str, str]] = ("Min", "minimum", "Minimum")

    def merge(self, values: Sequence[Array]) -> Array:
        """The least."""
        return reduce(np.minimum, values)

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`MIN(a,b,...)`."""
        return call("MIN", *values)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If no input can be negative."""
        return all(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The least."""
        return text("least of the {n} inputs", n=len(inputs))
