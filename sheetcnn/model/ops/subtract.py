"""The difference of two tensors.

Shapes as for `add`. Definition: PyTorch's `torch.sub`, ONNX `Sub`. First cell::

    =conv1_f1!C7-conv2_f1!C7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sheetcnn.formulas.expr import Expr
from sheetcnn.model.ops.merging import Merge
from sheetcnn.shape import Array, Shape


class Subtract(Merge):
    """Subtraction of the second input from the first."""

    kind: ClassVar[str] = "subtract"
    title: ClassVar[str] = "subtraction"
    framework_names: ClassVar[tuple[str, str, str]] = ("Sub", "sub", "Subtract")
    arity: ClassVar[tuple[int, int]] = (2, 2)

    def merge(self, values: Sequence[Array]) -> Array:
        """The difference."""
        return values[0] - values[1]

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`a-b`."""
        return values[0] - values[1]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The difference."""
        return "first input − second input"
