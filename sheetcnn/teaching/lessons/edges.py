"""Lesson 1: one kernel over one image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.formulas.expr import call
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, Lesson, Page, correlate
from sheetcnn.teaching.paper.document import Block, Figure, Figures, Text

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


QUESTIONS = (
    (
        "Why is the result 0 in the middle of the wall, although the wall is bright?",
        "Left and right of the middle the pixels are equal, so the weights −1 and 1 cancel. Only differences count.",
    ),
    (
        "Which sides of the house are blue, which are orange, and why?",
        "Where it gets brighter from left to right the sum is positive (blue); where it gets darker, negative (orange).",
    ),
    (
        "Type the kernel of 'edges from top to bottom' into the orange numbers. Which edges vanish?",
        "The upright ones: along them, a row above and the row below are equal.",
    ),
    (
        "Multiply all nine weights by 2. What changes in the picture, and what in its colours?",
        "Every number doubles; the colours stay, because the scale follows the greatest number.",
    ),
    (
        "The image has 12×12 pixels and the result 10×10. Where did the others go?",
        "The 3×3 window must lie inside the image, so it has only 10 places in each direction. See the lesson 'padding'.",
    ),
)


def pages() -> list[Page]:
    """One sheet."""
    page = Page("edges", "One kernel over one image", "change a pixel or a weight: every number follows")
    page.text(TOP, LEFT, "the image (change it)", bold=True)
    x = page.typed("image", TOP + 1, LEFT, image(), "pixels")
    col = LEFT + SIZE + 2
    page.text(TOP, col, "the kernel (change it)", bold=True)
    kernel = page.typed("kernel", TOP + 1, col, KERNEL, "diverging")
    row = TOP + 6
    page.text(row, col, "kernels to try", bold=True)
    for n, (name, numbers) in enumerate(OTHERS):
        page.small(row + 1 + n * 2, col, f"{name}: {' / '.join(_row(r) for r in numbers.tolist())}")
    right = col + 15
    page.text(TOP, right, "the result: window times kernel, added up", bold=True)
    out = page.live(
        TOP + 1,
        right,
        (SIZE - 2, SIZE - 2),
        call("SUMPRODUCT", x.window(3, 3), kernel.all()),
        lambda f: correlate(x.values(f), kernel.values(f)),
        "diverging",
    )
    page.questions(TOP + SIZE + 3, [q for q, _ in QUESTIONS], 34)
    page.frame(out)
    return [page]


def _row(numbers: Sequence[float]) -> str:
    return " ".join(f"{n:g}" for n in numbers).replace("-", "−")


def figures() -> list[Block]:
    """Image, kernel, result."""
    return [
        Text(
            "A kernel is laid over every place of the image; nine products are added up. Its weights say what counts."
        ),
        Figures(
            (
                Figure("the image", image(), "picture", 0, side=4.6),
                Figure("the kernel", KERNEL, "diverging", 0, side=6, sign="×"),
            )
        ),
        Figures((Figure("the result", correlate(image(), KERNEL), "diverging", 0, side=5, sign="="),)),
    ]


LESSON = Lesson(
    "edges",
    "One kernel over one image",
    "what a kernel finds: edges in a picture",
    pages,
    figures,
    QUESTIONS,
)
