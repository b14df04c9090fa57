"""Lessons: every formula in three calculators, as built and after a reader changed numbers and choices."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import package_edit as pe
import pytest
import yaml
from conftest import Cli
from openxml import validate
from requirements import require

import sheetcnn
import sheetcnn.teaching.lessons
from sheetcnn import calculators
from sheetcnn.calculators import get
from sheetcnn.formulas.a1 import address
from sheetcnn.teaching.kinds import KINDS
from sheetcnn.teaching.lessons import (
    LESSONS,
    build_lesson,
    channels,
    find_lesson,
    inception,
    lesson_document,
    padding,
    relu,
)
from sheetcnn.teaching.lessons.lesson_page import Lesson
from sheetcnn.teaching.paper.document import Figures, Heading, Paragraph, Table
from sheetcnn.teaching.paper.files import write_document
from sheetcnn.workbook.verify import verify_many
from sheetcnn.xlsx.read import open_workbook

ROOT = Path(__file__).resolve().parent.parent
NAMES = [one.name for one in LESSONS]
EDITS = 25
"""Numbers that a test types into a lesson; typing all of them would take longer than computing them."""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every lesson as built, and with numbers and choices changed twice."""
    folder, made = tmp_path_factory.mktemp("lessons"), []
    for one in LESSONS:
        path = folder / f"{one.name}.xlsx"
        build_lesson(one, path)
        made.append(path)
        made += [changed(one, path, folder / f"{one.name}_{n}.xlsx", n) for n in range(2)]
    return made


def changed(one: Lesson, path: Path, target: Path, seed: int) -> Path:
    """A copy with typed numbers, blanks among them, and other choices; the second time the last of each."""
    rng = np.random.default_rng(seed)
    sheets = one.sheets()
    cells = [
        (sheet.name, address(grid.row + i, grid.col + j))
        for sheet in sheets
        for grid in sheet.inputs
        for i in range(grid.height)
        for j in range(grid.width)
    ]
    some = rng.permutation(len(cells))[:EDITS].tolist()
    typed = [pe.number(float(rng.choice([-3.5, -1.25, 0.25, 2.5, 7.75, 100.5]))) for _ in some]
    edits = {cells[n]: what for n, what in zip(some, typed, strict=True)}
    edits |= {cells[n]: pe.blank() for n in some[:3]}
    for sheet in sheets:
        for choice in sheet.choices:
            number = choice.most if seed else int(rng.integers(choice.least, choice.most + 1))
            if number != choice.default:
                edits[sheet.name, address(choice.row, choice.col)] = pe.number(float(number))
    return pe.edit(path, target, edits)


def test_there_are_twelve() -> None:
    assert len(NAMES) == len(set(NAMES)) == 12
    for one in LESSONS:
        assert 3 <= len(one.questions) <= 6
        assert 1 <= len(one.sheets()) <= 3


def test_no_words_are_left_over() -> None:
    """A title in `texts.yaml` that no lesson and no sheet shows would never be read."""
    folder = Path(sheetcnn.teaching.lessons.__file__).parent
    words = yaml.safe_load((folder / "texts.yaml").read_text(encoding="utf-8"))
    sheets = {one.name: [sheet.name for sheet in one.sheets()] for one in LESSONS}
    assert {name: sorted(own["pages"]) for name, own in words.items()} == {
        name: sorted(names) for name, names in sheets.items()
    }


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_every_formula_agrees_whatever_is_typed(calculator: str, books: list[Path]) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    wrong = {
        path.stem: [(d.sheet, d.cell, d.expected, d.found) for d in report.differences[:3]]
        for path, report in zip(books, verify_many(books, calculator, KINDS), strict=True)
        if not report.ok or report.errors or not report.compared
    }
    assert wrong == {}


def test_the_files_are_valid(books: list[Path]) -> None:
    assert validate(books[::3]) == []


def test_a_broken_formula_is_found(books: list[Path], tmp_path: Path) -> None:
    path = books[3 * NAMES.index("relu")]
    sheet = find_lesson("relu").sheets()[0]
    grid = sheet.live[0]
    cell = address(grid.row + 1, grid.col + 1)
    broken = pe.edit(path, tmp_path / "broken.xlsx", {(sheet.name, cell): pe.number(123.0)})
    report = sheetcnn.verify(broken)
    assert not report.ok
    assert report.differences[0].cell == cell


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    for n in range(2):
        for name in ("edges", "softmax"):
            sheetcnn.lesson(name, tmp_path / f"{name}{n}.xlsx")
            sheetcnn.lesson(name, tmp_path / f"{name}{n}.pdf")
    for name in ("edges", "softmax"):
        for suffix in ("xlsx", "pdf"):
            first, second = ((tmp_path / f"{name}{n}.{suffix}").read_bytes() for n in range(2))
            assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_a_page_for_print(name: str, tmp_path: Path) -> None:
    one = find_lesson(name)
    document = lesson_document(one)
    write_document(document, tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    texts = [b.text for b in document.parts if isinstance(b, Paragraph | Heading)]
    for n, (question, answer) in enumerate(one.questions, 1):
        assert f"{n}. {question}" in texts
        assert f"{n}. {question} {answer}" in texts
    assert any(isinstance(b, Figures | Table) for b in document.parts)


# --- Numbers that lessons state, computed in another way ------------------------------------------


def values_of(path: Path, sheet: str, row: int, col: int, height: int, width: int) -> np.ndarray:
    (values,) = get("ironcalc").recalculate([path])
    with values:
        return values.numbers(sheet, row, col, height, width)


def test_several_channels_make_one_map(books: list[Path]) -> None:
    """By six nested loops, against what IronCalc makes of the formulas."""
    path, sheet = books[3 * NAMES.index("channels")], find_lesson("channels").sheets()[1]
    x, k = channels.image(), channels.kernels()
    for n, grid in enumerate(sheet.live):
        found = values_of(path, sheet.name, grid.row, grid.col, grid.height, grid.width)
        for y, column in ((0, 0), (5, 11), (22, 22)):
            total = channels.BIASES[n]
            for c in range(3):
                for u in range(3):
                    for v in range(3):
                        total += x[c, y + u, column + v] * k[n, c, u, v]
            assert found[y, column] == max(0.0, total)


def test_sizes_are_those_of_a_window_that_is_moved() -> None:
    for n in range(1, 12):
        for k in range(1, 6):
            for s in range(1, 4):
                for p in range(3):
                    for d in range(1, 4):
                        places = [x for x in range(0, n + 2 * p, s) if x + (k - 1) * d <= n + 2 * p - 1]
                        assert padding.size(n, k, s, p, d) == len(places)


def test_stated_numbers_are_right() -> None:
    answers = {one.name: " ".join(a for _, a in one.questions) for one in LESSONS}
    assert "5 × 3 × 3 × 3 = 135 weights" in answers["channels"]
    assert 5 * 3 * 3 * 3 == 135
    assert f"{64 * 32 * 9:,} weights and 64 biases: {64 * 32 * 9 + 64:,}" in answers["second"]
    assert f"A and B 64 × 9 = {64 * 9}, C 64 × 32 × 9 = {64 * 32 * 9:,}" in answers["readings"]
    area, (_, kernel, reduced, out) = inception.SIDE**2, inception.BRANCHES[2]
    with_reduction = (inception.MAPS * reduced + reduced * out * kernel**2) * area
    without = inception.MAPS * out * kernel**2 * area
    assert f"{with_reduction:,} multiply-adds instead of {without:,}" in answers["inception"]
    assert "3 × 9 + 2 × 3 = 33 against 2 × 3 × 9 = 54" in answers["separable"]
    assert (3 * 9 + 2 * 3, 2 * 3 * 9) == (33, 54)


def test_relu_on_every_term_parts_from_relu_on_the_sum() -> None:
    x, k = relu.inputs(), relu.kernels()
    once, each = np.zeros((4, 4)), np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            parts = [float((x[n, i : i + 3, j : j + 3] * k[n]).sum()) for n in range(2)]
            once[i, j], each[i, j] = max(0.0, sum(parts)), sum(max(0.0, p) for p in parts)
    assert (once != each).any()
    assert (once == each).any()
    figures = [b for b in relu.figures() if isinstance(b, Figures)][-1].figures
    assert np.array_equal(figures[0].values, once)
    assert np.array_equal(figures[1].values, each)


def grids(path: Path) -> list[np.ndarray]:
    """What IronCalc makes of every sheet, as numbers."""
    found = []
    with open_workbook(path) as book:
        names = [name for name in book.sheet_names if name != "about"]
    (values,) = get("ironcalc").recalculate([path])
    with values:
        found += [values.numbers(name, 1, 1, 160, 300) for name in names]
    return found


def stands_in(grid: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a rectangle of a sheet holds these numbers."""
    high, wide = wanted.shape
    for i, j in np.argwhere(np.isclose(grid, wanted[0, 0], rtol=0, atol=1e-9)).tolist():
        part = grid[i : i + high, j : j + wide]
        if part.shape == wanted.shape and np.allclose(part, wanted, rtol=0, atol=1e-9):
            return True
    return False


DRAWN = {"padding": 1, "receptive": 3}
"""Figures that show no numbers of the workbook, but squares to count."""


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_stands_in_the_workbook(name: str, books: list[Path]) -> None:
    """Grids cell by cell, as recalculated; products by multiplying; numbers of tables by their digits."""
    sheets = grids(books[3 * NAMES.index(name)])
    drawn = 0
    for part in find_lesson(name).content.figures():
        if isinstance(part, Figures):
            for n, figure in enumerate(part.figures):
                if any(stands_in(sheet, figure.values) for sheet in sheets):
                    continue
                if figure.sign == "=" and n == 2:
                    first, second = (f.values for f in part.figures[:2])
                    assert np.array_equal(figure.values, first * second), figure.caption
                    continue
                drawn += 1
        elif isinstance(part, Table) and name not in ("readings", "second"):  # those are stated above
            cells = np.concatenate([sheet[np.isfinite(sheet)] for sheet in sheets])
            for row in part.rows:
                for column in part.numbers:
                    for text in re.findall(r"[\d.,]+", row[column].replace(" ", "")):
                        decimals = len(text.partition(".")[2])
                        number = float(text.replace(",", ""))
                        close = np.abs(np.abs(cells) - number) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
                        assert close.any(), (row, text)
    assert drawn == DRAWN.get(name, 0)


# --- The command -----------------------------------------------------------------------------------


def test_the_command(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = cli("lesson")
    assert listed.status == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == NAMES
    monkeypatch.chdir(tmp_path)
    assert cli("lesson", "edges").out == "edges.xlsx\n"
    assert cli("verify", "edges.xlsx").status == 0
    assert cli("lesson", "edges", "-o", "page.html").status == 0
    unknown = cli("lesson", "edge")
    assert unknown.status == 2
    assert f"there is no lesson 'edge'; there are {', '.join(NAMES)}" in unknown.err
    assert "ends in .xlsx" in cli("lesson", "edges", "-o", "page.doc").err


def test_a_lesson_is_no_network(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "edges.xlsx"
    sheetcnn.lesson("edges", path)
    for command in (("extract", path, "-o", tmp_path / "x"), ("handout", path, "-o", tmp_path / "a.pdf")):
        refused = cli(*command)
        assert refused.status == 2
        assert "is the lesson 'edges', which holds no network" in refused.err
    odd = pe.read_parts(path)
    parts = {name: re.sub(b">edges<", b">edgy<", content) for name, content in odd.items()}
    pe.write_parts(path, parts)
    assert "there is no lesson 'edgy'" in cli("verify", path).err
