"""Operators that are functions of each value, and those of a pixel's channels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.torch.program import Constant
from sheetcnn.importers.torch.values import TorchTensor, Value

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import TorchTranslator

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def elementwise(t: TorchTranslator, x: TorchTensor, *, kind: str) -> TorchTensor:
    """A function without options."""
    return t.elementwise(x, kind)


def as_number(value: object) -> float | None:
    """A number, also one that PyTorch has as a tensor; None if it is none."""
    if isinstance(value, Constant) and value.array.size == 1:
        return float(value.array.reshape(-1)[0])
    return float(value) if isinstance(value, int | float) else None


def clamp(t: TorchTranslator, x: TorchTensor, least: object = None, most: object = None) -> TorchTensor:
    """Values within bounds; those of ReLU and ReLU6 under their names."""
    low, high = as_number(least), as_number(most)
    if (least is not None and low is None) or (most is not None and high is None):
        raise RefusalError("its bounds are tensors")
    low = None if low == -math.inf else low
    high = None if high == math.inf else high
    if low is None and high is None:
        return x
    if low == 0 and high in (None, 6):
        return t.elementwise(x, "relu6" if high else "relu")
    bounds = {key: bound for key, bound in (("min", low), ("max", high)) if bound is not None}
    return t.elementwise(x, "clip", None, **bounds)


def threshold(t: TorchTranslator, x: TorchTensor, limit: float, value: float) -> TorchTensor:
    """ReLU, as a threshold of 0."""
    if limit or value:
        raise RefusalError("a threshold other than 0")
    return t.elementwise(x, "relu")


def elu(
    t: TorchTranslator, x: TorchTensor, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0
) -> TorchTensor:
    """ELU, and what PyTorch makes of SELU and CELU."""
    if (alpha, scale, input_scale) == (SELU_ALPHA, SELU_SCALE, 1):
        return t.elementwise(x, "selu")
    if scale == 1 and input_scale != 1 and math.isclose(alpha * input_scale, 1):
        return t.elementwise(x, "celu", alpha=float(alpha))
    if scale != 1 or input_scale != 1:
        raise RefusalError("an ELU with scales")
    return t.elementwise(x, "elu", alpha=float(alpha))


def leaky_relu(t: TorchTranslator, x: TorchTensor, slope: float = 0.01) -> TorchTensor:
    """Leaky ReLU."""
    return t.elementwise(x, "leaky_relu", negative_slope=float(slope))


def rrelu(
    t: TorchTranslator,
    x: TorchTensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *_: object,
) -> TorchTensor:
    """Randomised leaky ReLU: its mean slope at inference."""
    if training:
        raise RefusalError("it was exported in training mode; call module.eval() before the export")
    return leaky_relu(t, x, (lower + upper) / 2)


def prelu(t: TorchTranslator, x: TorchTensor, weight: object) -> TorchTensor:
    """PReLU, with one slope or one per channel."""
    slopes = t.constant(weight)
    flat = Constant(slopes.name, slopes.array.reshape(-1))
    return t.elementwise(x, "prelu", {"weight": flat}, **({"shared": True} if flat.array.size == 1 else {}))


def softplus(t: TorchTranslator, x: TorchTensor, beta: float = 1.0, limit: float = 20.0) -> TorchTensor:
    """Softplus."""
    return t.elementwise(x, "softplus", beta=float(beta), threshold=float(limit))


def log_sigmoid(t: TorchTranslator, x: TorchTensor) -> TorchTensor:
    """The logarithm of the sigmoid: -softplus(-x)."""
    return t.elementwise(
        t.elementwise(t.elementwise(x, "negative", part="negative"), "softplus", part="softplus"), "negative"
    )


def softmax(t: TorchTranslator, x: TorchTensor, dim: int, *_: object, kind: str) -> TorchTensor:
    """Softmax over the channels."""
    x = t.tensor(x)
    if dim % len(x.dims) != x.channel_axis:
        x = t.materialised(x)
        if dim % len(x.dims) != x.channel_axis:
            raise RefusalError(f"it works along axis {dim} of {x.dims}; known is the axis of the channels")
    return t.elementwise(x, kind)


def dropout(t: TorchTranslator, x: TorchTensor, rate: float = 0.5, train: bool = False) -> TorchTensor:
    """Dropout, which does nothing at inference."""
    if train:
        raise RefusalError("it was exported in training mode; call module.eval() before the export")
    return t.elementwise(x, "dropout", rate=min(float(rate), 0.999))


_SAME_NAME = (
    *("relu", "relu6", "sigmoid", "tanh", "silu", "mish", "selu", "softsign", "exp", "abs", "sqrt"),
    *("hard_sigmoid", "hard_swish", "negative"),
)

ACTIVATIONS: dict[str, Callable[..., Value]] = {
    **{name: partial(elementwise, kind=name) for name in _SAME_NAME},
    "hardsigmoid": partial(elementwise, kind="hard_sigmoid"),
    "hardswish": partial(elementwise, kind="hard_swish"),
    "neg": partial(elementwise, kind="negative"),
    "absolute": partial(elementwise, kind="abs"),
    "hardtanh": lambda t, x, least=-1.0, most=1.0: clamp(t, x, least, most),
    **dict.fromkeys(("clamp", "clip"), clamp),
    "clamp_min": clamp,
    "clamp_max": lambda t, x, most: clamp(t, x, None, most),
    "threshold": threshold,
    "gelu": lambda t, x, approximate="none": t.elementwise(x, "gelu", approximate=approximate),
    "elu": elu,
    "celu": lambda t, x, alpha=1.0: t.elementwise(x, "celu", alpha=float(alpha)),
    "leaky_relu": leaky_relu,
    "rrelu": rrelu,
    **dict.fromkeys(("prelu", "_prelu_kernel"), prelu),
    "softplus": softplus,
    "log_sigmoid": log_sigmoid,
    **dict.fromkeys(("softmax", "_softmax"), partial(softmax, kind="softmax")),
    **dict.fromkeys(("log_softmax", "_log_softmax"), partial(softmax, kind="log_softmax")),
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), dropout),
    "native_dropout": lambda t, x, rate, train=False: [dropout(t, x, rate, bool(train)), None],
}
"""Operators that are functions of each value, or of each pixel's channels."""
