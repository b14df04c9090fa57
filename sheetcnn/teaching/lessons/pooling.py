"""Lesson 8: pooling, per map."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    TOP,
    Area,
    LessonPage,
    window_max,
    window_mean,
)
from sheetcnn.teaching.paper.document import DocumentPart, Figure, side_by_side

MAPS, SIZE = 3, 6
KINDS = (
    ("MAX", "max pooling 2×2, stride 2", 2),
    ("AVERAGE", "average pooling 2×2, stride 2", 2),
    ("MAX", "max pooling 2×2, stride 1", 1),
)


def inputs() -> Array:
    """Three maps of whole numbers."""
    return np.random.default_rng(9).integers(0, 9, (MAPS, SIZE, SIZE)).astype(float)


def pool(x: Array, how: str, stride: int) -> Array:
    """Greatest or mean of 2×2 windows."""
    found = [
        [x[i : i + 2, j : j + 2] for j in range(0, SIZE - 1, stride)] for i in range(0, SIZE - 1, stride)
    ]
    return np.array([[w.max() if how == "MAX" else w.mean() for w in row] for row in found])


def _pooled(x: Area, how: str, stride: int, context: PageContext) -> Array:
    return pool(x.values(context), how, stride)


def pages() -> list[LessonPage]:
    """Three maps, pooled in three ways."""
    page = LessonPage.of("pooling", "pooling")
    for m, numbers in enumerate(inputs()):
        top = TOP + m * (SIZE + 2)
        x = page.inputs(f"map{m}", top + 1, LEFT, numbers, "sequential", f"map {m + 1}")
        col = LEFT + SIZE + 2
        for how, words, stride in KINDS:
            size = (SIZE - 2) // stride + 1
            if not m:
                page.heading(top, col, words)
            seen = x.window(2, 2, step=stride)
            formula = window_max(seen, 4) if how == "MAX" else window_mean(seen, 4)
            page.formulas(top + 1, col, (size, size), formula, partial(_pooled, x, how, stride), "sequential")
            col += max(size, 6) + 2
    page.questions(TOP + MAPS * (SIZE + 2) + 1, 30)
    page.plan.format.zoom = 70
    return [page]


def figures() -> list[DocumentPart]:
    """Each map with its pooled ones."""
    return [
        side_by_side(
            Figure(f"map {m + 1}", x, "sequential", 0, side=4),
            Figure("max, stride 2", pool(x, "MAX", 2), "sequential", 0, side=4),
            Figure("mean, stride 2", pool(x, "AVERAGE", 2), "sequential", 2, side=4),
        )
        for m, x in enumerate(inputs())
    ]
