"""Other numbers for the pixels and weights of a workbook, so that a formula cannot be right by accident.

A formula that lost its ReLU, its bias or a cell of its window may still have the right value: for pixels of
0, a bias of 0, a sum that is positive anyway. So a workbook is verified with three more sets of numbers. In
two of them all sums are positive and different, so that nothing hides behind a ReLU or a tie; in the third
kernels and biases are negative, so that every ReLU has something to cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sheetcnn.model.ops.base import Parameter
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import Plan

MAX_VALUES = 500_000
"""Values of a parameter that are changed; one with more keeps those that it has."""
PEAKED = 6
"""Power to which the weights of a kernel are raised: a few count for most, or deep layers would be alike."""


@dataclass(frozen=True)
class Variation:
    """A set of numbers.

    Attributes:
        sign: of the kernels and biases.
        rising: whether the image rises down and to the right, or falls.
    """

    sign: float
    rising: bool = True


VARIATIONS = (Variation(1.0), Variation(1.0, rising=False), Variation(-1.0))


def varied(plan: Plan, image: Array, variation: Variation) -> dict[str, dict[tuple[int, int], float]]:
    """For each sheet, other numbers for the cells of its pixels and weights.

    Args:
        plan: of the workbook.
        image: the pixels that stand in it: the new ones are up to the greatest of them.
        variation: one of `VARIATIONS`.
    """
    rng = np.random.default_rng(1)
    graph = plan.graph
    params = {
        (node.name, p.name): _other(p, rng, variation.sign).reshape(-1)
        for node in graph.nodes
        for p in graph.owned(node)
        if p.size <= MAX_VALUES
    }
    pixels = _slope(image.shape, rng, rising=variation.rising) * (float(np.abs(image).max()) or 1.0)
    found: dict[str, dict[tuple[int, int], float]] = {}
    for sheet in plan.sheets:
        cells = found.setdefault(sheet.name, {})
        for weights in sheet.weights:
            flat = params.get((weights.layer, weights.cells.parameter))
            if flat is not None:
                grid = weights.cells
                for i in range(grid.height):
                    cells.update(_line(grid.row + i, grid.col, grid.cells(flat, i)))
        for tensor in sheet.tensors:
            if tensor.formula is None:
                values = tensor.values({tensor.tensor: pixels})
                for i in range(tensor.region.rows):
                    row = tensor.row + i * tensor.row_step
                    cells.update(_line(row, tensor.col, values[i], tensor.col_step))
        for given in sheet.inputs:
            if given.channel is not None:
                for i, line in enumerate(pixels[given.channel]):
                    cells.update(_line(given.row + i, given.col, line))
    return found


def _slope(shape: tuple[int, ...], rng: np.random.Generator, *, rising: bool) -> Array:
    """An image that rises (or falls) down and to the right, a little unevenly.

    So do the maps of all layers with positive kernels, but for their edges: a window that stands one pixel
    off has another sum and another maximum.
    """
    channels, height, width = shape
    slope = np.linspace(0, 0.5, height)[:, None] + np.linspace(0, 0.3, width)
    uneven = rng.uniform(0, 0.05 / max(height, width), shape) + rng.uniform(0.1, 0.15, (channels, 1, 1))
    found: Array = (slope if rising else slope[::-1, ::-1]) + uneven
    return found


def _line(row: int, col: int, values: Array, step: int = 1) -> Iterator[tuple[tuple[int, int], float]]:
    for n, value in enumerate(values.tolist()):
        if value == value:  # NaN is a blank cell
            yield (row, col + n * step), value


def _other(parameter: Parameter, rng: np.random.Generator, sign: float) -> Array:
    """Numbers of the parameter's shape."""
    drawn: Array = rng.uniform(0.2, 1.0, parameter.shape)
    if parameter.role == "kernel":
        flat = drawn.reshape(-1) ** PEAKED
        for output in range(parameter.kernel_shape[0]):
            mine = parameter.positions(output)
            flat[mine] *= sign / flat[mine].sum()  # a mean: values keep their size from layer to layer
        return flat
    return drawn * {"bias": sign, "running_mean": -sign}.get(parameter.name, 1.0)
