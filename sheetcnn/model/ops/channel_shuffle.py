"""Channels in another order: one from each group in turn.

With g groups of n channels, channel `i * g + j` of the result is channel `j * n + i` of the input.
Shape `(C, H, W)` unchanged. Nothing is copied. Definition: Zhang et al. (2018), ShuffleNet; PyTorch's
`ChannelShuffle`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetcnn.formulas.placement import Placement, select
from sheetcnn.model.ops.base import Alias, Params
from sheetcnn.model.ops.spatial import Size, maps_only
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class ChannelShuffle(Alias):
    """Channel shuffle."""

    kind = "channel_shuffle"
    title = "channel shuffle"
    framework_names = ("Reshape-Transpose-Reshape", "ChannelShuffle", "")
    negatives = "from negatives"

    groups: Size

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The input's shape."""
        x = maps_only(self.kind, inputs)
        if x.channels % self.groups:
            raise ShapeMismatchError(
                f"{x.channels} channels cannot be split into {self.groups} groups; "
                f"use a divisor of {x.channels}"
            )
        return x

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The groups as an axis of their own, swapped with that of their channels."""
        channels, height, width = inputs[0].shape
        grouped = inputs[0].reshape(self.groups, channels // self.groups, height, width)
        return np.swapaxes(grouped, 0, 1).reshape(inputs[0].shape)

    def alias(self, inputs: Sequence[Placement], out: Shape) -> Placement:
        """The input's cells, in the new order of channels."""
        per_group = out.channels // self.groups
        order = [j * per_group + i for i in range(per_group) for j in range(self.groups)]
        return select(inputs[0], out, order)

    def describe(self, inputs: Sequence[Shape]) -> str:
        """From where each channel is taken, and that nothing is copied."""
        return self.words("one channel from each of {groups} groups in turn (read where they stand)")
