"""Reads the cells of an .xlsx file: values and formulas, nothing else.

It reads what sheetcnn, Excel, LibreOffice, Gnumeric, openpyxl and IronCalc write. A sheet can be had as a
`SheetCells`, with every formula text (small sheets), or as a `CellTable`, whose numbers are arrays.
`parse.py` reads any sheet; `quick.py` reads the plain form that most programs write, about ten times as
fast. `package.py` is what keeps a hostile file harmless.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from sheetcnn.errors import WorkbookError
from sheetcnn.xlsx.package import Part, XlsxPackage, new_parser, open_part
from sheetcnn.xlsx.parse import SPREADSHEET_NAMESPACES, SheetCells, parse_cells, parse_table, unescape
from sheetcnn.xlsx.quick import read_table
from sheetcnn.xlsx.table import CellError, CellTable, CellValues, Position, TableCache, Value

MAX_BYTES = 16 * 2**30
"""Parts that unpack to more than this in total are refused. AlexNet's unpack to 3 GB, VGG-19's to 7."""

MAX_RATIO = 250.0
"""A large part that was compressed more than this is refused; real sheets stay under 50."""

_ID_ATTRIBUTES = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)

__all__ = [
    "CellError",
    "CellTable",
    "CellValues",
    "Position",
    "SheetCells",
    "Value",
    "Workbook",
    "open_workbook",
]


class Workbook:
    """An .xlsx file, open for reading. A sheet is parsed when it is asked for."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> None:
        self.path = path
        self._package = XlsxPackage(path, max_bytes, max_ratio)
        self._strings: list[str] | None = None
        self._sheets: dict[str, SheetCells] = {}
        self._tables = TableCache(self._read_table)
        self._closed = False
        try:
            self._book_part, self._parts = _find_sheets(self._package)
        except BaseException:
            self._package.close()
            raise

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """The names of all sheets, in the order of their tabs."""
        return tuple(self._parts)

    @property
    def size(self) -> int:
        """The bytes that all parts unpack to."""
        return self._package.size

    def sheet(self, name: str) -> SheetCells:
        """The cells of the sheet `name`, one by one, with every formula; parsed on first use and kept.

        Raises:
            WorkbookError: there is no such sheet, it is damaged, or the workbook was closed.
        """
        cells = self._sheets.get(name)
        if cells is None:
            part = self._part(name)
            cells = SheetCells(name)
            parse_cells(self._package, part, cells, self._shared_strings)
            self._sheets[name] = cells
        return cells

    def table(self, name: str) -> CellTable:
        """The same as arrays, without the formula texts. The last one asked for is kept, and small ones.

        Raises:
            WorkbookError: as `sheet`.
        """
        self._part(name)
        return self._tables.table(name)

    def _read_table(self, name: str) -> CellTable:
        part = self._part(name)
        table = read_table(self._package, part, name, self._shared_strings)
        return table if table is not None else parse_table(self._package, part, name, self._shared_strings)

    @property
    def part_names(self) -> list[str]:
        """The parts of the file."""
        return self._package.names

    def part_size(self, part: str) -> int:
        """The bytes that a part unpacks to."""
        return self._package.size_of(part)

    def part_chunks(self, part: str) -> Iterator[bytes]:
        """The bytes of a part, piece by piece."""
        return self._package.chunks(part)

    def part_of(self, name: str) -> str:
        """The part of the sheet `name`.

        Raises:
            WorkbookError: there is no such sheet, or the workbook was closed.
        """
        return self._part(name)

    def _part(self, name: str) -> str:
        """The part of the sheet `name`."""
        if self._closed:
            raise WorkbookError(f"{self.path}: was closed; open it again")
        part = self._parts.get(name)
        if part is None:
            near = difflib.get_close_matches(name, self._parts, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"it has {_listed(self.sheet_names)}"
            raise WorkbookError(f'{self.path}: there is no sheet "{name}"; {hint}')
        return part

    def close(self) -> None:
        """Closes the file and drops the sheets; who holds one keeps it."""
        self._closed = True
        self._sheets.clear()
        self._tables.clear()
        self._strings = None
        self._package.close()

    def __enter__(self) -> Workbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _shared_strings(self) -> list[str]:
        if self._strings is None:
            part = self._book_part.related("sharedStrings", "sharedStrings.xml")
            self._strings = _read_strings(self._package, part)
        return self._strings


def open_workbook(path: Path, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> Workbook:
    """Opens an .xlsx file for reading.

    Args:
        path: the file.
        max_bytes: the most that all parts of the file may unpack to.
        max_ratio: the most that a part of more than 64 MiB may have been compressed.

    Raises:
        WorkbookError: the file is missing, damaged, not an .xlsx file, encrypted or over these limits.
    """
    return Workbook(Path(path), max_bytes=max_bytes, max_ratio=max_ratio)


def _find_sheets(package: XlsxPackage) -> tuple[Part, dict[str, str]]:
    """The workbook part, and the part of each sheet in the order of the tabs."""
    name = open_part(package, "").related("officeDocument", "xl/workbook.xml")
    if name.lower().endswith(".bin"):
        raise WorkbookError(f"{package.path}: is a binary workbook (.xlsb); save it as .xlsx")
    if not package.has(name):
        if package.has("content.xml") and package.has("mimetype"):
            raise WorkbookError(f"{package.path}: is an OpenDocument file; save it as .xlsx")
        raise WorkbookError(
            f"{package.path}: is a zip archive but not an .xlsx file ({name} is missing); save it as .xlsx"
        )
    book = open_part(package, name)
    targets = {identity: target for identity, _, target in book.relations}
    sheets: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        namespace, _, local = tag.rpartition(" ")
        if local == "sheet" and namespace in SPREADSHEET_NAMESPACES:
            sheet = attributes.get("name", "")
            identity = next((attributes[key] for key in _ID_ATTRIBUTES if key in attributes), None)
            target = targets.get(identity) if identity is not None else None
            if target is None:
                raise package.damaged(name, f'it does not say where sheet "{sheet}" is')
            if sheet in sheets:
                raise package.damaged(name, f'it has two sheets "{sheet}"')
            sheets[sheet] = target

    parser = new_parser()
    parser.StartElementHandler = start
    package.parse(name, parser)
    if not sheets:
        raise package.damaged(name, "it lists no sheets")
    return book, sheets


def _read_strings(package: XlsxPackage, part: str) -> list[str]:
    """The shared strings; runs of rich text joined, phonetic hints left out."""
    strings: list[str] = []
    runs: list[str] = []
    phonetic = False
    parser = new_parser()

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal phonetic
        local = tag.rpartition(" ")[2]
        if local == "si":
            runs.clear()
        elif local == "rPh":
            phonetic = True
        elif local == "t" and not phonetic:
            parser.CharacterDataHandler = runs.append

    def end(tag: str) -> None:
        nonlocal phonetic
        local = tag.rpartition(" ")[2]
        if local == "t":
            parser.CharacterDataHandler = None
        elif local == "rPh":
            phonetic = False
        elif local == "si":
            strings.append(unescape("".join(runs)))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    package.parse(part, parser)
    return strings


def _listed(names: tuple[str, ...]) -> str:
    """The first few of the names."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f'"{name}"' for name in names[:5]) + more
