from __future__ import annotations

import sys
from pathlib import Path

import pytest
import rawbook
from openxml import validate

GOOD = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1*2</f><v>2</v></c></row>'
BAD = '<row r="1"><c r="A1" colour="red"><v>1</v><f>1*2</f></c></row>'


def test_a_good_workbook_has_no_errors(tmp_path: Path) -> None:
    paths = [rawbook.book(tmp_path / f"good {n}.xlsx", {f"map_{n}": GOOD}) for n in range(3)]
    assert validate(paths) == []


def test_the_errors_of_broken_workbooks(tmp_path: Path) -> None:
    paths = [
        rawbook.book(tmp_path / "good.xlsx", {"map_1": GOOD}),
        rawbook.book(tmp_path / "bad.xlsx", {"map_1": GOOD, "map_2": BAD}),
        tmp_path / "none.xlsx",
    ]
    errors = validate(paths)
    assert any(error.startswith("bad.xlsx: /xl/worksheets/sheet2.xml /x:worksheet[1]") for error in errors)
    assert any("'colour' attribute is not declared" in error for error in errors)
    assert any("none.xlsx" in error for error in errors)
    assert not any("good.xlsx" in error for error in errors)


@pytest.mark.skipif(sys.platform == "win32", reason="the pretended validator is a shell script")
def test_a_validator_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "validator"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("SHEETCNN_OOXML_VALIDATOR", str(program))
    with pytest.raises(AssertionError, match=r"no answer \(status 3\): broken"):
        validate([tmp_path / "a.xlsx"])


def test_a_missing_validator_is_a_skip_or_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEETCNN_OOXML_VALIDATOR", str(tmp_path / "none"))
    monkeypatch.setenv("SHEETCNN_REQUIRE", "torch")
    with pytest.raises(pytest.skip.Exception, match="validator is not installed"):
        validate([])
    monkeypatch.setenv("SHEETCNN_REQUIRE", "torch, validator")
    with pytest.raises(pytest.fail.Exception, match="SHEETCNN_REQUIRE lists it"):
        validate([])
