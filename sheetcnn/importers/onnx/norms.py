"""Normalisations.

ONNX's scale and bias are PyTorch's `weight` and `bias`. All are constants in a trained network.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import NodeContext, OperatorRule
from sheetcnn.importers.onnx.proto import size_of
from sheetcnn.importers.onnx.views import View

PARAMETERS = ("weight", "bias")


def batch_norm(ctx: NodeContext) -> View:
    """BatchNormalization, with the statistics of the training."""
    names = ("weight", "bias", "running_mean", "running_var")
    params = {name: ctx.constant(n) for n, name in enumerate(names, 1)}
    return ctx.apply(ctx.channels_first(), "batch_norm", params, epsilon=ctx.float_attr("epsilon", 1e-5))


def instance_norm(ctx: NodeContext) -> View:
    """InstanceNormalization; over a reshaped `(1, groups, L)` it is a group normalisation.

    PyTorch's exporter writes the latter for `GroupNorm`.
    """
    view, epsilon = ctx.view(), ctx.float_attr("epsilon", 1e-5)
    weight, bias = ctx.constant(1), ctx.constant(2)
    shape = ctx.shape(view)
    groups = view.dims[1] if len(view.dims) > 1 else 1
    divides = groups != shape.channels and shape.channels % groups == 0
    if divides and not view.channels_last and not shape.is_vector:
        return _group_norm(ctx, view, groups, weight, bias)
    params, affine = _affine(weight, bias)
    return ctx.apply(ctx.feature_maps(), "instance_norm", params, epsilon=epsilon, affine=affine)


def _affine(weight: np.ndarray, bias: np.ndarray) -> tuple[dict[str, np.ndarray], bool]:
    """The parameters and the option `affine`: neither where they change nothing."""
    plain = bool((weight == 1).all() and (bias == 0).all())
    return ({}, False) if plain else ({"weight": weight, "bias": bias}, True)


def group_norm(ctx: NodeContext) -> View:
    """GroupNormalization; before opset 21 with one scale and bias per group."""
    groups = ctx.int_attr("num_groups", 1)
    return _group_norm(ctx, ctx.feature_maps(), groups, ctx.constant(1), ctx.constant(2))


def _group_norm(ctx: NodeContext, view: View, groups: int, weight: np.ndarray, bias: np.ndarray) -> View:
    channels = ctx.shape(view).channels
    params, affine = _affine(weight, bias)
    if weight.size == groups != channels:
        params = {name: np.repeat(array.ravel(), channels // groups) for name, array in params.items()}
    options = {"groups": groups, "epsilon": ctx.float_attr("epsilon", 1e-5), "affine": affine}
    return View(ctx.layer("group_norm", [view.tensor], params, **options), view.dims, name=view.name)


def layer_norm(ctx: NodeContext) -> View:
    """LayerNormalization: over all values, or over the channels of each pixel."""
    view = ctx.view()
    rank, axis = len(view.dims), ctx.axis(-1, len(view.dims))
    given = [ctx.constant(1)] if ctx.has(1) else []
    given += [ctx.constant(2) if ctx.has(2) else np.zeros_like(p) for p in given]
    options = {"epsilon": ctx.float_attr("epsilon", 1e-5), "affine": None if given else False}
    if size_of(view.dims[:axis]) == 1:
        view = ctx.channels_first()
        shape = ctx.shape(view).dims
        whole = [np.broadcast_to(p, view.dims[axis:]).reshape(shape) for p in given]
        return ctx.apply(view, "layer_norm", dict(zip(PARAMETERS, whole, strict=False)), **options)
    if axis != rank - 1 or rank < 3:
        raise RefusalError(f"attribute axis={axis}; only 1 (all values) and the last one can be expressed")
    pixels = ctx.builder.channels_last(view)
    params = dict(zip(PARAMETERS, (p.reshape(-1) for p in given), strict=False))
    return ctx.apply(pixels, "layer_norm", params, axes="channels", **options)


TABLE: Mapping[str, OperatorRule] = {
    "BatchNormalization": OperatorRule(batch_norm, {"spatial": (1,), "training_mode": (0,)}),
    "InstanceNormalization": OperatorRule(instance_norm),
    "GroupNormalization": OperatorRule(group_norm),
    "LayerNormalization": OperatorRule(layer_norm),
}
