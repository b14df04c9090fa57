"""The package around a workbook: a zip archive of XML parts that name each other.

A workbook may come from anywhere, so nothing in it is trusted: no document type declarations (and so
no entities), no parts that unpack to absurd sizes, and whatever is damaged ends in one `WorkbookError`.
Nothing is ever extracted to disk.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat

from sheetcnn.errors import WorkbookError

_SMALL_PART = 64 * 2**20  # a part below this size does no harm, however well it was compressed
_CHUNK = 2**18
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_REMEDY = "open it in a spreadsheet program and save it again as .xlsx, or build it anew"


class XlsxPackage:
    """The zip archive: checks it when opened, streams its parts through expat."""

    def __init__(self, path: Path, max_bytes: int, max_ratio: float) -> None:
        self.path = path
        try:
            _refuse_other_formats(path)
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            reason = error.strerror or error
            raise WorkbookError(f"{path}: cannot be read ({reason}); check the path, close other programs"
                                " that hold the file open") from error  # fmt: skip
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise WorkbookError(
                f"{path}: is not a complete .xlsx file ({error}); copy or download it again"
            ) from error
        try:
            self._infos = self._checked(max_bytes, max_ratio)
        except BaseException:
            self._zip.close()
            raise

    def _checked(self, max_bytes: int, max_ratio: float) -> dict[str, zipfile.ZipInfo]:
        """The parts by name in lower case (a package's part names do not distinguish case)."""
        infos = {info.filename.lstrip("/").lower(): info for info in self._zip.infolist()}
        self.size = sum(info.file_size for info in self._zip.infolist())
        if self.size > max_bytes:
            raise WorkbookError(
                f"{self.path}: unpacks to {self.size:,} bytes, over the limit of {max_bytes:,}; "
                "if you trust the file, raise the limit (max_bytes)"
            )
        for info in infos.values():
            ratio = info.file_size / max(info.compress_size, 1)
            if info.file_size > _SMALL_PART and ratio > max_ratio:
                raise WorkbookError(
                    f"{self.path}: {info.filename} unpacks to {ratio:,.0f} times its size, over the limit"
                    f" of {max_ratio:,.0f}; if you trust the file, raise the limit (max_ratio)"
                )
            if info.flag_bits & 1:
                raise WorkbookError(
                    f"{self.path}: {info.filename} is encrypted; save the workbook without a password"
                )
        return infos

    def has(self, part: str) -> bool:
        """Whether the archive holds `part`."""
        return part.lower() in self._infos

    def damaged(self, part: str, why: str) -> WorkbookError:
        """The error for a part that cannot be understood."""
        return WorkbookError(f"{self.path}: {part} is damaged ({why}); {_REMEDY}")

    def parse(self, part: str, parser: expat.XMLParserType) -> None:
        """Feeds a part to `parser`, whose handlers the caller has set."""

        def refuse(*_: object) -> None:
            raise self.damaged(part, "it has a document type declaration, which no workbook needs")

        parser.StartDoctypeDeclHandler = refuse
        try:
            for chunk in self.chunks(part):
                parser.Parse(chunk)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self.damaged(part, f"its XML is broken: {error}") from error
        except (ValueError, RuntimeError) as error:
            raise self.damaged(part, str(error)) from error
        finally:  # handlers that know their parser are a cycle that would keep the cells alive
            parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
            parser.StartDoctypeDeclHandler = None

    @property
    def names(self) -> list[str]:
        """All parts, in the order of the archive."""
        return [info.filename for info in self._zip.infolist() if not info.is_dir()]

    def size_of(self, part: str) -> int:
        """The bytes that a part unpacks to."""
        return self._infos[part.lower()].file_size

    def chunks(self, part: str, size: int = _CHUNK) -> Iterator[bytes]:
        """The bytes of a part, piece by piece.

        Raises:
            WorkbookError: there is no such part, or it is damaged.
        """
        info = self._infos.get(part.lower())
        if info is None:
            raise WorkbookError(f"{self.path}: the part {part} is missing; {_REMEDY}")
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(size):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise self.damaged(part, str(error) or "it ends too early") from error

    def close(self) -> None:
        """Closes the file."""
        self._zip.close()


def _refuse_other_formats(path: Path) -> None:
    """Names what the file is, if it is one of the things that are often taken for an .xlsx file."""
    if path.is_dir():
        raise WorkbookError(f"{path}: is a directory; name an .xlsx file in it")
    with path.open("rb") as stream:
        head = stream.read(len(_OLE2))
        if not head:
            raise WorkbookError(f"{path}: is empty; copy or build the workbook again")
        if head == _OLE2:
            while block := stream.read(2**20):
                if _ENCRYPTED in head + block:
                    raise WorkbookError(
                        f"{path}: is encrypted; open it with its password and save it without one"
                    )
                head = block[-len(_ENCRYPTED) :]
            raise WorkbookError(f"{path}: is in the old .xls format; save it as .xlsx")
        if not head.startswith(b"PK"):
            raise WorkbookError(
                f"{path}: is not an .xlsx file (it does not begin like a zip archive); save it as .xlsx"
            )


@dataclass(frozen=True)
class Part:
    """A part of the package and where its relationships lead: (id, last word of the type, target)."""

    name: str
    relations: tuple[tuple[str, str, str], ...]

    def related(self, kind: str, usual: str) -> str:
        """The part that this one has as its `kind`; without a relationship, the `usual` one beside it."""
        for _, its_kind, target in self.relations:
            if its_kind == kind:
                return target
        return posixpath.join(posixpath.dirname(self.name), usual)


def open_part(package: XlsxPackage, name: str) -> Part:
    """Reads the relationships of the part `name` ("" for the package itself)."""
    folder, file = posixpath.split(name)
    part = posixpath.join(folder, "_rels", f"{file}.rels")
    relations: list[tuple[str, str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(" ")[2] == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, unquote(attributes.get("Target", ""))))
            kind = attributes.get("Type", "").rpartition("/")[2]
            relations.append((attributes.get("Id", ""), kind, target.lstrip("/")))

    if package.has(part):
        parser = new_parser()
        parser.StartElementHandler = start
        package.parse(part, parser)
    return Part(name, tuple(relations))


def new_parser() -> expat.XMLParserType:
    """A parser that names elements as `namespace local-name` and gives text in large pieces."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = 2**16
    return parser
