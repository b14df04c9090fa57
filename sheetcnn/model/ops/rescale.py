"""The scaling of raw pixels: `(pixel / divide - mean[c]) / std[c]`.

Shape unchanged. It is built from the spec's `input`, not named in a spec. First cell::

    =(pixels_f1!C7/255-0.5)/0.25
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sheetcnn.formulas.expr import Expr
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Params, SameShape, Site
from sheetcnn.shape import Array, Shape


class Rescale(SameShape):
    """Scaling of the input."""

    kind = "rescale"
    title = "scaling of the pixels"
    pixelwise = True
    in_spec = False

    divide: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    """One per channel, or one for all."""
    std: tuple[float, ...] = (1.0,)
    """One per channel, or one for all."""

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The definition, broadcast over the channels."""
        mean, std = (np.array(v)[:, None, None] for v in (self.mean, self.std))
        scaled: Array = (inputs[0] / self.divide - mean) / std
        return scaled

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The definition, without the steps that change nothing."""
        x = site.inputs[0]
        for c in range(x.shape.channels):
            region = Region.plane(c, x.shape)
            value: Expr = x.at(region)
            mean, std = (v[c] if len(v) > 1 else v[0] for v in (self.mean, self.std))
            if self.divide != 1:
                value = value / self.divide
            if mean:
                value = value - mean
            if std != 1:
                value = value / std
            yield Stamp(region, value)

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """As long as no mean is subtracted."""
        return inputs[0] and not any(self.mean)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The steps that change something."""
        steps = text("pixel") if self.divide == 1 else text("pixel ÷ {divide:g}", divide=self.divide)
        deviates = any(s != 1 for s in self.std)
        if any(self.mean):
            steps = text("({steps} − mean)" if deviates else "{steps} − mean", steps=steps)
        return text("{steps} ÷ standard deviation", steps=steps) if deviates else steps
