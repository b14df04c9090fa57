"""Logistic sigmoid: `1 / (1 + exp(-x))`.

Shape unchanged. Definition: PyTorch's `Sigmoid`. The argument of EXP is capped at 700, where the result
is 1E-304: beyond 709 EXP overflows to an error in a spreadsheet. First cell::

    =1/(1+EXP(MIN(700,-conv1_f1!C7)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Sigmoid(Elementwise):
    """Sigmoid."""

    kind: ClassVar[str] = "sigmoid"
    title: ClassVar[str] = "sigmoid"
    framework_names: ClassVar[tuple[str, str, str]] = ("Sigmoid", "Sigmoid", "sigmoid")

    def compute(self, x: Array) -> Array:
        """The logistic function, computed from exp(-|x|) so that nothing overflows."""
        small = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + small), small / (1 + small))

    def apply(self, x: Expr) -> Expr:
        """`1/(1+EXP(MIN(700,-x)))`."""
        return Number(1) / (Number(1) + call("EXP", call("MIN", 700, -x)))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Always."""
        return True

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "1 ÷ (1 + exp(−value))"
