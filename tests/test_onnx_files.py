"""ONNX files as a whole: their input, names, folded constants, data beside them, and what is refused."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import agree, imported, kinds, node, onnx_model, weights
from requirements import require

from sheetcnn.engine import run
from sheetcnn.errors import SheetCnnError, SpecError, UnsupportedError
from sheetcnn.readers.onnx import read_onnx

MAPS = (1, 3, 6, 5)


@pytest.fixture(autouse=True)
def _needs_onnx() -> None:
    require("onnx", importlib.util.find_spec("onnx") is not None)


def small(**more: Any) -> Any:
    """A convolution and a ReLU."""
    constants = {"w": weights(4, 3, 3, 3), "b": weights(4)}
    nodes = [node("Conv", "x w b", "a", name="conv"), node("Relu", "a", "y", name="relu")]
    return onnx_model(nodes, **{"dims": MAPS, "constants": constants, **more})


# --- the input ---


def test_open_sizes_come_from_the_input_shape(tmp_path: Path) -> None:
    for dims in (("n", 3, "h", "w"), ("n", "c", "h", "w")):
        model = agree(small(dims=dims), tmp_path, (3, 6, 5), dims=MAPS)
        assert model.graph.source_shape.dims == (3, 6, 5)


def test_open_batch_is_one(tmp_path: Path) -> None:
    assert agree(small(dims=("n", 3, 6, 5)), tmp_path, dims=MAPS)


def test_input_shape_may_repeat_what_the_file_says(tmp_path: Path) -> None:
    assert agree(small(), tmp_path, (3, 6, 5))


@pytest.mark.parametrize(
    ("dims", "given", "message"),
    [
        (("n", 3, "h", "w"), None, "dynamic shape n,3,h,w; give it with --input-shape C,H,W"),
        ((1, 3, 6, ""), None, "dynamic shape 1,3,6,[?]; give it with --input-shape"),
        ((1, 3, 6, 5), (3, 5, 6), "--input-shape 3,5,6 does not fit"),
        ((1, 3, "h", "w"), (1, 6, 5), "--input-shape 1,6,5 does not fit"),
        ((1, 3, "h", "w"), (3, 0, 5), "--input-shape 3,0,5: sizes are numbers of at least 1"),
        ((4, 3, 6, 5), None, "batch of 4; export the model with a batch of 1"),
        ((1, 3, 0, 5), None, "sizes are at least 1"),
        ((1, 3, -2, 5), None, "sizes are at least 1"),
    ],
)
def test_bad_input_shapes(
    dims: tuple[int | str, ...], given: tuple[int, int, int] | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=message):
        imported(small(dims=dims), tmp_path, given)


def test_input_without_a_shape(tmp_path: Path) -> None:
    model = small()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(SpecError, match="no shape in the file; give it with --input-shape"):
        imported(model, tmp_path)
    assert imported(model, tmp_path, (3, 6, 5)).graph.source_shape.dims == (3, 6, 5)


def test_vector_input_is_a_row_or_an_image_as_asked(tmp_path: Path) -> None:
    nodes = [node("Gemm", "x w", "y")]
    model = onnx_model(nodes, (1, 12), {"w": weights(12, 3)})
    assert agree(model, tmp_path).graph.source_shape.dims == (1, 1, 12)
    assert agree(model, tmp_path, (1, 3, 4)).graph.source_shape.dims == (1, 3, 4)


@pytest.mark.parametrize("given", [None, (3, 6, 5)])
def test_channels_last_input_is_an_image_like_others(given: Any, tmp_path: Path) -> None:
    from onnx.reference import ReferenceEvaluator

    nodes = [
        node("Transpose", "x", "a", perm=[0, 3, 1, 2]),
        node("Conv", "a w", "b"),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]),
        node("Reshape", "c flat", "d"),
        node("MatMul", "d v", "y"),
    ]
    constants = {"w": weights(4, 3, 3, 3), "flat": [1, -1], "v": weights(48, 2)}
    model = onnx_model(nodes, (1, 6, 5, 3) if given is None else (1, "h", "w", 3), constants)
    read = imported(model, tmp_path, given)
    assert read.graph.source_shape.dims == (3, 6, 5)
    assert kinds(read) == ["conv2d", "permute", "flatten", "dense"]
    image = weights(3, 6, 5)
    (expected,) = ReferenceEvaluator(model).run(None, {"x": image.transpose(1, 2, 0)[None]})
    np.testing.assert_allclose(run(read, image.astype(np.float64)).output, expected[0], atol=1e-5)


# --- the graph ---


def test_names_are_clean_and_unique(tmp_path: Path) -> None:
    nodes = [
        node("Relu", "x", "first[0]", name=""),
        node("Relu", "first[0]", "b", name="/stage 1/act:2"),
        node("Relu", "b", "c", name="/stage 1/act:2"),
        node("Relu", "c", "d", name="input"),
        node("Relu", "d", "y", name="é" * 200),
    ]
    model = agree(onnx_model(nodes, MAPS), tmp_path)
    assert [n.name for n in model.graph.nodes] == [
        *("first_0_", "stage_1/act:2", "stage_1/act:2_2", "input_2", "_"),
    ]


def test_several_outputs_in_their_order(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Flatten", "a", "b"), node("Neg", "a", "c"), node("Exp", "x", "d")]
    model = agree(onnx_model(nodes, MAPS, outputs=("c", "b", "a")), tmp_path)
    assert model.graph.outputs == ("c", "b", "a")
    assert "d" not in model.graph.by_name


def test_output_that_is_the_input(tmp_path: Path) -> None:
    model = agree(onnx_model([node("Identity", "x", "y")], MAPS), tmp_path)
    assert kinds(model) == ["reshape"]


def test_output_that_is_a_constant(tmp_path: Path) -> None:
    model = onnx_model([node("Relu", "x", "y"), node("Shape", "x", "s")], MAPS, outputs=("y", "s"))
    with pytest.raises(UnsupportedError, match="output 's' is a constant"):
        imported(model, tmp_path)


def test_what_no_output_needs_is_dropped(tmp_path: Path) -> None:
    nodes = [node("LSTM", "x x x", "l", name="unused"), node("Relu", "x", "y")]
    assert kinds(imported(onnx_model(nodes, MAPS), tmp_path)) == ["relu"]


def test_shape_arithmetic_is_folded(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "n", axis=0),
        node("Unsqueeze", "n axes", "n1"),
        node("Slice", "shape one three", "ch"),
        node("ReduceProd", "ch", "product", keepdims=1),
        node("Cast", "product", "float", to=1),
        node("Div", "float half", "twice"),
        node("Cast", "twice", "int", to=7),
        node("Equal", "int minus", "never"),
        node("Where", "never minus int", "chosen"),
        node("Div", "chosen two", "same"),
        node("Concat", "n1 same minus", "target", axis=0),
        node("Reshape", "x target", "rows"),
        node("Range", "zero n four", "range"),
        node("Expand", "range one", "first"),
        node("ConstantOfShape", "one", "filled"),
        node("Cast", "filled", "zeros", to=7),
        node("Add", "first zeros", "index"),
        node("Constant", "", "shift", value_float=0.5),
        node("Flatten", "rows", "flat"),
        node("Add", "flat shift", "y"),
    ]
    constants = {
        "zero": np.int64(0),
        "axes": [0],
        "one": [1],
        "two": [2],
        "three": [3],
        "half": [0.5],
        "minus": [-1],
        "four": np.int64(4),
    }
    model = agree(onnx_model(nodes, MAPS, constants), tmp_path)
    assert kinds(model) == ["flatten", "affine"]


def test_filled_weights_are_those_of_the_same_initialisers(tmp_path: Path) -> None:
    from onnx import helper

    value = helper.make_tensor("v", 1, [1], [0.1])
    nodes = [node("ConstantOfShape", "s", "w", value=value), node("Conv", "x w", "y")]
    model = agree(onnx_model(nodes, MAPS, {"s": [4, 3, 3, 3]}), tmp_path)
    # The shortest text of a float32, as for all weights.
    assert set(model.params["y"]["weight"].ravel()) == {0.1}


@pytest.mark.parametrize("kind", ["float16", "float64", "bfloat16"])
def test_weights_of_other_types(kind: str, tmp_path: Path) -> None:
    from onnx import helper, numpy_helper

    model = small()
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if kind == "bfloat16":
            tensor.CopyFrom(helper.make_tensor(tensor.name, 16, array.shape, array.ravel()))
        else:
            tensor.CopyFrom(numpy_helper.from_array(array.astype(kind), tensor.name))
    read = imported(model, tmp_path)
    np.testing.assert_allclose(read.params["conv"]["weight"], weights(4, 3, 3, 3), rtol=1e-2)


# --- data beside the file ---


def external(folder: Path, **entries: str) -> Path:
    """The small model with its kernel in a file of its own; entries replace those of the file."""
    from onnx import TensorProto

    model = small()
    (tensor,) = [t for t in model.graph.initializer if t.name == "w"]
    (folder / "data.bin").write_bytes(b"----" + tensor.raw_data)
    stated = {"location": "data.bin", "offset": "4", "length": str(len(tensor.raw_data)), **entries}
    for key, value in stated.items():
        tensor.external_data.add(key=key, value=value)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_external_data(tmp_path: Path) -> None:
    model = read_onnx(external(tmp_path))
    np.testing.assert_allclose(model.params["conv"]["weight"], weights(4, 3, 3, 3), rtol=1e-6)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "../data.bin"}, "outside the model's own directory"),
        ({"location": "/etc/hostname"}, "outside the model's own directory"),
        ({"location": "link.bin"}, "outside the model's own directory"),
        ({"location": ""}, "outside the model's own directory"),
        ({"location": "other.bin"}, "'other.bin', which is missing; put it beside the model"),
        ({"offset": "8"}, "meant to be 432 bytes from byte 8 of 'data.bin', which has 436"),
        ({"offset": "-1"}, "from byte -1"),
        ({"length": "a"}, "meant to be a bytes"),
        ({"length": "400"}, "does not fit its shape"),
    ],
)
def test_bad_external_data(entries: Mapping[str, str], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = external(folder, **entries)
    (tmp_path / "data.bin").write_bytes((folder / "data.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "data.bin")
    with pytest.raises(SpecError, match=message):
        read_onnx(path)


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
