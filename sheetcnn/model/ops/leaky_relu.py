"""Leaky rectified linear unit: x where it is positive, `negative_slope * x` elsewhere.

Shape unchanged. Definition: Maas et al. (2013); PyTorch's `LeakyReLU`. First cell::

    =IF(conv1_f1!C7>0,conv1_f1!C7,0.01*conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call, compare
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class LeakyRelu(Elementwise):
    """Leaky ReLU."""

    kind = "leaky_relu"
    title = "leaky ReLU"
    framework_names = ("LeakyRelu", "LeakyReLU", "LeakyReLU")
    once = False

    negative_slope: float = 0.01

    def compute(self, x: Array) -> Array:
        """Slope 1 above 0, `negative_slope` below."""
        return np.where(x > 0, x, self.negative_slope * x)

    def apply(self, x: Expr) -> Expr:
        """`IF(x>0,x,slope*x)`."""
        return call("IF", compare(">", x, 0), x, Number(self.negative_slope) * x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input; also where negative values are turned round or dropped."""
        return inputs[0] or self.negative_slope <= 0

    def describe(self, inputs: Sequence[Shape]) -> str:
        """Both branches, with the slope."""
        return self.words("the value where it is positive, {negative_slope:g} × value elsewhere")
