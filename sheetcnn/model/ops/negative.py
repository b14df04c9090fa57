"""Every value with the opposite sign.

Shape unchanged. Definition: PyTorch's `torch.neg`, ONNX `Neg`. First cell::

    =-conv1_f1!C7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sheetcnn.formulas.expr import Expr
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise
from sheetcnn.shape import Array, Shape


class Negative(Elementwise):
    """Negation."""

    kind: ClassVar[str] = "negative"
    title: ClassVar[str] = "negation"
    framework_names: ClassVar[tuple[str, str, str]] = ("Neg", "neg", "")

    def compute(self, x: Array) -> Array:
        """`-x`."""
        return -x

    def apply(self, x: Expr) -> Expr:
        """`-x`."""
        return -x

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function."""
        return "−value"

    def describe_applied(self, inner: str) -> str:
        """The function of what is already described."""
        return text("−({words})", words=inner)
