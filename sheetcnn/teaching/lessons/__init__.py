"""Lessons: small live workbooks, each for one question that students ask, with a page for print.

A lesson is one module with a `LESSON`; the table below is their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sheetcnn._version import __version__
from sheetcnn.errors import OutputError, SpecError
from sheetcnn.model.engine import NOTHING
from sheetcnn.pages import about
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext, SheetPlan, as_built, bind_sheets
from sheetcnn.teaching.lessons.batchnorm import LESSON as BATCH_NORM
from sheetcnn.teaching.lessons.channels import LESSON as CHANNELS
from sheetcnn.teaching.lessons.edges import LESSON as EDGES
from sheetcnn.teaching.lessons.inception import LESSON as INCEPTION
from sheetcnn.teaching.lessons.lesson_page import Lesson
from sheetcnn.teaching.lessons.padding import LESSON as PADDING
from sheetcnn.teaching.lessons.pooling import LESSON as POOLING
from sheetcnn.teaching.lessons.readings import LESSON as READINGS
from sheetcnn.teaching.lessons.receptive import LESSON as RECEPTIVE
from sheetcnn.teaching.lessons.relu import LESSON as RELU
from sheetcnn.teaching.lessons.second import LESSON as SECOND
from sheetcnn.teaching.lessons.separable import LESSON as SEPARABLE
from sheetcnn.teaching.lessons.temperature import LESSON as SOFTMAX
from sheetcnn.teaching.paper.document import Answers, Block, Document, Heading, PageBreak, Text
from sheetcnn.teaching.paper.files import SUFFIXES, write_document
from sheetcnn.xlsx.book import Book, Cell
from sheetcnn.xlsx.write import write_book

LESSONS: tuple[Lesson, ...] = (
    EDGES,
    CHANNELS,
    SECOND,
    READINGS,
    RELU,
    SEPARABLE,
    PADDING,
    POOLING,
    RECEPTIVE,
    BATCH_NORM,
    SOFTMAX,
    INCEPTION,
)


def lesson(name: str) -> Lesson:
    """The lesson of that name.

    Raises:
        SpecError: if there is none; names those that there are.
    """
    for one in LESSONS:
        if one.name == name:
            return one
    raise SpecError(f"there is no lesson '{name}'; there are {', '.join(one.name for one in LESSONS)}")


def write_lesson(name: str, path: Path) -> None:
    """Write the workbook of a lesson, or its page for print where the path ends in .pdf, .html or .md.

    Raises:
        SpecError: if there is no such lesson.
        OutputError: if the path has another ending, or the file cannot be written.
    """
    one = lesson(name)
    if path.suffix.lower() in SUFFIXES:
        write_document(lesson_paper(one), path)
    else:
        build_lesson(one, path)


def build_lesson(one: Lesson, path: Path) -> int:
    """Write the workbook of a lesson; returns the number of formulas.

    Raises:
        OutputError: if the name does not end in .xlsx, or the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise OutputError(f"{path}: a lesson's name ends in .xlsx")
    sheets = one.sheets()
    context = as_built(sheets, PageContext(NOTHING, {}, {}))
    return write_book(Book(one.title, bind_sheets([*sheets, _about(one)], context), ()), path)


def _about(one: Lesson) -> SheetPlan:
    page = SheetPlan(about.NAME, tab="page")
    page.format.column_widths |= {about.KEY_COLUMN: 18, about.VALUE_COLUMN: 110}
    rows = (("format", str(about.FORMAT)), ("built by", f"sheetcnn {__version__}"), ("lesson", one.name))
    page.cells += [
        Cell(1, 1, "About this file", theme.TITLE),
        Cell(
            2,
            1,
            "sheetcnn verify reads the rows below to check this lesson; leave them as they are.",
            theme.SUBTITLE,
        ),
    ]
    for n, (key, value) in enumerate(rows, 4):
        page.cells.append(Cell(n, about.KEY_COLUMN, key, theme.TEXT))
        page.cells.append(Cell(n, about.VALUE_COLUMN, value, theme.TEXT))
    return page


def lesson_paper(one: Lesson) -> Document:
    """The printed page of a lesson: the idea, its numbers, the questions; the answers on a page of their own."""
    blocks: list[Block] = [Heading(one.title, 1), *one.figures(), Heading("Questions")]
    for n, (question, _) in enumerate(one.questions, 1):
        blocks += [Text(f"{n}. {question}"), Answers(1)]
    blocks += [PageBreak(), Heading("Answers")]
    blocks += [Text(f"{n}. {question} {answer}") for n, (question, answer) in enumerate(one.questions, 1)]
    return Document(one.title, blocks)


def names() -> Sequence[tuple[str, str]]:
    """Every lesson's name and what question it answers, in order."""
    return [(one.name, one.line) for one in LESSONS]
