"""The activations without options: one row each in `VALUE_FUNCTIONS`.

Each is a function of one value, and the result has the shape of the input. A row holds NumPy's computation
and the formula side by side; they share nothing, so that one cannot hide the other's mistake. A new function
is a row here, with cases and a reference in the tests; one with options is a file of its own, as `elu.py`.
The formula of a first cell of each is in docs/layers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, call
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Elementwise, Negatives
from sheetcnn.model.ops.rows import Names, Row, RowOp, layer_of
from sheetcnn.shape import Array, Shape


@dataclass(frozen=True)
class ValueFunction(Row):
    """An activation without options.

    Attributes:
        compute: of an array, with NumPy.
        apply: of one value, as a formula.
        description: of each value, for the sheets; by default `applied` to "value".
        applied: the function of what is described already, `{words}`; by default `title({words})`.
        negatives: whether a result can be negative.
        once: whether `apply` uses its operand once, so that it may be wrapped around a long formula.
    """

    compute: Callable[[Array], Array]
    apply: Callable[[Expr], Expr]
    description: str = ""
    applied: str = ""
    negatives: Negatives = "from negatives"
    once: bool = True


class OptionFree(RowOp, Elementwise):
    """The layer of a row of `VALUE_FUNCTIONS`."""

    row: ClassVar[ValueFunction]

    def compute(self, x: Array) -> Array:
        """The row's computation."""
        return self.row.compute(x)

    def apply(self, x: Expr) -> Expr:
        """The row's formula."""
        return self.row.apply(x)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The row's words."""
        return self.row.description or super().describe(inputs)

    def describe_applied(self, inner: str) -> str:
        """The row's words of what is already described."""
        return text(self.row.applied, words=inner) if self.row.applied else super().describe_applied(inner)

    def __reduce__(self) -> tuple[Callable[[str], OptionFree], tuple[str]]:
        return _restored, (self.kind,)


def _logistic(x: Array) -> Array:
    """`1 / (1 + exp(-x))`, computed from exp(-|x|) so that nothing overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _silu(x: Array) -> Array:
    """`x / (1 + exp(-x))`, computed from exp(-|x|) so that nothing overflows."""
    small = np.exp(-np.abs(x))
    result: Array = x * np.where(x >= 0, 1.0, small) / (1 + small)
    return result


# The argument of EXP is capped at 700: beyond 709 it overflows to an error in a spreadsheet. There
# 1 / (1 + exp) is 1E-304, and the TANH of mish has long been 1.


def _one_and_exp_of_minus(x: Expr) -> Expr:
    return Number(1) + call("EXP", call("MIN", 700, -x))


def _mish(x: Expr) -> Expr:
    return x * call("TANH", call("LN", Number(1) + call("EXP", call("MIN", 700, x))))


ROWS = (
    ValueFunction(
        Names("relu", "ReLU", onnx="Relu", pytorch="ReLU", keras="ReLU"),
        definition="`max(0, x)`",
        source="Nair and Hinton (2010); PyTorch's `ReLU`",
        compute=lambda x: np.maximum(0.0, x),
        apply=lambda x: call("MAX", 0, x),
        description="max(0, value)",
        applied="max(0, {words})",
        negatives="none",
    ),
    ValueFunction(
        Names("sigmoid", "sigmoid", onnx="Sigmoid", pytorch="Sigmoid", keras="sigmoid"),
        definition="`1 / (1 + exp(-x))`",
        source="PyTorch's `Sigmoid`",
        compute=_logistic,
        apply=lambda x: Number(1) / _one_and_exp_of_minus(x),
        description="1 ÷ (1 + exp(−value))",
        negatives="none",
    ),
    ValueFunction(
        Names("tanh", "tanh", onnx="Tanh", pytorch="Tanh", keras="tanh"),
        definition="`tanh(x)`",
        source="PyTorch's `Tanh`",
        compute=np.tanh,
        apply=lambda x: call("TANH", x),
        description="tanh(value)",
    ),
    ValueFunction(
        Names("relu6", "ReLU6", onnx="Clip(0, 6)", pytorch="ReLU6", keras="ReLU(max_value=6)"),
        definition="`min(6, max(0, x))`",
        source="Krizhevsky (2010), Sandler et al. (2018, MobileNetV2); PyTorch's `ReLU6`",
        compute=lambda x: np.clip(x, 0.0, 6.0),
        apply=lambda x: call("MIN", 6, call("MAX", 0, x)),
        applied="min(6, max(0, {words}))",
        negatives="none",
    ),
    ValueFunction(
        Names("silu", "SiLU", onnx="x * Sigmoid(x)", pytorch="SiLU", keras="silu"),
        definition="`x / (1 + exp(-x))`, also called swish",
        source="Elfwing et al. (2018), Ramachandran et al. (2017); PyTorch's `SiLU`",
        compute=_silu,
        apply=lambda x: x / _one_and_exp_of_minus(x),
        description="value ÷ (1 + exp(−value))",
        once=False,
    ),
    ValueFunction(
        Names("mish", "Mish", onnx="Mish", pytorch="Mish", keras="mish"),
        definition="`x * tanh(ln(1 + exp(x)))`",
        source="Misra (2019); PyTorch's `Mish`",
        compute=lambda x: x * np.tanh(np.logaddexp(0, x)),
        apply=_mish,
        description="value × tanh(ln(1 + exp(value)))",
        once=False,
    ),
    ValueFunction(
        Names("hard_swish", "hard swish", onnx="HardSwish", pytorch="Hardswish", keras="hard_silu"),
        definition="`x * max(0, min(1, x / 6 + 1 / 2))`",
        source="Howard et al. (2019, MobileNetV3); PyTorch's `Hardswish`, ONNX `HardSwish`",
        compute=lambda x: x * np.clip(x + 3, 0.0, 6.0) / 6,
        apply=lambda x: x * call("MAX", 0, call("MIN", 1, x / 6 + 0.5)),
        description="value × (value ÷ 6 + 0.5, clipped to 0 … 1)",
        once=False,
    ),
    ValueFunction(
        Names("softsign", "softsign", onnx="Softsign", pytorch="Softsign", keras="softsign"),
        definition="`x / (1 + |x|)`",
        source="Bergstra et al. (2009); PyTorch's `Softsign`",
        compute=lambda x: x / (1 + np.abs(x)),
        apply=lambda x: x / (Number(1) + call("ABS", x)),
        description="value ÷ (1 + |value|)",
        once=False,
    ),
    ValueFunction(
        Names("exp", "exp", onnx="Exp", pytorch="exp", keras="exponential"),
        definition="`exp(x)`; above 709 it is no number of a spreadsheet or of NumPy",
        source="PyTorch's `torch.exp`, ONNX `Exp`",
        compute=np.exp,
        apply=lambda x: call("EXP", x),
        description="exp(value)",
        negatives="none",
    ),
    ValueFunction(
        Names("abs", "absolute value", onnx="Abs", pytorch="abs"),
        definition="`|x|`",
        source="PyTorch's `torch.abs`, ONNX `Abs`",
        compute=np.abs,
        apply=lambda x: call("ABS", x),
        description="|value|",
        applied="|{words}|",
        negatives="none",
    ),
    ValueFunction(
        Names("sqrt", "square root", onnx="Sqrt", pytorch="sqrt"),
        definition="`√x`; of a negative value an error in a spreadsheet, and NaN in NumPy",
        source="PyTorch's `torch.sqrt`, ONNX `Sqrt`",
        compute=np.sqrt,
        apply=lambda x: call("SQRT", x),
        description="√value",
        applied="√({words})",
        negatives="none",
    ),
    ValueFunction(
        Names("negative", "negation", onnx="Neg", pytorch="neg"),
        definition="`-x`",
        source="PyTorch's `torch.neg`, ONNX `Neg`",
        compute=lambda x: -x,
        apply=lambda x: -x,
        description="−value",
        applied="−({words})",
        negatives="possible",
    ),
)


def _layer(row: ValueFunction) -> type[OptionFree]:
    op = layer_of(row, OptionFree, row.negatives)
    op.once = row.once
    return op


def _restored(kind: str) -> OptionFree:
    return VALUE_FUNCTIONS[kind]()


VALUE_FUNCTIONS = {row.names.kind: _layer(row) for row in ROWS}
"""The layer kinds of the rows."""
