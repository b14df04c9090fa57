"""The cells of a page in which the reader chooses whole numbers, each with a drop-down list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.sheets import theme
from sheetcnn.sheets.plan import Choice, SheetPlan
from sheetcnn.xlsx.book import Cell, Grid, ListCheck

Asked = tuple[str, str, int, int]
"""Name of the choice, label, greatest number, number at first."""


def ask(plan: SheetPlan, asked: Sequence[Asked], first: tuple[int, int], numbers: tuple[int, int]) -> None:
    """Write choices one below the other: the label, and beside it the cell with its list.

    Args:
        plan: of the page.
        asked: the choices; each begins at 1.
        first: row and column of the first label.
        numbers: row and column from which the numbers on offer run down, out of the way.
    """
    most = max(greatest for _, _, greatest, _ in asked)
    plan.plain.append(Grid(*numbers, most, 1, theme.FAINT, np.arange(1.0, most + 1)[:, None]))
    for n, (name, label, greatest, default) in enumerate(asked):
        row, col = first[0] + n, first[1] + 1
        plan.cells.append(Cell(row, col - 1, label, theme.HEADING))
        plan.choices.append(Choice(name, row, col, default, 1, greatest))
        source = area(*numbers, greatest, 1, fixed=True)
        words = f"Choose a whole number from 1 to {greatest}."
        plan.lists.append(ListCheck(area(row, col, 1, 1), source, f"Choose: {label}", words))
