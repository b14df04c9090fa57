"""Normalisations, and the scaling of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import Numbers, RefusalError
from sheetcnn.importers.keras.network import LayerCall
from sheetcnn.importers.keras.translator import TO_FIRST, KerasTensor, KerasTranslator, LayerRule


def _axes(t: KerasTranslator, x: KerasTensor, axis: Any) -> list[int]:
    listed = list(axis) if isinstance(axis, list | tuple) else [axis]
    return sorted(t.axis(x, n) for n in listed)


def _only_channels(t: KerasTranslator, x: KerasTensor, axis: Any) -> None:
    """Refuse a layer that works along another axis than that of the channels."""
    if _axes(t, x, axis) != [0]:
        raise RefusalError(f"it works along axis {axis}; known is that of the channels")


def _arrays(call: LayerCall, *more: str) -> dict[str, Numbers]:
    """The arrays of a layer: gamma and beta where it has them, and more."""
    config = call.config
    own = [name for name, option in (("gamma", "scale"), ("beta", "center")) if config.get(option, True)]
    return call.store.arrays([*own, *more])


def _affine(arrays: dict[str, Numbers], like: tuple[int, ...]) -> dict[str, Numbers]:
    """The graph's weight and bias; one that is missing has no effect."""
    return {"weight": arrays.get("gamma", np.ones(like)), "bias": arrays.get("beta", np.zeros(like))}


def _batch_norm(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x = xs[0]
    _only_channels(t, x, call.config.get("axis", -1))
    arrays = _arrays(call, "moving_mean", "moving_variance")
    mean, variance = arrays["moving_mean"], arrays["moving_variance"]
    params = {**_affine(arrays, mean.shape), "running_mean": mean, "running_var": variance}
    params = {key: t.in_graph_order(x, array) for key, array in params.items()}
    return t.layer(call, "batch_norm", x, params, epsilon=float(call.config.get("epsilon", 1e-3)))


def _group_norm(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x, config = xs[0], call.config
    _only_channels(t, x, config.get("axis", -1))
    arrays = _arrays(call)
    params = _affine(arrays, (x.shape.channels,)) if arrays else {}
    groups, epsilon = config.get("groups", 32), float(config.get("epsilon", 1e-3))
    groups = x.shape.channels if groups == -1 else groups
    return t.layer(call, "group_norm", x, params, groups=groups, epsilon=epsilon, affine=bool(params))


def _layer_norm(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x, config = xs[0], call.config
    if config.get("rms_scaling"):
        raise RefusalError("layer normalisation with rms_scaling")
    axes, arrays = _axes(t, x, config.get("axis", -1)), _arrays(call)
    every = sorted(set(t.keras_axes(x)))
    options: dict[str, Any] = {"epsilon": float(config.get("epsilon", 1e-3)), "affine": bool(arrays)}
    if axes == every:
        params = {key: _in_graph_shape(t, x, a) for key, a in arrays.items()}
        params = _affine(params, x.shape.dims) if params else {}
        return t.layer(call, "layer_norm", x, params, **options)
    if axes != [0]:
        raise RefusalError(f"it works along axis {config['axis']}; known are that of the channels, and all")
    params = _affine(arrays, (x.shape.channels,)) if arrays else {}
    return t.layer(call, "layer_norm", x, params, axes="channels", **options)


def _in_graph_shape(t: KerasTranslator, x: KerasTensor, array: Numbers) -> Numbers:
    """An array of the shape of a tensor in Keras, in the graph's shape."""
    if x.rank == 3 and not t.channels_first:
        array = array.transpose(TO_FIRST)
    elif x.rank == 2 and not t.channels_first:
        array = array.T
    return np.ascontiguousarray(array).reshape(x.shape.dims)


def _scale_and_shift(
    t: KerasTranslator, call: LayerCall, x: KerasTensor, weight: Numbers, bias: Numbers
) -> KerasTensor:
    """`x * weight + bias`, without the half that does nothing."""
    if not bias.any():
        return t.layer(call, "affine", x, {"weight": weight}, shift=False)
    if (weight == 1).all():
        return t.layer(call, "affine", x, {"bias": bias}, scale=False)
    return t.layer(call, "affine", x, {"weight": weight, "bias": bias})


def _rescaling(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x = xs[0]
    scale, offset = (t.per_channel(x, call.config.get(key, 0.0)) for key in ("scale", "offset"))
    return _scale_and_shift(t, call, x, scale, offset)


def _normalization(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x, config = xs[0], call.config
    axis = config.get("axis", -1)
    if axis not in (None, [], ()):
        _only_channels(t, x, axis)
    mean, variance = config.get("mean"), config.get("variance")
    if mean is None:
        arrays = call.store.arrays(["mean", "variance"])
        mean, variance = arrays["mean"], arrays["variance"]
    centre, spread = (np.asarray(v, dtype=np.float64).reshape(-1) for v in (mean, variance))
    deviation = np.maximum(np.sqrt(spread), 1e-7)  # Keras's smallest divisor
    ones = np.ones(x.shape.channels)
    if config.get("invert"):
        return _scale_and_shift(t, call, x, ones * deviation, ones * centre)
    return _scale_and_shift(t, call, x, ones / deviation, ones * -centre / deviation)


def _layer_scale(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    gamma = call.store.arrays(["gamma"])["gamma"]
    return t.layer(call, "affine", xs[0], {"weight": t.per_channel(xs[0], gamma)}, shift=False)


def _scaled_sum(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    """The first input and a multiple of the second."""
    one, other = xs
    scale = {"weight": t.per_channel(other, call.config["scale"])}
    return t.layer(call, "add", [one, t.layer(call, "affine", other, scale, part="scale", shift=False)])


NORMS: dict[str, LayerRule] = {
    "BatchNormalization": LayerRule(_batch_norm, keeps_order=True),
    "GroupNormalization": LayerRule(_group_norm),
    "LayerNormalization": LayerRule(_layer_norm),
    "Normalization": LayerRule(_normalization),
    "Rescaling": LayerRule(_rescaling),
    "LayerScale": LayerRule(_layer_scale),  # of ConvNeXt in keras.applications
    "CustomScaleLayer": LayerRule(_scaled_sum),  # of its InceptionResNetV2
}
"""Layers that normalise or scale."""
