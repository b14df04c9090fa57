"""Layers that move values, those that merge tensors, and those that do nothing at inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.keras.activations import layer_with_activation
from sheetcnn.importers.keras.layers import sizes
from sheetcnn.importers.keras.network import LayerCall, Link
from sheetcnn.importers.keras.translator import (
    TO_FIRST,
    KerasTensor,
    KerasTranslator,
    LayerRule,
    number_arguments,
)


def _flatten(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    own = call.config.get("data_format") or "channels_last"
    if (own == "channels_first") != t.channels_first and xs[0].rank > 1:
        raise RefusalError(f"it flattens as {own} what has another order")
    return t.flatten(call, xs[0])


def _reshape(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x = xs[0]
    target = [int(n) for n in call.config["target_shape"]]
    if -1 in target:
        target[target.index(-1)] = x.shape.size // max(1, -math.prod(target))
    if not 1 <= len(target) <= 3:
        raise RefusalError(f"a shape of {len(target)} axes; known are 1 to 3")
    final = t.shape(target)
    x = t.to_keras_order(call, x)
    if len(target) == 1:
        return x if x.shape.is_vector else t.layer(call, "flatten", x, rank=1)
    direct = t.channels_first or final.channels == 1 or final.height * final.width == 1
    if direct:
        return t.layer(call, "reshape", x, rank=len(target), shape=final.dims)
    rows = (final.height, final.width, final.channels)
    made = t.layer(call, "reshape", x, rank=len(target), part="reshape", shape=rows)
    return t.layer(call, "permute", made, order=TO_FIRST)


def _permute(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x, dims = xs[0], [int(n) for n in call.config["dims"]]
    if sorted(dims) != list(range(1, x.rank + 1)):
        raise RefusalError(f"dims {dims} of a tensor with {x.rank} axes")
    if x.rank == 1:
        return x
    axes = t.keras_axes(x)
    order = list(range(3))
    for place, axis in enumerate(dims):
        order[axes[place]] = axes[axis - 1]
    return t.layer(call, "permute", x, order=tuple(order))


def _sides(value: Any, axes: int) -> tuple[int, int, int, int]:
    """`[[top, bottom], [left, right]]`, or one pair for rows, or one number."""
    if isinstance(value, int):
        value = [value] * axes
    pairs = [value] if axes == 1 and isinstance(value[0], int) and len(value) == 2 else value
    ends = [(n, n) if isinstance(n, int) else tuple(n) for n in pairs]
    (top, bottom), (left, right) = ends if axes == 2 else ((0, 0), ends[0])
    return int(top), int(bottom), int(left), int(right)


def _zero_padding(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    sides = _sides(call.config["padding"], xs[0].rank - 1)
    return t.layer(call, "pad", xs, padding=sides) if any(sides) else xs[0]


def _cropping(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    sides = _sides(call.config["cropping"], xs[0].rank - 1)
    return t.layer(call, "crop", xs, crop=sides) if any(sides) else xs[0]


def _upsampling(axes: int, t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    scale = (*[1.0] * (2 - axes), *(float(n) for n in sizes(call.config["size"], axes)))
    mode = call.config.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear"):
        raise RefusalError(f"interpolation '{mode}'; known are nearest and bilinear")
    return t.layer(call, "upsample", xs, scale=scale, mode=mode)


# Merging.


def _same_rank(xs: Sequence[KerasTensor]) -> None:
    if len({x.rank for x in xs}) > 1:
        raise RefusalError("it merges tensors with different numbers of axes")


def _merge(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    _same_rank(xs)
    numbers, kind = number_arguments(call), call.kind.removeprefix("True").lower()
    if numbers:
        return _with_number(t, call, xs, kind, numbers[0])
    if len(xs) < 2:
        raise RefusalError("it merges a single tensor, or a tensor with a constant that is not known")
    return layer_with_activation(t, call, kind, xs, None)


def _with_number(
    t: KerasTranslator, call: LayerCall, xs: list[KerasTensor], kind: str, number: Any
) -> KerasTensor:
    """An operation of a tensor and a number, or of one per channel."""
    x, value = xs[0], t.per_channel(xs[0], number)
    reverse = not isinstance(call.args[0], Link)
    if kind == "add":
        return t.layer(call, "affine", x, {"bias": value}, scale=False)
    if kind == "subtract" and not reverse:
        return t.layer(call, "affine", x, {"bias": -value}, scale=False)
    if kind == "subtract":
        return t.layer(call, "affine", x, {"weight": np.full(value.shape, -1.0), "bias": value})
    if kind == "multiply":
        return t.layer(call, "affine", x, {"weight": value}, shift=False)
    if kind == "divide" and not reverse and value.all():
        return t.layer(call, "affine", x, {"weight": 1 / value}, shift=False)
    if kind in ("maximum", "minimum") and len(set(value)) == 1:
        bound = float(value[0])
        if kind == "maximum" and bound == 0:
            return t.layer(call, "relu", x)
        return t.layer(call, "clip", x, None, **{"min" if kind == "maximum" else "max": bound})  # type: ignore[arg-type]
    raise RefusalError(f"{kind} with the constant {number}")


def _concatenate(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    _same_rank(xs)
    axis = t.axis(xs[0], call.config["axis"])
    if axis == 0:
        return t.layer(call, "concat", xs)
    order = (1, 0, 2) if axis == 1 else (2, 1, 0)
    turned = [t.layer(call, "permute", x, part="permute", order=order) for x in xs]
    return t.layer(call, "permute", t.layer(call, "concat", turned, part="concat"), order=order)


# At inference.


def _dropout(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    return t.layer(call, "dropout", xs, rate=min(float(call.config.get("rate", 0.0)), 0.999))


def _identity(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    return xs[0]


_DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout")
_IDENTITIES = (
    *("Identity", "ActivityRegularization", "GaussianNoise", "StochasticDepth"),
    *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
    *("RandomBrightness", "RandomHue", "RandomSaturation", "RandomColorJitter", "RandomShear"),
)

SHAPE_OPS: dict[str, LayerRule] = {
    "Flatten": LayerRule(_flatten),
    "Reshape": LayerRule(_reshape),
    "Permute": LayerRule(_permute),
    **{f"ZeroPadding{axes}D": LayerRule(_zero_padding, axes=axes) for axes in (1, 2)},
    **{f"Cropping{axes}D": LayerRule(_cropping, axes=axes) for axes in (1, 2)},
    **{f"UpSampling{axes}D": LayerRule(partial(_upsampling, axes)) for axes in (1, 2)},
    **dict.fromkeys(
        ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Average", "Maximum", "Minimum"),
        LayerRule(_merge, takes_numbers=True),
    ),
    "Concatenate": LayerRule(_concatenate),
    **dict.fromkeys(_DROPOUTS, LayerRule(_dropout, keeps_order=True)),
    **dict.fromkeys(_IDENTITIES, LayerRule(_identity, keeps_order=True)),
}
"""Layers that move, merge, or leave alone."""
