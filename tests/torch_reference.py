"""Every layer kind computed by PyTorch in float64: the oracle that knows nothing of sheetcnn.

A kind is one function of inputs, parameters and its options, listed in `REFERENCES`, and, if it has
parameters, one function that says their shapes, listed in `PARAMETERS`. The options are the
function's keyword arguments, so a misspelt one raises a TypeError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

if TYPE_CHECKING:
    from cases import Case

Array = NDArray[np.float64]
Shape = Sequence[int]
Size = int | Sequence[int]
Params = Mapping[str, Tensor]
Reference = Callable[..., Tensor]


# --- Geometry -----------------------------------------------------------------------------------


def _pair(value: Size) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _extent(kernel_size: Size, dilation: Size) -> tuple[int, int]:
    (kh, kw), (dh, dw) = _pair(kernel_size), _pair(dilation)
    return (kh - 1) * dh + 1, (kw - 1) * dw + 1


def _same(size: int, extent: int, stride: int) -> tuple[int, int]:
    """TensorFlow's rule: ceil(size / stride) windows, the odd pixel after."""
    total = max((math.ceil(size / stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def _sides(padding: str | Size, x: Tensor, extent: Shape, stride: Shape) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right for x (1, C, H, W)."""
    if padding == "same":
        return (*_same(x.shape[2], extent[0], stride[0]), *_same(x.shape[3], extent[1], stride[1]))
    if padding == "valid":
        return (0, 0, 0, 0)
    if isinstance(padding, int):
        return (padding, padding, padding, padding)
    top, bottom, left, right = (int(side) for side in padding)
    return top, bottom, left, right


def _symmetric(sides: Shape) -> bool:
    return sides[0] == sides[1] and sides[2] == sides[3]


def _pad(x: Tensor, sides: Shape, value: float) -> Tensor:
    """Pad (1, C, H, W) by top, bottom, left, right; a negative number crops."""
    top, bottom, left, right = sides
    return F.pad(x, (left, right, top, bottom), value=value)


def _fit(size: int, before: int, after: int, extent: int, stride: int, ceil_mode: bool) -> int:
    """Return by how much padded pixels must be extended so that exactly the wanted windows fit.

    The rule of PyTorch: with ceil_mode windows go on until one reaches the end, but none starts
    beyond the pixels and the padding before them.
    """
    end = before + size + after
    assert extent - end < (stride if ceil_mode else 1), "not even one window fits"
    count = 1
    if ceil_mode:
        while (count - 1) * stride + extent < end and count * stride < before + size:
            count += 1
    else:
        while count * stride + extent <= end:
            count += 1
    return (count - 1) * stride + extent - end


def _overhang(x: Tensor, sides: Shape, extent: Shape, stride: Shape, ceil_mode: bool) -> tuple[int, ...]:
    """Return what `_fit` says below and to the right, as the sides of `_pad`."""
    top, bottom, left, right = sides
    return (
        0,
        _fit(x.shape[2], top, bottom, extent[0], stride[0], ceil_mode),
        0,
        _fit(x.shape[3], left, right, extent[1], stride[1], ceil_mode),
    )


def _can_pad(sides: Shape, extent: Shape) -> bool:
    """Say whether PyTorch's pooling takes this padding itself: symmetric, at most half the window."""
    return _symmetric(sides) and sides[0] <= extent[0] // 2 and sides[2] <= extent[1] // 2


# --- Kinds: maps are (C, H, W), vectors (N,) ----------------------------------------------------


def _conv2d(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    filters: int,
    kernel_size: Size,
    stride: Size = 1,
    padding: str | Size = "valid",
    dilation: Size = 1,
    groups: int = 1,
    bias: bool = True,
) -> Tensor:
    x, steps, spread = inputs[0][None], _pair(stride), _pair(dilation)
    sides = _sides(padding, x, _extent(kernel_size, dilation), steps)
    own: tuple[int, int] = (0, 0)
    if _symmetric(sides):
        own = (sides[0], sides[2])
    else:
        x = _pad(x, sides, 0.0)
    out = F.conv2d(x, params["weight"], params["bias"] if bias else None, steps, own, spread, groups)[0]
    assert out.shape[0] == filters
    return out


def _max_pool(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    kernel_size: Size,
    stride: Size | None = None,
    padding: str | Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    x, window, spread = inputs[0][None], _pair(kernel_size), _pair(dilation)
    steps = _pair(kernel_size if stride is None else stride)
    extent = _extent(kernel_size, dilation)
    sides = _sides(padding, x, extent, steps)
    if _can_pad(sides, extent):
        return F.max_pool2d(x, window, steps, (sides[0], sides[2]), spread, ceil_mode)[0]
    beyond = _overhang(x, sides, extent, steps, ceil_mode)
    padded = _pad(_pad(x, sides, -math.inf), beyond, -math.inf)
    return F.max_pool2d(padded, window, steps, 0, spread)[0]


def _avg_pool(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    kernel_size: Size,
    stride: Size | None = None,
    padding: str | Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    x, window = inputs[0][None], _pair(kernel_size)
    steps = _pair(kernel_size if stride is None else stride)
    sides = _sides(padding, x, window, steps)
    if _can_pad(sides, window):
        return F.avg_pool2d(x, window, steps, (sides[0], sides[2]), ceil_mode, count_include_pad)[0]
    # Sum over each window, divided by the number of its pixels that count.
    beyond = _overhang(x, sides, window, steps, ceil_mode)
    counted = _pad(torch.ones_like(x), sides, 1.0 if count_include_pad else 0.0)
    total, number = (
        F.avg_pool2d(_pad(part, beyond, 0.0), window, steps, divisor_override=1)
        for part in (_pad(x, sides, 0.0), counted)
    )
    return (total / number)[0]


def _dense(inputs: Sequence[Tensor], params: Params, *, units: int, bias: bool = True) -> Tensor:
    out = F.linear(inputs[0], params["weight"], params["bias"] if bias else None)
    assert out.shape == (units,)
    return out


def _batch_norm(inputs: Sequence[Tensor], params: Params, *, epsilon: float = 1e-5) -> Tensor:
    statistics = params["running_mean"], params["running_var"]
    return F.batch_norm(inputs[0][None], *statistics, params["weight"], params["bias"], eps=epsilon)[0]


def _dropout(inputs: Sequence[Tensor], params: Params, *, rate: float = 0.5) -> Tensor:
    return F.dropout(inputs[0], rate, training=False)


def _one(function: Callable[..., Tensor], **defaults: Any) -> Reference:
    """Make the kind of a function of one tensor, whose options PyTorch calls by the same names."""

    def run(inputs: Sequence[Tensor], params: Params, **options: Any) -> Tensor:
        unknown = options.keys() - defaults.keys()
        if unknown:
            raise TypeError(f"unknown options {sorted(unknown)}")
        return function(inputs[0], **(defaults | options))

    return run


REFERENCES: dict[str, Reference] = {
    "conv2d": _conv2d,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "global_avg_pool": _one(partial(F.adaptive_avg_pool2d, output_size=1)),
    "dense": _dense,
    "flatten": _one(torch.flatten),
    "batch_norm": _batch_norm,
    "relu": _one(F.relu),
    "leaky_relu": _one(F.leaky_relu, negative_slope=0.01),
    "sigmoid": _one(torch.sigmoid),
    "tanh": _one(torch.tanh),
    "softmax": _one(partial(F.softmax, dim=0)),
    "dropout": _dropout,
}

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


def reference(layer: Mapping[str, Any], inputs: Sequence[Array], params: Mapping[str, Any]) -> Array:
    """Compute a layer, given as in a spec without its name, in float64."""
    options = {name: value for name, value in layer.items() if name not in ("kind", "activation")}
    tensors = [torch.from_numpy(np.asarray(x, dtype=np.float64)) for x in inputs]
    weights = {name: torch.from_numpy(np.asarray(p, dtype=np.float64)) for name, p in params.items()}
    out = REFERENCES[layer["kind"]](tensors, weights, **options)
    if layer.get("activation") is not None:
        out = ACTIVATIONS[layer["activation"]](out)
    result: Array = out.numpy()
    return result


# --- Parameters and inputs ----------------------------------------------------------------------

Shapes = dict[str, tuple[int, ...]]


def _conv2d_parameters(
    inputs: Sequence[Shape], *, filters: int, kernel_size: Size, groups: int = 1, bias: bool = True, **_: Any
) -> Shapes:
    weight = {"weight": (filters, inputs[0][0] // groups, *_pair(kernel_size))}
    return weight | ({"bias": (filters,)} if bias else {})


def _dense_parameters(inputs: Sequence[Shape], *, units: int, bias: bool = True, **_: Any) -> Shapes:
    return {"weight": (units, inputs[0][0])} | ({"bias": (units,)} if bias else {})


def _batch_norm_parameters(inputs: Sequence[Shape], **_: Any) -> Shapes:
    channels = (inputs[0][0],)
    return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), channels)


PARAMETERS: dict[str, Callable[..., Shapes]] = {
    "conv2d": _conv2d_parameters,
    "dense": _dense_parameters,
    "batch_norm": _batch_norm_parameters,
}


def _draw(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw one parameter; variances are positive, and kernels keep results near 1."""
    if name == "running_var":
        values = rng.uniform(0.1, 3.0, shape)
    else:
        values = rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))
    return values.astype(np.float32)


def parameters(
    layer: Mapping[str, Any], input_shapes: Sequence[Shape], rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Draw the parameters of a layer, as a file of weights would hold them."""
    options = {name: value for name, value in layer.items() if name != "kind"}
    shapes_of = PARAMETERS.get(layer["kind"])
    shapes = shapes_of(input_shapes, **options) if shapes_of else {}
    return {name: _draw(name, shape, rng) for name, shape in shapes.items()}


def make_inputs(case: Case, rng: np.random.Generator) -> list[Array]:
    """Draw the inputs of a case; their values are float32 numbers, held as float64."""
    inputs = []
    for shape in case.inputs:
        if case.span is None:
            values = rng.standard_normal(shape)
        else:
            values = rng.uniform(*case.span, shape)
            values.flat[0], values.flat[-1] = case.span
        inputs.append(values.astype(np.float32).astype(np.float64))
    return inputs
