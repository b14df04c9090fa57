"""Upsample and Resize: `upsample`, by factors or to a size."""

from __future__ import annotations

from collections.abc import Mapping

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import NodeContext, OperatorRule
from sheetcnn.importers.onnx.views import View

_MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear"}


def upsample(ctx: NodeContext) -> View:
    """Upsample (up to opset 9), and Resize of opset 10, which has the same rule."""
    factors = ctx.constant(1).ravel() if ctx.has(1) else ctx.node.attributes.get("scales")
    if factors is None:
        raise RefusalError("lacks scales")
    mode = _MODES[ctx.string_attr("mode", "nearest")]
    return _by_factors(ctx, [float(f) for f in factors], list(range(len(factors))), mode, "asymmetric")


def resize(ctx: NodeContext) -> View:
    """Resize."""
    if ctx.opset < 11:
        return upsample(ctx)
    view = ctx.view()
    rank = len(view.dims)
    axes = [a % rank for a in (ctx.ints_attr("axes") or range(rank))]
    mode = _MODES[ctx.string_attr("mode", "nearest")]
    coordinates = ctx.string_attr("coordinate_transformation_mode", "half_pixel")
    options = {"rounding": ctx.string_attr("nearest_mode", "round_prefer_floor")} if mode == "nearest" else {}
    if ctx.has(3) and ctx.constant(3).size:
        sizes = dict(enumerate(view.dims)) | dict(zip(axes, ctx.ints(3, "sizes") or [], strict=True))
        return _to_size(ctx, sizes, mode, coordinates, options)
    if not ctx.has(2):
        raise RefusalError("lacks scales and sizes")
    factors = [float(f) for f in ctx.constant(2).ravel()]
    return _by_factors(ctx, factors, axes, mode, coordinates, options)


def _by_factors(
    ctx: NodeContext,
    factors: list[float],
    axes: list[int],
    mode: str,
    coordinates: str,
    options: Mapping[str, object] | None = None,
) -> View:
    view = ctx.feature_maps()
    rank = len(view.dims)
    each = dict.fromkeys(range(rank), 1.0) | dict(zip(axes, factors, strict=True))
    if each[0] != 1 or each[1] != 1:
        raise RefusalError("resizes the batch or the channels")
    scale = [each[n] for n in range(2, rank)]
    scale = [1.0, *scale] if rank == 3 else scale
    return ctx.apply(
        view,
        "upsample",
        scale=scale[0] if scale[0] == scale[1] else scale,
        mode=mode,
        coordinates=coordinates,
        **(options or {}),
    )


def _to_size(
    ctx: NodeContext, sizes: Mapping[int, int], mode: str, coordinates: str, options: Mapping[str, object]
) -> View:
    view = ctx.feature_maps()
    rank = len(view.dims)
    if (sizes[0], sizes[1]) != view.dims[:2]:
        raise RefusalError("resizes the batch or the channels")
    size = [sizes[n] for n in range(2, rank)]
    size = [1, *size] if rank == 3 else size
    return ctx.apply(view, "upsample", size=size, mode=mode, coordinates=coordinates, **options)


_MODE_NAMES = {"mode": tuple(_MODES)}

TABLE: Mapping[str, OperatorRule] = {
    "Upsample": OperatorRule(upsample, _MODE_NAMES),
    "Resize": OperatorRule(
        resize,
        {
            **_MODE_NAMES,
            "coordinate_transformation_mode": (
                "half_pixel",
                "pytorch_half_pixel",
                "asymmetric",
                "align_corners",
            ),
            "antialias": (0,),
            "keep_aspect_ratio_policy": ("stretch",),
        },
    ),
}
