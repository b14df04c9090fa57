"""Fill in a pixel: two channels, padding, bias and ReLU, with whole numbers for paper."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.question import AskedNumber, Question
from sheetcnn.teaching.paper.document import Figure, side_by_side

SIZE, K = 4, 3


def make(rng: np.random.Generator, model: Model) -> Question:
    """A convolution over two 4×4 channels with padding 1."""
    x = rng.integers(0, 4, (2, SIZE, SIZE)).astype(float)
    k = rng.integers(-1, 3, (2, K, K)) * rng.integers(0, 2, (2, K, K)).astype(float)
    bias = float(rng.integers(-3, 4))
    row, col = (int(n) for n in rng.integers(1, SIZE + 1, 2))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))

    def sums(kernel: np.ndarray, down: int = 0, right: int = 0) -> list[float]:
        top, left = min(row - 1 + down, SIZE - 1), min(col - 1 + right, SIZE - 1)
        return [
            float((p[top : top + K, left : left + K] * s).sum()) for p, s in zip(padded, kernel, strict=True)
        ]

    parts = sums(k)
    z = sum(parts) + bias
    mistakes = [
        ("bias", max(0.0, sum(parts))),
        ("relu", z),
        ("relu_each", max(0.0, sum(max(0.0, p) for p in parts) + bias)),
        ("one_channel", max(0.0, parts[0] + bias)),
        ("flipped", max(0.0, sum(sums(k[:, ::-1, ::-1])) + bias)),
        ("padding", max(0.0, sum(sums(k, 1, 1)) + bias)),
    ]
    words = (
        f"A convolution with a 3×3 kernel, padding 1 and stride 1 reads two channels. Its bias is {bias:g}.",
        f"What is the pixel in row {row}, column {col} of its result, after ReLU?",
    )
    figures = side_by_side(
        *(Figure(f"channel {n + 1}", x[n], "sequential", 0, side=6) for n in range(2)),
        *(Figure(f"slice {n + 1} of the kernel", k[n], "diverging", 0, side=6) for n in range(2)),
    )
    solution = f"{parts[0]:g} + {parts[1]:g} + {bias:g} = {z:g}; after ReLU {max(0.0, z):g}".replace("-", "−")
    asked = (AskedNumber(f"pixel ({row}, {col})", max(0.0, z), 1.0, 0, mistakes),)
    return Question("pixel", "Fill in a pixel", words, (figures,), asked, solution)
