"""Layer normalisation: the whole input, or each pixel, brought to mean 0 and variance 1.

With `axes: all`, mean and variance are those of all values, and every value has a weight and a bias of its
own; with `axes: channels`, they are those of the pixel's channels, and every channel has a weight and a
bias::

    out = (in - mean) / sqrt(variance + epsilon) * weight + bias

Shape unchanged, `(C, H, W)` or `(N,)` (for which the two are the same); with `affine`, weight and bias have
the shape of the input (all) or `(C,)` (channels). Definition: Ba et al. (2016); PyTorch's `LayerNorm`, ONNX
`LayerNormalization`; over the channels as in ConvNeXt.

Mean, centred values and variance have cells of their own; their first ones and the first result for all
values of two maps, and the mean and the result for the channels of each pixel::

    =AVERAGE(conv1_f1!$C$7:$J$14,conv1_f2!$C$7:$J$14)
    =conv1_f1!C7-norm_stat!$C$6
    =SUMSQ(norm_f1!$L$7:$S$14,norm_f2!$L$7:$S$14)/128
    =L7/SQRT(norm_stat!$D$6+1E-05)*norm_w!C6+norm_w!L6

    =AVERAGE(conv1_f1!C7,conv1_f2!C7)
    =L7/SQRT(norm_var!C7+1E-05)*norm_w!$C$6+norm_w!$D$6
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sheetcnn.languages import text
from sheetcnn.model.ops.normalisation import Normalisation
from sheetcnn.shape import Shape


class LayerNorm(Normalisation):
    """Layer normalisation."""

    kind = "layer_norm"
    title = "layer normalisation"
    framework_names = ("LayerNormalization", "LayerNorm", "LayerNormalization")

    axes: Literal["all", "channels"] = "all"

    def sets(self, x: Shape) -> int | None:
        """All values are one set, or each pixel is one."""
        return 1 if self.axes == "all" else None

    def parameter_form(self, x: Shape) -> tuple[tuple[int, ...], Literal["channel", "map"]]:
        """One per value, or one per channel."""
        if self.axes == "all" and not x.is_vector:
            return x.dims, "map"
        return (x.channels,), "channel"

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The definition in words."""
        scaled = " × γ + β" if self.affine else ""
        whole = self.axes == "all" or inputs[0].is_vector
        of = text("all {n} values", n=inputs[0].size)
        if not whole:
            of = text("the pixel's {n} channels", n=inputs[0].channels)
        return text(
            "(value − mean) ÷ √(variance + ε){scaled}, mean and variance of {of}", scaled=scaled, of=of
        )
