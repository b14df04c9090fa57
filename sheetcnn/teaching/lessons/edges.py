"""Lesson 1: one kernel over one image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, LessonPage, correlate
from sheetcnn.teaching.paper.document import DocumentPart, Figure, side_by_side

SIZE = 12
KERNEL = np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])
OTHERS = (
    ("edges from left to right", KERNEL),
    ("edges from top to bottom", KERNEL.T),
    ("outlines", np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]])),
    ("blur", np.full((3, 3), 0.125)),
)


def image() -> np.ndarray:
    """A house: a square with a roof, bright on dark."""
    x = np.zeros((SIZE, SIZE))
    x[6:11, 3:9] = 6.0
    x[8:11, 5:7] = 2.0
    for n in range(4):
        x[5 - n, 3 + n : 9 - n] = 9.0
    return x


def pages() -> list[LessonPage]:
    """One sheet."""
    page = LessonPage.of("edges", "edges")
    x = page.inputs("image", TOP + 1, LEFT, image(), "pixels", "the image (change it)")
    col = LEFT + SIZE + 2
    kernel = page.inputs("kernel", TOP + 1, col, KERNEL, "diverging", "the kernel (change it)")
    row = TOP + 6
    page.heading(row, col, "kernels to try")
    for n, (name, numbers) in enumerate(OTHERS):
        page.remark(row + 1 + n * 2, col, f"{name}: {' / '.join(_row(r) for r in numbers.tolist())}")
    right = col + 15
    out = page.convolution(TOP + 1, right, [x], [kernel], "the result: window times kernel, added up")
    page.questions(TOP + SIZE + 3, 34)
    page.zoom_to_fit(out)
    return [page]


def _row(numbers: Sequence[float]) -> str:
    return " ".join(f"{n:g}" for n in numbers).replace("-", "−")


def figures() -> list[DocumentPart]:
    """Image, kernel, result."""
    return [
        side_by_side(
            Figure("the image", image(), "picture", 0, side=4.6),
            Figure("the kernel", KERNEL, "diverging", 0, side=6, sign="×"),
        ),
        side_by_side(Figure("the result", correlate(image(), KERNEL), "diverging", 0, side=5, sign="=")),
    ]
