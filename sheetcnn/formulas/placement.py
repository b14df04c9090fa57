"""Where a tensor lives: blocks of cells, and the arithmetic of rows and columns.

A `Block` is one rectangle of cells on one sheet that holds some consecutive channels of a tensor.
It says how far a step in channel, y or x moves on the sheet. Planar feature maps are one block per
channel; a vector is one block whose channels run down a column; an interleaved layer is one block whose
channels run along the row inside each pixel. Concatenation is the list of the inputs' blocks, with
nothing moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sheetcnn.formulas.expr import Rect, Ref
from sheetcnn.formulas.region import Region
from sheetcnn.shape import Shape

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Channels `first .. first + count - 1` of a tensor, from cell (`row`, `col`) of `sheet` on.

    Channel steps move `channel_row` rows and `channel_col` columns; a step in y moves `y_row` rows,
    a step in x `x_col` columns.
    """

    sheet: str
    row: int
    col: int
    first: int
    count: int
    channel_row: int = 0
    channel_col: int = 0
    y_row: int = 1
    x_col: int = 1

    def cell(self, channel: int, y: int, x: int) -> tuple[int, int]:
        """Row and column of one value; y and x may lie in the margin."""
        c = channel - self.first
        return (
            self.row + c * self.channel_row + y * self.y_row,
            self.col + c * self.channel_col + x * self.x_col,
        )

    def moves(self, step: tuple[int, int, int]) -> tuple[int, int]:
        """Rows and columns that a step of (channel, y, x) moves."""
        dc, dy, dx = step
        return dc * self.channel_row + dy * self.y_row, dc * self.channel_col + dx * self.x_col

    def contiguous(self, channels: int) -> bool:
        """Whether `channels` of neighbouring pixels of a row lie side by side, with no others between."""
        return max(self.channel_col, 1) * channels == self.x_col


@dataclass(frozen=True, slots=True)
class Window:
    """The window of a kernel: its place for output pixel (0, 0), its size and its stride.

    `top` and `left` are in pixels of the input (negative inside the padding). `height` and `width`
    are the extent in pixels, `(k - 1) * dilation + 1` for a dilated kernel. `dilation` is along x: columns
    of pixels between the kernel's may be left out.
    """

    top: int
    left: int
    height: int
    width: int
    stride: tuple[int, int] = (1, 1)
    dilation: int = 1


@dataclass(frozen=True, slots=True)
class Strip:
    """What one rectangle of a window covers: a run of channels, and columns of pixels of the window."""

    channels: range
    columns: range


@dataclass(frozen=True, slots=True)
class Placement:
    """The blocks of one tensor, in the order of its channels."""

    shape: Shape
    blocks: tuple[Block, ...]

    def block_of(self, channel: int) -> Block:
        """The block that holds `channel`."""
        if len(self.blocks) == self.shape.channels:
            return self.blocks[channel]
        for block in self.blocks:
            if block.first <= channel < block.first + block.count:
                return block
        raise IndexError(f"channel {channel} of {self.shape}")

    def cell(self, channel: int, y: int = 0, x: int = 0, *, fixed: bool = True) -> Ref:
        """A reference to one value, the same for the whole region."""
        block = self.block_of(channel)
        row, col = block.cell(channel, y, x)
        return Ref(block.sheet, row, col, fixed=fixed)

    def at(self, region: Region, *, fixed: bool = False) -> Ref:
        """A reference to one value that walks through `region` of this tensor with i and j.

        The region must not cross blocks (`parts` cuts it where it would).
        """
        block = self.block_of(region.start[0])
        row, col = block.cell(*region.start)
        row_i, col_i = block.moves(region.step_i)
        row_j, col_j = block.moves(region.step_j)
        return Ref(block.sheet, row, col, row_i=row_i, col_i=col_i, row_j=row_j, col_j=col_j, fixed=fixed)

    def parts(self, region: Region) -> Iterator[Region]:
        """The region, cut where it passes from one block to the next."""
        if region.step_i[0] == 0:
            yield region
            return
        done = 0
        while done < region.rows:
            first = region.start[0] + done * region.step_i[0]
            block = self.block_of(first)
            rows = min(region.rows - done, (block.first + block.count - 1 - first) // region.step_i[0] + 1)
            yield replace(region, start=(first, *region.start[1:]), rows=rows)
            done += rows

    def groups(self, channels: range) -> list[range]:
        """`channels` cut into the runs that one rectangle can cover."""
        runs: list[range] = []
        channel = channels.start
        while channel < channels.stop:
            block = self.block_of(channel)
            stop = min(channels.stop, block.first + block.count)
            runs.append(range(channel, stop))
            channel = stop
        return runs

    def strips(self, channels: range, window: Window) -> list[Strip]:
        """The window over `channels` as few rectangles, none of which holds another channel's cells.

        One per block where the channels of neighbouring pixels lie side by side (planar maps, vectors, all
        channels of an interleaved block); else one per block and column of pixels.
        """
        strips = []
        for run in self.groups(channels):
            if window.width == 1 or self.block_of(run.start).contiguous(len(run)):
                strips.append(Strip(run, range(window.width)))
            else:
                strips += [Strip(run, range(u, u + 1)) for u in range(0, window.width, window.dilation)]
        return strips

    def size(self, strip: Strip, height: int) -> tuple[int, int]:
        """Rows and columns of the rectangle of a strip of a window of `height` pixels."""
        block = self.block_of(strip.channels.start)
        more = len(strip.channels) - 1
        return (
            (height - 1) * block.y_row + more * block.channel_row + 1,
            (len(strip.columns) - 1) * block.x_col + more * block.channel_col + 1,
        )

    def windows(self, channels: range, window: Window) -> list[Rect]:
        """The rectangles that cover `window` over `channels`, moving with output pixel (i, j).

        One per strip of `strips(channels, window)`, in that order.
        """
        refs = []
        sy, sx = window.stride
        for strip in self.strips(channels, window):
            block = self.block_of(strip.channels.start)
            row, col = block.cell(strip.channels.start, window.top, window.left + strip.columns.start)
            size = self.size(strip, window.height)
            refs.append(Rect(block.sheet, row, col, *size, row_i=sy * block.y_row, col_j=sx * block.x_col))
        return refs

    def ranges(self, channels: range | None = None) -> list[Rect]:
        """The fixed rectangles that hold all values of `channels` (of every channel by default)."""
        window = Window(0, 0, self.shape.height, self.shape.width)
        chosen = range(self.shape.channels) if channels is None else channels
        return [replace(ref, row_i=0, col_j=0, fixed=True) for ref in self.windows(chosen, window)]

    def arrange(self, strip: Strip, kernel: Positions, dilation: tuple[int, int]) -> Positions:
        """The kernel cells that face a strip of the window: the same rectangle, cell by cell.

        Args:
            strip: one of `strips(...)`.
            kernel: of the strip's channels, `(len(strip.channels), kh, kw)`; numbers of at least 0.
            dilation: of the kernel, in y and x.

        Returns:
            A 2-D array with -1 where the cell stays blank: the holes of a dilated kernel.
        """
        block = self.block_of(strip.channels.start)
        dy, dx = dilation
        count, kh, _ = kernel.shape
        cells = np.full(self.size(strip, (kh - 1) * dy + 1), -1)
        columns = np.array([u for u in strip.columns if u % dx == 0])
        channel = np.arange(count)[:, None, None]
        rows = channel * block.channel_row + np.arange(kh)[:, None] * (dy * block.y_row)
        cols = channel * block.channel_col + (columns - strip.columns.start) * block.x_col
        cells[rows, cols] = kernel[:, :, columns // dx]
        return cells


def select(placement: Placement, shape: Shape, channels: Sequence[int]) -> Placement:
    """The placement of some channels of a tensor, in the order given: its blocks, cut and renumbered."""
    blocks: list[Block] = []
    for n, channel in enumerate(channels):
        block = placement.block_of(channel)
        row, col = block.cell(channel, 0, 0)
        last = blocks[-1] if blocks else None
        follows = last is not None and block.count > 1 and channels[n - 1] == channel - 1
        if last is not None and follows and last.sheet == block.sheet and channel > block.first:
            blocks[-1] = replace(last, count=last.count + 1)
        else:
            blocks.append(replace(block, row=row, col=col, first=n, count=1))
    return Placement(shape, tuple(blocks))


def concatenate(shape: Shape, placements: Sequence[Placement]) -> Placement:
    """The placement of a concatenation along the channels: the inputs' blocks, renumbered."""
    blocks = []
    offset = 0
    for placement in placements:
        blocks += [replace(b, first=b.first + offset) for b in placement.blocks]
        offset += placement.shape.channels
    return Placement(shape, tuple(blocks))
