"""Mish: `x * tanh(ln(1 + exp(x)))`.

Shape unchanged. Definition: Misra (2019); PyTorch's `Mish`. The argument of EXP is capped at 700, where the
TANH has long been 1: beyond 709 EXP overflows to an error in a spreadsheet. First cell::

    =conv1_f1!C7*TANH(LN(1+EXP(MIN(700,conv1_f1!C7))))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Mish(Elementwise):
    """Mish."""

    kind: ClassVar[str] = "mish"
    title: ClassVar[str] = "Mish"
    framework_names: ClassVar[tuple[str, str, str]] = ("Mish", "Mish", "mish")
    once: ClassVar[bool] = False

    def compute(self, x: Array) -> Array:
        """The definition, with `ln(exp(0) + exp(x))` from a function that cannot overflow."""
        return x * np.tanh(np.logaddexp(0, x))

    def apply(self, x: Expr) -> Expr:
        """`x*TANH(LN(1+EXP(MIN(700,x))))`."""
        return x * call("TANH", call("LN", Number(1) + call("EXP", call("MIN", 700, x))))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input."""
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "value × tanh(ln(1 + exp(value)))"
