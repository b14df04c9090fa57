"""Local response normalisation: each value divided by a power of its neighbours' energy.

For channel c::

    out[c] = in[c] / (k + alpha / size * sum over n of in[n] ^ 2) ^ beta

where n runs over the `size` channels around c, as far as they exist: `size // 2` before it and
`(size - 1) // 2` after it. That is PyTorch's window; ONNX's is the same for an odd size, and has the
additional channel of an even size after c instead of before: `extra: after`. Shape unchanged, `(C, H, W)`
or `(N,)`. Definition: Krizhevsky et al. (2012), who do not divide alpha by the size; PyTorch's
`LocalResponseNorm`, ONNX `LRN`.

First cell, with size 3, of the second of three maps::

    =conv1_f2!C7/(1+0.0001/3*SUMSQ(conv1_f1!C7,conv1_f2!C7,conv1_f3!C7))^0.75
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sheetcnn.formulas.expr import Number, add
from sheetcnn.formulas.placement import Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.model.ops.base import Params, SameShape, Site
from sheetcnn.model.ops.channels import combined
from sheetcnn.model.ops.spatial import Size
from sheetcnn.shape import Array, Shape


class Lrn(SameShape):
    """Local response normalisation across the channels."""

    kind = "lrn"
    title = "local response normalisation"
    framework_names = ("LRN", "LocalResponseNorm", "")
    negatives = "from negatives"
    pixelwise = True

    size: Size
    alpha: Annotated[float, Field(ge=0)] = 1e-4
    beta: float = 0.75
    k: Annotated[float, Field(gt=0)] = 1.0
    extra: Literal["before", "after"] = "before"
    """Where the additional channel of an even size lies: before in PyTorch, after in ONNX."""

    def _sides(self) -> tuple[int, int]:
        """How many channels before and after are looked at."""
        more, fewer = self.size // 2, (self.size - 1) // 2
        return (more, fewer) if self.extra == "before" else (fewer, more)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The squares, padded with zeros, summed over sliding windows of channels."""
        x = inputs[0]
        padded = np.pad(x * x, (self._sides(), *((0, 0),) * (x.ndim - 1)))
        energy = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=0).sum(axis=-1)
        result: Array = x / (self.k + self.alpha * energy / self.size) ** self.beta
        return result

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The definition, with SUMSQ over the channels that exist."""
        x = site.inputs[0]
        channels = x.shape.channels
        before, after = self._sides()
        for c in range(channels):
            seen = range(max(0, c - before), min(channels, c + after + 1))
            if x.shape.height == 1 and x.shape.width == 1:
                region, cells = Region.channels(c, 1), x.ranges(seen)
            else:
                region, cells = Region.plane(c, x.shape), x.windows(seen, Window(0, 0, 1, 1))
            energy = Number(self.alpha) / self.size * combined("SUMSQ", cells)
            yield Stamp(region, x.at(region) / add(self.k, energy) ** self.beta)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The definition in words."""
        return self.words(
            "value ÷ ({k:g} + {alpha:g} ÷ {size} × sum of the squares of {size} neighbouring channels) "
            "^ {beta:g}"
        )
