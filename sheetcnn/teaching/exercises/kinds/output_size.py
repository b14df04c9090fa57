"""Give the output size."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question


def make(rng: np.random.Generator, model: Model) -> Question:
    """Height of the result for a kernel, a stride and a padding."""
    n, k = int(rng.integers(7, 33)), int(rng.choice([2, 3, 5, 7]))
    s, p = int(rng.integers(1, 4)), int(rng.integers(0, 4))
    span = n + 2 * p - k
    answer = span // s + 1
    mistakes = [
        ("padding_once", (n + p - k) // s + 1),
        ("padding", (n - k) // s + 1),
        ("stride", span + 1),
        ("plus_one", span // s),
        ("rounded_up", -(-span // s) + 1),
    ]
    words = (
        f"A map of {n}×{n} pixels goes through a convolution with a {k}×{k} kernel, stride {s} and padding {p}.",
        "How many rows does the result have?",
    )
    solution = f"({n} + 2·{p} − {k}) ÷ {s}, rounded down, + 1 = {span // s} + 1 = {answer}"
    asked = (AskedNumber("rows", answer, 1.0, 0, mistakes),)
    return Question("size", "How large is the result?", words, (), asked, solution)
