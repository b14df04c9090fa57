"""Convolutions, dense layers and pools. Kernels come as `(kh, kw, in, out)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import Numbers, RefusalError, compact
from sheetcnn.importers.keras.activations import layer_with_activation
from sheetcnn.importers.keras.network import LayerCall
from sheetcnn.importers.keras.translator import KerasTensor, KerasTranslator, LayerRule


def _sizes(value: Any, axes: int) -> tuple[int, ...]:
    """One number per axis."""
    listed = [value] * axes if isinstance(value, int) else list(value)
    return tuple(int(n) for n in listed)


def _arrays(call: LayerCall, names: Sequence[str]) -> dict[str, Numbers]:
    """The layer's arrays, with a bias where it has one."""
    return call.store.arrays([*names, *(["bias"] if call.config.get("use_bias", True) else [])])


def _params(weight: Numbers, arrays: Mapping[str, Numbers]) -> dict[str, Numbers]:
    bias = {"bias": arrays["bias"]} if "bias" in arrays else {}
    return {"weight": np.ascontiguousarray(weight), **bias}


def _stride_and_dilation(call: LayerCall, axes: int) -> dict[str, Any]:
    """Stride and dilation, where they are not 1."""
    config = call.config
    given = {"stride": config.get("strides", 1), "dilation": config.get("dilation_rate", 1)}
    found = {key: compact(_sizes(value, axes)) for key, value in given.items()}
    return {key: value for key, value in found.items() if value != 1}


def check_rank(x: KerasTensor, axes: int) -> None:
    """Refuse a tensor that has not so many axes besides the channels."""
    if x.rank != axes + 1:
        raise RefusalError(f"it works along {axes} axes of a tensor with {x.rank}")


def _conv(axes: int) -> LayerRule:
    def translate(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
        check_rank(xs[0], axes)
        arrays = _arrays(call, ["kernel"])
        weight = np.moveaxis(arrays["kernel"], (-1, -2), (0, 1))
        options = {**_stride_and_dilation(call, axes), "padding": _padding(call, weight)}
        if call.config.get("groups", 1) != 1:
            options["groups"] = call.config["groups"]
        size = _sizes(call.config["kernel_size"], axes)
        options |= {"filters": call.config["filters"], "kernel_size": compact(size)}
        params = _params(weight, arrays)
        return layer_with_activation(t, call, f"conv{axes}d", xs, params, bias="bias" in params, **options)

    return LayerRule(translate)


def _padding(call: LayerCall, weight: Numbers) -> Any:
    padding = call.config.get("padding", "valid")
    if padding == "causal":
        reach = (weight.shape[-1] - 1) * _sizes(call.config.get("dilation_rate", 1), 1)[0]
        return (reach, 0) if reach else "valid"
    return padding


def _depthwise(kernel: Numbers) -> Numbers:
    """`(kh, kw, in, multiplier)` as `(in * multiplier, 1, kh, kw)`."""
    kh, kw, inputs, multiplier = kernel.shape
    return np.reshape(kernel.transpose(2, 3, 0, 1), (inputs * multiplier, 1, kh, kw))


def _depthwise_options(call: LayerCall, kernel: Numbers) -> dict[str, Any]:
    options = {**_stride_and_dilation(call, 2), "kernel_size": compact(kernel.shape[:2])}
    if kernel.shape[3] > 1:
        options["multiplier"] = kernel.shape[3]
    return {**options, "padding": call.config.get("padding", "valid")}


def _depthwise_conv2d(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    check_rank(xs[0], 2)
    older = t.version.startswith(("1.", "2."))
    name = "depthwise_kernel" if older else "kernel"
    arrays = _arrays(call, [name])
    params, options = _params(_depthwise(arrays[name]), arrays), _depthwise_options(call, arrays[name])
    return layer_with_activation(t, call, "depthwise_conv2d", xs, params, bias="bias" in params, **options)


def _separable_conv2d(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    check_rank(xs[0], 2)
    arrays = _arrays(call, ["depthwise_kernel", "pointwise_kernel"])
    kernel = arrays["depthwise_kernel"]
    weight, options = _depthwise(kernel), _depthwise_options(call, kernel)
    x = t.layer(call, "depthwise_conv2d", xs, {"weight": weight}, part="depthwise", bias=False, **options)
    params = _params(np.moveaxis(arrays["pointwise_kernel"], (-1, -2), (0, 1)), arrays)
    options = {"filters": call.config["filters"], "kernel_size": 1, "bias": "bias" in params}
    return layer_with_activation(t, call, "conv2d", [x], params, **options)


def _conv_transpose(axes: int) -> LayerRule:
    def translate(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
        check_rank(xs[0], axes)
        arrays = _arrays(call, ["kernel"])
        weight = np.moveaxis(arrays["kernel"], (-1, -2), (0, 1))  # (in, out, kh, kw)
        size = weight.shape[2:]
        common = _stride_and_dilation(call, axes)
        strides, rates = (_sizes(common.get(key, 1), axes) for key in ("stride", "dilation"))
        extra = call.config.get("output_padding")
        extras = [None] * axes if extra is None else _sizes(extra, axes)
        cuts = [
            _cropping((k - 1) * d + 1, s, call.config.get("padding", "valid"), e)
            for k, s, d, e in zip(size, strides, rates, extras, strict=True)
        ]
        if axes == 1:
            weight = weight[:, :, None]
            common = {key: (1, value) for key, value in common.items()}
            cuts, size = [(0, 0), *cuts], (1, *size)
        padding = compact([max(0, n) for cut in cuts for n in cut])
        missing = [max(0, -end) for _, end in cuts]
        options = {**common, "kernel_size": compact(size), "filters": call.config["filters"]}
        if padding:
            options["padding"] = padding
        if any(missing):
            options["output_padding"] = compact(missing)
        params = _params(weight, arrays)
        return layer_with_activation(
            t, call, "conv_transpose2d", xs, params, bias="bias" in params, **options
        )

    return LayerRule(translate)


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
    x = xs[0]
    arrays = _arrays(call, ["kernel"])
    weight, units = arrays["kernel"].T, call.config["units"]
    if x.rank == 1:
        params = _params(t.in_graph_order(x, weight, axis=1), arrays)
        return layer_with_activation(t, call, "dense", [x], params, bias="bias" in params, units=units)
    if t.channels_first:
        raise RefusalError("it works along the columns of maps (channels_first)")
    axes = x.rank - 1  # on the channels of each pixel: a convolution of one pixel
    params = _params(weight.reshape(*weight.shape, *[1] * axes), arrays)
    options = {"filters": units, "kernel_size": 1, "bias": "bias" in params}
    return layer_with_activation(t, call, f"conv{axes}d", [x], params, **options)


# Pools.


def _pool(kind: str, axes: int) -> LayerRule:
    def translate(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
        check_rank(xs[0], axes)
        config = call.config
        size = _sizes(config["pool_size"], axes)
        stride = _sizes(config.get("strides") or size, axes)
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

    return LayerRule(translate)


def _global_pool(kind: str, axes: int) -> LayerRule:
    def translate(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
        check_rank(xs[0], axes)
        pooled = t.layer(call, kind, xs)
        if call.config.get("keepdims"):
            return pooled
        return t.layer(call, "flatten", pooled, part="flatten", rank=1)

    return LayerRule(translate)


def _adaptive(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    check_rank(xs[0], 2)
    return t.layer(call, "adaptive_avg_pool", xs, output_size=compact(_sizes(call.config["output_size"], 2)))


LAYERS: dict[str, LayerRule] = {
    "Conv1D": _conv(1),
    "Conv2D": _conv(2),
    "DepthwiseConv2D": LayerRule(_depthwise_conv2d),
    "SeparableConv2D": LayerRule(_separable_conv2d),
    "Conv1DTranspose": _conv_transpose(1),
    "Conv2DTranspose": _conv_transpose(2),
    "Dense": LayerRule(_dense, ends_order=True),
    "MaxPooling1D": _pool("max_pool", 1),
    "MaxPooling2D": _pool("max_pool", 2),
    "AveragePooling1D": _pool("avg_pool", 1),
    "AveragePooling2D": _pool("avg_pool", 2),
    "GlobalMaxPooling1D": _global_pool("global_max_pool", 1),
    "GlobalMaxPooling2D": _global_pool("global_max_pool", 2),
    "GlobalAveragePooling1D": _global_pool("global_avg_pool", 1),
    "GlobalAveragePooling2D": _global_pool("global_avg_pool", 2),
    "AdaptiveAveragePooling2D": LayerRule(_adaptive),
}
"""Layers with kernels, and pools."""
