"""What layers with kernels share: groups, the parameters, and the sum of products of values and weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetcnn.formulas.expr import Expr, Rect, add, dot
from sheetcnn.formulas.placement import Placement, Window
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.model.ops.base import Parameter, Site
from sheetcnn.shape import Shape, ShapeMismatchError


def check_groups(x: Shape, filters: int, groups: int) -> None:
    """Check that a convolution can have that many groups.

    Raises:
        ShapeMismatchError: if not; says what does not divide.
    """
    for name, number in (("input channels", x.channels), ("filters", filters)):
        if number % groups:
            raise ShapeMismatchError(
                f"{number} {name} cannot be split into {groups} groups; both filters and input "
                "channels must be multiples of groups"
            )


def with_bias(weight: Parameter, outputs: int, bias: bool) -> tuple[Parameter, ...]:
    """The kernel and, with `bias`, one value for each output."""
    return (weight, Parameter("bias", (outputs,), "channel", "bias")) if bias else (weight,)


def weighted_sum(site: Site, seen: Sequence[Rect], output: int, *, bias: bool) -> Expr:
    """The products of the cells seen with the kernel of one output, plus its bias if there is one."""
    terms = [
        dot(values, weights) for values, weights in zip(seen, site.kernel("weight", output), strict=True)
    ]
    return add(*terms, site.value("bias", output)) if bias else add(*terms)


def convolved(site: Site, x: Placement, window: Window, groups: int, *, bias: bool) -> Iterator[Stamp]:
    """One pattern per output map: a product per run of input channels of its group, plus the bias.

    Args:
        site: of the layer; its kernel is `weight`.
        x: the maps that the windows lie on.
        window: for output pixel (0, 0).
        groups: of the convolution.
        bias: whether there is one.
    """
    shape = site.out.shape
    per_in, per_out = x.shape.channels // groups, shape.channels // groups
    for k in range(shape.channels):
        first = k // per_out * per_in
        seen = x.windows(range(first, first + per_in), window)
        yield Stamp(Region.plane(k, shape), weighted_sum(site, seen, k, bias=bias))
