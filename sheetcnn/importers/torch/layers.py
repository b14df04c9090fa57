"""Operators that are layers: convolutions, linear layers, pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sheetcnn.importers.graph_builder import RefusalError, compact
from sheetcnn.importers.torch.program import Constant
from sheetcnn.importers.torch.values import TorchTensor, Value, with_steps

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import TorchTranslator

Ints = int | Sequence[int]


def pair(value: Ints, axes: int = 2, other: int = 1) -> tuple[int, int]:
    """One number per axis of a map; along a single axis, `other` for the rows."""
    listed = [value] if isinstance(value, int) else list(value)
    if len(listed) < axes:
        listed = listed * axes
    return (other, listed[0]) if axes == 1 else (listed[0], listed[1])


def symmetric_padding(value: Ints, axes: int) -> tuple[int, int, int, int]:
    """The same padding on both sides of each axis: top, bottom, left, right."""
    y, x = pair(value, axes, 0)
    return y, y, x, x


def _padding(value: str | Ints, axes: int) -> Any:
    if isinstance(value, str):
        return value
    edges = symmetric_padding(value, axes)
    return (compact(edges) or "valid") if axes == 2 else (edges[2] or "valid")


def conv(
    t: TorchTranslator,
    x: TorchTensor,
    weight: object,
    bias: object = None,
    stride: Ints = 1,
    padding: str | Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> TorchTensor:
    """A convolution over maps, or over rows."""
    x, w = t.materialised(x), t.constant(weight)
    axes = w.array.ndim - 2
    if not 1 <= axes <= 2 or len(x.dims) != axes + 2:
        raise RefusalError(f"a convolution along {axes} axes of a tensor {x.dims}; known are 1 and 2")
    filters, _, *size = w.array.shape
    if axes == 2 and groups == x.dims[1] > 1:
        kind, own = "depthwise_conv2d", {"multiplier": filters // groups}
    else:
        kind, own = f"conv{axes}d", {"filters": filters, "groups": groups}
    sizes = {"kernel_size": tuple(size), "stride": pair(stride, axes), "dilation": pair(dilation, axes)}
    own |= {key: compact(value[-axes:]) for key, value in sizes.items()}
    params = {"weight": w, "bias": optional(t, bias)}
    return t.layer(kind, x, params, padding=_padding(padding, axes), bias=bias is not None, **own)


def optional(t: TorchTranslator, value: object) -> Constant | None:
    """Weights that may be missing."""
    return None if value is None else t.constant(value)


def conv_transpose(
    t: TorchTranslator,
    x: TorchTensor,
    weight: object,
    bias: object = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> TorchTensor:
    """A transposed convolution; over rows it is one over maps of one row."""
    x, w = t.materialised(x), t.constant(weight)
    axes = w.array.ndim - 2
    if not 1 <= axes <= 2 or len(x.dims) != axes + 2:
        raise RefusalError(f"a transposed convolution along {axes} axes of a tensor {x.dims}")
    kernel = Constant(w.name, w.array if axes == 2 else w.array[:, :, None, :])
    extra = symmetric_padding(output_padding, axes)
    options = {
        "filters": int(w.array.shape[1]) * groups,
        "kernel_size": compact(kernel.array.shape[2:]),
        "stride": compact(pair(stride, axes)),
        "padding": compact(symmetric_padding(padding, axes)),
        "output_padding": compact((extra[0], extra[2])),
        "dilation": compact(pair(dilation, axes)),
        "groups": groups,
    }
    params = {"weight": kernel, "bias": optional(t, bias)}
    return t.layer("conv_transpose2d", x, params, bias=bias is not None, **options)


def convolution(t: TorchTranslator, x: TorchTensor, weight: object, bias: object, *sizes: Any) -> TorchTensor:
    """Either of the two, as decomposed programs have it."""
    stride, padding, dilation, transposed, output_padding, groups = sizes
    if transposed:
        return conv_transpose(t, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(t, x, weight, bias, stride, padding, dilation, groups)


def linear(t: TorchTranslator, x: TorchTensor, weight: object, bias: object = None) -> TorchTensor:
    """A dense layer on a vector; on maps with the channels last a convolution of one pixel."""
    x, w = t.tensor(x), t.constant(weight)
    units, params = int(w.array.shape[0]), {"weight": w, "bias": optional(t, bias)}
    if x.ends_in_channels:
        axes = len(x.base_dims) - 2
        params["weight"] = Constant(w.name, w.array.reshape(*w.array.shape, *[1] * axes))
        made = t.layer(
            f"conv{axes}d", x.base_tensor, params, filters=units, kernel_size=1, bias=bias is not None
        )
        return with_steps(made, [(kind, (*d[:-1], units) if kind == "view" else d) for kind, d in x.pending])
    x = t.materialised(x)
    if len(x.dims) > 2:
        raise RefusalError(f"a linear layer along the last axis of {x.dims}; known is one on a vector")
    return t.layer("dense", x, params, units=units, bias=bias is not None)


def matrix(t: TorchTranslator, x: TorchTensor, weight: object) -> TorchTensor:
    """A linear layer as a product of matrices."""
    w = t.constant(weight)
    if w.array.ndim != 2:
        raise RefusalError("a product with an array that is no matrix")
    return linear(t, x, Constant(w.name, w.array.T))


def add_matrix(
    t: TorchTranslator, bias: object, x: TorchTensor, weight: object, *, beta: float = 1, alpha: float = 1
) -> TorchTensor:
    """A linear layer as decomposed programs have it."""
    if beta != 1 or alpha != 1:
        raise RefusalError("a product of matrices with factors")
    w = t.constant(weight)
    return linear(t, x, Constant(w.name, w.array.T), bias)


# Pools.


def _pool(
    t: TorchTranslator, x: TorchTensor, kind: str, window: tuple[Ints, Ints, Ints], ceil: bool, **more: Any
) -> TorchTensor:
    """A pool whose window has a size, a stride (the size, where there is none) and a padding."""
    x, (size, stride, padding) = t.materialised(x), window
    axes = len(x.dims) - 2
    kernel, step = pair(size, axes), pair(stride or size, axes)
    more["padding"] = compact(symmetric_padding(padding, axes))
    more["stride"] = None if step == kernel else compact(step)
    return t.layer(kind, x, kernel_size=compact(kernel), ceil_mode=bool(ceil), **more)


def max_pool(
    t: TorchTranslator,
    x: TorchTensor,
    size: Ints,
    stride: Ints = (),
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil: bool = False,
) -> TorchTensor:
    """Max pooling."""
    axes = len(t.tensor(x).dims) - 2
    return _pool(t, x, "max_pool", (size, stride, padding), ceil, dilation=compact(pair(dilation, axes)))


def avg_pool(
    t: TorchTranslator,
    x: TorchTensor,
    size: Ints,
    stride: Ints = (),
    padding: Ints = 0,
    ceil: bool = False,
    count_padding: bool = True,
    divisor: int | None = None,
) -> TorchTensor:
    """Average pooling."""
    if divisor is not None:
        raise RefusalError("an average with a divisor of its own (divisor_override)")
    return _pool(t, x, "avg_pool", (size, stride, padding), ceil, count_include_pad=bool(count_padding))


def adaptive_avg_pool(t: TorchTranslator, x: TorchTensor, size: Ints) -> TorchTensor:
    """Average pooling to a size."""
    x = t.materialised(x)
    target = pair(size, len(x.dims) - 2)
    if target == (1, 1):
        return t.layer("global_avg_pool", x)
    return t.layer("adaptive_avg_pool", x, output_size=compact(target))


def adaptive_max_pool(t: TorchTranslator, x: TorchTensor, size: Ints) -> TorchTensor:
    """Max pooling to a size that divides the maps'."""
    x = t.materialised(x)
    axes = len(x.dims) - 2
    target, given = pair(size, axes), (1, x.dims[2]) if axes == 1 else x.dims[2:]
    if target == (1, 1):
        return t.layer("global_max_pool", x)
    if any(n % m for n, m in zip(given, target, strict=True)):
        raise RefusalError(f"max pooling of {given} to {target}, which does not divide it")
    return t.layer("max_pool", x, kernel_size=(given[0] // target[0], given[1] // target[1]))


def first_result(function: Callable[..., TorchTensor]) -> Callable[..., Value]:
    """For an operator that returns more, such as positions or statistics: that is not known here."""
    return lambda t, *args: [function(t, *args), None, None]


LAYERS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(("conv1d", "conv2d"), conv),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d"), conv_transpose),
    "convolution": convolution,
    "linear": linear,
    **dict.fromkeys(("mm", "matmul"), matrix),
    "addmm": add_matrix,
    **dict.fromkeys(("max_pool1d", "max_pool2d"), max_pool),
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool1d_with_indices"), first_result(max_pool)),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d"), avg_pool),
    **dict.fromkeys(
        ("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d"), adaptive_avg_pool
    ),
    **dict.fromkeys(("adaptive_max_pool1d", "adaptive_max_pool2d"), first_result(adaptive_max_pool)),
}
"""Operators that are layers."""
