"""Copies a workbook with other numbers in some of its cells; every other byte of its sheets stays."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sheetcnn.xlsx.parse import ColumnNumbers
from sheetcnn.xlsx.read import Workbook

# A cell that holds a number and no formula, as every program writes it; others are passed over.
_NUMBER = re.compile(
    rb'(<(?:[a-z]+:)?c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="[0-9]+")?(?: t="n")?>'
    rb"<(?:[a-z]+:)?v>)([^<]*)(</(?:[a-z]+:)?v></(?:[a-z]+:)?c>)"
)

MAX_PART = 1 << 26
"""Bytes of a sheet that is changed, in memory; a larger one is copied as it is."""

Numbers = Mapping[tuple[int, int], float]
"""Row and column of cells, and what they are to hold."""


def renumber(book: Workbook, target: Path, sheets: Mapping[str, Numbers]) -> None:
    """Write a copy of an open workbook.

    Args:
        book: the workbook.
        target: of the copy.
        sheets: for some sheets, the new numbers of cells that hold a number; others are passed over, as are
            sheets of more than `MAX_PART` bytes.

    Raises:
        WorkbookError: if a part cannot be unpacked.
    """
    wanted = {book.part_of(name).lower(): numbers for name, numbers in sheets.items() if numbers}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name in book.part_names:
            with package.open(name, "w", force_zip64=True) as out:
                numbers = wanted.get(name.lower())
                if numbers is not None and book.part_size(name) <= MAX_PART:
                    out.write(_renumbered(b"".join(book.part_chunks(name)), numbers))
                else:
                    for chunk in book.part_chunks(name):
                        out.write(chunk)


def _renumbered(xml: bytes, numbers: Numbers) -> bytes:
    columns = ColumnNumbers()

    def other(found: re.Match[bytes]) -> bytes:
        value = numbers.get((int(found[3]), columns[found[2].decode()]))
        return found[0] if value is None else found[1] + repr(float(value)).encode() + found[5]

    return _NUMBER.sub(other, xml)
