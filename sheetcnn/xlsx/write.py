"""Writes a book: the skeleton's parts, with the streamed rows in the place of its empty sheets."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

from sheetcnn.files import replacing
from sheetcnn.formulas.a1 import address, area
from sheetcnn.xlsx.bands import xml_text
from sheetcnn.xlsx.book import Book, Sheet
from sheetcnn.xlsx.deflate import Deflater, threads
from sheetcnn.xlsx.skeleton import repaired, skeleton
from sheetcnn.xlsx.stream import SheetWriter

Progress = Callable[[int, int], None]

# The skeleton's own cells hold no more than a note's place.
_EMPTY = re.compile(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')
# What may follow <hyperlinks> and <ignoredErrors> in a worksheet part, in the schema's order.
_AFTER_LINKS = re.compile(rb"<(?:printOptions|pageMargins|pageSetup|headerFooter)[ >/]|</worksheet>")
_AFTER_IGNORED = re.compile(
    rb"<(?:smartTags|drawing|legacyDrawing|legacyDrawingHF|picture|oleObjects|controls|webPublishItems|"
    rb"tableParts|extLst)[ >/]|</worksheet>"
)
_CHUNK = 1 << 18  # characters handed to the compressor at a time
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same input gives the same bytes
_LARGE = 1 << 22  # bytes of a part from which on time counts more than size
# Bytes of a part's cells; past 2 GiB the zip needs its 64-bit form, from the start. An eighth of a GiB is
# more than the rows' own elements can take.
_HUGE = (1 << 31) - (1 << 27)


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
    with replacing(path) as part, _Target(part) as target:
        source = zipfile.ZipFile(io.BytesIO(package))
        parts = {f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(book.sheets, 1)}
        done = 0
        for name in source.namelist():
            content = source.read(name)
            if name not in parts:
                target.put(name, [repaired(name, content)])
                continue
            sheet = parts[name]
            writer = SheetWriter(sheet, styles, share=share)
            chunks = _chunks(_sheet_xml(content, sheet, writer))
            target.put(name, chunks, writer.most, repeats=sheet.repeats)
            formulas += writer.formulas
            done += 1
            if progress is not None:
                progress(done, len(parts))
    return formulas


class _Target:
    """The package that is written, and the threads that compress it.

    However it ends, the threads have ended with it.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threads()
        self._pool = ThreadPoolExecutor(self._threads, "sheetcnn-deflate")
        self._zip = zipfile.ZipFile(path, "w")

    def __enter__(self) -> _Target:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._zip.close()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def put(self, name: str, chunks: Iterable[bytes], most: int = 0, *, repeats: bool = False) -> None:
        """Write one part, of at most about `most` bytes; `repeats` as in `Deflater`."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=most > _HUGE) as out:
            # zipfile compresses on this thread alone, and knows no strategies.
            compressor = Deflater(self._pool, self._threads, fast=most > _LARGE, repeats=repeats)
            out._compressor = compressor  # type: ignore[attr-defined]
            for chunk in chunks:
                out.write(chunk)


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
