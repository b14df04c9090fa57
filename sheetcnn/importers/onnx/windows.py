"""Convolutions and poolings: operators that move a window over the maps.

ONNX lists pads as (top, left, bottom, right) and dense kernels in PyTorch's order. Maps with one axis
`(1, C, L)` are one row `(C, 1, L)` here, so their windows are one cell high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError, compact
from sheetcnn.importers.onnx.node_context import NodeContext, OperatorRule, Value
from sheetcnn.importers.onnx.proto import OnnxNode
from sheetcnn.importers.onnx.views import View
from sheetcnn.model.ops import OPS
from sheetcnn.model.ops.spatial import window_geometry


def _pair(ctx: NodeContext, name: str, default: int | None = 1, rank: int = 4) -> tuple[int, int]:
    """An attribute with one number per axis, as (height, width)."""
    values = ctx.ints_attr(name)
    if values is None:
        if default is None:
            raise RefusalError(f"lacks the attribute {name}")
        values = [default] * (rank - 2)
    if len(values) != rank - 2:
        raise RefusalError(
            f"attribute {name}={values}, but the input has {rank - 2} axes besides its channels"
        )
    return (1 if default is None else default, values[0]) if rank == 3 else (values[0], values[1])


def _edges(ctx: NodeContext, name: str, rank: int) -> list[int] | None:
    """An attribute such as `pads` as [top, bottom, left, right]; None where it is not given."""
    pads = ctx.ints_attr(name)
    if pads is None:
        return None
    if len(pads) != 2 * (rank - 2):
        raise RefusalError(f"attribute {name}={pads}, but the input has {rank - 2} axes besides its channels")
    if min(pads) < 0:
        raise RefusalError(f"attribute {name}={pads}; negative padding cannot be expressed here")
    return [0, 0, *pads] if rank == 3 else [pads[0], pads[2], pads[1], pads[3]]


def _padding(ctx: NodeContext, view: View, *sizes: tuple[int, int]) -> object:
    """The option `padding` of a layer with these sizes of kernel, stride and dilation; None for none."""
    mode = ctx.string_attr("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return compact(_edges(ctx, "pads", len(view.dims)) or [0]) or None
    if mode == "SAME_UPPER":
        return "same"
    if mode == "SAME_LOWER":  # the odd rest comes first
        kernel, stride, dilation = sizes
        upper = window_geometry(ctx.shape(view), kernel, stride, "same", dilation).padding
        return compact([upper.bottom, upper.top, upper.right, upper.left]) or None
    return None


def _kernel(ctx: NodeContext, view: View) -> np.ndarray:
    """The kernel, of as many axes as the input."""
    weight = ctx.constant(1)
    if weight.ndim != len(view.dims):
        raise RefusalError(f"has a kernel with {weight.ndim} axes for an input with {len(view.dims)}")
    return weight


def _parameters(ctx: NodeContext, weight: np.ndarray) -> tuple[dict[str, np.ndarray], Mapping[str, object]]:
    """The parameters, and the option `bias`."""
    if not ctx.has(2):
        return {"weight": weight}, {"bias": False}
    return {"weight": weight, "bias": ctx.constant(2)}, {}


def conv(ctx: NodeContext) -> View:
    """Conv: `conv2d`, or `conv1d` over maps with one axis."""
    view = ctx.feature_maps()
    weight, rank = _kernel(ctx, view), len(view.dims)
    params, options = _parameters(ctx, weight)
    kernel = (1, weight.shape[2]) if rank == 3 else (weight.shape[2], weight.shape[3])
    stride, dilation = _pair(ctx, "strides", rank=rank), _pair(ctx, "dilations", rank=rank)
    padding = _padding(ctx, view, kernel, stride, dilation)
    _check_kernel_shape(ctx, kernel, rank)
    if rank == 3 and isinstance(padding, tuple):
        padding = compact(padding[2:])
    sizes = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
    own = {name: compact(size[4 - rank :]) for name, size in sizes.items()}
    own |= {"filters": weight.shape[0], "groups": ctx.int_attr("group", 1), **options}
    return ctx.apply(view, f"conv{rank - 2}d", params, padding=padding, **own)


def _check_kernel_shape(ctx: NodeContext, kernel: tuple[int, int], rank: int) -> None:
    if "kernel_shape" in ctx.node.attributes and _pair(ctx, "kernel_shape", 1, rank) != kernel:
        raise RefusalError(
            f"attribute kernel_shape={ctx.ints_attr('kernel_shape')}, "
            f"but its kernel is {kernel[0]}×{kernel[1]}"
        )


def conv_transpose(ctx: NodeContext) -> View:
    """ConvTranspose: `conv_transpose2d`; maps with one axis as one row."""
    view = ctx.feature_maps()
    weight, rank = _kernel(ctx, view), len(view.dims)
    weight = weight[:, :, None, :] if rank == 3 else weight
    params, options = _parameters(ctx, weight)
    kernel = (weight.shape[2], weight.shape[3])
    _check_kernel_shape(ctx, kernel, rank)
    stride = _pair(ctx, "strides", rank=rank)
    extra = _pair(ctx, "output_padding", 0, rank)
    groups = ctx.int_attr("group", 1)
    sizes = {
        "filters": weight.shape[1] * groups,
        "kernel_size": compact(kernel),
        "stride": compact(stride),
        "dilation": compact(_pair(ctx, "dilations", rank=rank)),
        "groups": groups,
        **options,
    }
    stated = _stated_size(ctx, view, stride)
    edges = _edges(ctx, "pads", rank)
    if stated is not None:
        full = OPS["conv_transpose2d"].model_validate(sizes).out_shape([ctx.shape(view)])
        surplus = (full.height + extra[0] - stated[0], full.width + extra[1] - stated[1])
        upper = ctx.string_attr("auto_pad", "NOTSET") == "SAME_UPPER"
        extra = (extra[0] + max(0, -surplus[0]), extra[1] + max(0, -surplus[1]))
        edges = [*_halves(surplus[0], upper), *_halves(surplus[1], upper)]
    sizes |= {"padding": compact(edges or [0]), "output_padding": compact(extra)}
    return ctx.apply(view, "conv_transpose2d", params, **sizes)


def _stated_size(ctx: NodeContext, view: View, stride: tuple[int, int]) -> tuple[int, int] | None:
    """The size of the result, where the node states it."""
    rank, shape = len(view.dims), ctx.shape(view)
    stated = ctx.ints_attr("output_shape")
    if stated is not None:
        return (1, stated[-1]) if rank == 3 else (stated[-2], stated[-1])
    if ctx.string_attr("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER"):
        return shape.height * stride[0], shape.width * stride[1]
    return None


def _halves(total: int, upper: bool) -> tuple[int, int]:
    """What to cut before and after; the odd rest after for SAME_UPPER, before otherwise."""
    total = max(0, total)
    return (total // 2, total - total // 2) if upper else (total - total // 2, total // 2)


def _pool(ctx: NodeContext, kind: str, **options: object) -> View:
    view = ctx.feature_maps()
    rank = len(view.dims)
    kernel = _pair(ctx, "kernel_shape", None, rank)
    stride, dilation = _pair(ctx, "strides", rank=rank), _pair(ctx, "dilations", rank=rank)
    if dilation != (1, 1):
        options["dilation"] = compact(dilation)
    options["stride"] = None if stride == kernel else compact(stride)
    options["padding"] = _padding(ctx, view, kernel, stride, dilation)
    options["ceil_mode"] = bool(ctx.int_attr("ceil_mode", 0))
    return ctx.apply(view, kind, kernel_size=compact(kernel), **options)


def average_pool(ctx: NodeContext) -> View:
    """AveragePool: padding is not counted unless the node says so."""
    return _pool(ctx, "avg_pool", count_include_pad=bool(ctx.int_attr("count_include_pad", 0)))


def global_pool(kind: str) -> OperatorRule:
    """GlobalAveragePool and GlobalMaxPool."""
    return OperatorRule(lambda ctx: ctx.apply(ctx.feature_maps(), kind))


def reduce_spatial(kind: str) -> OperatorRule:
    """ReduceMean and ReduceMax over the height and the width."""

    def translate(ctx: NodeContext) -> View:
        view, axes = ctx.view(), ctx.ints(1, "axes")
        rank = len(view.dims)
        spatial = set(range(1, rank)) - {view.channel_axis}
        # Axes of size 1 (the batch too) may be left out or named at will.
        full = {n for n, size in enumerate(view.dims) if size > 1}
        chosen = {a % rank for a in axes} if axes else set(range(rank))
        nothing = ctx.int_attr("noop_with_empty_axes", 0) and not axes
        if rank < 3 or chosen & full != spatial & full or nothing:
            raise RefusalError(f"reduces the axes {sorted(chosen)}; only height and width together can be")
        result = ctx.apply(ctx.builder.materialise(view), kind)
        return result if ctx.int_attr("keepdims", 1) else ctx.reshaped(result, ctx.inferred_dims())

    return OperatorRule(translate)


def lrn(ctx: NodeContext) -> View:
    """LRN."""
    size = ctx.int_attr("size", 1)
    defaults = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (ctx.float_attr(name, default) for name, default in defaults.items())
    extra = None if size % 2 else "after"
    return ctx.apply(ctx.feature_maps(), "lrn", size=size, extra=extra, alpha=alpha, beta=beta, k=k)


def too_many_axes(node: OnnxNode, values: Sequence[Value | None]) -> str:
    """That a window has three axes or more."""
    kernel = values[1] if len(values) > 1 else None
    axes = kernel.ndim - 2 if isinstance(kernel, np.ndarray) else len(node.attributes.get("kernel_shape", []))
    return f"has windows with {axes} axes ({axes}-D); at most 2 can be expressed" if axes > 2 else ""


_PADS = {"auto_pad": ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")}

TABLE: Mapping[str, OperatorRule] = {
    "Conv": OperatorRule(conv, _PADS, too_many_axes),
    "ConvTranspose": OperatorRule(conv_transpose, _PADS, too_many_axes),
    "MaxPool": OperatorRule(lambda ctx: _pool(ctx, "max_pool"), _PADS, too_many_axes),
    "AveragePool": OperatorRule(average_pool, {**_PADS, "dilations": (1,)}, too_many_axes),
    "GlobalAveragePool": global_pool("global_avg_pool"),
    "GlobalMaxPool": global_pool("global_max_pool"),
    "ReduceMean": reduce_spatial("global_avg_pool"),
    "ReduceMax": reduce_spatial("global_max_pool"),
    "LRN": OperatorRule(lrn),
}
