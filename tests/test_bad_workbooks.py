"""What `verify`, `init` and the arguments refuse: one message, status 2, and nothing is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import digits_reference as digits
import package_edit as pe
import pytest
from conftest import Cli
from openpyxl import Workbook
from refusals import Folder, content_of, refused


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --- verify -------------------------------------------------------------------------------------

Damage = Callable[[Path, Path], object]
"""From the digits workbook to a path where something else lies."""

DAMAGED: dict[str, tuple[Damage, tuple[str, ...]]] = {}


def damaged(name: str, *words: str) -> Callable[[Damage], Damage]:
    def listed(damage: Damage) -> Damage:
        DAMAGED[name] = (damage, ("bad.xlsx", *words))
        return damage

    return listed


def _about(old: str, new: str) -> Damage:
    """Change a text of the sheet that tells how the workbook was built."""

    def damage(good: Path, path: Path) -> None:
        parts = pe.read_parts(good)
        part = pe.sheet_parts(parts)["about"]
        xml = parts[part].decode().replace("&quot;", '"')
        assert old in xml
        parts[part] = xml.replace(old, new).encode()
        pe.write_parts(path, parts)

    return damage


def _foreign(path: Path, *names: str) -> None:
    book = Workbook()
    book.active.title = names[0]
    for name in names[1:]:
        book.create_sheet(name)
    book.active["A1"] = "=1+1"
    book.save(path)


def _cell(name: str, change: pe.Change, y: int = 0, x: int = 0) -> Damage:
    return lambda good, path: pe.edit(good, path, {digits.cell(digits.places(good)[name], y, x): change})


def _weight(change: pe.Change) -> Damage:
    value = float(digits.weights()["conv2.weight"][3, 1, 2, 0])
    return lambda good, path: pe.edit(good, path, {digits.holding(good, "conv2_w", value): change})


damaged("missing", "No such file")(lambda good, path: None)
damaged("directory", "is a directory")(lambda good, path: path.mkdir())
damaged("empty", "is empty")(lambda good, path: path.write_bytes(b""))
damaged("text", "is not an .xlsx file")(lambda good, path: path.write_text("a,b\n1,2\n", encoding="utf-8"))
damaged("old_excel", ".xls format", "save it as .xlsx")(
    lambda good, path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
)
damaged("other_zip", "not an .xlsx file")(lambda good, path: pe.write_parts(path, {"a.txt": b"a"}))
damaged("foreign", "not built by sheetcnn", "sheetcnn build")(lambda good, path: _foreign(path, "Sheet1"))
damaged("foreign_with_our_sheet_name", "format none", "build")(lambda good, path: _foreign(path, "about"))
damaged("deleted_page", "about", "sheetcnn build")(lambda good, path: pe.drop_sheet(good, path, "about"))
damaged("deleted_map", "conv1_f3", "missing", "build the workbook again")(
    lambda good, path: pe.drop_sheet(good, path, "conv1_f3")
)
damaged("deleted_weights", "fc_w", "missing")(lambda good, path: pe.drop_sheet(good, path, "fc_w"))
damaged("text_for_a_weight", "conv2_w!", "'many'", "type a number")(_weight(pe.text("many")))
damaged("error_for_a_weight", "conv2_w!", "#DIV/0!", "type a number")(_weight(pe.formula("1/0")))
damaged("text_for_a_pixel", "samples!", "'dark'", "type a number")(_cell("sample_1", pe.text("dark")))
damaged("huge_weight", "1.8e308", "check the weights")(_weight(pe.number(1e308)))
damaged("broken_spec", "about", "spec", "damaged", "build")(_about('{"name":"digits"', '{"name":"digits'))
damaged("unknown_layer", "about", "conv9d", "build")(_about('"kind":"conv2d"', '"kind":"conv9d"'))
damaged("other_shape", "about", "build")(_about('"units":10', '"units":11'))
damaged("broken_options", "about", "options", "damaged")(_about('{"relu": "fused"', '{"relu": fused'))
damaged("unknown_options", "about", "options", "damaged")(_about('{"relu": "fused"', '{"reul": "fused"'))
damaged("unknown_option", "about", "options", "damaged")(_about('"relu": "fused"', '"relu": "melted"'))
damaged("a_later_format", "format 99", "build")(
    lambda good, path: pe.edit(good, path, {("about", "B4"): pe.text("99")})
)
damaged("doctype", "document type")(
    lambda good, path: _part(good, path, b"<worksheet", b"<!DOCTYPE a []><worksheet")
)
damaged("broken_xml", "</sheetData>", "see whether it opens")(
    lambda good, path: _part(good, path, b"</sheetData>", b"")
)


def _part(good: Path, path: Path, old: bytes, new: bytes) -> None:
    parts = pe.read_parts(good)
    name = pe.sheet_parts(parts)["conv1_f1"]
    assert old in parts[name]
    parts[name] = parts[name].replace(old, new, 1)
    pe.write_parts(path, parts)


def _truncated(share: float) -> Damage:
    return lambda good, path: path.write_bytes(good.read_bytes()[: int(good.stat().st_size * share)])


for _share in (0.001, 0.1, 0.5, 0.9, 0.999):
    damaged(f"truncated_to_{_share}", "is not a complete .xlsx file")(_truncated(_share))


@pytest.mark.parametrize("name", DAMAGED)
def test_verify_refuses(name: str, folder: Folder, cli: Cli, digits_workbook: Path) -> None:
    damage, words = DAMAGED[name]
    path = folder.path / "bad.xlsx"
    damage(digits_workbook, path)
    before = content_of(path)
    refused(cli, folder, words, "verify", path, "--json")
    assert content_of(path) == before


def test_unknown_engine(folder: Folder, cli: Cli, digits_workbook: Path) -> None:
    words = ("--calculator", "'excel'", "ironcalc", "libreoffice", "gnumeric")
    refused(cli, folder, words, "verify", digits_workbook, "--calculator", "excel")


@pytest.mark.parametrize("calculator", ["libreoffice", "gnumeric"])
def test_engine_that_is_not_installed(
    calculator: str, folder: Folder, cli: Cli, digits_workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"SHEETCNN_{calculator.upper()}"
    monkeypatch.setenv(variable, str(folder.path / "nothing"))
    words = ("not installed", variable, "nothing", "unset")
    refused(cli, folder, words, "verify", digits_workbook, "--calculator", calculator)


# --- init ---------------------------------------------------------------------------------------


def test_init_refuses_an_unknown_starter(folder: Folder, cli: Cli) -> None:
    refused(cli, folder, ("'digts'", "did you mean 'digits'?"), "init", "digts", folder.path / "new")


def test_init_refuses_a_directory_that_holds_something(folder: Folder, cli: Cli) -> None:
    refused(cli, folder, ("out", "not an empty directory", "name a new one"), "init", "digits", folder.out)


def test_init_refuses_a_file(folder: Folder, cli: Cli) -> None:
    refused(cli, folder, ("tiny.json", "name a new one"), "init", "digits", folder.model)


# --- Arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["biuld"], "biuld"),
        (["build", "a.yaml", "--input", "a.png"], "--output"),
        (["build", "a.yaml", "-o", "a.xlsx"], "--input"),
        (["predict"], "MODEL"),
        (["inspect", "a.yaml", "--relu", "apart"], "apart"),
        (["verify", "a.xlsx", "--jsno"], "--jsno"),
    ],
)
def test_wrong_arguments(args: list[str], word: str, folder: Folder, cli: Cli) -> None:
    refused(cli, folder, (word, "Try 'sheetcnn"), *args)
