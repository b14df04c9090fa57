"""The layer kinds: one table, in the order in which they are documented."""

from __future__ import annotations

from importlib import import_module

from sheetcnn.model.ops.activations import VALUE_FUNCTIONS
from sheetcnn.model.ops.base import Elementwise, Op
from sheetcnn.model.ops.merges import MERGES
from sheetcnn.model.ops.rows import class_name


def _files(*kinds: str) -> dict[str, type[Op]]:
    """Kinds that have a file each: `max_pool` is the class `MaxPool` of `max_pool.py`."""
    return {kind: getattr(import_module(f"{__name__}.{kind}"), class_name(kind)) for kind in kinds}


OPS: dict[str, type[Op]] = {
    **_files("conv2d", "conv1d", "conv_transpose2d", "depthwise_conv2d"),
    **_files("max_pool", "avg_pool", "global_avg_pool", "global_max_pool", "adaptive_avg_pool"),
    **_files("dense", "flatten"),
    **_files("batch_norm", "instance_norm", "group_norm", "layer_norm", "lrn", "affine"),
    **VALUE_FUNCTIONS,
    **_files("leaky_relu", "clip", "prelu", "elu", "selu", "celu", "gelu", "hard_sigmoid", "softplus"),
    **_files("softmax", "log_softmax", "dropout"),
    **MERGES,
    **_files("concat", "slice_channels", "channel_shuffle", "crop", "pad", "upsample"),
    **_files("depth_to_space", "space_to_depth", "permute", "reshape"),
    **_files("rescale"),
}
"""Every layer kind by its name in a spec."""

ACTIVATIONS: dict[str, type[Elementwise]] = {
    kind: op for kind, op in OPS.items() if issubclass(op, Elementwise)
}
"""The kinds that may also be a layer's `activation`."""

__all__ = ["ACTIVATIONS", "OPS", "Elementwise", "Op"]
