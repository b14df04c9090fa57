"""Lesson 11: softmax and temperature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Number, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, LessonPage, Values
from sheetcnn.teaching.paper.document import DocumentPart, Math, Table, number_text
from sheetcnn.xlsx.book import DataBar

CLASSES = ("cat", "dog", "horse", "ship", "tree")
VALUES = np.array([[2.0], [1.0], [0.5], [-1.0], [0.0]])
LEAST = 0.01
FINE = replace(theme.VALUE, number_format="0.000", size=9)


def softmax(values: Array, temperature: float) -> Array:
    """The shares of exp(value ÷ temperature)."""
    scaled = values / max(LEAST, temperature)
    exps = np.exp(scaled - scaled.max())
    found: Array = exps / exps.sum()
    return found


def pages() -> list[LessonPage]:
    """Values, exponentials, shares; and shares at several temperatures."""
    page = LessonPage.of("softmax", "softmax")
    page.heading(TOP, LEFT, "temperature")
    t = page.inputs("temperature", TOP, LEFT + 6, np.array([[1.0]]))
    heads = ("class", "value", "÷ temperature", "− greatest", "exp", "probability")
    page.heads(TOP + 2, heads)
    row, count = TOP + 3, len(CLASSES)
    for n, name in enumerate(CLASSES):
        page.label(row + n, LEFT, name)
    x = page.inputs("values", row, LEFT + 4, VALUES)
    warm = call("MAX", Number(LEAST), t.cell(0, 0))

    def scaled(ctx: PageContext) -> Array:
        return x.values(ctx) / max(LEAST, t.number(ctx))

    def shifted(ctx: PageContext) -> Array:
        found: Array = scaled(ctx) - scaled(ctx).max()
        return found

    size = (count, 1)
    a = page.formulas(row, LEFT + 8, size, x.matching_cell() / warm, scaled, style=FINE)
    b = page.formulas(row, LEFT + 12, size, a.matching_cell() - call("MAX", a.whole()), shifted, style=FINE)
    exp = call("EXP", b.matching_cell())
    c = page.formulas(row, LEFT + 16, size, exp, lambda ctx: np.exp(shifted(ctx)), style=FINE)

    def shares(ctx: PageContext) -> Array:
        return softmax(x.values(ctx), t.number(ctx))

    page.formulas(row, LEFT + 20, size, c.matching_cell() / call("SUM", c.whole()), shares, style=FINE)
    page.plan.format.data_bars.append(DataBar(area(row, LEFT + 20, count, 1), theme.ACTIVE))
    page.heading(row + count + 1, LEFT, "the probabilities at other temperatures")
    at = row + count + 3
    temperatures = page.inputs("temperatures", at - 1, LEFT + 4, np.array([[0.1, 0.5, 1, 2, 5, 20]]))
    page.text(at - 1, LEFT, "temperature")
    for n, name in enumerate(CLASSES):
        page.text(at + n, LEFT, name)
    for j in range(6):
        col = LEFT + 4 + j
        own = call("MAX", Number(LEAST), temperatures.cell(0, j))
        # The sum over the classes, each shifted by the greatest: five terms.
        top = call("MAX", x.whole())
        total = add(*(call("EXP", (x.cell(n, 0) - top) / own) for n in range(count)))
        share = call("EXP", (x.matching_cell() - top) / own) / total
        page.formulas(at, col, size, share, _at(x.values, temperatures.values, j), style=theme.VALUE)
    page.questions(at + count + 2, 26)
    return [page]


def _at(x: Values, temperatures: Values, j: int) -> Values:
    return lambda ctx: softmax(x(ctx), float(temperatures(ctx)[0, j]))


def figures() -> list[DocumentPart]:
    """The shares at three temperatures."""
    rows = []
    for n, name in enumerate(CLASSES):
        shares = (number_text(float(softmax(VALUES, t)[n, 0])) for t in (0.5, 1, 5))
        rows.append([name, number_text(float(VALUES[n, 0]), 1), *shares])
    return [
        Math("p_i = exp(x_i slash T) / (sum_j exp(x_j slash T))", "p(i) = exp(x(i) ÷ T) ÷ Σ exp(x(j) ÷ T)"),
        Table(("class", "value", "T = 0.5", "T = 1", "T = 5"), rows, (1, 2, 3, 4)),
    ]
