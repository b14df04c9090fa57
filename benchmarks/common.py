"""What the benchmarks share: child processes, aims, and tables.

Parents import nothing heavy: on Linux the peak memory of a child that was just started counts from
what its parent held.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Aim:
    """Something that was wanted, and what came out. `least` says on which side of `wanted` to be."""

    what: str
    wanted: float
    measured: float
    unit: str
    least: bool

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return self.measured >= self.wanted if self.least else self.measured <= self.wanted

    def __str__(self) -> str:
        bound = "at least" if self.least else "at most"
        verdict = "holds" if self.met else "MISSED"
        return f"{verdict}: {self.what}: {self.measured:.3g} {self.unit}, {bound} {self.wanted:g} wanted"


@dataclass(frozen=True)
class Report:
    """What one benchmark found: tables (title, header, rows), remarks and aims."""

    name: str
    tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]]
    aims: Sequence[Aim]
    remarks: Sequence[str] = ()
    data: Any = None
    """The numbers behind the tables."""

    def __str__(self) -> str:
        parts = [f"{title}\n\n{table(header, rows)}" for title, header, rows in self.tables]
        parts += ["\n".join(map(str, lines)) for lines in (self.remarks, self.aims) if lines]
        return "\n\n".join(parts)

    def as_json(self) -> str:
        """The numbers and the aims."""
        aims = [asdict(aim) | {"met": aim.met} for aim in self.aims]
        report = {"benchmark": self.name, "machine": machine(), "results": self.data, "aims": aims}
        return json.dumps(report, indent=2)


def machine() -> dict[str, str]:
    """Where and with what something was measured."""
    packages = ("numpy", "openpyxl", "orjson", "isal", "xlsxwriter")
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        **{package: _version(package) for package in packages},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{platform.machine()} {next(names, '')}".strip()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def arguments(description: str | None, *, rounds: int, output: bool = False) -> argparse.ArgumentParser:
    """The options that every benchmark has.

    Args:
        description: its first line is shown.
        rounds: how many runs of each, unless the user says otherwise.
        output: whether to add `--quick` and `--output` (see `show`).
    """
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"runs of each (default {rounds})")
    if output:
        parser.add_argument("--quick", action="store_true", help="one small run: a look, not a measurement")
        parser.add_argument("--output", type=Path, help="write the numbers to this file as JSON too")
    return parser


def show(report: Report, *, as_json: bool, output: Path | None = None) -> None:
    """Print a report, and write its numbers to a file where one is named."""
    print(report.as_json() if as_json else report)
    if output is not None:
        output.write_text(report.as_json() + "\n")


def child(script: str, *options: object) -> dict[str, Any]:
    """Run a script in a fresh Python process; it prints one line of JSON."""
    command = [sys.executable, script, *map(str, options)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def peak_mb(*, children: bool = False) -> float:
    """The peak memory so far of this process, or of the largest of its ended children, in 10^6 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss * unit / 1e6


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, the first column to the left and the others to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, rule)
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )
