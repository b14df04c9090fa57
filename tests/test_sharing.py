"""A layer that is used twice: one set of weights, one sheet, and both uses follow it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sheetcnn.errors import ShapeError, SpecError
from sheetcnn.importers.spec.parse import dump, parse
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Graph, Model
from sheetcnn.model.passes import fold_batch_norm, fuse_activations, share_weights
from sheetcnn.workbook.build import build
from sheetcnn.workbook.verify import verify
from sheetcnn.xlsx.read import open_workbook

CONV = {"kind": "conv2d", "filters": 2, "kernel_size": 3, "padding": "same"}
SPEC = {
    "name": "twice",
    "input": {"channels": 2, "height": 4, "width": 4},
    "layers": [
        {"kind": "conv2d", "name": "conv", "filters": 2, "kernel_size": 3, "padding": "same"},
        {"kind": "relu", "name": "act"},
        {
            "kind": "conv2d",
            "name": "again",
            "filters": 2,
            "kernel_size": 3,
            "padding": "same",
            "weights": "conv",
        },
    ],
}


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def kernel() -> dict[str, np.ndarray]:
    return {"weight": numbers((2, 2, 3, 3), 1), "bias": numbers((2,), 2)}


def model() -> Model:
    return Model.of(parse(SPEC, "twice"), {"conv": kernel()})


def apart() -> Graph:
    layers = [{k: v for k, v in layer.items() if k != "weights"} for layer in SPEC["layers"]]
    return parse({**SPEC, "layers": layers}, "apart")


def test_both_uses_compute_with_one_kernel(tmp_path: Path) -> None:
    shared = model()
    image = numbers((2, 4, 4), 3)
    own = Model.of(apart(), {"conv": kernel(), "again": kernel()})
    np.testing.assert_array_equal(run(shared, image).output, run(own, image).output)
    path = tmp_path / "twice.xlsx"
    build(shared, image, path)
    with open_workbook(path) as book:
        assert "conv_w" in book.sheet_names
        assert "again_w" not in book.sheet_names
        assert all("conv_w!" in f for f in book.sheet("again_f1").formulas.values() if f)
    assert verify(path).ok


def test_spec_keeps_the_sharing() -> None:
    graph = model().graph
    assert parse(dump(graph), "twice") == graph
    assert graph.by_name["again"].weights == "conv"


def test_equal_kernels_are_recognised_and_constant_ones_are_not() -> None:
    equal = share_weights(Model.of(apart(), {"conv": kernel(), "again": kernel()}))
    assert equal.graph.by_name["again"].weights == "conv"
    constant = {"weight": np.ones((2, 2, 3, 3)), "bias": np.zeros(2)}
    same = share_weights(Model.of(apart(), {"conv": constant, "again": constant}))
    assert not same.graph.by_name["again"].weights


def test_wrong_sharing_is_refused() -> None:
    later = {**SPEC, "layers": [*reversed(SPEC["layers"][:2]), {**SPEC["layers"][2], "weights": "conv1"}]}
    with pytest.raises(SpecError, match="'conv1', which is no earlier layer"):
        parse(later, "wrong")
    other = {**SPEC, "layers": [*SPEC["layers"][:2], {**SPEC["layers"][2], "kernel_size": 1}]}
    with pytest.raises(ShapeError, match="cannot use the weights of 'conv'"):
        parse(other, "wrong")


@pytest.mark.parametrize("kind", ["conv2d", "conv_transpose2d", "depthwise_conv2d"])
def test_folding_and_fusing_change_no_result(kind: str) -> None:
    first = {"kind": kind, "name": "first", "kernel_size": 3, "bias": False}
    if kind != "depthwise_conv2d":
        first |= {"filters": 4, "groups": 2}
    spec = {
        "input": {"channels": 4, "height": 5, "width": 5},
        "layers": [first, {"kind": "batch_norm", "name": "norm"}, {"kind": "relu", "name": "act"}],
    }
    graph = parse(spec, "fold")
    params = {
        node.name: {p.name: np.abs(numbers(p.shape, n)) + 0.1 for n, p in enumerate(graph.parameters(node))}
        for node in graph.nodes
    }
    params["first"]["weight"] = numbers(params["first"]["weight"].shape, 9)
    before = Model.of(graph, params)
    after = fuse_activations(fold_batch_norm(before))
    assert [node.name for node in after.graph.nodes] == ["first"]
    image = numbers((4, 5, 5), 5)
    np.testing.assert_allclose(run(after, image).output, run(before, image).output, atol=1e-12)
