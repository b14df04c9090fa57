"""Expression trees as text: what is rendered computes what the tree means, in real calculators."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, get_args

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
    Range,
    RangeBinary,
    Rect,
    Ref,
    Reference,
    String,
    Sum,
    Tree,
    add,
    call,
    choose,
    compare,
    dot,
    pick,
)
from sheetcnn.formulas.functions import (
    FUNCTIONS,
    MOST_CHOICES,
    OfConditions,
    OfOneValue,
    OfTwoValues,
    OwnPlace,
    Reduction,
    Takes,
)
from sheetcnn.formulas.render import number_text, render
from sheetcnn.formulas.traverse import exchanged, most_arguments, references

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

    def _under(self, tree: Tree) -> list[float]:
        """The numbers of a range, row by row; of one value, that."""
        if isinstance(tree, Rect):
            rows = CELLS[tree.sheet or HERE][tree.row - TOP : tree.row - TOP + tree.height]
            return [
                self._leaf(v) for row in rows for v in row[tree.col - LEFT : tree.col - LEFT + tree.width]
            ]
        if isinstance(tree, RangeBinary):
            count = tree.size[0] * tree.size[1]
            one, other = (
                self._under(side) if isinstance(side, Range) else self._under(side) * count
                for side in tree.children
            )
            return [float(OPERATORS[tree.op](a, b)) for a, b in zip(one, other, strict=True)]
        assert isinstance(tree, Expr)
        return [self(tree)]

    def __call__(self, expr: Expr) -> float:
        if isinstance(expr, Number):
            return self._leaf(expr.value)
        if isinstance(expr, Ref):
            return self._leaf(CELLS[expr.sheet or HERE][expr.row - TOP][expr.col - LEFT])
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
        parts = [self._under(arg) for arg in expr.args]
        if expr.function == "SUMPRODUCT":
            return sum(math.prod(values) for values in zip(*parts, strict=True))
        if expr.function == "IF":
            (condition,), (yes,), (no,) = parts
            return yes if condition else no
        if expr.function == "INDEX":
            cells, (row,), (col,) = parts
            places = expr.args[0]
            assert isinstance(places, Rect)
            return cells[(round(row) - 1) * places.width + round(col) - 1]
        if expr.function == "CHOOSE":
            (number,), *values = parts
            return values[round(number) - 1][0]
        if expr.function == "LARGE":
            cells, (place,) = parts
            return sorted(cells)[-round(place)]
        return float(COMPUTED[expr.function]([value for part in parts for value in part]))

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


COMPUTED: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "MAX": max,
    "MIN": min,
    "ABS": lambda v: abs(v[0]),
    "COUNT": len,
    "SIGN": lambda v: (v[0] > 0) - (v[0] < 0),
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
    "<>": operator.ne,
    "=": operator.eq,
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


def _cell(sheet: str | None, row: int, col: int, *, fixed: bool = False) -> Ref:
    return Ref(sheet, TOP + row, LEFT + col, fixed=fixed)


def _box(
    sheet: str | None, row: int, col: int, *, height: int = 1, width: int = 1, fixed: bool = False
) -> Rect:
    return Rect(sheet, TOP + row, LEFT + col, height, width, fixed=fixed)


cells = st.builds(_cell, sheets, st.integers(0, 1), st.integers(0, 2), fixed=st.booleans())
boxes = st.one_of(
    st.builds(_box, sheets, st.just(0), st.integers(0, 1), height=st.just(2), width=st.just(2)),
    st.builds(_box, sheets, st.integers(0, 1), st.just(0), width=st.just(3), fixed=st.booleans()),
)
leaves = st.one_of(numbers.map(Number), cells)
squares = st.builds(_box, sheets, st.just(0), st.integers(0, 1), height=st.just(2), width=st.just(2))
halves = st.builds(compare, st.sampled_from([">", "<=", "<>"]), squares, st.sampled_from([0.0, 0.5, 2.0]))
counted = st.one_of(
    st.builds(lambda a, b: a * b, halves, squares),
    st.builds(lambda a, b: a * b, halves, halves),
    st.builds(lambda a, b: (a - b) * 1.0, squares, cells),
    st.builds(lambda a: a * 1.0, halves),
)
conditions = st.builds(compare, st.sampled_from([">", "<="]), cells, st.sampled_from([0.0, 0.25, 5.0]))


def _bigger(part: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(st.one_of(part, boxes), min_size=1, max_size=3)
    return st.one_of(
        st.builds(Negate, part),
        st.builds(lambda op, a, b: Binary(op, a, b), st.sampled_from("-*/^"), part, part),
        st.lists(part, min_size=2, max_size=4).map(lambda terms: add(*terms)),
        st.builds(lambda name, args: call(name, *args), st.sampled_from(["MAX", "MIN", "SUM"]), several),
        st.builds(lambda name, box: call(name, box), st.sampled_from(["AVERAGE", "SUMSQ"]), boxes),
        st.builds(lambda name, a: call(name, a), st.sampled_from(["ABS", "TANH", "EXP", "SIGN"]), part),
        st.builds(lambda a: call("SUMPRODUCT", a), counted),
        st.builds(lambda a, b: call("SUMPRODUCT", a, b), counted, squares),
        st.builds(lambda box, n: call("LARGE", box, n), squares, st.integers(1, 4)),
        st.builds(pick, squares, st.integers(1, 2), st.integers(1, 2)),
        st.builds(
            lambda n, values: choose(Number(n), values),
            st.integers(1, 2),
            st.lists(part, min_size=2, max_size=3),
        ),
        st.builds(lambda test, a, b: call("IF", test, a, b), conditions, part, part),
        st.builds(
            lambda a, b: dot(_box(a, 0, 0, height=2, width=3), _box(b, 0, 0, height=2, width=3)),
            *(sheets, sheets),
        ),
    )


trees = st.recursive(leaves, _bigger, max_leaves=8)

A, B = _cell(None, 0, 0), _cell(None, 0, 1)  # 3 and -2
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
    # 2^3^2 is 64 in IronCalc and LibreOffice, 512 in Gnumeric.
    ((Number(2) ** 3) ** 2, "(2^3)^2", 64.0),
    (Number(2) ** (Number(3) ** 2), "2^(3^2)", 512.0),
    ((B**3) ** 2 * A, "(B2^3)^2*A2", 192.0),
    (A ** (Number(2) ** 3), "A2^(2^3)", 6561.0),
    (compare("<>", compare("=", B, -2.0), A), "(B2=-2)<>A2", 1.0),
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


# LibreOffice's CHOOSE ends at 30 values.
LONG_CHOICES: list[tuple[Expr, float]] = [
    (choose(Number(n), [Number(100 + k) for k in range(1, count + 1)]), 100.0 + n)
    for count, numbers in ((30, (1, 30)), (31, (30, 31)), (70, (30, 31, 60, 61, 70)))
    for n in numbers
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
    known = [(expr, value) for expr, _, value in TRAPS if value != 1.0] + LONG_CHOICES
    found: dict[str, float] = {render(expr, HERE).text(): value for expr, value in known}

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
def test_every_calculator_computes_what_trees_mean(calculator: str, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    chosen = _some_trees(300)
    assert len(chosen) == 300
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


# --- What cannot be written ---------------------------------------------------------------------

BOX, WIDE = Rect(None, 1, 1, 2, 3), Rect(None, 1, 1, 2, 4)
ONE = Number(1)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Call("INDIRECT", (ONE,)), "INDIRECT is not in the portable vocabulary"),
        (lambda: compare("&", 1, 2), "& is not a comparison"),
        # Of one value: of a rectangle, it is an array in LibreOffice and one cell's in the others.
        (lambda: Call("ABS", (BOX,)), "argument 1 of ABS must be one value, not a rectangle of 2×3"),
        (lambda: call("SUMPRODUCT", call("EXP", BOX)), "argument 1 of EXP must be one value"),  # type: ignore
        (lambda: Call("IF", (BOX, ONE, ONE)), "argument 1 of IF must be one value"),
        (lambda: Call("CHOOSE", (ONE, BOX, ONE)), "argument 2 of CHOOSE must be one value"),
        (lambda: Call("AND", (ONE, compare(">", BOX, 1))), "argument 2 of AND must be one value"),
        # Only SUMPRODUCT works on arrays without array entry.
        (lambda: Call("SUM", (BOX * 2.0,)), "must be one value or a rectangle of cells, not operators"),
        (lambda: Call("INDEX", (BOX * 2.0, ONE, ONE)), "argument 1 of INDEX must be a rectangle of cells"),
        (lambda: Call("SUMPRODUCT", (ONE,)), "argument 1 of SUMPRODUCT must be a rectangle"),
        (lambda: Call("SUMPRODUCT", (BOX, WIDE)), "must have one size; they have 2×3 and 2×4"),
        (lambda: BOX * WIDE, "must have one size; they have 2×3 and 2×4"),
        (lambda: RangeBinary("*", ONE, ONE), "must have one size; they have none"),
        # An operator of one value.
        (lambda: A + BOX, "one value is needed here, not a rectangle of 2×3"),
        (lambda: Binary("*", A, BOX), r"\* works on single values here, not on a rectangle"),
        (lambda: Sum((A, BOX)), r"\+ works on single values here"),
        (lambda: Negate(BOX), "- works on single values here"),
        (lambda: add(BOX), "one value is needed here"),
        (lambda: BOX.cell, "a rectangle of 2×3 cells is no single value"),
        # Gnumeric takes the one number as the row.
        (lambda: Call("INDEX", (BOX, ONE)), "INDEX takes 3 arguments, not 2"),
        (lambda: Call("SUM", ()), "SUM takes 1 or more arguments, not 0"),
        (lambda: Call("ROW", (ONE,)), "ROW takes 0 arguments, not 1"),
        (lambda: Call("SUMPRODUCT", (BOX, BOX, BOX)), "SUMPRODUCT takes 1 to 2 arguments, not 3"),
        (lambda: Call("CHOOSE", (ONE,) * 32), "CHOOSE takes 2 to 31 arguments, not 32"),
    ],
)
def test_what_programs_disagree_on_is_refused(build: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build()


def _of(takes: Takes) -> Tree:
    return Number(2) if takes in (Takes.VALUE, Takes.EITHER) else BOX


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_signature_that_holds(function: str) -> None:
    signature = FUNCTIONS[function]
    least = len(signature.arguments)
    args = tuple(_of(signature.takes(n)) for n in range(least))
    assert len(Call(function, args).args) == least
    if least:
        with pytest.raises(ValueError, match=f"{function} takes {least}"):
            Call(function, args[:-1])
    if signature.most_more is not None:
        with pytest.raises(ValueError, match=f"{function} takes {least}"):
            Call(
                function, args + (_of(signature.takes(least)) if least else ONE,) * (signature.most_more + 1)
            )


def test_the_names_that_the_type_checker_knows_are_those_of_the_table() -> None:
    groups = (OfConditions, OfOneValue, OfTwoValues, OwnPlace, Reduction)
    alone = {"CHOOSE", "IF", "INDEX", "LARGE", "MATCH", "SUMPRODUCT"}
    assert {name for group in groups for name in get_args(group)} | alone == set(FUNCTIONS)


def test_a_choice_has_no_more_values_than_a_program_takes() -> None:
    long = choose(A, [Number(n) for n in range(200)])
    assert most_arguments(long) == MOST_CHOICES + 1
    assert render(choose(A, [B]), HERE).text() == "CHOOSE(A2,B2)"


@given(trees)
def test_a_tree_turned_twice_is_itself(expr: Expr) -> None:
    steps = Ref("here", 3, 4, row_i=1, col_j=2)
    tree = expr + call("MAX", steps, Rect(None, 1, 1, 2, 2, row_j=3, col_i=4))
    turned = exchanged(tree)
    assert exchanged(turned) == tree
    assert [(r.row_i, r.row_j, r.col_i, r.col_j) for r in references(tree)] == [
        (r.row_j, r.row_i, r.col_j, r.col_i) for r in references(turned)
    ]
    assert turned != tree
    assert len(list(references(tree))) == len(
        re.findall(r"\$?[A-Z]+\$?\d+(?::\$?[A-Z]+\$?\d+)?", _text(tree))
    )


def _text(tree: Expr) -> str:
    return re.sub(r"\d+E[+-]\d+", "0", render(tree, HERE).text())


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
        (Rect("conv1_f1", 6, 2, 3, 3), "conv1_f1!B6:D8"),
        (Rect("conv1_w", 6, 5, 3, 3, fixed=True), "conv1_w!$E$6:$G$8"),
        (Ref("conv1_w", 6, 3, row_i=1, fixed=True), "conv1_w!$C6"),
        (Ref("conv1_w", 6, 3, col_j=1, fixed=True), "conv1_w!C$6"),
        (Rect(None, 6, 3, 1, 4), "C6:F6"),
    ],
)
def test_references(ref: Reference, text: str) -> None:
    assert render(ref, HERE).text() == text


def _moved(text: str, down: int, right: int) -> str:
    """What a spreadsheet program makes of a formula that is copied that far; openpyxl's answer."""
    return Translator(f"={text}", origin="J40").translate_formula(
        dest=f"{get_column_letter(10 + right)}{40 + down}"
    )[1:]


steps = st.sampled_from([0, 0, 1, 1, 2, 3])
moving = st.builds(
    Rect,
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
    refs: Sequence[Rect], row_step: int
) -> None:
    pattern = render(call("MAX", *refs), HERE)
    first = [pattern.text(0, j) for j in range(3)]
    copies = all(pattern.text(i, j) == _moved(first[j], i * row_step, 0) for i in range(3) for j in range(3))
    assert pattern.shares_down(row_step) == copies


@given(st.lists(moving, min_size=1, max_size=2), st.integers(0, 4), st.integers(0, 4))
def test_references_move_with_the_position(refs: Sequence[Rect], i: int, j: int) -> None:
    def shown(ref: Rect) -> str:
        top, left = ref.row + i * ref.row_i + j * ref.row_j, ref.col + i * ref.col_i + j * ref.col_j
        still_row = ref.fixed and not (ref.row_i or ref.row_j)
        still_col = ref.fixed and not (ref.col_i or ref.col_j)

        def corner(row: int, col: int) -> str:
            return f"{'$' * still_col}{get_column_letter(col)}{'$' * still_row}{row}"

        last = corner(top + ref.height - 1, left + ref.width - 1)
        whole = corner(top, left) + (f":{last}" if (ref.height, ref.width) != (1, 1) else "")
        return f"{ref.sheet}!{whole}" if ref.sheet else whole

    pattern = render(call("MAX", *refs), HERE)
    assert pattern.text(i, j) == f"MAX({','.join(map(shown, refs))})"
    assert pattern.by_axis == all(not ref.row_j and not ref.col_i for ref in refs)


@given(st.lists(moving, min_size=1, max_size=3), st.integers(1, 12), st.integers(1, 12))
def test_the_longest_formula_of_a_region(refs: Sequence[Rect], rows: int, cols: int) -> None:
    pattern = render(call("MAX", *refs), HERE)
    every = [len(f"={pattern.text(i, j)}") for i in range(rows) for j in range(cols)]
    assert pattern.longest(rows, cols) == max(every)
