"""Tables: the quick reader, the parser for any XML and the reader of single cells agree on every file."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rawbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requirements import require

from sheetcnn import calculators
from sheetcnn.calculators.process import Program
from sheetcnn.errors import WorkbookError
from sheetcnn.xlsx.parse import parse_table
from sheetcnn.xlsx.quick import read_table
from sheetcnn.xlsx.read import CellError, CellTable, SheetCells, Workbook, open_workbook

NAME = "map_1"


def cells_of(table: CellTable) -> SheetCells:
    """The same cells one by one, without the texts of formulas."""
    rows = table._rows
    places = [(row, int(col)) for row, cells in rows.items() for col in cells.columns]
    places += list(table.others)
    values = {place: value for place in places if (value := table.value(*place)) is not None}
    formulas = {place: "" for place in places if table.formulas(*place, 1, 1)[0, 0]}
    return SheetCells(table.name, values, formulas)


def both(workbook: Workbook, name: str) -> tuple[CellTable | None, CellTable]:
    """What the quick parser and the other one make of a sheet."""
    source = (workbook._package, workbook._part(name), name, workbook._shared_strings)
    return read_table(*source), parse_table(*source)


def assert_alike(workbook: Workbook, name: str, *, quick: bool | None = None) -> CellTable:
    """All three agree; `quick` says whether the quick parser must read the sheet."""
    fast, slow = both(workbook, name)
    expected = workbook.sheet(name)
    assert (fast is not None) == (quick if quick is not None else fast is not None)
    for table in (slow,) if fast is None else (slow, fast):
        found = cells_of(table)
        assert found.values == expected.values
        assert {p: type(v) for p, v in found.values.items()} == {
            p: type(v) for p, v in expected.values.items()
        }
        assert found.formulas.keys() == expected.formulas.keys()
    return slow


# What the programs write.


def test_the_sheets_that_sheetcnn_writes_are_read_quickly(digits_workbook: Path) -> None:
    with open_workbook(digits_workbook) as workbook:
        for name in workbook.sheet_names:
            assert_alike(workbook, name, quick=True)


def by_libreoffice(path: Path, folder: Path) -> Path:
    require("libreoffice", any(c.name == "libreoffice" for c in calculators.installed()))
    calculator = calculators.get("libreoffice")
    assert isinstance(calculator, Program)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [calculator.program(), profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run([*command, "--outdir", folder / "out", path], check=True, capture_output=True, timeout=120)
    return folder / "out" / path.name


def by_gnumeric(path: Path, folder: Path) -> Path:
    require("gnumeric", any(c.name == "gnumeric" for c in calculators.installed()))
    calculator = calculators.get("gnumeric")
    assert isinstance(calculator, Program)
    saved = folder / "saved.xlsx"
    subprocess.run([calculator.program(), path, saved], check=True, capture_output=True, timeout=120)
    return saved


@pytest.mark.parametrize(("save", "quick"), [(by_libreoffice, True), (by_gnumeric, False)])
def test_weights_saved_by_another_program_read_the_same(
    save: Callable[[Path, Path], Path], quick: bool, digits_workbook: Path, tmp_path: Path
) -> None:
    with (
        open_workbook(digits_workbook) as before,
        open_workbook(save(digits_workbook, tmp_path)) as after,
    ):
        for name in before.sheet_names:
            table = assert_alike(after, name, quick=quick)
            found, expected = cells_of(table), before.sheet(name)
            assert found.formulas.keys() == expected.formulas.keys()
            for place, value in expected.values.items():
                if value == "":  # LibreOffice drops an empty text
                    continue
                # LibreOffice saves 15 digits.
                shown = pytest.approx(value, rel=1e-14) if isinstance(value, float) else value
                assert found.values[place] == shown


# Odd but valid.


def texts(value: str) -> str:
    return f"<is><t>{value}</t></is>"


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["0", "-0", "007", "1.", ".5", "+3", " 4\n", "1E400", "1e5", "1E-05", "nan", "inf", ""]),
)
TEXTS = st.sampled_from(
    ["cat", "a &amp; b", "&#233;", "é", "", " x ", "_x000D_", "#N/A", "<![CDATA[<c>]]>", "&lt;/row&gt;", "1"]
)
FORMULAS = st.sampled_from(
    [
        "",
        "<f>A1</f>",
        '<f t="shared" si="0"/>',
        '<f t="shared" ref="A1:A9" si="0">IF(A1&lt;2,"&amp;",1)</f>',
        "<f/>",
        "<!-- no formula -->",
        '<f ca="1" >B2</f >',
    ]
)
KINDS = st.sampled_from(
    ["", "", "", ' t="n"', ' t="str"', ' t="b"', ' t="e"', ' t="s"', ' t="inlineStr"', " "]
)
STYLES = st.sampled_from(["", ' s="3"', " s='3'", ' s="3" cm="1"'])


@st.composite
def cell(draw: st.DrawFn, row: int, column: int) -> str:
    letter = "ABCDEFGHIJ"[column - 1]
    place = draw(st.sampled_from([f' r="{letter}{row}"'] * 9 + [""]))
    kind, style, formula = draw(KINDS), draw(STYLES), draw(FORMULAS)
    attributes = place + (kind + style if draw(st.booleans()) else style + kind)
    if "inlineStr" in kind:
        return f"<c{attributes}>{formula}{texts(draw(TEXTS))}</c>"
    if "str" in kind:
        value = draw(TEXTS)
    elif '"b"' in kind or '"s"' in kind:
        value = draw(st.sampled_from(["0", "1"]))
    else:
        value = "#DIV/0!" if '"e"' in kind else draw(NUMBERS)
    shown = draw(st.sampled_from([f"<v>{value}</v>"] * 6 + ["", "<v/>", f"<v >{value}</v>"]))
    if not formula and not shown and draw(st.booleans()):
        return f"<c{attributes}/>"
    return f"<c{attributes}>{formula}{shown}</c>"


@st.composite
def sheet(draw: st.DrawFn) -> str:
    rows = []
    in_order = draw(st.integers(0, 4)) > 0
    numbers = draw(st.lists(st.integers(1, 12), max_size=5, unique=in_order))
    likeness = draw(st.none() | st.lists(st.integers(1, 10), unique=True).map(sorted))
    for number in sorted(numbers) if in_order else numbers:
        attributes = draw(st.sampled_from(["", ' spans="1:3"', ' ht="18" customHeight="1"', " ht='1'"]))
        if likeness is not None:  # rows of numbers, alike
            inside = "".join(
                f'<c r="{"ABCDEFGHIJ"[c - 1]}{number}" s="{number}"><v>{draw(NUMBERS)}</v></c>'
                for c in likeness
            )
        else:
            columns = draw(st.lists(st.integers(1, 10), max_size=5))
            columns = columns if draw(st.integers(0, 4)) == 0 else sorted(set(columns))
            inside = "".join(draw(cell(number, column)) for column in columns)
        space = draw(st.sampled_from([""] * 9 + ["\n ", "<!-- x -->"]))
        if not inside and draw(st.booleans()):
            rows.append(f'<row r="{number}"{attributes}/>')
        else:
            rows.append(f'{space}<row r="{number}"{attributes}>{space}{inside}</row>')
    return "".join(rows)


WRAPS = [
    rawbook.worksheet("{}"),
    f'<worksheet xmlns="{rawbook.MAIN}"><!-- > --><sheetData>{{}}</sheetData></worksheet>',
    f'<worksheet xmlns="{rawbook.MAIN}"><sheetData >{{}}</sheetData></worksheet>',
    f'<worksheet xmlns="{rawbook.MAIN}"><dimension ref="A1:B2"/><sheetData>{{}}</sheetData>'
    '<mergeCells><mergeCell ref="A1:B1"/></mergeCells></worksheet>',
]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=sheet(), wrap=st.sampled_from(WRAPS))
def test_the_readers_agree_on_odd_sheets(tmp_path: Path, data: str, wrap: str) -> None:
    replaced = {"xl/worksheets/sheet1.xml": wrap.replace("{}", data)}
    strings = "<si><t>first</t></si><si><t>second</t></si>"
    path = rawbook.book(tmp_path / "a.xlsx", {NAME: ""}, strings=strings, replaced=replaced)
    with open_workbook(path) as workbook:
        try:
            expected = workbook.sheet(NAME)
        except WorkbookError as error:
            refusal = str(error)
        else:
            # NaN is not equal to itself; it has a test below.
            if not any(isinstance(v, float) and math.isnan(v) for v in expected.values.values()):
                assert_alike(workbook, NAME)
            return
        # What one refuses, the other refuses in the same words, and the quick one leaves it to them.
        source = (workbook._package, workbook._part(NAME), NAME, workbook._shared_strings)
        with pytest.raises(WorkbookError) as other:
            parse_table(*source)
        assert str(other.value) == refusal
        assert read_table(*source) is None


@pytest.mark.parametrize(
    ("data", "quick"),
    [
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>', True),
        ('<row r="1" spans="1:1"/><row r="7"><c r="A7" t="n"><v>1</v></c></row><row r="9"/>', True),
        ('<row r="1"><c r="A1" s="1"/><c r="B1"><f>A1</f></c><c r="C1"><f>A1</f><v>1</v></c></row>', True),
        ('<row r="1"><c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B1" t="b"><v>1</v></c></row>', True),
        ('<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>', False),
        ('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>', False),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', False),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1"><f>2</f></c></row>', False),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1" t="str"><v>x</v></c></row>', False),
        ('<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>', False),
        ('<row r="1"><c r="A1"><v>01</v></c></row>', False),
        ('<row><c><v>1</v></c></row>', False),
        ('<row r="1"><c r="A1"><v>nan</v></c></row>', False),
    ],
)  # fmt: skip
def test_what_is_read_quickly(tmp_path: Path, data: str, quick: bool) -> None:
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {NAME: data})) as workbook:
        fast, slow = both(workbook, NAME)
        assert (fast is not None) == quick
        if "nan" in data:
            assert math.isnan(slow.value(1, 1))  # type: ignore[arg-type]
            assert slow.others
        else:
            assert_alike(workbook, NAME, quick=quick)


def test_a_row_that_only_seems_like_the_one_before(tmp_path: Path) -> None:
    """A row's own number also stands in a style, a formula and a value: only places move with it."""
    rows = [
        f'<row r="{n}"><c r="A{n}" s="1"><v>{n}</v></c><c r="B{n}" s="{s}"><f>A1</f><v>{v}</v></c></row>'
        for n, s, v in [(1, 1, 1), (2, 1, 1), (3, 3, 2), (4, 4, 4), (12, 4, "1E-3"), (13, 12, 1)]
    ]
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {NAME: "".join(rows)})) as workbook:
        table = assert_alike(workbook, NAME, quick=True)
    assert table.numbers(1, 1, 4, 2).tolist() == [[1, 1], [2, 1], [3, 2], [4, 4]]


@pytest.mark.parametrize(
    "wrong",
    ["<v>1,2</v>", "<v>null</v>", "<v>true</v>", '<v>"5"</v>', "<v>[1]</v>", "<v>1e999</v>", "<v>--1</v>"],
)
def test_a_value_that_is_no_number_is_never_taken_for_one(tmp_path: Path, wrong: str) -> None:
    """Both in a row by itself and in one that is like the row before."""
    row = '<row r="{0}"><c r="A{0}"><v>1</v></c><c r="B{0}">{1}</c></row>'
    for data in (row.format(1, wrong), row.format(1, "<v>1</v>") + row.format(2, wrong)):
        with open_workbook(rawbook.book(tmp_path / "a.xlsx", {NAME: data})) as workbook:
            assert read_table(workbook._package, workbook._part(NAME), NAME, list) is None
            if "e999" not in wrong:
                with pytest.raises(WorkbookError, match="is not a number"):
                    workbook.table(NAME)


# What a table answers.


def test_the_answers_of_a_table(tmp_path: Path) -> None:
    data = (
        '<row r="2"><c r="B2"><v>1.5</v></c><c r="D2"><f>B2</f><v>2</v></c>'
        '<c r="E2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        '<row r="4"><c r="C4" t="str"><v>cat</v></c><c r="XFD4"><v>9</v></c></row>'
    )
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {NAME: data})) as workbook:
        table = workbook.table(NAME)
    nan = math.nan
    np.testing.assert_array_equal(
        table.numbers(1, 2, 4, 4),
        [[nan, nan, nan, nan], [1.5, nan, 2, nan], [nan, nan, nan, nan], [nan, nan, nan, nan]],
    )
    assert np.argwhere(table.formulas(1, 1, 5, 6)).tolist() == [[1, 3], [1, 4]]
    assert table.block(2, 3, 3, 3) == [
        [None, 2.0, CellError("#DIV/0!")],
        [None, None, None],
        ["cat", None, None],
    ]
    assert (table.value(4, 16384), table.value(4, 16383), table.value(1_048_576, 1)) == (9.0, None, None)


def test_large_tables_are_not_kept_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sheetcnn.xlsx.table.KEPT_CELLS", 2)
    row = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
    path = rawbook.book(tmp_path / "a.xlsx", {"one": row, "two": row, "three": row})
    with open_workbook(path) as workbook:
        one = workbook.table("one")
        assert workbook.table("one") is one
        workbook.table("two")
        assert workbook.table("one") is one
        workbook.table("three")
        assert workbook.table("two") is not None
        assert workbook.table("one") is not one


def test_too_many_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("parse", "quick"):
        monkeypatch.setattr(f"sheetcnn.xlsx.{module}.MOST_OTHERS", 3)
    row = "".join(f'<c r="{c}1" t="b"><v>1</v></c>' for c in "ABCD")
    path = rawbook.book(tmp_path / "a.xlsx", {NAME: f'<row r="1">{row}</row>'})
    with open_workbook(path) as workbook, pytest.raises(WorkbookError, match="more than 3 cells that are no"):
        workbook.table(NAME)


def test_cells_far_out_take_no_room(tmp_path: Path) -> None:
    """A row of arrays from the first to the last cell would take 130 kB each."""
    rows = (f'<row r="{n}"><c r="A{n}"><v>1</v></c><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 5001))
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {NAME: "".join(rows)})) as workbook:
        fast, slow = both(workbook, NAME)
    assert fast is not None
    for table in (fast, slow):
        assert table.size == 10_000
        assert sum(len(cells.columns) for cells in table._rows.values()) == 10_000


GROWTH = """
import resource, sys
from pathlib import Path
from sheetcnn.xlsx.read import open_workbook
unit = 1 if sys.platform == "darwin" else 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
with open_workbook(Path(sys.argv[1])) as book:
    before = peak()
    table = book.table("weights")
    assert table.size == int(sys.argv[2])
    print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the greatest use of memory")
@pytest.mark.parametrize(("space", "rows"), [("", 4000), ("\n", 800)])  # read quickly, and parsed
def test_numbers_take_little_memory(tmp_path: Path, space: str, rows: int) -> None:
    letters = [chr(65 + a) + chr(65 + b) for a in range(20) for b in range(25)]
    template = "".join(f'<c r="{c}@" s="1"><v>0.{n:03d}25</v></c>{space}' for n, c in enumerate(letters))
    data = (f'<row r="{n}">{template.replace("@", str(n))}</row>' for n in range(1, rows + 1))
    path = rawbook.book(tmp_path / "a.xlsx", {"weights": "".join(data)})
    command = [sys.executable, "-c", GROWTH, path, str(500 * rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    # 12 bytes a number and its column, and a few rows of XML; in dicts they took over 200 bytes each.
    assert int(done.stdout) < 500 * rows * 12 + 40e6


def test_a_sheet_that_is_cut_off(tmp_path: Path) -> None:
    """The quick parser leaves it to the other one, which says what is wrong."""
    content = '<row r="1"><c r="A1"><v>1</v></c></row>'
    cut = rawbook.worksheet(content).partition("</sheetData>")[0]
    path = rawbook.book(tmp_path / "a.xlsx", {NAME: ""}, replaced={"xl/worksheets/sheet1.xml": cut})
    with open_workbook(path) as workbook, pytest.raises(WorkbookError, match="XML is broken"):
        workbook.table(NAME)
