"""Layers that move values, those that merge tensors, and those that do nothing at inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.keras.activations import activated
from sheetcnn.importers.keras.network import LayerCall, Link
from sheetcnn.importers.keras.walk import TO_FIRST, Entry, Tensor, Walk, constants


def _flatten(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    own = call.config.get("data_format") or "channels_last"
    if (own == "channels_first") != walk.first and xs[0].rank > 1:
        raise RefusalError(f"it flattens as {own} what has another order")
    return walk.flatten(call, xs[0])


def _reshape(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x = xs[0]
    target = [int(n) for n in call.config["target_shape"]]
    if -1 in target:
        target[target.index(-1)] = x.shape.size // max(1, -math.prod(target))
    if not 1 <= len(target) <= 3:
        raise RefusalError(f"a shape of {len(target)} axes; known are 1 to 3")
    final = walk.shape(target)
    x = walk.keras_order(call, x)
    if len(target) == 1:
        return x if x.shape.is_vector else walk.add(call, "flatten", x, rank=1)
    direct = walk.first or final.channels == 1 or final.height * final.width == 1
    if direct:
        return walk.add(call, "reshape", x, rank=len(target), shape=final.dims)
    rows = (final.height, final.width, final.channels)
    made = walk.add(call, "reshape", x, rank=len(target), part="reshape", shape=rows)
    return walk.add(call, "permute", made, order=TO_FIRST)


def _permute(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x, dims = xs[0], [int(n) for n in call.config["dims"]]
    if sorted(dims) != list(range(1, x.rank + 1)):
        raise RefusalError(f"dims {dims} of a tensor with {x.rank} axes")
    if x.rank == 1:
        return x
    axes = walk.keras_axes(x)
    order = list(range(3))
    for place, axis in enumerate(dims):
        order[axes[place]] = axes[axis - 1]
    return walk.add(call, "permute", x, order=tuple(order))


def _sides(value: Any, axes: int) -> tuple[int, int, int, int]:
    """`[[top, bottom], [left, right]]`, or one pair for rows, or one number."""
    if isinstance(value, int):
        value = [value] * axes
    pairs = [value] if axes == 1 and isinstance(value[0], int) and len(value) == 2 else value
    ends = [(n, n) if isinstance(n, int) else tuple(n) for n in pairs]
    (top, bottom), (left, right) = ends if axes == 2 else ((0, 0), ends[0])
    return int(top), int(bottom), int(left), int(right)


def _edges(kind: str, option: str, config: str, axes: int) -> Entry:
    def build(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
        sides = _sides(call.config[config], axes)
        if xs[0].rank != axes + 1:
            raise RefusalError(f"it works along {axes} axes of a tensor with {xs[0].rank}")
        return walk.add(call, kind, xs, None, **{option: sides}) if any(sides) else xs[0]  # type: ignore[arg-type]

    return Entry(build)


def _upsampling(axes: int) -> Entry:
    def build(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
        size = call.config["size"]
        listed = [size] * axes if isinstance(size, int) else list(size)
        scale = (*[1.0] * (2 - axes), *(float(n) for n in listed))
        mode = call.config.get("interpolation", "nearest")
        if mode not in ("nearest", "bilinear"):
            raise RefusalError(f"interpolation '{mode}'; known are nearest and bilinear")
        return walk.add(call, "upsample", xs, scale=scale, mode=mode)

    return Entry(build)


# Merging.


def _same_rank(xs: Sequence[Tensor]) -> None:
    if len({x.rank for x in xs}) > 1:
        raise RefusalError("it merges tensors with different numbers of axes")


def _merge(kind: str) -> Entry:
    def build(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
        _same_rank(xs)
        numbers = constants(call)
        if numbers:
            return _with_number(walk, call, xs, kind, numbers[0])
        if len(xs) < 2:
            raise RefusalError("it merges a single tensor, or a tensor with a constant that is not known")
        return activated(walk, call, kind, xs, None)

    return Entry(build, takes_numbers=True)


def _with_number(walk: Walk, call: LayerCall, xs: list[Tensor], kind: str, number: Any) -> Tensor:
    """An operation of a tensor and a number, or of one per channel."""
    x, value = xs[0], walk.per_channel(xs[0], number)
    reverse = not isinstance(call.args[0], Link)
    if kind == "add":
        return walk.add(call, "affine", x, {"bias": value}, scale=False)
    if kind == "subtract" and not reverse:
        return walk.add(call, "affine", x, {"bias": -value}, scale=False)
    if kind == "subtract":
        return walk.add(call, "affine", x, {"weight": np.full(value.shape, -1.0), "bias": value})
    if kind == "multiply":
        return walk.add(call, "affine", x, {"weight": value}, shift=False)
    if kind == "divide" and not reverse and value.all():
        return walk.add(call, "affine", x, {"weight": 1 / value}, shift=False)
    if kind in ("maximum", "minimum") and len(set(value)) == 1:
        bound = float(value[0])
        if kind == "maximum" and bound == 0:
            return walk.add(call, "relu", x)
        return walk.add(call, "clip", x, None, **{"min" if kind == "maximum" else "max": bound})  # type: ignore[arg-type]
    raise RefusalError(f"{kind} with the constant {number}")


def _concatenate(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    _same_rank(xs)
    axis = walk.axis(xs[0], call.config["axis"])
    if axis == 0:
        return walk.add(call, "concat", xs)
    order = (1, 0, 2) if axis == 1 else (2, 1, 0)
    turned = [walk.add(call, "permute", x, part="permute", order=order) for x in xs]
    return walk.add(call, "permute", walk.add(call, "concat", turned, part="concat"), order=order)


# At inference.


def _dropout(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    return walk.add(call, "dropout", xs, rate=min(float(call.config.get("rate", 0.0)), 0.999))


def _nothing(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    return xs[0]


_IDLE = (
    *("Identity", "ActivityRegularization", "GaussianNoise", "StochasticDepth"),
    *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
    *("RandomBrightness", "RandomHue", "RandomSaturation", "RandomColorJitter", "RandomShear"),
)

MOVES: dict[str, Entry] = {
    "Flatten": Entry(_flatten),
    "Reshape": Entry(_reshape),
    "Permute": Entry(_permute),
    "ZeroPadding1D": _edges("pad", "padding", "padding", 1),
    "ZeroPadding2D": _edges("pad", "padding", "padding", 2),
    "Cropping1D": _edges("crop", "crop", "cropping", 1),
    "Cropping2D": _edges("crop", "crop", "cropping", 2),
    "UpSampling1D": _upsampling(1),
    "UpSampling2D": _upsampling(2),
    **{
        kind: _merge(kind.lower())
        for kind in ("Add", "Subtract", "Multiply", "Divide", "Average", "Maximum", "Minimum")
    },
    "TrueDivide": _merge("divide"),
    "Concatenate": Entry(_concatenate),
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout"),
        Entry(_dropout, keeps_order=True),
    ),
    **dict.fromkeys(_IDLE, Entry(_nothing, keeps_order=True)),
}
"""Layers that move, merge, or leave alone."""
