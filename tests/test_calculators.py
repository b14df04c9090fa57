"""Each calculator gets workbooks whose cached values are wrong, and must come back with the right ones."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import rawbook
from requirements import require

from sheetcnn import calculators
from sheetcnn.calculators import Calculator, CellValues, Recalculated, office
from sheetcnn.calculators.base import Input
from sheetcnn.calculators.gnumeric import Gnumeric
from sheetcnn.calculators.libreoffice import LibreOffice
from sheetcnn.calculators.process import Program
from sheetcnn.errors import CalculatorError, WorkbookError
from sheetcnn.xlsx.read import CellError, Value

INPUT = (  # a 3x3 map inside a margin of blank cells, as sheetcnn places it: B2:D4
    '<row r="2"><c r="B2"><v>1</v></c><c r="C2"><v>-2</v></c><c r="D2"><v>3</v></c></row>'
    '<row r="3"><c r="B3"><v>4</v></c><c r="C3"><v>5.5</v></c><c r="D3"><v>-6</v></c></row>'
    '<row r="4"><c r="B4"><v>7</v></c><c r="C4"><v>8</v></c><c r="D4"><v>0.25</v></c></row>'
)
KERNEL = (
    '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>0.5</v></c><c r="C1"><v>-1</v></c></row>'
    '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><v>-0.5</v></c><c r="C2"><v>0</v></c></row>'
    '<row r="3"><c r="A3"><v>0.125</v></c><c r="B3"><v>3</v></c><c r="C3"><v>1</v></c></row>'
    '<row r="5"><c r="A5"><v>-1.5</v></c></row>'
)
PIXELS = [[1.0, -2.0, 3.0], [4.0, 5.5, -6.0], [7.0, 8.0, 0.25]]
WEIGHTS = [[1.0, 0.5, -1.0], [2.0, -0.5, 0.0], [0.125, 3.0, 1.0]]
BIAS = -1.5


def convolved() -> list[list[float]]:
    """ReLU of the convolution with 'same' padding, by the definition."""

    def pixel(y: int, x: int) -> float:
        return sum(
            PIXELS[y + i - 1][x + j - 1] * WEIGHTS[i][j]
            for i in range(3)
            for j in range(3)
            if 0 <= y + i - 1 < 3 and 0 <= x + j - 1 < 3
        )

    return [[max(0.0, pixel(y, x) + BIAS) for x in range(3)] for y in range(3)]


def shared_convolution() -> str:
    """One shared formula per column, all cached values wrong."""
    window = {"B": "A1:C3", "C": "B1:D3", "D": "C1:E3"}
    rows = []
    for row in (2, 3, 4):
        cells = []
        for index, column in enumerate("BCD"):
            text = f"MAX(0,SUMPRODUCT(input_f1!{window[column]},conv1_w!$A$1:$C$3)+conv1_w!$A$5)"
            formula = (
                f'<f t="shared" ref="{column}2:{column}4" si="{index}">{text}</f>'
                if row == 2
                else f'<f t="shared" si="{index}"/>'
            )
            cells.append(f'<c r="{column}{row}">{formula}<v>-777</v></c>')
        rows.append(f'<row r="{row}">{"".join(cells)}</row>')
    return "".join(rows)


def column(*cells: str) -> str:
    """Cells one below the other, each given as `type|formula|wrong value`."""
    rows = []
    for number, cell in enumerate(cells, 1):
        kind, formula, wrong = cell.split("|")
        rows.append(f'<row r="{number}"><c r="A{number}" t="{kind}"><f>{formula}</f><v>{wrong}</v></c></row>')
    return "".join(rows)


LABELS = (
    "".join(
        f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{text}</t></is></c>'
        f'<c r="B{row}"><v>{number}</v></c></row>'
        for row, (text, number) in enumerate([("cat", 0.1), ("dog &amp; owl", 0.7), ("#DIV/0!", 0.2)], 1)
    )
    + '<row r="5"><c r="A5" t="s"><v>0</v></c><c r="B5" t="s"><v>1</v></c><c r="C5" t="b"><v>1</v></c></row>'
)
STRINGS = "<si><t>fox</t></si><si><r><t>rich</t></r><r><t>text</t></r></si>"


@pytest.fixture(params=[*calculators.NAMES, "libreoffice, started anew"])
def calculator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Calculator:
    """Each calculator that is installed here; LibreOffice as it is kept open, and as it is without UNO."""
    name, _, anew = request.param.partition(",")
    found = {one.name: one for one in calculators.installed(timeout=120)}
    require(name, name in found)
    if anew:
        monkeypatch.setenv(office.VARIABLE, "none")
    return found[name]


def recalculated(calculator: Calculator, path: Path, sheet: str, *rectangle: int) -> CellValues:
    """A rectangle of one workbook's sheet."""
    (result,) = calculator.recalculate([path])
    with result:
        row, col, height, width = rectangle
        return result.block(sheet, row, col, height, width)


def test_shared_formulas_over_blank_margins(calculator: Calculator, tmp_path: Path) -> None:
    sheets = {"input_f1": INPUT, "conv1_w": KERNEL, "conv1_f01": shared_convolution()}
    block = recalculated(calculator, rawbook.book(tmp_path / "a.xlsx", sheets), "conv1_f01", 1, 1, 5, 5)
    blank = [None] * 5
    # Exactly: all the numbers are short in binary and in decimal.
    assert block == [blank, *([None, *row, None] for row in convolved()), blank]


WRONG_CACHES: dict[str, Value] = {  # type|formula|wrong value: right value
    "n|A2|-1": 5.5,  # needs a formula further down
    "n|MAX(input_f1!A1:C3)|-1": 5.5,
    "n|MIN(input_f1!C3:F6)|-1": -6.0,
    "n|AVERAGE(input_f1!A1:C3)|-1": 8.5 / 4,
    "n|SUM(input_f1!A1:E5)|-1": 20.75,
    "n|COUNT(input_f1!A1:E5)|-1": 9.0,
    "n|SUMSQ(input_f1!B2:C2)|-1": 5.0,
    "n|MAX(input_f1!A1:A9)|-1": 0.0,
    "n|EXP(0)+LN(1)+SQRT(4)+TANH(0)+ABS(-3)+SIGN(-2)|-1": 5.0,
    "n|ERF(0.5)|-1": 0.5204998778130465,
    "n|LARGE(input_f1!B2:D4,2)|-1": 7.0,
    "n|CHOOSE(2,10,20)|-1": 20.0,
    "n|INDEX(input_f1!B2:D4,2,3)|-1": -6.0,
    "n|labels!B2*2|-1": 1.4,
    "str|INDEX(labels!A1:A3,MATCH(MAX(labels!B1:B3),labels!B1:B3,0))|wrong": "dog & owl",
    "str|INDEX(labels!A5:B5,1,2)|wrong": "richtext",
    'str|labels!A1&amp;"!"|wrong': "cat!",
    'str|TEXT(0.456,"0.0")|wrong': "0.5",
    'str|IF(ISBLANK(labels!Z9),"blank","full")|full': "blank",
    'str|IF(1=1,"","wrong")|wrong': "",
    "str|labels!A3|wrong": "#DIV/0!",  # a text that reads like an error
    "b|AND(1=1,labels!C5)|0": True,
    "b|1&gt;2|1": False,
    "n|1/0|3": CellError("#DIV/0!"),
    "n|AVERAGE(input_f1!A1:A9)|3": CellError("#DIV/0!"),
    'n|MATCH("emu",labels!A1:A3,0)|3': CellError("#N/A"),
    'n|"cat"*2|3': CellError("#VALUE!"),
    "e|1+1|#N/A": 2.0,
    "str|1+1|two": 2.0,
    'n|"two"|2': "two",
}


def test_wrong_caches_of_every_type(calculator: Calculator, tmp_path: Path) -> None:
    sheets = {"out_1": column(*WRONG_CACHES), "input_f1": INPUT, "labels": LABELS}
    path = rawbook.book(tmp_path / "a.xlsx", sheets, strings=STRINGS)
    block = recalculated(calculator, path, "out_1", 1, 1, len(WRONG_CACHES), 1)
    found = {cell: value for cell, (value,) in zip(WRONG_CACHES, block, strict=True)}
    # 1e-10: ERF is a polynomial of that quality in IronCalc.
    expected = {
        cell: pytest.approx(value, rel=1e-10) if isinstance(value, float) else value
        for cell, value in WRONG_CACHES.items()
    }
    assert found == expected
    kinds = {cell: type(value) for cell, value in found.items()}
    assert kinds == {cell: type(value) for cell, value in WRONG_CACHES.items()}  # True is not 1


def test_a_formula_without_a_cached_value(calculator: Calculator, tmp_path: Path) -> None:
    data = '<row r="1"><c r="A1"><f>2*3</f></c><c r="B1" s="0"/></row>'
    path = rawbook.book(tmp_path / "a.xlsx", {"out_1": data})
    assert recalculated(calculator, path, "out_1", 1, 1, 2, 2) == [[6.0, None], [None, None]]


def test_cells_that_are_not_formulas(calculator: Calculator, tmp_path: Path) -> None:
    path = rawbook.book(tmp_path / "a.xlsx", {"labels": LABELS}, strings=STRINGS)
    assert recalculated(calculator, path, "labels", 1, 1, 5, 3) == [
        ["cat", 0.1, None],
        ["dog & owl", 0.7, None],
        ["#DIV/0!", 0.2, None],
        [None, None, None],
        ["fox", "richtext", True],
    ]


def test_a_long_chain(calculator: Calculator, tmp_path: Path) -> None:
    """Each cell needs the one below it: a calculator that recurses must not run out of stack."""
    length = 20_000
    rows = [f'<row r="{row}"><c r="A{row}"><f>A{row + 1}+1</f><v>0</v></c></row>' for row in range(1, length)]
    data = "".join(rows) + f'<row r="{length}"><c r="A{length}"><v>1</v></c></row>'
    path = rawbook.book(tmp_path / "a.xlsx", {"out_1": data})
    assert recalculated(calculator, path, "out_1", 1, 1, 2, 1) == [[length], [length - 1]]


def test_many_files_of_the_same_name(calculator: Calculator, tmp_path: Path) -> None:
    paths = []
    for number, folder in enumerate(("a", "b", "c d #1%20 é")):
        (tmp_path / folder).mkdir()
        data = column(f"n|{number}*10|-1")
        paths.append(rawbook.book(tmp_path / folder / "model.v1.xlsx", {"out_1": data}))
    before = [path.read_bytes() for path in paths]
    results = calculator.recalculate(paths)
    assert [result.block("out_1", 1, 1, 1, 1) for result in results] == [[[0.0]], [[10.0]], [[20.0]]]
    for result in results:
        result.close()
    assert [path.read_bytes() for path in paths] == before
    assert [list(path.parent.iterdir()) for path in paths] == [[path] for path in paths]


def test_no_files(calculator: Calculator) -> None:
    assert calculator.recalculate([]) == []


def test_relative_paths(calculator: Calculator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rawbook.book(tmp_path / "a.xlsx", {"out_1": column("n|6*7|-1")})
    monkeypatch.chdir(tmp_path)
    assert recalculated(calculator, Path("a.xlsx"), "out_1", 1, 1, 1, 1) == [[42.0]]


def test_a_missing_sheet_and_a_closed_result(calculator: Calculator, tmp_path: Path) -> None:
    (result,) = calculator.recalculate([rawbook.book(tmp_path / "a.xlsx", {"out_1": column("n|1|2")})])
    with result, pytest.raises(WorkbookError, match='sheet "conv1_f01"'):
        result.block("conv1_f01", 1, 1, 1, 1)
    result.close()
    with pytest.raises(CalculatorError, match=r"a\.xlsx: the recalculated workbook was closed"):
        result.block("out_1", 1, 1, 1, 1)


def test_a_file_that_is_not_a_workbook(calculator: Calculator, tmp_path: Path) -> None:
    good = rawbook.book(tmp_path / "good.xlsx", {"out_1": ""})
    bad = tmp_path / "bad.xlsx"
    bad.write_text("not a workbook")
    with pytest.raises(WorkbookError, match=r"bad\.xlsx"):
        calculator.recalculate([good, bad])


def test_versions(calculator: Calculator) -> None:
    assert calculator.version()[0].isdigit()
    assert calculators.get(calculator.name).version() == calculator.version()


def test_temporary_files_go(calculator: Calculator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = rawbook.book(tmp_path / "a.xlsx", {"out_1": column("n|1|2")})
    calculator.recalculate([path])[0].close()  # a profile is made once in a process
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    (result,) = calculator.recalculate([path])
    result.close()
    assert not list(scratch.iterdir())


def test_what_ironcalc_cannot_load(tmp_path: Path) -> None:
    styles = f'<styleSheet xmlns="{rawbook.MAIN}"/>'
    path = rawbook.book(tmp_path / "a.xlsx", {"out_1": ""}, replaced={"xl/styles.xml": styles})
    with pytest.raises(CalculatorError, match=r"a\.xlsx: IronCalc did not recalculate .*another calculator"):
        calculators.get("ironcalc").recalculate([path])


# Choosing a calculator.


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("libre-office", 'did you mean "libreoffice"'),
        ("IronCalc", 'did you mean "ironcalc"'),
        ("gnumerics", 'did you mean "gnumeric"'),
        ("1-2-3", "there are ironcalc, libreoffice, gnumeric"),
    ],
)
def test_an_unknown_engine(name: str, hint: str) -> None:
    with pytest.raises(CalculatorError, match=f'there is no calculator "{name}"; {hint}'):
        calculators.get(name)


@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
def test_a_calculator_that_is_not_installed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = f"SHEETCNN_{name.upper()}"
    monkeypatch.setenv(variable, "/nowhere/at all")
    with pytest.raises(CalculatorError, match=f'{variable} says "/nowhere/at all", which is not a program'):
        calculators.get(name)
    assert name not in [one.name for one in calculators.installed()]


@pytest.mark.parametrize("calculator", [LibreOffice, Gnumeric])
def test_how_a_calculator_is_installed(calculator: type[Program], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(calculator.variable, raising=False)
    monkeypatch.setattr(calculator, "places", lambda _: [Path("/nowhere/at all")])
    with pytest.raises(
        CalculatorError, match=f"not installed here; install .*, or set {calculator.variable}"
    ):
        calculators.get(calculator.name)


# Programs that misbehave. Shell scripts play them.

pretended = pytest.mark.skipif(sys.platform == "win32", reason="the pretended programs are shell scripts")


def pretend(monkeypatch: pytest.MonkeyPatch, path: Path, name: str, script: str) -> Path:
    """Puts a shell script in the place of a calculator, and writes a workbook to give it."""
    program = path / name
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(f"SHEETCNN_{name.upper()}", str(program))
    return rawbook.book(path / "a.xlsx", {"out_1": column("n|1+1|7")})


def gone(pid: int) -> bool:
    """Whether a process ended (it may still wait for its parent to notice)."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


@pretended
@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
def test_a_program_that_takes_too_long(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "pids"
    path = pretend(monkeypatch, tmp_path, name, f"sleep 600 &\necho $! $$ > '{pids}'\nwait\n")
    started = time.monotonic()
    with pytest.raises(CalculatorError, match="was stopped after 1 seconds; allow more time"):
        calculators.get(name, timeout=1).recalculate([path])
    assert time.monotonic() - started < 30
    assert all(gone(int(pid)) for pid in pids.read_text().split())


@pretended
@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
def test_a_program_that_crashes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pretend(monkeypatch, tmp_path, name, "echo it hurts here >&2\nexit 77\n")
    with pytest.raises(CalculatorError, match=r"(?s)wrote nothing, exit status 77.*it hurts here"):
        calculators.get(name).recalculate([path])
    with pytest.raises(CalculatorError, match=r"(?s)does not tell its version.*it hurts here"):
        calculators.get(name).version()


@pretended
@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
@pytest.mark.parametrize("script", ["kill -KILL $$\n", "exit 137\n"])  # a wrapper tells it as a status
def test_a_program_that_is_killed(
    name: str, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pretend(monkeypatch, tmp_path, name, script)
    message = r"xlsx: \w+ was killed \(signal 9\) .*unpacks to 0 MB; .*want of memory: close other programs"
    with pytest.raises(CalculatorError, match=message):
        calculators.get(name).recalculate([path])


@pretended
def test_a_program_that_cannot_load_a_large_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sheetcnn.calculators.process._LARGE", 100)
    path = pretend(monkeypatch, tmp_path, "gnumeric", "exit 0\n")
    monkeypatch.setattr(Gnumeric, "_proven", True, raising=False)
    with pytest.raises(
        CalculatorError, match=r"wrote nothing, exit status 0; it unpacks to 0 MB and may need"
    ):
        calculators.get("gnumeric").recalculate([path])


def test_a_large_workbook_may_take_longer() -> None:
    sizes = [Input(Path("a.xlsx"), (), size) for size in (0, 2**30, 3 * 2**30)]
    assert LibreOffice(timeout=10).allowed(sizes[:1]) == 10
    assert LibreOffice(timeout=10).allowed(sizes) == 70


def test_numbers_of_a_block(calculator: Calculator, tmp_path: Path) -> None:
    """What is no number is NaN: a text, True, an error, a blank cell."""
    data = column("n|6*7|-1", 'str|"7"|x', "b|1=1|0", "n|1/0|3", "n|-0.5|1") + (
        '<row r="9"><c r="B9"><v>2</v></c></row>'
    )
    (result,) = calculator.recalculate([rawbook.book(tmp_path / "a.xlsx", {"out_1": data})])
    nan = float("nan")
    with result:
        found = result.numbers("out_1", 1, 1, 9, 2)
        by_cell = Recalculated.numbers(result, "out_1", 1, 1, 9, 2)
        glances = [result.glance("out_1", row, 1) for row in range(1, 7)]
    expected = [[42, nan], *[[nan, nan]] * 3, [-0.5, nan], *[[nan, nan]] * 3, [nan, 2]]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(by_cell, expected)
    assert found.dtype == by_cell.dtype == np.float64
    assert glances == [42.0, "7", True, CellError("#DIV/0!"), -0.5, None]


COPIES = {
    "libreoffice": 'while [ "$1" != --outdir ]; do shift; done\nout=$2\nshift 2\n{}\ncp "$@" "$out"\n',
    "gnumeric": '{}\ncp "$3" "$4"\n',
}


@pretended
@pytest.mark.parametrize("name", COPIES)
def test_a_program_that_trusts_the_cache(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pretend(monkeypatch, tmp_path, name, COPIES[name].format(":"))
    with pytest.raises(CalculatorError, match=r"does not recalculate: .* 42 still shows 13\.0"):
        calculators.get(name).recalculate([path])


@pretended
def test_a_program_that_gives_up_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pretend(
        monkeypatch, tmp_path, "libreoffice", COPIES["libreoffice"].format("set -- $1; echo oh >&2")
    )
    with pytest.raises(CalculatorError, match=r"(?s)a\.xlsx: LibreOffice did not .* wrote nothing.*oh"):
        calculators.get("libreoffice").recalculate([path])


@pretended
def test_a_program_that_writes_nonsense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pretend(monkeypatch, tmp_path, "gnumeric", 'echo nonsense > "$4"\n')
    with pytest.raises(CalculatorError, match=r"(?s)what it wrote cannot be read: .* is not an \.xlsx file"):
        calculators.get("gnumeric").recalculate([path])


@pretended
def test_a_program_that_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pretend(monkeypatch, tmp_path, "gnumeric", "")
    (tmp_path / "gnumeric").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(CalculatorError, match="Gnumeric cannot be started"):
        calculators.get("gnumeric").recalculate([path])
