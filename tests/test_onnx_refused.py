"""ONNX files that are refused: what cannot be expressed, and what is damaged."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import MAPS, agree, imported, node, onnx_model, small, weights
from requirements import require

from sheetcnn.errors import SheetCnnError, SpecError, UnsupportedError
from sheetcnn.importers.onnx import read_onnx


@pytest.fixture(autouse=True)
def _needs_onnx() -> None:
    require("onnx", importlib.util.find_spec("onnx") is not None)


# --- refused ---


def test_all_unsupported_nodes_are_listed_at_once(tmp_path: Path) -> None:
    nodes = [
        node("Resize", "x - s", "a", name="resize", mode="cubic"),
        node("LSTM", "a w w", "b", name="lstm"),
        node("Conv", "b k", "c", name="conv3d"),
        node("Relu", "c", "d", name="fine"),
        node("Fused", "d", "e", name="fused", domain="com.example"),
        node("Softmax", "e", "f", name="softmax"),
        node("AveragePool", "f", "g", name="pool", kernel_shape=[2, 2], dilations=[2, 1]),
        node("Erf", "g", "h", name="erf"),
        node("MaxPool", "x", "i j", name="indices", kernel_shape=[2, 2]),
        node("MatMul", "x x", "k2", name="product"),
        node("Add", "h i", "l", name="sum"),
        node("Cast", "j", "m", name="cast", to=1),
        node("Add", "l m", "n", name="sum2"),
        node("Add", "n k2", "y", name="sum3"),
    ]
    constants = {"s": [1.0, 1.0, 2.0, 2.0], "w": weights(1, 4, 3), "k": weights(4, 3, 3, 3, 3)}
    model = onnx_model(nodes, MAPS, constants, opset=19)
    with pytest.raises(UnsupportedError) as caught:
        imported(model, tmp_path)
    message = str(caught.value)
    assert "model.onnx: 8 layers" in message
    for line in (
        "Resize 'resize': attribute mode=cubic",
        "LSTM 'lstm': a recurrent layer",
        "Conv 'conv3d': has windows with 3 axes (3-D)",
        "com.example.Fused 'fused': an operator of an unknown domain",
        "AveragePool 'pool': attribute dilations=[2, 1]",
        "Erf 'erf': ",
        "MaxPool 'indices': its output 'j' is read",
        "MatMul 'product': needs a constant as input 2",
    ):
        assert line in message
    assert "fine" not in message
    assert "sum" not in message


@pytest.mark.parametrize("kind", ["GRU", "If", "Loop", "Scan", "RNN"])
def test_what_can_never_be_a_layer_says_so(kind: str, tmp_path: Path) -> None:
    from onnx import defs, helper

    schema = defs.get_schema(kind, 18)
    body = helper.make_graph([helper.make_node("Identity", ["i"], ["o"])], "body", [], [])
    graphs = {"If": ["then_branch", "else_branch"], "Loop": ["body"], "Scan": ["body"]}
    attributes: dict[str, Any] = dict.fromkeys(graphs.get(kind, []), body)
    if kind == "Scan":
        attributes["num_scan_inputs"] = 1
    layer = node(kind, " ".join(["x"] * max(1, schema.min_input)), "y", name="odd", **attributes)
    with pytest.raises(SheetCnnError, match=f"{kind}"):
        imported(onnx_model([layer], MAPS), tmp_path)


def test_volumes_are_refused_with_the_layers_that_have_them(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "a", name="conv"),
        node("MaxPool", "a", "y", name="pool", kernel_shape=[2] * 3),
    ]
    with pytest.raises(UnsupportedError) as caught:
        imported(onnx_model(nodes, (1, 3, 4, 4, 4), {"w": weights(2, 3, 3, 3, 3)}), tmp_path)
    for line in (
        "input 'x': has 5 axes",
        "Conv 'conv': has windows with 3 axes",
        "MaxPool 'pool': has windows",
    ):
        assert line in str(caught.value)


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    from onnx import helper

    model = onnx_model([node("Add", "x z", "y")], MAPS)
    model.graph.input.append(helper.make_tensor_value_info("z", 1, MAPS))
    with pytest.raises(UnsupportedError, match="input 'x': is one of 2; one can be expressed"):
        imported(model, tmp_path)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        ([("Add", "x c", "y")], {"c": weights(1, 3, 6, 5)}, "differs from pixel to pixel"),
        ([("Add", "x c", "y")], {"c": weights(2, 3, 6, 5)}, "constant of shape 2×3×6×5 for an activation"),
        ([("Div", "c x", "y")], {"c": np.float32(1)}, "divides a constant by an activation"),
        ([("Div", "x c", "y")], {"c": np.float32(0)}, "divides by 0"),
        ([("Pow", "x c", "y")], {"c": np.float32(-1)}, "power -1"),
        ([("PRelu", "x c", "y")], {"c": weights(3, 6, 5)}, "slopes of shape"),
        ([("Concat", "x c", "y", {"axis": 1})], {"c": weights(*MAPS)}, "needs an activation as input 2"),
        ([("Concat", "x x", "y", {"axis": 0})], {}, "attribute axis=0"),
        ([("Slice", "x a b c d", "y")], {"a": [-1], "b": [-9], "c": [2], "d": [-1]}, "takes the positions"),
        ([("Reshape", "x c", "y")], {"c": [1, 7, -1]}, "cannot be evaluated"),
        ([("Reshape", "x c", "a"), ("Conv", "a w", "y")], {"c": [3, 1, 6, 5]}, "must be a batch of 1"),
        ([("Reshape", "x c", "a"), ("Conv", "a w", "y")], {"c": [1, 3, 1, 6, 5]}, "5 axes; at most 4"),
        ([("Transpose", "x", "a", {"perm": [1, 0, 2, 3]}), ("Conv", "a w", "y")], {}, "must be a batch of 1"),
        ([("Conv", "x c", "y")], {"c": weights(4, 2, 3, 3)}, "parameter|groups|channels|shape"),
        ([("Conv", "x w", "y", {"pads": [-1, 0, 0, 0]})], {}, "negative padding"),
        ([("Conv", "x w", "y", {"pads": [1, 1]})], {}, r"attribute pads=\[1, 1\]"),
        ([("Conv", "x w", "y", {"kernel_shape": [5, 5]})], {}, "but its kernel is 3×3"),
        ([("Conv", "x w", "y", {"auto_pad": "SAME"})], {}, "attribute auto_pad=SAME"),
        ([("Conv", "x w", "y", {"strides": [0, 1]})], {}, "stride"),
        ([("Relu", "w", "v"), ("Conv", "x v", "y")], {}, "Relu 'v': computes with constants only"),
        ([("ConstantOfShape", "c", "v"), ("Conv", "x v", "y")], {"c": [1 << 20] * 4}, "makes a constant of"),
        ([("Range", "c d e", "v"), ("Reshape", "x v", "y")], {"c": 0.0, "d": 1e12, "e": 1e-9}, "constant of"),
        ([("Range", "c d e", "v"), ("Reshape", "x v", "y")], {"c": 0.0, "d": 1.0, "e": 0.0}, "be evaluated"),
        ([("Tile", "c d", "v"), ("Conv", "x v", "y")], {"c": [1.0], "d": [1 << 40]}, "makes a constant of"),
        (
            [("Expand", "c d", "v"), ("Conv", "x v", "y")],
            {"c": [1.0], "d": [1 << 20, 1 << 20]},
            "constant of",
        ),
        ([("Pad", "x c", "y")], {"c": [1, 0, 0, 0, 0, 0, 0, 0]}, "pads the batch axis"),
        ([("Pad", "x c", "y")], {"c": [1, 0]}, "has 2 pads for 4 axes"),
        ([("Resize", "x - c", "y")], {"c": [1.0, 2.0, 1.0, 1.0]}, "resizes the batch or the channels"),
        ([("ReduceMean", "x c", "y")], {"c": [1]}, r"reduces the axes \[1\]"),
        ([("Cast", "x", "y", {"to": 7})], {}, "casts to int64"),
        ([("Dropout", "x c d", "y")], {"c": np.float32(0.5), "d": np.bool_(True)}, "training_mode=True"),
        ([("Gather", "x c", "y", {"axis": 2})], {"c": [0, 2, 3]}, "takes the positions"),
        ([("Flatten", "x", "a"), ("GlobalMaxPool", "a", "y")], {}, "needs feature maps"),
        ([("Gemm", "x c", "y")], {"c": weights(5, 2)}, "dense|first axis|multiplies"),
    ],
)
def test_nodes_that_cannot_be_expressed(
    nodes: list[Any], constants: Mapping[str, Any], message: str, tmp_path: Path
) -> None:
    made = [node(*n[:3], name=f"{n[2]}", **(n[3] if len(n) > 3 else {})) for n in nodes]
    model = onnx_model(made, MAPS, {"w": weights(4, 3, 3, 3), **constants})
    with pytest.raises(SheetCnnError, match=message) as caught:
        imported(model, tmp_path)
    assert "model.onnx" in str(caught.value)


def test_onnx_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(small().SerializeToString())
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SpecError, match=r"pip install sheetcnn\[onnx\]"):
        read_onnx(path)


# --- damaged ---


def test_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(SpecError, match="does not exist"):
            read_onnx(path)


@pytest.mark.parametrize("content", [b"", b"\x08\x07", b"PK\x03\x04 something else", b"\xff" * 100])
def test_what_is_no_onnx_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=r"model\.onnx is not a whole ONNX file"):
        read_onnx(path)


def test_truncated_files(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    whole = small().SerializeToString()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(SpecError, match=r"model\.onnx"):
            read_onnx(path)


@pytest.mark.parametrize(
    ("opset", "message"), [(6, "has opset 6; sheetcnn reads 7"), (999, "opset 999, but")]
)
def test_opsets_out_of_range(opset: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        imported(small(opset=opset), tmp_path)


def test_oldest_and_newest_opset(tmp_path: Path) -> None:
    import onnx

    for opset in (7, onnx.defs.onnx_opset_version()):
        assert agree(small(opset=opset), tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.initializer[0].dims.__setitem__(0, 9), "does not fit its shape"),
        (lambda g: g.initializer[0].dims.__setitem__(0, -4), "negative shape"),
        (lambda g: g.initializer[0].dims.__setitem__(0, 1 << 40), "does not fit its shape"),
        (lambda g: g.initializer.pop(), "reads 'b', which nothing before it gives"),
        (lambda g: g.node[0].input.__setitem__(1, "later"), "reads 'later', which nothing before it gives"),
        (lambda g: g.node[1].input.append("a"), "has input size 2"),
        (lambda g: g.node[1].ClearField("input"), "has input size 0"),
        (lambda g: g.node[0].attribute.add(name="group", type=3, s=b"a"), "attribute type"),
        (lambda g: g.ClearField("output"), "no nodes or no outputs"),
        (lambda g: g.ClearField("node"), "no nodes or no outputs"),
    ],
)
def test_damaged_graphs(change: Any, message: str, tmp_path: Path) -> None:
    model = small()
    change(model.graph)
    with pytest.raises(SpecError, match=message):
        imported(model, tmp_path)


def test_changed_bytes_never_end_in_another_error(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w b", "a", pads=[1, 1, 1, 1]),
        node("Relu", "a", "c"),
        node("MaxPool", "c", "d", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", "d s", "e"),
        node("Gemm", "e v", "f"),
        node("Softmax", "f", "y"),
    ]
    constants = {"w": weights(2, 3, 3, 3), "b": weights(2), "s": [1, -1], "v": weights(12, 3)}
    whole = onnx_model(nodes, MAPS, constants).SerializeToString()
    path = tmp_path / "model.onnx"
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(600):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(0, 256)
        path.write_bytes(content)
        refused += _is_refused(path)
    assert 0 < refused < 600


def _is_refused(path: Path) -> bool:
    try:
        read_onnx(path)
    except SheetCnnError:
        return True
    return False
