"""Operators that move values and compute nothing: reshaping, transposing, slicing, joining, padding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import Call, Entry, scalar
from sheetcnn.importers.onnx.proto import count
from sheetcnn.importers.onnx.views import View, dims_of, natural, words
from sheetcnn.model.ops import OPS
from sheetcnn.shape import Shape

SWAPS = {"y": [1, 0, 2], "x": [2, 1, 0]}
"""The permutations that exchange an axis with the channels; each is its own inverse."""


def reshape(call: Call) -> View:
    """Reshape, Flatten, Squeeze, Unsqueeze: the same values in another shape."""
    return call.reread(call.view(), call.imagine())


def expand(call: Call) -> View:
    """Expand that only adds axes of size 1."""
    view = call.view()
    dims = np.broadcast_shapes(view.dims, tuple(call.numbers(1, "shape") or ()))
    if count(dims) != count(view.dims):
        raise RefusalError(f"repeats an activation of shape {words(view.dims)} to {words(dims)}")
    return call.reread(view, dims)


def transpose(call: Call) -> View:
    """Transpose.

    To channels last and back is only a view. Within a chain Reshape, Transpose, Reshape it may be a
    channel shuffle, depth to space or space to depth: each layer that could be meant is tried on the
    numbers 0, 1, 2, ... Otherwise it is `permute`.
    """
    view, rank = call.view(), len(call.view().dims)
    perm = [p % rank for p in call.wholes("perm") or range(rank)[::-1]]
    dims = tuple(view.dims[p] for p in perm)
    to_last = [0, *range(2, rank), 1]
    if view.last:
        if [to_last[p] for p in perm] == list(range(rank)):
            return View(view.tensor, dims)
        view = call.build.rows(view)
    size = count(view.dims)
    numbers = np.arange(size, dtype=np.float64)
    wanted = numbers.reshape(view.dims).transpose(perm).ravel()
    if (wanted == numbers).all():
        return call.reread(view, dims)
    if natural(view.dims) != call.shape(view):
        for kind, options in _rearrangements(call.shape(view), view.dims):
            found = OPS[kind].model_validate(options).run([numbers.reshape(call.shape(view).dims)], {})
            if (found.ravel() == wanted).all():
                return View(call.layer(kind, [view.tensor], **options), dims, name=call.node.name)
    if natural(view.dims) is not None and rank in (3, 4) and perm == to_last:
        return replace(call.build.settle(view), dims=dims, last=True)
    if natural(view.dims) is not None and rank == 4 and perm[0] == 0:
        settled = call.build.settle(view)
        return View(call.layer("permute", [settled.tensor], order=[p - 1 for p in perm[1:]]), dims)
    return _turned(call, view, perm, dims)


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


def _turned(call: Call, view: View, perm: Sequence[int], dims: tuple[int, ...]) -> View:
    """Any transposition that, axes that stay together taken as one, turns at most three axes."""
    blocks: list[list[int]] = []
    for axis in (p for p in perm if view.dims[p] > 1):
        if blocks and [a for a in range(blocks[-1][-1] + 1, axis + 1) if view.dims[a] > 1] == [axis]:
            blocks[-1].append(axis)
        else:
            blocks.append([axis])
    if len(blocks) > 3:
        raise RefusalError(f"attribute perm={list(perm)} of an input of shape {words(view.dims)}")
    ordered = sorted(blocks)
    sizes = [count(view.dims[a] for a in block) for block in ordered]
    order = [ordered.index(block) for block in blocks]
    if len(blocks) == 2:  # one row of maps, as everywhere
        sizes, order = [sizes[0], 1, sizes[1]], SWAPS["x"]
    source = call.build.reshaped(view.tensor, Shape(tuple(sizes)), view.name)
    return View(call.layer("permute", [source], order=order), dims, name=f"{call.node.name}/shape")


def places(view: View) -> dict[int, str]:
    """What the axes of a natural view are: "channel", "y" or "x"; the batch is not among them."""
    rank = len(view.dims)
    spatial = {4: ("y", "x"), 3: ("x",)}.get(rank, ())
    names = (*spatial, "channel") if view.last else ("channel", *spatial)
    return dict(enumerate(names, rank - len(names)))


def chosen(call: Call, view: View, ranges: Mapping[int, range], part: str = "") -> View:
    """Some of the positions along some axes."""
    ranges = {a: r for a, r in ranges.items() if r != range(view.dims[a])}
    if not ranges:
        return view
    view = call.build.settle(view)
    axes = {places(view).get(axis, "batch"): r for axis, r in ranges.items()}
    for name, r in axes.items():
        if not r or r.step < 1 or name == "batch":
            raise RefusalError(f"takes the positions {list(r)[:8]} of the {name} axis")
    tensor = view.tensor
    if "channel" in axes:
        r = axes.pop("channel")
        step = r.step if r.step > 1 else None
        tensor = call.layer("slice_channels", [tensor], None, part, start=r.start, stop=r[-1] + 1, step=step)
        part = f"{part}pixels"
    if axes:
        shape = call.build.shape(tensor)
        rows, columns = axes.get("y", range(shape.height)), axes.get("x", range(shape.width))
        cut = [rows[0], shape.height - rows[-1] - 1, columns[0], shape.width - columns[-1] - 1]
        if any(cut):
            tensor = call.layer("crop", [tensor], None, part, crop=cut)
            part = f"{part}steps"
        if (rows.step, columns.step) != (1, 1):  # the largest of one pixel is that pixel
            stride = [rows.step, columns.step]
            tensor = call.layer("max_pool", [tensor], None, part, kernel_size=1, stride=stride)
    return View(tensor, dims_of(call.build.shape(tensor), len(view.dims), last=view.last), view.last)


def slice_(call: Call) -> View:
    """Slice."""
    view = call.view()
    starts, ends = call.numbers(1, "starts"), call.numbers(2, "ends")
    if starts is None or ends is None:
        raise RefusalError("lacks starts or ends")
    rank = len(view.dims)
    axes = call.numbers(3, "axes") or list(range(len(starts)))
    steps = call.numbers(4, "steps") or [1] * len(starts)
    ranges = {
        axis % rank: range(view.dims[axis])[start:end:step]
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
    }
    return chosen(call, view, ranges)


def split(call: Call) -> list[View]:
    """Split; one slice for each part that is read."""
    view = call.view()
    axis = call.axis(0, len(view.dims))
    size, parts = view.dims[axis], len(call.node.outputs)
    sizes = call.numbers(1, "split")
    if sizes is None:
        each = -(-size // parts)
        sizes = [min(each, size - n * each) for n in range(parts)]
    if min(sizes) < 1 or sum(sizes) != size or len(sizes) != parts:
        raise RefusalError(f"splits {size} positions into {sizes}")
    ends = [sum(sizes[: n + 1]) for n in range(parts)]
    return [
        chosen(call, view, {axis: range(end - n, end)}, f"part{k}") if call.uses[name] else view
        for k, (n, end, name) in enumerate(zip(sizes, ends, call.node.outputs, strict=True), 1)
    ]


def gather(call: Call) -> View:
    """Gather at constant places that are evenly spaced, or any channels."""
    view = call.view()
    axis = call.axis(0, len(view.dims))
    size, index = view.dims[axis], call.constant(1)
    places = [int(i) % size for i in index.ravel()]
    step = places[1] - places[0] if len(places) > 1 else 1
    even = range(places[0], places[-1] + (1 if step > 0 else -1), step or 1)
    if step > 0 and list(even) == places:
        taken = chosen(call, view, {axis: even})
    elif axis == view.axis:
        pieces = [chosen(call, view, {axis: range(i, i + 1)}, f"channel{n}") for n, i in enumerate(places, 1)]
        tensor = call.layer("concat", [p.tensor for p in pieces])
        taken = View(tensor, dims_of(call.build.shape(tensor), len(view.dims), last=view.last), view.last)
    else:
        raise RefusalError(f"takes the positions {places[:8]} of axis {axis}; evenly spaced ones can be")
    dims = (*view.dims[:axis], *index.shape, *view.dims[axis + 1 :])
    return call.reread(taken, dims)


def concat(call: Call) -> View:
    """Concat along any axis but the batch."""
    views = [call.view(n) for n in range(len(call.values))]
    if len(views) == 1:
        return views[0]
    rank = len(views[0].dims)
    axis = call.axis(1, rank)
    if not all(v.last for v in views):
        views = [call.build.rows(v) for v in views]
    if natural(views[0].dims, last=views[0].last) is not None:
        views = [call.build.settle(v) for v in views]
        if views[0].axis != axis and axis:
            return _beside(call, [call.build.first(v) for v in views], axis)
    dims = list(views[0].dims)
    dims[axis] = sum(v.dims[axis] for v in views)
    turned = not views[0].last and count(views[0].dims[:axis]) > 1
    if turned or (views[0].axis and not axis):
        raise RefusalError(f"attribute axis={axis} for inputs of shape {words(views[0].dims)}")
    return View(call.layer("concat", [v.tensor for v in views]), tuple(dims), views[0].last)


def _beside(call: Call, views: Sequence[View], axis: int) -> View:
    """Maps set side by side or one above the other, by way of the channels."""
    order = SWAPS[places(views[0])[axis]]
    turned = [call.build.once(v.tensor, "permute", {"order": order}) for v in views]
    whole = call.layer("concat", turned, None, "turned")
    tensor = call.layer("permute", [whole], order=order)
    return View(tensor, dims_of(call.build.shape(tensor), len(views[0].dims)))


def pad(call: Call) -> View:
    """Pad; negative pads cut off, pads of the channels go by way of the rows."""
    view, pads = call.view(), call.numbers(1, "pads")
    rank = len(view.dims)
    axes = [a % rank for a in (call.numbers(3, "axes") or range(rank))]
    if pads is None or len(pads) != 2 * len(axes):
        raise RefusalError(f"has {len(pads or [])} pads for {len(axes)} axes")
    before, after = dict.fromkeys(range(rank), 0), dict.fromkeys(range(rank), 0)
    before.update(zip(axes, pads, strict=False))
    after.update(zip(axes, pads[len(axes) :], strict=True))
    value = scalar(call.constant(2)) if call.has(2) else call.number("value", 0.0)
    options: dict[str, object] = {"mode": call.text("mode", "constant")}
    if value and options["mode"] == "constant":
        options["value"] = value
    kept = {a: range(max(0, -before[a]), view.dims[a] - max(0, -after[a])) for a in range(rank)}
    view = chosen(call, view, kept, "cut")
    grow = {a: (max(0, before[a]), max(0, after[a])) for a in range(rank) if max(before[a], after[a]) > 0}
    if not grow:
        return view
    view = call.build.settle(view)
    sides = {places(view).get(a, "batch"): ends for a, ends in grow.items()}
    if "batch" in sides:
        raise RefusalError("pads the batch axis")
    tensor = view.tensor
    if "channel" in sides:
        turned = call.build.once(tensor, "permute", {"order": SWAPS["y"]})
        ends = [*sides.pop("channel"), 0, 0]
        padded = call.layer("pad", [turned], None, "channels", padding=ends, **options)
        tensor = call.layer("permute", [padded], None, "" if not sides else "back", order=SWAPS["y"])
    if sides:
        edges = [*sides.get("y", (0, 0)), *sides.get("x", (0, 0))]
        tensor = call.layer("pad", [tensor], padding=edges, **options)
    return View(tensor, dims_of(call.build.shape(tensor), rank, last=view.last), view.last)


def blocks(kind: str) -> Entry:
    """DepthToSpace and SpaceToDepth."""

    def rule(call: Call) -> View:
        mode = call.text("mode", "DCR").lower()
        return call.after(call.maps(), kind, block=call.whole("blocksize", 1), mode=mode)

    return Entry(rule, {"mode": ("DCR", "CRD")})


TABLE: Mapping[str, Entry] = {
    "Reshape": Entry(reshape),
    "Flatten": Entry(reshape),
    "Squeeze": Entry(reshape),
    "Unsqueeze": Entry(reshape),
    "Expand": Entry(expand),
    "Transpose": Entry(transpose),
    "Slice": Entry(slice_),
    "Split": Entry(split),
    "Gather": Entry(gather),
    "Concat": Entry(concat),
    "Pad": Entry(pad, {"mode": ("constant", "reflect", "edge")}),
    "DepthToSpace": blocks("depth_to_space"),
    "SpaceToDepth": blocks("space_to_depth"),
}
