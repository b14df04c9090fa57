"""Sigmoid linear unit, also called swish: `x / (1 + exp(-x))`.

Shape unchanged. Definition: Elfwing et al. (2018), Ramachandran et al. (2017); PyTorch's `SiLU`. EXP is
capped as in sigmoid. First cell::

    =conv1_f1!C7/(1+EXP(MIN(700,-conv1_f1!C7)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Silu(Elementwise):
    """SiLU."""

    kind: ClassVar[str] = "silu"
    title: ClassVar[str] = "SiLU"
    framework_names: ClassVar[tuple[str, str, str]] = ("x * Sigmoid(x)", "SiLU", "silu")
    once: ClassVar[bool] = False

    def compute(self, x: Array) -> Array:
        """X times the logistic function, computed from exp(-|x|) so that nothing overflows."""
        small = np.exp(-np.abs(x))
        result: Array = x * np.where(x >= 0, 1.0, small) / (1 + small)
        return result

    def apply(self, x: Expr) -> Expr:
        """`x/(1+EXP(MIN(700,-x)))`."""
        return x / (Number(1) + call("EXP", call("MIN", 700, -x)))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input."""
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "value ÷ (1 + exp(−value))"
