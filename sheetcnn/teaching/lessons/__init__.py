"""Lessons: small live workbooks, each for one question that students ask, with a page for print.

A lesson is one module, `LessonContent`, one row of the table below, and its words in `texts.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sheetcnn.errors import OutputError, SpecError
from sheetcnn.teaching.lessons import (
    batchnorm,
    channels,
    edges,
    inception,
    padding,
    pooling,
    receptive_field,
    relu,
    second_layer,
    separable,
    softmax,
    three_readings,
)
from sheetcnn.teaching.lessons.lesson_page import Lesson
from sheetcnn.teaching.paper.document import (
    AnswerLines,
    Document,
    DocumentPart,
    Heading,
    PageBreak,
    Paragraph,
)
from sheetcnn.teaching.paper.files import SUFFIXES, write_document
from sheetcnn.teaching.small_workbook import about_sheet, write_sheets

LESSONS = (
    Lesson("edges", edges),
    Lesson("channels", channels),
    Lesson("second", second_layer),
    Lesson("readings", three_readings),
    Lesson("relu", relu),
    Lesson("separable", separable),
    Lesson("padding", padding),
    Lesson("pooling", pooling),
    Lesson("receptive", receptive_field),
    Lesson("batchnorm", batchnorm),
    Lesson("softmax", softmax),
    Lesson("inception", inception),
)
"""All lessons, in the order to take them."""


def find_lesson(name: str) -> Lesson:
    """The lesson of that name.

    Raises:
        SpecError: if there is none; names those that there are.
    """
    for lesson in LESSONS:
        if lesson.name == name:
            return lesson
    raise SpecError(f"there is no lesson '{name}'; there are {', '.join(lesson.name for lesson in LESSONS)}")


def write_lesson(name: str, path: Path) -> None:
    """Write the workbook of a lesson, or its page for print where the path ends in .pdf, .html or .md.

    Raises:
        SpecError: if there is no such lesson.
        OutputError: if the path has another ending, or the file cannot be written.
    """
    lesson = find_lesson(name)
    if path.suffix.lower() in SUFFIXES:
        write_document(lesson_document(lesson), path)
    else:
        build_lesson(lesson, path)


def build_lesson(lesson: Lesson, path: Path) -> int:
    """Write the workbook of a lesson; returns the number of formulas.

    Raises:
        OutputError: if the name does not end in .xlsx, or the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise OutputError(f"{path}: a lesson's name ends in .xlsx")
    line = "sheetcnn verify reads the rows below to check this lesson; leave them as they are."
    sheets = [*lesson.sheets(), about_sheet(line, [("lesson", lesson.name)], 110)]
    return write_sheets(lesson.title, sheets, path)


def lesson_document(lesson: Lesson) -> Document:
    """The printed page of a lesson: the idea, its numbers, the questions; the answers on a page of their own."""
    parts: list[DocumentPart] = [Heading(lesson.title, 1), Paragraph(lesson.idea), *lesson.content.figures()]
    parts.append(Heading("Questions"))
    for n, (question, _) in enumerate(lesson.questions, 1):
        parts += [Paragraph(f"{n}. {question}"), AnswerLines(1)]
    parts += [PageBreak(), Heading("Answers")]
    parts += [
        Paragraph(f"{n}. {question} {answer}") for n, (question, answer) in enumerate(lesson.questions, 1)
    ]
    return Document(lesson.title, parts)


def lesson_lines() -> Sequence[tuple[str, str]]:
    """Every lesson's name and what question it answers, in order."""
    return [(lesson.name, lesson.line) for lesson in LESSONS]
