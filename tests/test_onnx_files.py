"""ONNX files as a whole: their input, names, folded constants, data beside them, and what is refused."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import MAPS, agree, imported, kinds, node, onnx_model, small, weights
from requirements import require

from sheetcnn.errors import SpecError, UnsupportedError
from sheetcnn.importers.onnx import read_onnx
from sheetcnn.model.engine import run


@pytest.fixture(autouse=True)
def _needs_onnx() -> None:
    require("onnx", importlib.util.find_spec("onnx") is not None)


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
