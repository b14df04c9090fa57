"""Gnumeric, through `ssconvert`, which converts a workbook from the command line.

Without `--recalc` it would trust the cached values. One start per workbook.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from sheetcnn.calculators.base import Input, Progress, Recalculated, check_inputs
from sheetcnn.calculators.canary import check_canary, write_canary
from sheetcnn.calculators.process import (
    DEFAULT_TIMEOUT,
    Program,
    close_all,
    on_path,
    program_files,
    read_back,
    run,
)
from sheetcnn.errors import CalculatorError


class Gnumeric(Program):
    """Runs workbooks through `ssconvert`."""

    name = "gnumeric"
    title = "Gnumeric"
    variable = "SHEETCNN_GNUMERIC"

    def __init__(self, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._proven = False

    def places(self) -> Iterable[Path]:
        """Where `ssconvert` usually is on Linux, macOS and Windows."""
        return [
            *on_path("ssconvert"),
            *(Path(folder) / "ssconvert" for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")),
            Path("/opt/local/bin/ssconvert"),
            *program_files("Gnumeric/*/bin/ssconvert.exe"),
        ]

    def install_hint(self) -> str:
        """How Gnumeric is installed."""
        return "install Gnumeric (Debian: apt install gnumeric; macOS: brew install gnumeric)"

    def version(self) -> str:
        """The version that `ssconvert` reports."""
        with tempfile.TemporaryDirectory(prefix="sheetcnn-") as scratch:
            finished = run([self.program(), "--version"], title=self.title, timeout=60, scratch=Path(scratch))
        match = re.search(r"version '?([0-9][0-9.]*)", finished.output)
        if match is None:
            raise CalculatorError(f"{self.title} does not tell its version; it said:\n{finished.said}")
        return match[1]

    def recalculate(self, paths: Sequence[Path], progress: Progress | None = None) -> list[Recalculated]:
        """Converts each workbook with `--recalc` and reads what comes out."""
        program = self.program()
        inputs = check_inputs(paths)
        results: list[Recalculated] = []
        try:
            with tempfile.TemporaryDirectory(prefix="sheetcnn-") as folder:
                scratch = Path(folder)
                if paths and not self._proven:
                    canary = scratch / "canary.xlsx"
                    write_canary(canary)
                    with self._recalculate(program, check_inputs([canary])[0], scratch) as result:
                        check_canary(self.title, result)
                    self._proven = True
                for done, book in enumerate(inputs):
                    if progress is not None:
                        progress(f"{self.title} recalculates", done, len(inputs) if done else 0)
                    results += [self._recalculate(program, book, scratch)]
        except BaseException:
            close_all(results)
            raise
        return results

    def _recalculate(self, program: Path, book: Input, scratch: Path) -> Recalculated:
        written = scratch / "recalculated.xlsx"
        command: list[str | Path] = [program, "--recalc", "--export-type=Gnumeric_Excel:xlsx"]
        command += [book.path.absolute(), written]
        finished = run(command, title=self.title, timeout=self.allowed([book]), scratch=scratch)
        return read_back(self.title, book, written, scratch.parent, finished)
