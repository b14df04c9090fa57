"""Softmax by hand."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question
from sheetcnn.teaching.paper.document import Table

EXPS = {0: 1.00, -1: 0.37, -2: 0.14, -3: 0.05}
"""exp of small whole numbers with two decimals, as they are printed for the student."""


def make(rng: np.random.Generator, model: Model) -> Question:
    """Three whole numbers, with a table of exponentials."""
    values = rng.permutation([0, *rng.integers(-3, 0, 2)]) + int(rng.integers(1, 5))
    best = int(values.max())
    exps = [EXPS[int(v) - best] for v in values]
    total = sum(exps)
    asked = []
    for n, v in enumerate(values.tolist()):
        mistakes = [("no_sum", exps[n]), ("no_exp", v / float(values.sum()) if values.sum() else 0.0)]
        # A hundredth of slack: exponentials with two decimals, or exact ones, are both right.
        asked.append(AskedNumber(f"probability {n + 1}", exps[n] / total, 0.01, 1, mistakes))
    rows = [(str(k).replace("-", "−"), f"{e:.2f}") for k, e in EXPS.items()]
    words = (
        f"The values before softmax are {', '.join(map(str, values.tolist()))}.".replace("-", "−"),
        "What are the three probabilities (two decimals)?",
    )
    exhibits = (Table(("x", "exp(x)"), rows, (0, 1)),)
    listed = " + ".join(f"{e:.2f}" for e in exps)
    shares = ", ".join(f"{e:.2f} ÷ {total:.2f} = {e / total:.2f}" for e in exps)
    solution = f"minus the greatest, exp: {listed} = {total:.2f}; {shares}"
    return Question("softmax", "Softmax by hand", words, exhibits, asked, solution)
