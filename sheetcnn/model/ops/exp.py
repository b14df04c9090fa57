"""Exponential function.

Shape unchanged. Definition: PyTorch's `torch.exp`, ONNX `Exp`. Above 709 the result exceeds the numbers of a
spreadsheet, which shows an error, and those of NumPy: the network must not have such values. First cell::

    =EXP(conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Exp(Elementwise):
    """Exponential function."""

    kind: ClassVar[str] = "exp"
    title: ClassVar[str] = "exp"
    framework_names: ClassVar[tuple[str, str, str]] = ("Exp", "exp", "exponential")

    def compute(self, x: Array) -> Array:
        """`exp(x)`."""
        return np.exp(x)

    def apply(self, x: Expr) -> Expr:
        """`EXP(x)`."""
        return call("EXP", x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Always."""
        return True

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "exp(value)"
