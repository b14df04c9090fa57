"""Softsign: `x / (1 + |x|)`.

Shape unchanged. Definition: Bergstra et al. (2009); PyTorch's `Softsign`. First cell::

    =conv1_f1!C7/(1+ABS(conv1_f1!C7))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Softsign(Elementwise):
    """softsign."""

    kind: ClassVar[str] = "softsign"
    title: ClassVar[str] = "softsign"
    framework_names: ClassVar[tuple[str, str, str]] = ("Softsign", "Softsign", "softsign")
    once: ClassVar[bool] = False

    def compute(self, x: Array) -> Array:
        """`x / (1 + |x|)`."""
        result: Array = x / (1 + np.abs(x))
        return result

    def apply(self, x: Expr) -> Expr:
        """`x/(1+ABS(x))`."""
        return x / (Number(1) + call("ABS", x))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input."""
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "value ÷ (1 + |value|)"
