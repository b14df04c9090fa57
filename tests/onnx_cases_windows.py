"""Cases of ONNX operators: convolution, pooling, resizing."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from onnx_cases import ROW, one
from onnx_models import weights

KERNEL = {"w": weights(6, 4, 3, 3), "b": weights(6)}
TURNED = {"w": weights(4, 3, 3, 2), "b": weights(3)}
transposed = partial(one, "ConvTranspose", "conv_transpose2d")
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
    transposed("x w b", constants=TURNED, strides=[2, 3]),
    transposed("x w", constants=TURNED, pads=[1, 0, 2, 1], dilations=[2, 1]),
    transposed("x w", constants=TURNED, strides=[2, 2], output_padding=[1, 0], name="output_padding"),
    transposed(
        "x w",
        constants=TURNED,
        strides=[2, 2],
        output_shape=[12, 9],
        # The evaluator takes an output_shape only where nothing is left to be cut off.
        same_as=[("ConvTranspose", "x w", "y", {"strides": [2, 2], "pads": [1, 1, 0, 0]})],
    ),
    transposed(
        "x w",
        constants=TURNED,
        strides=[2, 2],
        output_shape=[14, 10],
        name="larger",
        same_as=[("ConvTranspose", "x w", "y", {"strides": [2, 2], "output_padding": [1, 0]})],
    ),
    transposed("x w", constants=TURNED, strides=[2, 2], auto_pad="SAME_UPPER"),
    transposed("x w", constants=TURNED, strides=[2, 2], auto_pad="SAME_LOWER"),
    transposed(
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
    transposed("x w", dims=ROW, constants={"w": weights(4, 2, 3)}, strides=[2]),
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
