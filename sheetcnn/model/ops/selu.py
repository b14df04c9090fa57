"""Scaled exponential linear unit: an ELU with its slope, times a constant.

`gamma * x` where x is positive, `gamma * alpha * (exp(x) - 1)` elsewhere. Shape unchanged. Definition:
Klambauer et al. (2017), with the constants for which mean 0 and variance 1 reproduce themselves; PyTorch's
`SELU`, ONNX `Selu` (whose default constants are these in float32). First cell::

    =1.0507009873554805*IF(conv1_f1!C7>0,conv1_f1!C7,1.6732632423543772*(EXP(conv1_f1!C7)-1))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from sheetcnn.formulas.expr import Expr, Number, call, compare
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Selu(Elementwise):
    """SELU."""

    kind = "selu"
    title = "SELU"
    framework_names = ("Selu", "SELU", "selu")
    negatives = "from negatives"
    once = False

    alpha: Annotated[float, Field(gt=0)] = 1.6732632423543772
    gamma: Annotated[float, Field(gt=0)] = 1.0507009873554805

    def compute(self, x: Array) -> Array:
        """Expm1 of what is not positive."""
        return self.gamma * np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def apply(self, x: Expr) -> Expr:
        """`gamma*IF(x>0,x,alpha*(EXP(x)-1))`."""
        below = Number(self.alpha) * (call("EXP", x) - 1)
        return Number(self.gamma) * call("IF", compare(">", x, 0), x, below)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """Both branches, with the two constants."""
        return self.words(
            "{gamma:.4g} × value where it is positive, {gamma:.4g} × {alpha:.4g} × (exp(value) − 1) elsewhere"
        )
