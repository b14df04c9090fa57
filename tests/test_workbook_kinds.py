"""Kinds of workbook are rows of a table: what they refuse, and that a new one needs no change elsewhere."""

from __future__ import annotations

from pathlib import Path

import package_edit as pe
import pytest

import sheetcnn
from sheetcnn.calculators import Progress, Recalculated
from sheetcnn.errors import WorkbookError
from sheetcnn.model.engine import NOTHING
from sheetcnn.sheets.sheet_plan import PageContext, as_built
from sheetcnn.teaching.kinds import EXERCISE, KINDS, LESSON
from sheetcnn.teaching.lessons import find_lesson
from sheetcnn.workbook.extract import extract
from sheetcnn.workbook.kinds import NETWORK, NETWORK_ONLY, Expected, WorkbookKind
from sheetcnn.workbook.readback import read_about
from sheetcnn.workbook.verify import verify
from sheetcnn.xlsx.read import Workbook


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lesson") / "edges.xlsx"
    sheetcnn.lesson("edges", path)
    return path


def renamed(path: Path, target: Path, key: str) -> Path:
    """A copy of a lesson whose `about` sheet says another kind."""
    parts = pe.read_parts(path)
    about = pe.sheet_parts(parts)["about"]
    assert b">lesson<" in parts[about]
    parts[about] = parts[about].replace(b">lesson<", f">{key}<".encode())
    return pe.write_parts(target, parts)


def test_the_table() -> None:
    assert KINDS == (NETWORK, LESSON, EXERCISE)
    assert NETWORK_ONLY == (NETWORK,)
    assert [kind.without_network == "" for kind in KINDS] == [True, False, False]


def test_a_kind_that_is_not_in_the_table_is_a_damaged_network(lesson: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match=r"edges.xlsx: .* sheet about are damaged; build the workbook"):
        verify(lesson)
    with pytest.raises(WorkbookError, match="are damaged"):
        extract(lesson, tmp_path)


def test_a_lesson_is_verified_but_holds_no_network(lesson: Path, tmp_path: Path) -> None:
    assert verify(lesson, kinds=KINDS).ok
    for call in (lambda: sheetcnn.extract(lesson, tmp_path), lambda: sheetcnn.handout(lesson, "a.md")):
        with pytest.raises(WorkbookError, match=r"edges.xlsx is the lesson 'edges', .* sheetcnn build"):
            call()


def test_an_exercise_is_only_graded(lesson: Path, tmp_path: Path) -> None:
    path = renamed(lesson, tmp_path / "a.xlsx", "exercise")
    for call in (lambda: sheetcnn.extract(path, tmp_path), lambda: sheetcnn.verify(path)):
        with pytest.raises(WorkbookError, match=r"a.xlsx is an exercise, .* sheetcnn grade"):
            call()


def test_a_lesson_that_does_not_exist(lesson: Path, tmp_path: Path) -> None:
    parts = pe.read_parts(lesson)
    about = pe.sheet_parts(parts)["about"]
    parts[about] = parts[about].replace(b">edges<", b">hedges<")
    with pytest.raises(WorkbookError, match=r"a.xlsx: there is no lesson 'hedges'"):
        sheetcnn.verify(pe.write_parts(tmp_path / "a.xlsx", parts))


def test_a_new_kind_is_one_row(lesson: Path, tmp_path: Path) -> None:
    """Its plan comes from the row, and so does what commands for networks say."""

    def expected(book: Workbook, path: Path) -> Expected:
        sheets = find_lesson(read_about(book, path)["toy"]).sheets()
        return Expected(sheets, context)

    def context(book: Workbook, values: Recalculated, progress: Progress) -> PageContext:
        progress("playing", 1, 1)
        return as_built(find_lesson("edges").sheets(), PageContext(NOTHING, {}, {}))

    path = renamed(lesson, tmp_path / "a.xlsx", "toy")
    kinds = (*KINDS, WorkbookKind("toy", expected, "the toy '{value}'; play with it"))
    with pytest.raises(WorkbookError, match=r"a.xlsx is the toy 'edges'; play with it"):
        extract(path, tmp_path, kinds)
    steps = []
    report = verify(path, kinds=kinds, progress=lambda step, done, total: steps.append(step))
    assert (report.ok, report.formulas > 0, "playing" in steps) == (True, True, True)
