"""Runs a program and watches how long it takes, and how much memory it and each of its children hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.1  # seconds between two looks
PROC = Path("/proc")


@dataclass
class Process:
    """A process below the one that was started."""

    name: str
    started: float
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of a processor that it used; far less than `seconds` on a busy machine."""
    peak: float = 0.0
    """Memory in 10^6 bytes."""


@dataclass
class Watched:
    """What a program took.

    Attributes:
        status: its exit status; negative if it was stopped because it held too much memory.
        output: what it printed.
        errors: what it printed on standard error.
        seconds: from start to end.
        cpu: seconds of a processor, its children's too.
        mb: its own peak memory, in 10^6 bytes.
        children: the processes below it, by their ids.
    """

    status: int = 0
    output: str = ""
    errors: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    mb: float = 0.0
    children: dict[int, Process] = field(default_factory=dict)

    def child(self, name: str) -> Process | None:
        """The longest running child of this name."""
        alike = [process for process in self.children.values() if process.name == name]
        return max(alike, key=lambda process: process.seconds, default=None)


def watch(command: Sequence[object], *, most_mb: float = float("inf")) -> Watched:
    """Run a program to its end.

    The memory of its children is known on Linux only.

    Args:
        command: the program and its arguments.
        most_mb: memory, in 10^6 bytes, at which the program is stopped.
    """
    found = Watched()
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=err)
        ended = threading.Event()
        looking = threading.Thread(target=_look, args=(process, found, ended, most_mb))
        looking.start()
        _, status, usage = os.wait4(process.pid, 0)
        found.seconds, found.cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
        ended.set()
        looking.join()
        process.returncode = found.status = os.waitstatus_to_exitcode(status)
        if not PROC.is_dir():
            found.mb = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
        for stream, name in ((out, "output"), (err, "errors")):
            stream.seek(0)
            setattr(found, name, stream.read())
    return found


def _look(process: subprocess.Popen[bytes], found: Watched, ended: threading.Event, most_mb: float) -> None:
    while not ended.wait(EVERY):
        now = time.perf_counter()
        for pid in _below(process.pid):
            name, peak = _memory(pid)
            if pid == process.pid:
                found.mb = max(found.mb, peak)
                if found.mb > most_mb:
                    process.kill()
            elif name:
                child = found.children.setdefault(pid, Process(name, now))
                # A process starts as a copy of its parent, under the parent's name.
                child.name, child.seconds = name, now - child.started + EVERY
                child.peak, child.cpu = max(child.peak, peak), max(child.cpu, _cpu(pid))


def _below(root: int) -> Iterator[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for place in PROC.glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold blanks.
            parent = int(place.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):  # it has ended
            continue
        children.setdefault(parent, []).append(int(place.parent.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def _cpu(pid: int) -> float:
    """Seconds of a processor used so far; 0 of a process that has ended."""
    try:
        # The name, in parentheses, may hold blanks.
        values = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> tuple[str, float]:
    """Name and peak memory in 10^6 bytes; "" and 0 of a process that has ended."""
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return "", 0.0
    values = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return values.get("Name", ""), int(values.get("VmHWM", "0 kB").split()[0]) * 1024 / 1e6
