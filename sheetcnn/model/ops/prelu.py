"""Leaky rectified linear unit with trained slopes: x where it is positive, `weight[c] * x` elsewhere.

Shape unchanged, `(C, H, W)` or `(N,)`; the weight is `(C,)`, or `(1,)` where all channels share one slope.
Definition: He et al. (2015); PyTorch's `PReLU`, ONNX `PRelu`. First cell::

    =IF(conv1_f1!C7>0,conv1_f1!C7,prelu_w!$C$6*conv1_f1!C7)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sheetcnn.formulas.expr import call, compare
from sheetcnn.formulas.region import Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Parameter, Params, SameShape, Site, everywhere
from sheetcnn.model.ops.channels import per_channel
from sheetcnn.shape import Array, Shape


class Prelu(SameShape):
    """Parametric ReLU."""

    kind = "prelu"
    title = "PReLU"
    framework_names = ("PRelu", "PReLU", "PReLU")
    negatives = "from negatives"
    pixelwise = True

    shared: bool = False
    """Whether all channels have one slope."""

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight`, the slopes."""
        return (Parameter("weight", (1 if self.shared else inputs[0].channels,), "channel", "slope"),)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Slope 1 above 0, the channel's own below."""
        x = inputs[0]
        slope = per_channel(params["weight"], x)
        return np.where(x > 0, x, slope * x)

    def formula(self, site: Site) -> Iterator[Stamp]:
        """`IF(x>0,x,slope*x)`."""
        x = site.inputs[0]
        for region in everywhere(site.out, x):
            slope = site.value("weight", 0) if self.shared else site.walk("weight", region)
            value = x.at(region)
            yield Stamp(region, call("IF", compare(">", value, 0), value, slope * value))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """Both branches, and whose slope it is."""
        if self.shared:
            owned = text("one slope for all")
        else:
            owned = text("one slope per value") if inputs[0].is_vector else text("one slope per map")
        return text("the value where it is positive, slope × value elsewhere, {owned}", owned=owned)
