# ruff: noqa: E402 - what needs torch is imported after the check that it is there
"""Networks through `from_torch` and through `.pt2` files, against PyTorch; damaged and dangerous files."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import require

require("torch", importlib.util.find_spec("torch") is not None)

import torch
from torch import nn
from torch_networks import NETWORKS, network

from sheetcnn.errors import SheetCnnError, SpecError, UnsupportedError, WeightsError
from sheetcnn.importers.spec.parse import parse
from sheetcnn.importers.torch import check_keys, from_torch, read_pt2, read_state_dict
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model

# PyTorch computes in float32 with about 7 digits; these networks have up to twenty layers.
SINGLE = 1e-4

every_network = pytest.mark.parametrize("name", NETWORKS)


def agree(model: Model, module: nn.Module, x: torch.Tensor) -> None:
    with torch.no_grad():
        expected = module(x)
    result = run(model, x[0].numpy())
    wanted = [expected] if isinstance(expected, torch.Tensor) else list(expected)
    assert len(model.graph.outputs) == len(wanted)
    for output, array in zip(model.graph.outputs, wanted, strict=True):
        np.testing.assert_allclose(result.activations[output], array[0].numpy(), rtol=SINGLE, atol=SINGLE)


def saved(module: nn.Module, x: torch.Tensor, path: Path, **options: Any) -> Path:
    torch.export.save(torch.export.export(module, (x,), **options), path)
    return path


@every_network
def test_modules(name: str) -> None:
    module, x = network(name)
    agree(from_torch(module, x), module, x)


@every_network
def test_pt2_files(name: str, tmp_path: Path) -> None:
    module, x = network(name)
    model = read_pt2(saved(module, x, tmp_path / "net.pt2"))
    agree(model, module, x)
    assert model.graph == from_torch(module, x, name="net").graph


@every_network
def test_decomposed_programs(name: str, tmp_path: Path) -> None:
    module, x = network(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, about its own functions
        program = torch.export.export(module, (x,)).run_decompositions()
    torch.export.save(program, tmp_path / "net.pt2")
    agree(read_pt2(tmp_path / "net.pt2"), module, x)


@every_network
def test_a_batch_of_any_size(name: str, tmp_path: Path) -> None:
    module, x = network(name)
    batch = torch.cat([x, x])
    path = saved(module, batch, tmp_path / "net.pt2", dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    agree(read_pt2(path), module, x)


def test_layers_keep_the_names_of_their_modules() -> None:
    names = [node.name for node in from_torch(*network("resnet")).graph.nodes]
    assert names[:11] == [
        "conv1",
        "bn1",
        "relu",
        "maxpool",
        "layer1.0.conv1",
        "layer1.0.bn1",
        "layer1.0.relu",
        "layer1.0.conv2",
        "layer1.0.bn2",
        "layer1.0",
        "layer1.0.relu_2",
    ]
    assert names[-3:] == ["avgpool", "flatten", "fc"]


def test_a_layer_used_twice_has_its_weights_twice() -> None:
    model = from_torch(*network("shared"))
    np.testing.assert_array_equal(model.params["conv"]["weight"], model.params["conv_2"]["weight"])


def test_a_channel_shuffle_is_one_layer() -> None:
    kinds = [node.op.kind for node in from_torch(*network("shufflenet")).graph.nodes]
    assert kinds.count("channel_shuffle") == 2
    assert not {"reshape", "permute"} & set(kinds)


def test_half_precision() -> None:
    for dtype in (torch.bfloat16, torch.float16):
        model = from_torch(nn.Conv2d(1, 2, 3).to(dtype), np.zeros((1, 6, 6)))
        assert model.params["conv2d" if "conv2d" in model.params else model.graph.nodes[0].name]


# Files.


def rewritten(path: Path, **changes: Any) -> Path:
    """The same archive with entries that end so changed by a function of their bytes."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            change = next((f for end, f in changes["changes"].items() if name.endswith(end)), lambda b: b)
            archive.writestr(name, change(content))
    return path


@pytest.fixture
def pt2(tmp_path: Path) -> Path:
    return saved(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), torch.zeros(1, 1, 6, 6), tmp_path / "net.pt2")


def in_json(change: Any) -> Any:
    def function(content: bytes) -> bytes:
        data = json.loads(content)
        change(data)
        return json.dumps(data).encode()

    return function


def _pickled(data: Any) -> None:
    next(iter(data["config"].values()))["use_pickle"] = True


def _beyond(data: Any) -> None:
    next(iter(data["config"].values()))["tensor_meta"]["sizes"][0] = {"as_int": 10**9}


def _repeated(data: Any) -> None:
    meta = next(iter(data["config"].values()))["tensor_meta"]
    meta["sizes"][0], meta["strides"][0] = {"as_int": 10**9}, {"as_int": 0}


def _dynamic(data: Any) -> None:
    sizes = data["graph_module"]["graph"]["tensor_values"]["input"]["sizes"]
    sizes[2] = {"as_expr": {"expr_str": "s0", "hint": None}}


def _version(data: Any) -> None:
    data["schema_version"]["major"] = 99


CHANGES: dict[str, tuple[dict[str, Any], type[SheetCnnError], str]] = {
    "pickled": ({"weights_config.json": in_json(_pickled)}, WeightsError, "pickle"),
    "beyond": ({"weights_config.json": in_json(_beyond)}, SpecError, "beyond its file"),
    "repeated": ({"weights_config.json": in_json(_repeated)}, SpecError, "repeats"),
    "dynamic": ({"model.json": in_json(_dynamic)}, UnsupportedError, "not fixed"),
    "version": ({"model.json": in_json(_version)}, SpecError, "schema version 99"),
    "no_json": ({"model.json": lambda b: b[:-9]}, SpecError, "damaged"),
    "empty_json": ({"model.json": lambda _: b"{}"}, SpecError, "damaged"),
    "deep_json": ({"model.json": lambda _: b"[" * 10**6}, SpecError, "damaged"),
    "short_weights": ({"weight_0": lambda b: b[:8]}, SpecError, "beyond its file"),
    "odd_weights": ({"weight_0": lambda b: b[:-1]}, SpecError, "damaged"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_damaged_pt2_files(name: str, pt2: Path) -> None:
    changes, error, words = CHANGES[name]
    with pytest.raises(error, match=words) as caught:
        read_pt2(rewritten(pt2, changes=changes))
    assert str(caught.value).startswith(str(pt2))


def test_truncated_and_missing_pt2_files(pt2: Path, tmp_path: Path) -> None:
    pt2.write_bytes(pt2.read_bytes()[:-500])
    with pytest.raises(SpecError, match="damaged"):
        read_pt2(pt2)
    with pytest.raises(SpecError, match="cannot be read"):
        read_pt2(tmp_path / "none.pt2")


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_nothing_in_a_pt2_file_is_unpickled(pt2: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    read_pt2(rewritten(pt2, changes={"sample_inputs/model.pt": lambda _: pickle.dumps(Trap(trap))}))
    assert not trap.exists()


def test_pt2_files_need_no_torch(pt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert [node.op.kind for node in read_pt2(pt2).graph.nodes] == ["conv2d", "relu"]


def test_pt2_files_of_the_older_format(tmp_path: Path) -> None:
    path = tmp_path / "old.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version", "8.8")
        archive.writestr("serialized_exported_program.json", "{}")
    with pytest.raises(SpecError, match="older"):
        read_pt2(path)


# State dicts.

SPEC = {
    "name": "net",
    "input": {"channels": 1, "height": 6, "width": 6},
    "layers": [
        {"kind": "conv2d", "name": "features.0", "filters": 2, "kernel_size": 3},
        {"kind": "batch_norm", "name": "features.1"},
    ],
}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.features(x)


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
@pytest.mark.parametrize("wrap", [lambda m: m, nn.DataParallel, torch.nn.Sequential])
def test_state_dicts(suffix: str, wrap: Any, tmp_path: Path) -> None:
    module, path = Net().eval(), tmp_path / f"net{suffix}"
    torch.save(wrap(module).state_dict(), path)
    graph, arrays = parse(SPEC, "net.yaml"), read_state_dict(path)
    if wrap is torch.nn.Sequential:
        with pytest.raises(WeightsError, match=r"not in the spec: '0.features.0.bias'.*missing: 'features.0"):
            check_keys(graph, arrays, path)
        return
    check_keys(graph, arrays, path)
    agree(Model.of(graph, arrays), module, torch.randn(1, 1, 6, 6))


def test_bfloat16_state_dicts(tmp_path: Path) -> None:
    torch.save(Net().to(torch.bfloat16).state_dict(), tmp_path / "net.pt")
    assert read_state_dict(tmp_path / "net.pt")["features.0"]["weight"].dtype == np.float64


def test_files_that_are_no_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.save(Net(), path)
    with pytest.raises(WeightsError, match=r"more than tensors.*model\.state_dict"):
        read_state_dict(path)
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(WeightsError):
        read_state_dict(path)
    assert not (tmp_path / "sprung").exists()
    torch.save({"epoch": 3, "state_dict": Net().state_dict()}, path)
    with pytest.raises(WeightsError, match=r"checkpoint.*'state_dict'"):
        read_state_dict(path)
    torch.save(torch.zeros(3), path)
    with pytest.raises(WeightsError, match="holds a Tensor"):
        read_state_dict(path)
    torch.save({"conv.weight": 3}, path)
    with pytest.raises(WeightsError, match="of type int"):
        read_state_dict(path)
    torch.save(Net().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="not a readable state dict"):
        read_state_dict(path)
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="not a readable state dict"):
        read_state_dict(path)
    with pytest.raises(WeightsError, match="does not exist"):
        read_state_dict(tmp_path / "none.pt")


def test_missing_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "net.pt").touch()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SpecError, match=r"pip install sheetcnn\[torch\]"):
        from_torch(object(), None)
    with pytest.raises(SpecError, match=r"pip install sheetcnn\[torch\]"):
        read_state_dict(tmp_path / "net.pt")
