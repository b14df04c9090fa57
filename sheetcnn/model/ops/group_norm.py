"""Group normalisation: each group of maps brought to mean 0 and variance 1.

For channel c, with mean and variance over all pixels of the maps of its group g::

    out[c] = (in[c] - mean[g]) / sqrt(variance[g] + epsilon) * weight[c] + bias[c]

Group g holds `C / groups` consecutive channels. Shape unchanged, `(C, H, W)` or `(N,)`; with `affine`,
weight and bias are `(C,)`. Definition: Wu and He (2018); PyTorch's `GroupNorm`, ONNX
`GroupNormalization`.

Mean, centred values and variance have cells of their own; their first ones and the first result, for
groups of two maps::

    =AVERAGE(conv1_f1!$C$7:$J$14,conv1_f2!$C$7:$J$14)
    =conv1_f1!C7-norm_stat!$C$6
    =SUMSQ(norm_f1!$L$7:$S$14,norm_f2!$L$7:$S$14)/128
    =L7/SQRT(norm_stat!$D$6+1E-05)*norm_w!$C$6+norm_w!$D$6
"""

from __future__ import annotations

from collections.abc import Sequence

from sheetcnn.languages import text
from sheetcnn.model.ops.normalisation import Normalisation
from sheetcnn.model.ops.spatial import Size
from sheetcnn.shape import Shape, ShapeMismatchError


class GroupNorm(Normalisation):
    """Group normalisation."""

    kind = "group_norm"
    title = "group normalisation"
    framework_names = ("GroupNormalization", "GroupNorm", "GroupNormalization")

    groups: Size

    def sets(self, x: Shape) -> int:
        """Every group is a set."""
        return self.groups

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The input's shape."""
        if inputs[0].channels % self.groups:
            raise ShapeMismatchError(
                f"{inputs[0].channels} channels cannot be split into {self.groups} groups; choose groups "
                "that divide the number of channels"
            )
        return inputs[0]

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The definition in words."""
        scaled = " × γ + β" if self.affine else ""
        maps = inputs[0].channels // self.groups
        return text(
            "(value − mean) ÷ √(variance + ε){scaled}, mean and variance of a group of {maps} channels",
            scaled=scaled,
            maps=maps,
        )
