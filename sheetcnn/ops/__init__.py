"""The layer kinds: one file each, listed in one explicit table."""

from __future__ import annotations

from sheetcnn.ops.add import Add
from sheetcnn.ops.average import Average
from sheetcnn.ops.avg_pool import AvgPool
from sheetcnn.ops.base import Elementwise, Op
from sheetcnn.ops.batch_norm import BatchNorm
from sheetcnn.ops.channel_shuffle import ChannelShuffle
from sheetcnn.ops.concat import Concat
from sheetcnn.ops.conv1d import Conv1d
from sheetcnn.ops.conv2d import Conv2d
from sheetcnn.ops.conv_transpose2d import ConvTranspose2d
from sheetcnn.ops.crop import Crop
from sheetcnn.ops.dense import Dense
from sheetcnn.ops.depth_to_space import DepthToSpace
from sheetcnn.ops.depthwise_conv2d import DepthwiseConv2d
from sheetcnn.ops.divide import Divide
from sheetcnn.ops.dropout import Dropout
from sheetcnn.ops.flatten import Flatten
from sheetcnn.ops.global_avg_pool import GlobalAvgPool
from sheetcnn.ops.leaky_relu import LeakyRelu
from sheetcnn.ops.max_pool import MaxPool
from sheetcnn.ops.maximum import Maximum
from sheetcnn.ops.minimum import Minimum
from sheetcnn.ops.multiply import Multiply
from sheetcnn.ops.pad import Pad
from sheetcnn.ops.permute import Permute
from sheetcnn.ops.relu import Relu
from sheetcnn.ops.rescale import Rescale
from sheetcnn.ops.reshape import Reshape
from sheetcnn.ops.sigmoid import Sigmoid
from sheetcnn.ops.slice_channels import SliceChannels
from sheetcnn.ops.softmax import Softmax
from sheetcnn.ops.space_to_depth import SpaceToDepth
from sheetcnn.ops.subtract import Subtract
from sheetcnn.ops.tanh import Tanh
from sheetcnn.ops.upsample import Upsample

OPS: dict[str, type[Op]] = {
    op.kind: op
    for op in (
        Conv2d,
        Conv1d,
        ConvTranspose2d,
        DepthwiseConv2d,
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
        Add,
        Subtract,
        Multiply,
        Divide,
        Maximum,
        Minimum,
        Average,
        Concat,
        SliceChannels,
        ChannelShuffle,
        Crop,
        Pad,
        Upsample,
        DepthToSpace,
        SpaceToDepth,
        Permute,
        Reshape,
        Rescale,
    )
}
"""Every layer kind by its name in a spec."""

ACTIVATIONS: dict[str, type[Elementwise]] = {
    kind: op for kind, op in OPS.items() if issubclass(op, Elementwise)
}
"""The kinds that may also be a layer's `activation`."""

__all__ = ["ACTIVATIONS", "OPS", "Elementwise", "Op"]
