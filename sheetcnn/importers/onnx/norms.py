"""Normalisations.

ONNX's scale and bias are PyTorch's `weight` and `bias`. All are constants in a trained network.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import Call, Entry
from sheetcnn.importers.onnx.proto import count
from sheetcnn.importers.onnx.views import View

NAMES = ("weight", "bias")


def batch_norm(call: Call) -> View:
    """BatchNormalization, with the statistics of the training."""
    params = {
        name: call.constant(n) for n, name in enumerate(("weight", "bias", "running_mean", "running_var"), 1)
    }
    return call.after(call.first(), "batch_norm", params, epsilon=call.number("epsilon", 1e-5))


def instance_norm(call: Call) -> View:
    """InstanceNormalization; over a reshaped `(1, groups, L)` it is a group normalisation.

    PyTorch's exporter writes the latter for `GroupNorm`.
    """
    view, epsilon = call.view(), call.number("epsilon", 1e-5)
    weight, bias = call.constant(1), call.constant(2)
    shape = call.shape(view)
    groups = view.dims[1] if len(view.dims) > 1 else 1
    if not view.last and not shape.is_vector and groups != shape.channels and shape.channels % groups == 0:
        return _grouped(call, view, groups, weight, bias)
    plain = bool((weight == 1).all() and (bias == 0).all())
    params = {} if plain else {"weight": weight, "bias": bias}
    affine = False if plain else None
    return call.after(call.maps(), "instance_norm", params, epsilon=epsilon, affine=affine)


def group_norm(call: Call) -> View:
    """GroupNormalization; before opset 21 with one scale and bias per group."""
    return _grouped(call, call.maps(), call.whole("num_groups", 1), call.constant(1), call.constant(2))


def _grouped(call: Call, view: View, groups: int, weight: np.ndarray, bias: np.ndarray) -> View:
    channels = call.shape(view).channels
    params, affine = {"weight": weight, "bias": bias}, None
    if (weight == 1).all() and (bias == 0).all():
        params, affine = {}, False
    elif weight.size == groups != channels:
        params = {name: np.repeat(array.ravel(), channels // groups) for name, array in params.items()}
    tensor = call.layer(
        "group_norm",
        [view.tensor],
        params,
        groups=groups,
        epsilon=call.number("epsilon", 1e-5),
        affine=affine,
    )
    return View(tensor, view.dims, name=view.name)


def layer_norm(call: Call) -> View:
    """LayerNormalization: over all values, or over the channels of each pixel."""
    view = call.view()
    rank, axis = len(view.dims), call.axis(-1, len(view.dims))
    given = [call.constant(1)] if call.has(1) else []
    given += [call.constant(2) if call.has(2) else np.zeros_like(p) for p in given]
    options = {"epsilon": call.number("epsilon", 1e-5), "affine": None if given else False}
    if count(view.dims[:axis]) == 1:
        view = call.first()
        shape = call.shape(view).dims
        whole = [np.broadcast_to(p, view.dims[axis:]).reshape(shape) for p in given]
        return call.after(view, "layer_norm", dict(zip(NAMES, whole, strict=False)), **options)
    if axis != rank - 1 or rank < 3:
        raise RefusalError(f"attribute axis={axis}; only 1 (all values) and the last one can be expressed")
    pixels = call.build.channels_last(view)
    params = dict(zip(NAMES, (p.reshape(-1) for p in given), strict=False))
    return call.after(pixels, "layer_norm", params, axes="channels", **options)


TABLE: Mapping[str, Entry] = {
    "BatchNormalization": Entry(batch_norm, {"spatial": (1,), "training_mode": (0,)}),
    "InstanceNormalization": Entry(instance_norm),
    "GroupNormalization": Entry(group_norm),
    "LayerNormalization": Entry(layer_norm),
}
