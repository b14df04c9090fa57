"""The layer kinds: one file each, listed in one explicit table."""

from __future__ import annotations

from sheetcnn.ops.abs import Abs
from sheetcnn.ops.adaptive_avg_pool import AdaptiveAvgPool
from sheetcnn.ops.add import Add
from sheetcnn.ops.affine import Affine
from sheetcnn.ops.average import Average
from sheetcnn.ops.avg_pool import AvgPool
from sheetcnn.ops.base import Elementwise, Op
from sheetcnn.ops.batch_norm import BatchNorm
from sheetcnn.ops.celu import Celu
from sheetcnn.ops.channel_shuffle import ChannelShuffle
from sheetcnn.ops.clip import Clip
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
from sheetcnn.ops.elu import Elu
from sheetcnn.ops.exp import Exp
from sheetcnn.ops.flatten import Flatten
from sheetcnn.ops.gelu import Gelu
from sheetcnn.ops.global_avg_pool import GlobalAvgPool
from sheetcnn.ops.global_max_pool import GlobalMaxPool
from sheetcnn.ops.group_norm import GroupNorm
from sheetcnn.ops.hard_sigmoid import HardSigmoid
from sheetcnn.ops.hard_swish import HardSwish
from sheetcnn.ops.instance_norm import InstanceNorm
from sheetcnn.ops.layer_norm import LayerNorm
from sheetcnn.ops.leaky_relu import LeakyRelu
from sheetcnn.ops.log_softmax import LogSoftmax
from sheetcnn.ops.lrn import Lrn
from sheetcnn.ops.max_pool import MaxPool
from sheetcnn.ops.maximum import Maximum
from sheetcnn.ops.minimum import Minimum
from sheetcnn.ops.mish import Mish
from sheetcnn.ops.multiply import Multiply
from sheetcnn.ops.negative import Negative
from sheetcnn.ops.pad import Pad
from sheetcnn.ops.permute import Permute
from sheetcnn.ops.prelu import Prelu
from sheetcnn.ops.relu import Relu
from sheetcnn.ops.relu6 import Relu6
from sheetcnn.ops.rescale import Rescale
from sheetcnn.ops.reshape import Reshape
from sheetcnn.ops.selu import Selu
from sheetcnn.ops.sigmoid import Sigmoid
from sheetcnn.ops.silu import Silu
from sheetcnn.ops.slice_channels import SliceChannels
from sheetcnn.ops.softmax import Softmax
from sheetcnn.ops.softplus import Softplus
from sheetcnn.ops.softsign import Softsign
from sheetcnn.ops.space_to_depth import SpaceToDepth
from sheetcnn.ops.sqrt import Sqrt
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
        GlobalMaxPool,
        AdaptiveAvgPool,
        Dense,
        Flatten,
        BatchNorm,
        InstanceNorm,
        GroupNorm,
        LayerNorm,
        Lrn,
        Affine,
        Relu,
        LeakyRelu,
        Sigmoid,
        Tanh,
        Relu6,
        Clip,
        Prelu,
        Elu,
        Selu,
        Celu,
        Gelu,
        Silu,
        Mish,
        HardSigmoid,
        HardSwish,
        Softplus,
        Softsign,
        Exp,
        Abs,
        Sqrt,
        Negative,
        Softmax,
        LogSoftmax,
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
