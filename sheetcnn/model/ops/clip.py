"""Values cut off below `min` and above `max`.

`min(max, max(min, x))`, each where it is given; where `min` is greater than `max`, every value becomes `max`.
Shape unchanged. Definition: PyTorch's `clamp` and `Hardtanh`, ONNX `Clip`. First cell, from -1 to 1::

    =MIN(1,MAX(-1,conv1_f1!C7))
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import model_validator

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array


class Clip(Elementwise):
    """Clipping."""

    kind = "clip"
    title = "clip"
    framework_names = ("Clip", "Hardtanh, clamp", "ReLU(max_value)")

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Clip:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both; with neither, nothing is clipped")
        return self

    def compute(self, x: Array) -> Array:
        """The lower bound, then the upper one."""
        if self.min is not None:
            x = np.maximum(x, self.min)
        return x if self.max is None else np.minimum(x, self.max)

    def apply(self, x: Expr) -> Expr:
        """`MIN(max,MAX(min,x))`, or the one of the two that has a bound."""
        if self.min is not None:
            x = call("MAX", self.min, x)
        return x if self.max is None else call("MIN", self.max, x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If the lower bound is not negative, or the input is not; and the upper bound is not."""
        lower = inputs[0] or (self.min is not None and self.min >= 0)
        return lower and (self.max is None or self.max >= 0)

    def describe_applied(self, inner: str) -> str:
        """The bounds that there are, around what is described already."""
        if self.min is not None:
            inner = text("max({min:g}, {words})", min=self.min, words=inner)
        return inner if self.max is None else text("min({max:g}, {words})", max=self.max, words=inner)
