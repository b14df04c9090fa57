"""Real calculators that recompute a workbook: one file each, listed in one explicit table."""

from __future__ import annotations

import difflib

from sheetcnn.calculators.base import Calculator, Progress, Recalculated
from sheetcnn.calculators.gnumeric import Gnumeric
from sheetcnn.calculators.ironcalc import IronCalc
from sheetcnn.calculators.libreoffice import LibreOffice
from sheetcnn.calculators.process import DEFAULT_TIMEOUT
from sheetcnn.errors import CalculatorError
from sheetcnn.xlsx.read import CellValues

NAMES = (IronCalc.name, LibreOffice.name, Gnumeric.name)
"""The calculators that `get` knows."""


def get(name: str, *, timeout: float = DEFAULT_TIMEOUT) -> Calculator:
    """The calculator of that name.

    Args:
        name: one of `NAMES`.
        timeout: seconds per workbook, and again per GiB that it unpacks to, after which a program is
            stopped. IronCalc runs inside this process and cannot be stopped.

    Raises:
        CalculatorError: there is no such calculator, or it is not installed.
    """
    calculator = _table(timeout).get(name)
    if calculator is None:
        near = difflib.get_close_matches(name.lower(), NAMES, n=1, cutoff=0.4)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(NAMES)}"
        raise CalculatorError(f'there is no calculator "{name}"; {hint}')
    if not calculator.available():
        raise CalculatorError(f"{calculator.title} is not installed here; {calculator.missing()}")
    return calculator


def installed(*, timeout: float = DEFAULT_TIMEOUT) -> list[Calculator]:
    """The calculators that are installed here, in the order of `NAMES`."""
    return [calculator for calculator in _table(timeout).values() if calculator.available()]


def _table(timeout: float) -> dict[str, Calculator]:
    return {
        IronCalc.name: IronCalc(),
        LibreOffice.name: LibreOffice(timeout=timeout),
        Gnumeric.name: Gnumeric(timeout=timeout),
    }


__all__ = [
    "DEFAULT_TIMEOUT",
    "NAMES",
    "Calculator",
    "CellValues",
    "Progress",
    "Recalculated",
    "get",
    "installed",
]
