"""The greatest of two or more tensors, value by value.

Shapes as for `add`. Definition: PyTorch's `torch.maximum`, ONNX `Max`. First cell::

    =MAX(conv1_f1!C7,conv2_f1!C7)
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


class Maximum(Merge):
    """The greatest value."""

    kind: ClassVar[str] = "maximum"
    title: ClassVar[str] = "maximum"
    framework_names: ClassVar[tuple[str, str, str]] = ("Max", "maximum", "Maximum")

    def merge(self, values: Sequence[Array]) -> Array:
        """The greatest."""
        return reduce(np.maximum, values)

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`MAX(a,b,...)`."""
        return call("MAX", *values)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If no input can be negative."""
        return all(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The greatest."""
        return text("greatest of the {n} inputs", n=len(inputs))
