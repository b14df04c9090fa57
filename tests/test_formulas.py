"""Expression trees as text: what is rendered computes what the tree means, in real calculators."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import ironcalc
import pytest
import rawbook
from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter
from requirements import require

from sheetcnn import calculators
from sheetcnn.formulas.a1 import address, area, column_name
from sheetcnn.formulas.expr import (
    Binary,
    Call,
    Expr,
    Negate,
    Number,
    Ref,
    String,
    Sum,
    add,
    call,
    compare,
    dot,
)
from sheetcnn.formulas.render import number_text, render

# --- Trees and what they mean -------------------------------------------------------------------

# A2:C3 of the sheet of the formula, and of the other one.
CELLS = {
    "here": [[3.0, -2.0, 0.5], [-0.25, 4.0, 1.0]],
    "there": [[-1.5, 2.0, 7.0], [0.125, -3.0, 10.0]],
}
HERE, THERE = "here", "there"
TOP, LEFT = 2, 1


class UnusableError(Exception):
    """A tree that a program may answer with an error, or where the last digits of its parts decide."""


class Meaning:
    """What a tree means, in Python's own arithmetic; with numbers that are off by about `shake`."""

    def __init__(self, shake: float = 0.0) -> None:
        self.shake = shake
        self.seen = 0

    def _leaf(self, value: float) -> float:
        self.seen += 1
        return value * (1 + self.shake * (self.seen * 7 % 5 - 2))

    def _under(self, ref: Ref) -> list[float]:
        """The numbers under a reference, row by row."""
        rows = CELLS[ref.sheet or HERE][ref.row - TOP : ref.row - TOP + ref.height]
        return [self._leaf(v) for row in rows for v in row[ref.col - LEFT : ref.col - LEFT + ref.width]]

    def __call__(self, expr: Expr) -> float:
        if isinstance(expr, Number):
            return self._leaf(expr.value)
        if isinstance(expr, Ref):
            (value,) = self._under(expr)
            return value
        if isinstance(expr, Negate):
            return -self(expr.operand)
        if isinstance(expr, Sum):
            return sum(map(self, expr.terms))
        try:
            value = self._call(expr) if isinstance(expr, Call) else self._binary(expr)
        except OverflowError:
            raise UnusableError from None
        if not math.isfinite(value):
            raise UnusableError
        return value

    def _call(self, expr: Call) -> float:
        if expr.function == "SUMPRODUCT":
            left, right = (self._under(arg) for arg in expr.args if isinstance(arg, Ref))
            return sum(a * b for a, b in zip(left, right, strict=True))
        if expr.function == "IF":
            condition, yes, no = expr.args
            return self(yes) if self(condition) else self(no)
        parts = [self._under(arg) if isinstance(arg, Ref) else [self(arg)] for arg in expr.args]
        values = [value for part in parts for value in part]
        return float(FUNCTIONS[expr.function](values))

    def _binary(self, expr: Expr) -> float:
        assert isinstance(expr, Binary)
        left, right = self(expr.left), self(expr.right)
        if expr.op == "^":
            if self.shake and abs(right - round(right)) < 1e-9:
                right = round(right)
            # 0^0 and 0^-1 are errors, and so are roots of negative numbers.
            if abs(left) < 1e-9 or (left < 0 and right != int(right)) or abs(right) > 50:
                raise UnusableError
            return float(left**right)
        if expr.op == "/" and abs(right) < 1e-9:
            raise UnusableError
        return float(OPERATORS[expr.op](left, right))


FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "MAX": max,
    "MIN": min,
    "ABS": lambda v: abs(v[0]),
    "AVERAGE": lambda v: sum(v) / len(v),
    "SUMSQ": lambda v: sum(x * x for x in v),
    "EXP": lambda v: math.exp(v[0]),
    "TANH": lambda v: math.tanh(v[0]),
}
OPERATORS: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    ">": operator.gt,
    "<=": operator.le,
}


def meaning(expr: Expr) -> float:
    """What a tree means, where that does not hang on the last digits of its parts."""
    value, shaken = Meaning()(expr), Meaning(1e-13)(expr)
    if not _close(shaken, value):
        raise UnusableError
    return value


def _close(found: object, expected: float) -> bool:
    # Another order of the same operations, in trees where 1e-13 on each number changes no more than this.
    return isinstance(found, float | int) and abs(found - expected) <= 1e-9 * max(1.0, abs(expected))


numbers = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, 3.0, 10.0, 0.5, -1.0, -2.0, -0.5, 1e-5, -1e-5, 123456.789, 1e9]),
    # LibreOffice reads no subnormal number (it makes -2.23E-309 an error); no layer has such an option.
    st.floats(-100, 100).map(lambda v: float(f"{v:.3g}")).filter(lambda v: v == 0 or abs(v) > 1e-300),
)
sheets = st.sampled_from([None, HERE, THERE])


def _box(
    sheet: str | None, row: int, col: int, *, height: int = 1, width: int = 1, fixed: bool = False
) -> Ref:
    return Ref(sheet, TOP + row, LEFT + col, height, width, fixed=fixed)


cells = st.builds(_box, sheets, st.integers(0, 1), st.integers(0, 2), fixed=st.booleans())
boxes = st.one_of(
    st.builds(_box, sheets, st.just(0), st.integers(0, 1), height=st.just(2), width=st.just(2)),
    st.builds(_box, sheets, st.integers(0, 1), st.just(0), width=st.just(3), fixed=st.booleans()),
)
leaves = st.one_of(numbers.map(Number), cells)
conditions = st.builds(compare, st.sampled_from([">", "<="]), cells, st.sampled_from([0.0, 0.25, 5.0]))


def _bigger(part: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(st.one_of(part, boxes), min_size=1, max_size=3)
    return st.one_of(
        st.builds(Negate, part),
        st.builds(lambda op, a, b: Binary(op, a, b), st.sampled_from("-*/^"), part, part),
        st.lists(part, min_size=2, max_size=4).map(lambda terms: add(*terms)),
        st.builds(lambda name, args: call(name, *args), st.sampled_from(["MAX", "MIN", "SUM"]), several),
        st.builds(lambda name, box: call(name, box), st.sampled_from(["AVERAGE", "SUMSQ"]), boxes),
        st.builds(lambda name, a: call(name, a), st.sampled_from(["ABS", "TANH", "EXP"]), part),
        st.builds(lambda test, a, b: call("IF", test, a, b), conditions, part, part),
        st.builds(
            lambda a, b: dot(_box(a, 0, 0, height=2, width=3), _box(b, 0, 0, height=2, width=3)),
            *(sheets, sheets),
        ),
    )


trees = st.recursive(leaves, _bigger, max_leaves=8)

A, B = _box(None, 0, 0), _box(None, 0, 1)  # 3 and -2
TRAPS: list[tuple[Expr, str, float]] = [
    # A leading minus binds tighter than ^ in a spreadsheet: without parentheses these would be 9.
    (-(A**2), "-(A2^2)", -9.0),
    (Negate(Binary("^", B, Number(2))), "-(B2^2)", -4.0),
    ((-A) ** 2, "(-A2)^2", 9.0),
    (Number(-3) ** 2, "(-3)^2", 9.0),
    (A - (B - 1), "A2-(B2-1)", 6.0),
    (A - (B + 1), "A2-(B2+1)", 4.0),
    (A / (B * 2), "A2/(B2*2)", -0.75),
    (A / B * 2, "A2/B2*2", -3.0),
    ((A**2) ** 2, "A2^2^2", 81.0),  # ^ groups from the left
    (A ** (Number(2) ** 3), "A2^(2^3)", 6561.0),
    (A - Number(-1), "A2-(-1)", 4.0),
    (A + Number(-1), "A2+(-1)", 2.0),
    (A * Number(-1), "A2*(-1)", -3.0),
    (Number(-1) + A, "-1+A2", 2.0),
    (Negate(Negate(A)), "-(-A2)", 3.0),
    (-(A + B), "-(A2+B2)", -1.0),
    (-(A * B), "-A2*B2", 6.0),
    # IronCalc opens -(A2^2*B2) as -A2^2*B2.
    (-(A**2 * B), "0-A2^2*B2", 18.0),
    (-(A**2 / B * 2), "0-A2^2/B2*2", 9.0),
    (-(A**2 * B) + 1, "0-A2^2*B2+1", 19.0),
    (B - (-(A**2 * B)), "B2-(0-A2^2*B2)", -20.0),
    (Number(2) ** Negate(A), "2^(-A2)", 0.125),
    (call("MAX", 0, -A), "MAX(0,-A2)", 0.0),
    (compare(">", A + 1, B * 2), "A2+1>B2*2", 1.0),
    (A * 1e-5, "A2*1E-05", 3e-5),
]


class Sheet:
    """A workbook in IronCalc whose cell A1 is asked for the value of a formula."""

    def __init__(self) -> None:
        self.model = ironcalc.create("formulas", "en", "UTC", "en")
        self.model.rename_sheet(0, HERE)
        self.model.add_sheet(THERE)
        for sheet, name in enumerate((HERE, THERE)):
            for i, row in enumerate(CELLS[name]):
                for j, value in enumerate(row):
                    self.model.set_user_input(sheet, TOP + i, LEFT + j, repr(value))

    def __call__(self, text: str) -> Any:
        self.model.set_user_input(0, 1, 1, f"={text}")
        self.model.evaluate()
        return self.model.get_cell_value(0, 1, 1)


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return Sheet()


@pytest.mark.parametrize(("expr", "text", "value"), TRAPS, ids=[text for _, text, _ in TRAPS])
def test_where_parentheses_are_needed(expr: Expr, text: str, value: float, sheet: Sheet) -> None:
    assert render(expr, HERE).text() == text
    assert meaning(expr) == pytest.approx(value)
    assert _close(float(sheet(text)), value)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(trees)
def test_a_rendered_tree_computes_what_it_means(sheet: Sheet, expr: Expr) -> None:
    try:
        expected = meaning(expr)
    except UnusableError:
        reject()
    text = render(expr, HERE).text()
    assert _close(sheet(text), expected), text


def _some_trees(count: int) -> list[tuple[str, float]]:
    """Rendered trees with their meaning, the same ones every time."""
    found: dict[str, float] = {render(expr, HERE).text(): value for expr, _, value in TRAPS if value != 1.0}

    @settings(max_examples=4 * count, database=None, derandomize=True)
    @given(trees)
    def collect(expr: Expr) -> None:
        try:
            found[render(expr, HERE).text()] = meaning(expr)
        except UnusableError:
            return

    collect()
    return list(found.items())[:count]


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_every_engine_computes_what_trees_mean(calculator: str, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    chosen = _some_trees(150)
    assert len(chosen) == 150
    rows = {HERE: "", THERE: ""}
    for name, values in CELLS.items():
        for i, row in enumerate(values, TOP):
            cells = "".join(
                f'<c r="{get_column_letter(j)}{i}"><v>{v!r}</v></c>' for j, v in enumerate(row, LEFT)
            )
            rows[name] += f'<row r="{i}">{cells}</row>'
    for n, (text, _) in enumerate(chosen, 10):
        cell = f'<c r="A{n}"><f>{escape(text, quote=False)}</f><v>-777</v></c>'
        rows[HERE] += f'<row r="{n}">{cell}</row>'
    path = rawbook.book(tmp_path / "trees.xlsx", rows)
    (values,) = calculators.get(calculator).recalculate([path])
    with values:
        found = [row[0] for row in values.block(HERE, 10, 1, len(chosen), 1)]
    wrong = [
        (text, value, answer)
        for (text, value), answer in zip(chosen, found, strict=True)
        if not _close(answer, value)
    ]
    assert wrong == []


# --- Texts and numbers --------------------------------------------------------------------------

plain = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cc", "Cs"]))


@settings(max_examples=100)
@given(plain.filter(lambda text: len(text) < 40))
@example('say "yes"')
@example('"')
@example('""')
@example("a,b)&(c")
@example("")
def test_a_text_stays_what_it_is(sheet: Sheet, text: str) -> None:
    rendered = render(Binary("&", String(text), String("|")), HERE).text()
    assert sheet(rendered) == f"{text}|"


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e-5)
@example(1e22)
@example(-0.1)
@example(0.1 + 0.2)
def test_a_number_reads_back_exactly(value: float) -> None:
    text = number_text(value)
    assert float(text) == value
    assert re.fullmatch(r"-?\d+(\.\d+)?(E[+-]\d+)?", text)


@given(st.floats(1e-300, 1e300) | st.floats(-1e300, -1e-300))
@example(1e-05)
def test_a_calculator_reads_the_same_number(sheet: Sheet, value: float) -> None:
    # IronCalc keeps 15 digits of some constants.
    assert sheet(render(Number(value), HERE).text()) == pytest.approx(value, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (0.01, "0.01"), (1e-5, "1E-05"), (-2.5, "-2.5"), (1e16, "1E+16"), (0.0, "0")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number_text(value) == text


def test_only_portable_functions() -> None:
    with pytest.raises(ValueError, match="INDIRECT"):
        call("INDIRECT", Number(1))
    with pytest.raises(ValueError, match="&"):
        compare("&", 1, 2)


# --- References ---------------------------------------------------------------------------------


@given(st.integers(1, 18_278))
def test_column_names(col: int) -> None:
    assert column_name(col) == get_column_letter(col)


def test_columns_count_from_1() -> None:
    with pytest.raises(ValueError, match="0"):
        column_name(0)


def test_addresses() -> None:
    assert address(7, 3) == "C7"
    assert address(1_048_576, 16_384, fixed=True) == "$XFD$1048576"
    assert area(2, 2, 4, 3) == "B2:D5"
    assert area(2, 2, 4, 3, fixed=True) == "$B$2:$D$5"
    assert area(2, 27, 1, 1) == "AA2"
    assert area(2, 26, 1, 2) == "Z2:AA2"


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (Ref(None, 7, 3), "C7"),
        (Ref("here", 7, 3), "C7"),
        (Ref("conv1_f1", 7, 3), "conv1_f1!C7"),
        (Ref("conv1_f1", 6, 2, 3, 3), "conv1_f1!B6:D8"),
        (Ref("conv1_w", 6, 5, 3, 3, fixed=True), "conv1_w!$E$6:$G$8"),
        (Ref("conv1_w", 6, 3, row_i=1, fixed=True), "conv1_w!$C6"),
        (Ref("conv1_w", 6, 3, col_j=1, fixed=True), "conv1_w!C$6"),
        (Ref(None, 6, 3, 1, 4), "C6:F6"),
    ],
)
def test_references(ref: Ref, text: str) -> None:
    assert render(ref, HERE).text() == text


def _moved(text: str, down: int, right: int) -> str:
    """What a spreadsheet program makes of a formula that is copied that far; openpyxl's answer."""
    return Translator(f"={text}", origin="J40").translate_formula(
        dest=f"{get_column_letter(10 + right)}{40 + down}"
    )[1:]


steps = st.sampled_from([0, 0, 1, 1, 2, 3])
moving = st.builds(
    Ref,
    st.sampled_from([None, "conv1_f1", "conv1_w"]),
    *(st.integers(5, 30), st.integers(5, 30), st.integers(1, 3), st.integers(1, 3)),
    row_i=steps,
    col_i=st.sampled_from([0, 0, 0, 1]),
    row_j=st.sampled_from([0, 0, 0, 1]),
    col_j=steps,
    fixed=st.booleans(),
)


@given(st.lists(moving, min_size=1, max_size=3), st.sampled_from([1, 1, 2, 3]))
def test_a_formula_is_shared_only_where_copying_it_gives_the_others(
    refs: Sequence[Ref], row_step: int
) -> None:
    pattern = render(add(*refs), HERE)
    first = [pattern.text(0, j) for j in range(3)]
    copies = all(pattern.text(i, j) == _moved(first[j], i * row_step, 0) for i in range(3) for j in range(3))
    assert pattern.shares_down(row_step) == copies


@given(st.lists(moving, min_size=1, max_size=2), st.integers(0, 4), st.integers(0, 4))
def test_references_move_with_the_position(refs: Sequence[Ref], i: int, j: int) -> None:
    def shown(ref: Ref) -> str:
        top, left = ref.row + i * ref.row_i + j * ref.row_j, ref.col + i * ref.col_i + j * ref.col_j
        still_row = ref.fixed and not (ref.row_i or ref.row_j)
        still_col = ref.fixed and not (ref.col_i or ref.col_j)

        def corner(row: int, col: int) -> str:
            return f"{'$' * still_col}{get_column_letter(col)}{'$' * still_row}{row}"

        last = corner(top + ref.height - 1, left + ref.width - 1)
        whole = corner(top, left) + (f":{last}" if (ref.height, ref.width) != (1, 1) else "")
        return f"{ref.sheet}!{whole}" if ref.sheet else whole

    pattern = render(add(*refs), HERE)
    assert pattern.text(i, j) == "+".join(map(shown, refs))
    assert pattern.by_axis == all(not ref.row_j and not ref.col_i for ref in refs)


@given(st.lists(moving, min_size=1, max_size=3), st.integers(1, 12), st.integers(1, 12))
def test_the_longest_formula_of_a_region(refs: Sequence[Ref], rows: int, cols: int) -> None:
    pattern = render(add(*refs), HERE)
    every = [len(f"={pattern.text(i, j)}") for i in range(rows) for j in range(cols)]
    assert pattern.longest(rows, cols) == max(every)
