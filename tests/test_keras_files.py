"""Keras files, read without Keras: the committed ones against Keras's own outputs, and bad ones."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import require

from sheetcnn.errors import SheetCnnError, SpecError, UnsupportedError, WeightsError
from sheetcnn.importers.keras import read_keras
from sheetcnn.model.engine import run

DATA = Path(__file__).parent / "data"
FILES = sorted(path.name for path in DATA.iterdir() if path.suffix in (".keras", ".h5"))

# Keras computed in float32 with about 7 digits; these networks have up to ten layers.
SINGLE = 1e-5


@pytest.fixture(autouse=True)
def h5py_installed() -> None:
    require("h5py", importlib.util.find_spec("h5py") is not None)


def channels_first(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2:
        return array.T[:, None]
    return np.moveaxis(array, -1, 0) if array.ndim == 3 else array


@pytest.mark.parametrize("file", FILES)
def test_files_agree_with_keras(file: str) -> None:
    model = read_keras(DATA / file)
    with np.load((DATA / file).with_suffix(".npz")) as arrays:
        result = run(model, channels_first(arrays["input"]))
        assert len(model.graph.outputs) == len(arrays.files) - 1
        for n, output in enumerate(model.graph.outputs):
            wanted = channels_first(arrays[f"output{n}"])
            np.testing.assert_allclose(result.activations[output], wanted, rtol=SINGLE, atol=SINGLE)


def test_there_are_files_of_both_formats() -> None:
    assert {Path(file).suffix for file in FILES} == {".keras", ".h5"}


def test_names_and_kinds() -> None:
    graph = read_keras(DATA / "branches.keras").graph
    names = [node.name for node in graph.nodes]
    assert graph.name == "branches"
    assert {"stem", "shared", "shared_2", "sum", "inner/stem", "separable/depthwise", "separable"} <= set(
        names
    )
    assert graph.by_name["stem"].activation is not None
    assert graph.by_name["stem"].activation.kind == "relu"
    assert graph.by_name["shared_2"].inputs == ("activation",)


def test_a_layer_called_twice_has_its_weights_twice() -> None:
    params = read_keras(DATA / "branches.keras").params
    np.testing.assert_array_equal(params["shared"]["weight"], params["shared_2"]["weight"])


def test_both_formats_give_the_same_model() -> None:
    one, other = (read_keras(DATA / f"branches{suffix}") for suffix in (".keras", ".h5"))
    assert one.graph == other.graph
    for layer, group in one.params.items():
        for name, array in group.items():
            np.testing.assert_array_equal(array, other.params[layer][name])


def test_a_flatten_before_dense_layers_moves_nothing() -> None:
    kinds = [node.op.kind for node in read_keras(DATA / "sequential.keras").graph.nodes]
    assert "flatten" in kinds
    assert "permute" not in kinds


# Bad files.


def changed(tmp_path: Path, changes: dict[str, Callable[[bytes], bytes | None]]) -> Path:
    """A copy of a file with some of its entries changed; an entry that becomes None is left out."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(DATA / "sequential.keras") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            new = changes[name](content) if name in changes else content
            if new is not None:
                archive.writestr(name, new)
    return path


def in_config(change: Callable[[Any], object]) -> dict[str, Callable[[bytes], bytes | None]]:
    def function(content: bytes) -> bytes:
        data = json.loads(content)
        change(data)
        return json.dumps(data).encode()

    return {"config.json": function}


def in_weights(change: Callable[[Any], object]) -> dict[str, Callable[[bytes], bytes | None]]:
    def function(content: bytes) -> bytes:
        import h5py

        buffer = io.BytesIO(content)
        with h5py.File(buffer, "r+") as file:
            change(file)
        return buffer.getvalue()

    return {"model.weights.h5": function}


def layer(data: Any, kind: str) -> Any:
    return next(entry for entry in data["config"]["layers"] if entry["class_name"] == kind)


def _lambda(data: Any) -> None:
    entry = layer(data, "LeakyReLU")
    entry["class_name"], entry["config"]["function"] = "Lambda", {"class_name": "__lambda__"}


def _custom(data: Any) -> None:
    layer(data, "Conv2D").update(registered_name="mine>Conv2D", module=None)
    layer(data, "MaxPooling2D").update(
        class_name="GradientReversal", registered_name="mine>Grad", module=None
    )


def _options(data: Any) -> None:
    layer(data, "Conv2D")["config"]["activation"] = "my_function"
    layer(data, "BatchNormalization")["config"]["axis"] = 1
    layer(data, "Dropout")["class_name"] = "LSTM"


def _open_size(data: Any) -> None:
    layer(data, "InputLayer")["config"]["batch_shape"] = [None, None, None, 2]


def _mixed(data: Any) -> None:
    layer(data, "MaxPooling2D")["config"]["data_format"] = "channels_first"


def _shapeless(data: Any) -> None:
    del data["config"]["layers"][0], data["config"]["build_input_shape"]
    for entry in data["config"]["layers"]:
        entry.pop("build_config", None)


def _quantised(data: Any) -> None:
    layer(data, "Conv2D")["config"]["dtype"] = {
        "class_name": "QuantizedDTypePolicy",
        "config": {"mode": "int8"},
    }


def _nested(data: Any) -> None:
    for _ in range(40):
        inner = json.loads(json.dumps(data)) if len(json.dumps(data)) < 50_000 else dict(data)
        data["config"] = {"name": "n", "layers": [inner], "build_input_shape": [None, 9, 8, 2]}


KERNEL = "layers/conv2d/vars/0"


def _external_link(file: Any) -> None:
    import h5py

    del file[KERNEL]
    file[KERNEL] = h5py.ExternalLink("/etc/hostname", "/")


def _external_array(file: Any) -> None:
    del file[KERNEL]
    file.create_dataset(KERNEL, (3, 3, 2, 4), "f4", external=[("weights.bin", 0, 288)])


def _shape(file: Any) -> None:
    del file[KERNEL]
    file[KERNEL] = np.zeros((3, 3, 2, 5), np.float32)


def _claim(file: Any) -> None:
    del file[KERNEL]
    file.create_dataset(KERNEL, (10**5, 10**6), "f4", chunks=(10, 10))


def _texts(file: Any) -> None:
    del file[KERNEL]
    file[KERNEL] = [b"abc"]


BAD: dict[str, tuple[dict[str, Callable[[bytes], bytes | None]], type[SheetCnnError], list[str]]] = {
    "no_config": ({"config.json": lambda _: None}, SpecError, ["it holds no config.json", "model.save"]),
    "no_weights": ({"model.weights.h5": lambda _: None}, SpecError, ["it holds no model.weights.h5"]),
    "no_json": ({"config.json": lambda b: b[:-5]}, SpecError, ["config.json"]),
    "other_json": ({"config.json": lambda _: b"[1]"}, SpecError, ["not that of a model"]),
    "empty_config": ({"config.json": lambda _: b'{"config": {}}'}, UnsupportedError, ["code of its own"]),
    "no_layers": (
        {"config.json": lambda _: b'{"class_name": "Sequential", "config": {}}'},
        SpecError,
        ["damaged or not known"],
    ),
    "deep_json": ({"config.json": lambda _: b"[" * 10**6}, SpecError, ["damaged"]),
    "nested": (in_config(_nested), SpecError, ["nested too deeply"]),
    "short_weights": ({"model.weights.h5": lambda b: b[:2000]}, SpecError, ["damaged"]),
    "lambda": (in_config(_lambda), UnsupportedError, ["Lambda 'leaky_re_lu'"]),
    "custom": (
        in_config(_custom),
        UnsupportedError,
        ["2 layers", "Conv2D 'conv2d': it is a class of its own (mine>Conv2D)", "GradientReversal"],
    ),
    "options": (
        in_config(_options),
        UnsupportedError,
        ["Conv2D 'conv2d': the activation 'my_function'", "LSTM 'dropout'"],
    ),
    "open_size": (in_config(_open_size), UnsupportedError, ["?×?×2"]),
    "mixed": (in_config(_mixed), UnsupportedError, ["channels_first"]),
    "shapeless": (in_config(_shapeless), SpecError, ["what shape its input has"]),
    "quantised": (in_config(_quantised), UnsupportedError, ["quantised"]),
    "external_link": (in_weights(_external_link), WeightsError, ["link to elsewhere"]),
    "external_array": (in_weights(_external_array), WeightsError, ["no plain array"]),
    "shape": (in_weights(_shape), WeightsError, ["conv2d.weight", "(5, 2, 3, 3)", "(4, 2, 3, 3)"]),
    "claim": (in_weights(_claim), WeightsError, ["claims 400,000,000,000 bytes"]),
    "texts": (in_weights(_texts), SheetCnnError, ["conv2d"]),
    "missing": (in_weights(lambda f: f.pop(KERNEL)), WeightsError, ["no array 0"]),
    "missing_layer": (in_weights(lambda f: f.pop("layers/dense_1")), WeightsError, ["probabilities"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_message(name: str, tmp_path: Path) -> None:
    changes, error, words = BAD[name]
    path = changed(tmp_path, changes)
    with pytest.raises(error) as caught:
        read_keras(path)
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_truncated_and_missing_files(tmp_path: Path) -> None:
    for file in FILES:
        path = tmp_path / file
        path.write_bytes((DATA / file).read_bytes()[:-900])
        with pytest.raises(SpecError, match="damaged"):
            read_keras(path)
        path.write_bytes(b"")
        with pytest.raises(SpecError, match="damaged"):
            read_keras(path)
    for suffix in (".keras", ".h5"):
        with pytest.raises(SpecError, match="none"):
            read_keras(tmp_path / f"none{suffix}")


def test_a_weights_file_is_no_model(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/conv2d/vars/0"] = np.zeros(3)
    with pytest.raises(WeightsError, match="weights only"):
        read_keras(path)


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (200 << 20))
    with pytest.raises(SpecError, match="unpacks to"):
        read_keras(path)


def test_a_functional_model_of_keras_2(tmp_path: Path) -> None:
    """Links are lists, names end in ':0', and the hard sigmoid has another slope."""
    import h5py

    rng = np.random.default_rng(8)
    kernel, bias, weight = rng.normal(size=(1, 1, 2, 2)), rng.normal(size=2), rng.normal(size=(12, 3))
    options = {"filters": 2, "kernel_size": [1, 1], "strides": [1, 1], "padding": "same"}
    layers = [
        ("InputLayer", "in", {"batch_input_shape": [None, 2, 3, 2]}, []),
        ("Conv2D", "conv", {**options, "activation": "hard_sigmoid"}, [[["in", 0, 0, {}]]]),
        ("Add", "add", {}, [[["in", 0, 0, {}], ["conv", 0, 0, {}]]]),
        ("Flatten", "flat", {"data_format": "channels_last"}, [[["add", 0, 0, {}]]]),
        ("Dense", "out", {"units": 3, "use_bias": False, "activation": "linear"}, [[["flat", 0, 0, {}]]]),
    ]
    config = {
        "name": "older",
        "layers": [
            {"class_name": kind, "name": name, "config": {**config, "name": name}, "inbound_nodes": nodes}
            for kind, name, config, nodes in layers
        ],
        "input_layers": [["in", 0, 0]],
        "output_layers": [["out", 0, 0]],
    }
    path = tmp_path / "older.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.13.1"
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config}).encode()
        file["model_weights/conv/conv/kernel:0"] = kernel
        file["model_weights/conv/conv/bias:0"] = bias
        file["model_weights/out/out/kernel:0"] = weight
    x = rng.normal(size=(2, 3, 2))
    hidden = x + np.clip(0.2 * (x @ kernel[0, 0] + bias) + 0.5, 0, 1)
    found = run(read_keras(path), channels_first(x)).output
    np.testing.assert_allclose(found, hidden.reshape(-1) @ weight, rtol=1e-12)


def test_older_names_in_the_weights_are_found(tmp_path: Path) -> None:
    """Before Keras wrote the layers' names into the file, only the classes' counts told them apart."""

    def nameless(file: Any) -> None:
        file.visititems(lambda _, item: item.attrs.pop("name", None) and None)

    path = changed(tmp_path, in_weights(nameless))
    one, other = read_keras(path), read_keras(DATA / "sequential.keras")
    for layer_name, group in other.params.items():
        for key, array in group.items():
            np.testing.assert_array_equal(array, one.params[layer_name][key])


def test_missing_h5py_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    shutil.copy(DATA / "sequential.keras", tmp_path)
    with pytest.raises(SpecError, match=r"pip install sheetcnn\[keras\]"):
        read_keras(tmp_path / "sequential.keras")
