"""How a sheet is printed, and whether one page holds it.

A sheet is as wide as the page at most, and never enlarged. Rows that are repeated on every page are worth
their name only where there is a second one: LibreOffice takes half of its time to open a workbook of many
sheets to lay out the pages of those that have such rows.
"""

from __future__ import annotations

from sheetcnn.xlsx.book import Cell, Sheet

PAPER = 9
"""A4, as in the file."""

_PAPER_POINTS = (595.3, 841.9)
_MARGINS = (0.75 * 72, 1.0 * 72)  # left and right, top and bottom: openpyxl's defaults
_CHARACTER = 5.25  # points: 7 pixels of a 96th of an inch
_COLUMN = 8.43  # characters, where nothing is said
_ROW = 15.0  # points, where nothing is said
_LINE = 1.4  # a row's height over the size of its largest letters
_POINTS_PER_CM = 72 / 2.54
_WIDTH_DOUBT = 0.9
"""Programs differ in the width of a column, which they measure in digits of a font that may be missing."""
_HEIGHT_DOUBT = 0.96
"""They agree on the height of a row but for its rounding, and on what a page holds but for the printer's."""


def fits_one_page(sheet: Sheet) -> bool:
    """Whether the sheet is surely printed on one page, whatever program prints it."""
    if sheet.format.one_page:
        return True
    rows, cols = sheet.format.print_area or _used(sheet)
    height = _height(sheet, rows)
    if height is None:
        return False
    page_width, page_height = (
        size - 2 * margin
        for size, margin in zip(sorted(_PAPER_POINTS, reverse=sheet.format.landscape), _MARGINS, strict=True)
    )
    scale = min(1.0, page_width / (_width(sheet, cols) * _WIDTH_DOUBT))
    return height * scale <= page_height * _HEIGHT_DOUBT


def _used(sheet: Sheet) -> tuple[int, int]:
    """The last row and column that hold or show anything."""
    ends = [(1, 1)]
    ends += [(c.row + c.merge_rows - 1, c.col + c.merge - 1) for c in sheet.cells]
    ends += [(g.row + (g.height - 1) * g.row_step, g.col + (g.width - 1) * g.col_step) for g in sheet.grids]
    ends += [(row + height - 1, col + width - 1) for row, col, height, width in sheet.format.merged]
    # A chart covers at most as many rows as if all were the smallest; how wide it is makes it only smaller.
    smallest = min((sheet.format.row_height or _ROW, *sheet.format.row_heights.values()))
    ends += [(c.row + int(c.height * _POINTS_PER_CM / smallest), c.col) for c in sheet.format.charts]
    row, col = (max(end) for end in zip(*ends, strict=True))
    return row, col


def _width(sheet: Sheet, cols: int) -> float:
    """In points, without texts that reach beyond the last column: those make the printed sheet smaller."""
    usual = _COLUMN if sheet.format.column_width is None else sheet.format.column_width
    named = [width for col, width in sheet.format.column_widths.items() if col <= cols]
    return (sum(named) + (cols - len(named)) * usual) * _CHARACTER


def _height(sheet: Sheet, rows: int) -> float | None:
    """In points; None if a program makes a row as high as its text needs."""
    usual = _ROW if sheet.format.row_height is None else sheet.format.row_height
    named = {row: height for row, height in sheet.format.row_heights.items() if row <= rows}
    grown: dict[int, float] = {}
    for cell in sheet.cells:
        if cell.row in named or cell.row > rows:
            continue
        if _wraps(cell):
            return None
        grown[cell.row] = max(grown.get(cell.row, usual), cell.style.size * _LINE)
    return sum(named.values()) + sum(grown.values()) + (rows - len(named) - len(grown)) * usual


def _wraps(cell: Cell) -> bool:
    return cell.style.wrap and cell.merge == cell.merge_rows == 1
