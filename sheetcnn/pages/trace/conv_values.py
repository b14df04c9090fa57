"""What stands on the page that traces a pixel of a convolution, computed with NumPy.

`trace.py` writes the same as formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sheetcnn.formulas.placement import Placement
from sheetcnn.model.engine import PRE, stage_key
from sheetcnn.model.graph import Node
from sheetcnn.model.ops.base import Parameter
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import Array, Shape
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.sheets.weight_cells import WeightCells

MOST_INPUTS = 64
"""Input maps that a page lists; beyond, one of them is chosen too."""


@dataclass(frozen=True)
class Trace:
    """What the page of one layer is about."""

    layout: Layout
    node: Node
    geometry: WindowGeometry
    kernel: Parameter
    weights: WeightCells

    @property
    def source(self) -> Placement:
        """Where the input maps stand."""
        return self.layout.placements[self.node.inputs[0]]

    @property
    def out(self) -> Shape:
        """The shape of the result."""
        return self.layout.graph.shapes[self.node.name]

    @property
    def inputs(self) -> int:
        """How many input maps one output map sees."""
        return self.kernel.kernel_shape[1]

    @property
    def listed(self) -> int:
        """How many of them the page shows."""
        return self.inputs if self.inputs <= MOST_INPUTS else 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the kernel."""
        return self.geometry.kernel

    def key(self, what: str) -> str:
        """The name of a choice."""
        return f"{self.node.name}.trace.{what}"

    def chosen(self, context: PageContext) -> tuple[int, int, int]:
        """Output map, row and column, counted from 0."""
        map_, row, col = (context.choices[self.key(what)] - 1 for what in ("map", "row", "column"))
        return map_, row, col

    def channel(self, context: PageContext, n: int) -> int:
        """The input map in block n of the page."""
        if self.listed < self.inputs:
            n = context.choices[self.key("input")] - 1
        return self.kernel.inputs_of(self.chosen(context)[0])[n]

    def window(self, context: PageContext, n: int) -> Array:
        """The input's pixels under the kernel; 0 in the padding."""
        (kh, kw), (dy, dx) = self.size, self.geometry.dilation
        _, row, col = self.chosen(context)
        plane = context.result.activations[self.node.inputs[0]][self.channel(context, n)]
        top = row * self.geometry.stride[0] - self.geometry.before[0]
        left = col * self.geometry.stride[1] - self.geometry.before[1]
        found = np.zeros((kh, kw))
        for u in range(kh):
            for v in range(kw):
                y, x = top + u * dy, left + v * dx
                if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
                    found[u, v] = plane[y, x]
        return found

    def slice(self, context: PageContext, n: int) -> Array:
        """The kernel's slice for that map."""
        map_ = self.chosen(context)[0]
        n = self.channel(context, n) - self.kernel.inputs_of(map_).start
        weight = context.params[self.node.owner][self.kernel.name].reshape(-1)
        found: Array = weight[self.kernel.positions(map_)].reshape(self.kernel.kernel_shape[1:])[n]
        return found

    def partial(self, context: PageContext, n: int) -> float:
        """The sum of their products."""
        return float((self.window(context, n) * self.slice(context, n)).sum())

    def product(self, context: PageContext, n: int) -> Array:
        """Window times kernel."""
        return self.window(context, n) * self.slice(context, n)

    def partials(self, context: PageContext) -> Array:
        """The sums of all input maps that are listed."""
        return np.array([self.partial(context, n) for n in range(self.listed)])

    def bias(self, context: PageContext) -> float:
        """The bias of the map; 0 without one."""
        params = context.params[self.node.owner]
        return float(params["bias"][self.chosen(context)[0]]) if "bias" in params else 0.0

    def before(self, context: PageContext) -> float:
        """The sum before the activation, as the engine computed it."""
        tensor = stage_key(self.node.name, PRE) if self.node.activation else self.node.name
        map_, row, col = self.chosen(context)
        return float(context.result.activations[tensor][map_, row, col])

    def beside(self, context: PageContext, channel: int) -> float:
        """The same pixel of another output map."""
        _, row, col = self.chosen(context)
        return float(context.result.activations[self.node.name][channel, row, col])

    def after(self, context: PageContext) -> float:
        """What stands on the map's sheet."""
        map_, row, col = self.chosen(context)
        return float(context.result.activations[self.node.name][map_, row, col])
