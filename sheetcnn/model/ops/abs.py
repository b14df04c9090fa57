"""Absolute value.

Shape unchanged. Definition: PyTorch's `torch.abs`, ONNX `Abs`. First cell::

    =ABS(conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Abs(Elementwise):
    """Absolute value."""

    kind: ClassVar[str] = "abs"
    title: ClassVar[str] = "absolute value"
    framework_names: ClassVar[tuple[str, str, str]] = ("Abs", "abs", "")

    def compute(self, x: Array) -> Array:
        """`|x|`."""
        return np.abs(x)

    def apply(self, x: Expr) -> Expr:
        """`ABS(x)`."""
        return call("ABS", x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Always."""
        return True

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "|value|"

    def describe_applied(self, inner: str) -> str:
        """The function of what is already described."""
        return text("|{words}|", words=inner)
