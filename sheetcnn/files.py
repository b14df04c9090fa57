"""Writing files so that nothing is ever half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sheetcnn.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path` to write to, and rename it to `path` at the end.

    On an error the temporary file is removed and what stood at `path` stays.

    Raises:
        OutputError: if the directory is missing or cannot be written.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a directory; name a file to write")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the directory {path.parent} does not exist; create it first")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None
    part = Path(name)
    try:
        yield part
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)  # mkstemp makes it private; a workbook is as readable as any new file
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
