"""Cell addresses in A1 notation."""

from __future__ import annotations

from functools import cache


@cache
def column_name(col: int) -> str:
    """The letters of column `col`, counted from 1: 1 is A, 27 is AA."""
    if col < 1:
        raise ValueError(f"columns count from 1, not {col}")
    letters = ""
    while col:
        col, rest = divmod(col - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(row: int, col: int, *, fixed: bool = False) -> str:
    """The address of one cell: `B3`, or `$B$3` when fixed."""
    return f"${column_name(col)}${row}" if fixed else f"{column_name(col)}{row}"


def area(row: int, col: int, height: int, width: int, *, fixed: bool = False) -> str:
    """The address of a rectangle, `B3:D5`; of a single cell, `B3`."""
    first = address(row, col, fixed=fixed)
    if height == 1 and width == 1:
        return first
    return f"{first}:{address(row + height - 1, col + width - 1, fixed=fixed)}"
