"""Zip packages that hold a model (`.pt2`, `.keras`), read in memory and with limits.

Nothing is unpacked to disk, no entry may be larger than it can sensibly be, and whatever is damaged
ends in one message.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType

from sheetcnn.errors import SpecError

LARGEST_TEXT = 128 << 20
"""Bytes of a description in JSON; that of a network with a thousand layers has about 2 million."""
LARGEST_ENTRY = 4 << 30
"""Bytes of one file of weights."""
LARGEST_RATIO = 1000
"""How much smaller than its content an entry above `SMALL` may be: trained weights hardly compress."""
SMALL = 64 << 20
"""Bytes that do no harm, however well they were compressed."""


class ModelArchive:
    """An open zip package."""

    def __init__(self, path: Path, remedy: str) -> None:
        """Open it.

        Args:
            path: of the file.
            remedy: ends every message: how to make a good file.

        Raises:
            SpecError: if it is no complete zip archive.
        """
        self.path, self._remedy = path, remedy
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise SpecError(f"{path} cannot be read: {error.strerror or error}") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise SpecError(f"{path} is damaged or is no {path.suffix} file ({error}); {remedy}") from None
        self.names = frozenset(self._zip.namelist())

    def __enter__(self) -> ModelArchive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def damaged(self, why: str) -> SpecError:
        """The error for content that cannot be understood."""
        return SpecError(f"{self.path} is damaged or of an unknown version ({why}); {self._remedy}")

    def read(self, name: str, largest: int = LARGEST_ENTRY) -> bytes:
        """The content of an entry.

        Raises:
            SpecError: if it is missing, damaged or too large.
        """
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            raise self.damaged(f"it holds no {name}") from None
        bomb = info.file_size > SMALL and info.file_size > LARGEST_RATIO * max(info.compress_size, 1)
        if info.file_size > largest or bomb:
            raise SpecError(f"{self.path}: {name} unpacks to {info.file_size:,} bytes; that is no model's")
        try:
            return self._zip.read(info)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise self.damaged(f"{name}: {error}") from None

    def json(self, name: str) -> object:
        """An entry in JSON.

        Raises:
            SpecError: as `read`, or if it is no JSON.
        """
        try:
            return json.loads(self.read(name, LARGEST_TEXT))
        except (ValueError, RecursionError) as error:
            raise self.damaged(f"{name}: {error}") from None
