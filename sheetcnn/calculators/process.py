"""Calculators that are programs: how they are found, started, stopped, and their results read.

No shell is involved. A program that takes too long is stopped together with the processes that it
started, and nothing else is.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from sheetcnn.calculators.base import Calculator, Input, Recalculated, failure
from sheetcnn.errors import CalculatorError, WorkbookError
from sheetcnn.shape import Array
from sheetcnn.xlsx.read import CellTable, CellValues, Workbook, open_workbook

DEFAULT_TIMEOUT = 900.0
"""Seconds per workbook, and again per GiB that it unpacks to. LibreOffice loads a GiB in less than 60."""

LOOK = 0.25
"""Seconds between two looks at what a program has done."""

_LARGE = 2**29  # bytes of a workbook that may be too large for the memory
_SIGNALS = range(129, 160)  # exit statuses by which a shell tells that a program was killed

_TAIL_LINES = 12
_TAIL_BYTES = 4_000


@dataclass(frozen=True)
class Finished:
    """A program that came to its end."""

    status: int
    output: str
    """Its standard output."""
    said: str
    """The last lines that it wrote, errors before output."""


class Program(Calculator):
    """A calculator that is a program of its own."""

    variable: ClassVar[str]
    """The environment variable that overrides where the program is."""

    def __init__(self, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        self.timeout = timeout

    @abstractmethod
    def places(self) -> Iterable[Path]:
        """Where the program usually is, the most likely place first."""

    def find(self) -> Path | None:
        """The program, or None. The environment variable, when set, is the only place looked at."""
        named = os.environ.get(self.variable)
        if named:
            found = shutil.which(named)
            return Path(found) if found else None
        return next((place for place in self.places() if os.access(place, os.X_OK) and place.is_file()), None)

    def program(self) -> Path:
        """The program.

        Raises:
            CalculatorError: it is not installed.
        """
        found = self.find()
        if found is None:
            raise CalculatorError(f"{self.title} is not installed here; {self.missing()}")
        return found

    def allowed(self, inputs: Iterable[Input]) -> float:
        """The seconds that the program may take for these workbooks."""
        return sum(self.timeout * (1 + book.size / 2**30) for book in inputs)

    def available(self) -> bool:
        """Whether the program was found."""
        return self.find() is not None

    def missing(self) -> str:
        """How it is installed and where it is looked for."""
        named = os.environ.get(self.variable)
        if named:
            return f'{self.variable} says "{named}", which is not a program; correct or unset it'
        return f"{self.install_hint()}, or set {self.variable} to the program's path"

    @abstractmethod
    def install_hint(self) -> str:
        """How the program is installed."""


def on_path(*names: str) -> list[Path]:
    """The programs of these names that PATH leads to."""
    found = (shutil.which(name) for name in names)
    return [Path(program) for program in found if program]


def program_files(pattern: str) -> list[Path]:
    """What `pattern` matches below Windows' folders of programs, the greatest version first."""
    roots = (os.environ.get(name) for name in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"))
    return [place for root in roots if root for place in newest_first(Path(root), pattern)]


def newest_first(root: Path, pattern: str) -> list[Path]:
    """The paths below `root` that match, so that version 24.8 comes before 7.6."""

    def version(path: Path) -> list[int]:
        return [int("".join(filter(str.isdigit, word)) or "0") for word in str(path).split(".")]

    return sorted(root.glob(pattern), key=version, reverse=True) if root.is_dir() else []


def run(
    command: Sequence[str | Path],
    *,
    title: str,
    timeout: float,
    scratch: Path,
    environment: Mapping[str, str] | None = None,
    look: Callable[[], None] = lambda: None,
) -> Finished:
    """Runs a program to its end.

    Args:
        command: the program and its arguments.
        title: the calculator's name, for messages.
        timeout: seconds after which it is stopped.
        scratch: a directory to run in; what the program prints is kept there meanwhile.
        environment: variables to add to those of this process.
        look: called again and again meanwhile; if it raises, the program is stopped.

    Raises:
        CalculatorError: it cannot be started or takes longer than `timeout`.
    """
    # Files, not pipes: a pipe stays open as long as any process that the program left behind.
    with (
        tempfile.TemporaryFile(dir=scratch) as out,
        tempfile.TemporaryFile(dir=scratch) as err,
    ):
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, no shell, and a program we looked up
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=scratch,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            reason = error.strerror or error
            raise CalculatorError(
                f"{title} cannot be started ({command[0]}: {reason}); install it again"
            ) from error
        try:
            status = _wait(process, title, timeout, look)
        finally:
            if process.poll() is None:
                stop(process)
        output = _tail(out, lines=None)
        said = "\n".join(filter(None, (_tail(err, _TAIL_LINES), _tail(out, _TAIL_LINES))))
        return Finished(status, output, said)


def _wait(process: subprocess.Popen[bytes], title: str, timeout: float, look: Callable[[], None]) -> int:
    """The exit status."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        status = _status(process, min(left, LOOK))
        if status is not None:
            return status
        look()
    raise took_too_long(title, timeout)


def took_too_long(title: str, timeout: float) -> CalculatorError:
    """The error of a program that was stopped after that many seconds."""
    return CalculatorError(
        f"{title} was stopped after {timeout:,.0f} seconds; allow more time (timeout), build a"
        " smaller workbook, or use another calculator"
    )


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit status, or None if there is none within that time."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Ends the program and all that it started: its own process group, or its tree on Windows.

    Nobody may have waited for the program yet: then its number could be that of another by now.
    """
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - its own process id
    else:
        os.killpg(process.pid, signal.SIGKILL)  # the group's id, since it leads a session of its own
    process.wait()


def _tail(stream: IO[bytes], lines: int | None) -> str:
    """The last of what was written to a file."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL_BYTES))
    text = stream.read().decode(errors="replace").strip()
    return text if lines is None else "\n".join(text.splitlines()[-lines:])


class ReadBack(Recalculated):
    """A workbook that a program wrote into a directory of its own, which goes when this is closed."""

    def __init__(self, path: Path, workbook: Workbook, directory: Path) -> None:
        self._path = path
        self._workbook = workbook
        # Also when nobody closes it: at the latest at the end of this process.
        self._clean = weakref.finalize(self, _discard, workbook, directory)

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> CellValues:
        """Looks the cells up."""
        return self._table(sheet).block(row, col, height, width)

    def numbers(self, sheet: str, row: int, col: int, height: int, width: int) -> Array:
        """Looks the numbers up."""
        return self._table(sheet).numbers(row, col, height, width)

    def _table(self, sheet: str) -> CellTable:
        if not self._clean.alive:
            raise closed(self._path)
        return self._workbook.table(sheet)

    def close(self) -> None:
        """Closes the file and removes its directory."""
        self._clean()


def closed(path: Path) -> CalculatorError:
    """The error for a question that comes too late."""
    return CalculatorError(f"{path}: the recalculated workbook was closed; recalculate it again")


def wrote_nothing(title: str, book: Input, finished: Finished) -> CalculatorError:
    """The error of a program that did not write what it should, and why."""
    size = f"unpacks to {book.size / 1e6:,.0f} MB"
    if finished.status >= 0 and finished.status not in _SIGNALS:
        reason = f"it wrote nothing, exit status {finished.status}"
        if book.size > _LARGE:
            reason += f"; it {size} and may need more memory than there is"
        return failure(title, book.path, reason, finished.said)
    number = -finished.status if finished.status < 0 else finished.status - _SIGNALS.start + 1
    return CalculatorError(
        f"{book.path}: {title} was killed (signal {number}) while it recalculated the workbook, which {size};"
        " this is most often for want of memory: close other programs, use a machine with more memory, or"
        " build a smaller workbook"
    )


def read_back(title: str, book: Input, written: Path, parent: Path, finished: Finished) -> ReadBack:
    """Takes over the file that a program wrote for `book`.

    Raises:
        CalculatorError: it wrote none, or none that can be read.
    """
    if not written.is_file():
        raise wrote_nothing(title, book, finished)
    path = book.path
    directory = Path(tempfile.mkdtemp(prefix="sheetcnn-", dir=parent))
    try:
        kept = Path(shutil.move(written, directory / written.name))
        workbook = open_workbook(kept)
    except WorkbookError as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise failure(title, path, f"what it wrote cannot be read: {error}", finished.said) from error
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return ReadBack(path, workbook, directory)


def close_all(results: Iterable[Recalculated]) -> None:
    """Closes the results of a call that failed half way."""
    for result in results:
        result.close()


def _discard(workbook: Workbook, directory: Path) -> None:
    workbook.close()
    shutil.rmtree(directory, ignore_errors=True)
