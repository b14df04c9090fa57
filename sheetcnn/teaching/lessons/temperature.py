"""Lesson 11: softmax and temperature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Number, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, Lesson, Page, Values
from sheetcnn.teaching.paper.document import Block, Math, Table, Text, shown
from sheetcnn.xlsx.book import Cell, DataBar

CLASSES = ("cat", "dog", "horse", "ship", "tree")
VALUES = np.array([[2.0], [1.0], [0.5], [-1.0], [0.0]])
LEAST = 0.01
FINE = replace(theme.VALUE, number_format="0.000", size=9)

QUESTIONS = (
    (
        "Add 10 to all five values. What changes?",
        "Nothing: only differences count, because the greatest value is subtracted.",
    ),
    (
        "What happens as the temperature goes to 0.01? To 100?",
        "To 0.01: the greatest takes all. To 100: all become nearly equal, a fifth each.",
    ),
    (
        "Which value must become how large, so that 'ship' gets half of the whole?",
        "Its exponential must equal the sum of the others' exponentials; try with the numbers.",
    ),
    (
        "Can a probability become exactly 0 or 1?",
        "In mathematics never; in a computer yes, when exp of a very negative number is rounded to 0.",
    ),
)


def softmax(values: Array, temperature: float) -> Array:
    """The shares of exp(value ÷ temperature)."""
    scaled = values / max(LEAST, temperature)
    exps = np.exp(scaled - scaled.max())
    found: Array = exps / exps.sum()
    return found


def pages() -> list[Page]:
    """Values, exponentials, shares; and shares at several temperatures."""
    page = Page("softmax", "Softmax and temperature", "change a value or the temperature")
    page.text(TOP, LEFT, "temperature", bold=True)
    t = page.typed("temperature", TOP, LEFT + 6, np.array([[1.0]]))
    heads = ("class", "value", "÷ temperature", "− greatest", "exp", "probability")
    for n, words in enumerate(heads):
        page.plan.cells.append(Cell(TOP + 2, LEFT + n * 4, words, theme.HEADING_CENTER, merge=4))
    row, count = TOP + 3, len(CLASSES)
    for n, name in enumerate(CLASSES):
        page.plan.cells.append(Cell(row + n, LEFT, name, theme.TEXT, merge=4))
    x = page.typed("values", row, LEFT + 4, VALUES)
    warm = call("MAX", Number(LEAST), t.cell(0, 0))

    def scaled(f: PageContext) -> Array:
        return x.values(f) / max(LEAST, float(t.values(f)[0, 0]))

    def shifted(f: PageContext) -> Array:
        found: Array = scaled(f) - scaled(f).max()
        return found

    size = (count, 1)
    a = page.live(row, LEFT + 8, size, x.moving() / warm, scaled, style=FINE)
    b = page.live(row, LEFT + 12, size, a.moving() - call("MAX", a.all()), shifted, style=FINE)
    c = page.live(row, LEFT + 16, size, call("EXP", b.moving()), lambda f: np.exp(shifted(f)), style=FINE)
    page.live(
        row,
        LEFT + 20,
        size,
        c.moving() / call("SUM", c.all()),
        lambda f: softmax(x.values(f), float(t.values(f)[0, 0])),
        style=FINE,
    )
    page.plan.format.data_bars.append(DataBar(area(row, LEFT + 20, count, 1), theme.ACTIVE))
    page.text(row + count + 1, LEFT, "the probabilities at other temperatures", bold=True)
    at = row + count + 3
    temperatures = page.typed("temperatures", at - 1, LEFT + 4, np.array([[0.1, 0.5, 1, 2, 5, 20]]))
    page.text(at - 1, LEFT, "temperature")
    for n, name in enumerate(CLASSES):
        page.text(at + n, LEFT, name)
    for j in range(6):
        col = LEFT + 4 + j
        own = call("MAX", Number(LEAST), temperatures.cell(0, j))
        # The sum over the classes, each shifted by the greatest: five terms.
        top = call("MAX", x.all())
        exps = [call("EXP", (x.cell(n, 0) - top) / own) for n in range(count)]
        total = add(*exps)
        values = _at(x.values, temperatures.values, j)
        page.live(at, col, size, call("EXP", (x.moving() - top) / own) / total, values, style=theme.VALUE)
    page.questions(at + count + 2, [q for q, _ in QUESTIONS], 26)
    return [page]


def _at(x: Values, temperatures: Values, j: int) -> Values:
    return lambda f: softmax(x(f), float(temperatures(f)[0, j]))


def figures() -> list[Block]:
    """The shares at three temperatures."""
    rows = []
    for n, name in enumerate(CLASSES):
        rows.append(
            [
                name,
                shown(float(VALUES[n, 0]), 1),
                *(shown(float(softmax(VALUES, t)[n, 0])) for t in (0.5, 1, 5)),
            ]
        )
    return [
        Text(
            "Softmax turns any values into shares that add up to 1. Dividing by a temperature first makes them sharper or flatter."
        ),
        Math("p_i = exp(x_i slash T) / (sum_j exp(x_j slash T))", "p(i) = exp(x(i) ÷ T) ÷ Σ exp(x(j) ÷ T)"),
        Table(("class", "value", "T = 0.5", "T = 1", "T = 5"), rows, (1, 2, 3, 4)),
    ]


LESSON = Lesson(
    "softmax",
    "Softmax and temperature",
    "how values become probabilities, and how sharp they are",
    pages,
    figures,
    QUESTIONS,
)
