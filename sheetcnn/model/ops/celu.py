"""Continuously differentiable ELU: x where it is positive, `alpha * (exp(x / alpha) - 1)` elsewhere.

Shape unchanged. Definition: Barron (2017); PyTorch's `CELU`. First cell, with alpha 2::

    =IF(conv1_f1!C7>0,conv1_f1!C7,2*(EXP(conv1_f1!C7/2)-1))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from sheetcnn.formulas.expr import Expr, Number, call, compare
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Celu(Elementwise):
    """CELU."""

    kind = "celu"
    title = "CELU"
    framework_names = ("Celu", "CELU", "celu")
    negatives = "from negatives"
    once = False

    alpha: Annotated[float, Field(gt=0)] = 1.0

    def compute(self, x: Array) -> Array:
        """Expm1 of what is not positive."""
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0) / self.alpha))

    def apply(self, x: Expr) -> Expr:
        """`IF(x>0,x,alpha*(EXP(x/alpha)-1))`."""
        if self.alpha == 1:
            below: Expr = call("EXP", x) - 1
        else:
            below = Number(self.alpha) * (call("EXP", x / self.alpha) - 1)
        return call("IF", compare(">", x, 0), x, below)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The formula in words; a slope of 1 goes without saying."""
        if self.alpha == 1:
            return "the value where it is positive, exp(value) − 1 elsewhere"
        alpha = f"{self.alpha:g}"
        return text(
            "the value where it is positive, {alpha} × (exp(value ÷ {alpha}) − 1) elsewhere", alpha=alpha
        )
