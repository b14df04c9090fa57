"""The layer kinds: one file each, listed in one explicit table."""

from __future__ import annotations

from sheetcnn.ops.avg_pool import AvgPool
from sheetcnn.ops.base import Elementwise, Op
from sheetcnn.ops.batch_norm import BatchNorm
from sheetcnn.ops.conv2d import Conv2d
from sheetcnn.ops.dense import Dense
from sheetcnn.ops.dropout import Dropout
from sheetcnn.ops.flatten import Flatten
from sheetcnn.ops.global_avg_pool import GlobalAvgPool
from sheetcnn.ops.leaky_relu import LeakyRelu
from sheetcnn.ops.max_pool import MaxPool
from sheetcnn.ops.relu import Relu
from sheetcnn.ops.rescale import Rescale
from sheetcnn.ops.sigmoid import Sigmoid
from sheetcnn.ops.softmax import Softmax
from sheetcnn.ops.tanh import Tanh

OPS: dict[str, type[Op]] = {
    op.kind: op
    for op in (
        Conv2d,
        MaxPool,
        AvgPool,
        GlobalAvgPool,
        Dense,
        Flatten,
        BatchNorm,
        Relu,
        LeakyRelu,
        Sigmoid,
        Tanh,
        Softmax,
        Dropout,
        Rescale,
    )
}
"""Every layer kind by its name in a spec."""

ACTIVATIONS: dict[str, type[Elementwise]] = {
    kind: op for kind, op in OPS.items() if issubclass(op, Elementwise)
}
"""The kinds that may also be a layer's `activation`."""

__all__ = ["ACTIVATIONS", "OPS", "Elementwise", "Op"]
