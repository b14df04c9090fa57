"""Complete a formula: which cells the window of another pixel has."""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question, with_distinct_mistakes


def make(rng: np.random.Generator, model: Model) -> Question:
    """The window of a pixel, from that of the first one, the stride and the padding."""

    def draw() -> Question:
        k, s = int(rng.choice([2, 3, 5])), int(rng.integers(1, 4))
        top, left = int(rng.integers(5, 9)), int(rng.integers(2, 6))
        row, col = (int(n) for n in rng.integers(2, 6, 2))
        first, then = top + (row - 1) * s, left + (col - 1) * s
        words = (
            f"Pixel (1, 1) of a map reads =MAX(0,SUMPRODUCT(input_f1!{area(top, left, k, k)},conv_w!$C$6:"
            f"{area(5 + k, 2 + k, 1, 1, fixed=True)})+conv_w!$A$6). The stride is {s}.",
            f"The formula of pixel ({row}, {col}) reads another window. In which row of the sheet does it begin, "
            "and in which column (A is 1, B is 2)?",
        )
        asked = (
            AskedNumber(
                "first row",
                first,
                1.0,
                0,
                [
                    ("stride", float(top + row - 1)),
                    ("swapped", float(top + (col - 1) * s)),
                    ("padding", float(first + s)),
                ],
            ),
            AskedNumber(
                "first column",
                then,
                1.0,
                0,
                [
                    ("stride", float(left + col - 1)),
                    ("swapped", float(left + (row - 1) * s)),
                    ("padding", float(then + s)),
                ],
            ),
        )
        window = area(first, then, k, k)
        solution = (
            f"row {top} + {row - 1}·{s} = {first}, column {left} + {col - 1}·{s} = {then}: input_f1!{window}"
        )
        return Question("formula", "Complete the formula", words, (), asked, solution)

    return with_distinct_mistakes(draw, 2)
