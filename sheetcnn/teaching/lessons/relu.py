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
    Lesson,
    Page,
    Values,
    added,
    correlate,
    greatest,
    mean,
)
from sheetcnn.teaching.paper.document import Block, Figure, Figures, Text

SIZE, K = 6, 3
OUT = SIZE - K + 1


def inputs() -> Array:
    """Two maps of whole numbers."""
    return np.random.default_rng(3).integers(0, 4, (2, SIZE, SIZE)).astype(float)


def kernels() -> Array:
    """Two slices of one kernel."""
    return np.random.default_rng(6).integers(-1, 2, (2, K, K)).astype(float)


QUESTIONS = (
    (
        "Where do the two results agree, and where do they part?",
        "They agree where no partial sum is negative, or all are; they part where one map's sum is negative and the other's is not.",
    ),
    (
        "Which of the two can never be smaller than the other, and why?",
        "ReLU on every term: dropping negative terms can only make a sum greater.",
    ),
    (
        "Why does a network want the negative partial sums?",
        "So that one map can speak against what another one says; with ReLU on every term, evidence could only add up.",
    ),
    (
        "ReLU before max pooling or after it: which values change?",
        "None: the greatest of the numbers, cut off at 0, is the greatest of the numbers that were cut off at 0.",
    ),
    (
        "And with average pooling?",
        "They differ where a window holds numbers of both signs: after the mean, negative numbers have already pulled it down.",
    ),
)


def _relu(x: Array) -> Array:
    found: Array = np.maximum(0.0, x)
    return found


def pages() -> list[Page]:
    """The sum, and the pooling."""
    page = Page(
        "sum",
        "ReLU once on the sum, or on every term?",
        "the same two maps and the same kernel; change any orange number",
    )
    xs, ks = [], []
    for n in range(2):
        top = TOP + n * (SIZE + 2)
        page.text(top, LEFT, f"map {n + 1}", bold=True)
        xs.append(page.typed(f"map{n}", top + 1, LEFT, inputs()[n], "sequential"))
        page.text(top, LEFT + SIZE + 1, f"slice {n + 1}", bold=True)
        ks.append(page.typed(f"slice{n}", top + 1, LEFT + SIZE + 1, kernels()[n], "diverging"))

    def part(n: int) -> Area:
        top = TOP + n * (SIZE + 2)
        page.text(top, LEFT + SIZE + K + 3, f"partial sum {n + 1}", bold=True)
        formula = call("SUMPRODUCT", xs[n].window(K, K), ks[n].all())
        return page.live(
            top + 1,
            LEFT + SIZE + K + 3,
            (OUT, OUT),
            formula,
            lambda f: correlate(xs[n].values(f), ks[n].values(f)),
            "diverging",
        )

    first, second = part(0), part(1)
    col = LEFT + SIZE + K + OUT + 5
    once = page.live(
        TOP + 1,
        col,
        (OUT, OUT),
        call("MAX", 0, add(first.moving(), second.moving())),
        lambda f: _relu(first.values(f) + second.values(f)),
        "sequential",
    )
    page.text(TOP, col, "right: max(0, sum of both)", bold=True)
    wrong = add(call("MAX", 0, first.moving()), call("MAX", 0, second.moving()))
    page.text(TOP + SIZE + 2, col, "wrong: max(0, …) + max(0, …)", bold=True)
    every = page.live(
        TOP + SIZE + 3,
        col,
        (OUT, OUT),
        wrong,
        lambda f: _relu(first.values(f)) + _relu(second.values(f)),
        "sequential",
    )
    page.text(TOP, col + OUT + 2, "1 where they part", bold=True)
    page.live(
        TOP + 1,
        col + OUT + 2,
        (OUT, OUT),
        call("IF", compare("<>", once.moving(), every.moving()), 1, 0),
        lambda f: (once.values(f) != every.values(f)) * 1.0,
        "sequential",
    )
    page.questions(TOP + 2 * (SIZE + 2) + 1, [q for q, _ in QUESTIONS[:3]], 28)
    page.plan.format.zoom = 80
    return [page, _pooling()]


def _parted(a: Values, b: Values, context: PageContext) -> Array:
    parted: Array = (a(context) != b(context)) * 1.0
    return parted


def _pooled(x: Array, how: str) -> Array:
    blocks = x.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    found: Array = blocks.max(axis=2) if how == "MAX" else blocks.mean(axis=2)
    return found


def _pooling() -> Page:
    page = Page("pooling", "ReLU before or after pooling?", "a map before ReLU; change it")
    numbers = np.array([[3.0, -1, -2, -5], [0, 2, -1, -3], [4, -6, 1, 1], [-2, -4, 2, 5]])
    page.text(TOP, LEFT, "the map", bold=True)
    x = page.typed("before", TOP + 1, LEFT, numbers, "diverging")
    page.text(TOP, LEFT + 6, "after ReLU", bold=True)
    cut = page.live(
        TOP + 1, LEFT + 6, (4, 4), call("MAX", 0, x.moving()), lambda f: _relu(x.values(f)), "sequential"
    )
    for n, (how, words) in enumerate((("MAX", "max pooling"), ("AVERAGE", "average pooling"))):
        top = TOP + 7 + n * 4
        take = greatest if how == "MAX" else mean
        page.text(top, LEFT, f"{words}: ReLU first", bold=True)
        page.text(top, LEFT + 8, f"{words}: ReLU after", bold=True)

        def before(f: PageContext, how: str = how) -> Array:
            return _pooled(_relu(x.values(f)), how)

        def after(f: PageContext, how: str = how) -> Array:
            return _relu(_pooled(x.values(f), how))

        one = page.live(top + 1, LEFT, (2, 2), take(cut.window(2, 2, step=2), 4), before, "sequential")
        two = page.live(
            top + 1, LEFT + 8, (2, 2), call("MAX", 0, take(x.window(2, 2, step=2), 4)), after, "sequential"
        )
        page.text(top, LEFT + 16, "1 where they part", bold=True)
        page.live(
            top + 1,
            LEFT + 16,
            (2, 2),
            call("IF", compare("<>", one.moving(), two.moving()), 1, 0),
            partial(_parted, before, after),
            "sequential",
        )
    page.questions(TOP + 16, [q for q, _ in QUESTIONS[3:]], 24)
    return page


def figures() -> list[Block]:
    """Partial sums and the two results."""
    parts = [correlate(x, k) for x, k in zip(inputs(), kernels(), strict=True)]
    return [
        Text("Each input map gives a partial sum. ReLU is applied once, to their sum; not to each of them."),
        Figures([Figure(f"partial sum {n + 1}", p, "diverging", 0, side=6) for n, p in enumerate(parts)]),
        Figures(
            (
                Figure("right: max(0, sum)", _relu(added(parts)), "sequential", 0, side=6),
                Figure("wrong: ReLU on each", added([_relu(p) for p in parts]), "sequential", 0, side=6),
            )
        ),
    ]


LESSON = Lesson(
    "relu",
    "ReLU once, on the sum",
    "where ReLU belongs, and whether it commutes with pooling",
    pages,
    figures,
    QUESTIONS,
)
