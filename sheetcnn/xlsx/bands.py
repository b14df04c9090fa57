"""Cells that are written together: the same columns in evenly spaced rows.

Grids that share their rows and whose formulas have the same make-up form a *band*. The XML of a band's
row is a list of pieces, all of its cells alike: literal text at the even places of a cell, and *slots*
at the odd ones, for the row numbers that move and for the value. Made once per band, the list is
filled by one slice assignment per slot and joined; nothing is done per cell in Python, and no object
per cell lives longer than its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import orjson

from sheetcnn.formulas.a1 import column_name
from sheetcnn.formulas.render import ColumnNumber, Pattern, Piece, RowNumber
from sheetcnn.shape import Array
from sheetcnn.xlsx import book
from sheetcnn.xlsx.book import Grid

CLOSE = "</v></c>"
UNNUMBERED = "\0"
"""Stands in the literals of shared formulas for the number that `Band.finish` gives them."""
_ABSENT = "null"  # how orjson writes a number that is not one
_NUMBER_CHARACTERS = 24  # of -1.2345678901234567e-308
_CELL_CHARACTERS = 100  # of a cell besides its formula
# Rows fetched at a time: the numbers of a transposed matrix lie far apart, and those of eight rows share
# the lines of the processor's cache.
_BLOCK = 8
# What XML 1.0 forbids.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Moving = tuple[int, int]
"""A row number that moves: where it starts, and how far it moves per row of the band."""


def numbers_text(values: Array) -> str:
    """The shortest exact text of each number of a 1-D array, "null" for NaN, with commas between."""
    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[1:-1].decode()


_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{1,4}_)")


def xml_text(value: str) -> str:
    """Text as XML character data; the control characters that XML forbids are dropped."""
    return escape(_FORBIDDEN.sub("", value), quote=False)


def cell_text(value: str) -> str:
    """The text of a cell: as `xml_text`, with `_x41_` written so that it stays these five characters.

    Excel reads `_x0041_` in a cell as A, LibreOffice one to four such digits. Formulas are not read so.
    """
    return xml_text(_ESCAPE_LIKE.sub("_x005F_", value))


@dataclass
class SpacedRows:
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

    def start(self) -> None:
        """Get ready: the first row comes."""

    def end(self) -> None:
        """Let go of the values and templates: the last row is written."""

    def text(self, i: int) -> str:
        """The XML of row i."""
        raise NotImplementedError

    def cells(self, i: int) -> list[str]:
        """The XML of row i, one string for each of `columns`."""
        raise NotImplementedError


@dataclass
class Band(SpacedRows):
    """Grids with the same rows and like cells.

    A cell's slots are the row numbers `moving`, each after one of its literals, and at the end the
    value. Blank cells leave that one empty.
    """

    moving: tuple[Moving, ...]
    valued: bool
    grids: list[Grid] = field(default_factory=list)
    arrays: list[Array | book.RowSource | None] = field(default_factory=list)
    """The values of the grids, where they were made already."""
    literals: list[list[str]] = field(default_factory=list)
    """For each literal of a cell, its text in each of `columns`; the first one opens the cell."""
    first: list[str] = field(default_factory=list)
    """The second literal in the first row, which holds the texts of shared formulas."""
    shared: list[int] = field(default_factory=list)
    """For each of `columns` the place of the first one with which it shares a formula."""

    def __post_init__(self) -> None:
        self.literals = [[] for _ in range(len(self.moving) + 1)]
        self._order: npt.NDArray[np.intp] | None = None
        self._size = 2 * len(self.literals)
        self._close = CLOSE if self.valued else ""
        self._pieces: list[str] = []
        self._block: tuple[int, Array] | None = None

    @property
    def most(self) -> int:
        """An upper bound of the characters of all rows."""
        slots = len(str(self.last)) + _NUMBER_CHARACTERS + len(CLOSE)
        for start, per_row in self.moving[1:]:
            slots += len(str(max(start, start + self.height * per_row)))
        literals = sum(len(text) for texts in self.literals for text in texts)
        return self.height * (literals + len(self.columns) * slots) + sum(map(len, self.first))

    def fits(self, grid: Grid, moving: tuple[Moving, ...]) -> bool:
        """Whether a grid's cells are like those of this band."""
        return (self.row, self.step, self.height, self.moving, self.valued) == (
            *(grid.row, grid.row_step, grid.height),
            *(moving, grid.values is not None),
        )

    def add(
        self,
        grid: Grid,
        array: Array | book.RowSource | None,
        literals: Sequence[list[str]],
        first: list[str] | None = None,
        *,
        block: bool = False,
    ) -> None:
        """Append a grid's columns.

        Args:
            grid: of like cells (see `fits`).
            array: its values, if they were made already.
            literals: what comes after each moving row number, one text per column.
            first: the first of them in the first row, where that is different.
            block: whether all columns share one formula.
        """
        place = len(self.columns)
        self.shared += [place] * grid.width if block else range(place, place + grid.width)
        columns = range(grid.col, grid.col + grid.width * grid.col_step, grid.col_step)
        self.grids.append(grid)
        self.arrays.append(array)
        self.columns += columns
        self.literals[0] += [f'<c r="{column_name(col)}' for col in columns]
        for known, texts in zip(self.literals[1:], literals, strict=True):
            known += texts
        self.first += literals[0] if first is None else first

    def finish(self, numbers: Iterator[int]) -> None:
        """Put the columns in order, and number their shared formulas.

        From left to right: along a row the numbers then go up by one, which compresses better.
        """
        if any(a >= b for a, b in pairwise(self.columns)):
            order = sorted(range(len(self.columns)), key=self.columns.__getitem__)
            self.columns = [self.columns[n] for n in order]
            self.literals = [[texts[n] for n in order] for texts in self.literals]
            self.first = [self.first[n] for n in order]
            self.shared = [self.shared[n] for n in order]
            self._order = np.array(order, dtype=np.intp)
        others = self.literals[1]
        known: dict[int, str] = {}
        for n, (text, owner) in enumerate(zip(others, self.shared, strict=True)):
            if UNNUMBERED in text:
                number = known[owner] if owner in known else known.setdefault(owner, str(next(numbers)))
                others[n] = text.replace(UNNUMBERED, number)
                self.first[n] = self.first[n].replace(UNNUMBERED, number)

    def start(self) -> None:
        """Make the values that are functions, and the list of pieces."""
        if self.valued:
            self.arrays = [
                grid.array() if array is None else array
                for grid, array in zip(self.grids, self.arrays, strict=True)
            ]
        size, count = self._size, len(self.columns)
        # A cell is closed by the next one's opening: a piece less per cell to join.
        self._pieces = [""] * (size * count) + [self._close]
        self._pieces[: size * count : size] = [self._close + opening for opening in self.literals[0]]
        self._pieces[0] = self.literals[0][0]
        for n, texts in enumerate([self.first, *self.literals[2:]], 1):
            self._pieces[2 * n :: size] = texts

    def end(self) -> None:
        """Let go of them."""
        self.arrays, self._pieces, self._block, self.literals, self.first = [], [], None, [], []

    def text(self, i: int) -> str:
        """The XML of row i."""
        return "".join(self._filled(i))

    def cells(self, i: int) -> list[str]:
        """The XML of row i, one string for each of `columns`."""
        parts, size, close = self._filled(i), self._size, self._close
        texts = ["".join(parts[at : at + size]) for at in range(0, size * len(self.columns), size)]
        return [text.removeprefix(close) + close if text else "" for text in texts]

    def _filled(self, i: int) -> list[str]:
        """The pieces of row i. Rows are filled from the first on, into the same list."""
        parts, size, count = self._pieces, self._size, len(self.columns)
        if i == 1:
            parts[2::size] = self.literals[1]
            self.first = []
        for n, (start, per_row) in enumerate(self.moving):
            parts[2 * n + 1 :: size] = [str(start + i * per_row)] * count
        if not self.valued:
            return parts
        numbers = numbers_text(self._values(i))
        texts = numbers.split(",")
        parts[size - 1 :: size] = texts
        return self._without(parts, texts) if _ABSENT in numbers else parts

    def _without(self, parts: list[str], texts: list[str]) -> list[str]:
        """The pieces without the cells whose number is absent."""
        count, size = len(texts), self._size
        if texts.count(_ABSENT) == count:
            return [""] * len(parts)
        parts = parts.copy()
        blank = [""] * size
        opened = False
        for n, text in enumerate(texts):
            if text == _ABSENT:
                parts[n * size : (n + 1) * size] = blank
            elif not opened:
                parts[n * size] = parts[n * size].removeprefix(self._close)
                opened = True
        return parts

    def _values(self, i: int) -> Array:
        """The numbers of row i, in the order of `columns`."""
        top, block = self._block or (i, None)
        if block is None or not top <= i < top + len(block):
            parts = [_rows(array, i, min(i + _BLOCK, self.height)) for array in self.arrays]
            block = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
            if self._order is not None:
                block = block.take(self._order, axis=1)
            top, block = i, np.ascontiguousarray(block)
            self._block = top, block
        row: Array = block[i - top]
        return row


def _rows(array: Array | book.RowSource | None, start: int, stop: int) -> Array:
    if isinstance(array, np.ndarray):
        return array[start:stop]
    assert array is not None  # noqa: S101  (for mypy)
    return np.stack([array[i] for i in range(start, stop)])


@dataclass
class Loose(SpacedRows):
    """A grid whose formula moves in rows and columns with both axes: its cells have nothing in common."""

    grid: Grid
    pattern: Pattern
    style: int

    def __post_init__(self) -> None:
        self.columns = [self.grid.col + j * self.grid.col_step for j in range(self.grid.width)]
        self._array: Array | book.RowSource | None = None

    @property
    def most(self) -> int:
        """An upper bound of the characters of all rows."""
        longest = self.pattern.longest(self.height, self.grid.width)
        return self.height * self.grid.width * (longest + _CELL_CHARACTERS)

    def start(self) -> None:
        """Make the values, if they are a function."""
        self._array = self.grid.array()

    def end(self) -> None:
        """Let go of them."""
        self._array = None

    def text(self, i: int) -> str:
        """The XML of row i."""
        return "".join(self.cells(i))

    def cells(self, i: int) -> list[str]:
        """The XML of row i, one string for each of `columns`."""
        assert self._array is not None  # noqa: S101  (for mypy)
        row = self.row + i * self.step
        texts = numbers_text(self._array[i]).split(",")
        return [
            f'<c r="{column_name(col)}{row}" s="{self.style}">'
            f"<f>{xml_text(self.pattern.text(i, j))}</f><v>{text}{CLOSE}"
            if text != _ABSENT
            else ""
            for j, (col, text) in enumerate(zip(self.columns, texts, strict=True))
        ]


def moving_rows(grid: Grid, pattern: Pattern | None) -> tuple[Moving, ...]:
    """The row numbers of a cell that move down the grid: its own, and those in its formula."""
    own = (grid.row, grid.row_step)
    pieces = pattern.pieces if pattern is not None else ()
    return own, *((p.start, p.per_i) for p in pieces if isinstance(p, RowNumber) and p.per_i)


def literals(pieces: Sequence[Piece], width: int, *, still: bool = False) -> list[list[str]]:
    """The XML between one moving row number and the next, one text for each of the region's columns.

    Args:
        pieces: of a pattern.
        width: of the region.
        still: take the rows as they are in the region's first row, so that none moves.
    """
    done: list[list[str]] = []
    template = ""
    names: list[list[str]] = []
    for piece in pieces:
        if isinstance(piece, str):
            template += xml_text(piece).replace("%", "%%")
        elif isinstance(piece, ColumnNumber):
            template += "%s"
            names.append([column_name(piece.at(0, j)) for j in range(width)])
        elif piece.per_i and not still:
            done.append(_each(template, names, width))
            template, names = "", []
        else:
            template += str(piece.start)
    return [*done, _each(template, names, width)]


def _each(template: str, names: list[list[str]], width: int) -> list[str]:
    if not names:
        return [template % ()] * width
    return [template % columns for columns in zip(*names, strict=True)]
