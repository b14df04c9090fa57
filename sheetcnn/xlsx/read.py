"""Reads the cells of an .xlsx file: values and formulas, nothing else.

It reads what sheetcnn, Excel, LibreOffice, Gnumeric, openpyxl and IronCalc write. Sheets are parsed by
expat in one pass, about 300,000 formula cells a second. `archive.py` is what keeps a hostile file harmless.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from sheetcnn.errors import WorkbookError
from sheetcnn.xlsx.archive import Package, Part, new_parser, open_part

MAX_BYTES = 4 * 2**30
"""Parts that unpack to more than this in total are refused."""

MAX_RATIO = 250.0
"""A large part that was compressed more than this is refused; real sheets stay under 50."""

_MAX_ROW = 1_048_576
_MAX_COLUMN = 16_384

_SPREADSHEET_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_SHEET_ROOTS = ("worksheet", "chartsheet", "dialogsheet", "macrosheet")
_ID_ATTRIBUTES = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")


@dataclass(frozen=True)
class CellError:
    """The error that a cell shows in place of a value."""

    code: str
    """As on the sheet: `#DIV/0!`, `#VALUE!` ..."""


Value: TypeAlias = float | str | bool | CellError
"""What a cell can hold. A blank cell has no value."""

Position: TypeAlias = tuple[int, int]
"""Row and column, both counted from 1."""


@dataclass(frozen=True)
class SheetCells:
    """The cells of one sheet that hold something."""

    name: str
    values: dict[Position, Value] = field(default_factory=dict)
    """The stored value of each cell that is not blank; of a formula, its cached result."""
    formulas: dict[Position, str] = field(default_factory=dict)
    """Formula texts without `=`. Those who follow in a shared formula have an empty text."""


class Workbook:
    """An .xlsx file, open for reading. Each sheet is parsed on first use and kept."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> None:
        self.path = path
        self._package = Package(path, max_bytes, max_ratio)
        self._strings: list[str] | None = None
        self._sheets: dict[str, SheetCells] = {}
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

    def sheet(self, name: str) -> SheetCells:
        """The cells of the sheet `name`.

        Raises:
            WorkbookError: there is no such sheet, it is damaged, or the workbook was closed.
        """
        if self._closed:
            raise WorkbookError(f"{self.path}: was closed; open it again")
        cells = self._sheets.get(name)
        if cells is None:
            part = self._parts.get(name)
            if part is None:
                near = difflib.get_close_matches(name, self._parts, n=1)
                hint = f'did you mean "{near[0]}"?' if near else f"it has {_listed(self.sheet_names)}"
                raise WorkbookError(f'{self.path}: there is no sheet "{name}"; {hint}')
            cells = SheetCells(name)
            _SheetParser(self._package, part, cells, self._shared_strings).run()
            self._sheets[name] = cells
        return cells

    def close(self) -> None:
        """Closes the file and drops the sheets; who holds one keeps it."""
        self._closed = True
        self._sheets.clear()
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


def _find_sheets(package: Package) -> tuple[Part, dict[str, str]]:
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
        if local == "sheet" and namespace in _SPREADSHEET_NAMESPACES:
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


def _read_strings(package: Package, part: str) -> list[str]:
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
            strings.append(_unescape("".join(runs)))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    package.parse(part, parser)
    return strings


class _SheetParser:
    """Parses one sheet part into a `SheetCells`.

    The handlers are closures over local variables, and the ones for `<c>`, `<f>` and `<v>` come
    first: that is three times as fast as methods and attributes.
    """

    def __init__(
        self, package: Package, part: str, cells: SheetCells, strings: Callable[[], list[str]]
    ) -> None:
        self._package = package
        self._part = part
        self._cells = cells
        self._strings = strings

    def run(self) -> None:
        """Fills the cells.

        Raises:
            WorkbookError: the part is missing or damaged.
        """
        values, formulas = self._cells.values, self._cells.formulas
        strings: list[str] | None = None
        columns = _Columns()
        text: list[str] = []  # of the innermost element
        inline: list[str] = []  # the runs of an inline string
        row, row_text, row_length = 0, "", 0
        column, kind, phonetic = 0, "n", False
        key: Position = (0, 0)
        cell = formula = value = row_tag = inline_tag = text_tag = phonetic_tag = data_tag = ""
        texts: frozenset[str] = frozenset()
        parser = new_parser()

        def start_root(tag: str, attributes: dict[str, str]) -> None:
            nonlocal cell, formula, value, row_tag, inline_tag, text_tag, phonetic_tag, data_tag, texts
            namespace, _, local = tag.rpartition(" ")
            if namespace not in _SPREADSHEET_NAMESPACES or local not in _SHEET_ROOTS:
                raise self._package.damaged(self._part, f"<{local}> is not a sheet")
            names = ("c", "f", "v", "row", "is", "t", "rPh", "sheetData")
            cell, formula, value, row_tag, inline_tag, text_tag, phonetic_tag, data_tag = (
                f"{namespace} {name}" for name in names
            )
            texts = frozenset((formula, value, text_tag))
            parser.StartElementHandler = start

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal key, kind, row, row_text, row_length, column, phonetic
            if tag == cell:
                reference = attributes.get("r")
                if reference is None:
                    column += 1
                elif reference.endswith(row_text):
                    column = columns[reference[:row_length]]
                else:
                    column = 0
                if not 0 < column <= _MAX_COLUMN or not row:
                    row, column = self._position(reference, row, column)
                    row_text, row_length = str(row), -len(str(row))
                key = row, column
                kind = attributes.get("t", "n")
            elif tag in texts:
                text.clear()
            elif tag == row_tag:
                row = self._row(attributes.get("r"), row)
                row_text, row_length = str(row), -len(str(row))
                column = 0
            elif tag == inline_tag:
                inline.clear()
            elif tag == phonetic_tag:
                phonetic = True

        def end(tag: str) -> None:
            nonlocal strings, phonetic
            if tag == value:
                content = text[0] if len(text) == 1 else "".join(text)
                if kind == "n":
                    try:
                        values[key] = float(content)
                    except ValueError:
                        if content.strip():
                            raise self._not(key, content, "a number") from None
                elif kind in ("str", "inlineStr", "d"):
                    values[key] = _unescape(content)
                elif kind == "s":
                    if strings is None:
                        strings = self._strings()
                    try:
                        values[key] = strings[_natural(content)]
                    except (ValueError, IndexError):
                        if content.strip():
                            raise self._not(key, content, "the number of a shared string") from None
                elif kind == "b":
                    values[key] = content.strip() in ("1", "true")
                elif kind == "e":
                    values[key] = CellError(content.strip())
                else:
                    raise self._not(key, kind, "a type of cell")
            elif tag == formula:
                formulas[key] = "".join(text)
            elif tag == text_tag:
                if not phonetic:
                    inline.append("".join(text))
            elif tag == phonetic_tag:
                phonetic = False
            elif tag == inline_tag:
                values[key] = _unescape("".join(inline))
            elif tag == data_tag:  # what follows holds no cells
                parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None

        parser.StartElementHandler = start_root
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text.append
        self._package.parse(self._part, parser)

    def _row(self, text: str | None, previous: int) -> int:
        """The number of a row; one that does not give it follows the previous one."""
        row = previous + 1 if text is None else int(text) if text.isdecimal() else 0
        if not 0 < row <= _MAX_ROW:
            raise self._package.damaged(self._part, f'row "{text}" does not exist on any sheet')
        return row

    def _position(self, reference: str | None, row: int, column: int) -> Position:
        """Where a cell is whose reference is not simply a column and its row's number."""
        match = _REFERENCE.fullmatch(reference) if reference is not None else None
        if match:
            found = int(match[2]), _Columns()[match[1]]
            if row in (0, found[0]) and found[0] <= _MAX_ROW and found[1] <= _MAX_COLUMN:
                return found
        where = f'cell "{reference}"' if reference is not None else f"the cell in column {column}"
        raise self._package.damaged(self._part, f"{where} in row {row} is in no place that a sheet has")

    def _not(self, key: Position, content: str, what: str) -> WorkbookError:
        """The error for a cell whose content makes no sense."""
        name = self._cells.name
        return self._package.damaged(
            self._part, f'sheet "{name}", row {key[0]}, column {key[1]}: "{content[:40]}" is not {what}'
        )


class _Columns(dict[str, int]):
    """Column numbers by their letters, 0 for what is not one; each is worked out once."""

    def __missing__(self, letters: str) -> int:
        number = 0
        if 0 < len(letters) <= 3:
            for letter in letters:
                if not "A" <= letter <= "Z":
                    number = 0
                    break
                number = number * 26 + ord(letter) - 64
        self[letters] = number
        return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _unescape(text: str) -> str:
    """Decodes `_x000D_`, which is how a workbook writes what XML cannot hold."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _listed(names: tuple[str, ...]) -> str:
    """The first few of the names."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f'"{name}"' for name in names[:5]) + more
