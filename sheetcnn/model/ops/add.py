"""The sum of two or more tensors.

Inputs of one shape, or `(C, 1, 1)` and `(1, H, W)` against `(C, H, W)`; the result has the shape that
all broadcast to. Definition: PyTorch's `torch.add`, ONNX `Add` and `Sum`. First cell::

    =conv1_f1!C7+conv2_f1!C7
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, add
from sheetcnn.languages import text
from sheetcnn.model.ops.merging import Merge
from sheetcnn.shape import Array, Shape


class Add(Merge):
    """Addition: the skip connection of a residual network."""

    kind: ClassVar[str] = "add"
    title: ClassVar[str] = "addition"
    framework_names: ClassVar[tuple[str, str, str]] = ("Add, Sum", "add", "Add")

    def merge(self, values: Sequence[Array]) -> Array:
        """The sum."""
        return reduce(np.add, values)

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`a+b+...`."""
        return add(*values)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If no input can be negative."""
        return all(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum."""
        return text("sum of the {n} inputs", n=len(inputs))
