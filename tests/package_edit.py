"""Changes single cells in the XML of a workbook and leaves every other byte of its parts alone.

So a test edits a workbook as a student would, or damages it as no program would, without a library
in between that drops what it does not know.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Change = Callable[[str], str]
"""From the XML of a cell, `<c ...>...</c>`, to the new one."""


def read_parts(path: Path) -> dict[str, bytes]:
    """The parts of a package by name, in order."""
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def write_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    """Write a package."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def sheet_parts(parts: Mapping[str, bytes]) -> dict[str, str]:
    """The part of every sheet by the sheet's name, in the order of the tabs."""
    relations = ET.fromstring(parts["xl/_rels/workbook.xml.rels"])
    targets = {r.attrib["Id"]: r.attrib["Target"] for r in relations}
    book = ET.fromstring(parts["xl/workbook.xml"])
    found = {}
    for sheet in book.iter(f"{MAIN}sheet"):
        target = targets[sheet.attrib[RELATION]].lstrip("/")
        found[sheet.attrib["name"]] = target if target.startswith("xl/") else f"xl/{target}"
    return found


def sheet_xml(path: Path, sheet: str) -> str:
    """The XML of one sheet."""
    parts = read_parts(path)
    return parts[sheet_parts(parts)[sheet]].decode()


def _cell(xml: str, cell: str) -> re.Match[str]:
    found = re.search(rf'<c r="{cell}"(?:[^>]*/>|[^>]*[^/]>.*?</c>)', xml)
    assert found, f"there is no cell {cell}"
    return found


def cell_xml(path: Path, sheet: str, cell: str) -> str:
    """The XML of one cell."""
    return _cell(sheet_xml(path, sheet), cell).group()


def edit(source: Path, target: Path, changes: Mapping[tuple[str, str], Change]) -> Path:
    """A copy of a workbook with some cells, named by sheet and address, changed."""
    parts = read_parts(source)
    place = sheet_parts(parts)
    for (sheet, cell), change in changes.items():
        xml = parts[place[sheet]].decode()
        found = _cell(xml, cell)
        new = change(found.group())
        assert new != found.group(), f"{sheet}!{cell} is not changed"
        parts[place[sheet]] = (xml[: found.start()] + new + xml[found.end() :]).encode()
    return write_parts(target, parts)


def drop_sheet(source: Path, target: Path, sheet: str) -> Path:
    """A copy without one sheet, as a spreadsheet program leaves it when the sheet is deleted."""
    parts = read_parts(source)
    part = sheet_parts(parts).pop(sheet)
    book = parts["xl/workbook.xml"].decode()
    found = re.search(rf'<sheet [^>]*name="{sheet}"[^>]*/>', book)
    assert found
    identity = re.search(r'r:id="([^"]*)"', found.group())
    assert identity
    book = book.replace(found.group(), "")
    book = re.sub(rf"<definedName [^>]*>{sheet}![^<]*</definedName>", "", book)
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    relation = re.search(rf'<Relationship [^>]*Id="{identity[1]}"[^>]*/>', relations)
    assert relation
    types = parts["[Content_Types].xml"].decode()
    override = re.search(rf'<Override [^>]*PartName="/{part}"[^>]*/>', types)
    assert override
    parts["xl/workbook.xml"] = book.encode()
    parts["xl/_rels/workbook.xml.rels"] = relations.replace(relation.group(), "").encode()
    parts["[Content_Types].xml"] = types.replace(override.group(), "").encode()
    del parts[part]
    return write_parts(target, parts)


def _refilled(inside: str, kind: str = "") -> Change:
    """The same cell, style included, with other content."""

    def change(xml: str) -> str:
        opening = re.match(r'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?', xml)
        assert opening
        shown = f' t="{kind}"' if kind else ""
        return f"{opening.group()}{shown}>{inside}</c>" if inside else f"{opening.group()}/>"

    return change


def number(value: float) -> Change:
    """Type a number into the cell."""
    return _refilled(f"<v>{float(value)!r}</v>")


def text(value: str) -> Change:
    """Type a text into the cell."""
    return _refilled(f"<is><t>{escape(value)}</t></is>", "inlineStr")


def formula(value: str) -> Change:
    """Type a formula, without `=`, into the cell; it has no cached value."""
    return _refilled(f"<f>{escape(value, quote=False)}</f>")


def blank() -> Change:
    """Clear the cell."""
    return _refilled("")


def cached(value: float) -> Change:
    """Keep the formula, change the cached value."""

    def change(xml: str) -> str:
        assert "<f" in xml, "a cell without a formula has no cached value"
        return re.sub(r"<v>[^<]*</v>", f"<v>{float(value)!r}</v>", xml)

    return change


def rewritten(old: str, new: str) -> Change:
    """Change the text of the formula; of a shared one, for all its cells."""

    def change(xml: str) -> str:
        assert escape(old, quote=False) in xml, xml
        return xml.replace(escape(old, quote=False), escape(new, quote=False))

    return change
