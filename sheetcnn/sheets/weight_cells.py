"""Where the parameters of a layer stand on its sheet of weights.

Kernels over maps: one below the other, each laid out like the windows that it faces; in the planar layout
that is a block of cells per input map, in the interleaved one a single block whose columns run through the
channels of each pixel. Values per output stand beside. Kernels over a vector (dense layers): inputs run
down, outputs across, values per output stand above. Parameters with a value of their own for every value
of a map (layer normalisation) are blocks the size of the map, channel below channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

import numpy as np

from sheetcnn.formulas.expr import Rect, Ref
from sheetcnn.formulas.placement import Block, Placement, Positions, Strip, Window
from sheetcnn.formulas.region import Region
from sheetcnn.model.ops.base import Parameter
from sheetcnn.shape import Array, Shape


@dataclass(frozen=True)
class ParameterGrid:
    """A rectangle of cells that hold values of one parameter.

    Attributes:
        parameter: its name.
        row: of the first cell.
        col: of the first cell.
        height: in cells.
        width: in cells.
        positions: of the values of row i in the flattened array, -1 for a blank cell. Made row by row, since
            a big layer has tens of millions of weights.
    """

    parameter: str
    row: int
    col: int
    height: int
    width: int
    positions: Callable[[int], Positions]

    def cells(self, flat: Array, i: int) -> Array:
        """The values of row i from the flattened array; NaN for blank cells."""
        positions = self.positions(i)
        values: Array = flat[positions]
        if positions.min() < 0:
            values = np.where(positions < 0, np.nan, values)
        return values

    def take(self, array: Array) -> Array:
        """All values, `(height, width)`; NaN for blank cells."""
        flat = array.reshape(-1)
        return np.stack([self.cells(flat, i) for i in range(self.height)])

    def put(self, array: Array, block: Array) -> None:
        """Store what stands in the cells, `(height, width)`, in the array; blank cells are passed over."""
        for i in range(self.height):
            self.put_row(array, i, block[i])

    def put_row(self, array: Array, i: int, values: Array) -> None:
        """The same for row i alone."""
        if not array.flags.c_contiguous:
            raise ValueError("the array must be contiguous, or the values would go into a copy")
        positions = self.positions(i)
        kept = positions >= 0
        array.reshape(-1)[positions[kept]] = values[kept]


@dataclass(frozen=True)
class MapKernel(Parameter):
    """The weights `(out, C * H * W)` of a dense layer that reads maps where they stand."""

    seen: Shape = field(kw_only=True)
    """The maps."""

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """`(out, C, H, W)`: the order in which maps are flattened."""
        return self.shape[0], self.seen.channels, self.seen.height, self.seen.width


@dataclass(frozen=True)
class WeightCells:
    """The cells of one layer's parameters.

    Attributes:
        sheet: its name.
        parameters: of the layer.
        across: whether outputs run across the columns (kernels that face a vector).
        source: the placement that the kernels face.
        values_at: for each per-channel parameter the cell of channel 1.
        maps: for each parameter of the role `map` its placement.
        kernel_at: the first cell of the kernels.
        gap: blank columns between the blocks of cells of one kernel.
    """

    sheet: str
    parameters: tuple[Parameter, ...]
    across: bool
    source: Placement
    values_at: dict[str, tuple[int, int]]
    maps: dict[str, Placement]
    kernel_at: tuple[int, int]
    gap: int = 1

    def laid_out_as(self, other: WeightCells) -> bool:
        """Whether every parameter stands at the same cells: one sheet can serve both layers."""
        outputs = [(p, k) for p in self.parameters if p.role == "kernel" for k in range(p.kernel_shape[0])]
        return self.across == other.across and all(
            self.kernel(p.name, k) == other.kernel(p.name, k) for p, k in outputs
        )

    def _named(self, name: str) -> Parameter:
        return next(p for p in self.parameters if p.name == name)

    @cached_property
    def kernel_parameter(self) -> Parameter | None:
        """The kernel, if the layer has one."""
        return next((p for p in self.parameters if p.role == "kernel"), None)

    def window(self, kernel: Parameter) -> Window:
        """The window that a kernel faces, wherever it starts."""
        kh, kw = kernel.kernel_shape[2:]
        dy, dx = kernel.dilation
        return Window(0, 0, (kh - 1) * dy + 1, (kw - 1) * dx + 1, dilation=dx)

    def slices(self, kernel: Parameter, output: int) -> Iterator[tuple[Strip, int, int]]:
        """Strip of the window and first cell of each block of cells of one output's kernel."""
        row, col = self.kernel_at
        window = self.window(kernel)
        strips = self.source.strips(kernel.inputs_of(output), window)
        for strip in strips:
            if self.across:
                yield strip, row, col + output
                row += len(strip.channels) + 1
            else:
                yield strip, row + output * self._down(kernel), col
                col += self.source.size(strip, window.height)[1] + self.gap

    def _down(self, kernel: Parameter) -> int:
        """Rows from one output's kernel to the next."""
        height = self.window(kernel).height
        return height + (self.gap or height > 1)

    def kernel(self, name: str, output: int) -> list[Rect]:
        """The kernel cells of one output channel, one rectangle per strip of the window."""
        kernel = self._named(name)
        height = self.window(kernel).height
        refs = []
        for strip, row, col in self.slices(kernel, output):
            size = (len(strip.channels), 1) if self.across else self.source.size(strip, height)
            refs.append(Rect(self.sheet, row, col, *size, fixed=True))
        return refs

    def slice_at(self, kernel: Parameter, output: int, n: int) -> Ref:
        """The weight of the n-th slice of one output's kernel that moves with position (i, j) of the slice.

        Holes of a dilated kernel are stepped over. For kernels that face maps.
        """
        channel = kernel.inputs_of(output).start + n
        strip, row, col = next(s for s in self.slices(kernel, output) if channel in s[0].channels)
        block = self.source.block_of(strip.channels.start)
        dy, dx = kernel.dilation
        across = dx * block.x_col
        if len(strip.columns) < kernel.kernel_shape[3]:  # a strip for each column of the window
            across = self.source.size(strip, self.window(kernel).height)[1] + self.gap
        col += (channel - strip.channels.start) * block.channel_col
        return Ref(self.sheet, row, col, row_i=dy * block.y_row, col_j=across)

    def value(self, name: str, channel: int) -> Ref:
        """The cell of a per-channel parameter."""
        row, col = self.values_at[name]
        step = (0, channel) if self.across else (channel * self.row_step, 0)
        return Ref(self.sheet, row + step[0], col + step[1], fixed=True)

    def walk(self, name: str, region: Region) -> Ref:
        """The cell of a per-channel parameter or a map that walks with the values of a region."""
        if name in self.maps:
            return self.maps[name].at(region, fixed=True)
        row, col = self.values_at[name]
        first, step = region.start[0], region.step_i[0] * self.row_step
        return Ref(self.sheet, row + first * self.row_step, col, row_i=step, fixed=True)

    @cached_property
    def row_step(self) -> int:
        """Rows from one output map to the next."""
        for placement in self.maps.values():
            return placement.blocks[0].channel_row
        kernel = self.kernel_parameter
        return 1 if kernel is None or self.across else self._down(kernel)

    def grids(self) -> Iterator[ParameterGrid]:
        """Every rectangle of parameter cells."""
        for parameter in self.parameters:
            if parameter.role == "channel":
                yield self._values(parameter)
            elif parameter.role == "map":
                yield from self._planes(parameter)
            elif self.across:
                yield from self._matrix(parameter)
            else:
                yield self._kernels(parameter)

    def _values(self, parameter: Parameter) -> ParameterGrid:
        row, col = self.values_at[parameter.name]
        count, step = parameter.shape[0], self.row_step
        if self.across:
            return ParameterGrid(parameter.name, row, col, 1, count, lambda i: np.arange(count))

        def down(i: int) -> Positions:
            return np.array([-1 if i % step else i // step])

        return ParameterGrid(parameter.name, row, col, (count - 1) * step + 1, 1, down)

    def _planes(self, parameter: Parameter) -> Iterator[ParameterGrid]:
        """One grid per channel."""
        channels, height, width = parameter.shape

        def line(c: int, i: int) -> Positions:
            return np.arange(width) + (c * height + i) * width

        for c in range(channels):
            first = self.maps[parameter.name].cell(c)
            yield ParameterGrid(parameter.name, first.row, first.col, height, width, partial(line, c))

    def _matrix(self, kernel: Parameter) -> Iterator[ParameterGrid]:
        """One grid per run of inputs, outputs across; with groups, one per output."""
        outputs, per_group = kernel.kernel_shape[:2]

        def line(first: int, count: int, start: int, i: int) -> Positions:
            return np.arange(first, first + count) * per_group + start + i

        for output in range(outputs if kernel.groups > 1 else 1):
            count = 1 if kernel.groups > 1 else outputs
            first = kernel.inputs_of(output).start
            for strip, row, col in self.slices(kernel, output):
                run = strip.channels
                make = partial(line, output, count, run.start - first)
                yield ParameterGrid(kernel.name, row, col, len(run), count, make)

    def _kernels(self, kernel: Parameter) -> ParameterGrid:
        """All kernels, blank between them and in the holes of dilation."""
        row, col = self.kernel_at
        outputs, down = kernel.kernel_shape[0], self._down(kernel)
        height = self.window(kernel).height
        laid_out = lru_cache(maxsize=1)(partial(self._laid_out, kernel))  # rows are asked for in order
        width = laid_out(0).shape[1]
        blank = np.full(width, -1)

        def line(i: int) -> Positions:
            output, u = divmod(i, down)
            return laid_out(output)[u] if u < height else blank

        return ParameterGrid(kernel.name, row, col, (outputs - 1) * down + height, width, line)

    def _laid_out(self, kernel: Parameter, output: int) -> Positions:
        """The positions of one output's kernel as it lies on the sheet, -1 where a cell stays blank."""
        every = kernel.positions(output).reshape(kernel.kernel_shape[1:])
        first = kernel.inputs_of(output).start
        blocks = []
        for strip, _, _ in self.slices(kernel, output):
            run = strip.channels
            cells = self.source.arrange(strip, every[run.start - first : run.stop - first], kernel.dilation)
            blocks += [cells, np.full((len(cells), self.gap), -1)]
        return np.hstack(blocks[:-1])


def place_weights(
    sheet: str, parameters: Sequence[Parameter], source: Placement, origin: tuple[int, int], gap: int = 1
) -> WeightCells:
    """Lay out a layer's parameters.

    Args:
        sheet: name of the sheet of weights.
        parameters: of the layer.
        source: the placement of the layer's input, which the kernels face.
        origin: first cell that may hold a parameter.
        gap: blank columns between the blocks of cells of one kernel.
    """
    row, col = origin
    per_channel = [p for p in parameters if p.role == "channel"]
    has_kernel = any(p.role == "kernel" for p in parameters)
    across = has_kernel and any(b.channel_row for b in source.blocks)

    def beyond(cells: int) -> tuple[int, int]:
        return (row + cells, col) if across else (row, col + cells)

    values_at = {parameter.name: beyond(n) for n, parameter in enumerate(per_channel)}
    kernel_at = beyond(len(per_channel) + 1 if per_channel else 0)
    maps, left = {}, col + len(per_channel)
    for parameter in parameters:
        if parameter.role == "map":
            maps[parameter.name] = _stacked(sheet, Shape(parameter.shape), (row, left))
            left += parameter.shape[2] + 1
    return WeightCells(sheet, tuple(parameters), across, source, values_at, maps, kernel_at, gap)


def _stacked(sheet: str, shape: Shape, first: tuple[int, int]) -> Placement:
    """Maps one below the other, with a blank row between them unless they are single cells."""
    down = shape.height + 1 if shape.height * shape.width > 1 else 1
    return Placement(shape, (Block(sheet, *first, 0, shape.channels, channel_row=down),))
