"""The layer kinds: one file each, listed in one explicit table."""

from __future__ import annotations

from sheetcnn.model.ops.abs import Abs
from sheetcnn.model.ops.adaptive_avg_pool import AdaptiveAvgPool
from sheetcnn.model.ops.add import Add
from sheetcnn.model.ops.affine import Affine
from sheetcnn.model.ops.average import Average
from sheetcnn.model.ops.avg_pool import AvgPool
from sheetcnn.model.ops.base import Elementwise, Op
from sheetcnn.model.ops.batch_norm import BatchNorm
from sheetcnn.model.ops.celu import Celu
from sheetcnn.model.ops.channel_shuffle import ChannelShuffle
from sheetcnn.model.ops.clip import Clip
from sheetcnn.model.ops.concat import Concat
from sheetcnn.model.ops.conv1d import Conv1d
from sheetcnn.model.ops.conv2d import Conv2d
from sheetcnn.model.ops.conv_transpose2d import ConvTranspose2d
from sheetcnn.model.ops.crop import Crop
from sheetcnn.model.ops.dense import Dense
from sheetcnn.model.ops.depth_to_space import DepthToSpace
from sheetcnn.model.ops.depthwise_conv2d import DepthwiseConv2d
from sheetcnn.model.ops.divide import Divide
from sheetcnn.model.ops.dropout import Dropout
from sheetcnn.model.ops.elu import Elu
from sheetcnn.model.ops.exp import Exp
from sheetcnn.model.ops.flatten import Flatten
from sheetcnn.model.ops.gelu import Gelu
from sheetcnn.model.ops.global_avg_pool import GlobalAvgPool
from sheetcnn.model.ops.global_max_pool import GlobalMaxPool
from sheetcnn.model.ops.group_norm import GroupNorm
from sheetcnn.model.ops.hard_sigmoid import HardSigmoid
from sheetcnn.model.ops.hard_swish import HardSwish
from sheetcnn.model.ops.instance_norm import InstanceNorm
from sheetcnn.model.ops.layer_norm import LayerNorm
from sheetcnn.model.ops.leaky_relu import LeakyRelu
from sheetcnn.model.ops.log_softmax import LogSoftmax
from sheetcnn.model.ops.lrn import Lrn
from sheetcnn.model.ops.max_pool import MaxPool
from sheetcnn.model.ops.maximum import Maximum
from sheetcnn.model.ops.minimum import Minimum
from sheetcnn.model.ops.mish import Mish
from sheetcnn.model.ops.multiply import Multiply
from sheetcnn.model.ops.negative import Negative
from sheetcnn.model.ops.pad import Pad
from sheetcnn.model.ops.permute import Permute
from sheetcnn.model.ops.prelu import Prelu
from sheetcnn.model.ops.relu import Relu
from sheetcnn.model.ops.relu6 import Relu6
from sheetcnn.model.ops.rescale import Rescale
from sheetcnn.model.ops.reshape import Reshape
from sheetcnn.model.ops.selu import Selu
from sheetcnn.model.ops.sigmoid import Sigmoid
from sheetcnn.model.ops.silu import Silu
from sheetcnn.model.ops.slice_channels import SliceChannels
from sheetcnn.model.ops.softmax import Softmax
from sheetcnn.model.ops.softplus import Softplus
from sheetcnn.model.ops.softsign import Softsign
from sheetcnn.model.ops.space_to_depth import SpaceToDepth
from sheetcnn.model.ops.sqrt import Sqrt
from sheetcnn.model.ops.subtract import Subtract
from sheetcnn.model.ops.tanh import Tanh
from sheetcnn.model.ops.upsample import Upsample

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
