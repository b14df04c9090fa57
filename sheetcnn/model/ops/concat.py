"""Concatenation along the channels.

Inputs `(C1, H, W)`, `(C2, H, W)`, ... give `(C1 + C2 + ..., H, W)`; vectors give a longer vector.
Nothing is copied: whatever reads the result reads the inputs' own sheets. Definition: PyTorch's
`torch.cat(dim=1)`, ONNX `Concat(axis=1)`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.languages import text
from sheetcnn.model.ops.base import Alias, Params
from sheetcnn.model.ops.merges import ANY_NUMBER
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class Concat(Alias):
    """Concatenation."""

    kind = "concat"
    title = "concatenation"
    framework_names = ("Concat", "cat", "Concatenate")
    negatives = "from negatives"
    arity = (1, ANY_NUMBER)

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The sum of the channels."""
        first = inputs[0]
        for other in inputs[1:]:
            if other.dims[1:] != first.dims[1:] or other.is_vector != first.is_vector:
                raise ShapeMismatchError(
                    f"inputs of shapes {first} and {other} cannot be concatenated; "
                    "all must be vectors, or maps of one height and width"
                )
        return Shape((sum(s.channels for s in inputs), *first.dims[1:]))

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The inputs' channels, one input after the other."""
        return np.concatenate(list(inputs))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """How many inputs follow each other."""
        return text("the {n} inputs, one after the other (read where they stand)", n=len(inputs))
