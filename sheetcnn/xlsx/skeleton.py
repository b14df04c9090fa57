"""The package around the cells, made by openpyxl: styles, widths, formats, names.

openpyxl stores neither cached values nor shared formulas, so its sheets stay empty here and `write`
puts the streamed rows in their place.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from openpyxl import Workbook, chart
from openpyxl.chart import shapes
from openpyxl.comments import Comment
from openpyxl.drawing import line, text
from openpyxl.formatting import rule as rules
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension

from sheetcnn.formulas.a1 import address, area
from sheetcnn.xlsx.book import BarChart, Book, Cell, ListCheck, NumberCheck, Sheet, Style
from sheetcnn.xlsx.printing import PAPER, fits_one_page

# The stubs of openpyxl leave these functions, and much of a worksheet, without types.
_rules: Any = rules
_chart: Any = chart
_shapes: Any = shapes
_line: Any = line
_CharacterProperties: Any = text.CharacterProperties
FONT = "Calibri"
_GRID = "D5DBE1"  # the lines of a chart
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
# The order that the schema demands of a font's children; openpyxl writes another.
_FONT_ORDER = "b i strike condense extend outline shadow u vertAlign sz color name family charset scheme"
_MOMENT = "2000-01-01T00:00:00Z"  # the same input gives the same bytes


def skeleton(book: Book) -> tuple[bytes, Mapping[Style, int]]:
    """The package with empty sheets, and the number of every style that the book uses."""
    workbook = Workbook()
    first = workbook.active
    if first is not None:
        workbook.remove(first)
    workbook.properties.creator = "sheetcnn"
    workbook.properties.title = book.title
    numbers: dict[Style, int] = {}
    for number, sheet in enumerate(book.sheets):
        worksheet = workbook.create_sheet(sheet.name)
        # Names are made to be unique (see sheets.names); openpyxl would silently rename a clash.
        if worksheet.title != sheet.name:
            raise ValueError(f"two sheets are named {sheet.name}")
        _register(worksheet, sheet, numbers)
        _furnish(worksheet, sheet, selected=number == 0)
    for name, target in book.names:
        workbook.defined_names[name] = DefinedName(name, attr_text=target)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue(), numbers


def _furnish(worksheet: Any, sheet: Sheet, *, selected: bool) -> None:
    look = sheet.format
    view = worksheet.sheet_view
    view.showGridLines = look.gridlines
    view.zoomScale = look.zoom
    view.tabSelected = selected
    if look.freeze:
        worksheet.freeze_panes = address(*look.freeze)
    if look.tab_color:
        worksheet.sheet_properties.tabColor = look.tab_color
    if look.row_height is not None:
        worksheet.sheet_format.defaultRowHeight = look.row_height
        worksheet.sheet_format.customHeight = True
    if look.column_width is not None:
        worksheet.sheet_format.defaultColWidth = look.column_width
        worksheet.sheet_format.baseColWidth = None
    for col, width in sorted(look.column_widths.items()):
        letter = get_column_letter(col)
        worksheet.column_dimensions[letter] = ColumnDimension(
            worksheet, index=letter, min=col, max=col, width=width, customWidth=True
        )
    for scale in look.color_scales:
        places = ("start", "mid", "end") if len(scale.stops) == 3 else ("start", "end")
        arguments: dict[str, str | None] = {}
        for place, (kind, value, color) in zip(places, scale.stops, strict=True):
            arguments |= {f"{place}_type": kind, f"{place}_value": value, f"{place}_color": "FF" + color}
        worksheet.conditional_formatting.add(" ".join(scale.ranges), _rules.ColorScaleRule(**arguments))
    for bar in look.data_bars:
        bars = _rules.DataBarRule(
            "num", 0, "num", bar.maximum, "FF" + bar.color, showValue=True, minLength=0, maxLength=100
        )
        worksheet.conditional_formatting.add(bar.range, bars)
    for mark in look.highlights:
        edge = Side("thin", color="FF" + mark.color)
        rule = _rules.FormulaRule(
            formula=[mark.formula],
            border=Border(left=edge, right=edge, top=edge, bottom=edge),
            font=Font(bold=True, color="FF" + mark.color),
        )
        worksheet.conditional_formatting.add(" ".join(mark.ranges), rule)
    checks: list[NumberCheck | ListCheck] = [*look.number_checks, *look.drop_downs]
    for check in checks:
        worksheet.add_data_validation(_validation(check))
    merged = [
        (cell.row, cell.col, cell.merge_rows, cell.merge)
        for cell in sheet.cells
        if cell.merge > 1 or cell.merge_rows > 1
    ]
    for row, col, height, width in (*merged, *look.merged):
        # Into the set itself: `add` would compare each range with all before it.
        worksheet.merged_cells.ranges.add(
            CellRange(min_row=row, max_row=row + height - 1, min_col=col, max_col=col + width - 1)
        )
    if look.hidden:
        worksheet.sheet_state = "veryHidden"
    if look.protected:
        worksheet.protection.sheet = True
    setup = worksheet.page_setup
    setup.orientation = "landscape" if look.landscape else "portrait"
    setup.paperSize = PAPER
    setup.fitToWidth, setup.fitToHeight = 1, int(look.one_page)
    worksheet.sheet_properties.pageSetUpPr.fitToPage = True
    if look.title_rows and not fits_one_page(sheet):
        worksheet.print_title_rows = f"1:{look.title_rows}"
    if look.print_area:
        worksheet.print_area = area(1, 1, *look.print_area)
    worksheet.oddHeader.left.text = "&A"
    worksheet.oddFooter.left.text = "sheetcnn"
    worksheet.oddFooter.right.text = "&P / &N"
    for bars in look.charts:
        _draw(worksheet, bars)
    for cell in sheet.cells:
        if cell.note:
            _annotate(worksheet, cell)


def _draw(worksheet: Any, bars: BarChart) -> None:
    drawn = _chart.BarChart()
    drawn.type, drawn.title, drawn.gapWidth = "bar", bars.title, 40
    drawn.width, drawn.height = bars.width, bars.height
    drawn.y_axis.scaling.min, drawn.y_axis.scaling.max = 0, bars.maximum
    drawn.y_axis.crosses = "max"  # the numbers stand below
    drawn.y_axis.number_format = bars.number_format
    drawn.y_axis.majorGridlines.spPr = _shapes.GraphicalProperties(ln=_line.LineProperties(solidFill=_GRID))
    drawn.title.tx.rich.p[0].r[0].rPr = _CharacterProperties(sz=1100, b=True)
    drawn.x_axis.scaling.orientation = "maxMin"  # the first class at the top
    drawn.x_axis.delete = drawn.y_axis.delete = False
    drawn.legend = _chart.legend.Legend() if len(bars.series) > 1 else None
    if drawn.legend is not None:
        drawn.legend.position = "b"
    sheet = worksheet.title
    for name, cells, color in bars.series:
        series = _chart.Series(_chart.Reference(range_string=f"{sheet}!{cells}"), title=name)
        series.graphicalProperties.solidFill = color
        drawn.series.append(series)
    drawn.set_categories(_chart.Reference(range_string=f"{sheet}!{bars.categories}"))
    worksheet.add_chart(drawn, address(bars.row, bars.col))


def _annotate(worksheet: Any, cell: Cell) -> None:
    lines = len(cell.note) // 45 + cell.note.count("\n") + 2
    worksheet.cell(cell.row, cell.col).comment = Comment(cell.note, "sheetcnn", height=18 * lines, width=300)


def _validation(check: NumberCheck | ListCheck) -> DataValidation:
    if isinstance(check, ListCheck):
        validation = DataValidation(type="list", formula1=check.source, errorStyle="stop")
    else:
        low, high = f"{check.low:g}", f"{check.high:g}"
        validation = DataValidation("decimal", low, high, operator="between", errorStyle="warning")
        validation.allow_blank = True
    validation.showErrorMessage = True
    validation.errorTitle, validation.error = check.title, check.message
    validation.add(check.range)
    return validation


def _register(worksheet: Any, sheet: Sheet, numbers: dict[Style, int]) -> None:
    """Give every style of the sheet its number in the workbook's table of cell formats."""
    for style in dict.fromkeys([c.style for c in sheet.cells] + [g.style for g in sheet.grids]):
        if style in numbers:
            continue
        scratch = worksheet.cell(1, 1)
        scratch.font = Font(
            name=FONT,
            family=2,
            size=style.size,
            bold=style.bold,
            italic=style.italic,
            underline="single" if style.underline else None,
            color="FF" + style.color if style.color else None,
        )
        scratch.fill = PatternFill("solid", fgColor="FF" + style.fill) if style.fill else PatternFill()
        edge = Side("thin", color="FF" + style.border) if style.border else Side()
        scratch.border = Border(left=edge, right=edge, top=edge, bottom=edge)
        scratch.alignment = Alignment(
            horizontal=style.horizontal,
            vertical=style.vertical,
            wrap_text=style.wrap or None,
            text_rotation=style.rotation,
        )
        scratch.number_format = style.number_format
        scratch.protection = Protection(locked=not style.unlocked)
        numbers[style] = scratch.style_id
        del worksheet._cells[(1, 1)]


def repaired(name: str, content: bytes) -> bytes:
    """A part of the skeleton as it goes into the file: fonts in order, relative paths, fixed times."""
    if name == "xl/styles.xml":
        ET.register_namespace("", _MAIN)
        root = ET.fromstring(content)  # noqa: S314  (our own part, just made by openpyxl)
        order = _FONT_ORDER.split()
        for font in root.iter(f"{{{_MAIN}}}font"):
            font[:] = sorted(font, key=lambda child: order.index(child.tag.rpartition("}")[2]))
        return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + ET.tostring(root)
    if name.startswith("xl/worksheets/_rels/"):
        # IronCalc finds notes by relative paths alone.
        return content.replace(b'Target="/xl/', b'Target="../')
    if name == "docProps/core.xml":
        return re.sub(rb">\d{4}-\d\d-\d\dT[0-9:.]+Z?<", f">{_MOMENT}<".encode(), content)
    return content
