"""Upsample and Resize: `upsample`, by factors or to a size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sheetcnn.importers.graph_builder import RefusalError, compact
from sheetcnn.importers.onnx.node_context import NodeContext, OperatorRule
from sheetcnn.importers.onnx.views import View

_MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear"}


def upsample(ctx: NodeContext) -> View:
    """Upsample (up to opset 9), and Resize of opset 10, which has the same rule."""
    factors = ctx.constant(1).ravel() if ctx.has(1) else ctx.node.attributes.get("scales")
    if factors is None:
        raise RefusalError("lacks scales")
    mode = _MODES[ctx.string_attr("mode", "nearest")]
    return _by_factors(ctx, factors, range(len(factors)), {"mode": mode, "coordinates": "asymmetric"})


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
    options |= {"mode": mode, "coordinates": coordinates}
    if ctx.has(3) and ctx.constant(3).size:
        sizes = zip(axes, ctx.ints(3, "sizes") or [], strict=True)
        return _resized(ctx, "size", dict(sizes), view.dims, options)
    if not ctx.has(2):
        raise RefusalError("lacks scales and sizes")
    return _by_factors(ctx, ctx.constant(2).ravel(), axes, options)


def _by_factors(
    ctx: NodeContext, factors: Iterable[float], axes: Sequence[int], options: Mapping[str, object]
) -> View:
    scales = dict(zip(axes, map(float, factors), strict=True))
    return _resized(ctx, "scale", scales, [1.0] * len(ctx.view().dims), options)


def _resized(
    ctx: NodeContext,
    option: str,
    numbers: Mapping[int, float],
    unchanged: Sequence[float],
    options: Mapping[str, object],
) -> View:
    """The layer for a size or a scale by axis; `unchanged` has those of each axis that leave it as it is."""
    view = ctx.feature_maps()
    each = [numbers.get(n, number) for n, number in enumerate(unchanged)]
    if each[:2] != list(unchanged[:2]):
        raise RefusalError("resizes the batch or the channels")
    spatial = each[2:] if len(each) == 4 else [1, *each[2:]]
    return ctx.apply(view, "upsample", None, **{option: compact(spatial)}, **options)


_COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners")
_MODE_NAMES = {"mode": tuple(_MODES)}

TABLE: Mapping[str, OperatorRule] = {
    "Upsample": OperatorRule(upsample, _MODE_NAMES),
    "Resize": OperatorRule(
        resize,
        {
            **_MODE_NAMES,
            "coordinate_transformation_mode": _COORDINATES,
            "antialias": (0,),
            "keep_aspect_ratio_policy": ("stretch",),
        },
    ),
}
