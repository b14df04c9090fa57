"""Dropout: at inference it passes every value on.

Shape unchanged. Definition: Srivastava et al. (2014); PyTorch's `Dropout.eval()`. It gets no sheets of
its own: its result is its input's cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from sheetcnn.model.ops.base import Alias, Params, SameShape
from sheetcnn.shape import Array, Shape


class Dropout(Alias, SameShape):
    """Dropout."""

    kind = "dropout"
    title = "dropout"
    framework_names = ("Dropout", "Dropout", "Dropout")
    negatives = "from negatives"
    passes_through = True

    rate: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """The share of values dropped while training; without effect here."""

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The input itself."""
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """That it does nothing to a trained network."""
        return "nothing: dropout acts only while training"
