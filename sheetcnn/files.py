"""Files: checks before reading, and writing that replaces a file atomically."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sheetcnn.errors import OutputError, SheetCnnError

AnyPath = str | os.PathLike[str]
"""A path as users of the library give one."""


def check_file(path: Path, error: type[SheetCnnError], remedy: str) -> None:
    """Check that a path is a readable file.

    Args:
        path: of the file.
        error: the class of the error to raise.
        remedy: the end of the message: what to do about it.

    Raises:
        error: if it is missing, a directory, or cannot be opened.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise error(f"{path} is a directory; {remedy}")
        if not stat.S_ISREG(mode):
            raise error(f"{path} is not a regular file; {remedy}")
        path.open("rb").close()
    except FileNotFoundError:
        raise error(f"{path} does not exist; {remedy}") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"{path} cannot be read ({reason}); {remedy}") from None


def is_directory(path: Path) -> bool:
    """Whether `path` is a directory; False also if the system refuses to answer."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Replace a file atomically: yields a temporary file to write to, and renames it to `path` at the end.

    On an error the temporary file is removed and an existing file at `path` is left as it was.

    Raises:
        OutputError: if the directory is missing or cannot be written.
    """
    if is_directory(path):
        raise OutputError(f"{path} is a directory; name a file to write")
    if not is_directory(path.parent):
        raise OutputError(f"{path}: the directory {path.parent} does not exist; create it first")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path} cannot be written: {reason}") from None
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
