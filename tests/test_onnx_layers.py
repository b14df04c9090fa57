"""Each ONNX operator in a small model: the layers it becomes, and their results against onnx's reference."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import agree, kinds, node, onnx_model, weights
from requirements import require

MAPS = (1, 4, 6, 5)
ROW = (1, 4, 9)


@pytest.fixture(autouse=True)
def _needs_onnx() -> None:
    require("onnx", importlib.util.find_spec("onnx") is not None)


@dataclass(frozen=True)
class Case:
    """Operators, described so that nothing of onnx is needed to list the cases.

    Attributes:
        name: of the case.
        nodes: kind, inputs, outputs and attributes of each.
        layers: the kinds of the layers that they become.
        same_as: newer operators that compute the same; the expected result is theirs where onnx's
            reference evaluator cannot compute the operators (given in a comment: why).
    """

    name: str
    nodes: Sequence[tuple[str, str, str, Mapping[str, Any]]]
    layers: Sequence[str]
    dims: Sequence[int] = MAPS
    constants: Mapping[str, Any] = field(default_factory=dict)
    opset: int = 18
    positive: bool = False
    same_as: Sequence[tuple[Any, ...]] = ()


def one(kind: str, layers: str, inputs: str = "x", /, **more: Any) -> Case:
    """A case of one operator; what is not a field of `Case` is one of its attributes."""
    fields = {k: more.pop(k) for k in ("dims", "constants", "opset", "positive", "same_as") if k in more}
    name = more.pop("name", "")
    named = "_".join(f"{k}={v}" for k, v in more.items()).replace(" ", "")
    label = "-".join(filter(None, [kind, name or named, str(fields.get("opset", ""))]))
    return Case(label, [(kind, inputs, "y", more)], layers.split(), **fields)


def many(name: str, layers: str, *nodes: tuple[Any, ...], **more: Any) -> Case:
    """A case of several operators."""
    full = [(n[0], n[1], n[2], n[3] if len(n) > 3 else {}) for n in nodes]
    return Case(name, full, layers.split(), **more)


KERNEL = {"w": weights(6, 4, 3, 3), "b": weights(6)}
TURNED = {"w": weights(4, 3, 3, 2), "b": weights(3)}
CHANNELS = {"c": weights(4, 1, 1, positive=True)}
NORM = {
    "s": weights(4),
    "b": weights(4, seed=1),
    "m": weights(4, seed=2),
    "v": weights(4, seed=3, positive=True),
}

CONVOLUTIONS = [
    one("Conv", "conv2d", "x w b", constants=KERNEL),
    one("Conv", "conv2d", "x w", constants=KERNEL, pads=[0, 1, 2, 1], name="pads"),
    one("Conv", "conv2d", "x w b", constants=KERNEL, strides=[2, 1], dilations=[1, 2], name="strides"),
    one("Conv", "conv2d", "x w b", constants=KERNEL, strides=[2, 2], auto_pad="SAME_UPPER"),
    one("Conv", "conv2d", "x w b", constants=KERNEL, strides=[2, 2], auto_pad="SAME_LOWER"),
    one("Conv", "conv2d", "x w b", constants=KERNEL, auto_pad="VALID"),
    one("Conv", "conv2d", "x w", constants={"w": weights(4, 2, 3, 3)}, group=2),
    one("Conv", "conv2d", "x w", constants={"w": weights(8, 1, 3, 3)}, group=4, name="depthwise", opset=7),
    one("Conv", "conv1d", "x w b", dims=ROW, constants={"w": weights(6, 4, 3), "b": weights(6)}, pads=[2, 1]),
    one("Conv", "conv1d", "x w", dims=ROW, constants={"w": weights(4, 1, 3)}, group=4, strides=[2]),
    one("ConvTranspose", "conv_transpose2d", "x w b", constants=TURNED, strides=[2, 3]),
    one("ConvTranspose", "conv_transpose2d", "x w", constants=TURNED, pads=[1, 0, 2, 1], dilations=[2, 1]),
    one(
        "ConvTranspose",
        "conv_transpose2d",
        "x w",
        constants=TURNED,
        strides=[2, 2],
        output_padding=[1, 0],
        name="output_padding",
    ),
    one(
        "ConvTranspose",
        "conv_transpose2d",
        "x w",
        constants=TURNED,
        strides=[2, 2],
        output_shape=[12, 9],
        # The evaluator takes an output_shape only where nothing is left to be cut off.
        same_as=[("ConvTranspose", "x w", "y", {"strides": [2, 2], "pads": [1, 1, 0, 0]})],
    ),
    one(
        "ConvTranspose",
        "conv_transpose2d",
        "x w",
        constants=TURNED,
        strides=[2, 2],
        output_shape=[14, 10],
        name="larger",
        same_as=[("ConvTranspose", "x w", "y", {"strides": [2, 2], "output_padding": [1, 0]})],
    ),
    one("ConvTranspose", "conv_transpose2d", "x w", constants=TURNED, strides=[2, 2], auto_pad="SAME_UPPER"),
    one("ConvTranspose", "conv_transpose2d", "x w", constants=TURNED, strides=[2, 2], auto_pad="SAME_LOWER"),
    one(
        "ConvTranspose",
        "conv_transpose2d",
        "x w",
        constants={"w": weights(4, 3, 3, 3), "halves": [2, 2]},
        group=2,
        # The evaluator fails for groups of more than one channel.
        same_as=[
            ("Split", "x halves", "x1 x2", {"axis": 1}),
            ("Split", "w halves", "w1 w2"),
            ("ConvTranspose", "x1 w1", "y1"),
            ("ConvTranspose", "x2 w2", "y2"),
            ("Concat", "y1 y2", "y", {"axis": 1}),
        ],
    ),
    one("ConvTranspose", "conv_transpose2d", "x w", dims=ROW, constants={"w": weights(4, 2, 3)}, strides=[2]),
]

LOW = {"low_pads": [0, 0, 1, 0, 0, 0, 1, 1], "low": np.float32(-1e9)}
SUMS = {f"n{n}": [n] for n in range(8)} | {"bias": np.float32(1.5), "beta": np.float32(0.6)}
SUMS |= {"share3": np.float32(0.5 / 3), "share4": np.float32(0.5 / 4)}


def response(before: int, after: int) -> list[tuple[Any, ...]]:
    """Local response normalisation of 4 channels, written out."""
    nodes: list[tuple[Any, ...]] = [("Mul", "x x", "x2")]
    for k in range(4):
        ends = f"n{max(0, k - before)} n{min(4, k + after + 1)} n1"
        nodes += [("Slice", f"x2 {ends}", f"s{k}"), ("ReduceSum", f"s{k} n1", f"sum{k}")]
    nodes += [
        ("Concat", "sum0 sum1 sum2 sum3", "sums", {"axis": 1}),
        ("Mul", f"sums share{before + after + 1}", "a"),
        ("Add", "a bias", "b"),
        ("Pow", "b beta", "c"),
        ("Div", "x c", "y"),
    ]
    return nodes


POOLS = [
    one("MaxPool", "max_pool", kernel_shape=[2, 2], strides=[2, 2]),
    one(
        "MaxPool",
        "max_pool",
        kernel_shape=[3, 2],
        pads=[1, 0, 1, 1],
        name="stride_1",
        constants=LOW,
        # The evaluator takes no asymmetric pads with stride 1.
        same_as=[("Pad", "x low_pads low", "p"), ("MaxPool", "p", "y", {"kernel_shape": [3, 2]})],
    ),
    one("MaxPool", "max_pool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    one("MaxPool", "max_pool", kernel_shape=[2, 2], dilations=[2, 2]),
    one(
        "MaxPool",
        "max_pool",
        kernel_shape=[3, 3],
        strides=[2, 2],
        auto_pad="SAME_LOWER",
        opset=8,
        # The evaluator pads with 0, not with nothing.
        same_as=[("MaxPool", "x", "y", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 1]})],
    ),
    one("MaxPool", "max_pool", dims=ROW, kernel_shape=[3], strides=[2], pads=[1, 1], name="row"),
    one("AveragePool", "avg_pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    one("AveragePool", "avg_pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    one("AveragePool", "avg_pool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    one("AveragePool", "avg_pool", kernel_shape=[3, 2], auto_pad="SAME_UPPER", opset=7),
    one("AveragePool", "avg_pool", dims=ROW, kernel_shape=[2], strides=[2], name="row"),
    one("GlobalAveragePool", "global_avg_pool"),
    one("GlobalMaxPool", "global_max_pool"),
    one("GlobalAveragePool", "global_avg_pool", dims=ROW, name="row"),
    one("ReduceMean", "global_avg_pool", axes=[2, 3], opset=13),
    one("ReduceMean", "global_avg_pool flatten", axes=[-1, -2], keepdims=0, opset=13),
    one("ReduceMean", "global_avg_pool", "x a", constants={"a": [2, 3]}),
    one("ReduceMax", "global_max_pool flatten", "x a", constants={"a": [2, 3]}, keepdims=0),
    # The evaluator computes as many channels as there are items in the batch.
    one("LRN", "lrn", size=3, alpha=0.5, beta=0.6, bias=1.5, constants=SUMS, same_as=response(1, 1)),
    one("LRN", "lrn", size=4, alpha=0.5, beta=0.6, bias=1.5, constants=SUMS, same_as=response(1, 2)),
]

NORMS = [
    one("BatchNormalization", "batch_norm", "x s b m v", constants=NORM, epsilon=0.01),
    one(
        "BatchNormalization",
        "batch_norm",
        "x s b m v",
        constants=NORM,
        opset=8,
        momentum=0.5,
        # The evaluator returns what is no tensor.
        same_as=[("BatchNormalization", "x s b m v", "y")],
    ),
    one("BatchNormalization", "flatten batch_norm", "x s b m v", constants=NORM, dims=(1, 4), name="vector"),
    one("InstanceNormalization", "instance_norm", "x s b", constants=NORM, epsilon=0.01),
    one(
        "InstanceNormalization",
        "instance_norm",
        "x s b",
        constants={"s": np.ones(4, np.float32), "b": np.zeros(4, np.float32)},
        name="plain",
    ),
    one(
        "GroupNormalization",
        "group_norm",
        "x s b",
        constants={"s": weights(2), "b": weights(2, seed=1)},
        num_groups=2,
    ),
    one("GroupNormalization", "group_norm", "x s b", constants=NORM, num_groups=2, opset=21),
    one("LayerNormalization", "layer_norm", "x s", constants={"s": weights(4, 6, 5)}, axis=1),
    one(
        "LayerNormalization",
        "flatten layer_norm",
        "x s b",
        constants={"s": weights(7), "b": weights(7, seed=1)},
        dims=(1, 7),
        name="vector",
    ),
    one(
        "LayerNormalization",
        "permute layer_norm permute",
        "x s",
        constants={"s": weights(5)},
        axis=-1,
        name="last",
    ),
    many(
        "layer_norm_written_out",
        "layer_norm affine permute",
        ("Transpose", "x", "x2", {"perm": [0, 2, 3, 1]}),
        ("ReduceMean", "x2", "mean", {"axes": [-1]}),
        ("Sub", "x2 mean", "centred"),
        ("Pow", "centred two", "square"),
        ("ReduceMean", "square", "variance", {"axes": [-1]}),
        ("Add", "variance epsilon", "sum"),
        ("Sqrt", "sum", "root"),
        ("Div", "centred root", "normal"),
        ("Mul", "normal scale", "scaled"),
        ("Add", "scaled shift", "y"),
        constants={
            "two": np.float32(2),
            "epsilon": np.float32(1e-3),
            "scale": weights(4),
            "shift": weights(4, seed=1),
        },
        opset=13,
    ),
    many(
        "layer_norm_of_all_written_out",
        "layer_norm",
        ("ReduceMean", "x axes", "mean"),
        ("Sub", "x mean", "centred"),
        ("Mul", "centred centred", "square"),
        ("ReduceMean", "square axes", "variance"),
        ("Add", "epsilon variance", "sum"),
        ("Sqrt", "sum", "root"),
        ("Div", "centred root", "y"),
        constants={"epsilon": np.float32(1e-3), "axes": [-3, -2, -1]},
    ),
    many(
        "group_norm_of_pytorch",
        "group_norm affine",
        ("Reshape", "x shape", "a"),
        ("InstanceNormalization", "a s b", "c"),
        ("Shape", "x", "d"),
        ("Reshape", "c d", "e"),
        ("Mul", "e scale", "f"),
        ("Add", "f shift", "y"),
        constants={
            "shape": [0, 2, -1],
            "s": np.ones(2, np.float32),
            "b": np.zeros(2, np.float32),
            "scale": weights(4, 1, 1),
            "shift": weights(4, 1, 1, seed=1),
        },
    ),
]

FLAT = {"f1": [1, -1], "f2": [1, 4, -1], "f": list(MAPS)}

ACTIVATIONS = [
    one("Relu", "relu"),
    one("LeakyRelu", "leaky_relu", alpha=0.2),
    one("Elu", "elu", alpha=0.7),
    one("Celu", "celu", alpha=0.7),
    one("Selu", "selu"),
    one("Selu", "selu", alpha=1.5, gamma=1.2),
    one("Sigmoid", "sigmoid"),
    one("HardSigmoid", "hard_sigmoid"),
    one("HardSigmoid", "hard_sigmoid", alpha=0.3, beta=0.4),
    one("HardSwish", "hard_swish"),
    one("Mish", "mish"),
    one("Softplus", "softplus"),
    one("Softsign", "softsign"),
    one("Tanh", "tanh"),
    one("Exp", "exp"),
    one("Abs", "abs"),
    one("Neg", "negative"),
    one("Sqrt", "sqrt", positive=True),
    one("Swish", "silu", opset=24),
    one("Gelu", "gelu", opset=20),
    one("Gelu", "gelu", approximate="tanh", opset=20),
    one("Clip", "clip", min=-0.5, max=0.5, opset=9),
    one("Clip", "clip", "x lo hi", constants={"lo": np.float32(-0.5), "hi": np.float32(0.5)}),
    one("Clip", "clip", "x - hi", constants={"hi": np.float32(0.5)}, name="max"),
    one("Clip", "relu6", "x lo hi", constants={"lo": np.float32(0), "hi": np.float32(6)}, name="relu6"),
    one("Clip", "relu", "x lo", constants={"lo": np.float32(0)}, name="relu"),
    one("PRelu", "prelu", "x s", constants={"s": weights(4, 1, 1)}),
    one("PRelu", "prelu", "x s", constants={"s": weights(1)}, name="shared"),
    one("Softmax", "softmax", axis=1),
    one("Softmax", "flatten softmax", dims=(1, 7), name="vector"),
    # The evaluator knows only the rule since opset 13.
    one("Softmax", "flatten softmax", dims=(1, 7), opset=11, same_as=[("Softmax", "x", "y", {"axis": 1})]),
    one(
        "Softmax",
        "flatten softmax reshape",
        opset=11,
        name="flattened",
        constants=FLAT,
        same_as=[("Reshape", "x f1", "a"), ("Softmax", "a", "b", {"axis": 1}), ("Reshape", "b f", "y")],
    ),
    one(
        "Softmax",
        "reshape permute softmax permute reshape",
        axis=2,
        opset=11,
        constants=FLAT,
        same_as=[("Reshape", "x f2", "a"), ("Softmax", "a", "b", {"axis": 2}), ("Reshape", "b f", "y")],
    ),
    one("Softmax", "reshape permute softmax permute reshape", axis=-1),
    one(
        "Softmax",
        "softmax",
        dims=(1, 7, 1, 1),
        opset=9,
        name="pixel",
        same_as=[("Softmax", "x", "y", {"axis": 1})],
    ),
    one("LogSoftmax", "log_softmax", axis=1),
    one(
        "LogSoftmax",
        "flatten log_softmax",
        dims=(1, 7),
        opset=11,
        same_as=[("LogSoftmax", "x", "y", {"axis": 1})],
    ),
    one("Dropout", "dropout", ratio=0.3, opset=9),
    one("Dropout", "dropout", "x r", constants={"r": np.float32(0.3)}),
]

ARITHMETIC = [
    one("Add", "affine", "x c", constants=CHANNELS),
    one("Sub", "affine", "x c", constants=CHANNELS),
    one("Sub", "affine", "c x", constants=CHANNELS, name="from_constant"),
    one("Mul", "affine", "c x", constants=CHANNELS),
    one("Div", "affine", "x c", constants=CHANNELS),
    one("Max", "clip", "x c", constants={"c": np.float32(0.25)}),
    one("Max", "relu", "x c", constants={"c": np.float32(0)}, name="relu"),
    one("Min", "clip", "x c", constants={"c": np.float32(0.25)}),
    one("Sum", "affine affine", "c x c", constants=CHANNELS),
    one("Mul", "affine", "x c", constants={"c": np.full((1, 4, 6, 5), 2, np.float32)}, name="full"),
    one("Add", "flatten affine", "x c", constants={"c": weights(7)}, dims=(1, 7), name="vector"),
    one("Pow", "multiply", "x c", constants={"c": np.float32(2)}),
    one("Pow", "multiply multiply", "x c", constants={"c": np.float32(3)}),
    one("Pow", "sqrt", "x c", constants={"c": np.float32(0.5)}, positive=True),
    many("add", "relu add", ("Relu", "x", "a"), ("Add", "a x", "y")),
    many("subtract", "relu subtract", ("Relu", "x", "a"), ("Sub", "a x", "y")),
    many("multiply", "relu multiply", ("Relu", "x", "a"), ("Mul", "a x", "y")),
    many("divide", "exp divide", ("Exp", "x", "a"), ("Div", "x a", "y")),
    many("maximum", "negative maximum", ("Neg", "x", "a"), ("Max", "a x", "y")),
    many("minimum", "negative minimum", ("Neg", "x", "a"), ("Min", "a x", "y")),
    many("average", "relu exp average", ("Relu", "x", "a"), ("Exp", "x", "b"), ("Mean", "a x b", "y")),
    many("sum", "relu exp add", ("Relu", "x", "a"), ("Exp", "x", "b"), ("Sum", "a x b", "y")),
    many(
        "sum_with_constant", "relu add affine", ("Relu", "x", "a"), ("Sum", "a x c", "y"), constants=CHANNELS
    ),
    many(
        "squeeze_and_excitation",
        "global_avg_pool flatten dense sigmoid reshape multiply",
        ("GlobalAveragePool", "x", "a"),
        ("Flatten", "a", "b"),
        ("Gemm", "b w", "c"),
        ("Sigmoid", "c", "d"),
        ("Unsqueeze", "d axes", "e"),
        ("Mul", "x e", "y"),
        constants={"w": weights(4, 4), "axes": [2, 3]},
    ),
    many(
        "scale_and_shift",
        "affine",
        ("Mul", "x c", "a"),
        ("Add", "a d", "y"),
        constants={**CHANNELS, "d": weights(4, 1, 1, seed=5)},
    ),
    many(
        "bias_added_to_a_convolution",
        "conv2d relu",
        ("Conv", "x w", "a"),
        ("Add", "a b", "c"),
        ("Relu", "c", "y"),
        constants={"w": KERNEL["w"], "b": weights(6, 1, 1)},
    ),
    many(
        "bias_added_where_the_convolution_is_read_twice",
        "conv2d affine multiply",
        ("Conv", "x w", "a"),
        ("Add", "a b", "c"),
        ("Mul", "a c", "y"),
        constants={"w": KERNEL["w"], "b": weights(6, 1, 1)},
    ),
    many(
        "bias_added_where_a_copy_of_the_convolution_is_read",
        "conv2d affine multiply",
        ("Conv", "x w", "a"),
        ("Identity", "a", "d"),
        ("Add", "d b", "c"),
        ("Mul", "a c", "y"),
        constants={"w": KERNEL["w"], "b": weights(6, 1, 1)},
    ),
    many("cast", "relu", ("Cast", "x", "a", {"to": 11}), ("Relu", "a", "b"), ("CastLike", "b x", "y")),
    many(
        "gelu_by_erf",
        "gelu",
        ("Div", "x r", "a"),
        ("Erf", "a", "b"),
        ("Add", "b one", "c"),
        ("Mul", "x c", "d"),
        ("Mul", "d half", "y"),
        constants={"r": np.float32(1.41421354), "one": np.float32(1), "half": np.float32(0.5)},
    ),
    many(
        "gelu_by_erf_halved_first",
        "gelu",
        ("Mul", "x r", "a"),
        ("Erf", "a", "b"),
        ("Add", "one b", "c"),
        ("Mul", "half x", "d"),
        ("Mul", "d c", "y"),
        constants={"r": np.float32(0.70710677), "one": np.float32(1), "half": np.float32(0.5)},
    ),
    many(
        "gelu_by_erf_halved_within",
        "gelu",
        ("Mul", "x r", "a"),
        ("Erf", "a", "b"),
        ("Add", "b one", "c"),
        ("Mul", "c half", "d"),
        ("Mul", "d x", "y"),
        constants={"r": np.float32(0.70710677), "one": np.float32(1), "half": np.float32(0.5)},
    ),
]

DENSE = [
    one("Gemm", "flatten dense", "x w b", dims=(1, 7), constants={"w": weights(7, 3), "b": weights(3)}),
    one(
        "Gemm",
        "flatten dense",
        "x w b",
        dims=(1, 7),
        constants={"w": weights(3, 7), "b": weights(1, 3)},
        transB=1,
    ),
    one(
        "Gemm",
        "flatten dense",
        "x w b",
        dims=(1, 7),
        constants={"w": weights(7, 3), "b": np.float32(0.5)},
        alpha=0.5,
        beta=2.0,
    ),
    one("Gemm", "flatten dense", "x w", dims=(1, 7), constants={"w": weights(7, 3)}, opset=11),
    many(
        "gemm_transposed_column",
        "flatten dense",
        ("Transpose", "x", "a", {"perm": [1, 0]}),
        ("Gemm", "a w", "y", {"transA": 1}),
        dims=(1, 7),
        constants={"w": weights(7, 3)},
    ),
    many(
        "gemm_plus_activation",
        "flatten dense dense affine add",
        ("Gemm", "x v", "a"),
        ("Gemm", "x w a", "y", {"beta": 0.5}),
        dims=(1, 7),
        constants={"v": weights(7, 3), "w": weights(7, 3, seed=2)},
    ),
    one("MatMul", "flatten dense", "x w", dims=(1, 7), constants={"w": weights(7, 3)}),
    many(
        "matmul_and_bias",
        "flatten dense",
        ("MatMul", "x w", "a"),
        ("Add", "b a", "y"),
        dims=(1, 7),
        constants={"w": weights(7, 3), "b": weights(3)},
    ),
    one("MatMul", "permute conv2d permute", "x w", constants={"w": weights(5, 3)}, name="last_axis"),
]

MOVES = [
    one("Flatten", "flatten"),
    one("Reshape", "flatten", "x s", constants={"s": [1, -1]}),
    one("Reshape", "reshape", "x s", constants={"s": [0, 2, 12, 5]}, name="maps"),
    one("Unsqueeze", "reshape", dims=(1, 6, 5), axes=[1], opset=11),
    one("Unsqueeze", "reshape", "x a", dims=(1, 6, 5), constants={"a": [1]}),
    one("Squeeze", "reshape", dims=(1, 1, 6, 5), axes=[1], opset=11),
    one("Squeeze", "flatten", "x a", dims=(1, 4, 1, 1), constants={"a": [2, 3]}),
    one("Expand", "flatten", "x s", dims=(1, 4), constants={"s": [1, 1]}),
    one("Transpose", "permute", perm=[0, 2, 3, 1]),
    one("Transpose", "permute", perm=[0, 3, 2, 1]),
    one("Transpose", "permute", dims=ROW, perm=[0, 2, 1]),
    one("Transpose", "permute reshape", perm=[2, 0, 3, 1], dims=(1, 4, 1, 5)),
    one("Slice", "slice_channels", starts=[1], ends=[3], axes=[1], opset=9),
    one("Slice", "slice_channels", "x s e a t", constants={"s": [-4], "e": [9999], "a": [1], "t": [2]}),
    one("Slice", "crop", "x s e a", constants={"s": [1, 0], "e": [-1, 4], "a": [2, 3]}, name="crop"),
    one(
        "Slice",
        "slice_channels crop max_pool",
        "x s e a t",
        constants={"s": [0, 1, 1, 0], "e": [1, 3, 6, 5], "a": [0, 1, 2, 3], "t": [1, 1, 2, 3]},
        name="all",
    ),
    one("Gather", "slice_channels", "x i", constants={"i": [1, 2]}, axis=1),
    one("Gather", "slice_channels reshape", "x i", constants={"i": np.int64(-1)}, axis=1, name="scalar"),
    one(
        "Gather",
        "slice_channels slice_channels slice_channels concat",
        "x i",
        constants={"i": [2, 0, 1]},
        axis=1,
        name="any_order",
    ),
    one("Concat", "concat", "x x", axis=1),
    one("Concat", "permute concat permute", "x x", axis=2),
    one("Concat", "permute concat permute", "x x", axis=-1),
    one("Concat", "flatten concat", "x x", axis=1, dims=(1, 7)),
    one("Pad", "pad", pads=[0, 0, 1, 2, 0, 0, 3, 0], value=1.5, opset=9),
    one("Pad", "pad", "x p v", constants={"p": [0, 0, 1, 2, 0, 0, 3, 0], "v": np.float32(1.5)}),
    one("Pad", "pad", "x p", constants={"p": [0, 0, 1, 2, 0, 0, 3, 0]}, mode="reflect"),
    one("Pad", "pad", "x p - a", constants={"p": [1, 2], "a": [-1]}, mode="edge"),
    one(
        "Pad",
        "crop pad",
        "x p",
        constants={
            "p": [0, 0, -1, 2, 0, 0, 3, 0],
            "q": [0, 0, 0, 2, 0, 0, 3, 0],
            "from": [1],
            "to": [9],
            "two": [2],
        },
        name="negative",
        # The evaluator takes no negative pads.
        same_as=[("Slice", "x from to two", "a"), ("Pad", "a q", "y")],
    ),
    one("Pad", "permute pad permute", "x p", constants={"p": [0, 2, 0, 0, 0, 1, 0, 0]}, name="channels"),
    one("DepthToSpace", "depth_to_space", blocksize=2, opset=9),
    one("DepthToSpace", "depth_to_space", blocksize=2, mode="CRD"),
    one("SpaceToDepth", "space_to_depth", blocksize=2, dims=(1, 2, 4, 6)),
    many(
        "split_in_halves",
        "slice_channels slice_channels multiply",
        ("Split", "x", "a b", {"axis": 1, "num_outputs": 2}),
        ("Mul", "a b", "y"),
    ),
    many(
        "split_by_attribute",
        "slice_channels",
        ("Split", "x", "a y", {"axis": 1, "split": [1, 3]}),
        opset=11,
    ),
    many(
        "split_rows",
        "crop crop add",
        ("Split", "x s", "a b", {"axis": 2}),
        ("Add", "a b", "y"),
        constants={"s": [3, 3]},
    ),
    many(
        "channel_shuffle",
        "channel_shuffle",
        ("Reshape", "x a", "b"),
        ("Transpose", "b", "c", {"perm": [0, 2, 1, 3, 4]}),
        ("Reshape", "c d", "y"),
        constants={"a": [1, 2, 2, 6, 5], "d": [1, 4, 6, 5]},
    ),
    many(
        "pixel_shuffle_in_six_axes",
        "depth_to_space",
        ("Reshape", "x a", "b"),
        ("Transpose", "b", "c", {"perm": [0, 1, 4, 2, 5, 3]}),
        ("Reshape", "c d", "y"),
        constants={"a": [1, 2, 2, 2, 6, 5], "d": [1, 2, 12, 10]},
        dims=(1, 8, 6, 5),
    ),
    many(
        "pixel_unshuffle_in_six_axes",
        "space_to_depth",
        ("Reshape", "x a", "b"),
        ("Transpose", "b", "c", {"perm": [0, 3, 5, 1, 2, 4]}),
        ("Reshape", "c d", "y"),
        constants={"a": [1, 2, 3, 2, 2, 2], "d": [1, 8, 3, 2]},
        dims=(1, 2, 6, 4),
    ),
    many(
        "channels_last_and_back",
        "layer_norm conv2d gelu add",
        ("Transpose", "x", "a", {"perm": [0, 2, 3, 1]}),
        ("LayerNormalization", "a s b", "c"),
        ("MatMul", "c w", "d"),
        ("Add", "d b", "e"),
        ("Gelu", "e", "f"),
        ("Transpose", "f", "g", {"perm": [0, 3, 1, 2]}),
        ("Add", "g x", "y"),
        constants={"s": weights(4), "b": weights(4, seed=1), "w": weights(4, 4)},
        opset=20,
    ),
    many(
        "channels_last_rows",
        "relu affine add",
        ("Transpose", "x", "a", {"perm": [0, 2, 1]}),
        ("Relu", "a", "b"),
        ("Mul", "b c", "d"),
        ("Add", "d a", "e"),
        ("Transpose", "e", "y", {"perm": [0, 2, 1]}),
        constants={"c": weights(4)},
        dims=ROW,
    ),
    many(
        "channels_last_mean",
        "global_avg_pool flatten",
        ("Transpose", "x", "a", {"perm": [0, 2, 3, 1]}),
        ("ReduceMean", "a axes", "y", {"keepdims": 0}),
        constants={"axes": [1, 2]},
    ),
    many(
        "reshape_there_and_back",
        "relu",
        ("Reshape", "x a", "b"),
        ("Relu", "b", "c"),
        ("Reshape", "c d", "y"),
        constants={"a": [1, 2, 2, 6, 5], "d": [1, 4, 6, 5]},
    ),
]

OLD_RESIZE = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}

RESIZES = [
    one(
        "Upsample",
        "upsample",
        mode="nearest",
        scales=[1.0, 1.0, 2.0, 3.0],
        opset=7,
        name="nearest",
        constants={"s": [1.0, 1.0, 2.0, 3.0]},
        # The evaluator knows no scales as an attribute.
        same_as=[("Resize", "x - s", "y", OLD_RESIZE)],
    ),
    one("Upsample", "upsample", "x s", constants={"s": [1.0, 1.0, 2.0, 2.0]}, mode="nearest", opset=9),
    one(
        "Resize",
        "upsample",
        "x s",
        constants={"s": [1.0, 1.0, 0.6, 2.0]},
        mode="nearest",
        opset=10,
        # The evaluator takes the inputs of opset 11.
        same_as=[("Resize", "x - s", "y", OLD_RESIZE)],
    ),
    *(
        one(
            "Resize",
            "upsample",
            "x - s",
            constants={"s": [1.0, 1.0, 2.0, 3.0]},
            mode=mode,
            coordinate_transformation_mode=coordinates,
            opset=13,
        )
        for mode in ("nearest", "linear")
        for coordinates in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners")
    ),
    *(
        one(
            "Resize",
            "upsample",
            "x - - s",
            constants={"s": [1, 4, 9, 3]},
            mode="nearest",
            nearest_mode=rounding,
            opset=13,
        )
        for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
    ),
    one("Resize", "upsample", "x - - s", constants={"s": [9, 4]}, mode="linear", axes=[2, 3], opset=18),
    one("Resize", "upsample", "x - s", constants={"s": [1.0, 1.0, 2.0]}, mode="linear", dims=ROW, opset=13),
]

CASES = [*CONVOLUTIONS, *POOLS, *NORMS, *ACTIVATIONS, *ARITHMETIC, *DENSE, *MOVES, *RESIZES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layers_agree_with_the_reference(case: Case, tmp_path: Path) -> None:
    given = onnx_model(_nodes(case.nodes), case.dims, case.constants, case.opset)
    same = onnx_model(_nodes(case.same_as), case.dims, case.constants) if case.same_as else None
    model = agree(given, tmp_path, positive=case.positive, same_as=same)
    assert kinds(model) == list(case.layers)


def _nodes(described: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [node(*names, **dict(*more)) for names, more in ((n[:3], n[3:]) for n in described)]


def test_every_operator_of_the_table_has_a_case() -> None:
    from sheetcnn.readers.onnx.table import TABLE

    assert set(TABLE) <= {kind for case in CASES for kind, *_ in case.nodes}
