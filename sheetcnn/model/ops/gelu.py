"""Gaussian error linear unit: x times the probability that a standard normal number is below x.

`x / 2 * (1 + erf(x / sqrt(2)))`; with `approximate: tanh`,
`x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ^ 3)))`. Shape unchanged. Definition: Hendrycks and Gimpel
(2016); PyTorch's `GELU`, ONNX `Gelu`. First cell, and the same with tanh::

    =conv1_f1!C7/2*(1+ERF(conv1_f1!C7/SQRT(2)))
    =conv1_f1!C7/2*(1+TANH(0.7978845608028654*(conv1_f1!C7+0.044715*conv1_f1!C7^3)))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape

SLOPE = math.sqrt(2 / math.pi)
CUBIC = 0.044715
"""The constants of the approximation with tanh."""


class Gelu(Elementwise):
    """GELU."""

    kind = "gelu"
    title = "GELU"
    framework_names = ("Gelu", "GELU", "gelu")
    negatives = "from negatives"
    once = False

    approximate: Literal["none", "tanh"] = "none"

    def compute(self, x: Array) -> Array:
        """The definition; NumPy itself has no erf."""
        if self.approximate == "tanh":
            inner: Array = np.tanh(SLOPE * (x + CUBIC * x**3))
        else:
            inner = np.vectorize(math.erf, otypes=[np.float64])(x * math.sqrt(0.5))
        return 0.5 * x * (1 + inner)

    def apply(self, x: Expr) -> Expr:
        """`x/2*(1+ERF(x/SQRT(2)))`."""
        if self.approximate == "tanh":
            inner = call("TANH", Number(SLOPE) * (x + Number(CUBIC) * x**3))
        else:
            inner = call("ERF", x / call("SQRT", 2))
        return x / 2 * (Number(1) + inner)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The exact formula or the approximation, in words."""
        if self.approximate == "tanh":
            return "value ÷ 2 × (1 + tanh(√(2 ÷ π) × (value + 0.044715 × value³)))"
        return "value ÷ 2 × (1 + erf(value ÷ √2))"
