"""All kinds of workbook that sheetcnn writes: a network, a lesson, an exercise."""

from __future__ import annotations

from pathlib import Path

from sheetcnn.calculators.base import Progress, Recalculated
from sheetcnn.errors import SheetCnnError, WorkbookError
from sheetcnn.model.engine import NOTHING
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.workbook.kinds import NETWORK, Expected, WorkbookKind
from sheetcnn.workbook.readback import check_sheets, read_about, read_given
from sheetcnn.xlsx.read import Workbook


def _expected_lesson(book: Workbook, path: Path) -> Expected:
    """A lesson is planned from its name; its formulas follow from choices and typed numbers alone."""
    from sheetcnn.teaching.lessons import find_lesson  # 50 ms that a workbook of another kind does without

    try:
        sheets = find_lesson(read_about(book, path)[LESSON.mark]).sheets()
    except SheetCnnError as error:
        raise WorkbookError(f"{path}: {error}") from None
    check_sheets(book, sheets, path)

    def context(book: Workbook, values: Recalculated, progress: Progress) -> PageContext:
        choices, inputs = read_given(book, sheets, path, values)
        return PageContext(NOTHING, {}, choices, inputs)

    return Expected(sheets, context)


LESSON = WorkbookKind(
    "lesson",
    _expected_lesson,
    "the lesson '{value}', which holds no network; name a workbook of sheetcnn build",
)
EXERCISE = WorkbookKind(
    "exercise", None, "an exercise, which holds no network; grade submissions with sheetcnn grade"
)
KINDS = (NETWORK, LESSON, EXERCISE)
