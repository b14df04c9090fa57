"""Keeps one LibreOffice open and lets it convert files, one request after the other.

This is a program of its own, run by a Python that has LibreOffice's module `uno`; that need not be the
Python that runs sheetcnn, so nothing of sheetcnn is imported here, and Python 3.7 can read it.

    python office_helper.py IDLE-SECONDS PROFILE SOFFICE [ARGUMENT ...]

It writes `ready` when LibreOffice answers. Then each line of standard input is a request in JSON,
`{"filter": "Calc MS Excel 2007 XML:", "files": [["file:///in.xlsx", "file:///out.xlsx"], ...]}`, and is
answered with a line `done`, or with a line that says what went wrong, after which it ends. So it does at
the end of standard input and when idle; LibreOffice and the directory PROFILE go with it.

It must be started as the leader of a process group, which is killed as a whole if LibreOffice hangs.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uno
from com.sun.star.beans import PropertyValue

_RESTART = 81  # the exit status that asks for another start, after the first one with a new profile
_PATIENCE = 60.0  # seconds within which LibreOffice must answer after a start
_FAREWELL = 5.0  # seconds within which it must end when asked to


class Office:
    """A LibreOffice that listens at a pipe of its own, which only the same user can open."""

    def __init__(self, command: list[str], profile: str) -> None:
        self.busy = False
        self._profile = profile
        self._pipe = f"sheetcnn{secrets.token_hex(16)}"
        self._command = [*command, f"--accept=pipe,name={self._pipe};urp;StarOffice.ComponentContext"]
        self._desktop: Any = None
        self._start()

    def connect(self) -> None:
        """Waits until it answers."""
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        address = f"uno:pipe,name={self._pipe};urp;StarOffice.ComponentContext"
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                context = resolver.resolve(address)
                break
            except uno.getClass("com.sun.star.connection.NoConnectException"):
                self._check(end)
                time.sleep(0.05)
        self._desktop = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.frame.Desktop", context
        )

    def convert(self, source: str, target: str, form: str) -> None:
        """Loads a file, which recalculates it by the profile's settings, and stores it in another form."""
        name, _, options = form.partition(":")
        # No macros, no links to elsewhere, whatever the file asks for: 0 is "never" for both.
        how = _properties(Hidden=True, ReadOnly=True, MacroExecutionMode=0, UpdateDocMode=0)
        document = self._desktop.loadComponentFromURL(source, "_blank", 0, how)
        if document is None:
            raise RuntimeError(f"{source} cannot be loaded")
        try:
            document.storeToURL(target, _properties(FilterName=name, FilterOptions=options))
        finally:
            document.close(True)

    def end(self) -> None:
        """Asks it to end, and removes its profile."""
        if self._desktop is not None:
            with contextlib.suppress(Exception):  # it may have crashed
                self._desktop.terminate()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self._profile, ignore_errors=True)

    def kill(self) -> None:
        """Ends LibreOffice, all that it started, and this program."""
        shutil.rmtree(self._profile, ignore_errors=True)
        with contextlib.suppress(OSError):
            Path(f"/tmp/OSL_PIPE_{os.getuid()}_{self._pipe}").unlink()  # noqa: S108 - LibreOffice's choice
        os.killpg(0, signal.SIGKILL)

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the command that sheetcnn looked up
            self._command, stdin=subprocess.DEVNULL, stdout=sys.stderr
        )

    def _check(self, end: float) -> None:
        """Starts it once more if it asked for that."""
        status = self._process.poll()
        if status == _RESTART:
            self._start()
        elif status is not None:
            raise RuntimeError(f"LibreOffice ended with status {status}")
        elif time.monotonic() > end:
            raise RuntimeError("LibreOffice does not answer")


def _properties(**values: object) -> tuple[Any, ...]:
    found: list[Any] = []
    for name, value in values.items():
        found.append(PropertyValue())
        found[-1].Name, found[-1].Value = name, value
    return tuple(found)


def _read(requests: queue.Queue[str | None], office: Office) -> None:
    """Hands on the requests. A request of which nobody awaits the answer any more is not finished."""
    for line in sys.stdin:
        requests.put(line)
    if office.busy:
        office.kill()
    requests.put(None)


def _say(line: str) -> None:
    print(line.replace("\n", " "), flush=True)


def main() -> None:
    """Serves until nobody asks any more."""
    idle, profile, *command = sys.argv[1:]
    requests: queue.Queue[str | None] = queue.Queue()
    office = Office(command, profile)
    office.busy = True
    threading.Thread(target=_read, args=(requests, office), daemon=True).start()
    try:
        office.connect()
        _say("ready")
        while True:
            office.busy = False
            line = requests.get(timeout=float(idle))
            if line is None:
                break
            office.busy = True
            request = json.loads(line)
            for source, target in request["files"]:
                office.convert(source, target, request["filter"])
            _say("done")
    except queue.Empty:
        pass
    except Exception as error:
        _say(f"{type(error).__name__}: {error}")
    office.busy = False
    office.end()


if __name__ == "__main__":
    main()
