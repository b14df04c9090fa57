"""Lesson 5: ReLU once on the sum or on every term; before or after pooling."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import add, call, compare
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    TOP,
    Area,
    LessonPage,
    Values,
    correlate,
    questions,
    sum_arrays,
    window_max,
    window_mean,
)
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Figures, Paragraph, side_by_side

SIZE, K = 6, 3
OUT = SIZE - K + 1


def inputs() -> Array:
    """Two maps of whole numbers."""
    return np.random.default_rng(3).integers(0, 4, (2, SIZE, SIZE)).astype(float)


def kernels() -> Array:
    """Two slices of one kernel."""
    return np.random.default_rng(6).integers(-1, 2, (2, K, K)).astype(float)


def _relu(x: Array) -> Array:
    found: Array = np.maximum(0.0, x)
    return found


def pages() -> list[LessonPage]:
    """The sum, and the pooling."""
    page = LessonPage(
        "sum",
        "ReLU once on the sum, or on every term?",
        "the same two maps and the same kernel; change any orange number",
    )
    xs, ks = [], []
    for n in range(2):
        top = TOP + n * (SIZE + 2)
        page.text(top, LEFT, f"map {n + 1}", bold=True)
        xs.append(page.inputs(f"map{n}", top + 1, LEFT, inputs()[n], "sequential"))
        page.text(top, LEFT + SIZE + 1, f"slice {n + 1}", bold=True)
        ks.append(page.inputs(f"slice{n}", top + 1, LEFT + SIZE + 1, kernels()[n], "diverging"))

    def part(n: int) -> Area:
        top = TOP + n * (SIZE + 2)
        page.text(top, LEFT + SIZE + K + 3, f"partial sum {n + 1}", bold=True)
        return page.convolution(top + 1, LEFT + SIZE + K + 3, [xs[n]], [ks[n]])

    first, second = part(0), part(1)
    col = LEFT + SIZE + K + OUT + 5
    once = page.formulas(
        TOP + 1,
        col,
        (OUT, OUT),
        call("MAX", 0, add(first.matching_cell(), second.matching_cell())),
        lambda ctx: _relu(first.values(ctx) + second.values(ctx)),
        "sequential",
    )
    page.text(TOP, col, "right: max(0, sum of both)", bold=True)
    wrong = add(call("MAX", 0, first.matching_cell()), call("MAX", 0, second.matching_cell()))
    page.text(TOP + SIZE + 2, col, "wrong: max(0, …) + max(0, …)", bold=True)
    every = page.formulas(
        TOP + SIZE + 3,
        col,
        (OUT, OUT),
        wrong,
        lambda ctx: _relu(first.values(ctx)) + _relu(second.values(ctx)),
        "sequential",
    )
    page.text(TOP, col + OUT + 2, "1 where they part", bold=True)
    page.formulas(
        TOP + 1,
        col + OUT + 2,
        (OUT, OUT),
        call("IF", compare("<>", once.matching_cell(), every.matching_cell()), 1, 0),
        lambda ctx: (once.values(ctx) != every.values(ctx)) * 1.0,
        "sequential",
    )
    page.questions(TOP + 2 * (SIZE + 2) + 1, questions("relu")[:3], 28)
    page.plan.format.zoom = 80
    return [page, _pooling()]


def _parted(a: Values, b: Values, context: PageContext) -> Array:
    parted: Array = (a(context) != b(context)) * 1.0
    return parted


def _pooled(x: Array, how: str) -> Array:
    windows = x.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    found: Array = windows.max(axis=2) if how == "MAX" else windows.mean(axis=2)
    return found


def _pooling() -> LessonPage:
    page = LessonPage("pooling", "ReLU before or after pooling?", "a map before ReLU; change it")
    numbers = np.array([[3.0, -1, -2, -5], [0, 2, -1, -3], [4, -6, 1, 1], [-2, -4, 2, 5]])
    page.text(TOP, LEFT, "the map", bold=True)
    x = page.inputs("before", TOP + 1, LEFT, numbers, "diverging")
    page.text(TOP, LEFT + 6, "after ReLU", bold=True)
    cut = page.formulas(
        TOP + 1,
        LEFT + 6,
        (4, 4),
        call("MAX", 0, x.matching_cell()),
        lambda ctx: _relu(x.values(ctx)),
        "sequential",
    )
    for n, (how, words) in enumerate((("MAX", "max pooling"), ("AVERAGE", "average pooling"))):
        top = TOP + 7 + n * 4
        take = window_max if how == "MAX" else window_mean
        page.text(top, LEFT, f"{words}: ReLU first", bold=True)
        page.text(top, LEFT + 8, f"{words}: ReLU after", bold=True)

        def before(ctx: PageContext, how: str = how) -> Array:
            return _pooled(_relu(x.values(ctx)), how)

        def after(ctx: PageContext, how: str = how) -> Array:
            return _relu(_pooled(x.values(ctx), how))

        one = page.formulas(top + 1, LEFT, (2, 2), take(cut.window(2, 2, step=2), 4), before, "sequential")
        two = page.formulas(
            top + 1, LEFT + 8, (2, 2), call("MAX", 0, take(x.window(2, 2, step=2), 4)), after, "sequential"
        )
        page.text(top, LEFT + 16, "1 where they part", bold=True)
        page.formulas(
            top + 1,
            LEFT + 16,
            (2, 2),
            call("IF", compare("<>", one.matching_cell(), two.matching_cell()), 1, 0),
            partial(_parted, before, after),
            "sequential",
        )
    page.questions(TOP + 16, questions("relu")[3:], 24)
    return page


def figures() -> list[DocumentPart]:
    """Partial sums and the two results."""
    partial_sums = [correlate(x, k) for x, k in zip(inputs(), kernels(), strict=True)]
    return [
        Paragraph(
            "Each input map gives a partial sum. ReLU is applied once, to their sum; not to each of them."
        ),
        Figures(
            [Figure(f"partial sum {n + 1}", p, "diverging", 0, side=6) for n, p in enumerate(partial_sums)]
        ),
        side_by_side(
            Figure("right: max(0, sum)", _relu(sum_arrays(partial_sums)), "sequential", 0, side=6),
            Figure(
                "wrong: ReLU on each", sum_arrays([_relu(p) for p in partial_sums]), "sequential", 0, side=6
            ),
        ),
    ]
