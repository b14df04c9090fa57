"""Scale and shift of each channel.

For channel c::

    out[c] = in[c] * weight[c] + bias[c]

Shape unchanged, `(C, H, W)` or `(N,)`; weight and bias are `(C,)`. Without `scale` there is no weight,
without `shift` no bias. Definition: the learned part of a batch normalisation; ONNX `Mul` and `Add` with a
constant per channel. First cell::

    =conv1_f1!C7*affine_w!$C$6+affine_w!$D$6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import model_validator

from sheetcnn.formulas.expr import Expr
from sheetcnn.formulas.region import Stamp
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Parameter, Params, SameShape, Site, everywhere
from sheetcnn.model.ops.channels import per_channel
from sheetcnn.shape import Array, Shape


class Affine(SameShape):
    """Scale and shift per channel."""

    kind = "affine"
    title = "scale and shift"
    framework_names = ("Mul, Add with constants", "", "Rescaling, Normalization")
    pixelwise = True
    takes_activation = True

    scale: bool = True
    shift: bool = True

    @model_validator(mode="after")
    def _does_something(self) -> Affine:
        if not self.scale and not self.shift:
            raise ValueError("without scale and without shift nothing is left to do; leave the layer out")
        return self

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """With `scale`, `weight`; with `shift`, `bias`."""
        names = ("weight",) * self.scale + ("bias",) * self.shift
        return tuple(Parameter(name, (inputs[0].channels,), "channel", name) for name in names)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The definition, broadcast over the channels."""
        out = inputs[0]
        if self.scale:
            out = out * per_channel(params["weight"], out)
        return out + per_channel(params["bias"], out) if self.shift else out

    def formula(self, site: Site) -> Iterator[Stamp]:
        """The definition; the parameters are fixed cells, or walk along with a vector."""
        x = site.inputs[0]
        for region in everywhere(site.out, x):
            value: Expr = x.at(region)
            if self.scale:
                value = value * site.walk("weight", region)
            if self.shift:
                value = value + site.walk("bias", region)
            yield Stamp(region, value)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The definition in words."""
        owned = text("one per value") if inputs[0].is_vector else text("one per map")
        steps = text("value × weight") if self.scale else text("value")
        steps = text("{total} + bias", total=steps) if self.shift else steps
        return text("{steps}, {owned}", steps=steps, owned=owned)
