"""Operators on two tensors, or on a tensor and numbers, and sums and maxima along axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.torch.activations import number
from sheetcnn.importers.torch.program import Constant
from sheetcnn.importers.torch.shape_ops import along, chunk
from sheetcnn.importers.torch.values import Tensor, Unknown, Value, moved

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import Translator


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor | Unknown)


def merge(t: Translator, one: Tensor, other: Tensor, *, kind: str) -> Tensor:
    """Two tensors value by value; they must have as many axes."""
    a, b = t.tensor(one), t.tensor(other)
    if len(a.dims) != len(b.dims):
        raise RefusalError(f"it combines tensors of shapes {a.dims} and {b.dims}; they need as many axes")
    if a.steps and a.steps == b.steps and a.ends_in_channels:
        below = t.layer(kind, [a.below, b.below])
        return moved(below, a.steps)
    return t.layer(kind, [a, b])


def per_channel(t: Translator, x: Tensor, value: object) -> Any:
    """A constant as one number per channel of `x`.

    Raises:
        RefusalError: if it differs from pixel to pixel.
    """
    array = t.constant(value).array if not isinstance(value, int | float) else np.asarray(float(value))
    axis, channels = x.channel_axis, (x.base[1] if len(x.base) > 1 else x.base[0])
    if array.size == 1:
        return np.full(channels, array.reshape(-1)[0])
    padded = (1,) * (len(x.dims) - array.ndim) + array.shape
    if len(padded) != len(x.dims) or padded[axis] != array.size or array.size != channels or axis < 0:
        raise RefusalError(
            f"it takes numbers of shape {array.shape} on a tensor {x.dims}; known is one per channel"
        )
    return array.reshape(-1)


def affine(t: Translator, x: Tensor, weight: object = None, bias: object = None) -> Tensor:
    """`x * weight + bias`, numbers or one per channel."""
    x = t.tensor(x)
    x = x if x.ends_in_channels else t.settled(x)
    params = {
        key: per_channel(t, x, value)
        for key, value in (("weight", weight), ("bias", bias))
        if value is not None
    }
    options = {} if len(params) == 2 else {"shift" if "weight" in params else "scale": False}
    return t.under(x, "affine", params, **options)


def scaled(t: Translator, x: Value, factor: float) -> Value:
    """`x * factor`, without a layer for 1."""
    if factor == 1:
        return x
    return affine(t, x, factor) if _is_tensor(x) else times(x, factor)


def times(value: object, factor: float) -> object:
    """A constant times a number."""
    if isinstance(value, Constant):
        return Constant("", value.array.astype(np.float64) * factor)
    return float(value) * factor if isinstance(value, int | float) else value


def add(t: Translator, one: Value, other: Value, alpha: float = 1) -> Tensor:
    """`one + alpha * other`."""
    other = scaled(t, other, alpha)
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="add")
    return affine(t, one, bias=other) if _is_tensor(one) else affine(t, other, bias=one)


def subtract(t: Translator, one: Value, other: Value, alpha: float = 1) -> Tensor:
    """`one - alpha * other`."""
    other = scaled(t, other, alpha)
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="subtract")
    return affine(t, one, bias=times(other, -1)) if _is_tensor(one) else affine(t, other, -1.0, one)


def reversed_subtract(t: Translator, one: Value, other: Value, alpha: float = 1) -> Tensor:
    """`other - alpha * one`."""
    return subtract(t, other, one, alpha)


def multiply(t: Translator, one: Value, other: Value) -> Tensor:
    """`one * other`."""
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="multiply")
    return affine(t, one, other) if _is_tensor(one) else affine(t, other, one)


def divide(t: Translator, one: Value, other: Value, rounding_mode: str | None = None) -> Tensor:
    """`one / other`."""
    if rounding_mode:
        raise RefusalError("a division that rounds")
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="divide")
    if not _is_tensor(one):
        raise RefusalError("it divides a constant by a tensor")
    divisor = other.array.astype(np.float64) if isinstance(other, Constant) else np.asarray(float(other))
    if not divisor.all():
        raise RefusalError("it divides by 0")
    return affine(t, one, Constant("", 1 / divisor))


def extreme(t: Translator, one: Value, other: Value, *, kind: str) -> Tensor:
    """The greater or the smaller of two tensors, or of a tensor and a number."""
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind=kind)
    x, bound = (one, number(other)) if _is_tensor(one) else (other, number(one))
    if bound is None:
        raise RefusalError("it compares with numbers that differ from value to value")
    if kind == "maximum" and bound == 0:
        return t.under(x, "relu")
    return t.under(x, "clip", None, **{"min" if kind == "maximum" else "max": bound})


def power(t: Translator, x: Tensor, exponent: object = 2) -> Tensor:
    """Powers that are a root or a product."""
    n = number(exponent)
    if n == 1:
        return x
    if n == 0.5:
        return t.under(x, "sqrt")
    if n == 2:
        return merge(t, x, x, kind="multiply")
    raise RefusalError(f"a power of {n if n is not None else 'a tensor'}; known are 0.5, 1 and 2")


def reduce(
    t: Translator,
    x: Tensor,
    dims: int | Sequence[int] | None = None,
    keep: bool = False,
    *_: object,
    pool: str,
    whole: str,
    total: bool = False,
    **__: object,
) -> Tensor:
    """The mean, the sum or the maximum along axes: pooling over the whole of them."""
    x = t.tensor(x)
    rank = len(x.dims)
    listed = [dims] if isinstance(dims, int) else list(dims or range(1, rank))
    axes = {along(t, x, dim)[1] for dim in listed}
    above = x.steps if x.channels_last else ()
    y = x.below if above else t.settled(x)
    if rank < 3:
        raise RefusalError("it works along a vector")
    if rank == 3 and 2 in axes:
        axes.add(1)
    several = total or 0 in axes
    if {1, 2} <= axes:
        y = t.layer(whole, y, part=whole if several else "")
    elif axes & {1, 2}:
        size = (y.dims[2], 1) if 1 in axes else (1, y.dims[3])
        y = t.layer(pool, y, kernel_size=size, part=pool if several else "")
    if 0 in axes:
        turned = t.layer("permute", y, order=(1, 0, 2), part="permute")
        turned = t.layer(pool, turned, kernel_size=(y.dims[1], 1), part=pool)
        y = t.layer("permute", turned, order=(1, 0, 2))
    if total:
        y = affine(t, y, float(math.prod(x.dims[dim] for dim in listed)))
    gone = {dim % rank for dim in listed}
    left = tuple(1 if n in gone else d for n, d in enumerate(x.dims) if keep or n not in gone)
    y = moved(y, above)
    return y if y.dims == left else moved(y, [("view", left)], f"{t.wanted}.flatten")


_mean = partial(reduce, pool="avg_pool", whole="global_avg_pool")
_most = partial(reduce, pool="max_pool", whole="global_max_pool")


def glu(t: Translator, x: Tensor, dim: int = -1) -> Tensor:
    """Gated linear unit: one half times the sigmoid of the other."""
    one, gate = chunk(t, x, 2, dim)
    return t.layer("multiply", [one, t.under(gate, "sigmoid", part="sigmoid")])


ARITHMETIC: dict[str, Callable[..., Value]] = {
    "add": add,
    **dict.fromkeys(("sub", "subtract"), subtract),
    "rsub": reversed_subtract,
    **dict.fromkeys(("mul", "multiply"), multiply),
    **dict.fromkeys(("div", "divide", "true_divide"), divide),
    **dict.fromkeys(("maximum", "max.other"), partial(extreme, kind="maximum")),
    **dict.fromkeys(("minimum", "min.other"), partial(extreme, kind="minimum")),
    "glu": glu,
    "pow": power,
    "square": power,
    "mean": _mean,
    "sum": partial(reduce, pool="avg_pool", whole="global_avg_pool", total=True),
    "amax": _most,
    "max.dim": lambda t, x, dim, keep=False: [_most(t, x, dim, keep), None],
    "operator.add": lambda t, one, other: one + other,
    "operator.sub": lambda t, one, other: one - other,
    "operator.mul": lambda t, one, other: one * other,
    "operator.floordiv": lambda t, one, other: one // other,
    "_assert_tensor_metadata": lambda t, *_, **__: None,
    "sym_size": lambda t, x, dim: t.tensor(x).dims[dim],
}
"""Operators that calculate with values of the network, and with sizes."""
