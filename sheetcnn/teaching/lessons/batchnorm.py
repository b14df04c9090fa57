"""Lesson 10: batch normalisation, and folding it into the convolution before it."""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.expr import Number, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, LessonPage, correlate
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Math, side_by_side

SIZE, K = 6, 3
OUT = SIZE - K + 1
NAMES = ("mean", "variance", "γ (scale)", "β (shift)", "bias before")
VALUES = np.array([[2.0], [4.0], [1.5], [-0.5], [1.0]])
EPSILON = 0.001


def image() -> Array:
    """A small map."""
    return np.random.default_rng(4).integers(0, 5, (SIZE, SIZE)).astype(float)


def kernel() -> Array:
    """A kernel of halves."""
    return np.random.default_rng(7).integers(-2, 3, (K, K)) / 2.0


def pages() -> list[LessonPage]:
    """The layer as trained, and the folded kernel, side by side."""
    page = LessonPage.of("batchnorm", "batchnorm")
    x = page.inputs("map", TOP + 1, LEFT, image(), "sequential", "a map (change it)")
    col = LEFT + SIZE + 2
    k = page.inputs("kernel", TOP + 1, col, kernel(), "diverging", "kernel")
    page.heading(TOP, col + 5, "of the normalisation")
    numbers = page.inputs("numbers", TOP + 1, col + 10, VALUES)
    for n, words in enumerate(NAMES):
        page.text(TOP + 1 + n, col + 5, words)
    page.remark(TOP + 6, col + 5, "ε = 0.001; a variance below 0 counts as 0")
    mean, variance, gamma, beta, bias = (numbers.cell(n, 0) for n in range(5))

    def of(ctx: PageContext) -> tuple[float, float, float, float, float]:
        m, v, g, b, c = numbers.values(ctx)[:, 0].tolist()
        return m, v, g, b, c

    def factor(ctx: PageContext) -> float:
        _, v, g, _, _ = of(ctx)
        return float(g / np.sqrt(max(0.0, v) + EPSILON))

    row, size = TOP + SIZE + 3, (OUT, OUT)
    root = call("SQRT", add(call("MAX", 0, variance), Number(EPSILON)))
    scale = page.labelled(row, LEFT, "γ ÷ √(variance + ε)", gamma / root, factor, 8)

    def plain(ctx: PageContext) -> Array:
        return correlate(x.values(ctx), k.values(ctx)) + of(ctx)[4]

    convolved = add(call("SUMPRODUCT", x.window(K, K), k.whole()), bias)
    z = page.formulas(row + 3, LEFT, size, convolved, plain, "diverging", "convolution + bias")

    def normal(ctx: PageContext) -> Array:
        m, v, g, b, _ = of(ctx)
        found: Array = (plain(ctx) - m) / np.sqrt(max(0.0, v) + EPSILON) * g + b
        return found

    normalised = add((z.matching_cell() - mean) / root * gamma, beta)
    page.formulas(row + 3, LEFT + OUT + 2, size, normalised, normal, "diverging", "then normalised")
    right = LEFT + 2 * OUT + 6

    def folded_kernel(ctx: PageContext) -> Array:
        return k.values(ctx) * factor(ctx)

    words = "folded kernel: each weight × γ ÷ √(variance + ε)"
    scaled = k.matching_cell() * scale
    folded = page.formulas(row + 1, right, (K, K), scaled, folded_kernel, "diverging", words)

    def folded_bias(ctx: PageContext) -> float:
        m, _, _, b, c = of(ctx)
        return (c - m) * factor(ctx) + b

    shifted = add((bias - mean) * scale, beta)
    new_bias = page.labelled(row + 1, right + K + 1, "folded bias", shifted, folded_bias, 5)

    def one(ctx: PageContext) -> Array:
        m, _, _, b, c = of(ctx)
        return correlate(x.values(ctx), folded_kernel(ctx)) + (c - m) * factor(ctx) + b

    words = "one convolution with the folded numbers"
    convolved = add(call("SUMPRODUCT", x.window(K, K), folded.whole()), new_bias)
    page.formulas(row + 6, right, size, convolved, one, "diverging", words)
    page.questions(row + 12, 26)
    page.plan.format.zoom = 80
    return [page]


def figures() -> list[DocumentPart]:
    """Before, after, and the folded kernel."""
    m, v, g, b, c = VALUES[:, 0].tolist()
    factor = g / np.sqrt(v + EPSILON)
    z = correlate(image(), kernel()) + c
    caption = f"folded kernel; bias {(c - m) * factor + b:.3f}"
    return [
        Math(
            "w' = w dot gamma / sqrt(sigma^2 + epsilon), quad b' = (b - mu) dot gamma / sqrt(sigma^2 + epsilon) + beta",
            "w' = w · γ ÷ √(σ² + ε),  b' = (b − μ) · γ ÷ √(σ² + ε) + β",
        ),
        side_by_side(
            Figure("map", image(), "sequential", 0, side=4.5),
            Figure("kernel", kernel(), "diverging", 1, side=4.5, sign="×"),
        ),
        side_by_side(
            Figure("convolution + bias", z, "diverging", 1, side=5),
            Figure("normalised", (z - m) / np.sqrt(v + EPSILON) * g + b, "diverging", 2, side=5),
        ),
        side_by_side(Figure(caption, kernel() * factor, "diverging", 3, side=5)),
    ]
