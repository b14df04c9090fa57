"""Find the receptive field."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question
from sheetcnn.teaching.paper.document import Table


def make(rng: np.random.Generator, model: Model) -> Question:
    """Of three layers one after the other."""
    layers = [(int(rng.choice([2, 3, 5])), int(rng.choice([1, 1, 2]))) for _ in range(3)]

    def seen(strides: bool) -> int:
        found, jump = 1, 1
        for k, s in layers:
            found += (k - 1) * jump
            jump *= s if strides else 1
        return found

    answer = seen(strides=True)
    mistakes = [("stride", seen(strides=False)), ("last_only", layers[-1][0])]
    rows = [(f"layer {n}", f"{k}×{k}", str(s)) for n, (k, s) in enumerate(layers, 1)]
    words = (
        "Three layers follow each other.",
        "How many rows of the input does one pixel of the last one see?",
    )
    table = Table(("", "window", "stride"), rows, (1, 2))
    steps, jump, parts = "1", 1, []
    for k, s in layers:
        parts.append(f"{k - 1}·{jump}")
        jump *= s
    solution = f"{steps} + {' + '.join(parts)} = {answer}"
    asked = (AskedNumber("rows seen", answer, 1.0, 0, mistakes),)
    return Question("field", "How far does it see?", words, (table,), asked, solution)
