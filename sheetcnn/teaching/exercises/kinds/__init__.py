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
from sheetcnn.teaching.exercises.question import Maker, Question

KINDS: dict[str, Maker] = {
    "pixel": pixel.make,
    "size": output_size.make,
    "counting": counting.make,
    "field": receptive_field.make,
    "which": which_kernel.make,
    "pool": pool.make,
    "formula": formula.make,
    "softmax": softmax.make,
    "model_pixel": model_pixel.make,
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
    return [KINDS[kinds[n % len(kinds)]](np.random.default_rng([*seed, n]), model) for n in range(count)]
