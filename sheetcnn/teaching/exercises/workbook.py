"""The workbook that a student fills in: asked cells that check themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sheetcnn.formulas.a1 import address, area
from sheetcnn.formulas.expr import Expr, Number, Ref, String, call
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import Computed, InputGrid, SheetPlan
from sheetcnn.teaching.exercises.fingerprint import Salt, equal
from sheetcnn.teaching.exercises.question import MISTAKES, AskedNumber, Question
from sheetcnn.teaching.lessons.lesson_page import LEFT, NUMBER, LessonPage
from sheetcnn.teaching.paper.document import Figure, Figures, Table
from sheetcnn.teaching.small_workbook import about_sheet, write_sheets
from sheetcnn.xlsx.book import Cell, Grid, Highlight, SheetFormat, Style

SHEET, CHECK = "exercise", "check"
ANSWER = Style(
    "General",
    bold=True,
    size=12,
    color=theme.ACCENT,
    fill="FFF4E5",
    border=theme.ACCENT,
    horizontal="center",
    vertical="center",
    unlocked=True,
)
STATUS = Style(color=theme.INK, vertical="center", size=11)
RIGHT, WRONG, NO_NUMBER = "✓ right", "✗ not yet right", "type a number"
GREEN = "2E7D32"


@dataclass(frozen=True)
class AnswerCell:
    """An asked number and the cell that it is typed into."""

    question: int
    asked: AskedNumber
    row: int
    col: int

    @property
    def cell(self) -> str:
        """Its address on the sheet."""
        return address(self.row, self.col)


def student_workbook(
    path: Path, title: str, name: str, identity: str, questions: list[Question], seed: list[int]
) -> list[AnswerCell]:
    """Write the workbook of one student; returns where each number is asked.

    Args:
        path: of the .xlsx file.
        title: of the exercise.
        name: of the student; "" for nobody in particular.
        identity: by which `grade` knows it.
        questions: to ask.
        seed: of the salts.
    """
    page = LessonPage(SHEET, title, "type your answers into the coloured cells: they check themselves")
    page.plan.format.protected = True
    page.plan.format.one_page = page.plan.format.landscape = False
    if name:
        page.heading(3, LEFT, name)
    row, placed = 5, []
    for n, question in enumerate(questions, 1):
        page.heading(row, LEFT, f"{n}. {question.title}")
        row += 1
        for words in question.words:
            page.plan.cells.append(Cell(row, LEFT, words, replace(STATUS, wrap=True), merge=26))
            page.plan.format.row_heights[row] = 20 + 16 * (len(words) // 130)
            row += 1
        for part in question.exhibits:
            row = _figures(page, part, row) if isinstance(part, Figures) else _table(page, part, row)
        for asked in question.numbers:
            placed.append(AnswerCell(n - 1, asked, row, LEFT + 6))
            page.plan.cells.append(Cell(row, LEFT, asked.label, theme.HEADING, merge=6))
            row += 1
        row += 1
    rng = np.random.default_rng(seed)
    check = SheetPlan(CHECK, page=True, format=SheetFormat(hidden=True))
    for n, cell in enumerate(placed, 1):
        code = _check_row(check, cell, n, Salt.drawn(rng))
        _answer_cell(page.plan, cell, code)
    page.plan.format.zoom = 90
    line = "sheetcnn grade reads the rows below; leave them as they are."
    about = about_sheet(line, [("exercise", identity), ("name", name)], 60)
    write_sheets(title, [page.plan, about, check], path)
    return placed


def _figures(page: LessonPage, part: Figures, row: int) -> int:
    col = LEFT
    for figure in part.figures:
        high, wide = figure.values.shape
        page.remark(row, col, figure.caption if not figure.sign else f"{figure.sign} {figure.caption}")
        page.plan.plain.append(Grid(row + 1, col, high, wide, _look(figure), figure.values))
        scale = figure.scale if figure.scale in ("sequential", "diverging") else "pixels"
        where = area(row + 1, col, high, wide)
        page.plan.format.color_scales.append(theme.color_scale(scale, (where,)))
        col += max(wide, -(-len(figure.caption) // 5)) + 1
    return row + 2 + max(len(f.values) for f in part.figures)


def _look(figure: Figure) -> Style:
    return NUMBER if (figure.decimals or 0) == 0 else replace(NUMBER, number_format="0.00")


def _table(page: LessonPage, part: Table, row: int) -> int:
    for m, head in enumerate(part.head):
        page.plan.cells.append(Cell(row, LEFT + m * 3, head, theme.HEADING_CENTER, merge=3))
    for n, cells in enumerate(part.rows, 1):
        for m, words in enumerate(cells):
            page.plan.cells.append(Cell(row + n, LEFT + m * 3, words, theme.CENTER, merge=3))
    return row + len(part.rows) + 2


def _answer_cell(plan: SheetPlan, cell: AnswerCell, code: Ref) -> None:
    """The cell to type into, and beside it what it is worth."""
    key = f"answer.{cell.row}"
    blank = np.full((1, 1), np.nan)
    plan.inputs.append(InputGrid(key, cell.row, cell.col, 1, 1, ANSWER, lambda f: blank, sparse=True))
    plan.cells.append(Cell(cell.row, cell.col, None, ANSWER, merge=2))
    typed = Ref(None, cell.row, cell.col, fixed=True)
    hints = [String(f"✗ {MISTAKES[name]}") for name, _ in cell.asked.distinct]
    verdict = call("CHOOSE", code, String(RIGHT), String(WRONG), *hints)
    known = call("IF", call("ISNUMBER", typed), verdict, String(NO_NUMBER))
    status = call("IF", call("ISBLANK", typed), String(""), known)
    plan.computed.append(Computed(cell.row, cell.col + 2, status, STATUS, lambda f: "", merge=16))
    where, first = area(cell.row, cell.col, 1, 2), address(cell.row, cell.col + 2)
    plan.format.highlights.append(Highlight((where,), f'LEFT(${first},1)="✓"', GREEN))


def _check_row(check: SheetPlan, cell: AnswerCell, row: int, salt: Salt) -> Ref:
    """A row of the hidden sheet: the fingerprint of what is typed, and what it stands for (1 right, 2 wrong, ...)."""
    asked = cell.asked
    typed = Ref(SHEET, cell.row, cell.col, fixed=True)
    number = call("IF", call("ISNUMBER", typed), typed, 0)
    # Bounded before it is divided and rounded, for what a student may type.
    bounded = call("MIN", 1e8, call("MAX", -1e8, number))
    units = call("ROUND", bounded / asked.unit, 0)
    cells = [Ref(None, row, col, fixed=True) for col in range(1, 5)]
    steps = (units, *salt.formulas(cells[0], cells[1], cells[2]))
    values = (0, *salt.steps(0))  # while nothing is typed
    for col, (formula, value) in enumerate(zip(steps, values, strict=True), 1):
        check.computed.append(Computed(row, col, formula, Style(), lambda f, value=value: float(value)))  # type: ignore[misc]
    answer = asked.units(asked.answer)
    right = [salt.fingerprint(answer + n) for n in range(-asked.slack, asked.slack + 1)]
    tests = [equal(cells[3], value) for value in right]
    code: Expr = Number(2)
    for n, (_, wrong) in reversed(list(enumerate(asked.distinct, 3))):
        code = call("IF", equal(cells[3], salt.fingerprint(asked.units(wrong))), n, code)
    code = call("IF", call("OR", *tests) if len(tests) > 1 else tests[0], 1, code)
    known = dict.fromkeys(right, 1)
    for n, (_, wrong) in enumerate(asked.distinct, 3):
        known.setdefault(salt.fingerprint(asked.units(wrong)), n)
    now = float(known.get(values[3], 2))
    check.computed.append(Computed(row, 5, code, Style(), lambda f: now))
    return Ref(CHECK, row, 5, fixed=True)
