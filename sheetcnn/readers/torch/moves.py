"""Operators that move values: views, permutations, slices, padding, concatenation, resizing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetcnn.readers.building import RefusalError
from sheetcnn.readers.torch.program import Dtype
from sheetcnn.readers.torch.values import Step, Tensor, Value, moved

if TYPE_CHECKING:
    from sheetcnn.readers.torch.translator import Translator


def same(t: Translator, x: Value, *args: object, **kwargs: object) -> Value:
    """What changes no value: a copy, another memory layout, another type of real numbers."""
    if any(isinstance(a, Dtype) and not a.floating for a in (*args, *kwargs.values())):
        raise RefusalError("it converts to whole numbers")
    return x


def view(t: Translator, x: Tensor, *_: object) -> Tensor:
    """Another shape with the same order of the values."""
    x = moved(t.tensor(x), [("view", t.dims)])
    try:
        return t.settled(x)
    except RefusalError:  # perhaps the middle of a longer chain
        return x


def permute(t: Translator, x: Tensor, order: Sequence[int]) -> Tensor:
    """Another order of the axes; it waits, for often it is taken back."""
    axes = len(t.tensor(x).dims)
    return moved(x, [("permute", tuple(axis % axes for axis in order))])


def transpose(t: Translator, x: Tensor, one: int = 0, other: int = 1) -> Tensor:
    """Two axes exchanged."""
    order = list(range(len(t.tensor(x).dims)))
    order[one], order[other] = order[other], order[one]
    return permute(t, x, order)


def movedim(t: Translator, x: Tensor, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """Axes at other places."""
    axes = np.empty(t.tensor(x).dims)
    numbered = np.moveaxis(np.arange(axes.ndim).reshape([-1] + [1] * (axes.ndim - 1)), 0, 0)
    order = list(numbered.reshape(-1))
    listed = ([source], [target]) if isinstance(source, int) else (list(source), list(target))
    rest = [a for a in order if a not in {s % axes.ndim for s in listed[0]}]
    for place, axis in sorted((p % axes.ndim, s % axes.ndim) for s, p in zip(*listed, strict=True)):
        rest.insert(place, axis)
    return permute(t, x, [int(a) for a in rest])


def expand(t: Translator, x: Tensor, *_: object, **__: object) -> Tensor:
    """One value for every pixel of a map."""
    x = t.tensor(x)
    if t.dims == x.dims:
        return x
    if len(x.dims) != 4 or x.dims[2:] != (1, 1) or t.dims[:2] != x.dims[:2]:
        raise RefusalError(f"it repeats a tensor {x.dims} to {t.dims}; only 1×C×1×1 can be spread over maps")
    return t.layer("upsample", x, size=t.dims[2:])
