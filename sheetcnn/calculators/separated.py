"""Reads what LibreOffice writes as comma-separated values: one file a sheet, every cell as it is stored.

Texts and errors are in quotes, numbers and truth values are not. An error cannot be told from a text that
reads like it. Numbers carry 15 digits, as in the .xlsx files that LibreOffice writes, but at most 20
decimals: 1.15201499200647e-14 comes as 1.152015e-14. The error, 5e-21, is far below any tolerance here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import orjson

from sheetcnn.xlsx.read import CellError, CellTable, Value

OPTIONS = "44,34,76,1,,0,true,true,false,false,false,-1"
"""Of the filter: comma, quotes, UTF-8, from row 1, no column formats, language of the profile, texts in
quotes, numbers without, as stored and not as shown, values and not formulas, all spaces, all sheets."""

_QUOTED = re.compile(rb'"(?:[^"]|"")*"')
_ERROR = re.compile(r"#[A-Z/0]+[!?]|#N/A|Err:[0-9]{3}")
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]+)?")
_BLANK = b"null"
_PLAIN = b"0123456789+-.E,null"  # what a line of numbers and blanks is made of
_COLUMNS = np.arange(1, 16_385, dtype=np.int32)


class UnclearError(Exception):
    """A field that is no text, number or truth value; dates and currencies are written as such."""


def read_separated(path: Path, name: str) -> CellTable:
    """The cells of the sheet `name` from its file; whatever reads like an error is one.

    Raises:
        UnclearError: a field cannot be understood.
    """
    table = CellTable(name)
    with path.open("rb") as stream:
        for row, line in enumerate(_lines(stream), 1):
            _read_line(table, row, line)
    return table


def _lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The rows, without the ends of lines and the blank cells at their end. A text may hold ends of lines."""
    parts: list[bytes] = []
    quotes = 0
    for part in stream:
        parts.append(part)
        quotes += part.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(parts).rstrip(b"\r\n").rstrip(b",")
            parts.clear()
            quotes = 0
    if parts:
        raise UnclearError


def _read_line(table: CellTable, row: int, line: bytes) -> None:
    if not line:
        return
    if b'"' in line:
        line = _take_texts(table, row, line)
    while b",," in line:
        line = line.replace(b",,", b",null,")
    if line.startswith(b","):
        line = _BLANK + line
    if line.translate(None, _PLAIN):
        numbers = np.array([_field(table, row, *field) for field in enumerate(line.split(b","), 1)])
    else:
        try:
            numbers = np.array(orjson.loads(b"[" + line + b"]"), dtype=np.float64)
        except orjson.JSONDecodeError as error:
            raise UnclearError from error
    if len(numbers) > len(_COLUMNS):
        raise UnclearError
    table.put(row, _COLUMNS[: len(numbers)], numbers)


def _take_texts(table: CellTable, row: int, line: bytes) -> bytes:
    """The line with its texts replaced by blanks."""
    bare: list[bytes] = []
    column, at = 1, 0
    for match in _QUOTED.finditer(line):
        between = line[at : match.start()]
        column += between.count(b",")
        at = match.end()
        bare += (between, _BLANK)
        text = match[0][1:-1].replace(b'""', b'"').decode(errors="replace")
        table.others[row, column] = CellError(text) if _ERROR.fullmatch(text) else text
    return b"".join((*bare, line[at:]))


def _field(table: CellTable, row: int, column: int, field: bytes) -> float:
    """A number, or NaN for what is none."""
    if field in (b"TRUE", b"FALSE"):
        truth: Value = field == b"TRUE"
        table.others[row, column] = truth
    elif _NUMBER.fullmatch(field):
        return float(field)
    elif field.endswith(b"%") and _NUMBER.fullmatch(field[:-1]):
        return float(field[:-1]) / 100
    elif field != _BLANK:
        raise UnclearError
    return np.nan
