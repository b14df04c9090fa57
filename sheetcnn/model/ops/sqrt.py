"""Square root.

Shape unchanged. Definition: PyTorch's `torch.sqrt`, ONNX `Sqrt`. A negative value gives an error in a
spreadsheet and NaN in NumPy: the network must not have any. First cell::

    =SQRT(conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Sqrt(Elementwise):
    """Square root."""

    kind: ClassVar[str] = "sqrt"
    title: ClassVar[str] = "square root"
    framework_names: ClassVar[tuple[str, str, str]] = ("Sqrt", "sqrt", "")

    def compute(self, x: Array) -> Array:
        """The square root."""
        return np.sqrt(x)

    def apply(self, x: Expr) -> Expr:
        """`SQRT(x)`."""
        return call("SQRT", x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Always."""
        return True

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "√value"

    def describe_applied(self, inner: str) -> str:
        """The function of what is already described."""
        return text("√({words})", words=inner)
