"""Fully connected layer.

For unit k::

    out[k] = bias[k] + sum over n of weight[k, n] * in[n]

Input `(N,)`, result `(units,)`, weight `(units, N)`. Definition: PyTorch's `Linear`, ONNX `Gemm`. On
the sheet the weights stand with one column per unit, so that they face the column of inputs.

First cell::

    =SUMPRODUCT(flatten_out!$C$6:$C$37,fc_w!$C$7:$C$38)+fc_w!$C$5
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Op, Parameter, Params, Site
from sheetcnn.model.ops.spatial import Size
from sheetcnn.model.ops.sums import weighted_sum, with_bias
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class Dense(Op):
    """A dense layer with `units` outputs."""

    kind = "dense"
    title = "dense"
    framework_names = ("Gemm, MatMul", "Linear", "Dense")
    takes_activation = True
    reads_in_place = True

    units: Size
    bias: bool = True

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """`(units,)`."""
        if not inputs[0].is_vector:
            raise ShapeMismatchError(
                f"dense needs a vector but gets maps {inputs[0]}; put a flatten or global_avg_pool + flatten "
                "layer before it"
            )
        return Shape.vector(self.units)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """`weight` and, with `bias`, `bias`."""
        weight = Parameter("weight", (self.units, inputs[0].channels), "kernel", "weights")
        return with_bias(weight, self.units, self.bias)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Matrix times vector."""
        out: Array = params["weight"] @ inputs[0]
        return out + params["bias"] if self.bias else out

    def formula(self, site: Site) -> Iterator[Stamp]:
        """A SUMPRODUCT of the input column and the unit's column of weights, plus the bias."""
        seen = site.inputs[0].ranges()
        for k in range(self.units):
            yield Stamp(Region.channels(k, 1), weighted_sum(site, seen, k, bias=self.bias))

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """One for every weight."""
        return self.units * inputs[0].channels

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The sum in words."""
        total = text("sum over {n} values of value × weight", n=inputs[0].channels)
        return text("{total} + bias", total=total) if self.bias else total
