"""Lesson 4: three readings of a second convolution, and which one is right."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Number, Ref, call
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    TOP,
    Area,
    LessonPage,
    correlate,
    sum_arrays,
)
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Figures, Paragraph, Table, side_by_side

MAPS, KERNELS, SIZE, K = 3, 2, 6, 3
OUT = SIZE - K + 1
WIDENINGS = (8, 16, 32, 64, 128, 256)


def inputs() -> Array:
    """Three small maps of whole numbers, as a first layer might give them."""
    return np.random.default_rng(5).integers(0, 4, (MAPS, SIZE, SIZE)).astype(float)


def kernels() -> Array:
    """Two kernels of three 3×3 slices."""
    return np.random.default_rng(8).integers(-1, 2, (KERNELS, MAPS, K, K)).astype(float)


def pages() -> list[LessonPage]:
    """The readings side by side, and the cost of widening."""
    page = LessonPage.of("readings", "readings")
    page.heading(TOP, LEFT, "three input maps (change them)")
    xs = [
        page.inputs(f"map{m}", TOP + 1, LEFT + m * (SIZE + 1), x, "sequential")
        for m, x in enumerate(inputs())
    ]
    top = TOP + SIZE + 2
    page.heading(top, LEFT, "two kernels with a slice for each map (A and B use only the first slice)")
    slices: list[list[Area]] = []
    for k, own in enumerate(kernels()):
        row = top + 1 + k * (K + 1)
        columns = [(f"kernel{k}.{m}", LEFT + m * (K + 1), s) for m, s in enumerate(own)]
        slices.append([page.inputs(key, row, col, s, "diverging") for key, col, s in columns])
        page.remark(row, LEFT + MAPS * (K + 1), f"kernel {k + 1}")
    a = top + 2 + KERNELS * (K + 1)
    page.heading(a, LEFT, "A: each filter on each map separately: 2 × 3 = 6 maps. No network does this.")
    for k in range(KERNELS):
        for m, x in enumerate(xs):
            page.convolution(a + 1, LEFT + (k * MAPS + m) * (OUT + 1), [x], slices[k][:1])
    b = a + OUT + 3
    words = "B: one shared 2-D filter, summed over the maps: 2 maps. No network does this either."
    page.heading(b, LEFT, words)
    c = b + OUT + 3
    words = "C ✓: a separate slice for every map, summed over the maps: 2 maps. This is convolution."
    page.heading(c, LEFT, words)
    for k in range(KERNELS):
        shared = [slices[k][0]] * MAPS
        for row, used in ((b, shared), (c, slices[k])):
            page.convolution(row + 1, LEFT + k * (OUT + 1), xs, used)
    shared_weights = KERNELS * K * K
    for row, words in (
        (a, f"{shared_weights} weights, 6 maps"),
        (b, f"{shared_weights} weights, 2 maps"),
        (c, f"2 × 3 × 9 = {shared_weights * MAPS} weights, 2 maps"),
    ):
        page.remark(row + 1, LEFT + 2 * MAPS * (OUT + 1) + 1, words)
    page.questions(c + OUT + 3, 32)
    page.plan.format.zoom = 60
    return [page, _cost()]


def _cost() -> LessonPage:
    """What it costs to make a layer wider."""
    page = LessonPage.of("readings", "cost")
    size = page.inputs("kernel", TOP, LEFT + 8, np.array([[3.0]]))
    page.text(TOP, LEFT, "kernel, pixels along a side")
    side = page.inputs("side", TOP + 1, LEFT + 8, np.array([[28.0]]))
    page.text(TOP + 1, LEFT, "map, pixels along a side")
    widths = page.inputs("widths", TOP + 4, LEFT, np.array(WIDENINGS, dtype=float)[:, None])
    heads = ("maps", "weights of C", "as A or B", "multiply-adds", "against half")
    page.heads(TOP + 3, heads, style=theme.HEADING)
    for n in range(len(WIDENINGS)):
        row = TOP + 4 + n
        maps, k, s = widths.cell(n, 0), size.cell(0, 0), side.cell(0, 0)
        both, one = (partial(_weights, widths, size, n, power) for power in (2, 1))
        weights = page.formula(row, LEFT + 4, maps * maps * k * k, both, merge=4)
        page.formula(row, LEFT + 8, maps * k * k, one, merge=4)
        adds = weights * s * s
        page.formula(row, LEFT + 12, adds, partial(_adds, widths, size, side, n), merge=4)
        if n:
            before = Ref(None, row - 1, LEFT + 4)
            ratio = call("IF", call("ABS", before), weights / call("MAX", before, Number(1e-9)), 0)
            page.formula(row, LEFT + 16, ratio, partial(_ratio, widths, size, n), merge=4)
    page.remark(
        TOP + 5 + len(WIDENINGS),
        LEFT,
        "twice as many maps: four times the weights and the work, because every output map has a slice for every input map",
    )
    return page


def _weights(widths: Area, size: Area, n: int, power: int, context: PageContext) -> float:
    return widths.number(context, n) ** power * size.number(context) ** 2


def _adds(widths: Area, size: Area, side: Area, n: int, context: PageContext) -> float:
    return _weights(widths, size, n, 2, context) * side.number(context) ** 2


def _ratio(widths: Area, size: Area, n: int, context: PageContext) -> float:
    now, before = (_weights(widths, size, m, 2, context) for m in (n, n - 1))
    return now / max(before, 1e-9) if before else 0.0


def figures() -> list[DocumentPart]:
    """Kernel 1 in the three readings."""
    x, k = inputs(), kernels()
    each = [correlate(m, k[0, 0]) for m in x]
    own = sum_arrays([correlate(m, s) for m, s in zip(x, k[0], strict=True)])
    return [
        Figures([Figure(f"map {n + 1}", m, "sequential", 0, side=4) for n, m in enumerate(x)]),
        Paragraph("A: each filter on each map separately (kernel 1 alone gives three maps):", small=True),
        Figures([Figure(f"A, map {n + 1}", m, "diverging", 0, side=4) for n, m in enumerate(each)]),
        Paragraph(
            "B: one shared filter, summed over the maps. C, the right one: a slice for every map, summed over the maps:",
            small=True,
        ),
        side_by_side(
            Figure("B, kernel 1", sum_arrays(each), "diverging", 0, side=4),
            Figure("C, kernel 1", own, "diverging", 0, side=4),
        ),
        Table(
            ("reading", "weights", "maps", "32 maps to 64"),
            (
                ("A", "2 × 9 = 18", "6", "576"),
                ("B", "2 × 9 = 18", "2", "576"),
                ("C", "2 × 3 × 9 = 54", "2", "18,432"),
            ),
            (1, 2, 3),
        ),
    ]
