"""Workbooks without a network, of which lessons and exercises are made: their sheets, and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sheetcnn._version import __version__
from sheetcnn.model.engine import NOTHING
from sheetcnn.pages import about
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext, SheetPlan, as_built, bind_sheets
from sheetcnn.xlsx.book import Book, Cell
from sheetcnn.xlsx.write import write_book


def about_sheet(line: str, facts: Sequence[tuple[str, str]], width: float) -> SheetPlan:
    """The sheet by which a command knows the file.

    Args:
        line: which command reads it.
        facts: of this kind of workbook, after the format and the version.
        width: of the column of values.
    """
    page = SheetPlan(about.NAME, tab="page")
    page.format.column_widths |= {about.KEY_COLUMN: 18, about.VALUE_COLUMN: width}
    page.cells += [Cell(1, 1, "About this file", theme.TITLE), Cell(2, 1, line, theme.SUBTITLE)]
    rows = (("format", str(about.FORMAT)), ("built by", f"sheetcnn {__version__}"), *facts)
    for n, (key, value) in enumerate(rows, 4):
        page.cells.append(Cell(n, about.KEY_COLUMN, key, theme.TEXT))
        page.cells.append(Cell(n, about.VALUE_COLUMN, value, theme.TEXT))
    return page


def write_sheets(title: str, sheets: Sequence[SheetPlan], path: Path) -> int:
    """Write the workbook, with the values that its sheets have as built; returns the number of formulas.

    Raises:
        OutputError: if the file cannot be written.
    """
    context = as_built(sheets, PageContext(NOTHING, {}, {}))
    return write_book(Book(title, bind_sheets(sheets, context), ()), path)
