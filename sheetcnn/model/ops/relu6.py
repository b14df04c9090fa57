"""Rectified linear unit that is cut off at 6: `min(6, max(0, x))`.

Shape unchanged. Definition: Krizhevsky (2010), Sandler et al. (2018, MobileNetV2); PyTorch's `ReLU6`. First
cell::

    =MIN(6,MAX(0,conv1_f1!C7))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Relu6(Elementwise):
    """ReLU6."""

    kind: ClassVar[str] = "relu6"
    title: ClassVar[str] = "ReLU6"
    framework_names: ClassVar[tuple[str, str, str]] = ("Clip(0, 6)", "ReLU6", "ReLU(max_value=6)")

    def compute(self, x: Array) -> Array:
        """Clipped to 0 .. 6."""
        return np.clip(x, 0.0, 6.0)

    def apply(self, x: Expr) -> Expr:
        """`MIN(6,MAX(0,x))`."""
        return call("MIN", 6, call("MAX", 0, x))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Always."""
        return True

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return self.describe_applied(text("value"))

    def describe_applied(self, inner: str) -> str:
        """The function of what is already described."""
        return text("min(6, max(0, {words}))", words=inner)
