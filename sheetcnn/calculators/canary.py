"""A tiny workbook whose cached value is wrong: whoever shows that value has not recalculated.

A program can be told to recalculate, but a later version or an administrator's policy may decide
otherwise, and it would not say so. So this workbook travels with those of the user.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from sheetcnn.calculators.base import Recalculated
from sheetcnn.errors import CalculatorError

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = "canary"
_RIGHT, _WRONG = 42.0, 13
CSV_NAME = "canary-canary.csv"
CSV = b'6,42,1.5,TRUE,"#DIV/0!","6"'
"""The workbook as comma-separated values, if they are written so that numbers, texts and the rest differ."""

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>'
    f'<Override PartName="/xl/sheet.xml" ContentType="{_SPREADSHEET}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    f'<sheet name="{_SHEET}" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_RELATIONS}/worksheet" Target="sheet.xml"/></Relationships>',
    "xl/sheet.xml": f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c r="A1"><v>6</v></c>'
    f'<c r="B1"><f>A1*7</f><v>{_WRONG}</v></c><c r="C1"><f>A1/4</f></c><c r="D1" t="b"><f>A1&gt;1</f></c>'
    '<c r="E1"><f>1/0</f></c><c r="F1" t="str"><f>TEXT(A1,"0")</f></c></row></sheetData></worksheet>',
}


def write_canary(path: Path) -> None:
    """Writes the workbook."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)


def check_canary(title: str, result: Recalculated) -> None:
    """Looks whether the calculator computed the workbook's formula.

    Raises:
        CalculatorError: it did not.
    """
    ((value,),) = result.block(_SHEET, 1, 2, 1, 1)
    if value != _RIGHT:
        raise CalculatorError(
            f"{title} does not recalculate: a formula whose value is {_RIGHT:g} still shows {value!r}, as"
            " stored; use another version of it, or another calculator"
        )
