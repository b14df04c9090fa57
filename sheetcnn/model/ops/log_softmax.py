"""Logarithm of the softmax over the channels.

With m the greatest value of the vector (or, on maps, of the pixel's channels)::

    out[k] = in[k] - m - ln(sum over j of exp(in[j] - m))

Shape unchanged: `(N,)`, or `(C, H, W)` with one softmax per pixel. Definition: PyTorch's
`LogSoftmax(dim=0)` without the batch axis, ONNX `LogSoftmax`.

The greatest value, the exponentials and their sum have cells of their own; a first result reads::

    =fc_out!C6-$C$6-LN($E$6)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sheetcnn.formulas.expr import call
from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Params, Site, everywhere
from sheetcnn.model.ops.channels import single_ref
from sheetcnn.model.ops.softmax import Softmax
from sheetcnn.shape import Array, Shape


class LogSoftmax(Softmax):
    """Logarithm of softmax."""

    kind = "log_softmax"
    title = "log-softmax"
    framework_names = ("LogSoftmax", "LogSoftmax", "log_softmax")
    negatives = "possible"

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The definition."""
        stages = self.run_stages(inputs, params)
        return inputs[0] - stages["max"] - np.log(stages["sum"])

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Greatest, exponentials, sum, then the definition."""
        yield from self.steps(site)
        x, best, total = site.inputs[0], site.stage("max"), site.stage("sum")
        for region in everywhere(site.out, x):
            below = x.at(region) - single_ref(best, region)
            yield Stamp(region, below - call("LN", single_ref(total, region)))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The two subtractions, in words."""
        return "value − greatest − ln(sum of all exp(value − greatest))"
