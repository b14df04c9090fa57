"""What instance, group and layer normalisation share: statistics of the input itself.

The values are split into sets, and each set is brought to mean 0 and variance 1, then scaled and
shifted::

    out = (in - mean) / sqrt(variance + epsilon) * weight + bias

with mean and variance (the mean of the squared deviations) of the value's own set. Which sets, is what
the three differ in. Mean, centred values and variance have cells of their own: the squares of centred
values keep the digits that are lost in `mean of squares - square of mean` where the mean is large.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sheetcnn.formulas.expr import Expr, Rect, call
from sheetcnn.formulas.placement import Placement
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.model.ops.base import Parameter, Params, SameShape, Site, Stage, everywhere
from sheetcnn.model.ops.channels import average, cells_of_channels, combined, per_channel, single, single_ref
from sheetcnn.shape import Array, Shape


class Normalisation(SameShape):
    """A layer that normalises sets of values."""

    takes_activation = True

    epsilon: Annotated[float, Field(gt=0)] = 1e-5
    affine: bool = True
    """Whether the normalised values are scaled by `weight` and shifted by `bias`."""

    @abstractmethod
    def sets(self, x: Shape) -> int | None:
        """Into how many sets the channels are split, in order; None where each pixel is a set."""

    def parameter_form(self, x: Shape) -> tuple[tuple[int, ...], Literal["channel", "map"]]:
        """Shape and role of weight and bias."""
        return (x.channels,), "channel"

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """With `affine`, `weight` (gamma) and `bias` (beta)."""
        if not self.affine:
            return ()
        shape, role = self.parameter_form(inputs[0])
        return Parameter("weight", shape, role, "γ weight"), Parameter("bias", shape, role, "β bias")

    def statistics(self, x: Shape) -> Shape:
        """The shape of the means: one per set, or one per pixel."""
        sets = self.sets(x)
        return single(x) if sets is None else Shape.vector(sets)

    def stages(self, inputs: Sequence[Shape]) -> tuple[Stage, ...]:
        """`mean`, `centred` and `var`."""
        one = self.statistics(inputs[0])
        return (
            Stage("mean", one, "mean"),
            Stage("centred", inputs[0], "value − mean"),
            Stage("var", one, "variance"),
        )

    def run_stages(self, inputs: Sequence[Array], params: Params) -> dict[str, Array]:
        """The input folded so that each set lies along one axis, and the statistics along that."""
        x = inputs[0]
        shape = Shape(x.shape)
        sets, one = self.sets(shape), self.statistics(shape).dims
        folded = x.reshape(shape.channels, -1).T if sets is None else x.reshape(sets, -1)
        mean = folded.mean(axis=1, keepdims=True)
        centred = folded - mean
        return {
            "mean": mean.reshape(one),
            "centred": (centred.T if sets is None else centred).reshape(x.shape),
            "var": folded.var(axis=1).reshape(one),
        }

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        """The definition; variances broadcast over their sets, parameters over what they lack."""
        x = inputs[0]
        stages = self.run_stages(inputs, params)
        variance = stages["var"]
        if self.sets(Shape(x.shape)) is not None:
            variance = per_channel(variance.repeat(len(x) // len(variance)), x)
        out = stages["centred"] / np.sqrt(variance + self.epsilon)
        if self.affine:
            weight, bias = (
                p if p.ndim == x.ndim else per_channel(p, x) for p in (params["weight"], params["bias"])
            )
            out = out * weight + bias
        return out

    def formula(self, site: Site) -> Iterator[Stamp]:
        """Means, centred values, variances, then the definition."""
        x, out = site.inputs[0], site.out
        mean, centred, variance = (site.stage(name) for name in ("mean", "centred", "var"))
        for region, cells, number in self._every_set(x):
            yield Stamp(region, average(cells, number), "mean")
        for region, middle in self._with(mean, centred, x):
            yield Stamp(region, x.at(region) - middle, "centred")
        for region, cells, number in self._every_set(centred):
            yield Stamp(region, combined("SUMSQ", cells) / number, "var")
        for region, spread in self._with(variance, out, centred):
            value: Expr = centred.at(region) / call("SQRT", spread + self.epsilon)
            if self.affine:
                value = value * site.walk("weight", region) + site.walk("bias", region)
            yield Stamp(region, value)

    def _every_set(self, x: Placement) -> Iterator[tuple[Region, list[Rect], int]]:
        """For each set the place of its statistics, its cells, and how many values they hold."""
        channels, sets = x.shape.channels, self.sets(x.shape)
        if sets is None:
            yield Region.plane(0, single(x.shape)), cells_of_channels(x), channels
            return
        size = channels // sets
        for n in range(sets):
            yield Region.channels(n, 1), x.ranges(range(n * size, (n + 1) * size)), x.shape.size // sets

    def _with(self, statistic: Placement, out: Placement, x: Placement) -> Iterator[tuple[Region, Expr]]:
        """Regions that cover `out`, each with the statistic of the set that it lies in."""
        sets = self.sets(x.shape)
        for region in everywhere(out, x):
            if sets is None:
                yield region, single_ref(statistic, region)
                continue
            size, first = x.shape.channels // sets, region.start[0]
            if region.step_i[0] == 0:
                yield region, statistic.cell(first // size)
                continue
            stop = first + region.rows
            while first < stop:  # a run down a vector may pass through several sets
                end = min(stop, (first // size + 1) * size)
                yield Region.channels(first, end - first), statistic.cell(first // size)
                first = end
