"""Convolutions and poolings: operators that move a window over the maps.

ONNX lists pads as (top, left, bottom, right) and dense kernels in PyTorch's order. Maps with one axis
`(1, C, L)` are one row `(C, 1, L)` here, so their windows are one cell high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import Call, Entry, Value
from sheetcnn.importers.onnx.proto import OnnxNode
from sheetcnn.importers.onnx.views import View
from sheetcnn.model.ops import OPS
from sheetcnn.model.ops.spatial import window_geometry


def _pair(call: Call, name: str, default: int | None = 1, rank: int = 4) -> tuple[int, int]:
    """An attribute with one number per axis, as (height, width)."""
    values = call.wholes(name)
    if values is None:
        if default is None:
            raise RefusalError(f"lacks the attribute {name}")
        values = [default] * (rank - 2)
    if len(values) != rank - 2:
        raise RefusalError(
            f"attribute {name}={values}, but the input has {rank - 2} axes besides its channels"
        )
    return (1 if default is None else default, values[0]) if rank == 3 else (values[0], values[1])


def _edges(call: Call, name: str, rank: int) -> list[int] | None:
    """An attribute such as `pads` as [top, bottom, left, right]; None where it is not given."""
    pads = call.wholes(name)
    if pads is None:
        return None
    if len(pads) != 2 * (rank - 2):
        raise RefusalError(f"attribute {name}={pads}, but the input has {rank - 2} axes besides its channels")
    if min(pads) < 0:
        raise RefusalError(f"attribute {name}={pads}; negative padding cannot be expressed here")
    return [0, 0, *pads] if rank == 3 else [pads[0], pads[2], pads[1], pads[3]]


def _padding(call: Call, view: View, *sizes: tuple[int, int]) -> object:
    """The option `padding` of a layer with these sizes of kernel, stride and dilation; None for none."""
    mode = call.text("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return _short(_edges(call, "pads", len(view.dims)) or [0, 0, 0, 0])
    if mode == "SAME_UPPER":
        return "same"
    if mode == "SAME_LOWER":  # the odd rest comes first
        kernel, stride, dilation = sizes
        upper = window_geometry(call.shape(view), kernel, stride, "same", dilation).padding
        return _short([upper.bottom, upper.top, upper.right, upper.left])
    return None


def _short(edges: list[int]) -> object:
    """The option, as short as it can be."""
    if not any(edges):
        return None
    return edges[0] if len(set(edges)) == 1 else edges


def _one(size: tuple[int, int]) -> object:
    return size[0] if size[0] == size[1] else list(size)


def _kernel(call: Call, view: View) -> np.ndarray:
    """The kernel, of as many axes as the input."""
    weight = call.constant(1)
    if weight.ndim != len(view.dims):
        raise RefusalError(f"has a kernel with {weight.ndim} axes for an input with {len(view.dims)}")
    return weight


def _biased(call: Call, weight: np.ndarray) -> tuple[dict[str, np.ndarray], Mapping[str, object]]:
    """The parameters, and the option `bias`."""
    if not call.has(2):
        return {"weight": weight}, {"bias": False}
    return {"weight": weight, "bias": call.constant(2)}, {}


def conv(call: Call) -> View:
    """Conv: `conv2d`, or `conv1d` over maps with one axis."""
    view = call.maps()
    weight, rank = _kernel(call, view), len(view.dims)
    params, options = _biased(call, weight)
    kernel = (1, weight.shape[2]) if rank == 3 else (weight.shape[2], weight.shape[3])
    stride, dilation = _pair(call, "strides", rank=rank), _pair(call, "dilations", rank=rank)
    padding = _padding(call, view, kernel, stride, dilation)
    groups = call.whole("group", 1)
    _agree(call, kernel, rank)
    common = {"filters": weight.shape[0], "groups": groups if groups != 1 else None, **options}
    if rank == 3:
        ends = _one((padding[2], padding[3])) if isinstance(padding, list) else padding
        sizes = {"kernel_size": kernel[1], "stride": _not_1(stride[1]), "dilation": _not_1(dilation[1])}
        return call.after(view, "conv1d", params, padding=ends, **sizes, **common)
    sizes = {"kernel_size": _one(kernel), "stride": _not_1(_one(stride)), "dilation": _not_1(_one(dilation))}
    return call.after(view, "conv2d", params, padding=padding, **sizes, **common)


def _not_1(value: object) -> object:
    return None if value == 1 else value


def _agree(call: Call, kernel: tuple[int, int], rank: int) -> None:
    if "kernel_shape" in call.node.attributes and _pair(call, "kernel_shape", 1, rank) != kernel:
        raise RefusalError(
            f"attribute kernel_shape={call.wholes('kernel_shape')}, but its kernel is {kernel[0]}×{kernel[1]}"
        )


def conv_transpose(call: Call) -> View:
    """ConvTranspose: `conv_transpose2d`; maps with one axis as one row."""
    view = call.maps()
    weight, rank = _kernel(call, view), len(view.dims)
    weight = weight[:, :, None, :] if rank == 3 else weight
    params, options = _biased(call, weight)
    kernel = (weight.shape[2], weight.shape[3])
    _agree(call, kernel, rank)
    stride = _pair(call, "strides", rank=rank)
    extra = _pair(call, "output_padding", 0, rank)
    groups = call.whole("group", 1)
    sizes = {
        "filters": weight.shape[1] * groups,
        "kernel_size": _one(kernel),
        "stride": _not_1(_one(stride)),
        "dilation": _not_1(_one(_pair(call, "dilations", rank=rank))),
        "groups": _not_1(groups),
        **options,
    }
    wanted = _wanted(call, view, stride)
    edges = _edges(call, "pads", rank)
    if wanted is not None:
        given = {k: v for k, v in sizes.items() if v is not None}
        full = OPS["conv_transpose2d"].model_validate(given).out_shape([call.shape(view)])
        surplus = (full.height + extra[0] - wanted[0], full.width + extra[1] - wanted[1])
        upper = call.text("auto_pad", "NOTSET") == "SAME_UPPER"
        extra = (extra[0] + max(0, -surplus[0]), extra[1] + max(0, -surplus[1]))
        edges = [*_halves(surplus[0], upper), *_halves(surplus[1], upper)]
    if any(extra):
        sizes["output_padding"] = _one(extra)
    return call.after(view, "conv_transpose2d", params, padding=_short(edges or [0, 0, 0, 0]), **sizes)


def _wanted(call: Call, view: View, stride: tuple[int, int]) -> tuple[int, int] | None:
    """The size of the result, where the node states it."""
    rank, shape = len(view.dims), call.shape(view)
    stated = call.wholes("output_shape")
    if stated is not None:
        return (1, stated[-1]) if rank == 3 else (stated[-2], stated[-1])
    if call.text("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER"):
        return shape.height * stride[0], shape.width * stride[1]
    return None


def _halves(total: int, upper: bool) -> tuple[int, int]:
    """What to cut before and after; the odd rest after for SAME_UPPER, before otherwise."""
    total = max(0, total)
    return (total // 2, total - total // 2) if upper else (total - total // 2, total // 2)


def _pool(call: Call, kind: str, **options: object) -> View:
    view = call.maps()
    rank = len(view.dims)
    kernel = _pair(call, "kernel_shape", None, rank)
    stride, dilation = _pair(call, "strides", rank=rank), _pair(call, "dilations", rank=rank)
    if dilation != (1, 1):
        options["dilation"] = _one(dilation)
    return call.after(
        view,
        kind,
        kernel_size=_one(kernel),
        stride=None if stride == kernel else _one(stride),
        padding=_padding(call, view, kernel, stride, dilation),
        ceil_mode=True if call.whole("ceil_mode", 0) else None,
        **options,
    )


def max_pool(call: Call) -> View:
    """MaxPool."""
    return _pool(call, "max_pool")


def average_pool(call: Call) -> View:
    """AveragePool: padding is not counted unless the node says so."""
    return _pool(call, "avg_pool", count_include_pad=bool(call.whole("count_include_pad", 0)))


def global_pool(kind: str) -> Entry:
    """GlobalAveragePool and GlobalMaxPool."""
    return Entry(lambda call: call.after(call.maps(), kind))


def reduce_spatial(kind: str) -> Entry:
    """ReduceMean and ReduceMax over the height and the width."""

    def rule(call: Call) -> View:
        view, axes = call.view(), call.numbers(1, "axes")
        rank = len(view.dims)
        spatial = set(range(1, rank)) - {view.axis}
        # Axes of size 1 (the batch too) may be left out or named at will.
        full = {n for n, size in enumerate(view.dims) if size > 1}
        chosen = {a % rank for a in axes} if axes else set(range(rank))
        if (
            rank < 3
            or chosen & full != spatial & full
            or (call.whole("noop_with_empty_axes", 0) and not axes)
        ):
            raise RefusalError(f"reduces the axes {sorted(chosen)}; only height and width together can be")
        result = call.after(call.build.settle(view), kind)
        return result if call.whole("keepdims", 1) else call.reread(result, call.imagine())

    return Entry(rule)


def lrn(call: Call) -> View:
    """LRN."""
    size = call.whole("size", 1)
    return call.after(
        call.maps(),
        "lrn",
        size=size,
        extra=None if size % 2 else "after",
        alpha=call.number("alpha", 1e-4),
        beta=call.number("beta", 0.75),
        k=call.number("bias", 1.0),
    )


def volumes(node: OnnxNode, values: Sequence[Value | None]) -> str:
    """That a window has three axes or more."""
    kernel = values[1] if len(values) > 1 else None
    axes = kernel.ndim - 2 if isinstance(kernel, np.ndarray) else len(node.attributes.get("kernel_shape", []))
    return f"has windows with {axes} axes ({axes}-D); at most 2 can be expressed" if axes > 2 else ""


_PADS = {"auto_pad": ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")}

TABLE: Mapping[str, Entry] = {
    "Conv": Entry(conv, _PADS, volumes),
    "ConvTranspose": Entry(conv_transpose, _PADS, volumes),
    "MaxPool": Entry(max_pool, _PADS, volumes),
    "AveragePool": Entry(average_pool, {**_PADS, "dilations": (1,)}, volumes),
    "GlobalAveragePool": global_pool("global_avg_pool"),
    "GlobalMaxPool": global_pool("global_max_pool"),
    "ReduceMean": reduce_spatial("global_avg_pool"),
    "ReduceMax": reduce_spatial("global_max_pool"),
    "LRN": Entry(lrn),
}
