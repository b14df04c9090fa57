"""Operators that are functions of each value, and those of a pixel's channels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.torch.program import Constant
from sheetcnn.importers.torch.values import Tensor, Value

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import Translator

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def plain(t: Translator, x: Tensor, *, kind: str) -> Tensor:
    """A function without options."""
    return t.under(x, kind)


def number(value: object) -> float | None:
    """A number, also one that PyTorch has as a tensor; None if it is none."""
    if isinstance(value, Constant) and value.array.size == 1:
        return float(value.array.reshape(-1)[0])
    return float(value) if isinstance(value, int | float) else None


def clamp(t: Translator, x: Tensor, least: object = None, most: object = None) -> Tensor:
    """Values within bounds; those of ReLU and ReLU6 under their names."""
    low, high = number(least), number(most)
    if (least is not None and low is None) or (most is not None and high is None):
        raise RefusalError("its bounds are tensors")
    low = None if low == -math.inf else low
    high = None if high == math.inf else high
    if low is None and high is None:
        return x
    if low == 0 and high in (None, 6):
        return t.under(x, "relu6" if high else "relu")
    bounds = {key: bound for key, bound in (("min", low), ("max", high)) if bound is not None}
    return t.under(x, "clip", None, **bounds)


def threshold(t: Translator, x: Tensor, limit: float, value: float) -> Tensor:
    """ReLU, as a threshold of 0."""
    if limit or value:
        raise RefusalError("a threshold other than 0")
    return t.under(x, "relu")


def gelu(t: Translator, x: Tensor, approximate: str = "none") -> Tensor:
    """GELU, exact or with tanh."""
    return t.under(x, "gelu", approximate=approximate)


def elu(t: Translator, x: Tensor, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Tensor:
    """ELU, and what PyTorch makes of SELU and CELU."""
    if (alpha, scale, input_scale) == (SELU_ALPHA, SELU_SCALE, 1):
        return t.under(x, "selu")
    if scale == 1 and input_scale != 1 and math.isclose(alpha * input_scale, 1):
        return t.under(x, "celu", alpha=float(alpha))
    if scale != 1 or input_scale != 1:
        raise RefusalError("an ELU with scales")
    return t.under(x, "elu", alpha=float(alpha))


def celu(t: Translator, x: Tensor, alpha: float = 1.0) -> Tensor:
    """CELU."""
    return t.under(x, "celu", alpha=float(alpha))


def leaky_relu(t: Translator, x: Tensor, slope: float = 0.01) -> Tensor:
    """Leaky ReLU."""
    return t.under(x, "leaky_relu", negative_slope=float(slope))


def rrelu(
    t: Translator, x: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *_: object
) -> Tensor:
    """Randomised leaky ReLU: its mean slope at inference."""
    if training:
        raise RefusalError("it was exported in training mode; call module.eval() before the export")
    return leaky_relu(t, x, (lower + upper) / 2)


def prelu(t: Translator, x: Tensor, weight: object) -> Tensor:
    """PReLU, with one slope or one per channel."""
    slopes = t.constant(weight)
    flat = Constant(slopes.name, slopes.array.reshape(-1))
    return t.under(x, "prelu", {"weight": flat}, **({"shared": True} if flat.array.size == 1 else {}))


def softplus(t: Translator, x: Tensor, beta: float = 1.0, limit: float = 20.0) -> Tensor:
    """Softplus."""
    return t.under(x, "softplus", beta=float(beta), threshold=float(limit))


def log_sigmoid(t: Translator, x: Tensor) -> Tensor:
    """The logarithm of the sigmoid: -softplus(-x)."""
    return t.under(t.under(t.under(x, "negative", part="negative"), "softplus", part="softplus"), "negative")


def softmax(t: Translator, x: Tensor, dim: int, *_: object, kind: str) -> Tensor:
    """Softmax over the channels."""
    x = t.tensor(x)
    if dim % len(x.dims) != x.channel_axis:
        x = t.settled(x)
        if dim % len(x.dims) != x.channel_axis:
            raise RefusalError(f"it works along axis {dim} of {x.dims}; known is the axis of the channels")
    return t.under(x, kind)


def dropout(t: Translator, x: Tensor, rate: float = 0.5, train: bool = False) -> Tensor:
    """Dropout, which does nothing at inference."""
    if train:
        raise RefusalError("it was exported in training mode; call module.eval() before the export")
    return t.under(x, "dropout", rate=min(float(rate), 0.999))


_SAME_NAME = (
    *("relu", "relu6", "sigmoid", "tanh", "silu", "mish", "selu", "softsign", "exp", "abs", "sqrt"),
    *("hard_sigmoid", "hard_swish", "negative"),
)

ACTIVATIONS: dict[str, Callable[..., Value]] = {
    **{name: partial(plain, kind=name) for name in _SAME_NAME},
    "hardsigmoid": partial(plain, kind="hard_sigmoid"),
    "hardswish": partial(plain, kind="hard_swish"),
    "neg": partial(plain, kind="negative"),
    "absolute": partial(plain, kind="abs"),
    "hardtanh": lambda t, x, least=-1.0, most=1.0: clamp(t, x, least, most),
    **dict.fromkeys(("clamp", "clip"), clamp),
    "clamp_min": clamp,
    "clamp_max": lambda t, x, most: clamp(t, x, None, most),
    "threshold": threshold,
    "gelu": gelu,
    "elu": elu,
    "celu": celu,
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
