"""Lesson 10: batch normalisation, and folding it into the convolution before it."""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.expr import Number, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, Lesson, Page, correlate
from sheetcnn.teaching.paper.document import Block, Figure, Figures, Math, Text

SIZE, K = 6, 3
OUT = SIZE - K + 1
NAMES = ("mean", "variance", "γ (scale)", "β (shift)", "bias before")
VALUES = np.array([[2.0], [4.0], [1.5], [-0.5], [1.0]])
EPSILON = 0.001

QUESTIONS = (
    (
        "Are the two results the same everywhere? Why?",
        "Yes: subtracting, dividing, scaling and shifting are the same for every pixel of the map, so they can go into weights and bias.",
    ),
    (
        "Set γ to 0. What becomes of the map, and of the folded kernel?",
        "Every pixel becomes β; all folded weights are 0.",
    ),
    (
        "The variance becomes 100 times as great. What happens to the folded weights?",
        "They become about a tenth.",
    ),
    (
        "Why may a trained network fold it, but not a network in training?",
        "In training, mean and variance are those of each batch and keep changing; afterwards they are fixed numbers.",
    ),
)


def image() -> Array:
    """A small map."""
    return np.random.default_rng(4).integers(0, 5, (SIZE, SIZE)).astype(float)


def kernel() -> Array:
    """A kernel of halves."""
    return np.random.default_rng(7).integers(-2, 3, (K, K)) / 2.0


def pages() -> list[Page]:
    """The layer as trained, and the folded kernel, side by side."""
    page = Page(
        "batchnorm",
        "Batch normalisation, and folding it",
        "left: convolution, then normalisation; right: one convolution with other weights; the same numbers",
    )
    page.text(TOP, LEFT, "a map (change it)", bold=True)
    x = page.typed("map", TOP + 1, LEFT, image(), "sequential")
    col = LEFT + SIZE + 2
    page.text(TOP, col, "kernel", bold=True)
    k = page.typed("kernel", TOP + 1, col, kernel(), "diverging")
    page.text(TOP, col + 5, "of the normalisation", bold=True)
    numbers = page.typed("numbers", TOP + 1, col + 10, VALUES)
    for n, words in enumerate(NAMES):
        page.text(TOP + 1 + n, col + 5, words)
    page.small(TOP + 6, col + 5, "ε = 0.001; a variance below 0 counts as 0")
    mean, variance, gamma, beta, bias = (numbers.cell(n, 0) for n in range(5))

    def of(f: PageContext) -> tuple[float, float, float, float, float]:
        m, v, g, b, c = numbers.values(f)[:, 0].tolist()
        return m, v, g, b, c

    def factor(f: PageContext) -> float:
        _, v, g, _, _ = of(f)
        return float(g / np.sqrt(max(0.0, v) + EPSILON))

    row = TOP + SIZE + 3
    scale = page.labelled(
        row,
        LEFT,
        "γ ÷ √(variance + ε)",
        gamma / call("SQRT", add(call("MAX", 0, variance), Number(EPSILON))),
        factor,
        8,
    )
    page.text(row + 2, LEFT, "convolution + bias", bold=True)

    def plain(f: PageContext) -> Array:
        return correlate(x.values(f), k.values(f)) + of(f)[4]

    z = page.live(
        row + 3, LEFT, (OUT, OUT), add(call("SUMPRODUCT", x.window(K, K), k.all()), bias), plain, "diverging"
    )
    page.text(row + 2, LEFT + OUT + 2, "then normalised", bold=True)

    def normal(f: PageContext) -> Array:
        m, v, g, b, _ = of(f)
        found: Array = (plain(f) - m) / np.sqrt(max(0.0, v) + EPSILON) * g + b
        return found

    root = call("SQRT", add(call("MAX", 0, variance), Number(EPSILON)))
    page.live(
        row + 3,
        LEFT + OUT + 2,
        (OUT, OUT),
        add((z.moving() - mean) / root * gamma, beta),
        normal,
        "diverging",
    )
    right = LEFT + 2 * OUT + 6
    page.text(row, right, "folded kernel: each weight × γ ÷ √(variance + ε)", bold=True)
    folded = page.live(
        row + 1, right, (K, K), k.moving() * scale, lambda f: k.values(f) * factor(f), "diverging"
    )
    new_bias = page.labelled(
        row + 1,
        right + K + 1,
        "folded bias",
        add((bias - mean) * scale, beta),
        lambda f: (of(f)[4] - of(f)[0]) * factor(f) + of(f)[3],
        5,
    )
    page.text(row + 5, right, "one convolution with the folded numbers", bold=True)

    def one(f: PageContext) -> Array:
        m, _, _, b, c = of(f)
        return correlate(x.values(f), k.values(f) * factor(f)) + (c - m) * factor(f) + b

    page.live(
        row + 6,
        right,
        (OUT, OUT),
        add(call("SUMPRODUCT", x.window(K, K), folded.all()), new_bias),
        one,
        "diverging",
    )
    page.questions(row + 12, [q for q, _ in QUESTIONS], 26)
    page.plan.format.zoom = 80
    return [page]


def figures() -> list[Block]:
    """Before, after, and the folded kernel."""
    m, v, g, b, c = VALUES[:, 0].tolist()
    factor = g / np.sqrt(v + EPSILON)
    z = correlate(image(), kernel()) + c
    return [
        Text(
            "A trained network normalises each map with fixed numbers; they can be folded into the kernel and its bias."
        ),
        Math(
            "w' = w dot gamma / sqrt(sigma^2 + epsilon), quad b' = (b - mu) dot gamma / sqrt(sigma^2 + epsilon) + beta",
            "w' = w · γ ÷ √(σ² + ε),  b' = (b − μ) · γ ÷ √(σ² + ε) + β",
        ),
        Figures(
            (
                Figure("map", image(), "sequential", 0, side=4.5),
                Figure("kernel", kernel(), "diverging", 1, side=4.5, sign="×"),
            )
        ),
        Figures(
            (
                Figure("convolution + bias", z, "diverging", 1, side=5),
                Figure("normalised", (z - m) / np.sqrt(v + EPSILON) * g + b, "diverging", 2, side=5),
            )
        ),
        Figures(
            (
                Figure(
                    f"folded kernel; bias {(c - m) * factor + b:.3f}",
                    kernel() * factor,
                    "diverging",
                    3,
                    side=5,
                ),
            )
        ),
    ]


LESSON = Lesson(
    "batchnorm",
    "Batch normalisation, and folding it",
    "what batch normalisation does after training, and where it can go",
    pages,
    figures,
    QUESTIONS,
)
