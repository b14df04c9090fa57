"""Hyperbolic tangent.

Shape unchanged. Definition: PyTorch's `Tanh`. First cell::

    =TANH(conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Tanh(Elementwise):
    """Hyperbolic tangent."""

    kind: ClassVar[str] = "tanh"
    title: ClassVar[str] = "tanh"
    framework_names: ClassVar[tuple[str, str, str]] = ("Tanh", "Tanh", "tanh")

    def compute(self, x: Array) -> Array:
        """`tanh(x)`."""
        return np.tanh(x)

    def apply(self, x: Expr) -> Expr:
        """`TANH(x)`."""
        return call("TANH", x)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input."""
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "tanh(value)"
