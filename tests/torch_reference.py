"""Every layer kind computed by PyTorch in float64: the oracle that knows nothing of sheetcnn.

A kind is one function of inputs, parameters and its options, listed in `REFERENCES`, and, if it has
parameters, one function that says their shapes, listed in `PARAMETERS`. The options are the
function's keyword arguments, so a misspelt one raises a TypeError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial, reduce
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


def _conv1d(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    filters: int,
    kernel_size: int,
    stride: int = 1,
    padding: str | Size = "valid",
    dilation: int = 1,
    groups: int = 1,
    bias: bool = True,
) -> Tensor:
    x, offset = inputs[0][:, 0], params["bias"] if bias else None
    if padding == "same":
        sides = _same(x.shape[1], (kernel_size - 1) * dilation + 1, stride)
    else:
        sides = _pair(0 if padding == "valid" else padding)  # type: ignore[arg-type]
    out = F.conv1d(F.pad(x, sides), params["weight"], offset, stride, 0, dilation, groups)
    assert out.shape[0] == filters
    return out[:, None]


def _conv_transpose2d(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    filters: int,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    bias: bool = True,
) -> Tensor:
    x, weight, offset = inputs[0][None], params["weight"], params["bias"] if bias else None
    steps, spread, more = _pair(stride), _pair(dilation), _pair(output_padding)
    sides = _sides(padding, x, (), ())
    assert tuple(weight.shape[2:]) == _pair(kernel_size)
    if _symmetric(sides):
        own = sides[0], sides[2]
        out = F.conv_transpose2d(x, weight, offset, steps, own, more, groups, spread)[0]
    else:
        # The full result cropped; what output_padding adds beyond it holds the bias alone.
        full = F.conv_transpose2d(x, weight, None, steps, 0, 0, groups, spread)
        top, bottom, left, right = sides
        out = _pad(full, (-top, more[0] - bottom, -left, more[1] - right), 0.0)[0]
        if offset is not None:
            out = out + offset[:, None, None]
    assert out.shape[0] == filters
    return out


def _depthwise_conv2d(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    kernel_size: Size,
    multiplier: int = 1,
    stride: Size = 1,
    padding: str | Size = "valid",
    dilation: Size = 1,
    bias: bool = True,
) -> Tensor:
    channels = inputs[0].shape[0]
    return _conv2d(
        inputs,
        params,
        filters=channels * multiplier,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=channels,
        bias=bias,
    )


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
    if _can_pad(sides, window):
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


def _column(parameter: Tensor, x: Tensor) -> Tensor:
    """Shape a parameter per channel so that it broadcasts over x (C, H, W) or (N,)."""
    return parameter.reshape(-1, *(1,) * (x.dim() - 1))


# PyTorch's functions in `F` refuse sets of one value, for which training makes no sense.
def _instance_norm(
    inputs: Sequence[Tensor], params: Params, *, epsilon: float = 1e-5, affine: bool = True
) -> Tensor:
    assert bool(params) == affine
    weight, bias = params.get("weight"), params.get("bias")
    return torch.instance_norm(inputs[0][None], weight, bias, None, None, True, 0.0, epsilon, False)[0]


def _group_norm(
    inputs: Sequence[Tensor], params: Params, *, groups: int, epsilon: float = 1e-5, affine: bool = True
) -> Tensor:
    assert bool(params) == affine
    return torch.group_norm(inputs[0][None], groups, params.get("weight"), params.get("bias"), epsilon)[0]


def _layer_norm(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    axes: str = "all",
    epsilon: float = 1e-5,
    affine: bool = True,
) -> Tensor:
    assert axes in ("all", "channels")
    assert bool(params) == affine
    x, weight, bias = inputs[0], params.get("weight"), params.get("bias")
    if axes == "all":
        return F.layer_norm(x, x.shape, weight, bias, epsilon)
    return F.layer_norm(x.movedim(0, -1), x.shape[:1], weight, bias, epsilon).movedim(-1, 0)


def _lrn(inputs: Sequence[Tensor], params: Params, *, extra: str = "before", **options: float) -> Tensor:
    """PyTorch's, whose windows of even size reach further back; ONNX's are its mirror image."""
    assert extra in ("before", "after")
    x = inputs[0] if extra == "before" else inputs[0].flip(0)
    long = x.reshape(1, x.shape[0], -1)
    out = F.local_response_norm(long, **options).reshape(x.shape)  # type: ignore[arg-type]
    return out if extra == "before" else out.flip(0)


def _affine(inputs: Sequence[Tensor], params: Params, *, scale: bool = True, shift: bool = True) -> Tensor:
    out = inputs[0]
    if scale:
        out = out * _column(params["weight"], out)
    return out + _column(params["bias"], out) if shift else out


def _prelu(inputs: Sequence[Tensor], params: Params, *, shared: bool = False) -> Tensor:
    assert params["weight"].shape == (1 if shared else inputs[0].shape[0],)
    return F.prelu(inputs[0][None], params["weight"])[0]


def _clip(x: Tensor, **bounds: float) -> Tensor:
    return torch.clamp(x, **bounds)


def _selu(x: Tensor, alpha: float | None, gamma: float | None) -> Tensor:
    """PyTorch's constants, or other ones, as ONNX allows."""
    if alpha is None or gamma is None:
        return F.selu(x)
    return gamma * F.elu(x, alpha)


def _hard_sigmoid(x: Tensor, alpha: float | None, beta: float | None) -> Tensor:
    if alpha is None and beta is None:
        return F.hardsigmoid(x)
    slope = 1 / 6 if alpha is None else alpha
    return (slope * x + (0.5 if beta is None else beta)).clamp(0.0, 1.0)


def _dropout(inputs: Sequence[Tensor], params: Params, *, rate: float = 0.5) -> Tensor:
    return F.dropout(inputs[0], rate, training=False)


def _pad_layer(
    inputs: Sequence[Tensor], params: Params, *, padding: Size, mode: str = "constant", value: float = 0.0
) -> Tensor:
    x = inputs[0][None]
    sides = _sides(padding, x, (), ())
    if mode == "constant":
        return _pad(x, sides, value)[0]
    top, bottom, left, right = sides
    return F.pad(x, (left, right, top, bottom), mode={"reflect": "reflect", "edge": "replicate"}[mode])[0]


def _source(pixel: int, size: int, new: int, scale: Fraction, coordinates: str) -> Fraction:
    """Return where in an axis of `size` pixels the middle of a new pixel lies, as ONNX Resize defines it.

    Exact, so that a pixel half way between two others is found to be so.
    """
    if coordinates == "align_corners":
        return Fraction(pixel * (size - 1), new - 1) if new > 1 else Fraction(0)
    if coordinates == "asymmetric":
        return pixel / scale
    if coordinates == "pytorch_half_pixel" and new == 1:
        return Fraction(0)
    return (pixel + Fraction(1, 2)) / scale - Fraction(1, 2)


_ROUND: dict[str, Callable[[Fraction], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round_prefer_floor": lambda x: math.ceil(x - Fraction(1, 2)),
    "round_prefer_ceil": lambda x: math.floor(x + Fraction(1, 2)),
}


def _resize_axis(size: int, new: int, scale: Fraction, mode: str, coordinates: str, rounding: str) -> Tensor:
    """Return the matrix (new, size) that makes the new pixels of one axis out of its pixels."""
    matrix = torch.zeros(new, size, dtype=torch.float64)
    for pixel in range(new):
        at = _source(pixel, size, new, scale, coordinates)
        if mode == "nearest":
            parts = [(_ROUND[rounding](at), 1.0)]
        else:
            before = math.floor(at)
            parts = [(before, float(1 - (at - before))), (before + 1, float(at - before))]
        for index, share in parts:
            # Beyond the edge the pixel at the edge goes on.
            matrix[pixel, min(max(index, 0), size - 1)] += share
    return matrix


def _upsample(
    inputs: Sequence[Tensor],
    params: Params,
    *,
    size: Sequence[int] | None = None,
    scale: float | Sequence[float] | None = None,
    mode: str = "nearest",
    coordinates: str | None = None,
    rounding: str = "floor",
) -> Tensor:
    """Resize by the definition; PyTorch must agree where it has the mode."""
    x = inputs[0]
    chosen = coordinates or ("asymmetric" if mode == "nearest" else "half_pixel")
    old = x.shape[1], x.shape[2]
    if scale is None:
        assert size is not None
        new, scales = tuple(size), [Fraction(n, o) for n, o in zip(size, old, strict=True)]
        wanted: dict[str, Any] = {"size": new}
    else:
        assert size is None
        given = [float(s) for s in (scale if isinstance(scale, Sequence) else (scale, scale))]
        new = tuple(math.floor(o * s) for o, s in zip(old, given, strict=True))
        scales = [Fraction(str(s)) for s in given]
        wanted = {"scale_factor": given, "recompute_scale_factor": False}
    rows, columns = (
        _resize_axis(o, n, s, mode, chosen, rounding) for o, n, s in zip(old, new, scales, strict=True)
    )
    out = rows @ x @ columns.T
    known: dict[tuple[str, ...], dict[str, Any]] = {
        ("nearest", "asymmetric", "floor"): {"mode": "nearest"},
        ("nearest", "half_pixel", "round_prefer_ceil"): {"mode": "nearest-exact"},
        ("bilinear", "half_pixel"): {"mode": "bilinear", "align_corners": False},
        ("bilinear", "align_corners"): {"mode": "bilinear", "align_corners": True},
    }
    torchs = known.get((mode, chosen) if mode == "bilinear" else (mode, chosen, rounding))
    if torchs is not None:
        torch.testing.assert_close(out, F.interpolate(x[None], **wanted, **torchs)[0], rtol=1e-6, atol=1e-6)
    return out


def _depth_to_space(inputs: Sequence[Tensor], params: Params, *, block: int, mode: str = "crd") -> Tensor:
    if mode == "crd":
        return F.pixel_shuffle(inputs[0], block)
    assert mode == "dcr"
    channels, height, width = inputs[0].shape
    split = inputs[0].reshape(block, block, channels // block**2, height, width)
    return split.permute(2, 3, 0, 4, 1).reshape(-1, height * block, width * block)


def _space_to_depth(inputs: Sequence[Tensor], params: Params, *, block: int, mode: str = "crd") -> Tensor:
    if mode == "crd":
        return F.pixel_unshuffle(inputs[0], block)
    assert mode == "dcr"
    channels, height, width = inputs[0].shape
    split = inputs[0].reshape(channels, height // block, block, width // block, block)
    return split.permute(2, 4, 0, 1, 3).reshape(-1, height // block, width // block)


def _channel_shuffle(inputs: Sequence[Tensor], params: Params, *, groups: int) -> Tensor:
    return F.channel_shuffle(inputs[0][None], groups)[0]


def _permute(inputs: Sequence[Tensor], params: Params, *, order: Sequence[int]) -> Tensor:
    return inputs[0].permute(*order)


def _reshape(inputs: Sequence[Tensor], params: Params, *, shape: Sequence[int]) -> Tensor:
    return inputs[0].reshape(*shape)


def _crop(inputs: Sequence[Tensor], params: Params, *, crop: Sequence[int]) -> Tensor:
    return _pad(inputs[0][None], [-side for side in crop], 0.0)[0]


def _slice_channels(
    inputs: Sequence[Tensor], params: Params, *, start: int = 0, stop: int | None = None, step: int = 1
) -> Tensor:
    return inputs[0][start:stop:step]


def _each_two(function: Callable[[Tensor, Tensor], Tensor]) -> Reference:
    """Make a kind of a function of two tensors: applied to the first two, the result and the third ..."""

    def run(inputs: Sequence[Tensor], params: Params) -> Tensor:
        assert len(inputs) > 1
        return reduce(function, inputs)

    return run


def _average(inputs: Sequence[Tensor], params: Params) -> Tensor:
    return torch.stack(torch.broadcast_tensors(*inputs)).mean(0)


def _concat(inputs: Sequence[Tensor], params: Params) -> Tensor:
    return torch.cat(tuple(inputs), 0)


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
    "conv1d": _conv1d,
    "conv_transpose2d": _conv_transpose2d,
    "depthwise_conv2d": _depthwise_conv2d,
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
    "pad": _pad_layer,
    "upsample": _upsample,
    "depth_to_space": _depth_to_space,
    "space_to_depth": _space_to_depth,
    "channel_shuffle": _channel_shuffle,
    "permute": _permute,
    "reshape": _reshape,
    "crop": _crop,
    "slice_channels": _slice_channels,
    "add": _each_two(torch.add),
    "subtract": _each_two(torch.subtract),
    "multiply": _each_two(torch.multiply),
    "divide": _each_two(torch.divide),
    "maximum": _each_two(torch.maximum),
    "minimum": _each_two(torch.minimum),
    "average": _average,
    "concat": _concat,
    "global_max_pool": _one(partial(F.adaptive_max_pool2d, output_size=1)),
    "adaptive_avg_pool": _one(F.adaptive_avg_pool2d, output_size=None),
    "instance_norm": _instance_norm,
    "group_norm": _group_norm,
    "layer_norm": _layer_norm,
    "lrn": _lrn,
    "affine": _affine,
    "prelu": _prelu,
    "log_softmax": _one(partial(F.log_softmax, dim=0)),
    "relu6": _one(F.relu6),
    "clip": _one(_clip, min=None, max=None),
    "elu": _one(F.elu, alpha=1.0),
    "selu": _one(_selu, alpha=None, gamma=None),
    "celu": _one(F.celu, alpha=1.0),
    "gelu": _one(F.gelu, approximate="none"),
    "silu": _one(F.silu),
    "mish": _one(F.mish),
    "hard_sigmoid": _one(_hard_sigmoid, alpha=None, beta=None),
    "hard_swish": _one(F.hardswish),
    "softplus": _one(F.softplus, beta=1.0, threshold=20.0),
    "softsign": _one(F.softsign),
    "exp": _one(torch.exp),
    "abs": _one(torch.abs),
    "sqrt": _one(torch.sqrt),
    "negative": _one(torch.neg),
}


def reference(layer: Mapping[str, Any], inputs: Sequence[Array], params: Mapping[str, Any]) -> Array:
    """Compute a layer, given as in a spec without its name, in float64."""
    options = {name: value for name, value in layer.items() if name not in ("kind", "activation")}
    tensors = [torch.from_numpy(np.asarray(x, dtype=np.float64)) for x in inputs]
    weights = {name: torch.from_numpy(np.asarray(p, dtype=np.float64)) for name, p in params.items()}
    out = REFERENCES[layer["kind"]](tensors, weights, **options)
    if layer.get("activation") is not None:
        activation = layer["activation"]
        named = activation if isinstance(activation, Mapping) else {"kind": activation}
        own = {name: value for name, value in named.items() if name != "kind"}
        out = REFERENCES[named["kind"]]([out], {}, **own)
    return np.ascontiguousarray(out.numpy())


# --- Parameters and inputs ----------------------------------------------------------------------

Shapes = dict[str, tuple[int, ...]]


def _conv2d_parameters(
    inputs: Sequence[Shape], *, filters: int, kernel_size: Size, groups: int = 1, bias: bool = True, **_: Any
) -> Shapes:
    weight = {"weight": (filters, inputs[0][0] // groups, *_pair(kernel_size))}
    return weight | ({"bias": (filters,)} if bias else {})


def _conv1d_parameters(inputs: Sequence[Shape], *, kernel_size: int, **options: Any) -> Shapes:
    shapes = _conv2d_parameters(inputs, kernel_size=kernel_size, **options)
    return shapes | {"weight": (*shapes["weight"][:2], kernel_size)}


def _conv_transpose2d_parameters(
    inputs: Sequence[Shape], *, filters: int, kernel_size: Size, groups: int = 1, bias: bool = True, **_: Any
) -> Shapes:
    weight = {"weight": (inputs[0][0], filters // groups, *_pair(kernel_size))}
    return weight | ({"bias": (filters,)} if bias else {})


def _depthwise_conv2d_parameters(
    inputs: Sequence[Shape], *, kernel_size: Size, multiplier: int = 1, bias: bool = True, **_: Any
) -> Shapes:
    outputs = inputs[0][0] * multiplier
    weight = {"weight": (outputs, 1, *_pair(kernel_size))}
    return weight | ({"bias": (outputs,)} if bias else {})


def _dense_parameters(inputs: Sequence[Shape], *, units: int, bias: bool = True, **_: Any) -> Shapes:
    return {"weight": (units, inputs[0][0])} | ({"bias": (units,)} if bias else {})


def _batch_norm_parameters(inputs: Sequence[Shape], **_: Any) -> Shapes:
    channels = (inputs[0][0],)
    return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), channels)


def _norm_parameters(inputs: Sequence[Shape], *, affine: bool = True, **_: Any) -> Shapes:
    return dict.fromkeys(("weight", "bias"), (inputs[0][0],)) if affine else {}


def _layer_norm_parameters(inputs: Sequence[Shape], *, axes: str = "all", **options: Any) -> Shapes:
    return {
        name: tuple(inputs[0]) if axes == "all" else shape
        for name, shape in _norm_parameters(inputs, **options).items()
    }


def _affine_parameters(
    inputs: Sequence[Shape], *, scale: bool = True, shift: bool = True, **_: Any
) -> Shapes:
    return {name: (inputs[0][0],) for name, given in (("weight", scale), ("bias", shift)) if given}


def _prelu_parameters(inputs: Sequence[Shape], *, shared: bool = False) -> Shapes:
    return {"weight": (1 if shared else inputs[0][0],)}


PARAMETERS: dict[str, Callable[..., Shapes]] = {
    "conv2d": _conv2d_parameters,
    "conv1d": _conv1d_parameters,
    "conv_transpose2d": _conv_transpose2d_parameters,
    "depthwise_conv2d": _depthwise_conv2d_parameters,
    "dense": _dense_parameters,
    "batch_norm": _batch_norm_parameters,
    "instance_norm": _norm_parameters,
    "group_norm": _norm_parameters,
    "layer_norm": _layer_norm_parameters,
    "affine": _affine_parameters,
    "prelu": _prelu_parameters,
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
