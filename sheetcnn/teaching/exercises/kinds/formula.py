"""Complete a formula: which cells the window of another pixel has."""

from __future__ import annotations

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question


def make(rng: np.random.Generator, model: Model) -> Question:
    """The window of a pixel, from that of the first one, the stride and the padding."""
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
    asked = []
    for label, corner, own, other in (("first row", top, row, col), ("first column", left, col, row)):
        right, swapped = corner + (own - 1) * s, corner + (other - 1) * s
        mistakes = [("stride", corner + own - 1), ("swapped", swapped), ("padding", right + s)]
        asked.append(AskedNumber(label, right, 1.0, 0, mistakes))
    window = area(first, then, k, k)
    solution = (
        f"row {top} + {row - 1}·{s} = {first}, column {left} + {col - 1}·{s} = {then}: input_f1!{window}"
    )
    return Question("formula", "Complete the formula", words, (), asked, solution)
