"""Some of the channels: `start`, `start + step`, ... up to before `stop`.

Input `(C, H, W)` or `(N,)`. Negative numbers count from the end, as in Python. Nothing is copied.
Definition: PyTorch's slicing `x[:, start:stop:step]`, ONNX `Slice` and `Split` on axis 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from sheetcnn.formulas.placement import Placement, select
from sheetcnn.languages import text
from sheetcnn.model.ops.base import Alias, Params
from sheetcnn.shape import Array, Shape, ShapeMismatchError


class SliceChannels(Alias):
    """A choice of channels."""

    kind = "slice_channels"
    title = "slice of the channels"
    framework_names = ("Slice, Split", "slice, chunk, split", "")
    negatives = "from negatives"

    start: int = 0
    stop: int | None = None
    step: Annotated[int, Field(ge=1)] = 1

    def _channels(self, count: int) -> range:
        return range(count)[self.start : self.stop : self.step]

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The channels chosen."""
        chosen = len(self._channels(inputs[0].channels))
        if not chosen:
            raise ShapeMismatchError(
                f"start {self.start}, stop {self.stop}, step {self.step} choose none of the "
                f"{inputs[0].channels} channels"
            )
        return Shape((chosen, *inputs[0].dims[1:]))

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The channels chosen, as Python slices."""
        return inputs[0][self.start : self.stop : self.step]

    def alias(self, inputs: Sequence[Placement], out: Shape) -> Placement:
        """The cells of those channels."""
        return select(inputs[0], out, self._channels(inputs[0].shape.channels))

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The first and the last of the channels, counted from 1, and the step."""
        chosen = self._channels(inputs[0].channels)
        which = text("channels {first} to {last} of the input", first=chosen[0] + 1, last=chosen[-1] + 1)
        if self.step > 1:
            which = text("{channels}, one in {step}", channels=which, step=self.step)
        return text("{channels} (read where they stand)", channels=which)
