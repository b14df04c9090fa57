"""Writes a book: the skeleton's parts, with the streamed rows in the place of its empty sheets."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from sheetcnn.files import replacing
from sheetcnn.formulas.a1 import address, area
from sheetcnn.xlsx.book import Book, Sheet
from sheetcnn.xlsx.skeleton import repaired, skeleton
from sheetcnn.xlsx.stream import SheetWriter, xml_text

Progress = Callable[[int, int], None]

_EMPTY = re.compile(rb"<sheetData\s*/>|<sheetData>\s*</sheetData>")
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')
# What may follow <hyperlinks> and <ignoredErrors> in a worksheet part, in the schema's order.
_AFTER_LINKS = re.compile(rb"<(?:printOptions|pageMargins|pageSetup|headerFooter)[ >/]|</worksheet>")
_AFTER_IGNORED = re.compile(
    rb"<(?:smartTags|drawing|legacyDrawing|legacyDrawingHF|picture|oleObjects|controls|webPublishItems|"
    rb"tableParts|extLst)[ >/]|</worksheet>"
)
_CHUNK = 1 << 18  # characters handed to the compressor at a time
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same input gives the same bytes
_LEVEL = 5  # of compression; level 6 takes twice as long for 1 % less, see docs/performance.md
_LARGE = 1 << 30  # characters of a part; past 2 GiB the zip needs its 64-bit form, from the start


def write_book(book: Book, path: Path, *, share: bool = True, progress: Progress | None = None) -> int:
    """Write `book` to `path`; what stood there is replaced only when all is written.

    Args:
        book: what to write.
        path: of the .xlsx file.
        share: write shared formulas where the patterns allow it.
        progress: called with the sheets done and the sheets in all.

    Returns:
        The number of formula cells written.

    Raises:
        OutputError: if the file cannot be written.
    """
    package, styles = skeleton(book)
    formulas = 0
    with replacing(path) as part, zipfile.ZipFile(part, "w") as target:
        source = zipfile.ZipFile(io.BytesIO(package))
        parts = {f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(book.sheets, 1)}
        done = 0
        for name in source.namelist():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # open() takes no level before 3.13
            content = source.read(name)
            if name not in parts:
                target.writestr(info, repaired(name, content))
                continue
            sheet = parts[name]
            writer = SheetWriter(sheet, styles, share=share)
            with target.open(info, "w", force_zip64=writer.most > _LARGE) as out:
                for chunk in _chunks(_sheet_xml(content, sheet, writer)):
                    out.write(chunk)
            formulas += writer.formulas
            done += 1
            if progress is not None:
                progress(done, len(parts))
    return formulas


def _sheet_xml(content: bytes, sheet: Sheet, writer: SheetWriter) -> Iterator[str]:
    """The worksheet part: head, rows, tail."""
    used = _used(sheet)
    content = _DIMENSION.sub(f'<dimension ref="{used}"/>'.encode(), content)
    place = _EMPTY.search(content)
    if place is None:
        raise ValueError(f"the skeleton of {sheet.name} holds cells of its own")
    yield content[: place.start()].decode() + "<sheetData>"
    yield from writer.rows()
    tail = _before(_AFTER_LINKS, content[place.end() :], _links(sheet))
    if writer.formulas:
        # Excel marks formulas that differ from their neighbours; on a feature map that is all of them.
        ignored = (
            f'<ignoredErrors><ignoredError sqref="{used}" formula="1" formulaRange="1"/></ignoredErrors>'
        )
        tail = _before(_AFTER_IGNORED, tail, ignored)
    yield "</sheetData>" + tail.decode()


def _before(what: re.Pattern[bytes], tail: bytes, element: str) -> bytes:
    """`tail` with an element before the first of what must follow it."""
    at = what.search(tail)
    cut = at.start() if at else len(tail)
    return tail[:cut] + element.encode() + tail[cut:]


def _links(sheet: Sheet) -> str:
    """The links of the sheet's cells (openpyxl writes only those of cells of its own)."""
    links = [
        f'<hyperlink ref="{address(cell.row, cell.col)}" location="{escape(cell.link)}" '
        f'display="{xml_text(str(cell.value)).replace(chr(34), "&quot;")}"/>'
        for cell in sheet.cells
        if cell.link is not None
    ]
    return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""


def _chunks(pieces: Iterator[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= _CHUNK:
            yield "".join(waiting).encode()
            waiting.clear()
            length = 0
    yield "".join(waiting).encode()


def _used(sheet: Sheet) -> str:
    """The smallest range that holds every cell."""
    boxes = [(c.row, c.col, c.row, c.col + c.merge - 1) for c in sheet.cells]
    boxes += [
        (g.row, g.col, g.row + (g.height - 1) * g.row_step, g.col + (g.width - 1) * g.col_step)
        for g in sheet.grids
    ]
    if not boxes:
        return "A1"
    top, left = min(b[0] for b in boxes), min(b[1] for b in boxes)
    bottom, right = max(b[2] for b in boxes), max(b[3] for b in boxes)
    return area(top, left, bottom - top + 1, right - left + 1)
