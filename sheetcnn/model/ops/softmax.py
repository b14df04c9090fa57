"""Softmax over the channels.

With m the greatest value of the vector (or, on maps, of the pixel's channels)::

    out[k] = exp(in[k] - m) / sum over j of exp(in[j] - m)

Subtracting m changes nothing and keeps EXP from overflowing. Shape unchanged: `(N,)`, or `(C, H, W)`
with one softmax per pixel. Definition: PyTorch's `Softmax(dim=0)` without the batch axis.

The greatest value, the exponentials and their sum have cells of their own; a first result reads::

    =E6/$F$6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from sheetcnn.formulas.expr import call
from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Negatives, Params, SameShape, Site, Stage, everywhere
from sheetcnn.model.ops.channels import over_channels, single, single_ref
from sheetcnn.shape import Array, Shape


class Softmax(SameShape):
    """Softmax."""

    kind = "softmax"
    title = "softmax"
    framework_names = ("Softmax", "Softmax", "Softmax")
    negatives: ClassVar[Negatives] = "none"
    pixelwise = True

    def stages(self, inputs: Sequence[Shape]) -> tuple[Stage, ...]:
        """`max`, `exp` and `sum`."""
        one = single(inputs[0])
        return (
            Stage("max", one, "greatest"),
            Stage("exp", inputs[0], "exp(value − greatest)"),
            Stage("sum", one, "sum of exp"),
        )

    def run_stages(self, inputs: Sequence[Array], params: Params) -> dict[str, Array]:
        """The greatest value, the exponentials, their sum."""
        best = inputs[0].max(axis=0, keepdims=True)
        exp = np.exp(inputs[0] - best)
        return {"max": best, "exp": exp, "sum": exp.sum(axis=0, keepdims=True)}

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The exponentials divided by their sum."""
        stages = self.run_stages(inputs, params)
        return stages["exp"] / stages["sum"]

    def steps(self, site: Site) -> Iterator[Stamp]:
        """Greatest, exponentials, sum."""
        x, best, exp, total = site.inputs[0], site.stage("max"), site.stage("exp"), site.stage("sum")
        yield from over_channels("MAX", x, best, "max")
        for region in everywhere(exp, x):
            difference = x.at(region) - single_ref(best, region)
            yield Stamp(region, call("EXP", difference), "exp")
        yield from over_channels("SUM", exp, total, "sum")

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The steps, then the quotient."""
        yield from self.steps(site)
        exp, total = site.stage("exp"), site.stage("sum")
        for region in everywhere(site.out, exp):
            yield Stamp(region, exp.at(region) / single_ref(total, region))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The division, in words."""
        return "exp(value − greatest) ÷ sum of all exp(value − greatest)"
