"""What the spreadsheet programs can hold, as values that are passed in.

Sources: Microsoft, "Excel specifications and limits"; LibreOffice Calc's default build;
Google, "Files you can store in Google Drive".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one spreadsheet program. All sizes are inclusive maxima."""

    program: str
    rows: int
    columns: int
    formula_characters: int
    function_arguments: int
    sheets: int
    cells: int
    cell_characters: int = 32_767
    sheet_name_characters: int = 31


EXCEL = Limits("Excel", 1_048_576, 16_384, 8_192, 255, 10_000, 1 << 40)
LIBREOFFICE = Limits("LibreOffice", 1_048_576, 16_384, 65_536, 255, 10_000, 1 << 40)
GOOGLE_SHEETS = Limits("Google Sheets", 1_048_576, 18_278, 50_000, 255, 200, 10_000_000)

PROGRAMS = (EXCEL, LIBREOFFICE, GOOGLE_SHEETS)
