"""Batch normalisation at inference, with the statistics of the training.

For channel c::

    out = (in - running_mean[c]) / sqrt(running_var[c] + epsilon) * weight[c] + bias[c]

Shape unchanged; the four parameters are `(C,)`. Definition: Ioffe and Szegedy (2015); PyTorch's
`BatchNorm2d.eval()`.

First cell::

    =(conv1_f1!C7-bn1_w!$E$6)/SQRT(bn1_w!$F$6+1E-05)*bn1_w!$C$6+bn1_w!$D$6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from sheetcnn.formulas.expr import call
from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Parameter, Params, SameShape, Site, everywhere
from sheetcnn.model.ops.channels import per_channel
from sheetcnn.shape import Array, Shape

LABELS = {"weight": "γ", "bias": "β", "running_mean": "mean", "running_var": "variance"}
"""The parameters, in their order, and what the sheets call them."""


class BatchNorm(SameShape):
    """Batch normalisation."""

    kind = "batch_norm"
    title = "batch normalisation"
    framework_names = ("BatchNormalization", "BatchNorm2d", "BatchNormalization")
    pixelwise = True
    takes_activation = True

    epsilon: Annotated[float, Field(gt=0)] = 1e-5

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` (gamma), `bias` (beta), `running_mean`, `running_var`."""
        shape = (inputs[0].channels,)
        return tuple(Parameter(name, shape, "channel", label) for name, label in LABELS.items())

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The definition, broadcast over the channels."""
        x = inputs[0]
        gamma, beta, mean, var = (per_channel(params[name], x) for name in LABELS)
        return (x - mean) / np.sqrt(var + self.epsilon) * gamma + beta

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The definition; the parameters are fixed cells, or walk along with a vector."""
        x = site.inputs[0]
        for region in everywhere(site.out, x):
            gamma, beta, mean, var = (site.walk(name, region) for name in LABELS)
            normal = (x.at(region) - mean) / call("SQRT", var + self.epsilon)
            yield Stamp(region, normal * gamma + beta)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The definition in words."""
        return "(value − mean) ÷ √(variance + ε) × γ + β, one set per map"
