"""What a layer kind is: options, shape rule, NumPy and formula, side by side in one file.

To add a kind: write one file with one frozen class derived from `Op` (or `Elementwise`), put it
into the table in `ops/__init__.py`, and give `tests/cases.py` a list of cases for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from sheetcnn.formulas.expr import Expr, Rect, Ref
from sheetcnn.formulas.placement import Placement, Positions, concatenate
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.languages import Text, text
from sheetcnn.model.ops.window import WindowGeometry
from sheetcnn.shape import NO_MARGIN, Array, Margin, Shape

OUT = "out"
"""The name of a layer's own result among its stages."""


@dataclass(frozen=True)
class Parameter:
    """One trained array of a layer.

    Attributes:
        name: as in PyTorch's state dict: `weight`, `bias`, `running_mean`, ...
        shape: its shape, in PyTorch's order.
        role: how it is laid out. `kernel`: `(out, in / groups, kh, kw)` or `(out, in)`, one block of
            cells per output and run of inputs, facing the window; `channel`: one value per channel;
            `map`: `(C, H, W)`, one value per value of the maps, laid out as they are.
        label: what a reader of the sheet calls it.
        dilation: of a kernel.
        groups: of a kernel: output k sees the inputs of its own group only.
        faces: the stage whose windows a kernel faces; "" is the layer's first input.
    """

    name: str
    shape: tuple[int, ...]
    role: Literal["kernel", "channel", "map"]
    label: str
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    faces: str = ""

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """Of a kernel as it faces the windows: `(out, in / groups, kh, kw)`."""
        out, per_group, *size = self.shape
        kh, kw = size if len(size) == 2 else (1, *size) if size else (1, 1)
        return out, per_group, kh, kw

    def positions(self, output: int) -> Positions:
        """Where the kernel of one output stands in the flattened array: `(in / groups, kh, kw)`."""
        out, *rest = self.kernel_shape
        size = self.size // out
        return np.arange(output * size, (output + 1) * size).reshape(rest)

    @property
    def size(self) -> int:
        """The number of values."""
        return prod(self.shape)

    def inputs_of(self, output: int) -> range:
        """The input channels that output channel `output` of a kernel sees."""
        out, per_group, _, _ = self.kernel_shape
        group = output // (out // self.groups)
        return range(group * per_group, (group + 1) * per_group)


@dataclass(frozen=True)
class Stage:
    """A named intermediate result of a layer that gets cells of its own.

    `margin` is how far windows over it reach beyond its edges.
    """

    name: str
    shape: Shape
    label: str
    margin: Margin = NO_MARGIN


class Site(Protocol):
    """What a formula may know about its surroundings: placements, and the shapes."""

    @property
    def inputs(self) -> tuple[Placement, ...]:
        """Where the layer's inputs live."""

    @property
    def out(self) -> Placement:
        """Where its result lives."""

    def stage(self, name: str) -> Placement:
        """Where an intermediate result lives."""

    def kernel(self, name: str, output: int) -> list[Rect]:
        """The kernel cells of one output channel, one rectangle per run of input channels."""

    def value(self, name: str, channel: int) -> Ref:
        """The cell of a per-channel parameter."""

    def walk(self, name: str, region: Region) -> Ref:
        """A parameter of role `channel` or `map`, walking with the values of a region."""


Params = Mapping[str, Array]
Negatives = Literal["possible", "from negatives", "none"]


class Op(BaseModel, ABC):
    """A layer kind with its options: frozen and validated.

    Subclasses state `kind`, `title` and whatever differs from the values here (the types stand here alone),
    their options as fields, and the methods below. `run` and `formula` share `out_shape` and nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: ClassVar[str]
    title: ClassVar[str]
    framework_names: ClassVar[tuple[str, str, str]] = ("", "", "")
    """What ONNX, PyTorch and Keras call it."""
    in_spec: ClassVar[bool] = True
    """Whether a spec may name this kind (the scaling of the input is built by the importer)."""
    takes_activation: ClassVar[bool] = False
    """Whether a spec may give the layer an `activation`."""
    arity: ClassVar[tuple[int, int]] = (1, 1)
    """The least and the greatest number of inputs."""
    negatives: ClassVar[Negatives] = "possible"
    """Whether a result can be negative: always possible, only from a negative input, or never."""
    pixelwise: ClassVar[bool] = False
    """Whether each output pixel is computed from the input's pixels at the same place alone."""
    aliases: ClassVar[bool] = False
    """Whether the result is its inputs' cells themselves, with no formulas of its own."""
    passes_through: ClassVar[bool] = False
    """Whether the result is the input, wherever and in whatever form its cells stand."""
    flattens: ClassVar[bool] = False
    """Whether the result is the input's values, in their order, as a vector."""
    reads_in_place: ClassVar[bool] = False
    """Whether a kernel of the layer can face maps where they stand, in place of a vector of their values."""

    @abstractmethod
    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The shape of the result.

        Raises:
            ShapeMismatchError: if the layer cannot take inputs of these shapes.
        """

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """The trained arrays that the layer needs."""
        return ()

    def stages(self, inputs: Sequence[Shape]) -> tuple[Stage, ...]:
        """The intermediate results that get cells of their own, in the order of computation."""
        return ()

    @abstractmethod
    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The result in float64. Inputs and result are `(C, H, W)` or `(N,)`."""

    def run_stages(self, inputs: Sequence[Array], params: Params) -> dict[str, Array]:
        """The intermediate results by name."""
        return {}

    @abstractmethod
    def formula(self, site: Site) -> Iterator[Stamp]:
        """The patterns that fill the stages and the result, each value exactly once."""

    def padding_extent(self, inputs: Sequence[Shape]) -> Margin:
        """How many cells beyond the edges of the input its formulas read."""
        return NO_MARGIN

    def receptive_window(self, inputs: Sequence[Shape]) -> WindowGeometry | None:
        """Which pixels each output pixel is computed from; None if that is no window that slides evenly."""
        if not self.pixelwise or inputs[0].is_vector:
            return None
        out = self.out_shape(inputs)
        return WindowGeometry((out.height, out.width))

    def nonnegative(self, inputs: Sequence[bool]) -> bool:
        """Whether no result can be negative, given which inputs cannot."""
        return self.negatives == "none" or (self.negatives == "from negatives" and all(inputs))

    def alias(self, inputs: Sequence[Placement], out: Shape) -> Placement:
        """For a layer that `aliases`: which of its inputs' cells are its result."""
        return concatenate(out, inputs)

    def multiply_adds(self, inputs: Sequence[Shape]) -> int:
        """The number of multiplications of a weight with a value (0 for layers without weights)."""
        return 0

    @abstractmethod
    def describe(self, inputs: Sequence[Shape]) -> str:
        """One line that says what each value is, for the sheets: `max over each 2×2 window`."""

    def words(self, template: str, **values: object) -> Text:
        """A text with the layer's options in the places that are named like them, and `values` in others."""
        return text(template, **{**dict(self), **values})


class SameShape(Op):
    """A layer whose result has the shape of its input."""

    def out_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The input's shape."""
        return inputs[0]


class Alias(Op):
    """A layer that only chooses or orders cells of its inputs (see `Op.alias`)."""

    pixelwise: ClassVar[bool] = True
    aliases: ClassVar[bool] = True

    def formula(self, site: Site) -> Iterator[Stamp]:
        """No patterns: there are no cells to fill."""
        return iter(())


class Elementwise(SameShape):
    """A layer whose every value depends on the one value at the same place."""

    pixelwise: ClassVar[bool] = True
    once: ClassVar[bool] = True
    """Whether `apply` uses its operand once, so that it may be wrapped around a long formula."""

    @abstractmethod
    def compute(self, x: Array) -> Array:
        """The function on an array."""

    @abstractmethod
    def apply(self, x: Expr) -> Expr:
        """The function as a formula."""

    def describe(self, inputs: Sequence[Shape]) -> str:
        """The function of the value."""
        return self.describe_applied(text("value"))

    def describe_applied(self, inner: str) -> str:
        """The function of what is already described, for a layer that has it as its activation."""
        return text("{title}({words})", title=text(self.title), words=inner)

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """Every value through the function at once."""
        return self.compute(inputs[0])

    def formula(self, site: Site) -> Iterator[Stamp]:
        """One pattern per map, or one down a vector."""
        x = site.inputs[0]
        for region in everywhere(site.out, x):
            yield Stamp(region, self.apply(x.at(region)))


def everywhere(out: Placement, *inputs: Placement) -> Iterator[Region]:
    """The regions that together cover `out`, each within one block of `out` and of every input."""
    shape = out.shape
    if shape.height == 1 and shape.width == 1:
        pieces = [Region.channels(0, shape.channels)]
        for placement in (out, *inputs):
            if placement.shape.channels == shape.channels:
                pieces = [part for piece in pieces for part in placement.parts(piece)]
        yield from pieces
    else:
        yield from (Region.plane(c, shape) for c in range(shape.channels))
