"""From a sheet's cells and grids to the rows of its XML, in flat memory.

Grids that share their rows and whose formulas have the same make-up form a *band*. The XML of a band's
row is a list of pieces, all of its cells alike: literal text at the even places of a cell, and *slots*
at the odd ones, for the row numbers that move and for the value. Made once per band, the list is
filled by one slice assignment per slot and joined; nothing is done per cell in Python, and no object
per cell lives longer than its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import orjson

from sheetcnn.formulas.a1 import address, column_name
from sheetcnn.formulas.render import ColumnNumber, Pattern, Piece, RowNumber, render
from sheetcnn.shape import Array
from sheetcnn.xlsx.book import Cell, Grid, Sheet, Style

_CLOSE = "</v></c>"
_ABSENT = "null"  # how orjson writes a number that is not one
_ROW_CHARACTERS = 7  # of the last row number, 1048576
_NUMBER_CHARACTERS = 25  # of -1.2345678901234567e-308
_CELL_CHARACTERS = 100  # of a cell besides its formula
# What XML 1.0 forbids.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Moving = tuple[int, int]
"""A row number that moves: where it starts, and how far it moves per row of the band."""


def numbers_text(values: Array) -> str:
    """The shortest exact text of each number of a 1-D array, "null" for NaN, with commas between."""
    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[1:-1].decode()


@dataclass
class _Rows:
    """Cells in the same columns of evenly spaced rows."""

    row: int
    step: int
    height: int
    columns: list[int] = field(default_factory=list, init=False)

    @property
    def last(self) -> int:
        """The last sheet row."""
        return self.row + (self.height - 1) * self.step

    @property
    def most(self) -> int:
        """An upper bound of the characters of all rows."""
        raise NotImplementedError

    def filled(self, i: int) -> list[str]:
        """The XML of row i, in pieces."""
        raise NotImplementedError

    def cells(self, i: int) -> list[str]:
        """The XML of row i, one string for each of `columns`."""
        raise NotImplementedError


@dataclass
class _Band(_Rows):
    """Grids with the same rows and like cells.

    `pieces` holds the pieces of all cells, in the order of `columns`, and `first` those of the first
    row where they differ (it holds the text of shared formulas). A cell's slots are the row numbers
    `moving` and, except in blank cells, the value.
    """

    moving: tuple[Moving, ...]
    valued: bool
    pieces: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    order: npt.NDArray[np.intp] | None = None

    @property
    def size(self) -> int:
        """The number of pieces of one cell."""
        return 2 * (len(self.moving) + self.valued) + 1

    @property
    def most(self) -> int:
        slots = len(self.columns) * (_ROW_CHARACTERS * len(self.moving) + _NUMBER_CHARACTERS)
        return self.height * (sum(map(len, self.pieces)) + slots) + sum(map(len, self.first))

    def fits(self, grid: Grid, moving: tuple[Moving, ...]) -> bool:
        """Whether a grid's cells are like those of this band."""
        return (self.row, self.step, self.height, self.moving, self.valued) == (
            *(grid.row, grid.row_step, grid.height),
            *(moving, grid.values is not None),
        )

    def add(self, col: int, cell: list[str], first: list[str] | None = None) -> None:
        """Append the pieces of one column's cells."""
        self.columns.append(col)
        self.first += cell if first is None else first
        self.pieces += cell

    def sort(self) -> None:
        """Put the columns in order; the values follow with every row."""
        if all(a < b for a, b in pairwise(self.columns)):
            return
        order = sorted(range(len(self.columns)), key=self.columns.__getitem__)
        size = self.size
        self.columns = [self.columns[n] for n in order]
        self.pieces = [piece for n in order for piece in self.pieces[n * size : (n + 1) * size]]
        self.first = [piece for n in order for piece in self.first[n * size : (n + 1) * size]]
        self.order = np.array(order, dtype=np.intp)

    def filled(self, i: int) -> list[str]:
        parts = (self.pieces if i else self.first).copy()
        count, size = len(self.columns), self.size
        for n, (start, per_row) in enumerate(self.moving):
            parts[2 * n + 1 :: size] = [str(start + i * per_row)] * count
        if self.valued:
            numbers = numbers_text(self._values(i))
            texts = numbers.split(",")
            parts[size - 2 :: size] = texts
            if _ABSENT in numbers:
                for n, text in enumerate(texts):
                    if text == _ABSENT:
                        parts[n * size : (n + 1) * size] = [""] * size
        return parts

    def cells(self, i: int) -> list[str]:
        parts, size = self.filled(i), self.size
        return ["".join(parts[at : at + size]) for at in range(0, len(parts), size)]

    def _values(self, i: int) -> Array:
        rows = [grid.values[i] for grid in self.grids if grid.values is not None]
        row: Array = rows[0] if len(rows) == 1 else np.concatenate(rows)
        return row if self.order is None else row[self.order]


@dataclass
class _Loose(_Rows):
    """A grid whose formula moves in rows and columns with both axes: its cells have nothing in common."""

    grid: Grid
    pattern: Pattern
    style: int

    def __post_init__(self) -> None:
        self.columns = [self.grid.col + j * self.grid.col_step for j in range(self.grid.width)]

    @property
    def most(self) -> int:
        longest = self.pattern.longest(self.height, self.grid.width)
        return self.height * self.grid.width * (longest + _CELL_CHARACTERS)

    def filled(self, i: int) -> list[str]:
        return self.cells(i)

    def cells(self, i: int) -> list[str]:
        assert self.grid.values is not None  # noqa: S101  (for mypy)
        row = self.row + i * self.step
        texts = numbers_text(self.grid.values[i]).split(",")
        return [
            f'<c r="{column_name(col)}{row}" s="{self.style}">'
            f"<f>{xml_text(self.pattern.text(i, j))}</f><v>{text}{_CLOSE}"
            if text != _ABSENT
            else ""
            for j, (col, text) in enumerate(zip(self.columns, texts, strict=True))
        ]


class SheetWriter:
    """Turns one sheet into rows of XML.

    Args:
        sheet: what to write.
        styles: the number of every style in the file's table of cell formats.
        share: whether to write shared formulas where the pattern allows.
    """

    def __init__(self, sheet: Sheet, styles: Mapping[Style, int], *, share: bool = True) -> None:
        self.sheet = sheet
        self.styles = styles
        self.share = share
        self.formulas = 0
        self._shared = 0
        self._bands = self._make_bands()

    @property
    def most(self) -> int:
        """An upper bound of the characters of the grids' cells."""
        return sum(band.most for band in self._bands)

    def rows(self) -> Iterator[str]:
        """The `<row>` elements in order."""
        singles: dict[int, list[tuple[int, str]]] = {}
        for cell in self.sheet.cells:
            xml = self._cell(cell)
            singles.setdefault(cell.row, []).append((cell.col, xml))
            style = self.styles[cell.style]
            for down in range(cell.merge_rows):
                for right in range(cell.merge):
                    if down or right:
                        row, col = cell.row + down, cell.col + right
                        xml = f'<c r="{address(row, col)}" s="{style}"/>'
                        singles.setdefault(row, []).append((col, xml))
        starts = sorted(self._bands, key=lambda b: b.row)
        static = sorted({*singles, *self.sheet.row_heights})
        active: list[_Rows] = []
        next_band = next_static = 0
        row = 0
        while True:
            active = [b for b in active if b.last > row]
            if active:
                row += 1
            else:
                soonest = [starts[next_band].row] if next_band < len(starts) else []
                soonest += [static[next_static]] if next_static < len(static) else []
                if not soonest:
                    return
                row = min(soonest)
            while next_band < len(starts) and starts[next_band].row == row:
                active.append(starts[next_band])
                next_band += 1
            while next_static < len(static) and static[next_static] <= row:
                next_static += 1
            text = self._row(row, active, singles.pop(row, []))
            if text:
                yield text

    def _row(self, row: int, active: Sequence[_Rows], singles: list[tuple[int, str]]) -> str:
        chunks: list[tuple[int, int, str]] = []
        lines = [(b, (row - b.row) // b.step) for b in active if (row - b.row) % b.step == 0]
        spans = sorted([(b.columns[0], b.columns[-1]) for b, _ in lines] + [(c, c) for c, _ in singles])
        if all(before[1] < after[0] for before, after in pairwise(spans)):
            chunks += [(b.columns[0], n, "".join(b.filled(i))) for n, (b, i) in enumerate(lines)]
        else:
            for n, (b, i) in enumerate(lines):
                chunks += [(col, n, xml) for col, xml in zip(b.columns, b.cells(i), strict=True)]
        chunks += [(col, -1, xml) for col, xml in singles]
        chunks.sort()
        height = self.sheet.row_heights.get(row)
        if not chunks and height is None:
            return ""
        custom = "" if height is None else f' ht="{height:g}" customHeight="1"'
        return f'<row r="{row}"{custom}>' + "".join(c[2] for c in chunks) + "</row>"

    def _cell(self, cell: Cell) -> str:
        opening = f'<c r="{address(cell.row, cell.col)}" s="{self.styles[cell.style]}"'
        value = cell.value
        if cell.formula is not None:
            self.formulas += 1
            formula = xml_text(render(cell.formula, self.sheet.name).text())
            if isinstance(value, str):
                return f'{opening} t="str"><f>{formula}</f><v>{xml_text(value)}</v></c>'
            return f"{opening}><f>{formula}</f><v>{value!r}</v></c>"
        if value is None:
            return opening + "/>"
        if isinstance(value, str):
            return f'{opening} t="inlineStr"><is><t xml:space="preserve">{xml_text(value)}</t></is></c>'
        return f"{opening}><v>{value!r}</v></c>"

    def _make_bands(self) -> list[_Rows]:
        bands: list[_Band] = []
        loose: list[_Loose] = []
        # From left to right: a band takes in the grids up to one that is different, so that its
        # columns do not reach around another's unless the grids' own columns do.
        for grid in sorted(self.sheet.grids, key=lambda g: (g.row, g.col)):
            pattern = None if grid.formula is None else render(grid.formula, self.sheet.name)
            if pattern is not None:
                self.formulas += grid.height * grid.width
                if not pattern.by_axis:
                    loose.append(
                        _Loose(grid.row, grid.row_step, grid.height, grid, pattern, self.styles[grid.style])
                    )
                    continue
            shared = pattern is not None and self._shares(grid, pattern)
            moving = _moving(grid, None if shared else pattern)
            if not bands or not bands[-1].fits(grid, moving):
                bands.append(
                    _Band(grid.row, grid.row_step, grid.height, moving, valued=grid.values is not None)
                )
            self._add(bands[-1], grid, pattern, shared=shared)
        for band in bands:
            band.sort()
        return [*bands, *loose]

    def _shares(self, grid: Grid, pattern: Pattern) -> bool:
        """Whether a grid's columns are written as shared formulas, whose text the first row holds."""
        if not self.share or grid.values is None or grid.height == 1:
            return False
        if not pattern.shares_down(grid.row_step):
            return False
        return bool(np.isfinite(grid.values[0]).all())

    def _add(self, band: _Band, grid: Grid, pattern: Pattern | None, *, shared: bool) -> None:
        band.grids.append(grid)
        style = self.styles[grid.style]
        escaped = _escaped(pattern)
        for j in range(grid.width):
            col = grid.col + j * grid.col_step
            opening, styled = f'<c r="{column_name(col)}', f'" s="{style}"'
            if pattern is None:
                cell = [opening, styled + "/>"] if grid.values is None else [opening, styled + "><v>", _CLOSE]
                band.add(col, _with_slots(cell))
            elif shared:
                si = self._shared
                self._shared += 1
                covers = f"{column_name(col)}{grid.row}:{column_name(col)}{band.last}"
                text = xml_text(pattern.text(0, j))
                other = f'{styled}><f t="shared" si="{si}"/><v>'
                first = f'{styled}><f t="shared" ref="{covers}" si="{si}">{text}</f><v>'
                band.add(col, _with_slots([opening, other, _CLOSE]), _with_slots([opening, first, _CLOSE]))
            else:
                literals = _literals(escaped, j)
                literals[0] = f"{styled}><f>{literals[0]}"
                literals[-1] += "</f><v>"
                band.add(col, _with_slots([opening, *literals, _CLOSE]))


def _moving(grid: Grid, pattern: Pattern | None) -> tuple[Moving, ...]:
    """The row numbers of a cell that move down the grid: its own, and those in its formula."""
    own = (grid.row, grid.row_step)
    pieces = pattern.pieces if pattern is not None else ()
    return own, *((p.start, p.per_i) for p in pieces if isinstance(p, RowNumber) and p.per_i)


def _escaped(pattern: Pattern | None) -> list[Piece]:
    """The pieces of a pattern with their literal text as XML."""
    pieces = pattern.pieces if pattern is not None else ()
    return [xml_text(piece) if isinstance(piece, str) else piece for piece in pieces]


def _literals(pieces: Sequence[Piece], j: int) -> list[str]:
    """The text of region column j between one moving row number and the next."""
    done: list[str] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        elif isinstance(piece, ColumnNumber):
            text += column_name(piece.at(0, j))
        elif piece.per_i:
            done.append(text)
            text = ""
        else:
            text += str(piece.start)
    return [*done, text]


def _with_slots(literals: Sequence[str]) -> list[str]:
    """The pieces of a cell: its literals with an empty slot between each two."""
    pieces = [""] * (2 * len(literals) - 1)
    pieces[0::2] = literals
    return pieces


def xml_text(value: str) -> str:
    """Text as XML character data; the control characters that XML forbids are dropped."""
    return escape(_FORBIDDEN.sub("", value), quote=False)
