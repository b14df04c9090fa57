"""Writes .xlsx files from bare XML, so that a test decides about every byte: wrong caches, odd forms."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def parts(sheets: Mapping[str, str], *, strings: str | None = None) -> dict[str, str]:
    """The parts of a workbook, by name.

    `sheets` maps names to the inside of `<sheetData>`; `strings` is the inside of `<sst>`.
    """
    numbered = list(enumerate(sheets.items(), 1))
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{SPREADSHEET}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{SPREADSHEET}.worksheet+xml"/>'
            for n, _ in numbered
        )
        + (
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SPREADSHEET}.sharedStrings+xml"/>'
            if strings is not None
            else ""
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        + f'<Relationship Id="rId{len(sheets) + 1}" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        + (
            f'<Relationship Id="rId{len(sheets) + 2}" Type="{RELATIONS}/sharedStrings" '
            'Target="sharedStrings.xml"/>'
            if strings is not None
            else ""
        )
        + "</Relationships>",
        "xl/styles.xml": STYLES,
    }
    for n, (_, data) in numbered:
        texts[f"xl/worksheets/sheet{n}.xml"] = worksheet(data)
    if strings is not None:
        texts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    return texts


def worksheet(data: str) -> str:
    """A sheet part around the inside of `<sheetData>`."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'


def write(path: Path, texts: Mapping[str, str | bytes]) -> Path:
    """Writes the parts into a zip archive; text gets an XML header, bytes stay as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, HEADER + text if isinstance(text, str) else text)
    return path


def book(
    path: Path,
    sheets: Mapping[str, str],
    *,
    strings: str | None = None,
    replaced: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Writes a workbook; see `parts`. `replaced` are parts to write in place of the right ones."""
    return write(path, {**parts(sheets, strings=strings), **(replaced or {})})
