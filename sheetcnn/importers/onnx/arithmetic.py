"""Sums, products and the like: of activations, and of an activation with a constant.

A constant per channel is an `affine` layer, or the bias of the layer before; one that differs from
pixel to pixel cannot be expressed. NumPy's broadcasting counts axes from the right, ours from the
channels, so operands first get equally many axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import NodeContext, OperatorRule, scalar
from sheetcnn.importers.onnx.proto import size_of
from sheetcnn.importers.onnx.views import View, dims_text
from sheetcnn.importers.weights import decimal

ConstantHandler = Callable[[NodeContext, View, np.ndarray, bool], View]
"""The rule for an activation and a constant; the flag says that the constant comes first."""


def elementwise(kind: str, constant: ConstantHandler) -> OperatorRule:
    """A row: the layer kind for activations, and what to do with a constant."""

    def translate(ctx: NodeContext) -> View:
        views = [v for v in ctx.values if isinstance(v, View)]
        constants = [v for v in ctx.values if isinstance(v, np.ndarray)]
        if len(views) > 1:
            result = merge(ctx, kind, views)
        elif views:
            result = views[0]
        else:
            raise RefusalError("computes with constants only; simplify the model before the export")
        for n, array in enumerate(constants):
            part = "" if len(views) < 2 and not n else f"constant{n + 1}"
            named = replace(ctx, node=replace(ctx.node, name=f"{ctx.node.name}/{part}")) if part else ctx
            dims = result.dims
            result = constant(named, result, array, isinstance(ctx.values[0], np.ndarray))
            if array.ndim > len(dims):
                result = ctx.reshaped(result, np.broadcast_shapes(dims, array.shape))
        return result

    return OperatorRule(translate)


def merge(ctx: NodeContext, kind: str, views: Sequence[View]) -> View:
    """One layer that merges activations, which broadcast."""
    first = views[0]
    alike = all(v.dims == first.dims and v.channels_last == first.channels_last for v in views)
    if alike and first.graph_shape is None:
        if len({ctx.shape(v) for v in views}) > 1:
            raise RefusalError(
                f"has inputs of {len(first.dims)} axes that come from maps of different shapes"
            )
        return View(ctx.layer(kind, [v.tensor for v in views]), first.dims)
    rank = max(len(v.dims) for v in views)
    if all(v.channels_last and len(v.dims) == rank for v in views):
        operands = [ctx.builder.materialise(v) for v in views]
    else:
        ordered = [ctx.builder.contiguous(v) for v in views]
        padded = [replace(v, dims=(1,) * (rank - len(v.dims)) + v.dims) for v in ordered]
        operands = [ctx.builder.materialise(v) for v in padded]
    return ctx.view_like(operands[0], ctx.layer(kind, [v.tensor for v in operands]))


def per_channel(view: View, constant: np.ndarray) -> np.ndarray:
    """A constant that broadcasts to an activation, as one value per channel (or one for all).

    Raises:
        RefusalError: if it differs from pixel to pixel, or makes the activation larger.
    """
    if constant.size == 1:
        return constant.reshape(1)
    try:
        dims = np.broadcast_shapes(view.dims, constant.shape)
    except ValueError:
        dims = ()
    if not dims or size_of(dims) != size_of(view.dims):
        raise RefusalError(
            f"has a constant of shape {dims_text(constant.shape)} for an activation of shape "
            f"{dims_text(view.dims)}"
        )
    axis = view.channel_axis + len(dims) - len(view.dims)
    full = np.broadcast_to(constant, dims)
    line = full[tuple(slice(None) if n == axis else slice(1) for n in range(len(dims)))]
    if not (line == full).all():
        raise RefusalError(
            f"has a constant of shape {dims_text(constant.shape)} that differs from pixel to pixel; one "
            "value per channel can be expressed"
        )
    return line.reshape(-1)


def affine(ctx: NodeContext, view: View, scale: np.ndarray | None, shift: np.ndarray | None) -> View:
    """`affine` with a constant (or one per channel) as scale, as shift, or both."""
    if (shift is None and scale is not None and scale.size == 1 and scale.item() == 1) or (
        scale is None and shift is not None and not shift.any()
    ):
        return view
    one = all(p is None or p.size == 1 for p in (scale, shift))
    if view.graph_shape is not None:
        view = ctx.builder.materialise(view)
    elif not one:
        raise RefusalError(f"has a constant per channel for an activation of shape {dims_text(view.dims)}")
    channels = ctx.shape(view).channels
    given = {name: p for name, p in (("weight", scale), ("bias", shift)) if p is not None}
    params = {name: np.broadcast_to(p, channels) for name, p in given.items()}
    absent = {option: False for option, p in (("scale", scale), ("shift", shift)) if p is None}
    return ctx.apply(view, "affine", params, **absent)


def _add(ctx: NodeContext, view: View, constant: np.ndarray, _: bool) -> View:
    return add_constant(ctx, view, per_channel(view, constant))


def add_constant(ctx: NodeContext, view: View, shift: np.ndarray) -> View:
    """A constant added: as the bias of the layer before, if that has none and is read here only."""
    for name, value in zip(ctx.node.inputs, ctx.values, strict=True):
        # A view with a name is reshaped: its channels may be others than the layer's.
        if value is not view or ctx.uses[name] > 1 or view.name:
            continue
        if ctx.builder.fuse_bias(view.tensor, name, shift):
            return view
    return affine(ctx, view, None, shift)


def _subtract(ctx: NodeContext, view: View, constant: np.ndarray, first: bool) -> View:
    shift = decimal(per_channel(view, constant))
    return affine(ctx, view, -np.ones(1), shift) if first else add_constant(ctx, view, -shift)


def _multiply(ctx: NodeContext, view: View, constant: np.ndarray, _: bool) -> View:
    return affine(ctx, view, per_channel(view, constant), None)


def _divide(ctx: NodeContext, view: View, constant: np.ndarray, first: bool) -> View:
    if first:
        raise RefusalError("divides a constant by an activation")
    divisor = decimal(per_channel(view, constant))
    if not divisor.all():
        raise RefusalError("divides by 0")
    return affine(ctx, view, 1 / divisor, None)


def _bound(option: str) -> ConstantHandler:
    def translate(ctx: NodeContext, view: View, constant: np.ndarray, _: bool) -> View:
        bound = per_channel(view, constant)
        if bound.size > 1 and (bound != bound[0]).any():
            raise RefusalError("compares with a constant per channel; one for all can be expressed")
        value = scalar(bound[:1])
        if view.graph_shape is not None:
            view = ctx.builder.materialise(view)
        if option == "min" and value == 0:
            return ctx.apply(view, "relu")
        return ctx.apply(view, "clip", **{option: value})

    return translate


def _no_constant(ctx: NodeContext, view: View, constant: np.ndarray, first: bool) -> View:
    raise RefusalError("averages an activation with a constant")


def power(ctx: NodeContext) -> View:
    """Pow with one of a few exponents."""
    exponents = ctx.constant(1)
    exponent = float(exponents.item()) if exponents.size == 1 else None
    view = ctx.elementwise_input()
    if exponent == 1:
        return view
    if exponent == 0.5:
        return ctx.apply(view, "sqrt")
    if exponent not in (2, 3):
        raise RefusalError(f"raises to the power {exponent}; 0.5, 1, 2 and 3 can be expressed")
    square = ctx.layer("multiply", [view.tensor] * 2, None, "square" if exponent == 3 else "")
    tensor = square if exponent == 2 else ctx.layer("multiply", [square, view.tensor])
    return replace(view, tensor=tensor, name="")


def gemm(ctx: NodeContext) -> View:
    """Gemm with a constant matrix: `dense`, with alpha and beta within its weights."""
    view, matrix = ctx.view(0), ctx.constant(1)
    if ctx.int_attr("transA", 0):
        if len(view.dims) != 2:
            raise RefusalError("attribute transA=1 of an input that is no matrix")
        view = ctx.reshaped(view, view.dims[::-1]) if 1 in view.dims else view
        if view.dims[0] != 1:
            raise RefusalError("attribute transA=1 of more than one row")
    weight = matrix if ctx.int_attr("transB", 0) else matrix.T
    alpha, beta = ctx.float_attr("alpha", 1.0), ctx.float_attr("beta", 1.0)
    bias = addend = None
    if ctx.has(2):
        value = ctx.values[2]
        bias, addend = (value, None) if isinstance(value, np.ndarray) else (None, ctx.view(2))
    params = {"weight": _scaled(weight, alpha)}
    if bias is not None:
        params["bias"] = _scaled(np.broadcast_to(bias, (1, len(weight))).reshape(-1), beta)
    result = dense(ctx, view, params)
    if addend is None:
        return result
    if beta != 1:
        addend = affine(ctx, addend, np.array([beta]), None)
    return merge(ctx, "add", [result, addend])


def matmul(ctx: NodeContext) -> View:
    """MatMul with a constant matrix: `dense`, or a 1×1 convolution over the pixels."""
    view, matrix = ctx.view(0), ctx.constant(1)
    if matrix.ndim != 2:
        raise RefusalError(f"has a constant with {matrix.ndim} axes; a matrix can be expressed")
    if size_of(view.dims[:-1]) == 1:
        rank = len(view.dims)
        result = dense(ctx, ctx.reshaped(view, (1, view.dims[-1])), {"weight": matrix.T})
        return result if rank == 2 else ctx.reshaped(result, (*view.dims[:-1], matrix.shape[1]))
    pixels = ctx.builder.channels_last(view)
    weight = {"weight": matrix.T[:, :, None, None]}
    return ctx.apply(pixels, "conv2d", weight, filters=matrix.shape[1], kernel_size=1, bias=False)


def dense(ctx: NodeContext, view: View, params: Mapping[str, np.ndarray]) -> View:
    """A dense layer."""
    view = ctx.builder.channels_first(view)
    units, inputs = params["weight"].shape
    if ctx.shape(view).dims != (inputs,):
        raise RefusalError(f"multiplies {dims_text(view.dims)} with {inputs}×{units}; the sizes do not fit")
    bias = None if "bias" in params else False
    return ctx.apply(view, "dense", params, units=units, bias=bias)


def _scaled(array: np.ndarray, factor: float) -> np.ndarray:
    return array if factor == 1 else decimal(array) * factor


FLOATS = ("float16", "float32", "float64", "bfloat16")


def cast(ctx: NodeContext) -> View:
    """Cast and CastLike to a type for real numbers: no layer at all."""
    from onnx import helper

    if ctx.node.kind == "CastLike":
        kind = str(ctx.constant(1).dtype) if isinstance(ctx.values[1], np.ndarray) else FLOATS[0]
    else:
        kind = str(helper.tensor_dtype_to_np_dtype(ctx.int_attr("to", 1)))
    if kind not in FLOATS:
        raise RefusalError(f"casts to {kind}; only {', '.join(FLOATS)} can be expressed")
    return ctx.view()


TABLE: Mapping[str, OperatorRule] = {
    "Add": elementwise("add", _add),
    "Sum": elementwise("add", _add),
    "Sub": elementwise("subtract", _subtract),
    "Mul": elementwise("multiply", _multiply),
    "Div": elementwise("divide", _divide),
    "Max": elementwise("maximum", _bound("min")),
    "Min": elementwise("minimum", _bound("max")),
    "Mean": elementwise("average", _no_constant),
    "Pow": OperatorRule(power),
    "Gemm": OperatorRule(gemm),
    "MatMul": OperatorRule(matmul),
    "Identity": OperatorRule(NodeContext.view),
    "Cast": OperatorRule(cast),
    "CastLike": OperatorRule(cast),
}
