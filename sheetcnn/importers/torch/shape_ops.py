"""Operators that move values: views, permutations, slices, padding, concatenation, resizing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError, Unknown
from sheetcnn.importers.torch.program import Dtype
from sheetcnn.importers.torch.values import CHANNELS_LAST, SkipError, Step, TorchTensor, Value, with_steps

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import TorchTranslator


def identity(t: TorchTranslator, x: Value, *args: object, **kwargs: object) -> Value:
    """What changes no value: a copy, another memory layout, another type of real numbers."""
    if any(isinstance(a, Dtype) and not a.floating for a in (*args, *kwargs.values())):
        raise RefusalError("it converts to whole numbers")
    return x


def view(t: TorchTranslator, x: TorchTensor, *_: object) -> TorchTensor:
    """Another shape with the same order of the values."""
    return with_steps(t.tensor(x), [("view", t.dims)], t.layer_name)


def permute(t: TorchTranslator, x: TorchTensor, order: Sequence[int]) -> TorchTensor:
    """Another order of the axes."""
    axes = len(t.tensor(x).dims)
    return with_steps(x, [("permute", tuple(axis % axes for axis in order))], t.layer_name)


def transpose(t: TorchTranslator, x: TorchTensor, one: int = 0, other: int = 1) -> TorchTensor:
    """Two axes exchanged."""
    order = list(range(len(t.tensor(x).dims)))
    order[one], order[other] = order[other], order[one]
    return permute(t, x, order)


def movedim(t: TorchTranslator, x: TorchTensor, source: Sequence[int], target: Sequence[int]) -> TorchTensor:
    """Axes at other places."""
    axes = len(t.tensor(x).dims)
    sources, places = ([v] if isinstance(v, int) else list(v) for v in (source, target))
    taken = {axis % axes for axis in sources}
    order = [axis for axis in range(axes) if axis not in taken]
    for place, axis in sorted((p % axes, s % axes) for s, p in zip(sources, places, strict=True)):
        order.insert(place, axis)
    return permute(t, x, order)


def expand(t: TorchTranslator, x: TorchTensor, *_: object, **__: object) -> TorchTensor:
    """One value for every pixel of a map."""
    x = t.tensor(x)
    if t.dims == x.dims:
        return x
    if len(x.dims) != 4 or x.dims[2:] != (1, 1) or t.dims[:2] != x.dims[:2]:
        raise RefusalError(f"it repeats a tensor {x.dims} to {t.dims}; only 1×C×1×1 can be spread over maps")
    return t.layer("upsample", x, size=t.dims[2:])


def along_axis(t: TorchTranslator, x: TorchTensor, dim: int) -> tuple[TorchTensor, int, tuple[Step, ...]]:
    """What an operator along one axis works on: a tensor of the graph, its axis, the moves above it.

    Returns:
        The tensor, the axis of `(C, H, W)` or `(N,)`, and the moves to put back on the result.

    Raises:
        RefusalError: for the axis of the batch.
    """
    x = t.tensor(x)
    axis, pending = dim % len(x.dims), x.pending
    if x.channels_last:
        axis, x = CHANNELS_LAST[len(x.dims)][axis], x.base_tensor
    else:
        x, pending = t.materialised(x), ()
    if axis == 0 and len(x.dims) > 1:
        raise RefusalError("it works along the batch")
    return x, {1: 0, 2: 2 if len(x.dims) == 3 else 1, 3: 2}.get(axis, 0), pending


def slice_(
    t: TorchTranslator,
    x: TorchTensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> TorchTensor:
    """Some of the channels, rows or columns."""
    size = t.tensor(x).dims[dim]
    chosen = range(size)[start:end:step]
    if len(chosen) == size:
        return x
    if not chosen:
        raise RefusalError("it chooses nothing")
    whole, axis, pending = along_axis(t, x, dim)
    if axis == 0:
        stop = None if chosen[-1] + step >= size else chosen[-1] + 1
        return with_steps(t.layer("slice_channels", whole, start=chosen[0], stop=stop, step=step), pending)
    cut = [0, 0, 0, 0]
    cut[2 * axis - 2], cut[2 * axis - 1] = chosen[0], size - 1 - chosen[-1]
    if any(cut):
        whole = t.layer("crop", whole, crop=tuple(cut), part="crop" if step > 1 else "")
    if step > 1:  # a window of one pixel chooses every step-th
        stride = (step, 1) if axis == 1 else (1, step)
        whole = t.layer("max_pool", whole, kernel_size=1, stride=stride)
    return with_steps(whole, pending)


def narrow(t: TorchTranslator, x: TorchTensor, dim: int, start: int, length: int) -> TorchTensor:
    """A slice by its length."""
    start %= t.tensor(x).dims[dim]
    return slice_(t, x, dim, start, start + length)


def split(t: TorchTranslator, x: TorchTensor, sizes: int | Sequence[int], dim: int = 0) -> list[TorchTensor]:
    """Pieces of these sizes, or all of one size."""
    total = t.tensor(x).dims[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, total - start) for start in range(0, total, sizes)]
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return [slice_(t, x, dim, end - size, end) for size, end in zip(sizes, ends, strict=True)]


def chunk(t: TorchTranslator, x: TorchTensor, chunks: int, dim: int = 0) -> list[TorchTensor]:
    """That many pieces, the last of which may be smaller."""
    return split(t, x, -(-t.tensor(x).dims[dim] // chunks), dim)


def select(t: TorchTranslator, x: TorchTensor, dim: int, index: int) -> TorchTensor:
    """One place along an axis, and the axis away."""
    index %= t.tensor(x).dims[dim]
    return view(t, slice_(t, x, dim, index, index + 1))


def getitem(t: TorchTranslator, values: Sequence[Value], index: int) -> Value:
    """One of several results."""
    if isinstance(values, Unknown):
        raise SkipError
    if not isinstance(values, list):
        raise RefusalError(f"result {index} of a call that is not known")
    if values[index] is None:
        raise RefusalError(f"it reads result {index + 1} of a layer that gives one here")
    return values[index]


def cat(t: TorchTranslator, tensors: Sequence[TorchTensor], dim: int = 0) -> TorchTensor:
    """One after the other along an axis."""
    if len({t.tensor(x).pending for x in tensors}) > 1:
        tensors = [t.materialised(x) for x in tensors]
    places = [along_axis(t, x, dim) for x in tensors]
    _, axis, pending = places[0]
    if axis == 0:
        return with_steps(t.layer("concat", [x for x, _, _ in places]), pending)
    order = (1, 0, 2) if axis == 1 else (2, 1, 0)
    turned = [t.layer("permute", x, order=order, part="permute") for x, _, _ in places]
    return with_steps(t.layer("permute", t.layer("concat", turned, part="concat"), order=order), pending)


_PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


def pad(
    t: TorchTranslator,
    x: TorchTensor,
    sizes: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> TorchTensor:
    """More pixels around each map, or more maps; negative sizes cut pixels off."""
    x = t.materialised(x)
    if mode not in _PAD_MODES:
        raise RefusalError(f"padding of the mode {mode}; known are {', '.join(_PAD_MODES)}")
    if len(x.dims) < 3:
        raise RefusalError("it pads a vector")
    ends = [*sizes, *[0] * (6 - len(sizes))]
    left, right = ends[:2]
    top, bottom, before, after = ends[2:] if len(x.dims) == 4 else (0, 0, *ends[2:4])
    edges = (top, bottom, left, right)
    cut, more = (tuple(max(0, sign * n) for n in edges) for sign in (-1, 1))
    both = any(cut) and any(more)
    if any(cut):
        x = t.layer("crop", x, crop=cut, part="crop" if both else "")
    if any(more):
        x = t.layer("pad", x, padding=more, mode=_PAD_MODES[mode], value=float(value or 0))
    return _more_maps(t, x, before, after, float(value or 0)) if before or after else x


def _more_maps(t: TorchTranslator, x: TorchTensor, before: int, after: int, value: float) -> TorchTensor:
    """Maps of zeros before and after: a convolution that copies."""
    if value or min(before, after) < 0:
        raise RefusalError("it pads the channels with another number than 0, or by less than 0")
    channels = x.dims[1]
    weight = np.eye(before + channels + after, channels, -before)[:, :, None, None]
    return t.layer("conv2d", x, {"weight": weight}, filters=len(weight), kernel_size=1, bias=False)


def resize(
    t: TorchTranslator, x: TorchTensor, size: Sequence[int] | None = None, *scales: Any, **options: Any
) -> TorchTensor:
    """Interpolation to a size, or by a scale, which then counts exactly."""
    x = t.materialised(x)
    given = scales[0] if scales and isinstance(scales[0], list) else list(scales)
    factors = [float(s) for s in given if s is not None]
    axes = len(x.dims) - 2
    if len(factors) == axes:
        return t.layer("upsample", x, scale=(*[1.0] * (2 - axes), *factors), **options)
    if size is None:
        raise RefusalError("it has neither a size nor a scale for each axis")
    return t.layer("upsample", x, size=(*[1] * (2 - axes), *size), **options)


def interpolate(
    t: TorchTranslator, x: TorchTensor, size: Sequence[int] | None, align_corners: bool, *scales: Any
) -> TorchTensor:
    """Linear interpolation."""
    coordinates = "align_corners" if align_corners else "half_pixel"
    return resize(t, x, size, *scales, mode="bilinear", coordinates=coordinates)


def shuffle(t: TorchTranslator, x: TorchTensor, number: int, *, kind: str, option: str) -> TorchTensor:
    """Values between channels and pixels, or between channels."""
    options: dict[str, Any] = {option: number}
    return t.layer(kind, x, **options)


_resize_exact = partial(resize, mode="nearest", coordinates="half_pixel", rounding="round_prefer_ceil")

VIEWS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(
        ("view", "_unsafe_view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "ravel"), view
    ),
    **dict.fromkeys(("transpose", "swapaxes", "t"), transpose),
    **dict.fromkeys(("movedim", "moveaxis"), movedim),
    **dict.fromkeys(("expand", "expand_as"), expand),
    **dict.fromkeys(("contiguous", "detach", "alias", "lift_fresh_copy", "to", "type_as"), identity),
    "permute": permute,
    "slice": slice_,
    "narrow": narrow,
    "split": split,
    "split_with_sizes": split,
    "chunk": chunk,
    "select": select,
    "getitem": getitem,
}
"""Operators whose result may share its memory with their first argument."""

SHAPE_OPS: dict[str, Callable[..., Value]] = {
    **VIEWS,
    **dict.fromkeys(("clone", "_to_copy"), identity),
    **dict.fromkeys(("cat", "concat", "concatenate"), cat),
    **dict.fromkeys(("upsample_nearest1d", "upsample_nearest2d"), resize),
    **dict.fromkeys(("_upsample_nearest_exact1d", "_upsample_nearest_exact2d"), _resize_exact),
    **dict.fromkeys(("upsample_linear1d", "upsample_bilinear2d"), interpolate),
    "pad": pad,
    "constant_pad_nd": lambda t, x, sizes, value=0: pad(t, x, sizes, "constant", value),
    **dict.fromkeys(("reflection_pad1d", "reflection_pad2d"), partial(pad, mode="reflect")),
    **dict.fromkeys(("replication_pad1d", "replication_pad2d"), partial(pad, mode="replicate")),
    "pixel_shuffle": partial(shuffle, kind="depth_to_space", option="block"),
    "pixel_unshuffle": partial(shuffle, kind="space_to_depth", option="block"),
    "channel_shuffle": partial(shuffle, kind="channel_shuffle", option="groups"),
}
"""Operators that move values."""
