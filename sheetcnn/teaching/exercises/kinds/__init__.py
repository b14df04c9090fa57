"""The kinds of questions, one file each; the table below is their order on a worksheet."""

from __future__ import annotations

import numpy as np

from sheetcnn.errors import SpecError
from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.kinds import (
    counting,
    formula,
    model_pixel,
    output_size,
    pixel,
    pool,
    receptive_field,
    softmax,
    which_kernel,
)
from sheetcnn.teaching.exercises.question import Kind, Question

KINDS: dict[str, Kind] = {
    "pixel": Kind(pixel.make, 4),
    "size": Kind(output_size.make, 3),
    "counting": Kind(counting.make),
    "field": Kind(receptive_field.make, 2),
    "which": Kind(which_kernel.make),
    "pool": Kind(pool.make),
    "formula": Kind(formula.make, 2),
    "softmax": Kind(softmax.make, 1),
    "model_pixel": Kind(model_pixel.make, 2),
}


def kinds_of(model: Model) -> list[str]:
    """The kinds that a model allows."""
    return [name for name in KINDS if name != "model_pixel" or model_pixel.is_possible(model)]


def draw(model: Model, kinds: list[str], count: int, seed: list[int]) -> list[Question]:
    """So many questions, kind after kind, from a seed.

    Raises:
        SpecError: if there is no such kind, or the model does not allow it.
    """
    known = kinds_of(model)
    for name in kinds:
        if name not in KINDS:
            raise SpecError(f"there is no kind '{name}'; there are {', '.join(KINDS)}")
        if name not in known:
            raise SpecError(
                f"kind '{name}' needs a convolution over at most 4 channels, which {model.graph.name} has not"
            )
    return [KINDS[kinds[n % len(kinds)]].draw(np.random.default_rng([*seed, n]), model) for n in range(count)]
