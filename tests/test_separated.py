"""What LibreOffice writes as comma-separated values is read as exactly as the .xlsx files that it writes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import rawbook
from requirements import require

from sheetcnn import calculators
from sheetcnn.calculators import Recalculated, libreoffice
from sheetcnn.calculators.libreoffice import LibreOffice
from sheetcnn.calculators.process import ReadBack
from sheetcnn.calculators.separated import UnclearError, read_separated
from sheetcnn.xlsx.read import CellError, CellValues, open_workbook


def read(tmp_path: Path, content: str) -> CellValues:
    """The first three rows and columns of a sheet."""
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    return read_separated(path, "map_1").block(1, 1, 3, 3)


BLANK = [None, None, None]


@pytest.mark.parametrize(
    ("content", "block"),
    [
        ("", [BLANK, BLANK, BLANK]),
        ("1,2.5,-3E-020\n", [[1.0, 2.5, -3e-20], BLANK, BLANK]),
        ("1.23456789012346E+017\r\n,,7\r\n", [[1.23456789012346e17, None, None], [None, None, 7.0], BLANK]),
        (",,,\n,2,,\n", [BLANK, [None, 2.0, None], BLANK]),
        ('"a","1","TRUE"\n', [["a", "1", "TRUE"], BLANK, BLANK]),
        ("TRUE,FALSE,0\n", [[True, False, 0.0], BLANK, BLANK]),
        ('1,"a,""b"",",2\n', [[1.0, 'a,"b",', 2.0], BLANK, BLANK]),
        ('"",,""\n', [["", None, ""], BLANK, BLANK]),
        ('1,"two\nlines, and\r\n",3\n4,,\n', [[1.0, "two\nlines, and\r\n", 3.0], [4.0, None, None], BLANK]),
        ('"é","#DIV/0!","Err:502"\n', [["é", CellError("#DIV/0!"), CellError("Err:502")], BLANK, BLANK]),
        ('"#1","#N/A","#NAME?"\n', [["#1", CellError("#N/A"), CellError("#NAME?")], BLANK, BLANK]),
        ("33.3333333333333%,0%,-1E+002%\n", [[0.333333333333333, 0.0, -1.0], BLANK, BLANK]),
        ('5,TRUE,"x"\n', [[5.0, True, "x"], BLANK, BLANK]),
    ],
)  # fmt: skip
def test_fields(tmp_path: Path, content: str, block: CellValues) -> None:
    found = read(tmp_path, content)
    assert found == block
    assert [[type(v) for v in row] for row in found] == [[type(v) for v in row] for row in block]


@pytest.mark.parametrize(
    "content",
    ["01/01/2020\n", "12:00:00 AM\n", "1,5 €\n", "nan\n", "true\n", "1,[2]\n", '1,"open\n', "5 %\n"],
)
def test_what_is_unclear(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnclearError):
        read(tmp_path, content)


# LibreOffice itself.


@pytest.fixture
def calculator() -> LibreOffice:
    require("libreoffice", any(c.name == "libreoffice" for c in calculators.installed()))
    return LibreOffice(timeout=120)


def assert_alike(found: CellValues, expected: CellValues) -> None:
    """Both carry 15 digits, but here at most 20 decimals; a percentage is divided by 100."""
    for found_row, row in zip(found, expected, strict=True):
        assert [type(v) for v in found_row] == [type(v) for v in row]
        shown = [pytest.approx(v, rel=1e-15, abs=5e-21) if type(v) is float else v for v in row]
        assert found_row == shown


FORMATS = [
    *("General", "0.000", "#,##0.00", "0%", "0.0%", "0.00E+00", "# ?/?", "$#,##0.00", "@", '0.00 "px"'),
    *("[Red]0.0", "[$€-407] #,##0.00", '0.0;-0.0;"zero"', ";;;"),
]
VALUES = [
    *("=1/3", "=-2000/7", 0.123456789012345678, "=1E300*EXP(1)", "=EXP(-32)", "=-EXP(-47)"),
    *("=2=2", "=NA()", '="x,""y"""', "#N/A x"),
]
SHAPE = (1, 1, len(FORMATS) + 2, len(VALUES) + 1)


@pytest.fixture
def formatted(calculator: LibreOffice, tmp_path: Path) -> Iterator[Recalculated]:
    """Values in every format, hidden rows, columns and sheets, a filter, and a sheet with dates."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "formats"
    for row, number_format in enumerate(FORMATS, 1):
        for col, value in enumerate(VALUES, 1):
            sheet.cell(row, col, value).number_format = number_format
    sheet.row_dimensions[2].hidden = sheet.column_dimensions["B"].hidden = True
    sheet.auto_filter.ref = "A1:C9"
    sheet.auto_filter.add_filter_column(0, ["7"])
    book.create_sheet("a & b é")["C3"] = "=1/7"
    book.create_sheet("empty")
    book.create_sheet("hidden").sheet_state = "hidden"
    book["hidden"]["A1"] = "=5*5"
    book.create_chartsheet("chart_1")
    dates = book.create_sheet("dates")
    dates["A1"], dates["B1"] = "=DATE(2020,2,29)", "=1/3"
    dates["A1"].number_format = "yyyy-mm-dd"
    book.save(tmp_path / "a.xlsx")
    (values,) = calculator.recalculate([tmp_path / "a.xlsx"])
    with values:
        yield values


def test_values_are_as_in_the_workbook_that_libreoffice_writes(formatted: Recalculated) -> None:
    assert isinstance(formatted, libreoffice._Values)
    blocks = {}
    for name in ("formats", "a & b é", "empty", "hidden", "chart_1"):
        rows, cols = SHAPE[2:]
        blocks[name] = [
            [formatted.glance(name, r, c) for c in range(1, cols + 1)] for r in range(1, rows + 1)
        ]
        assert formatted.numbers(name, *SHAPE).shape == (rows, cols)
    assert formatted._exact is None  # all that without another start
    exact = formatted._again()
    for name, block in blocks.items():
        expected = exact.block(name, *SHAPE)
        assert_alike(block, expected)
    assert formatted.block("a & b é", 3, 3, 1, 1) == [[0.142857142857143]]


def test_dates_are_read_from_a_workbook(formatted: Recalculated) -> None:
    assert formatted.block("dates", 1, 1, 1, 2) == [[43890.0, pytest.approx(1 / 3)]]
    assert formatted.numbers("dates", 1, 1, 1, 2).tolist() == [[43890.0, pytest.approx(1 / 3)]]
    assert formatted.glance("dates", 1, 1) == 43890.0


def test_an_error_and_a_text_that_reads_like_it(calculator: LibreOffice, tmp_path: Path) -> None:
    data = (
        '<row r="1"><c r="A1"><f>1/0</f><v>1</v></c><c r="B1" t="str"><f>"#DIV/0!"</f><v/></c>'
        '<c r="C1"><f>2+2</f><v>1</v></c></row>'
    )
    (values,) = calculator.recalculate([rawbook.book(tmp_path / "a.xlsx", {"out_1": data})])
    with values:
        assert isinstance(values, libreoffice._Values)
        assert values.glance("out_1", 1, 1) == values.glance("out_1", 1, 2) == CellError("#DIV/0!")
        assert [math.isnan(v) for v in values.numbers("out_1", 1, 1, 1, 2)[0]] == [True, True]
        assert values.block("out_1", 1, 3, 1, 1) == [[4.0]]
        assert values._exact is None
        assert values.block("out_1", 1, 1, 1, 2) == [[CellError("#DIV/0!"), "#DIV/0!"]]


def test_every_sheet_of_a_workbook(calculator: LibreOffice, digits_workbook: Path) -> None:
    (values,) = calculator.recalculate([digits_workbook])
    with values, open_workbook(digits_workbook) as book:
        assert isinstance(values, libreoffice._Values)
        for name in book.sheet_names:
            assert values._table(name) is not None
            assert_alike(values.block(name, 1, 1, 60, 20), values._again().block(name, 1, 1, 60, 20))


@pytest.mark.parametrize("kept", [True, False], ids=["kept open", "started anew"])
@pytest.mark.parametrize("language", ["de_DE.UTF-8", "C", "fa_IR"])
def test_the_language_of_the_machine_makes_no_difference(
    language: str, kept: bool, calculator: LibreOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LC_ALL", "LANG", "LANGUAGE"):
        monkeypatch.setenv(variable, language)
    monkeypatch.setattr(libreoffice, "_profile", lambda _: profile)
    keeper = libreoffice._keeper_with.__wrapped__  # one of its own, which has this language
    monkeypatch.setattr(libreoffice, "_keeper_with", keeper if kept else lambda *_: None)
    profile = libreoffice._Profile(None)
    data = '<row r="1"><c r="A1"><f>1/8</f></c><c r="B1"><f>1/0</f></c><c r="C1"><f>1=1</f></c></row>'
    (values,) = calculator.recalculate([rawbook.book(tmp_path / "a.xlsx", {"out_1": data})])
    with values:
        assert isinstance(values, libreoffice._Values)
        assert [values.glance("out_1", 1, c) for c in (1, 2, 3)] == [0.125, CellError("#DIV/0!"), True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_CSV", "csv:Text - txt - csv (StarCalc):44,34,76"),  # as before 7.2: the first sheet alone
        ("_CSV", "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,true,true,false,false,false,-1"),
        ("_MOST_CSV", (0, 10)),
    ],
)
def test_where_values_do_not_do_a_workbook_is_written(
    name: str, value: object, calculator: LibreOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, name, value)
    sheets = {"one": '<row r="1"><c r="A1"><f>6*7</f><v>1</v></c></row>', "two": ""}
    paths = [rawbook.book(tmp_path / f"{n}.xlsx", sheets) for n in range(2)]
    results = calculator.recalculate(paths)
    for result in results:
        with result:
            assert isinstance(result, ReadBack)
            assert result.block("one", 1, 1, 1, 1) == [[42.0]]


def test_progress(calculator: LibreOffice, digits_workbook: Path) -> None:
    told: list[tuple[str, int, int]] = []
    (values,) = calculator.recalculate([digits_workbook], lambda *stage: told.append(stage))
    values.close()
    assert told
    assert all(stage.startswith("LibreOffice ") and 0 <= done <= total for stage, done, total in told)
