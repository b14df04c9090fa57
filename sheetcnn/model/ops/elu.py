"""Exponential linear unit: x where it is positive, `alpha * (exp(x) - 1)` elsewhere.

Shape unchanged. Definition: Clevert et al. (2016); PyTorch's `ELU`. EXP sees no positive value, so that it
cannot overflow. First cell::

    =IF(conv1_f1!C7>0,conv1_f1!C7,EXP(conv1_f1!C7)-1)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call, compare
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Elu(Elementwise):
    """ELU."""

    kind = "elu"
    title = "ELU"
    framework_names = ("Elu", "ELU", "ELU")
    once = False

    alpha: float = 1.0

    def compute(self, x: Array) -> Array:
        """Expm1 of what is not positive."""
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def apply(self, x: Expr) -> Expr:
        """`IF(x>0,x,alpha*(EXP(x)-1))`."""
        below = call("EXP", x) - 1
        return call("IF", compare(">", x, 0), x, below if self.alpha == 1 else Number(self.alpha) * below)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input; also where negative values are turned round or dropped."""
        return inputs[0] or self.alpha <= 0

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The formula in words; a slope of 1 goes without saying."""
        times = "" if self.alpha == 1 else f"{self.alpha:g} × "
        return text("the value where it is positive, {times}(exp(value) − 1) elsewhere", times=times)
