"""The cells of one sheet: numbers in arrays, row by row, and the few others by their places.

No object is kept per number, so a sheet of tens of millions of weights takes 8 to 12 bytes a cell. Only cells
that hold something take room: a stray cell in the last row and column of a sheet costs nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sheetcnn.shape import Array

KEPT_CELLS = 4_000_000
"""Tables with fewer cells than this in total are kept for the next question; a larger one only until then."""


@dataclass(frozen=True)
class CellError:
    """The error that a cell shows in place of a value."""

    code: str
    """As on the sheet: `#DIV/0!`, `#VALUE!` ..."""


Value: TypeAlias = float | str | bool | CellError
"""What a cell can hold. A blank cell has no value."""

Position: TypeAlias = tuple[int, int]
"""Row and column, both counted from 1."""

CellValues: TypeAlias = list[list[Value | None]]
"""Rows of values; None is a blank cell."""

Columns: TypeAlias = npt.NDArray[np.int32]
Mask: TypeAlias = npt.NDArray[np.bool_]


class _Row(NamedTuple):
    """The cells of one row. Rows that are alike share `columns` and `formulas`."""

    columns: Columns
    """In rising order."""
    numbers: Array
    """NaN where the cell holds something else."""
    formulas: Mask | None
    """Which are formulas; None if none is."""


@dataclass
class CellTable:
    """The cells of one sheet. `others` are the values that are no numbers, and NaN itself."""

    name: str
    others: dict[Position, Value] = field(default_factory=dict)
    size: int = 0
    _rows: dict[int, _Row] = field(default_factory=dict)

    def put(self, row: int, columns: Columns, numbers: Array, formulas: Mask | None = None) -> None:
        """Store a row that was not stored before.

        Args:
            row: its number, from 1.
            columns: of its cells, in rising order.
            numbers: their values, NaN where a cell has none or one that is in `others`.
            formulas: which of them are formulas; None if none is.
        """
        self._rows[row] = _Row(columns, numbers, formulas)
        self.size += len(columns)

    def put_cells(self, values: Mapping[Position, Value], formulas: Mapping[Position, str]) -> None:
        """Store rows that were not stored before, given cell by cell."""
        rows: dict[int, set[int]] = {}
        for row, col in (*values, *formulas):
            rows.setdefault(row, set()).add(col)
        for row, cols in rows.items():
            columns = sorted(cols)
            numbers = np.full(len(columns), np.nan)
            for n, col in enumerate(columns):
                value = values.get((row, col))
                if type(value) is float and not math.isnan(value):
                    numbers[n] = value
                elif value is not None:
                    self.others[row, col] = value
            mask = np.array([(row, col) in formulas for col in columns])
            self.put(row, np.array(columns, dtype=np.int32), numbers, mask if mask.any() else None)

    def amend(self, values: Mapping[Position, Value], formulas: Mapping[Position, str]) -> None:
        """Store cells, given one by one, beside or in the place of those that were stored before."""
        all_values, all_formulas = dict(values), dict(formulas)
        for row in {row for row, _ in (*values, *formulas)} & self._rows.keys():
            before = self._rows.pop(row)
            self.size -= len(before.columns)
            for n, col in enumerate(before.columns.tolist()):
                other = self.others.pop((row, col), None)
                number = float(before.numbers[n])
                if other is not None or not math.isnan(number):
                    all_values.setdefault((row, col), number if other is None else other)
                if before.formulas is not None and before.formulas[n]:
                    all_formulas.setdefault((row, col), "")
        self.put_cells(all_values, all_formulas)

    def row(self, row: int, col: int, width: int) -> Array:
        """The numbers of `width` cells of one row; NaN where there is none."""
        found = np.full(width, np.nan)
        cells = self._rows.get(row)
        if cells is not None:
            first, last = _between(cells.columns, col, width)
            found[cells.columns[first:last] - col] = cells.numbers[first:last]
        return found

    def numbers(self, row: int, col: int, height: int, width: int) -> Array:
        """The numbers of a rectangle; NaN where a cell holds none."""
        return np.stack([self.row(row + i, col, width) for i in range(height)])

    def formulas(self, row: int, col: int, height: int, width: int) -> Mask:
        """Which cells of a rectangle are formulas."""
        found = np.zeros((height, width), dtype=np.bool_)
        for i in range(height):
            cells = self._rows.get(row + i)
            if cells is not None and cells.formulas is not None:
                first, last = _between(cells.columns, col, width)
                found[i, cells.columns[first:last] - col] = cells.formulas[first:last]
        return found

    def value(self, row: int, col: int) -> Value | None:
        """What one cell holds."""
        other = self.others.get((row, col))
        if other is not None:
            return other
        number = float(self.row(row, col, 1)[0])
        return None if math.isnan(number) else number

    def block(self, row: int, col: int, height: int, width: int) -> CellValues:
        """What the cells of a rectangle hold."""
        numbers = self.numbers(row, col, height, width)
        rows: CellValues = [[None if math.isnan(v) else v for v in line] for line in numbers.tolist()]
        if self.others:
            for i in range(height):
                for j in range(width):
                    other = self.others.get((row + i, col + j))
                    if other is not None:
                        rows[i][j] = other
        return rows


def _between(columns: Columns, col: int, width: int) -> tuple[int, int]:
    """Where the columns from `col` on begin and end among those of a row."""
    first, last = columns.searchsorted(np.array((col, col + width), dtype=np.int32))
    return int(first), int(last)


class TableCache:
    """Tables that were read, the latest last. Few are kept: a large workbook needs no large memory."""

    def __init__(self, read: Callable[[str], CellTable]) -> None:
        self._read = read
        self._tables: dict[str, CellTable] = {}

    def table(self, name: str) -> CellTable:
        """The sheet of that name, read unless it is still there."""
        table = self._tables.pop(name, None)
        if table is None:
            self._make_room()
            table = self._read(name)
        self._tables[name] = table
        return table

    def _make_room(self) -> None:
        """Before a sheet is read, so that two large ones never stand side by side."""
        while sum(table.size for table in self._tables.values()) > KEPT_CELLS:
            del self._tables[next(iter(self._tables))]

    def clear(self) -> None:
        """Drop all."""
        self._tables.clear()
