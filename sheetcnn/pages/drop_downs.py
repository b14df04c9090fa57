"""The cells of a page in which the reader chooses whole numbers, each with a drop-down list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.languages import ENGLISH, text
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import Choice, SheetPlan
from sheetcnn.xlsx.book import Cell, Grid, ListCheck

Question = tuple[str, str, int, int]
"""Name of the choice, label, greatest number, number at first."""


def add_drop_downs(
    plan: SheetPlan,
    asked: Sequence[Question],
    first: tuple[int, int],
    numbers: tuple[int, int],
    span: int = 1,
    say: Callable[..., str] = ENGLISH,
) -> None:
    """Write choices one below the other: the label, and beside it the cell with its list.

    Args:
        plan: of the page.
        asked: the choices; each begins at 1.
        first: row and column of the first label.
        numbers: row and column from which the numbers on offer run down, out of the way.
        span: columns that each label and each cell take.
        say: the language of the messages.
    """
    plan.print_columns = plan.print_columns or numbers[1] - 1
    most = max(greatest for _, _, greatest, _ in asked)
    plan.plain.append(Grid(*numbers, most, 1, theme.FAINT, np.arange(1.0, most + 1)[:, None]))
    for n, (name, label, greatest, default) in enumerate(asked):
        row, col = first[0] + n, first[1] + span
        plan.cells.append(Cell(row, first[1], label, theme.HEADING, merge=span))
        plan.choices.append(Choice(name, row, col, default, 1, greatest, merge=span))
        source = area(*numbers, greatest, 1, fixed=True)
        words = say(
            text("{label}: choose a whole number from 1 to {greatest}.", label=label, greatest=greatest)
        )
        title = say("Choose a number")  # at most 32 characters, in every language
        plan.format.drop_downs.append(ListCheck(area(row, col, 1, 1), source, title, words))
