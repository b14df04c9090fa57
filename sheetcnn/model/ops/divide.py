"""The quotient of two tensors.

Shapes as for `add`. A divisor of 0 gives an error in a spreadsheet and infinity in NumPy: the network
must not have any. Definition: PyTorch's `torch.div`, ONNX `Div`. First cell::

    =conv1_f1!C7/conv2_f1!C7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sheetcnn.formulas.expr import Expr
from sheetcnn.model.ops.merging import Merge
from sheetcnn.shape import Array, Shape


class Divide(Merge):
    """Division of the first input by the second."""

    kind: ClassVar[str] = "divide"
    title: ClassVar[str] = "division"
    framework_names: ClassVar[tuple[str, str, str]] = ("Div", "div", "")
    arity: ClassVar[tuple[int, int]] = (2, 2)

    def merge(self, values: Sequence[Array]) -> Array:
        """The quotient."""
        return values[0] / values[1]

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`a/b`."""
        return values[0] / values[1]

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If no input can be negative."""
        return all(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The quotient."""
        return "first input ÷ second input"
