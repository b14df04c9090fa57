"""A LibreOffice that stays open: a start takes far longer than recalculating a small workbook.

It is driven through UNO, LibreOffice's own interface, by a program (`office_helper.py`) that runs in a
Python which has the module `uno`: LibreOffice's own, or the system's. Where there is none, where LibreOffice
is installed another way (macOS, Windows, snaps), and for large workbooks, nothing is kept open.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from sheetcnn.calculators.process import LOOK, stop, took_too_long

VARIABLE = "SHEETCNN_LIBREOFFICE_PYTHON"
"""The environment variable that overrides which Python drives LibreOffice; `none`: no LibreOffice is kept."""

IDLE = 60.0
"""Seconds without work after which LibreOffice ends; the next request starts it again."""

_HELPER = Path(__file__).with_name("office_helper.py")
_FAREWELL = 10.0  # seconds for the helper to end, which gives LibreOffice half of them
_ARGUMENTS = ("--headless", "--norestore", "--nologo", "--nolockcheck")
_MOST_FAILURES = 3  # in a row, after which it is not tried again
_MOST_SHEETS = 3_000  # loaded, after which LibreOffice is started anew: it gives back only some memory


class OfficeError(Exception):
    """The kept LibreOffice did not do it. Another start may, or say why not."""


def find_python(program: Path) -> Path | None:
    """The Python that drives the LibreOffice of this program, or None."""
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        return Path(found) if found else None
    folder = program.resolve().parent
    # UNO's pipes and process groups are not looked after on Windows.
    if sys.platform == "win32" or not (folder / "pyuno.so").is_file():
        return None
    places = (folder / "python", Path("/usr/bin/python3"))
    return next((place for place in places if os.access(place, os.X_OK)), None)


class Office:
    """A LibreOffice with a profile of its own, open until it is closed, hangs, crashes or idles."""

    def __init__(
        self,
        python: Path,
        program: Path,
        title: str,
        write_profile: Callable[[Path], str],
        idle: float = IDLE,
    ) -> None:
        """Starts it.

        Args:
            python: that has the module `uno`.
            program: `soffice`.
            title: the calculator's name, for messages.
            write_profile: writes a profile into a directory, and returns the argument that names it.
            idle: seconds without work after which it ends.

        Raises:
            OfficeError: it cannot be started.
        """
        self._title = title
        self._ready = False
        self._sheets = 0
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        directory = Path(tempfile.mkdtemp(prefix="sheetcnn-office-"))
        command = [python, _HELPER, idle, directory, program, write_profile(directory), *_ARGUMENTS]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a list, no shell, and programs we looked up
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=directory,
                env={**os.environ, "SAL_USE_VCLPLUGIN": "svp"},
                start_new_session=True,
                text=True,
            )
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise OfficeError(str(error)) from error
        listen = threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True)
        listen.start()
        # Also when nobody closes it: at the latest at the end of this process.
        self._end = weakref.finalize(self, _end, self._process, listen, directory, os.getpid())

    @property
    def fresh(self) -> bool:
        """Whether it is still there and can take more files."""
        return self._end.alive and self._answers.empty() and self._sheets < _MOST_SHEETS

    def convert(
        self,
        form: str,
        files: Sequence[tuple[Path, Path]],
        sheets: int,
        timeout: float,
        look: Callable[[], None],
    ) -> None:
        """Lets LibreOffice load and store files. Whatever is raised, it is killed first.

        Args:
            form: the filter's name, a colon and its options.
            files: pairs of a file and where it is to be stored.
            sheets: how many they have together.
            timeout: seconds after which it is stopped.
            look: called again and again meanwhile.

        Raises:
            OfficeError: it could not.
            CalculatorError: it took longer than `timeout`.
        """
        if not self._end.alive:
            raise OfficeError("it was closed")
        request = {"filter": form, "files": [[a.as_uri(), b.as_uri()] for a, b in files]}
        self._sheets += sheets
        end = time.monotonic() + timeout
        try:
            if not self._ready:
                self._await("ready", end, timeout, look)
                self._ready = True
            self._send(json.dumps(request) + "\n")
            self._await("done", end, timeout, look)
        except BaseException:
            self.kill()
            raise

    def close(self) -> None:
        """Lets it end."""
        self._end()

    def kill(self) -> None:
        """Ends it at once."""
        if self._end.alive:
            stop(self._process)
            self._end()

    def _send(self, text: str) -> None:
        stream = self._process.stdin
        try:
            if stream is not None:
                stream.write(text)
                stream.flush()
        except OSError as error:
            raise OfficeError(str(error)) from error

    def _await(self, word: str, end: float, timeout: float, look: Callable[[], None]) -> None:
        while (left := end - time.monotonic()) > 0:
            try:
                answer = self._answers.get(timeout=min(left, LOOK))
            except queue.Empty:
                look()
                continue
            if answer != word:
                raise OfficeError(answer or "it ended without a word")
            return
        raise took_too_long(self._title, timeout)


def _listen(stream: IO[str], answers: queue.SimpleQueue[str | None]) -> None:
    """Hands on the answers, and None at the end."""
    for line in stream:
        answers.put(line.rstrip("\n"))
    answers.put(None)
    stream.close()


def _end(process: subprocess.Popen[str], listen: threading.Thread, directory: Path, owner: int) -> None:
    """Ends the helper, and with it LibreOffice."""
    if os.getpid() != owner:  # a fork of the process that it belongs to
        return
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    listen.join(_FAREWELL)  # until the helper has closed its output
    if process.returncode is None:
        stop(process)  # what is left of it: nothing, unless it hung or somebody killed the helper alone
    shutil.rmtree(directory, ignore_errors=True)


class Keeper:
    """Keeps one LibreOffice open for a program; started when needed, and again when it is gone."""

    def __init__(self, python: Path, program: Path, title: str, write_profile: Callable[[Path], str]) -> None:
        self._python, self._program, self._title = python, program, title
        self._write_profile = write_profile
        self._office: Office | None = None
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._failures = 0

    def convert(
        self,
        form: str,
        files: Sequence[tuple[Path, Path]],
        sheets: int,
        timeout: float,
        look: Callable[[], None],
    ) -> bool:
        """Lets the kept LibreOffice do what `Office.convert` does; False if it cannot.

        Raises:
            CalculatorError: it took longer than `timeout`.
        """
        if self._owner != os.getpid() or self._failures >= _MOST_FAILURES:
            return False
        with self._lock:
            try:
                if self._office is None or not self._office.fresh:
                    self.close()
                    self._office = Office(self._python, self._program, self._title, self._write_profile)
                self._office.convert(form, files, sheets, timeout, look)
            except OfficeError:
                self._failures += 1
                return False
            self._failures = 0
            return True

    def close(self) -> None:
        """Lets the kept LibreOffice end; the next request starts another."""
        if self._office is not None:
            self._office.close()
            self._office = None
