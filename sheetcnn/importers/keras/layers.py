"""Convolutions, dense layers and pools. Kernels come as `(kh, kw, in, out)`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import Numbers, RefusalError, compact
from sheetcnn.importers.keras.activations import layer_with_activation
from sheetcnn.importers.keras.network import LayerCall
from sheetcnn.importers.keras.translator import KerasTensor, KerasTranslator, LayerRule


def sizes(value: Any, axes: int) -> tuple[int, ...]:
    """One number per axis."""
    listed = [value] * axes if isinstance(value, int) else list(value)
    return tuple(int(n) for n in listed)


def _arrays(call: LayerCall, *names: str) -> dict[str, Numbers]:
    """The layer's arrays, with a bias where it has one."""
    return call.store.arrays([*names, *(["bias"] if call.config.get("use_bias", True) else [])])


def _weighted(
    t: KerasTranslator,
    call: LayerCall,
    kind: str,
    x: KerasTensor,
    weight: Numbers,
    arrays: Any,
    **options: Any,
) -> KerasTensor:
    """Add a layer with a weight, the bias among the arrays, and the activation of the configuration."""
    bias = {"bias": arrays["bias"]} if "bias" in arrays else {}
    params = {"weight": np.ascontiguousarray(weight), **bias}
    return layer_with_activation(t, call, kind, x, params, bias=bool(bias), **options)


def _out_first(kernel: Numbers) -> Numbers:
    """`(kh, kw, in, out)` as `(out, in, kh, kw)`."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def _stride_and_dilation(call: LayerCall, axes: int) -> dict[str, tuple[int, ...]]:
    given = {"stride": call.config.get("strides", 1), "dilation": call.config.get("dilation_rate", 1)}
    return {key: sizes(value, axes) for key, value in given.items()}


def _compact(options: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    return {key: compact(value) for key, value in options.items()}


def _conv(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    axes, arrays = xs[0].rank - 1, _arrays(call, "kernel")
    weight = _out_first(arrays["kernel"])
    options = {"kernel_size": sizes(call.config["kernel_size"], axes), **_stride_and_dilation(call, axes)}
    own = {"filters": call.config["filters"], "groups": call.config.get("groups", 1)}
    padding = _padding(call, weight)
    return _weighted(
        t, call, f"conv{axes}d", xs[0], weight, arrays, padding=padding, **own, **_compact(options)
    )


def _padding(call: LayerCall, weight: Numbers) -> Any:
    padding = call.config.get("padding", "valid")
    if padding == "causal":
        reach = (weight.shape[-1] - 1) * sizes(call.config.get("dilation_rate", 1), 1)[0]
        return (reach, 0) if reach else "valid"
    return padding


def _depthwise(kernel: Numbers) -> Numbers:
    """`(kh, kw, in, multiplier)` as `(in * multiplier, 1, kh, kw)`."""
    kh, kw, inputs, multiplier = kernel.shape
    return np.reshape(kernel.transpose(2, 3, 0, 1), (inputs * multiplier, 1, kh, kw))


def _depthwise_options(call: LayerCall, kernel: Numbers) -> dict[str, Any]:
    options = _compact({**_stride_and_dilation(call, 2), "kernel_size": kernel.shape[:2]})
    return {**options, "multiplier": kernel.shape[3], "padding": call.config.get("padding", "valid")}


def _depthwise_conv2d(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    name = "depthwise_kernel" if t.version.startswith(("1.", "2.")) else "kernel"
    arrays = _arrays(call, name)
    weight, options = _depthwise(arrays[name]), _depthwise_options(call, arrays[name])
    return _weighted(t, call, "depthwise_conv2d", xs[0], weight, arrays, **options)


def _separable_conv2d(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    arrays = _arrays(call, "depthwise_kernel", "pointwise_kernel")
    kernel, pointwise = arrays["depthwise_kernel"], _out_first(arrays["pointwise_kernel"])
    weight, options = _depthwise(kernel), _depthwise_options(call, kernel)
    x = t.layer(call, "depthwise_conv2d", xs, {"weight": weight}, part="depthwise", bias=False, **options)
    filters = call.config["filters"]
    return _weighted(t, call, "conv2d", x, pointwise, arrays, filters=filters, kernel_size=1)


def _conv_transpose(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    config, axes, arrays = call.config, xs[0].rank - 1, _arrays(call, "kernel")
    weight = _out_first(arrays["kernel"])  # (in, out, kh, kw)
    options = {"kernel_size": weight.shape[2:], **_stride_and_dilation(call, axes)}
    extra = config.get("output_padding")
    extras = [None] * axes if extra is None else sizes(extra, axes)
    cuts = [
        _cropping((k - 1) * d + 1, s, config.get("padding", "valid"), e)
        for k, s, d, e in zip(*options.values(), extras, strict=True)
    ]
    if axes == 1:
        weight, cuts = weight[:, :, None], [(0, 0), *cuts]
        options = {key: (1, *value) for key, value in options.items()}
    options["padding"] = tuple(max(0, n) for cut in cuts for n in cut)
    options["output_padding"] = tuple(max(0, -end) for _, end in cuts)
    filters = config["filters"]
    return _weighted(t, call, "conv_transpose2d", xs[0], weight, arrays, filters=filters, **_compact(options))


def _cropping(kernel: int, stride: int, padding: str, extra: int | None) -> tuple[int, int]:
    """How much of the full result of a transposed convolution is cut off before and after.

    The full result has `(n - 1) * stride + kernel` values. Keras wants `n * stride` of them ('same'; an
    odd rest is cut off after) or `(n - 1) * stride + max(kernel, stride)` ('valid'), or with an
    `output_padding` a size that depends on it. A negative number is what is missing.
    """
    if padding == "valid":
        return 0, -(max(kernel, stride) - kernel if extra is None else extra)
    kept = stride - kernel if extra is None else kernel % 2 - kernel + extra
    before = max(0, -kept // 2)
    return before, -kept - before


def _dense(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x, units, arrays = xs[0], call.config["units"], _arrays(call, "kernel")
    weight = arrays["kernel"].T
    if x.rank == 1:
        return _weighted(t, call, "dense", x, t.in_graph_order(x, weight, axis=1), arrays, units=units)
    if t.channels_first:
        raise RefusalError("it works along the columns of maps (channels_first)")
    axes = x.rank - 1  # on the channels of each pixel: a convolution of one pixel
    weight = weight.reshape(*weight.shape, *[1] * axes)
    return _weighted(t, call, f"conv{axes}d", x, weight, arrays, filters=units, kernel_size=1)


# Pools.


def _pool(kind: str, t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    config, axes = call.config, xs[0].rank - 1
    size = sizes(config["pool_size"], axes)
    stride = sizes(config.get("strides") or size, axes)
    if axes == 1:
        size, stride = (1, *size), (1, *stride)
    options: dict[str, Any] = {"kernel_size": compact(size)}
    if stride != size:
        options["stride"] = compact(stride)
    if config.get("padding", "valid") == "same":
        options["padding"] = "same"
        if kind == "avg_pool":
            # The padding does not count: so in TensorFlow and JAX. Keras on PyTorch repeats the edge
            # instead where the padding is not the same on both sides.
            options["count_include_pad"] = False
    return t.layer(call, kind, xs, **options)


def _global_pool(kind: str, t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    pooled = t.layer(call, kind, xs)
    if call.config.get("keepdims"):
        return pooled
    return t.layer(call, "flatten", pooled, part="flatten", rank=1)


def _adaptive(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    return t.layer(call, "adaptive_avg_pool", xs, output_size=compact(sizes(call.config["output_size"], 2)))


_POOLS = {
    "MaxPooling": partial(_pool, "max_pool"),
    "AveragePooling": partial(_pool, "avg_pool"),
    "GlobalMaxPooling": partial(_global_pool, "global_max_pool"),
    "GlobalAveragePooling": partial(_global_pool, "global_avg_pool"),
}

LAYERS: dict[str, LayerRule] = {
    **{f"Conv{axes}D": LayerRule(_conv, axes=axes) for axes in (1, 2)},
    **{f"Conv{axes}DTranspose": LayerRule(_conv_transpose, axes=axes) for axes in (1, 2)},
    "DepthwiseConv2D": LayerRule(_depthwise_conv2d, axes=2),
    "SeparableConv2D": LayerRule(_separable_conv2d, axes=2),
    "Dense": LayerRule(_dense, ends_order=True),
    **{f"{name}{axes}D": LayerRule(rule, axes=axes) for name, rule in _POOLS.items() for axes in (1, 2)},
    "AdaptiveAveragePooling2D": LayerRule(_adaptive, axes=2),
}
"""Layers with kernels, and pools."""
