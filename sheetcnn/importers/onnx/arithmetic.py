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
from sheetcnn.importers.onnx.node_context import Call, Entry, scalar
from sheetcnn.importers.onnx.proto import count
from sheetcnn.importers.onnx.views import View, dims_of, natural, words
from sheetcnn.importers.weights import decimal

WithConstant = Callable[[Call, View, np.ndarray, bool], View]
"""The rule for an activation and a constant; the flag says that the constant comes first."""


def merging(kind: str, constant: WithConstant) -> Entry:
    """A row: the layer kind for activations, and what to do with a constant."""

    def rule(call: Call) -> View:
        views = [v for v in call.values if isinstance(v, View)]
        constants = [v for v in call.values if isinstance(v, np.ndarray)]
        if len(views) > 1:
            result = merge(call, kind, views)
        elif views:
            result = views[0]
        else:
            raise RefusalError("computes with constants only; simplify the model before the export")
        for n, array in enumerate(constants):
            part = "" if len(views) < 2 and not n else f"constant{n + 1}"
            named = replace(call, node=replace(call.node, name=f"{call.node.name}/{part}")) if part else call
            dims = result.dims
            dims = result.dims
            result = constant(named, result, array, isinstance(call.values[0], np.ndarray))
            if array.ndim > len(dims):
                result = call.reread(result, np.broadcast_shapes(dims, array.shape))
            if array.ndim > len(dims):
                result = call.reread(result, np.broadcast_shapes(dims, array.shape))
        return result

    return Entry(rule)


def merge(call: Call, kind: str, views: Sequence[View]) -> View:
    """One layer that merges activations, which broadcast."""
    first = views[0]
    alike = all(v.dims == first.dims and v.last == first.last for v in views)
    if alike and natural(first.dims, last=first.last) is None:
        if len({call.shape(v) for v in views}) > 1:
            raise RefusalError(
                f"has inputs of {len(first.dims)} axes that come from maps of different shapes"
            )
        return View(call.layer(kind, [v.tensor for v in views]), first.dims)
    rank = max(len(v.dims) for v in views)
    if all(v.last and len(v.dims) == rank for v in views):
        settled = [call.build.settle(v) for v in views]
    else:
        rows = [call.build.rows(v) for v in views]
        settled = [call.build.settle(replace(v, dims=(1,) * (rank - len(v.dims)) + v.dims)) for v in rows]
    tensor = call.layer(kind, [v.tensor for v in settled])
    last = settled[0].last
    return View(tensor, dims_of(call.build.shape(tensor), rank, last=last), last)


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
    if not dims or count(dims) != count(view.dims):
        raise RefusalError(
            f"has a constant of shape {words(constant.shape)} for an activation of shape {words(view.dims)}"
        )
    axis = view.axis + len(dims) - len(view.dims)
    full = np.broadcast_to(constant, dims)
    line = full[tuple(slice(None) if n == axis else slice(1) for n in range(len(dims)))]
    if not (line == full).all():
        raise RefusalError(
            f"has a constant of shape {words(constant.shape)} that differs from pixel to pixel; one value "
            "per channel can be expressed"
        )
    return line.reshape(-1)


def affine(call: Call, view: View, scale: np.ndarray | None, shift: np.ndarray | None) -> View:
    """`affine` with a constant (or one per channel) as scale, as shift, or both."""
    if scale is not None and scale.size == 1 and scale.item() == 1 and shift is None:
        return view
    if shift is not None and not shift.any() and scale is None:
        return view
    one = all(p is None or p.size == 1 for p in (scale, shift))
    if natural(view.dims, last=view.last) is not None:
        view = call.build.settle(view)
    elif not one:
        raise RefusalError(f"has a constant per channel for an activation of shape {words(view.dims)}")
    channels = call.shape(view).channels
    given = {name: p for name, p in (("weight", scale), ("bias", shift)) if p is not None}
    params = {name: np.broadcast_to(p, channels) for name, p in given.items()}
    absent = {option: False for option, p in (("scale", scale), ("shift", shift)) if p is None}
    return call.after(view, "affine", params, **absent)


def _add(call: Call, view: View, constant: np.ndarray, _: bool) -> View:
    return shifted(call, view, per_channel(view, constant))


def shifted(call: Call, view: View, shift: np.ndarray) -> View:
    """A constant added: as the bias of the layer before, if that has none and is read here only."""
    for name, value in zip(call.node.inputs, call.values, strict=True):
        # A view with a name is reshaped: its channels may be others than the layer's.
        if value is not view or call.uses[name] > 1 or view.name:
            continue
        if call.build.give_bias(view.tensor, name, shift):
            return view
    return affine(call, view, None, shift)


def _subtract(call: Call, view: View, constant: np.ndarray, first: bool) -> View:
    shift = decimal(per_channel(view, constant))
    return affine(call, view, -np.ones(1), shift) if first else shifted(call, view, -shift)


def _multiply(call: Call, view: View, constant: np.ndarray, _: bool) -> View:
    return affine(call, view, per_channel(view, constant), None)


def _divide(call: Call, view: View, constant: np.ndarray, first: bool) -> View:
    if first:
        raise RefusalError("divides a constant by an activation")
    divisor = decimal(per_channel(view, constant))
    if not divisor.all():
        raise RefusalError("divides by 0")
    return affine(call, view, 1 / divisor, None)


def _bound(option: str) -> WithConstant:
    def rule(call: Call, view: View, constant: np.ndarray, _: bool) -> View:
        bound = per_channel(view, constant)
        if bound.size > 1 and (bound != bound[0]).any():
            raise RefusalError("compares with a constant per channel; one for all can be expressed")
        value = scalar(bound[:1])
        if natural(view.dims, last=view.last) is not None:
            view = call.build.settle(view)
        if option == "min" and value == 0:
            return call.after(view, "relu")
        return call.after(view, "clip", **{option: value})

    return rule


def _no_constant(call: Call, view: View, constant: np.ndarray, first: bool) -> View:
    raise RefusalError("averages an activation with a constant")


def power(call: Call) -> View:
    """Pow with one of a few exponents."""
    exponents = call.constant(1)
    exponent = float(exponents.item()) if exponents.size == 1 else None
    view = call.plain()
    if exponent == 1:
        return view
    if exponent == 0.5:
        return call.after(view, "sqrt")
    if exponent not in (2, 3):
        raise RefusalError(f"raises to the power {exponent}; 0.5, 1, 2 and 3 can be expressed")
    square = call.layer("multiply", [view.tensor] * 2, None, "square" if exponent == 3 else "")
    tensor = square if exponent == 2 else call.layer("multiply", [square, view.tensor])
    return replace(view, tensor=tensor, name="")


def gemm(call: Call) -> View:
    """Gemm with a constant matrix: `dense`, with alpha and beta within its weights."""
    view, matrix = call.view(0), call.constant(1)
    if call.whole("transA", 0):
        if len(view.dims) != 2:
            raise RefusalError("attribute transA=1 of an input that is no matrix")
        view = call.reread(view, view.dims[::-1]) if 1 in view.dims else view
        if view.dims[0] != 1:
            raise RefusalError("attribute transA=1 of more than one row")
    weight = matrix if call.whole("transB", 0) else matrix.T
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    bias = addend = None
    if call.has(2):
        value = call.values[2]
        bias, addend = (value, None) if isinstance(value, np.ndarray) else (None, call.view(2))
    params = {"weight": _times(weight, alpha)}
    if bias is not None:
        params["bias"] = _times(np.broadcast_to(bias, (1, len(weight))).reshape(-1), beta)
    result = dense(call, view, params)
    if addend is None:
        return result
    if beta != 1:
        addend = affine(call, addend, np.array([beta]), None)
    return merge(call, "add", [result, addend])


def matmul(call: Call) -> View:
    """MatMul with a constant matrix: `dense`, or a 1×1 convolution over the pixels."""
    view, matrix = call.view(0), call.constant(1)
    if matrix.ndim != 2:
        raise RefusalError(f"has a constant with {matrix.ndim} axes; a matrix can be expressed")
    if count(view.dims[:-1]) == 1:
        rank = len(view.dims)
        result = dense(call, call.reread(view, (1, view.dims[-1])), {"weight": matrix.T})
        return result if rank == 2 else call.reread(result, (*view.dims[:-1], matrix.shape[1]))
    pixels = call.build.channels_last(view)
    weight = {"weight": matrix.T[:, :, None, None]}
    return call.after(pixels, "conv2d", weight, filters=matrix.shape[1], kernel_size=1, bias=False)


def dense(call: Call, view: View, params: Mapping[str, np.ndarray]) -> View:
    """A dense layer."""
    view = call.build.first(view)
    units, inputs = params["weight"].shape
    if call.shape(view).dims != (inputs,):
        raise RefusalError(f"multiplies {words(view.dims)} with {inputs}×{units}; the sizes do not fit")
    bias = None if "bias" in params else False
    return call.after(view, "dense", params, units=units, bias=bias)


def _times(array: np.ndarray, factor: float) -> np.ndarray:
    return array if factor == 1 else decimal(array) * factor


def identity(call: Call) -> View:
    """Identity: no layer at all."""
    return call.view()


FLOATS = ("float16", "float32", "float64", "bfloat16")


def cast(call: Call) -> View:
    """Cast and CastLike to a type for real numbers: no layer at all."""
    from onnx import helper

    if call.node.kind == "CastLike":
        kind = str(call.constant(1).dtype) if isinstance(call.values[1], np.ndarray) else FLOATS[0]
    else:
        kind = str(helper.tensor_dtype_to_np_dtype(call.whole("to", 1)))
    if kind not in FLOATS:
        raise RefusalError(f"casts to {kind}; only {', '.join(FLOATS)} can be expressed")
    return call.view()


TABLE: Mapping[str, Entry] = {
    "Add": merging("add", _add),
    "Sum": merging("add", _add),
    "Sub": merging("subtract", _subtract),
    "Mul": merging("multiply", _multiply),
    "Div": merging("divide", _divide),
    "Max": merging("maximum", _bound("min")),
    "Min": merging("minimum", _bound("max")),
    "Mean": merging("average", _no_constant),
    "Pow": Entry(power),
    "Gemm": Entry(gemm),
    "MatMul": Entry(matmul),
    "Identity": Entry(identity),
    "Cast": Entry(cast),
    "CastLike": Entry(cast),
}
