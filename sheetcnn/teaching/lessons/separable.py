"""Lesson 6: 1×1 and depthwise separable convolution, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Ref, add, call
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
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Figures, Math, Table

MAPS, OUTPUTS, SIZE, K = 3, 2, 6, 3
OUT = SIZE - K + 1
MOBILENET = (
    ("conv 1", 32, 64, 112),
    ("conv 2", 64, 128, 56),
    ("conv 3", 128, 128, 56),
    ("conv 4", 128, 256, 28),
    ("conv 5", 256, 256, 28),
    ("conv 6", 256, 512, 14),
    ("conv 7 to 11, each", 512, 512, 14),
    ("conv 12", 512, 1024, 7),
    ("conv 13", 1024, 1024, 7),
)
"""Of MobileNet v1 at 224×224 (Howard et al. 2017, table 1): maps in, maps out, and the side of the result."""


def inputs() -> Array:
    """Three small maps."""
    return np.random.default_rng(13).integers(0, 4, (MAPS, SIZE, SIZE)).astype(float)


def filters() -> Array:
    """One 3×3 filter for every map."""
    return np.random.default_rng(14).integers(-1, 2, (MAPS, K, K)).astype(float)


def mixing() -> Array:
    """The weights of the 1×1 convolution: a row per output map."""
    return np.array([[1.0, -1, 0.5], [0, 1, 1]])


def costs(maps_in: float, maps_out: float, side: int) -> tuple[float, ...]:
    """Multiply-adds of a separable layer: depthwise, 1×1, together; of a full 3×3 layer; and the share."""
    depthwise, pointwise = maps_in * 9 * side * side, maps_in * maps_out * side * side
    full = maps_in * maps_out * 9 * side * side
    return depthwise, pointwise, depthwise + pointwise, full, (depthwise + pointwise) / full


def _mixed(depth: list[Area], mix: Area, k: int, context: PageContext) -> Array:
    weights = mix.values(context)[k]
    return sum_arrays([d.values(context) * w for d, w in zip(depth, weights, strict=True)])


def pages() -> list[LessonPage]:
    """The two steps on numbers, and MobileNet's table."""
    page = LessonPage.of("separable", "separable")
    depth: list[Area] = []
    for m in range(MAPS):
        top = TOP + m * (SIZE + 2)
        x = page.inputs(f"map{m}", top + 1, LEFT, inputs()[m], "sequential", f"map {m + 1}")
        col = LEFT + SIZE + 1
        own = page.inputs(f"filter{m}", top + 1, col, filters()[m], "diverging", "its filter")
        depth.append(page.convolution(top + 1, col + K + 2, [x], [own], f"filtered map {m + 1}"))
    col = LEFT + SIZE + K + OUT + 6
    words = "the 1×1 convolution: a row of weights per output map"
    mix = page.inputs("mixing", TOP + 1, col, mixing(), "diverging", words)
    for k in range(OUTPUTS):
        words = f"output map {k + 1}: filtered maps × weights, added up"
        mixed = add(*(d.matching_cell() * mix.cell(k, m) for m, d in enumerate(depth)))
        values = partial(_mixed, depth, mix, k)
        page.formulas(TOP + 5 + k * (OUT + 2), col, (OUT, OUT), mixed, values, "diverging", words)
    page.questions(TOP + MAPS * (SIZE + 2) + 1, 30)
    page.plan.format.zoom = 70
    return [page, _mobilenet()]


def _mobilenet() -> LessonPage:
    page = LessonPage.of("separable", "mobilenet")
    page.text(TOP, LEFT, "width multiplier")
    width = page.inputs("width", TOP, LEFT + 6, np.array([[1.0]]))
    heads = ("layer", "maps in", "maps out", "side", "depthwise 3×3", "1×1", "together", "full 3×3", "share")
    page.heads(TOP + 2, heads)
    for n, (name, inside, outside, side) in enumerate(MOBILENET):
        row = TOP + 3 + n
        page.label(row, LEFT, name)
        page.label(row, LEFT + 12, side, theme.CENTER)
        w = width.cell(0, 0)
        maps_in, maps_out = (
            page.formula(row, col, call("MAX", 1, call("INT", w * float(maps))), _maps(width, maps), merge=4)
            for col, maps in ((LEFT + 4, inside), (LEFT + 8, outside))
        )

        def cost(formula: Expr, column: int, row: int = row, n: int = n) -> Ref:
            return page.formula(row, LEFT + 16 + 4 * column, formula, _cost(width, n, column), merge=4)

        area = float(side * side)
        deep, point = cost(maps_in * (9.0 * area), 0), cost(maps_in * maps_out * area, 1)
        full = cost(maps_in * maps_out * (9.0 * area), 3)
        both = cost(add(deep, point), 2)
        cost(both / full, 4)
    page.remark(TOP + 4 + len(MOBILENET), LEFT, "share = (depthwise + 1×1) ÷ full = 1 ÷ maps out + 1 ÷ 9")
    return page


def _maps(width: Area, maps: int) -> Callable[[PageContext], float]:
    return lambda context: max(1.0, float(np.floor(width.number(context) * maps)))


def _cost(width: Area, n: int, column: int) -> Callable[[PageContext], float]:
    _, inside, outside, side = MOBILENET[n]
    maps_in, maps_out = _maps(width, inside), _maps(width, outside)
    return lambda context: costs(maps_in(context), maps_out(context), side)[column]


def figures() -> list[DocumentPart]:
    """The steps, and the table."""
    depth = [correlate(x, f) for x, f in zip(inputs(), filters(), strict=True)]
    mixed = [sum_arrays([d * w for d, w in zip(depth, row, strict=True)]) for row in mixing()]
    rows = []
    for name, i, o, s in MOBILENET:
        _, _, separable, full, share = costs(i, o, s)
        rows.append((name, f"{i} → {o}", f"{separable:,}", f"{full:,}", f"{share:.3f}"))
    return [
        Figures([Figure(f"map {n + 1}, filtered", d, "diverging", 0, side=4) for n, d in enumerate(depth)]),
        Figures([Figure(f"output map {k + 1}", m, "diverging", 1, side=4) for k, m in enumerate(mixed)]),
        Math("(9 C + C O) / (9 C O) = 1 / O + 1 / 9", "(9C + CO) ÷ 9CO = 1 ÷ O + 1 ÷ 9"),
        Table(("MobileNet v1", "maps", "separable", "full", "share"), rows, (1, 2, 3, 4)),
    ]
