"""A class set: worksheets, workbooks, one key; for one student or for each of a roster."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sheetcnn._version import __version__
from sheetcnn.errors import OutputError, SpecError
from sheetcnn.files import AnyPath, check_file
from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.kinds import draw, kinds_of
from sheetcnn.teaching.exercises.question import Question
from sheetcnn.teaching.exercises.workbook import AnswerCell, student_workbook
from sheetcnn.teaching.exercises.worksheet import answer_key, worksheet
from sheetcnn.teaching.paper.pdf import pdf

KEY_FORMAT = 1
MOST_STUDENTS = 500
MOST_QUESTIONS = 40


@dataclass(frozen=True)
class ClassSet:
    """The exercises that were written.

    Attributes:
        directory: that holds all files.
        key: the answer key, `key.pdf`; `grade` reads `key.json` beside it.
        worksheets: one PDF per student.
        workbooks: one .xlsx per student.
    """

    directory: Path
    key: Path
    worksheets: tuple[Path, ...]
    workbooks: tuple[Path, ...]


def student_names(roster: AnyPath | Sequence[str] | None) -> list[str]:
    """The names of a roster: from a CSV file, or as they are given; none for one set for everybody."""
    return read_roster(Path(roster)) if isinstance(roster, str | os.PathLike) else list(roster or ())


def read_roster(path: Path) -> list[str]:
    """The names of a roster: the column `name` of a CSV file, or its first column.

    Raises:
        SpecError: if it cannot be read, holds no name, one twice, or too many.
    """
    check_file(path, SpecError, "name a .csv file with a name per line")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not UTF-8; save the roster as CSV UTF-8") from None
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    try:
        rows = [
            row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(c.strip() for c in row)
        ]
    except csv.Error as error:
        raise SpecError(f"{path}: {error}; save the roster as CSV UTF-8") from None
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = heads.index("name") if "name" in heads else 0
    names = [" ".join(row[column].split()) if len(row) > column else "" for row in rows["name" in heads :]]
    for n, name in enumerate(names, 1):
        if not name:
            raise SpecError(
                f"{path}: line {n + ('name' in heads)} has no name; fill it in or delete the line"
            )
        if name.lower() in [other.lower() for other in names[: n - 1]]:
            raise SpecError(f"{path}: {name} occurs twice; make the names different")
    if not names:
        raise SpecError(f"{path} holds no name; write one per line")
    if len(names) > MOST_STUDENTS:
        raise SpecError(f"{path} holds {len(names):,} names, over {MOST_STUDENTS}; split the roster")
    return names


def file_names(names: Sequence[str]) -> list[str]:
    """A file name for each student: letters, digits and `_`, all different."""
    taken: set[str] = {"key"}
    found = []
    for name in names:
        plain = re.sub(r"[^\w-]+", "_", name).strip("_")[:60] or "student"
        unique, number = plain, 2
        while unique.lower() in taken:
            unique, number = f"{plain}_{number}", number + 1
        taken.add(unique.lower())
        found.append(unique)
    return found


def seed_of(seed: int, name: str) -> list[int]:
    """A student's seed: the same name gives the same variant."""
    digest = hashlib.sha256(name.encode()).digest()
    return [seed, int.from_bytes(digest[:8], "big")]


def write_class_set(
    model: Model,
    directory: Path,
    *,
    seed: int = 1,
    count: int | None = None,
    kinds: Sequence[str] | None = None,
    names: Sequence[str] = (),
) -> ClassSet:
    """Write worksheets, workbooks and the key.

    Args:
        model: whose layers and numbers questions are about.
        directory: for all files; must not exist yet, or be empty.
        seed: the same one gives the same bytes.
        count: of questions; by default one of each kind.
        kinds: of questions, in turn; by default all that the model allows.
        names: of the students, each of whom gets a variant; none for one set for everybody.

    Raises:
        SpecError: if there is no such kind, or the count is out of range.
        OutputError: if the directory holds files already or cannot be written, or Typst is missing.
    """
    chosen = list(kinds) if kinds is not None else kinds_of(model)
    count = len(chosen) if count is None else count
    if not 1 <= count <= MOST_QUESTIONS or not chosen:
        raise SpecError(f"{count} questions cannot be asked; choose a number from 1 to {MOST_QUESTIONS}")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise OutputError(f"{directory} exists already; name a new directory with -o")
    title = f"Exercises: {model.graph.name}"
    sets = [(name, draw(model, chosen, count, seed_of(seed, name))) for name in (names or [""])]
    files = file_names(names) if names else ["exercise"]
    key_pdf = pdf(answer_key(title, sets))  # whatever is missing is said before anything is written
    if not directory.parent.is_dir():
        raise OutputError(f"{directory}: the directory {directory.parent} does not exist; create it first")
    part = Path(tempfile.mkdtemp(prefix=f".{directory.name[:40]}.", suffix=".part", dir=directory.parent))
    try:
        students = []
        for (name, questions), file in zip(sets, files, strict=True):
            identity = _exercise_id(seed, name, questions)
            (part / f"{file}.pdf").write_bytes(pdf(worksheet(title, name, questions)))
            workbook, salts = part / f"{file}.xlsx", seed_of(seed, name)
            cells = student_workbook(workbook, title, name, identity, questions, salts)
            students.append(_student(name, file, identity, questions, cells))
        (part / "key.pdf").write_bytes(key_pdf)
        built_by = f"sheetcnn {__version__}"
        book = {"format": KEY_FORMAT, "built by": built_by, "title": title, "students": students}
        key = json.dumps(book, ensure_ascii=False, indent=1)
        (part / "key.json").write_text(key + "\n", encoding="utf-8")
        part.chmod(0o755)
        if directory.exists():
            directory.rmdir()
        part.replace(directory)
    except OSError as error:
        raise OutputError(f"{directory} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    worksheets, workbooks = (tuple(directory / f"{f}.{kind}" for f in files) for kind in ("pdf", "xlsx"))
    return ClassSet(directory, directory / "key.pdf", worksheets, workbooks)


def _exercise_id(seed: int, name: str, questions: Sequence[Question]) -> str:
    """By which `grade` knows a workbook; says nothing of the answers."""
    content = [[q.kind, *q.words] for q in questions]
    return hashlib.sha256(json.dumps([seed, name, content]).encode()).hexdigest()[:16]


def _student(
    name: str, file: str, identity: str, questions: Sequence[Question], cells: Sequence[AnswerCell]
) -> dict[str, object]:
    asked = []
    for one in cells:
        place = {"question": one.question + 1, "label": one.asked.label, "cell": one.cell}
        right = {"answer": one.asked.answer, "unit": one.asked.unit, "slack": one.asked.slack}
        asked.append({**place, **right, "mistakes": one.asked.distinct})
    kinds = [{"kind": q.kind, "title": q.title} for q in questions]
    return {"name": name, "file": f"{file}.xlsx", "id": identity, "questions": kinds, "asked": asked}
