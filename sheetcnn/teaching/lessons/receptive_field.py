"""Lesson 9: how the receptive field grows."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, add
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, Area, LessonPage
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Figures, Math, Table

LAYERS = ((3, 1, 1), (3, 1, 1), (2, 2, 1), (3, 1, 1), (3, 1, 1), (2, 2, 1), (3, 1, 1), (3, 1, 2))
"""Kernel, stride, dilation of each layer."""
HEADS = ("layer", "kernel", "stride", "dilation", "sees", "step")


def grow(layers: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """For every layer what one pixel sees along an axis, and the step between two pixels, in input pixels."""
    sees, step, found = 1.0, 1.0, []
    for k, s, d in layers:
        sees += (k - 1) * d * step
        step *= s
        found.append((sees, step))
    return found


def _cell(table: Area, n: int, which: int, context: PageContext) -> float:
    layers = [(float(k), float(s), float(d)) for k, s, d in table.values(context)]
    return grow(layers)[n][which]


def pages() -> list[LessonPage]:
    """A table of layers whose field is computed line by line."""
    page = LessonPage.of("receptive", "receptive")
    page.heads(TOP, HEADS, 2)
    numbers = np.array(LAYERS, dtype=float)
    # Typed numbers stand in three neighbouring columns beside the table.
    side = LEFT + 14
    table = page.inputs("layers", TOP + 1, side, numbers, title="kernel, stride, dilation (change them)")
    sees: Expr = Number(1)
    step: Expr = Number(1)
    for n in range(len(LAYERS)):
        row = TOP + 1 + n
        page.label(row, LEFT, n + 1, theme.CENTER, 2)
        for m in range(3):
            page.formula(row, LEFT + 2 + m * 2, table.cell(n, m), partial(table.number, i=n, j=m))
        k, s, d = (table.cell(n, m) for m in range(3))
        sees = page.formula(row, LEFT + 8, add(sees, (k - 1) * d * step), partial(_cell, table, n, 0))
        step = page.formula(row, LEFT + 10, step * s, partial(_cell, table, n, 1))
    page.remark(
        TOP + len(LAYERS) + 2,
        LEFT,
        "sees = sees before + (kernel − 1) × dilation × step before;   step = step before × stride",
    )
    page.questions(TOP + len(LAYERS) + 4, 24)
    return [page]


def figures() -> list[DocumentPart]:
    """The table, and the first fields drawn."""
    found = grow([(float(k), float(s), float(d)) for k, s, d in LAYERS])
    rows = [
        [str(n + 1), *map(str, layer), f"{sees:g}", f"{step:g}"]
        for n, (layer, (sees, step)) in enumerate(zip(LAYERS, found, strict=True))
    ]
    size, drawn = 15, []
    for n in range(3):
        wide = int(found[n][0])
        first = size // 2 - wide // 2
        mark = (first, first, wide, wide)
        blank = np.zeros((size, size))
        drawn.append(Figure(f"layer {n + 1}", blank, "picture", side=2.2, marked=(mark,)))
    return [
        Math(
            "r_n = r_(n-1) + (k_n - 1) d_n j_(n-1), quad j_n = j_(n-1) s_n",
            "r(n) = r(n−1) + (k − 1) d j(n−1),  j(n) = j(n−1) s",
        ),
        Table(HEADS, rows, tuple(range(1, 6))),
        Figures(drawn),
    ]
