"""Engines that are programs: how they are found, started, stopped, and their results read.

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
import weakref
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from sheetcnn.calculators.base import Block, Calculator, Recalculated, failure
from sheetcnn.errors import CalculatorError, WorkbookError
from sheetcnn.xlsx.read import Workbook, open_workbook

DEFAULT_TIMEOUT = 900.0
"""Seconds per workbook. Nine million weights take LibreOffice about ten."""

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
    """An engine that is a program of its own."""

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
) -> Finished:
    """Runs a program to its end.

    Args:
        command: the program and its arguments.
        title: the engine's name, for messages.
        timeout: seconds after which it is stopped.
        scratch: a directory to run in; what the program prints is kept there meanwhile.
        environment: variables to add to those of this process.

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
            status = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise CalculatorError(
                f"{title} was stopped after {timeout:,.0f} seconds; allow more time (timeout), build a"
                " smaller workbook, or use another calculator"
            ) from error
        finally:
            if process.poll() is None:
                _stop(process)
        output = _tail(out, lines=None)
        said = "\n".join(filter(None, (_tail(err, _TAIL_LINES), _tail(out, _TAIL_LINES))))
        return Finished(status, output, said)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and all that it started: its own process group, or its tree on Windows."""
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

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> Block:
        """Looks the cells up; a sheet is parsed on first use."""
        if not self._clean.alive:
            raise CalculatorError(f"{self._path}: the recalculated workbook was closed; recalculate it again")
        get = self._workbook.sheet(sheet).values.get
        return [[get((r, c)) for c in range(col, col + width)] for r in range(row, row + height)]

    def close(self) -> None:
        """Closes the file and removes its directory."""
        self._clean()


def read_back(title: str, path: Path, written: Path, parent: Path, finished: Finished) -> ReadBack:
    """Takes over the file that a program wrote for `path`.

    Raises:
        CalculatorError: it wrote none, or none that can be read.
    """
    if not written.is_file():
        raise failure(title, path, f"it wrote nothing, exit status {finished.status}", finished.said)
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
