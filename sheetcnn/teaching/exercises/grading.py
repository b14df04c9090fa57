"""Grades submissions: who got what right, and which mistakes were made.

Only the answer cells count; the check cells of a submission are not trusted.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sheetcnn.errors import OutputError, SheetCnnError, SpecError, WorkbookError
from sheetcnn.files import check_file, replacing
from sheetcnn.formulas.a1 import address
from sheetcnn.sheets import theme
from sheetcnn.teaching.exercises.question import MISTAKES, AskedNumber
from sheetcnn.teaching.exercises.workbook import SHEET
from sheetcnn.workbook.readback import read_about
from sheetcnn.xlsx.book import Book, Cell, Sheet, SheetFormat, Style
from sheetcnn.xlsx.read import open_workbook
from sheetcnn.xlsx.write import write_book

EMPTY, RIGHT, WRONG, NO_NUMBER = "empty", "right", "wrong", "no number"


class _AskedKey(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: int
    label: str
    cell: str
    answer: float
    unit: float
    slack: int
    mistakes: list[tuple[str, float]]

    def asked(self) -> AskedNumber:
        return AskedNumber(self.label, self.answer, self.unit, self.slack, self.mistakes)


class _StudentKey(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    file: str
    id: str
    questions: list[dict[str, str]]
    asked: list[_AskedKey]


class _Key(BaseModel):
    format: int
    title: str
    students: list[_StudentKey]


@dataclass(frozen=True)
class Graded:
    """One row of the table of grades.

    Attributes:
        name: name of the student; "" for a file that belongs to no student.
        file: the file that was graded; "" if there is none.
        note: anything unusual: no submission, a damaged file, several files ...
        marks: for every number asked: `right`, `wrong`, `empty`, `no number`, or the mistake in words.
        right: number of right answers.
    """

    name: str
    file: str
    note: str
    marks: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Grades:
    """The table of grades of a class.

    Attributes:
        title: title of the exercise.
        heads: the headings of the numbers asked.
        rows: one per student, then one per file that belongs to no student.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[Graded, ...]


def grade(directory: Path, key: Path | None = None) -> Grades:
    """Grade the workbooks of a directory.

    Args:
        directory: with the submitted .xlsx files, under any names.
        key: the teacher's `key.json`; by default that of the directory.

    Raises:
        SpecError: if the key is missing or damaged, or the directory does not exist.
    """
    if not directory.is_dir():
        raise SpecError(f"{directory} is not a directory; name the one with the submissions")
    book = _read_key(key or directory / "key.json")
    known = {student.id: student for student in book.students}
    named = {student.file.lower(): student for student in book.students}
    found: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    damaged: dict[str, list[str]] = {}
    unassigned: list[Graded] = []
    notes: dict[str, list[str]] = {}
    for path in sorted(directory.glob("*.xlsx")):
        if path.name.startswith(("~$", ".")) or path.name == "grades.xlsx":
            continue
        expected = named.get(path.name.lower())
        try:
            identity, answers = _read(path)
        except SheetCnnError as error:
            reason = str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
            if expected is None:
                unassigned.append(Graded("", path.name, f"cannot be read: {reason}", (), 0))
            else:
                damaged.setdefault(expected.id, []).append(f"{path.name} cannot be read: {reason}")
            continue
        student = known.get(identity)
        if student is None:
            unassigned.append(Graded("", path.name, "belongs to another exercise", (), 0))
            continue
        if expected is not None and expected.id != identity:
            notes.setdefault(expected.id, []).append(
                f"{path.name} is the exercise of {student.name or 'another student'}"
            )
        found.setdefault(identity, []).append((path, answers))
    rows = [
        _graded(s, found.get(s.id, []), [*damaged.get(s.id, []), *notes.get(s.id, [])]) for s in book.students
    ]
    most = max(book.students, key=lambda s: len(s.asked))
    several = len(book.students) > 1  # each has numbers, and so labels, of their own
    heads = tuple(
        f"{a.question}. {most.questions[a.question - 1]['title']}"
        + (f" ({n})" if several else f": {a.label}")
        for n, a in enumerate(most.asked, 1)
    )
    return Grades(book.title, heads, (*rows, *unassigned))


def _graded(student: _StudentKey, files: Sequence[tuple[Path, dict[str, Any]]], notes: list[str]) -> Graded:
    if not files:
        return Graded(student.name, "", "; ".join(notes) or "no submission", (), 0)
    # Of several files of one student, the one under the name that was handed out counts.
    files = sorted(files, key=lambda f: (f[0].name.lower() != student.file.lower(), f[0].name))
    path, cells = files[0]
    others = [other.name for other, _ in files[1:]]
    if others:
        notes = [*notes, f"not counted: {', '.join(others)}"]
    marks = []
    typed_formula = False
    for one in student.asked:
        value, formula = cells.get(one.cell, (None, False))
        typed_formula |= formula
        if value is None or value == "":
            marks.append(EMPTY)
        elif type(value) is not float:
            marks.append(NO_NUMBER)
        else:
            mark = one.asked().judge(value)
            marks.append(MISTAKES.get(mark, mark))
    if typed_formula:
        notes = [*notes, "answers given as formulas"]
    return Graded(student.name, path.name, "; ".join(notes), tuple(marks), marks.count(RIGHT))


def _read_key(path: Path) -> _Key:
    check_file(path, SpecError, "name the teacher's key.json with --key")
    try:
        key = _Key.model_validate(json.loads(path.read_bytes()))
    except (ValueError, ValidationError, RecursionError):
        raise SpecError(
            f"{path} is damaged or not a key of sheetcnn exercise; make the exercises again"
        ) from None
    if key.format != 1 or not key.students:
        raise SpecError(f"{path} has format {key.format}, but this sheetcnn reads format 1")
    return key


def _read(path: Path) -> tuple[str, dict[str, tuple[object, bool]]]:
    """The identity of a workbook, and the contents of its cells: the value, and whether it is a formula."""
    with open_workbook(path) as book:
        if SHEET not in book.sheet_names or "about" not in book.sheet_names:
            raise WorkbookError(f"{path} is not an exercise of sheetcnn")
        identity = read_about(book, path).get("exercise", "")
        cells = book.sheet(SHEET)

        found: dict[str, tuple[object, bool]] = {
            address(*place): (value, place in cells.formulas) for place, value in cells.values.items()
        }
        # A formula that no program has computed yet has no value.
        unknown = {address(*place): ("?", True) for place in cells.formulas if place not in cells.values}
        return identity, {**found, **unknown}


def write_grades(grades: Grades, directory: Path) -> tuple[Path, Path]:
    """Write the table as `grades.csv` and `grades.xlsx`; both are replaced if they are there.

    Raises:
        OutputError: if they cannot be written.
    """
    heads = ["name", "file", "right", "of", *grades.heads, "note"]
    count = len(grades.heads)
    rows: list[list[str | int]] = []
    for row in grades.rows:
        marks = [*row.marks, *[""] * (count - len(row.marks))]
        rows.append([row.name, row.file, row.right, count, *marks, row.note])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heads)
    # A cell that begins like a formula would be computed by the program that opens the file.
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    table, book = directory / "grades.csv", directory / "grades.xlsx"
    try:
        with replacing(table) as part:
            part.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    except OSError as error:
        raise OutputError(f"{table} cannot be written: {error.strerror}") from None
    cells = [Cell(1, 1, grades.title, theme.TITLE)]
    cells += [Cell(3, n, head, theme.HEADING) for n, head in enumerate(heads, 1)]
    for m, line in enumerate(rows, 4):
        cells += [Cell(m, n, value, _look(value)) for n, value in enumerate(line, 1)]
    widths = dict.fromkeys(range(1, len(heads) + 1), 26.0)
    widths |= {1: 24.0, 2: 24.0, 3: 7.0, 4: 5.0, len(heads): 50.0}
    look = SheetFormat(column_widths=widths, freeze=(4, 2), gridlines=True, title_rows=3)
    write_book(Book(grades.title, [Sheet("grades", cells, format=look)], ()), book)
    return table, book


def _plain(value: object) -> object:
    computed = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if computed else value


def _look(value: object) -> Style:
    if value == RIGHT:
        return Style(color="2E7D32", vertical="center")
    return Style(color=theme.INK, vertical="center", fill="FDEFE6" if value in MISTAKES.values() else None)
