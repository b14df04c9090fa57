"""Lesson 3: the second layer: 64 kernels of 3×3×32 over 32 maps give 64 maps."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Rect, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    NUMBER,
    TOP,
    Area,
    Lesson,
    Page,
    added,
    chosen,
    constant,
    correlate,
)
from sheetcnn.teaching.paper.document import Block, Figure, Figures, Math, Table, Text

MAPS, KERNELS, SIZE, K, ACROSS = 32, 64, 6, 3, 8
OUT = SIZE - K + 1


def inputs() -> Array:
    """32 maps of 6×6, as a first layer might give them: whole numbers from 0 to 3."""
    return np.maximum(0, np.random.default_rng(11).integers(-3, 4, (MAPS, SIZE, SIZE))).astype(float)


def kernels() -> Array:
    """64 kernels of 32 slices of 3×3."""
    return np.random.default_rng(12).integers(-1, 2, (KERNELS, MAPS, K, K)).astype(float)


QUESTIONS = (
    (
        "How many slices does one kernel have, and how many numbers?",
        "32 slices, one for each input map: 32 × 9 = 288 weights, and one bias.",
    ),
    (
        "How many 3×3 windows are multiplied for one number of one output map?",
        "32: one on each input map, all at the same place.",
    ),
    (
        "Why are there 64 output maps and not 32 × 64 = 2,048?",
        "Because each kernel adds its 32 partial maps up to one. 2,048 partial maps exist only on the way.",
    ),
    ("How many parameters does the layer have?", "64 × 32 × 9 = 18,432 weights and 64 biases: 18,496."),
    (
        "Choose another kernel. Do the input maps change? Do the partial maps?",
        "The input maps stay; the partial maps follow the kernel's own slices.",
    ),
)


def pages() -> list[Page]:
    """Inputs, the chosen kernel with its partial maps and their sum."""
    first = Page("inputs", "32 maps from the first layer", "6×6 pixels each; change some")
    maps = []
    for m, x in enumerate(inputs()):
        row, col = TOP + 1 + m // ACROSS * (SIZE + 2), LEFT + m % ACROSS * (SIZE + 1)
        first.small(row - 1, col, f"map {m + 1}")
        maps.append(first.typed(f"map{m}", row, col, x, "sequential"))
    first.plan.format.zoom = 50
    # The kernels lie below each other, one row each: slice after slice, row after row.
    third = Page(
        "kernels",
        "64 kernels of 3×3×32",
        "one row per kernel: 32 slices of nine weights, slice after slice; change some",
    )
    weights = third.typed("kernels", TOP + 1, LEFT, kernels().reshape(KERNELS, -1), "diverging")
    for m in range(MAPS):
        third.small(TOP, LEFT + m * K * K, f"slice {m + 1}")
    third.plan.format.one_page, third.plan.format.zoom = False, 50
    return [first, _sum(maps, weights), third]


def _kernel(weights: Area, m: int, context: PageContext) -> Array:
    own: Array = weights.values(context)[chosen("kernel")(context) - 1].reshape(MAPS, K, K)[m]
    return own


def _partial(maps: list[Area], weights: Area, m: int, context: PageContext) -> Array:
    return correlate(maps[m].values(context), _kernel(weights, m, context))


def _whole(maps: list[Area], weights: Area, context: PageContext) -> Array:
    return added([_partial(maps, weights, m, context) for m in range(MAPS)])


def _sum(maps: list[Area], weights: Area) -> Page:
    page = Page(
        "one_map",
        "One kernel makes one map",
        "choose a kernel: its 32 slices meet the 32 input maps, and the 32 partial maps are added up",
    )
    kernel = page.choice("kernel", TOP, LEFT, "kernel", KERNELS, 1)
    top = TOP + 3
    page.text(
        top - 1,
        LEFT,
        "for every input map: the slice of the kernel (left) and the partial map (right)",
        bold=True,
    )
    partials = []
    wide = K + OUT + 2
    for m in range(MAPS):
        row, col = top + 1 + m // 4 * (OUT + 2), LEFT + m % 4 * wide
        page.small(row - 1, col, f"map {m + 1}")
        # Row `kernel` of the list, nine columns from m × 9 on.
        places = Rect(weights.sheet, weights.row, weights.col + m * K * K, KERNELS, K * K, fixed=True)
        spot = add((call("ROW") - float(row)) * float(K), call("COLUMN") - float(col - 1))
        own = page.live(
            row,
            col,
            (K, K),
            call("INDEX", places, kernel, spot),
            partial(_kernel, weights, m),
            "diverging",
            NUMBER,
        )
        formula = call("SUMPRODUCT", maps[m].window(K, K), own.all())
        partials.append(
            page.live(row, col + K + 1, (OUT, OUT), formula, partial(_partial, maps, weights, m), "diverging")
        )
    col = LEFT + 4 * wide + 2
    page.text(top, col, "the sum of all 32: one map", bold=True)
    whole = page.live(
        top + 1,
        col,
        (OUT, OUT),
        add(*(p.moving() for p in partials)),
        partial(_whole, maps, weights),
        "diverging",
    )
    page.text(top + OUT + 2, col, "after ReLU", bold=True)
    page.live(
        top + OUT + 3,
        col,
        (OUT, OUT),
        call("MAX", 0, whole.moving()),
        lambda f: np.maximum(0.0, _whole(maps, weights, f)),
        "sequential",
    )
    count = top + 2 * OUT + 6
    counts: tuple[tuple[str, Expr, int], ...] = (
        ("input maps", call("SUM", MAPS), MAPS),
        ("kernels = output maps", call("SUM", KERNELS), KERNELS),
        ("partial maps on the way", call("SUM", MAPS) * KERNELS, MAPS * KERNELS),
        ("weights: 64 × 32 × 3 × 3", call("SUM", KERNELS) * MAPS * (K * K), KERNELS * MAPS * K * K),
    )
    for n, (label, counted, number) in enumerate(counts):
        page.labelled(count + n, col, label, counted, constant(number))
    page.questions(top + 2 + 8 * (OUT + 2), [q for q, _ in QUESTIONS], 26)
    page.plan.format.zoom = 50
    return page


def figures() -> list[Block]:
    """The first four of 32 slices, and the sum."""
    x, k = inputs(), kernels()[0]
    partials = [correlate(m, s) for m, s in zip(x, k, strict=True)]
    blocks: list[Block] = [
        Text(
            "The first layer gave 32 maps. The second has 64 kernels, each with a slice of 3×3 for every one of the 32 maps. The first four of kernel 1:"
        )
    ]
    blocks += [
        Figures(
            (
                Figure(f"input map {m + 1}", x[m], "sequential", 0, side=3.2),
                Figure(f"slice {m + 1}", k[m], "diverging", 0, side=3.2, sign="×"),
                Figure(f"partial map {m + 1}", partials[m], "diverging", 0, side=3.2, sign="="),
            )
        )
        for m in range(4)
    ]
    blocks += [
        Text("… and 28 more. All 32 partial maps are added up to one:"),
        Figures((Figure("output map 1", np.sum(partials, axis=0), "diverging", 0, side=5),)),
        Math("64 dot 32 dot 3 dot 3 + 64 = 18496", "64 · 32 · 3 · 3 + 64 = 18,496"),
        Table(
            ("", "number"),
            (
                ("input maps", "32"),
                ("kernels", "64"),
                ("output maps", "64"),
                ("partial maps on the way", "2,048"),
            ),
            (1,),
        ),
    ]
    return blocks


LESSON = Lesson(
    "second",
    "The second layer: 64 kernels over 32 maps",
    "why 64 kernels over 32 maps give 64 maps, not 2,048",
    pages,
    figures,
    QUESTIONS,
)
