"""Which layers move the values of a tensor in a given way.

A chain such as view, transpose, view is looked at as a whole: it is run on the numbers 0, 1, 2, ...,
and the order in which they come out tells which layer does the same: none, flatten, reshape, a
permutation of the axes, a channel shuffle, depth to space or space to depth, or a permutation between
two reshapes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.torch.values import Step, TorchTensor, graph_shape
from sheetcnn.model.ops import OPS
from sheetcnn.shape import Shape, ShapeMismatchError

LayerChain = list[tuple[str, dict[str, Any]]]
"""Layers one after the other: kinds and options."""

LARGEST = 1 << 27
"""Values of a tensor whose moves are tried: far more than a workbook holds."""


def layers_for(x: TorchTensor) -> LayerChain:
    """The layers that make the moves of a tensor that wait.

    Raises:
        RefusalError: if its axes are not those of a vector or of maps, or no layers make these moves.
    """
    start, target = graph_shape(x.base_dims), graph_shape(x.dims)
    if start is None or target is None:
        raise RefusalError(f"it reads a tensor of shape {x.dims}; known are 1×C×H×W, 1×C×L and 1×N")
    if start.size > LARGEST:
        raise RefusalError(f"it moves a tensor of {start.size:,} values; {LARGEST:,} are tried at most")
    given = np.arange(start.size)
    wanted: npt.NDArray[Any] = given.reshape(x.base_dims)
    for kind, numbers in x.pending:
        wanted = wanted.reshape(numbers) if kind == "view" else wanted.transpose(numbers)
    for chain in _candidates(start, target, x.pending):
        if _moves_alike(chain, given.reshape(start.dims), wanted.reshape(target.dims)):
            return chain
    words = ", ".join(f"{kind} {numbers}" for kind, numbers in x.pending)
    raise RefusalError(f"no layer moves the values of {start} so: {words}")


def _moves_alike(chain: LayerChain, values: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> bool:
    """Whether layers move values as wanted; the layers themselves say what they do."""
    shape = Shape(values.shape)
    layers = [OPS[kind](**options) for kind, options in chain]
    try:
        for layer in layers:
            shape = layer.out_shape([shape])
    except ShapeMismatchError:
        return False
    if shape.dims != wanted.shape:
        return False
    for layer in layers:
        values = layer.run([values], {})
    return bool(np.array_equal(values, wanted))


def _candidates(start: Shape, target: Shape, steps: Sequence[Step]) -> Iterator[LayerChain]:
    """Layers that could make the moves, the simplest first."""
    ends = _final_shape(target)
    yield []
    yield ends
    if start.is_vector:
        return
    for order in itertools.permutations(range(3)):
        yield [("permute", {"order": order})]
        yield [("permute", {"order": order}), *ends]
    for groups in range(2, start.channels):
        if start.channels % groups == 0 and start == target:
            yield [("channel_shuffle", {"groups": groups})]
    for kind, (small, large) in (("depth_to_space", (start, target)), ("space_to_depth", (target, start))):
        block = large.height // small.height
        for mode in ("crd", "dcr"):
            if block > 1 and not target.is_vector:
                yield [(kind, {"block": block, "mode": mode})]
    yield from _grouped(steps, ends)


def _final_shape(target: Shape) -> LayerChain:
    return [("flatten", {})] if target.is_vector else [("reshape", {"shape": target.dims})]


def _grouped(steps: Sequence[Step], ends: LayerChain) -> Iterator[LayerChain]:
    """View, permute, view, where axes that stay together count as one and no more than three remain."""
    for (first, dims), (second, order) in itertools.pairwise(steps):
        if (first, second) != ("view", "permute"):
            continue
        kept = [axis for axis in order if dims[axis] > 1]
        runs: list[list[int]] = []
        for axis in kept:
            end = runs[-1][-1] if runs else axis
            if axis > end and all(dims[a] == 1 for a in range(end + 1, axis)):
                runs[-1].append(axis)
            else:
                runs.append([axis])
        if len(runs) > 3:
            continue
        before = sorted(range(len(runs)), key=lambda n: runs[n][0])
        sizes = [math.prod(dims[a] for a in runs[n]) for n in before]
        turned = [before.index(n) for n in range(len(runs))]
        sizes += [1] * (3 - len(sizes))
        turned += range(len(turned), 3)
        yield [("reshape", {"shape": tuple(sizes)}), ("permute", {"order": tuple(turned)}), *ends]
