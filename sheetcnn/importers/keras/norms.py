"""Normalisations, and the scaling of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import Numbers, RefusalError
from sheetcnn.importers.keras.network import LayerCall
from sheetcnn.importers.keras.walk import TO_FIRST, Entry, Tensor, Walk


def _axes(walk: Walk, x: Tensor, axis: Any) -> list[int]:
    listed = list(axis) if isinstance(axis, list | tuple) else [axis]
    return sorted(walk.axis(x, n) for n in listed)


def _trained(call: LayerCall, *more: str) -> dict[str, Numbers]:
    """The arrays of a layer: gamma and beta where it has them, and more."""
    config = call.config
    own = [name for name, option in (("gamma", "scale"), ("beta", "center")) if config.get(option, True)]
    return call.store.arrays([*own, *more])


def _affine(arrays: dict[str, Numbers], like: tuple[int, ...]) -> dict[str, Numbers]:
    """The graph's weight and bias; one that is missing has no effect."""
    return {"weight": arrays.get("gamma", np.ones(like)), "bias": arrays.get("beta", np.zeros(like))}


def _batch_norm(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x = xs[0]
    if _axes(walk, x, call.config.get("axis", -1)) != [0]:
        raise RefusalError(f"it works along axis {call.config['axis']}; known is that of the channels")
    arrays = _trained(call, "moving_mean", "moving_variance")
    mean, variance = arrays["moving_mean"], arrays["moving_variance"]
    params = {**_affine(arrays, mean.shape), "running_mean": mean, "running_var": variance}
    params = {key: walk.as_read(x, array) for key, array in params.items()}
    return walk.add(call, "batch_norm", x, params, epsilon=float(call.config.get("epsilon", 1e-3)))


def _group_norm(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x, config = xs[0], call.config
    if _axes(walk, x, config.get("axis", -1)) != [0]:
        raise RefusalError(f"it works along axis {config['axis']}; known is that of the channels")
    arrays = _trained(call)
    params = _affine(arrays, (x.shape.channels,)) if arrays else {}
    groups = config.get("groups", 32)
    return walk.add(
        call,
        "group_norm",
        x,
        params,
        groups=x.shape.channels if groups == -1 else groups,
        epsilon=float(config.get("epsilon", 1e-3)),
        affine=bool(params),
    )


def _layer_norm(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x, config = xs[0], call.config
    if config.get("rms_scaling"):
        raise RefusalError("layer normalisation with rms_scaling")
    axes, arrays = _axes(walk, x, config.get("axis", -1)), _trained(call)
    every = sorted(set(walk.keras_axes(x)))
    options: dict[str, Any] = {"epsilon": float(config.get("epsilon", 1e-3)), "affine": bool(arrays)}
    if axes == every:
        params = {key: _maps(walk, x, a) for key, a in arrays.items()}
        params = _affine(params, x.shape.dims) if params else {}
        return walk.add(call, "layer_norm", x, params, **options)
    if axes != [0]:
        raise RefusalError(f"it works along axis {config['axis']}; known are that of the channels, and all")
    params = _affine(arrays, (x.shape.channels,)) if arrays else {}
    return walk.add(call, "layer_norm", x, params, axes="channels", **options)


def _maps(walk: Walk, x: Tensor, array: Numbers) -> Numbers:
    """An array of the shape of a tensor in Keras, in the graph's shape."""
    if x.rank == 3 and not walk.first:
        array = array.transpose(TO_FIRST)
    elif x.rank == 2 and not walk.first:
        array = array.T
    return np.ascontiguousarray(array).reshape(x.shape.dims)


def _scaled(walk: Walk, call: LayerCall, x: Tensor, weight: Numbers, bias: Numbers) -> Tensor:
    """`x * weight + bias`, without the half that does nothing."""
    params: dict[str, Numbers] = {"weight": weight, "bias": bias}
    if not bias.any():
        return walk.add(call, "affine", x, {"weight": weight}, shift=False)
    if (weight == 1).all():
        return walk.add(call, "affine", x, {"bias": bias}, scale=False)
    return walk.add(call, "affine", x, params)


def _rescaling(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x = xs[0]
    scale, offset = (walk.per_channel(x, call.config.get(key, 0.0)) for key in ("scale", "offset"))
    return _scaled(walk, call, x, scale, offset)


def _normalization(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    x, config = xs[0], call.config
    axis = config.get("axis", -1)
    if axis not in (None, [], ()) and _axes(walk, x, axis) != [0]:
        raise RefusalError(f"it works along axis {axis}; known is that of the channels")
    mean, variance = config.get("mean"), config.get("variance")
    if mean is None:
        arrays = call.store.arrays(["mean", "variance"])
        mean, variance = arrays["mean"], arrays["variance"]
    centre, spread = (np.asarray(v, dtype=np.float64).reshape(-1) for v in (mean, variance))
    deviation = np.maximum(np.sqrt(spread), 1e-7)  # Keras's smallest divisor
    ones = np.ones(x.shape.channels)
    if config.get("invert"):
        return _scaled(walk, call, x, ones * deviation, ones * centre)
    return _scaled(walk, call, x, ones / deviation, ones * -centre / deviation)


def _layer_scale(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    gamma = call.store.arrays(["gamma"])["gamma"]
    return walk.add(call, "affine", xs[0], {"weight": walk.per_channel(xs[0], gamma)}, shift=False)


def _scaled_sum(walk: Walk, call: LayerCall, xs: list[Tensor]) -> Tensor:
    """The first input and a multiple of the second."""
    one, other = xs
    scale = walk.per_channel(other, call.config["scale"])
    return walk.add(
        call, "add", [one, walk.add(call, "affine", other, {"weight": scale}, part="scale", shift=False)]
    )


NORMS: dict[str, Entry] = {
    "BatchNormalization": Entry(_batch_norm, keeps_order=True),
    "GroupNormalization": Entry(_group_norm),
    "LayerNormalization": Entry(_layer_norm),
    "Normalization": Entry(_normalization),
    "Rescaling": Entry(_rescaling),
    "LayerScale": Entry(_layer_scale),  # of ConvNeXt in keras.applications
    "CustomScaleLayer": Entry(_scaled_sum),  # of its InceptionResNetV2
}
"""Layers that normalise or scale."""
