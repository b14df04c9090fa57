"""Pool a map."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question, with_distinct_mistakes
from sheetcnn.teaching.paper.document import Figure, side_by_side


def make(rng: np.random.Generator, model: Model) -> Question:
    """The greatest values or the means of the four windows of a 4×4 map."""
    greatest = bool(rng.integers(2))

    def draw() -> Question:
        # Multiples of 2, so that a mean of four is a multiple of a half.
        x = rng.integers(-2, 8, (4, 4)).astype(float) * 2
        asked = []
        for i in range(2):
            for j in range(2):
                window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                best, mean = float(window.max()), float(window.mean())
                if greatest:
                    mistakes = [("mean", mean), ("whole_map", float(x.max()))]
                else:
                    mistakes = [("greatest", best), ("whole_map", float(x.mean()))]
                right = best if greatest else mean
                asked.append(AskedNumber(f"({i + 1}, {j + 1})", right, 0.25, 0, mistakes))
        how = "max pooling" if greatest else "average pooling"
        words = (f"This map goes through {how} with 2×2 windows and stride 2.", "What are the four numbers?")
        solution = ", ".join(f"{a.label}: {a.answer:g}" for a in asked).replace("-", "−")
        figure = side_by_side(Figure("the map", x, "diverging", 0, side=6))
        return Question("pool", "Pool a map", words, (figure,), asked, solution)

    return with_distinct_mistakes(draw, 1)
