"""Operators that move values and compute nothing: reshaping, transposing, slicing, joining, padding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import NodeContext, OperatorRule, scalar
from sheetcnn.importers.onnx.proto import size_of
from sheetcnn.importers.onnx.views import View, dims_text
from sheetcnn.model.ops import OPS
from sheetcnn.shape import Shape

SWAPS = {"y": [1, 0, 2], "x": [2, 1, 0]}
"""The permutations that exchange an axis with the channels; each is its own inverse."""


def reshape(ctx: NodeContext) -> View:
    """Reshape, Flatten, Squeeze, Unsqueeze: the same values in another shape."""
    return ctx.reshaped(ctx.view(), ctx.inferred_dims())


def expand(ctx: NodeContext) -> View:
    """Expand that only adds axes of size 1."""
    view = ctx.view()
    dims = np.broadcast_shapes(view.dims, tuple(ctx.ints(1, "shape") or ()))
    if size_of(dims) != size_of(view.dims):
        raise RefusalError(f"repeats an activation of shape {dims_text(view.dims)} to {dims_text(dims)}")
    return ctx.reshaped(view, dims)


def transpose(ctx: NodeContext) -> View:
    """Transpose.

    To channels last and back is only a view. Within a chain Reshape, Transpose, Reshape it may be a
    channel shuffle, depth to space or space to depth: each layer that could be meant is tried on the
    numbers 0, 1, 2, ... Otherwise it is `permute`.
    """
    view, rank = ctx.view(), len(ctx.view().dims)
    perm = [p % rank for p in ctx.ints_attr("perm") or range(rank)[::-1]]
    dims = tuple(view.dims[p] for p in perm)
    to_last = [0, *range(2, rank), 1]
    if view.channels_last:
        if [to_last[p] for p in perm] == list(range(rank)):
            return View(view.tensor, dims)
        view = ctx.builder.contiguous(view)
    size = size_of(view.dims)
    numbers = np.arange(size, dtype=np.float64)
    wanted = numbers.reshape(view.dims).transpose(perm).ravel()
    if (wanted == numbers).all():
        return ctx.reshaped(view, dims)
    if view.graph_shape != ctx.shape(view):
        for kind, options in _rearrangements(ctx.shape(view), view.dims):
            found = OPS[kind].model_validate(options).run([numbers.reshape(ctx.shape(view).dims)], {})
            if (found.ravel() == wanted).all():
                return View(ctx.layer(kind, [view.tensor], **options), dims, name=ctx.node.name)
    if view.graph_shape is not None and rank in (3, 4) and perm == to_last:
        return replace(ctx.builder.materialise(view), dims=dims, channels_last=True)
    if view.graph_shape is not None and rank == 4 and perm[0] == 0:
        source = ctx.builder.materialise(view)
        return View(ctx.layer("permute", [source.tensor], order=[p - 1 for p in perm[1:]]), dims)
    return _permuted_groups(ctx, view, perm, dims)


def _rearrangements(shape: Shape, dims: Sequence[int]) -> Iterator[tuple[str, dict[str, object]]]:
    """The layers that a transposition of maps, reshaped to `dims`, could be."""
    if shape.is_vector:
        return
    for n in sorted({d for d in dims if d > 1}):
        if shape.channels % n == 0:
            yield "channel_shuffle", {"groups": n}
        for mode in ("dcr", "crd"):
            if shape.channels % n**2 == 0:
                yield "depth_to_space", {"block": n, "mode": mode}
            if shape.height % n == 0 and shape.width % n == 0:
                yield "space_to_depth", {"block": n, "mode": mode}


def _permuted_groups(ctx: NodeContext, view: View, perm: Sequence[int], dims: tuple[int, ...]) -> View:
    """Any transposition that, axes that stay together taken as one, turns at most three axes."""
    groups: list[list[int]] = []
    for axis in (p for p in perm if view.dims[p] > 1):
        if groups and [a for a in range(groups[-1][-1] + 1, axis + 1) if view.dims[a] > 1] == [axis]:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    if len(groups) > 3:
        raise RefusalError(f"attribute perm={list(perm)} of an input of shape {dims_text(view.dims)}")
    ordered = sorted(groups)
    sizes = [size_of(view.dims[a] for a in group) for group in ordered]
    order = [ordered.index(group) for group in groups]
    if len(groups) == 2:  # one row of maps, as everywhere
        sizes, order = [sizes[0], 1, sizes[1]], SWAPS["x"]
    source = ctx.builder.reshaped(view.tensor, Shape(tuple(sizes)), view.name)
    return View(ctx.layer("permute", [source], order=order), dims, name=f"{ctx.node.name}/shape")


def axis_names(view: View) -> dict[int, str]:
    """What the axes of a view with a shape in the graph are: "channel", "y", "x"; the batch has no name."""
    rank = len(view.dims)
    spatial = {4: ("y", "x"), 3: ("x",)}.get(rank, ())
    names = (*spatial, "channel") if view.channels_last else ("channel", *spatial)
    return dict(enumerate(names, rank - len(names)))


def sliced(ctx: NodeContext, view: View, ranges: Mapping[int, range], part: str = "") -> View:
    """Some of the positions along some axes."""
    ranges = {a: r for a, r in ranges.items() if r != range(view.dims[a])}
    if not ranges:
        return view
    view = ctx.builder.materialise(view)
    axes = {axis_names(view).get(axis, "batch"): r for axis, r in ranges.items()}
    for name, r in axes.items():
        if not r or r.step < 1 or name == "batch":
            raise RefusalError(f"takes the positions {list(r)[:8]} of the {name} axis")
    tensor = view.tensor
    if "channel" in axes:
        r = axes.pop("channel")
        step = r.step if r.step > 1 else None
        tensor = ctx.layer("slice_channels", [tensor], None, part, start=r.start, stop=r[-1] + 1, step=step)
        part = f"{part}pixels"
    if axes:
        shape = ctx.builder.shape(tensor)
        rows, columns = axes.get("y", range(shape.height)), axes.get("x", range(shape.width))
        cut = [rows[0], shape.height - rows[-1] - 1, columns[0], shape.width - columns[-1] - 1]
        if any(cut):
            tensor = ctx.layer("crop", [tensor], None, part, crop=cut)
            part = f"{part}steps"
        if (rows.step, columns.step) != (1, 1):  # the largest of one pixel is that pixel
            stride = [rows.step, columns.step]
            tensor = ctx.layer("max_pool", [tensor], None, part, kernel_size=1, stride=stride)
    return ctx.view_like(view, tensor)


def slice_(ctx: NodeContext) -> View:
    """Slice."""
    view = ctx.view()
    starts, ends = ctx.ints(1, "starts"), ctx.ints(2, "ends")
    if starts is None or ends is None:
        raise RefusalError("lacks starts or ends")
    rank = len(view.dims)
    axes = ctx.ints(3, "axes") or list(range(len(starts)))
    steps = ctx.ints(4, "steps") or [1] * len(starts)
    ranges = {
        axis % rank: range(view.dims[axis])[start:end:step]
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
    }
    return sliced(ctx, view, ranges)


def split(ctx: NodeContext) -> list[View]:
    """Split; one slice for each part that is read."""
    view = ctx.view()
    axis = ctx.axis(0, len(view.dims))
    size, parts = view.dims[axis], len(ctx.node.outputs)
    sizes = ctx.ints(1, "split")
    if sizes is None:
        each = -(-size // parts)
        sizes = [min(each, size - n * each) for n in range(parts)]
    if min(sizes) < 1 or sum(sizes) != size or len(sizes) != parts:
        raise RefusalError(f"splits {size} positions into {sizes}")
    ends = [sum(sizes[: n + 1]) for n in range(parts)]
    return [
        sliced(ctx, view, {axis: range(end - n, end)}, f"part{k}") if ctx.uses[name] else view
        for k, (n, end, name) in enumerate(zip(sizes, ends, ctx.node.outputs, strict=True), 1)
    ]


def gather(ctx: NodeContext) -> View:
    """Gather at constant places that are evenly spaced, or any channels."""
    view = ctx.view()
    axis = ctx.axis(0, len(view.dims))
    size, index = view.dims[axis], ctx.constant(1)
    places = [int(i) % size for i in index.ravel()]
    step = places[1] - places[0] if len(places) > 1 else 1
    even = range(places[0], places[-1] + (1 if step > 0 else -1), step or 1)
    if step > 0 and list(even) == places:
        taken = sliced(ctx, view, {axis: even})
    elif axis == view.channel_axis:
        pieces = [sliced(ctx, view, {axis: range(i, i + 1)}, f"channel{n}") for n, i in enumerate(places, 1)]
        tensor = ctx.layer("concat", [p.tensor for p in pieces])
        taken = ctx.view_like(view, tensor)
    else:
        raise RefusalError(f"takes the positions {places[:8]} of axis {axis}; evenly spaced ones can be")
    dims = (*view.dims[:axis], *index.shape, *view.dims[axis + 1 :])
    return ctx.reshaped(taken, dims)


def concat(ctx: NodeContext) -> View:
    """Concat along any axis but the batch."""
    views = [ctx.view(n) for n in range(len(ctx.values))]
    if len(views) == 1:
        return views[0]
    rank = len(views[0].dims)
    axis = ctx.axis(1, rank)
    if not all(v.channels_last for v in views):
        views = [ctx.builder.contiguous(v) for v in views]
    if views[0].graph_shape is not None:
        views = [ctx.builder.materialise(v) for v in views]
        if views[0].channel_axis != axis and axis:
            return _concat_spatial(ctx, [ctx.builder.channels_first(v) for v in views], axis)
    dims = list(views[0].dims)
    dims[axis] = sum(v.dims[axis] for v in views)
    turned = not views[0].channels_last and size_of(views[0].dims[:axis]) > 1
    if turned or (views[0].channel_axis and not axis):
        raise RefusalError(f"attribute axis={axis} for inputs of shape {dims_text(views[0].dims)}")
    return View(ctx.layer("concat", [v.tensor for v in views]), tuple(dims), views[0].channels_last)


def _concat_spatial(ctx: NodeContext, views: Sequence[View], axis: int) -> View:
    """Maps set side by side or one above the other, by way of the channels."""
    order = SWAPS[axis_names(views[0])[axis]]
    turned = [ctx.builder.shared_layer(v.tensor, "permute", {"order": order}) for v in views]
    whole = ctx.layer("concat", turned, None, "turned")
    tensor = ctx.layer("permute", [whole], order=order)
    return ctx.view_like(views[0], tensor)


def pad(ctx: NodeContext) -> View:
    """Pad; negative pads cut off, pads of the channels go by way of the rows."""
    view, pads = ctx.view(), ctx.ints(1, "pads")
    rank = len(view.dims)
    axes = [a % rank for a in (ctx.ints(3, "axes") or range(rank))]
    if pads is None or len(pads) != 2 * len(axes):
        raise RefusalError(f"has {len(pads or [])} pads for {len(axes)} axes")
    before, after = dict.fromkeys(range(rank), 0), dict.fromkeys(range(rank), 0)
    before.update(zip(axes, pads, strict=False))
    after.update(zip(axes, pads[len(axes) :], strict=True))
    value = scalar(ctx.constant(2)) if ctx.has(2) else ctx.float_attr("value", 0.0)
    options: dict[str, object] = {"mode": ctx.string_attr("mode", "constant")}
    if value and options["mode"] == "constant":
        options["value"] = value
    kept = {a: range(max(0, -before[a]), view.dims[a] - max(0, -after[a])) for a in range(rank)}
    view = sliced(ctx, view, kept, "cut")
    grow = {a: (max(0, before[a]), max(0, after[a])) for a in range(rank) if max(before[a], after[a]) > 0}
    if not grow:
        return view
    view = ctx.builder.materialise(view)
    sides = {axis_names(view).get(a, "batch"): ends for a, ends in grow.items()}
    if "batch" in sides:
        raise RefusalError("pads the batch axis")
    tensor = view.tensor
    if "channel" in sides:
        turned = ctx.builder.shared_layer(tensor, "permute", {"order": SWAPS["y"]})
        ends = [*sides.pop("channel"), 0, 0]
        padded = ctx.layer("pad", [turned], None, "channels", padding=ends, **options)
        tensor = ctx.layer("permute", [padded], None, "" if not sides else "back", order=SWAPS["y"])
    if sides:
        edges = [*sides.get("y", (0, 0)), *sides.get("x", (0, 0))]
        tensor = ctx.layer("pad", [tensor], padding=edges, **options)
    return ctx.view_like(view, tensor)


def space_depth(kind: str) -> OperatorRule:
    """DepthToSpace and SpaceToDepth."""

    def translate(ctx: NodeContext) -> View:
        mode = ctx.string_attr("mode", "DCR").lower()
        return ctx.apply(ctx.feature_maps(), kind, block=ctx.int_attr("blocksize", 1), mode=mode)

    return OperatorRule(translate, {"mode": ("DCR", "CRD")})


TABLE: Mapping[str, OperatorRule] = {
    "Reshape": OperatorRule(reshape),
    "Flatten": OperatorRule(reshape),
    "Squeeze": OperatorRule(reshape),
    "Unsqueeze": OperatorRule(reshape),
    "Expand": OperatorRule(expand),
    "Transpose": OperatorRule(transpose),
    "Slice": OperatorRule(slice_),
    "Split": OperatorRule(split),
    "Gather": OperatorRule(gather),
    "Concat": OperatorRule(concat),
    "Pad": OperatorRule(pad, {"mode": ("constant", "reflect", "edge")}),
    "DepthToSpace": space_depth("depth_to_space"),
    "SpaceToDepth": space_depth("space_to_depth"),
}
