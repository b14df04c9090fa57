"""Instance normalisation: each map brought to mean 0 and variance 1.

For channel c, with mean and variance over the pixels of that map::

    out[c] = (in[c] - mean[c]) / sqrt(variance[c] + epsilon) * weight[c] + bias[c]

Shape `(C, H, W)` unchanged; with `affine`, weight and bias are `(C,)`. Definition: Ulyanov et al. (2016);
PyTorch's `InstanceNorm2d`, ONNX `InstanceNormalization`.

Mean, centred values and variance have cells of their own; their first ones and the first result::

    =AVERAGE(conv1_f1!$C$7:$J$14)
    =conv1_f1!C7-norm_stat!$C$6
    =SUMSQ(norm_f1!$L$7:$S$14)/64
    =L7/SQRT(norm_stat!$D$6+1E-05)*norm_w!$C$6+norm_w!$D$6
"""

from __future__ import annotations

from collections.abc import Sequence

from sheetcnn.languages import text
from sheetcnn.model.ops.normalisation import Normalisation
from sheetcnn.model.ops.spatial import maps_only
from sheetcnn.shape import Shape


class InstanceNorm(Normalisation):
    """Instance normalisation."""

    kind = "instance_norm"
    title = "instance normalisation"
    framework_names = ("InstanceNormalization", "InstanceNorm2d", "GroupNormalization(groups=-1)")

    def sets(self, x: Shape) -> int:
        """Every map is a set."""
        return x.channels

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The input's shape."""
        return maps_only(self.kind, inputs)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The definition in words."""
        scaled = " × γ + β" if self.affine else ""
        return text(
            "(value − mean) ÷ √(variance + ε){scaled}, mean and variance of the map itself", scaled=scaled
        )
