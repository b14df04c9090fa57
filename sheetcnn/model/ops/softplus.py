"""Softplus, a smooth ReLU: `ln(1 + exp(beta * x)) / beta`, and x where `beta * x` exceeds `threshold`.

Shape unchanged. Definition: Dugas et al. (2001); PyTorch's `Softplus`. ONNX `Softplus` has no threshold: from
40 on there is no difference in float64. Beyond 700 EXP would overflow. First cell::

    =IF(conv1_f1!C7>20,conv1_f1!C7,LN(1+EXP(conv1_f1!C7)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from sheetcnn.formulas.expr import Expr, Number, call, compare
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Softplus(Elementwise):
    """softplus."""

    kind = "softplus"
    title = "softplus"
    framework_names = ("Softplus", "Softplus", "softplus")
    once = False

    beta: Annotated[float, Field(gt=0)] = 1.0
    threshold: Annotated[float, Field(le=700)] = 20.0

    def compute(self, x: Array) -> Array:
        """`ln(exp(0) + exp(beta * x))`, from a function that cannot overflow."""
        scaled = self.beta * x
        return np.where(scaled > self.threshold, x, np.logaddexp(0, scaled) / self.beta)

    def apply(self, x: Expr) -> Expr:
        """`IF(beta*x>threshold,x,LN(1+EXP(beta*x))/beta)`."""
        scaled = x if self.beta == 1 else Number(self.beta) * x
        soft: Expr = call("LN", Number(1) + call("EXP", scaled))
        if self.beta != 1:
            soft = soft / self.beta
        return call("IF", compare(">", scaled, self.threshold), x, soft)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Unless the threshold lets negative values through."""
        return inputs[0] or self.threshold >= 0

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The formula in words, and from where on the value itself is taken."""
        if self.beta == 1:
            return self.words("ln(1 + exp(value)); the value itself above {threshold:g}")
        above = f"{self.threshold / self.beta:g}"
        return self.words(
            "ln(1 + exp({beta:g} × value)) ÷ {beta:g}; the value itself above {above}", above=above
        )
