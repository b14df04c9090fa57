"""A sigmoid made of straight lines: `max(0, min(1, alpha * x + beta))`.

Shape unchanged. Definition: Courbariaux et al. (2015); PyTorch's `Hardsigmoid` (alpha 1/6, the default), ONNX
`HardSigmoid` (alpha 0.2). First cell::

    =MAX(0,MIN(1,conv1_f1!C7/6+0.5))
"""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array


class HardSigmoid(Elementwise):
    """hard sigmoid."""

    kind = "hard_sigmoid"
    title = "hard sigmoid"
    framework_names = ("HardSigmoid", "Hardsigmoid", "hard_sigmoid")
    negatives = "none"

    alpha: float = 1 / 6
    beta: float = 0.5

    def compute(self, x: Array) -> Array:
        """A line, clipped."""
        return np.clip(self.alpha * x + self.beta, 0.0, 1.0)

    def apply(self, x: Expr) -> Expr:
        """`MAX(0,MIN(1,alpha*x+beta))`; a division where alpha is a whole number's part of one."""
        whole = self._divisor()
        line = x / whole if whole else Number(self.alpha) * x
        return call("MAX", 0, call("MIN", 1, line + self.beta))

    def _divisor(self) -> int:
        """N where alpha is 1 / n for a whole n, else 0."""
        n = round(1 / self.alpha) if self.alpha > 0 else 0
        return n if n and 1 / n == self.alpha else 0

    def describe_applied(self, inner: str) -> str:
        """The line through what is described already, as a division where `alpha` is 1 / n."""
        whole = self._divisor()
        line = text("{alpha:g} × ({words})", alpha=self.alpha, words=inner)
        if whole:
            line = text("({words}) ÷ {whole}", words=inner, whole=whole)
        return text("{line} + {beta:g}, clipped to 0 … 1", line=line, beta=self.beta)
