"""What every spreadsheet engine offers: recalculate workbooks, hand out blocks of values.

The cached values in a workbook come from NumPy, so an engine that showed them again would compare
NumPy with itself. Each engine is therefore made to compute every formula anew, whatever the cache says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from sheetcnn.errors import CalculatorError
from sheetcnn.xlsx.read import Value, open_workbook

Block = list[list[Value | None]]
"""Rows of values; None is a blank cell."""


class Recalculated(ABC):
    """One workbook after recalculation. Close it, or use it in a `with` statement."""

    @abstractmethod
    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> Block:
        """The recalculated values of a rectangle whose first cell is (row, col), counted from 1.

        Raises:
            WorkbookError: there is no such sheet.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets go of memory and files; closing twice does no harm."""

    def __enter__(self) -> Recalculated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Calculator(ABC):
    """A spreadsheet engine."""

    name: ClassVar[str]
    """As on the command line: `ironcalc`."""

    title: ClassVar[str]
    """As in a sentence: `IronCalc`."""

    @abstractmethod
    def available(self) -> bool:
        """Whether the engine is installed here."""

    @abstractmethod
    def missing(self) -> str:
        """What to do when it is not: how it is installed, where it is looked for."""

    @abstractmethod
    def version(self) -> str:
        """The engine's version: `0.9.1`.

        Raises:
            CalculatorError: the engine is not installed or does not answer.
        """

    @abstractmethod
    def recalculate(self, paths: Sequence[Path]) -> list[Recalculated]:
        """Computes every formula of each workbook anew; the files themselves stay as they are.

        Raises:
            WorkbookError: a file is missing or is not a workbook.
            CalculatorError: the engine is missing, failed or took too long.
        """


def check_inputs(paths: Sequence[Path]) -> None:
    """Opens and closes each workbook, so that a bad file is named before an engine trips over it.

    Raises:
        WorkbookError: a file is missing or is not a workbook.
    """
    for path in paths:
        open_workbook(path).close()


def failure(title: str, path: Path, reason: str, said: str = "") -> CalculatorError:
    """The error of an engine that did not recalculate `path`, with the last of what it `said`."""
    quoted = f"; it said:\n{said}" if said else ""
    return CalculatorError(
        f"{path}: {title} did not recalculate the workbook ({reason}); see whether it opens there, or use"
        f" another calculator{quoted}"
    )
