"""Lesson 5: ReLU once on the sum or on every term; before or after pooling."""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.expr import add, call
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    TOP,
    Area,
    LessonPage,
    correlate,
    sum_arrays,
    window_max,
    window_mean,
)
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Figures, side_by_side

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
    page = LessonPage.of("relu", "sum")
    xs, ks = [], []
    for n in range(2):
        top = TOP + n * (SIZE + 2)
        xs.append(page.inputs(f"map{n}", top + 1, LEFT, inputs()[n], "sequential", f"map {n + 1}"))
        col = LEFT + SIZE + 1
        ks.append(page.inputs(f"slice{n}", top + 1, col, kernels()[n], "diverging", f"slice {n + 1}"))

    def part(n: int) -> Area:
        row, col = TOP + 1 + n * (SIZE + 2), LEFT + SIZE + K + 3
        return page.convolution(row, col, [xs[n]], [ks[n]], f"partial sum {n + 1}")

    first, second = part(0), part(1)
    col, size = LEFT + SIZE + K + OUT + 5, (OUT, OUT)

    def on_sum(ctx: PageContext) -> Array:
        return _relu(first.values(ctx) + second.values(ctx))

    def on_each(ctx: PageContext) -> Array:
        return _relu(first.values(ctx)) + _relu(second.values(ctx))

    right = call("MAX", 0, add(first.matching_cell(), second.matching_cell()))
    words = "right: max(0, sum of both)"
    once = page.formulas(TOP + 1, col, size, right, on_sum, "sequential", words)
    wrong = add(call("MAX", 0, first.matching_cell()), call("MAX", 0, second.matching_cell()))
    words = "wrong: max(0, …) + max(0, …)"
    every = page.formulas(TOP + SIZE + 3, col, size, wrong, on_each, "sequential", words)
    page.difference(TOP + 1, col + OUT + 2, once, every)
    page.questions(TOP + 2 * (SIZE + 2) + 1, 28, last=3)
    page.plan.format.zoom = 80
    return [page, _pooling()]


def _pooled(x: Array, how: str) -> Array:
    windows = x.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    found: Array = windows.max(axis=2) if how == "MAX" else windows.mean(axis=2)
    return found


def _pooling() -> LessonPage:
    page = LessonPage.of("relu", "pooling")
    numbers = np.array([[3.0, -1, -2, -5], [0, 2, -1, -3], [4, -6, 1, 1], [-2, -4, 2, 5]])
    x = page.inputs("before", TOP + 1, LEFT, numbers, "diverging", "the map")

    def relu(ctx: PageContext) -> Array:
        return _relu(x.values(ctx))

    formula = call("MAX", 0, x.matching_cell())
    cut = page.formulas(TOP + 1, LEFT + 6, (4, 4), formula, relu, "sequential", "after ReLU")
    for n, (how, words) in enumerate((("MAX", "max pooling"), ("AVERAGE", "average pooling"))):
        row, size = TOP + 8 + n * 4, (2, 2)
        take = window_max if how == "MAX" else window_mean

        def before(ctx: PageContext, how: str = how) -> Array:
            return _pooled(relu(ctx), how)

        def after(ctx: PageContext, how: str = how) -> Array:
            return _relu(_pooled(x.values(ctx), how))

        first, last = (take(area.window(2, 2, step=2), 4) for area in (cut, x))
        one = page.formulas(row, LEFT, size, first, before, "sequential", f"{words}: ReLU first")
        last = call("MAX", 0, last)
        two = page.formulas(row, LEFT + 8, size, last, after, "sequential", f"{words}: ReLU after")
        page.difference(row, LEFT + 16, one, two)
    page.questions(TOP + 16, first=3)
    return page


def figures() -> list[DocumentPart]:
    """Partial sums and the two results."""
    sums = [correlate(x, k) for x, k in zip(inputs(), kernels(), strict=True)]
    return [
        Figures([Figure(f"partial sum {n + 1}", p, "diverging", 0, side=6) for n, p in enumerate(sums)]),
        side_by_side(
            Figure("right: max(0, sum)", _relu(sum_arrays(sums)), "sequential", 0, side=6),
            Figure("wrong: ReLU on each", sum_arrays([_relu(p) for p in sums]), "sequential", 0, side=6),
        ),
    ]
