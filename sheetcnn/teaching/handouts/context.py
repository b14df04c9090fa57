"""What the sections of a handout are written from.

That is a network on an input, the workbook that computes it, and the pixel to work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sheetcnn.errors import SpecError
from sheetcnn.formulas.a1 import address
from sheetcnn.formulas.render import render
from sheetcnn.languages import Language
from sheetcnn.model.engine import Result
from sheetcnn.model.graph import Graph, Model, Node
from sheetcnn.pages.trace.conv import can_trace
from sheetcnn.pages.trace.conv_values import Trace
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext, Plan, TensorGrid


@dataclass(frozen=True)
class Pixel:
    """One value of a layer, all counted from 1."""

    layer: str
    map: int
    row: int
    column: int


@dataclass(frozen=True)
class HandoutContext:
    """What the sections of a handout are written from.

    Attributes:
        model: the network with its weights.
        result: of the engine on the input.
        plan: of the workbook, for sheets, cells and formulas.
        pixel: of a convolution that is worked; None where the network has none that can be.
        say: the reader's language.
    """

    model: Model
    result: Result
    plan: Plan
    pixel: Pixel | None
    say: Language

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.model.graph

    def maps(self, name: str) -> Array:
        """The values of a tensor, `(C, H, W)` or `(N,)`."""
        values: Array = self.result.activations[name]
        return values

    @cached_property
    def trace(self) -> Trace | None:
        """The convolution that is worked, as its trace page computes it."""
        if self.pixel is None:
            return None
        layout, node = self.plan.layout, self.graph.by_name[self.pixel.layer]
        weights, geometry = layout.weights[node.name], node.op.receptive_window(self.graph.input_shapes(node))
        kernel = weights.kernel_parameter
        assert geometry is not None  # noqa: S101  (a layer that can be traced has one; for mypy)
        assert kernel is not None  # noqa: S101  (the same)
        return Trace(layout, node, geometry, kernel, weights)

    def context(self, **choices: int) -> PageContext:
        """What the values of a page follow from, for some choices."""
        return PageContext(self.result, self.model.params, choices)

    def formula(self, tensor: str, channel: int, y: int = 0, x: int = 0) -> tuple[str, str, str] | None:
        """Sheet, cell and formula of one value (counted from 0), as the workbook holds them."""
        for sheet, grid in self.plan.tensors():
            if grid.tensor != tensor or grid.formula is None or not grid.layer or grid.channel:
                continue
            place = _place(grid, (channel, y, x))
            if place is not None:
                i, j = place
                cell = address(grid.row + i * grid.row_step, grid.col + j * grid.col_step)
                return sheet.name, cell, "=" + render(grid.formula, sheet.name).text(i, j)
        return None


def _place(grid: TensorGrid, wanted: tuple[int, int, int]) -> tuple[int, int] | None:
    """Which position of a grid's region a value has."""
    region = grid.region
    for axis_i in range(region.rows) if any(region.step_i) else (0,):
        rest = [w - s - axis_i * d for w, s, d in zip(wanted, region.start, region.step_i, strict=True)]
        if not any(region.step_j):
            if not any(rest):
                return axis_i, 0
            continue
        steps = {r // d for r, d in zip(rest, region.step_j, strict=True) if d and r % d == 0}
        if len(steps) == 1:
            j = steps.pop()
            if 0 <= j < region.cols and [j * d for d in region.step_j] == rest:
                return axis_i, j
    return None


def convolutions(plan: Plan) -> Iterator[Node]:
    """The layers of which a pixel can be worked."""
    for node in plan.layout.graph.nodes:
        if node.name not in plan.layout.aliases and can_trace(plan.layout, node):
            yield node


def choose_pixel(plan: Plan, result: Result, wanted: str | None) -> Pixel | None:
    """The pixel to work: as named, or where the last convolution over several maps is most active.

    Args:
        plan: of the workbook.
        result: of the engine.
        wanted: `conv2:3,4,5` (layer, map, row, column from 1), `conv2`, or None.

    Raises:
        SpecError: if it names no convolution, or no value of it.
    """
    nodes = {node.name: node for node in convolutions(plan)}
    if wanted is None:
        if not nodes:
            return None
        several = [n for n in nodes if plan.layout.graph.input_shapes(nodes[n])[0].channels > 1]
        name, numbers = (several or list(nodes))[-1], ""
    else:
        name, _, numbers = wanted.partition(":")
    if name not in nodes:
        known = f"there are {', '.join(nodes)}" if nodes else "this network has none"
        raise SpecError(f"--pixel {wanted}: '{name}' is no convolution that can be worked; {known}")
    shape = plan.layout.graph.shapes[name]
    if not numbers:
        channel, y, x = np.unravel_index(int(np.argmax(result.activations[name])), shape.dims)
        return Pixel(name, int(channel) + 1, int(y) + 1, int(x) + 1)
    parts = numbers.split(",")
    if len(parts) != 3 or not all(p.strip().isascii() and p.strip().isdigit() for p in parts):
        raise SpecError(f"--pixel {wanted}: after the layer stand map, row and column, such as {name}:1,2,3")
    given = [int(p) for p in parts]
    for what, number, most in zip(("map", "row", "column"), given, shape.dims, strict=True):
        if not 1 <= number <= most:
            raise SpecError(f"--pixel {wanted}: {name} has no {what} {number}; choose one from 1 to {most}")
    return Pixel(name, *given)
