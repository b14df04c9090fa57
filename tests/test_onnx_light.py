"""The full-size networks that the onnx package carries, their weights constant, and the expected results."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from requirements import require

from sheetcnn.importers.onnx import read_onnx
from sheetcnn.model.engine import run

# The expected results are float32; all sums are of equal numbers, so that errors do not cancel out.
SINGLE = 1e-5

NETWORKS = {
    "bvlc_alexnet": {
        "conv2d": 5,
        "max_pool": 3,
        "lrn": 2,
        "dense": 3,
        "flatten": 1,
        "dropout": 2,
        "softmax": 1,
    },
    "inception_v1": {"conv2d": 57, "max_pool": 13, "concat": 9, "lrn": 2, "avg_pool": 1, "dense": 1},
    "resnet50": {"conv2d": 53, "batch_norm": 53, "add": 16, "avg_pool": 1, "dense": 1},
    "squeezenet": {"conv2d": 26, "concat": 8, "max_pool": 3, "global_avg_pool": 1, "softmax": 1},
    "densenet121": {"conv2d": 121, "batch_norm": 121, "affine": 121, "concat": 58, "avg_pool": 3},
    "shufflenet": {"conv2d": 49, "channel_shuffle": 16, "add": 13, "concat": 3, "avg_pool": 4},
    "inception_v2": {"conv2d": 69, "batch_norm": 69, "affine": 69, "concat": 10, "dense": 1},
    "zfnet512": {"conv2d": 5, "lrn": 2, "max_pool": 3, "dense": 3, "softmax": 1},
    "vgg19": {"conv2d": 16, "max_pool": 5, "dense": 3, "dropout": 2, "softmax": 1},
}
"""How many layers of some kinds each has."""


def _light(name: str) -> Path:
    require("onnx", importlib.util.find_spec("onnx") is not None)
    import onnx

    return Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{name}.onnx"


@pytest.mark.parametrize("name", NETWORKS)
def test_network_gives_the_expected_result(name: str) -> None:
    path = _light(name)
    import onnx

    expected = onnx.numpy_helper.to_array(onnx.load_tensor(path.with_name(f"light_{name}_output_0.pb")))
    model = read_onnx(path)
    counts = Counter(node.op.kind for node in model.graph.nodes)
    assert {kind: counts[kind] for kind in NETWORKS[name]} == NETWORKS[name]
    shape = model.graph.source_shape.dims
    assert shape == (3, 224, 224)
    # The input that onnx's own test runner makes.
    size = int(np.prod(shape))
    found = run(model, np.arange(size).reshape(shape) / size).output
    assert found.shape == expected.shape[1:]
    np.testing.assert_allclose(found, expected[0], rtol=SINGLE, atol=SINGLE)
