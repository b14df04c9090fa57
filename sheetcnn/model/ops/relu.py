"""Rectified linear unit: `max(0, x)`.

Shape unchanged. Definition: Nair and Hinton (2010); PyTorch's `ReLU`. First cell::

    =MAX(0,conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Relu(Elementwise):
    """ReLU."""

    kind: ClassVar[str] = "relu"
    title: ClassVar[str] = "ReLU"
    framework_names: ClassVar[tuple[str, str, str]] = ("Relu", "ReLU", "ReLU")

    def compute(self, x: Array) -> Array:
        """`max(0, x)`."""
        return np.maximum(0.0, x)

    def apply(self, x: Expr) -> Expr:
        """`MAX(0,x)`."""
        return call("MAX", 0, x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Always."""
        return True

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "max(0, value)"

    def describe_applied(self, inner: str) -> str:
        """The function of what is already described."""
        return text("max(0, {words})", words=inner)
