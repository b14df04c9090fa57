"""Operators on two tensors, or on a tensor and numbers, and sums and maxima along axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError, Unknown
from sheetcnn.importers.torch.activations import as_number
from sheetcnn.importers.torch.program import Constant
from sheetcnn.importers.torch.shape_ops import along_axis, chunk
from sheetcnn.importers.torch.values import TorchTensor, Value, with_steps

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import TorchTranslator


def _is_tensor(value: object) -> bool:
    return isinstance(value, TorchTensor | Unknown)


def merge(t: TorchTranslator, one: TorchTensor, other: TorchTensor, *, kind: str) -> TorchTensor:
    """Two tensors value by value; they must have as many axes."""
    a, b = t.tensor(one), t.tensor(other)
    if len(a.dims) != len(b.dims):
        raise RefusalError(f"it combines tensors of shapes {a.dims} and {b.dims}; they need as many axes")
    if a.pending and a.pending == b.pending and a.ends_in_channels:
        below = t.layer(kind, [a.base_tensor, b.base_tensor])
        return with_steps(below, a.pending)
    return t.layer(kind, [a, b])


def per_channel(t: TorchTranslator, x: TorchTensor, value: object) -> Any:
    """A constant as one number per channel of `x`.

    Raises:
        RefusalError: if it differs from pixel to pixel.
    """
    array = t.constant(value).array if not isinstance(value, int | float) else np.asarray(float(value))
    axis, channels = x.channel_axis, (x.base_dims[1] if len(x.base_dims) > 1 else x.base_dims[0])
    if array.size == 1:
        return np.full(channels, array.reshape(-1)[0])
    padded = (1,) * (len(x.dims) - array.ndim) + array.shape
    if len(padded) != len(x.dims) or padded[axis] != array.size or array.size != channels or axis < 0:
        raise RefusalError(
            f"it takes numbers of shape {array.shape} on a tensor {x.dims}; known is one per channel"
        )
    return array.reshape(-1)


def affine(t: TorchTranslator, x: TorchTensor, weight: object = None, bias: object = None) -> TorchTensor:
    """`x * weight + bias`, numbers or one per channel."""
    x = t.tensor(x)
    x = x if x.ends_in_channels else t.materialised(x)
    params = {
        key: per_channel(t, x, value)
        for key, value in (("weight", weight), ("bias", bias))
        if value is not None
    }
    options = {} if len(params) == 2 else {"shift" if "weight" in params else "scale": False}
    return t.elementwise(x, "affine", params, **options)


def scaled(t: TorchTranslator, x: Value, factor: float) -> Value:
    """`x * factor`, without a layer for 1."""
    if factor == 1:
        return x
    return affine(t, x, factor) if _is_tensor(x) else times(x, factor)


def times(value: object, factor: float) -> object:
    """A constant times a number."""
    if isinstance(value, Constant):
        return Constant("", value.array.astype(np.float64) * factor)
    return float(value) * factor if isinstance(value, int | float) else value


def add(t: TorchTranslator, one: Value, other: Value, alpha: float = 1) -> TorchTensor:
    """`one + alpha * other`."""
    other = scaled(t, other, alpha)
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="add")
    return affine(t, one, bias=other) if _is_tensor(one) else affine(t, other, bias=one)


def subtract(t: TorchTranslator, one: Value, other: Value, alpha: float = 1) -> TorchTensor:
    """`one - alpha * other`."""
    other = scaled(t, other, alpha)
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="subtract")
    return affine(t, one, bias=times(other, -1)) if _is_tensor(one) else affine(t, other, -1.0, one)


def multiply(t: TorchTranslator, one: Value, other: Value) -> TorchTensor:
    """`one * other`."""
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind="multiply")
    return affine(t, one, other) if _is_tensor(one) else affine(t, other, one)


def divide(t: TorchTranslator, one: Value, other: Value, rounding_mode: str | None = None) -> TorchTensor:
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


def maximum_or_minimum(t: TorchTranslator, one: Value, other: Value, *, kind: str) -> TorchTensor:
    """The greater or the smaller of two tensors, or of a tensor and a number."""
    if _is_tensor(one) and _is_tensor(other):
        return merge(t, one, other, kind=kind)
    x, bound = (one, as_number(other)) if _is_tensor(one) else (other, as_number(one))
    if bound is None:
        raise RefusalError("it compares with numbers that differ from value to value")
    if kind == "maximum" and bound == 0:
        return t.elementwise(x, "relu")
    return t.elementwise(x, "clip", None, **{"min" if kind == "maximum" else "max": bound})


def power(t: TorchTranslator, x: TorchTensor, exponent: object = 2) -> TorchTensor:
    """Powers that are a root or a product."""
    n = as_number(exponent)
    if n == 1:
        return x
    if n == 0.5:
        return t.elementwise(x, "sqrt")
    if n == 2:
        return merge(t, x, x, kind="multiply")
    raise RefusalError(f"a power of {n if n is not None else 'a tensor'}; known are 0.5, 1 and 2")


def reduce(
    t: TorchTranslator,
    x: TorchTensor,
    dims: int | Sequence[int] | None = None,
    keep: bool = False,
    *_: object,
    pool: str,
    whole: str,
    total: bool = False,
    **__: object,
) -> TorchTensor:
    """The mean, the sum or the maximum along axes: pooling over the whole of them."""
    x = t.tensor(x)
    rank = len(x.dims)
    listed = [dims] if isinstance(dims, int) else list(dims or range(1, rank))
    axes = {along_axis(t, x, dim)[1] for dim in listed}
    pending = x.pending if x.channels_last else ()
    y = x.base_tensor if pending else t.materialised(x)
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
    reduced = {dim % rank for dim in listed}
    left = tuple(1 if n in reduced else d for n, d in enumerate(x.dims) if keep or n not in reduced)
    y = with_steps(y, pending)
    return y if y.dims == left else with_steps(y, [("view", left)], f"{t.layer_name}.flatten")


_mean = partial(reduce, pool="avg_pool", whole="global_avg_pool")
_maximum = partial(reduce, pool="max_pool", whole="global_max_pool")


def glu(t: TorchTranslator, x: TorchTensor, dim: int = -1) -> TorchTensor:
    """Gated linear unit: one half times the sigmoid of the other."""
    one, gate = chunk(t, x, 2, dim)
    return t.layer("multiply", [one, t.elementwise(gate, "sigmoid", part="sigmoid")])


ARITHMETIC: dict[str, Callable[..., Value]] = {
    "add": add,
    **dict.fromkeys(("sub", "subtract"), subtract),
    "rsub": lambda t, one, other, alpha=1: subtract(t, other, one, alpha),
    **dict.fromkeys(("mul", "multiply"), multiply),
    **dict.fromkeys(("div", "divide", "true_divide"), divide),
    **dict.fromkeys(("maximum", "max.other"), partial(maximum_or_minimum, kind="maximum")),
    **dict.fromkeys(("minimum", "min.other"), partial(maximum_or_minimum, kind="minimum")),
    "glu": glu,
    "pow": power,
    "square": power,
    "mean": _mean,
    "sum": partial(reduce, pool="avg_pool", whole="global_avg_pool", total=True),
    "amax": _maximum,
    "max.dim": lambda t, x, dim, keep=False: [_maximum(t, x, dim, keep), None],
    "operator.add": lambda t, one, other: one + other,
    "operator.sub": lambda t, one, other: one - other,
    "operator.mul": lambda t, one, other: one * other,
    "operator.floordiv": lambda t, one, other: one // other,
    "_assert_tensor_metadata": lambda t, *_, **__: None,
    "sym_size": lambda t, x, dim: t.tensor(x).dims[dim],
}
"""Operators that calculate with values of the network, and with sizes."""
