"""Operators that normalise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.torch.layers import first_result, optional
from sheetcnn.importers.torch.program import Constant
from sheetcnn.importers.torch.values import TorchTensor, Value

if TYPE_CHECKING:
    from sheetcnn.importers.torch.translator import TorchTranslator


def batch_norm(t: TorchTranslator, x: TorchTensor, weight: object, bias: object, *rest: Any) -> TorchTensor:
    """Batch normalisation with the statistics of the training."""
    mean, variance, training, _, epsilon, *_ = rest
    if training or mean is None:
        raise RefusalError(
            "it normalises by the batch itself (training mode, or track_running_stats=False); "
            "call module.eval() before the export"
        )
    m, v = t.constant(mean), t.constant(variance)
    params = {
        "weight": np.ones_like(m.array) if weight is None else t.constant(weight),
        "bias": np.zeros_like(m.array) if bias is None else t.constant(bias),
        "running_mean": m,
        "running_var": v,
    }
    if t.tensor(x).ends_in_channels:
        raise RefusalError("it normalises along the last axis of maps")
    return t.layer("batch_norm", x, params, epsilon=float(epsilon))


def _batch_norm_inference(t: TorchTranslator, *args: Any) -> TorchTensor:
    """The same in decomposed programs, which leave out that it is no training."""
    return batch_norm(t, *args[:5], False, *args[5:])


def _affine(t: TorchTranslator, weight: object, bias: object, shape: tuple[int, ...]) -> dict[str, Any]:
    """Weight and bias of a normalisation; one that is missing has no effect."""
    if weight is None and bias is None:
        return {}
    w, b = optional(t, weight), optional(t, bias)
    return {
        "weight": np.ones(shape) if w is None else Constant(w.name, w.array.reshape(shape)),
        "bias": np.zeros(shape) if b is None else Constant(b.name, b.array.reshape(shape)),
    }


def instance_norm(
    t: TorchTranslator, x: TorchTensor, weight: object, bias: object, *rest: Any
) -> TorchTensor:
    """Instance normalisation; with statistics of the training it is batch normalisation."""
    mean, variance, own, momentum, epsilon, *_ = rest
    if not own:
        return batch_norm(t, x, weight, bias, mean, variance, False, momentum, epsilon)
    x = t.materialised(x)
    params = _affine(t, weight, bias, x.dims[1:2])
    return t.layer("instance_norm", x, params, epsilon=float(epsilon), affine=bool(params))


def group_norm(
    t: TorchTranslator,
    x: TorchTensor,
    groups: int,
    weight: object = None,
    bias: object = None,
    epsilon: float = 1e-5,
    *_: object,
) -> TorchTensor:
    """Group normalisation."""
    x = t.materialised(x)
    params = _affine(t, weight, bias, x.dims[1:2])
    return t.layer("group_norm", x, params, groups=groups, epsilon=float(epsilon), affine=bool(params))


def _native_group_norm(
    t: TorchTranslator, x: TorchTensor, weight: object, bias: object, *sizes: Any
) -> TorchTensor:
    *_, groups, epsilon = sizes
    return group_norm(t, x, groups, weight, bias, epsilon)


def layer_norm(
    t: TorchTranslator,
    x: TorchTensor,
    shape: Sequence[int],
    weight: object = None,
    bias: object = None,
    epsilon: float = 1e-5,
    *_: object,
) -> TorchTensor:
    """Layer normalisation, over all values or over the channels of each pixel."""
    x = t.tensor(x)
    options: dict[str, Any] = {"epsilon": float(epsilon), "affine": (weight, bias) != (None, None)}
    if x.ends_in_channels and len(shape) == 1:
        params = _affine(t, weight, bias, tuple(shape))
        return t.elementwise(x, "layer_norm", params, axes="channels", **options)
    x = t.materialised(x)
    if tuple(shape) != x.dims[1:]:
        raise RefusalError(
            f"it normalises the axes {tuple(shape)} of {x.dims}; known are all, or the channels"
        )
    params = _affine(t, weight, bias, x.dims[1:] if len(x.dims) != 3 else (x.dims[1], 1, x.dims[2]))
    return t.layer("layer_norm", x, params, axes="all", **options)


def local_response_norm(
    t: TorchTranslator, x: TorchTensor, size: int, alpha: float, beta: float, k: float
) -> TorchTensor:
    """Local response normalisation; PyTorch has no operator for it (see `patterns`)."""
    return t.layer("lrn", x, size=size, alpha=float(alpha), beta=float(beta), k=float(k))


NORMS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(("batch_norm", "_native_batch_norm_legit"), batch_norm),
    "_native_batch_norm_legit_no_training": first_result(_batch_norm_inference),
    "instance_norm": instance_norm,
    "group_norm": group_norm,
    "native_group_norm": first_result(_native_group_norm),
    "layer_norm": layer_norm,
    "native_layer_norm": first_result(layer_norm),
    "sheetcnn.lrn": local_response_norm,
}
"""Operators that normalise."""
