"""The portable functions: LibreOffice, Gnumeric, IronCalc and Excel compute them alike, without array entry.

One row per function, or sort of functions, says how many arguments it takes and which of them are rectangles.
A function of one value takes no rectangle: `ABS(A1:A3)` inside SUMPRODUCT is an array in LibreOffice, and an
accident of the formula's row in IronCalc and Gnumeric. The names stand in literal types, so that a type
checker sees a wrong call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

OfOneValue = Literal["ABS", "ERF", "EXP", "INT", "ISBLANK", "ISNUMBER", "LN", "SIGN", "SQRT", "TANH"]
OfTwoValues = Literal["MOD", "ROUND", "TEXT"]
OfConditions = Literal["AND", "OR"]
Reduction = Literal["AVERAGE", "COUNT", "MAX", "MIN", "SUM", "SUMSQ"]
OwnPlace = Literal["COLUMN", "ROW"]


class Takes(Enum):
    """What an argument may be."""

    VALUE = "one value"
    RECTANGLE = "a rectangle of cells"
    EITHER = "one value or a rectangle of cells"
    ARRAY = "a rectangle of cells, or operators on such"


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of a function, in order; the last may be repeated up to `most_more` times."""

    arguments: tuple[Takes, ...]
    most_more: int | None = 0
    """None is no limit but that of the programs (`Limits.function_arguments`)."""

    def problem(self, count: int) -> str:
        """Why the function cannot take that many arguments, or ""."""
        least = len(self.arguments)
        if count < least or (self.most_more is not None and count > least + self.most_more):
            more = {0: "", None: " or more"}.get(self.most_more, f" to {least + (self.most_more or 0)}")
            return f"takes {least}{more} arguments, not {count}"
        return ""

    def takes(self, n: int) -> Takes:
        """What argument number `n`, counted from 0, may be."""
        return self.arguments[min(n, len(self.arguments) - 1)]


MOST_CHOICES = 30
"""LibreOffice's CHOOSE takes no more."""

_VALUE, _CELLS = Takes.VALUE, Takes.RECTANGLE

FUNCTIONS: dict[str, Signature] = {
    **dict.fromkeys(get_args(OwnPlace), Signature(())),
    **dict.fromkeys(get_args(OfOneValue), Signature((_VALUE,))),
    **dict.fromkeys(get_args(OfTwoValues), Signature((_VALUE, _VALUE))),
    **dict.fromkeys(get_args(OfConditions), Signature((_VALUE,), None)),
    **dict.fromkeys(get_args(Reduction), Signature((Takes.EITHER,), None)),
    "CHOOSE": Signature((_VALUE, _VALUE), MOST_CHOICES - 1),
    "IF": Signature((_VALUE, _VALUE, _VALUE)),
    # Always with row and column: of a single row, Gnumeric takes one number for the row.
    "INDEX": Signature((_CELLS, _VALUE, _VALUE)),
    "LARGE": Signature((_CELLS, _VALUE)),
    "MATCH": Signature((_VALUE, _CELLS, _VALUE)),
    # Of one rectangle, or of two of the same size.
    "SUMPRODUCT": Signature((Takes.ARRAY,), 1),
}
