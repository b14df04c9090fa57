"""Where the parameters of a layer stand on its sheet of weights.

Kernels over maps: rows are output maps, columns are input maps, every slice a block of cells that
mirrors the window; values per output map stand beside. Kernels over a vector (dense layers): inputs run
down, outputs across, values per output stand above. Parameters with a value of their own for every value
of a map (layer normalisation) are blocks the size of the map, channel below channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from sheetcnn.formulas.expr import Ref
from sheetcnn.formulas.placement import Block, Placement
from sheetcnn.formulas.region import Region
from sheetcnn.ops.base import Parameter
from sheetcnn.shape import Shape

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ParameterGrid:
    """A rectangle of cells that hold values of one parameter.

    Attributes:
        parameter: its name.
        row: of the first cell.
        col: of the first cell.
        height: in cells.
        width: in cells.
        make_index: makes `index`; it is made only when values are needed.
    """

    parameter: str
    row: int
    col: int
    height: int
    width: int
    make_index: Callable[[], Index]

    @property
    def index(self) -> Index:
        """The position of each cell's value in the flattened array, or -1 for a blank cell."""
        return self.make_index()


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
    """

    sheet: str
    parameters: tuple[Parameter, ...]
    across: bool
    source: Placement
    values_at: dict[str, tuple[int, int]]
    maps: dict[str, Placement]
    kernel_at: tuple[int, int]

    def laid_out_as(self, other: WeightCells) -> bool:
        """Whether every parameter stands at the same cells: one sheet can serve both layers."""
        outputs = [(p, k) for p in self.parameters if p.role == "kernel" for k in range(p.kernel_shape[0])]
        return self.across == other.across and all(
            self.kernel(p.name, k) == other.kernel(p.name, k) for p, k in outputs
        )

    def _named(self, name: str) -> Parameter:
        return next(p for p in self.parameters if p.name == name)

    @property
    def kernel_parameter(self) -> Parameter | None:
        """The kernel, if the layer has one."""
        return next((p for p in self.parameters if p.role == "kernel"), None)

    def _slices(self, kernel: Parameter, output: int) -> Iterator[tuple[range, int, int]]:
        """Run of input channels and first cell of each kernel slice of one output channel."""
        row, col = self.kernel_at
        if self.across:
            for run in self.source.groups(kernel.inputs_of(output)):
                yield run, row, col + output
                row += len(run) + 1
        else:
            height, width = self.slice_size(kernel)
            for run in self.source.groups(kernel.inputs_of(output)):
                yield run, row + output * (height + 1), col
                col += width + 1

    def slice_size(self, kernel: Parameter) -> tuple[int, int]:
        """Height and width of a slice over one map."""
        kh, kw = kernel.kernel_shape[2:]
        dy, dx = kernel.dilation
        return (kh - 1) * dy + 1, (kw - 1) * dx + 1

    def kernel(self, name: str, output: int) -> list[Ref]:
        """The kernel cells of one output channel, one rectangle per run of input channels."""
        kernel = self._named(name)
        refs = []
        for run, row, col in self._slices(kernel, output):
            height, width = (len(run), 1) if self.across else self.slice_size(kernel)
            refs.append(Ref(self.sheet, row, col, height, width, fixed=True))
        return refs

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

    @property
    def row_step(self) -> int:
        """Rows from one output map to the next."""
        for placement in self.maps.values():
            return placement.blocks[0].channel_row
        kernel = self.kernel_parameter
        return 1 if kernel is None or self.across else self.slice_size(kernel)[0] + 1

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
                yield from self._kernels(parameter)

    def _values(self, parameter: Parameter) -> ParameterGrid:
        row, col = self.values_at[parameter.name]
        count, step = parameter.shape[0], self.row_step

        def down() -> Index:
            index = np.full(((count - 1) * step + 1, 1), -1)
            index[::step, 0] = np.arange(count)
            return index

        if self.across:
            return ParameterGrid(parameter.name, row, col, 1, count, lambda: np.arange(count)[None, :])
        return ParameterGrid(parameter.name, row, col, (count - 1) * step + 1, 1, down)

    def _planes(self, parameter: Parameter) -> Iterator[ParameterGrid]:
        """One grid per channel."""
        channels, height, width = parameter.shape

        def plane(c: int) -> Index:
            return np.arange(c * height * width, (c + 1) * height * width).reshape(height, width)

        for c in range(channels):
            first = self.maps[parameter.name].cell(c)
            yield ParameterGrid(parameter.name, first.row, first.col, height, width, partial(plane, c))

    def _matrix(self, kernel: Parameter) -> Iterator[ParameterGrid]:
        """One grid per run of inputs, outputs across; with groups, one per output."""
        outputs = kernel.kernel_shape[0]

        def part(first: int, count: int, start: int, length: int) -> Callable[[], Index]:
            def make() -> Index:
                columns = [
                    kernel.positions(k).reshape(-1)[start : start + length]
                    for k in range(first, first + count)
                ]
                return np.stack(columns, axis=1)

            return make

        if kernel.groups == 1:
            for run, row, col in self._slices(kernel, 0):
                make = part(0, outputs, run.start, len(run))
                yield ParameterGrid(kernel.name, row, col, len(run), outputs, make)
            return
        for output in range(outputs):
            first = kernel.inputs_of(output).start
            for run, row, col in self._slices(kernel, output):
                make = part(output, 1, run.start - first, len(run))
                yield ParameterGrid(kernel.name, row, col, len(run), 1, make)

    def _kernels(self, kernel: Parameter) -> Iterator[ParameterGrid]:
        """One grid per output map: its slices side by side, blank between them and in dilation holes."""
        row, col = self.kernel_at
        height, width = self.slice_size(kernel)
        out, per_group, _, _ = kernel.kernel_shape
        wide = per_group * (width + 1) - 1
        for output in range(out):
            make = partial(self._kernel_index, kernel, output)
            yield ParameterGrid(kernel.name, row + output * (height + 1), col, height, wide, make)

    def _kernel_index(self, kernel: Parameter, output: int) -> Index:
        height, width = self.slice_size(kernel)
        every = kernel.positions(output).astype(np.float64)
        index = np.full((height, kernel.kernel_shape[1] * (width + 1) - 1), -1)
        first = kernel.inputs_of(output).start
        for run, _, col in self._slices(kernel, output):
            cells = self.source.arrange(run, every[run.start - first : run.stop - first], kernel.dilation)
            left = col - self.kernel_at[1]
            index[:, left : left + width] = np.where(np.isnan(cells), -1, cells).astype(np.int64)
        return index


def place_weights(
    sheet: str, parameters: Sequence[Parameter], source: Placement, origin: tuple[int, int]
) -> WeightCells:
    """Lay out a layer's parameters.

    Args:
        sheet: name of the sheet of weights.
        parameters: of the layer.
        source: the placement of the layer's input, which the kernels face.
        origin: first cell that may hold a parameter.
    """
    row, col = origin
    per_channel = [p for p in parameters if p.role == "channel"]
    has_kernel = any(p.role == "kernel" for p in parameters)
    across = has_kernel and any(b.channel_row for b in source.blocks)
    values_at = {}
    for n, parameter in enumerate(per_channel):
        values_at[parameter.name] = (row + n, col) if across else (row, col + n)
    if not per_channel:
        kernel_at = (row, col)
    elif across:
        kernel_at = (row + len(per_channel) + 1, col)
    else:
        kernel_at = (row, col + len(per_channel) + 1)
    maps, left = {}, col + len(per_channel)
    for parameter in parameters:
        if parameter.role == "map":
            maps[parameter.name] = _stacked(sheet, Shape(parameter.shape), (row, left))
            left += parameter.shape[2] + 1
    return WeightCells(sheet, tuple(parameters), across, source, values_at, maps, kernel_at)


def _stacked(sheet: str, shape: Shape, first: tuple[int, int]) -> Placement:
    """Maps one below the other, with a blank row between them unless they are single cells."""
    down = shape.height + 1 if shape.height * shape.width > 1 else 1
    return Placement(shape, (Block(sheet, *first, 0, shape.channels, channel_row=down),))
