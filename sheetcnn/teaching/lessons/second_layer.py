"""Lesson 3: the second layer: 64 kernels of 3×3×32 over 32 maps give 64 maps."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Rect, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    TOP,
    Area,
    LessonPage,
    choice_of,
    correlate,
    fixed_value,
    sum_arrays,
)
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Math, Paragraph, Table, side_by_side

MAPS, KERNELS, SIZE, K, ACROSS = 32, 64, 6, 3, 8
OUT = SIZE - K + 1


def inputs() -> Array:
    """32 maps of 6×6, as a first layer might give them: whole numbers from 0 to 3."""
    return np.maximum(0, np.random.default_rng(11).integers(-3, 4, (MAPS, SIZE, SIZE))).astype(float)


def kernels() -> Array:
    """64 kernels of 32 slices of 3×3."""
    return np.random.default_rng(12).integers(-1, 2, (KERNELS, MAPS, K, K)).astype(float)


def pages() -> list[LessonPage]:
    """Inputs, the chosen kernel with its partial maps and their sum."""
    first = LessonPage.of("second", "inputs")
    maps = []
    for m, x in enumerate(inputs()):
        row, col = TOP + 1 + m // ACROSS * (SIZE + 2), LEFT + m % ACROSS * (SIZE + 1)
        first.remark(row - 1, col, f"map {m + 1}")
        maps.append(first.inputs(f"map{m}", row, col, x, "sequential"))
    first.plan.format.zoom = 50
    # The kernels lie below each other, one row each: slice after slice, row after row.
    third = LessonPage.of("second", "kernels")
    weights = third.inputs("kernels", TOP + 1, LEFT, kernels().reshape(KERNELS, -1), "diverging")
    for m in range(MAPS):
        third.remark(TOP, LEFT + m * K * K, f"slice {m + 1}")
    third.plan.format.one_page, third.plan.format.zoom = False, 50
    return [first, _sum(maps, weights), third]


def _kernel(weights: Area, m: int, context: PageContext) -> Array:
    own: Array = weights.values(context)[choice_of("kernel")(context) - 1].reshape(MAPS, K, K)[m]
    return own


def _sum(maps: list[Area], weights: Area) -> LessonPage:
    page = LessonPage.of("second", "one_map")
    kernel = page.choice("kernel", TOP, LEFT, "kernel", KERNELS, 1)
    top = TOP + 3
    page.heading(
        top - 1, LEFT, "for every input map: the slice of the kernel (left) and the partial map (right)"
    )
    partials = []
    wide = K + OUT + 2
    for m in range(MAPS):
        row, col = top + 1 + m // 4 * (OUT + 2), LEFT + m % 4 * wide
        page.remark(row - 1, col, f"map {m + 1}")
        # Row `kernel` of the list, nine columns from m × 9 on.
        places = Rect(weights.sheet, weights.row, weights.col + m * K * K, KERNELS, K * K, fixed=True)
        spot = add((call("ROW") - float(row)) * float(K), call("COLUMN") - float(col - 1))
        slice_, values = call("INDEX", places, kernel, spot), partial(_kernel, weights, m)
        own = page.formulas(row, col, (K, K), slice_, values, "diverging")
        partials.append(page.convolution(row, col + K + 1, [maps[m]], [own]))
    col, size = LEFT + 4 * wide + 2, (OUT, OUT)

    def together(ctx: PageContext) -> Array:
        return sum_arrays([p.values(ctx) for p in partials])

    formula = add(*(p.matching_cell() for p in partials))
    whole = page.formulas(top + 1, col, size, formula, together, "diverging", "the sum of all 32: one map")

    def relu(ctx: PageContext) -> Array:
        return np.maximum(together(ctx), 0.0)

    formula = call("MAX", 0, whole.matching_cell())
    page.formulas(top + OUT + 3, col, size, formula, relu, "sequential", "after ReLU")
    count = top + 2 * OUT + 6
    counts: tuple[tuple[str, Expr, int], ...] = (
        ("input maps", call("SUM", MAPS), MAPS),
        ("kernels = output maps", call("SUM", KERNELS), KERNELS),
        ("partial maps on the way", call("SUM", MAPS) * KERNELS, MAPS * KERNELS),
        ("weights: 64 × 32 × 3 × 3", call("SUM", KERNELS) * MAPS * (K * K), KERNELS * MAPS * K * K),
    )
    for n, (label, counted, number) in enumerate(counts):
        page.labelled(count + n, col, label, counted, fixed_value(number))
    page.questions(top + 2 + 8 * (OUT + 2), 26)
    page.plan.format.zoom = 50
    return page


def figures() -> list[DocumentPart]:
    """The first four of 32 slices, and the sum."""
    x, k = inputs(), kernels()[0]
    partials = [correlate(m, s) for m, s in zip(x, k, strict=True)]
    maps = [("input maps", "32"), ("kernels", "64"), ("output maps", "64")]
    rows = [*maps, ("partial maps on the way", "2,048")]
    parts: list[DocumentPart] = [
        side_by_side(
            Figure(f"input map {m + 1}", x[m], "sequential", 0, side=3.2),
            Figure(f"slice {m + 1}", k[m], "diverging", 0, side=3.2, sign="×"),
            Figure(f"partial map {m + 1}", partials[m], "diverging", 0, side=3.2, sign="="),
        )
        for m in range(4)
    ]
    parts += [
        Paragraph("… and 28 more. All 32 partial maps are added up to one:"),
        side_by_side(Figure("output map 1", np.sum(partials, axis=0), "diverging", 0, side=5)),
        Math("64 dot 32 dot 3 dot 3 + 64 = 18496", "64 · 32 · 3 · 3 + 64 = 18,496"),
        Table(("", "number"), rows, (1,)),
    ]
    return parts
