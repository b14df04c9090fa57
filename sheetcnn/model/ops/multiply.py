"""The product of two or more tensors.

Shapes as for `add`; with `(C, 1, 1)` against `(C, H, W)` it weighs whole maps, as squeeze-and-excitation
does. Definition: PyTorch's `torch.mul`, ONNX `Mul`. First cell::

    =conv1_f1!C7*gate_out!$C$6
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr
from sheetcnn.languages import text
from sheetcnn.model.ops.merging import Merge
from sheetcnn.shape import Array, Shape


class Multiply(Merge):
    """Multiplication."""

    kind: ClassVar[str] = "multiply"
    title: ClassVar[str] = "multiplication"
    framework_names: ClassVar[tuple[str, str, str]] = ("Mul", "mul", "Multiply")

    def merge(self, values: Sequence[Array]) -> Array:
        """The product."""
        return reduce(np.multiply, values)

    def expression(self, values: Sequence[Expr]) -> Expr:
        """`a*b*...`."""
        return reduce(lambda a, b: a * b, values)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """If no input can be negative."""
        return all(inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The product."""
        return text("product of the {n} inputs", n=len(inputs))
