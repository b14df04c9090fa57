"""SiLU with a hard sigmoid: `x * max(0, min(1, x / 6 + 1 / 2))`.

Shape unchanged. Definition: Howard et al. (2019, MobileNetV3); PyTorch's `Hardswish`, ONNX `HardSwish`. First
cell::

    =conv1_f1!C7*MAX(0,MIN(1,conv1_f1!C7/6+0.5))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, call
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class HardSwish(Elementwise):
    """hard swish."""

    kind: ClassVar[str] = "hard_swish"
    title: ClassVar[str] = "hard swish"
    framework_names: ClassVar[tuple[str, str, str]] = ("HardSwish", "Hardswish", "hard_silu")
    once: ClassVar[bool] = False

    def compute(self, x: Array) -> Array:
        """The definition, as PyTorch words it."""
        return x * np.clip(x + 3, 0.0, 6.0) / 6

    def apply(self, x: Expr) -> Expr:
        """`x*MAX(0,MIN(1,x/6+0.5))`."""
        return x * call("MAX", 0, call("MIN", 1, x / 6 + 0.5))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As the input."""
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "value × (value ÷ 6 + 0.5, clipped to 0 … 1)"
