"""Print titles stand where a sheet has a second page, and nowhere else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from requirements import require

from sheetcnn import calculators
from sheetcnn.calculators.process import Program
from sheetcnn.xlsx.book import BarChart, Book, Cell, Grid, Sheet, SheetFormat, Style
from sheetcnn.xlsx.printing import fits_one_page
from sheetcnn.xlsx.write import write_book

WRAPPED = Style(wrap=True)


def filled(
    rows: int, cols: int = 3, *, name: str = "s", cells: Sequence[Cell] = (), row_step: int = 1, **how: Any
) -> Sheet:
    """A sheet of blank framed cells, with titles to repeat."""
    framed = Grid(1, 1, rows, cols, Style(border="000000"), row_step=row_step)
    printed = {"title_rows": 2, "row_height": 20.0, "landscape": False, **how}
    return Sheet(name, cells, [framed], SheetFormat(**printed))


# A page of A4 is 697.9 points high, 487.3 wide; lying, 451.3 and 733.9.
ONE_PAGE = {
    "small": filled(5),
    "just": filled(33),  # 660 points
    "just, lying": filled(21, landscape=True),
    "some rows are small": filled(40, row_heights=dict.fromkeys(range(1, 30), 10.0)),
    "tall, but wide": filled(60, cols=40),  # scaled down to less than a half
    "as it was told": filled(200, one_page=True),
    "only some is printed": filled(200, print_area=(30, 3)),
    "apart": filled(10, row_step=3),
}
MORE_PAGES = {
    "just": filled(37),
    "just, lying": filled(24, landscape=True),
    "some rows are tall": filled(20, row_heights={20: 400.0}),
    "tall, and a little wide": filled(60, cols=14),
    "a cell far down": filled(5, cells=(Cell(80, 1, "x"),)),
    "merged": filled(5, merged=[(5, 1, 60, 1)]),
    "apart": filled(20, row_step=3),
    "large letters": filled(
        1, cells=[Cell(n, 1, "A", Style(size=36)) for n in range(1, 21)], row_height=None
    ),
    "a chart": filled(5, charts=[BarChart("c", 5, 1, 10, 30, "A1:A2", (("s", "A1:A2", "000000"),))]),
}


@pytest.mark.parametrize("sheet", ONE_PAGE.values(), ids=ONE_PAGE)
def test_a_sheet_of_one_page(sheet: Sheet) -> None:
    assert fits_one_page(sheet)


@pytest.mark.parametrize("sheet", MORE_PAGES.values(), ids=MORE_PAGES)
def test_a_sheet_of_more_pages(sheet: Sheet) -> None:
    assert not fits_one_page(sheet)


def test_a_text_that_makes_its_row_higher_is_not_trusted() -> None:
    assert not fits_one_page(filled(5, cells=(Cell(3, 1, "a b " * 500, WRAPPED),)))
    assert fits_one_page(filled(5, cells=(Cell(3, 1, "a b " * 500, WRAPPED),), row_heights={3: 40.0}))
    assert fits_one_page(filled(5, cells=(Cell(3, 1, "a b " * 500, WRAPPED, merge=2),)))


def test_titles_are_written_where_there_is_a_second_page(tmp_path: Path) -> None:
    sheets = [filled(5, name="one"), filled(99, name="more"), filled(99, name="none", title_rows=0)]
    write_book(Book("b", sheets), tmp_path / "b.xlsx")
    book = load_workbook(tmp_path / "b.xlsx")
    assert [book[name].print_title_rows for name in ("one", "more", "none")] == [None, "$1:$2", None]


def pages(sheets: Sequence[Sheet], directory: Path) -> int:
    """On how many pages LibreOffice prints these sheets together."""
    require("libreoffice", any(c.name == "libreoffice" for c in calculators.installed()))
    calculator = calculators.get("libreoffice")
    assert isinstance(calculator, Program)
    named = [replace(sheet, name=f"s{n}") for n, sheet in enumerate(sheets)]
    write_book(Book("b", named), directory / "b.xlsx")
    profile = f"-env:UserInstallation={(directory / 'profile').as_uri()}"
    command = [calculator.program(), profile, "--headless", "--convert-to", "pdf", "b.xlsx"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=120)
    return len(re.findall(rb"/Type\s*/Page\b", (directory / "b.pdf").read_bytes()))


def test_libreoffice_prints_one_page_of_each(tmp_path: Path) -> None:
    sheets = [s for name, s in ONE_PAGE.items() if name != "only some is printed"]
    assert pages(sheets, tmp_path) == len(sheets)


def test_libreoffice_prints_more_of_the_others(tmp_path: Path) -> None:
    sheets = [MORE_PAGES["just"], MORE_PAGES["just, lying"], MORE_PAGES["some rows are tall"]]
    assert pages(sheets, tmp_path) == 2 * len(sheets)
