"""What every calculator offers: recalculate workbooks, hand out blocks of values.

The cached values in a workbook come from NumPy, so a calculator that showed them again would compare
NumPy with itself. Each calculator is therefore made to compute every formula anew, whatever the cache says.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, TypeAlias

import numpy as np

from sheetcnn.errors import CalculatorError
from sheetcnn.shape import Array
from sheetcnn.xlsx.read import CellValues, Value, open_workbook

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0: nobody knows)."""


class Recalculated(ABC):
    """One workbook after recalculation. Close it, or use it in a `with` statement."""

    @abstractmethod
    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> CellValues:
        """The recalculated values of a rectangle whose first cell is (row, col), counted from 1.

        Raises:
            WorkbookError: there is no such sheet.
        """

    def numbers(self, sheet: str, row: int, col: int, height: int, width: int) -> Array:
        """The same as an array: NaN for a cell that holds no number (True and False are none).

        Raises:
            WorkbookError: there is no such sheet.
        """
        block = self.block(sheet, row, col, height, width)
        return np.array(
            [
                [math.nan if isinstance(v, bool) or not isinstance(v, float | int) else v for v in line]
                for line in block
            ],
            dtype=np.float64,
        )

    def glance(self, sheet: str, row: int, col: int) -> Value | None:
        """The value of one cell. A text that reads like an error may come as that error.

        So a calculator that cannot tell the two apart at once need not compute everything again.
        """
        return self.block(sheet, row, col, 1, 1)[0][0]

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
    """A calculator."""

    name: ClassVar[str]
    """As on the command line: `ironcalc`."""

    title: ClassVar[str]
    """As in a sentence: `IronCalc`."""

    @abstractmethod
    def available(self) -> bool:
        """Whether the calculator is installed here."""

    @abstractmethod
    def missing(self) -> str:
        """What to do when it is not: how it is installed, where it is looked for."""

    @abstractmethod
    def version(self) -> str:
        """The calculator's version: `0.9.1`.

        Raises:
            CalculatorError: the calculator is not installed or does not answer.
        """

    @abstractmethod
    def recalculate(self, paths: Sequence[Path], progress: Progress | None = None) -> list[Recalculated]:
        """Computes every formula of each workbook anew; the files themselves stay as they are.

        Args:
            paths: of the workbooks.
            progress: told now and then how far it is.

        Raises:
            WorkbookError: a file is missing or is not a workbook.
            CalculatorError: the calculator is missing, failed or took too long.
        """


@dataclass(frozen=True)
class Input:
    """A workbook that is to be recalculated."""

    path: Path
    sheets: tuple[str, ...]
    size: int
    """The bytes that it unpacks to."""


def check_inputs(paths: Sequence[Path]) -> list[Input]:
    """Opens and closes each workbook, so that a bad file is named before a calculator trips over it.

    Raises:
        WorkbookError: a file is missing or is not a workbook.
    """
    inputs = []
    for path in paths:
        with open_workbook(path) as book:
            inputs.append(Input(path, book.sheet_names, book.size))
    return inputs


def failure(title: str, path: Path, reason: str, said: str = "") -> CalculatorError:
    """The error of a calculator that did not recalculate `path`, with the last of what it `said`."""
    quoted = f"; it said:\n{said}" if said else ""
    return CalculatorError(
        f"{path}: {title} did not recalculate the workbook ({reason}); see whether it opens there, or use"
        f" another calculator{quoted}"
    )
