"""AlexNet, GoogLeNet and MobileNet v1 at a quarter of their size, by the way of `make scale`.

The script builds each workbook, lets LibreOffice and IronCalc recalculate it, compares every formula with
NumPy, and NumPy's output with that of another program.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import require

import sheetcnn
from sheetcnn.calculators import installed
from sheetcnn.model.ops.conv2d import Conv2d

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"

NETWORKS = {
    "alexnet": {"conv2d": 5, "max_pool": 3, "lrn": 2, "dense": 3},
    "googlenet": {"conv2d": 57, "max_pool": 13, "concat": 9, "lrn": 2, "avg_pool": 1, "dense": 1},
    "mobilenet_v1": {"conv2d": 14, "depthwise_conv2d": 13, "global_avg_pool": 1, "dense": 1},
}
"""How many layers of each kind, as at full size; flatten, dropout and softmax left out."""


MOBILENET = pytest.param("mobilenet_v1", marks=pytest.mark.exhaustive)  # PyTorch traces it, which takes long


@pytest.fixture(params=[name if name != "mobilenet_v1" else MOBILENET for name in NETWORKS])
def name(request: pytest.FixtureRequest) -> str:
    network = str(request.param)
    package = "torch" if network == "mobilenet_v1" else "onnx"
    require(package, importlib.util.find_spec(package) is not None)
    return network


def script(file: str, *arguments: object) -> Any:
    command = [sys.executable, str(BENCHMARKS / file), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_every_layer_is_there(name: str, tmp_path: Path) -> None:
    made = script("models.py", name, tmp_path, "--quarter")
    model = sheetcnn.load(made["model"], fold_batch_norm="--fold-batch-norm" in made["options"])
    counts = Counter(node.op.kind for node in model.graph.nodes)
    assert {kind: counts[kind] for kind in NETWORKS[name]} == NETWORKS[name]
    grouped = [node.op.groups for node in model.graph.nodes if node.op.kind == "conv2d"]
    assert grouped.count(2) == (3 if name == "alexnet" else 0)


@pytest.mark.exhaustive
def test_workbook_agrees(name: str) -> None:
    require("libreoffice", any(c.name == "libreoffice" for c in installed()))
    report = script("networks.py", "--quarter", "--only", name, "--json")
    found = report["results"][name]
    assert found["agrees"]
    assert set(found["calculators"]) == {"libreoffice", "ironcalc"}
    for calculator in found["calculators"].values():
        assert calculator["compared"] == calculator["formulas"] > 50_000
        assert calculator["errors"] == 0
    check_spread(found["reference"])


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_convolution_in_pieces(groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    op = Conv2d(filters=16, kernel_size=(3, 2), stride=(2, 1), padding=1, dilation=(1, 2), groups=groups)
    random = np.random.default_rng(0)
    x = random.normal(size=(8, 13, 9))
    params = {"weight": random.normal(size=(16, 8 // groups, 3, 2)), "bias": random.normal(size=16)}
    whole = op.run([x], params)
    for most in (1, 500, 1500):  # one row at a time, or a few, the last piece smaller
        monkeypatch.setattr("sheetcnn.model.ops.conv2d._MOST_VALUES", most)
        # A product of other sizes may sum in another order: 48 terms of about 1 and 1e-16.
        np.testing.assert_allclose(op.run([x], params), whole, rtol=0, atol=1e-13)


def check_spread(found: dict[str, Any]) -> None:
    """Values neither die out nor explode, and no class takes all: then every weight is seen."""
    least, greatest = found["mean_squares"]
    assert 0.01 < least <= greatest < 100
    assert found["zeros"] < 0.9
    assert found["greatest"] < 0.9
