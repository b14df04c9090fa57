"""Operators on weights alone: what a program computes before it touches the input, in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import Numbers


def _flattened(x: Numbers, start: int = 0, end: int = -1) -> Numbers:
    axes = x.shape
    end %= len(axes)
    return x.reshape(*axes[:start], -1, *axes[end + 1 :])


def _squeezed(x: Numbers, dims: int | Sequence[int] | None = None) -> Numbers:
    if dims is None:
        return x.squeeze()
    listed = [dims] if isinstance(dims, int) else dims
    return x.squeeze(tuple(d for d in listed if x.shape[d] == 1))


def _sliced(x: Numbers, dim: int = 0, *bounds: int | None) -> Numbers:
    return np.moveaxis(np.moveaxis(x, dim, 0)[slice(*bounds)], 0, dim)


def _expanded(x: Numbers, dims: Sequence[int], *_: object) -> Numbers:
    before = len(dims) - x.ndim
    return np.broadcast_to(x, [n if n >= 0 else x.shape[axis - before] for axis, n in enumerate(dims)])


def _variance(
    x: Numbers,
    dims: int | Sequence[int] | None = None,
    unbiased: bool = True,
    keep: bool = False,
    *,
    correction: float | None = None,
    keepdim: bool = False,
) -> Numbers:
    less = int(unbiased) if correction is None else correction
    return np.asarray(np.var(x, _axes(dims), ddof=less, keepdims=keep or keepdim))


def _weight_norm(direction: Numbers, length: Numbers, dim: int = 0) -> Numbers:
    others = tuple(axis for axis in range(direction.ndim) if axis != dim)
    return np.asarray(direction * (length / np.sqrt(np.square(direction).sum(others, keepdims=True))))


_COPIES = ("contiguous", "clone", "detach", "alias", "lift_fresh_copy", "to", "_to_copy")

FOLDS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(_COPIES, lambda x, *_, **__: x),
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), lambda x, dims, *_: np.reshape(x, dims)),
    "flatten": _flattened,
    "squeeze": _squeezed,
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "permute": lambda x, order: np.transpose(x, order),
    "transpose": lambda x, one, other: np.swapaxes(x, one, other),
    "t": np.transpose,
    "slice": _sliced,
    "select": lambda x, dim, index: np.take(x, index, dim),
    "expand": _expanded,
    "add": lambda x, y, alpha=1: np.add(x, alpha * np.asarray(y)),
    "sub": lambda x, y, alpha=1: np.subtract(x, alpha * np.asarray(y)),
    "rsub": lambda x, y, alpha=1: y - alpha * x,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / np.asarray(x),
    "pow": np.power,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x, beta=1, limit=20: np.log1p(np.exp(beta * x)) / beta,
    "mean": lambda x, dims=None, keep=False: np.mean(x, _axes(dims), keepdims=keep),
    "sum": lambda x, dims=None, keep=False: np.sum(x, _axes(dims), keepdims=keep),
    "ones": lambda dims, *_, **__: np.full(dims, 1, np.float32),
    "zeros": lambda dims, *_, **__: np.full(dims, 0, np.float32),
    "full": lambda dims, value, **_: np.full(dims, value, np.float32),
    "scalar_tensor": lambda value, **_: np.float32(value),
    "var": _variance,
    "std": lambda *args, **kwargs: np.sqrt(_variance(*args, **kwargs)),
    "mv": np.matmul,
    **dict.fromkeys(("dot", "vdot"), np.vdot),
    "_weight_norm": _weight_norm,
    "_weight_norm_interface": lambda *args: [_weight_norm(*args), None],
    "cat": lambda arrays, dim=0: np.concatenate(arrays, dim),
}
"""From an operator to a function of arrays, with the operator's arguments in their order and by name."""


def _axes(dims: int | Sequence[int] | None) -> Any:
    return tuple(dims) if isinstance(dims, list | tuple) else dims
