"""Reads a sheet part in the plain form that sheetcnn, Excel and LibreOffice write, about ten times as fast.

Whole rows of bytes are matched against a grammar that is much narrower than XML. As soon as anything looks
different, even if it may be right, the answer is None and `parse.py` reads the sheet from its beginning. So
this module decides about speed and never about what a file means. What stands before and after the rows goes
through expat as usual.

Rows of numbers are alike but for the numbers, the row's own number, and texts at their beginning. What is
left of a row without these is compared with that of rows before, and only where it differs from all are the
cells looked at singly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape as without_entities
from typing import NamedTuple
from xml.parsers import expat

import numpy as np
import orjson

from sheetcnn.shape import Array
from sheetcnn.xlsx.package import XlsxPackage, new_parser
from sheetcnn.xlsx.parse import (
    MAX_COLUMN,
    MAX_ROW,
    MOST_OTHERS,
    SPREADSHEET_NAMESPACES,
    ColumnNumbers,
    Strings,
    unescape,
)
from sheetcnn.xlsx.table import CellError, CellTable, Columns, Mask, Position, Value

_CHUNK = 2**20
_LONGEST_HEAD = 2**20  # bytes before the rows; what is longer is not what the programs write
_LONGEST_ROW = 2**26  # bytes; 16,384 cells with formulas of 4,000 characters

_OPEN, _CLOSE, _ROW_END = b"<sheetData>", b"</sheetData>", b"</row>"
_ATTRIBUTES = rb'(?: (?!r=)[A-Za-z0-9:]+="[^"<&\x00-\x1f]*")*'
_ROWS_WITHOUT_CELLS = re.compile(rb'(?:<row r="[1-9][0-9]{0,5}"' + _ATTRIBUTES + rb"/>)*")
_ROW = re.compile(rb'<row r="([1-9][0-9]{0,6})"' + _ATTRIBUTES + rb">")
_PLAIN = rb"[^<&\x00-\x08\x0b-\x1f]*"
_TEXT = _PLAIN + rb"(?:&(?:amp|lt|gt|quot|apos);" + _PLAIN + rb")*"
_CELL = re.compile(
    rb'(<c r="([A-Z]{1,3})([0-9]+)"(?: s="[0-9]+")?(?: t="([A-Za-z]+)")?(?:/>|>'  # place and type
    rb"(?:(<f)" + _ATTRIBUTES + rb"(?:/>|>" + _TEXT + rb"</f>))?"  # whether it has a formula
    rb"(?:(<v)(?:/>|>(" + _TEXT + rb")</v>)"  # whether it has a value, and which
    rb'|(<is>)<t(?: xml:space="preserve")?>(' + _TEXT + rb")</t></is>)?</c>))"
)
_LABELS = re.compile(
    rb'(?:<c r="[A-Z]{1,3}[0-9]+"(?: s="[0-9]+")?(?: t="s"><v>[0-9]+</v>'
    rb'| t="inlineStr"><is><t(?: xml:space="preserve")?>' + _TEXT + rb"</t></is>)</c>)*"
)
_ABSENT = b"null"
_NUMBER_CHARACTERS = b"0123456789+-.eE,"
_OWN, _BETWEEN = b"\0", b"\1"  # stand for the row's number and for a value; the grammar has no such bytes

_MOST_KINDS = 4  # of rows that are compared with the next


class _UnusualError(Exception):
    """Something that this module leaves to `parse.py`."""


def read_table(package: XlsxPackage, part: str, name: str, strings: Strings) -> CellTable | None:
    """The sheet in the part as a table, or None if it is not in the plain form.

    Raises:
        WorkbookError: the part is missing, or cannot be unpacked.
    """
    envelope = _Envelope()
    chunks = package.chunks(part, _CHUNK)
    try:
        buffer = _head(chunks, envelope)
        rows = _RowParser(name, strings)
        while (end := buffer.find(_CLOSE, buffer.rfind(_ROW_END) + 1)) < 0:
            buffer = rows.read(buffer)
            more = next(chunks, b"")
            if not more or len(buffer) > _LONGEST_ROW:
                return None
            buffer += more
        if not _ROWS_WITHOUT_CELLS.fullmatch(rows.read(buffer[:end])):
            return None
        envelope.tail(buffer[end:], chunks)
    except (_UnusualError, expat.ExpatError, ValueError, IndexError):
        return None
    return rows.table


def _head(chunks: Iterator[bytes], envelope: _Envelope) -> bytes:
    """Reads what stands before the rows; the bytes after it that were read already."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        at = buffer.find(_OPEN)
        if at >= 0:
            envelope.head(buffer[: at + len(_OPEN)])
            return buffer[at + len(_OPEN) :]
        if len(buffer) > _LONGEST_HEAD:
            break
    raise _UnusualError


class _Envelope:
    """Checks by expat all that stands around the rows."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._parser = new_parser()
        self._parser.StartElementHandler = lambda tag, _: self._open.append(tag)
        self._parser.EndElementHandler = lambda _: self._open.pop()

    def head(self, xml: bytes) -> None:
        """All up to the rows: UTF-8, no declarations, and `<sheetData>` is what it seems to be."""
        declaration = re.match(rb"<\?xml ([^?]*)\?>", xml)
        if b"<!" in xml or b"<?" in xml[declaration.end() if declaration else 0 :]:
            raise _UnusualError
        if declaration and not re.search(rb"""encoding=["']utf-8["']""", declaration[1], re.IGNORECASE):
            raise _UnusualError
        self._parser.Parse(xml)
        if not any(self._open == [f"{ns} worksheet", f"{ns} sheetData"] for ns in SPREADSHEET_NAMESPACES):
            raise _UnusualError

    def tail(self, xml: bytes, more: Iterator[bytes]) -> None:
        """All from the end of the rows."""
        self._parser.StartElementHandler = self._parser.EndElementHandler = None
        self._parser.Parse(xml)
        for chunk in more:
            self._parser.Parse(chunk)
        self._parser.Parse(b"", True)


class _RowPattern(NamedTuple):
    """What rows of numbers have in common."""

    pattern: bytes
    """Their cells, with `_OWN` for the row's number and `_BETWEEN` for the values."""
    first: int
    """The column of the first cell, be it blank."""
    columns: Columns
    formulas: Mask | None


class _RowParser:
    """Reads rows into a table. Errors other than `WorkbookError` mean that a row is unusual."""

    def __init__(self, name: str, strings: Strings) -> None:
        self.table = CellTable(name)
        self._strings = strings
        self._numbers = ColumnNumbers()
        self._last = 0
        self._kinds: list[_RowPattern] = []

    def read(self, buffer: bytes) -> bytes:
        """Reads all complete rows; what is left."""
        *rows, rest = buffer.split(_ROW_END)
        for xml in rows:
            empty = _ROWS_WITHOUT_CELLS.match(xml)
            opening = _ROW.match(xml, empty.end() if empty else 0)
            if opening is None:
                raise _UnusualError
            row = int(opening[1])
            if not self._last < row <= MAX_ROW:
                raise _UnusualError
            self._last = row
            self._row(row, opening[1], xml[opening.end() :])
        return rest

    def _row(self, row: int, digits: bytes, xml: bytes) -> None:
        labels = _LABELS.match(xml)
        size = labels.end() if labels else 0
        after = self._labels(row, digits, xml[:size])
        cells = xml[size:]
        parts = _parts(cells)
        likeness = self._like(digits, parts)
        if likeness is None:
            self._singly(row, digits, cells, parts, after)
        elif likeness.first <= after:
            raise _UnusualError
        else:
            numbers = _as_numbers(parts[1::2], len(likeness.columns))
            self.table.put(row, likeness.columns, numbers, likeness.formulas)

    def _labels(self, row: int, digits: bytes, xml: bytes) -> int:
        """Reads the texts at the beginning of a row; the last one's column."""
        last = 0
        for _, letters, of_row, kind, _, _, value, inline, text in _CELL.findall(xml):
            last = self._column(letters, of_row == digits, last)
            self._other((row, last), kind, value, text, inline=bool(inline))
        return last

    def _column(self, letters: bytes, in_row: bool, last: int) -> int:
        """The column of a cell, which must be in its row and come after the last one."""
        column = self._numbers[letters.decode()]
        if not in_row or not last < column <= MAX_COLUMN:
            raise _UnusualError
        return column

    def _like(self, digits: bytes, parts: list[bytes]) -> _RowPattern | None:
        """The kind of rows that a row differs from in nothing but its numbers."""
        between = _BETWEEN.join(parts[0::2])
        for n, likeness in enumerate(self._kinds):
            if between == likeness.pattern.replace(_OWN, digits):
                self._kinds.insert(0, self._kinds.pop(n))
                return likeness
        return None

    def _singly(self, row: int, digits: bytes, xml: bytes, parts: list[bytes], after: int) -> None:
        """Reads the cells of a row one by one, those after column `after`."""
        found = _CELL.findall(xml)
        if sum(len(match[0]) for match in found) != len(xml):
            raise _UnusualError
        xml.decode()  # what is not UTF-8 is a ValueError
        columns: list[int] = []
        texts: list[bytes] = []
        formulas: list[bool] = []
        only_numbers = True
        last = after
        for _, letters, of_row, kind, formula, valued, value, inline, text in found:
            last = self._column(letters, of_row == digits, last)
            if inline or (kind and kind != b"n"):
                only_numbers = False
                if valued or inline:
                    self._other((row, last), kind, value, text, inline=bool(inline))
                elif not formula:
                    continue
                texts.append(_ABSENT)
            elif value:
                texts.append(value)
            elif formula:
                only_numbers = False
                texts.append(_ABSENT)
            else:
                continue
            columns.append(last)
            formulas.append(bool(formula))
        if not columns:
            return
        mask = np.array(formulas) if any(formulas) else None
        places = np.array(columns, dtype=np.int32)
        self.table.put(row, places, _as_numbers(texts, len(columns)), mask)
        if only_numbers:
            first = self._numbers[found[0][1].decode()]
            pattern = re.sub(
                rb'( r="[A-Z]+)' + digits + b'"', rb"\1" + _OWN + b'"', _BETWEEN.join(parts[0::2])
            )
            likeness = _RowPattern(pattern, first, places, mask)
            self._kinds = [likeness, *self._kinds[: _MOST_KINDS - 1]]

    def _other(self, place: Position, kind: bytes, value: bytes, text: bytes, *, inline: bool) -> None:
        """Stores what is no number, as `parse.py` does."""
        found: Value
        if inline != (kind == b"inlineStr"):
            raise _UnusualError
        if inline:
            found = _as_text(text)
        elif kind in (b"str", b"d"):
            found = _as_text(value)
        elif kind == b"s":
            if not value.isdigit():
                raise _UnusualError
            found = self._strings()[int(value)]
        elif kind == b"b" and value in (b"0", b"1"):
            found = value == b"1"
        elif kind == b"e":
            found = CellError(_as_text(value).strip())
        else:
            raise _UnusualError
        self.table.others[place] = found
        if len(self.table.others) > MOST_OTHERS:
            raise _UnusualError


def _parts(xml: bytes) -> list[bytes]:
    """A row cut at its values: what stands between them at the even places, the values at the odd ones."""
    return xml.replace(b"</v>", b"<v>").split(b"<v>")


def _as_numbers(texts: list[bytes], count: int) -> Array:
    """Numbers, each written as JSON writes them too; NaN for what is `_ABSENT`."""
    written = [text for text in texts if text is not _ABSENT] if _ABSENT in texts else texts
    if b",".join(written).translate(None, _NUMBER_CHARACTERS):
        raise _UnusualError
    numbers = np.array(orjson.loads(b"[" + b",".join(texts) + b"]"), dtype=np.float64)
    if len(numbers) != count:
        raise _UnusualError
    return numbers


def _as_text(text: bytes) -> str:
    return unescape(without_entities(text.decode()))
