"""Which of several kernels made a map."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question
from sheetcnn.teaching.lessons.lesson_page import correlate
from sheetcnn.teaching.paper.document import Figure, Figures, side_by_side

SIZE = 8
UPRIGHT = np.array([[-1.0, 0, 1]] * 3)
KERNELS = (UPRIGHT, -UPRIGHT, UPRIGHT.T, -UPRIGHT.T, np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]))
OPPOSITE = {0: 1, 1: 0, 2: 3, 3: 2}


def make(rng: np.random.Generator, model: Model) -> Question:
    """A bright rectangle, the map of one of five kernels, and the five kernels in some order."""
    x = np.zeros((SIZE, SIZE))
    top, left = (int(n) for n in rng.integers(1, 3, 2))
    x[top : top + int(rng.integers(3, 5)), left : left + int(rng.integers(3, 5))] = float(rng.integers(2, 6))
    order = rng.permutation(len(KERNELS)).tolist()
    chosen = int(rng.integers(4))  # of the outline there is no opposite
    place = order.index(chosen) + 1
    opposite = order.index(OPPOSITE[chosen]) + 1
    exhibits = (
        side_by_side(
            Figure("the image", x, "picture", 0, side=4.5),
            Figure("the map", correlate(x, KERNELS[chosen]), "diverging", 0, side=4.5),
        ),
        Figures(
            [Figure(f"kernel {n + 1}", KERNELS[k], "diverging", 0, side=4.5) for n, k in enumerate(order)]
        ),
    )
    words = (
        "The map is window times kernel at every place of the image, without bias and ReLU.",
        "Which kernel made it?",
    )
    asked = (AskedNumber("number of the kernel", place, 1.0, 0, [("flipped", float(opposite))]),)
    solution = f"kernel {place}: it is positive where its positive side lies on the bright part"
    return Question("which", "Which kernel?", words, exhibits, asked, solution)
