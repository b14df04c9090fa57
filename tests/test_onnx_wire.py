"""Large arrays stay in the .onnx file until they are needed: the same model, the same complaints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import node, onnx_model, small, weights
from requirements import require

from sheetcnn.errors import SheetCnnError
from sheetcnn.importers.onnx import read_onnx, wire
from sheetcnn.importers.onnx.proto import LazyTensor, read_file

try:
    import onnx
except ImportError:
    require("onnx", found=False)


def written(model: Any, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return path


def params(path: Path) -> dict[str, dict[str, list[Any]]]:
    found = read_onnx(path).params
    return {layer: {name: array.tolist() for name, array in group.items()} for layer, group in found.items()}


def test_arrays_are_left_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(small(), tmp_path)
    whole = params(path)
    assert not any(isinstance(tensor, LazyTensor) for tensor in read_file(path).tensors.values())
    monkeypatch.setattr(wire, "LARGE", 1)
    assert all(isinstance(tensor, LazyTensor) for tensor in read_file(path).tensors.values())
    assert params(path) == whole
    slim = wire.read_slim(path)
    assert len(slim.content) < path.stat().st_size - 4 * weights(4, 3, 3, 3).size
    assert sorted(slim.places) == [0, 1]


def test_only_the_large_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGE", 100)
    model = small()
    tensors = read_file(written(model, tmp_path)).tensors
    assert {name: isinstance(tensor, LazyTensor) for name, tensor in tensors.items()} == {
        "w": True,
        "b": False,
    }
    # Numbers that are not stored as plain bytes stay where they are.
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor).ravel().tolist()
        tensor.ClearField("raw_data")
        tensor.float_data.extend(values)
    path = written(model, tmp_path)
    assert not any(isinstance(tensor, LazyTensor) for tensor in read_file(path).tensors.values())
    np.testing.assert_array_equal(
        read_onnx(path).params["conv"]["weight"].astype(np.float32), weights(4, 3, 3, 3)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_types(dtype: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = weights(6, 5).astype(dtype)
    path = written(onnx_model([node("MatMul", "x m")], (1, 6), {"m": matrix}), tmp_path)
    whole = params(path)
    monkeypatch.setattr(wire, "LARGE", 1)
    assert params(path) == whole


def test_damage_is_reported_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = small().SerializeToString()
    damaged = [content[:size] for size in range(0, len(content), 7)]
    damaged += [
        content[:n] + bytes([content[n] ^ 0xFF]) + content[n + 1 :] for n in range(0, len(content), 11)
    ]

    def outcome(piece: bytes) -> str:
        try:
            return str(params(written(piece, tmp_path)))
        except SheetCnnError as error:
            return str(error)

    before = [outcome(piece) for piece in damaged]
    monkeypatch.setattr(wire, "LARGE", 1)
    assert [outcome(piece) for piece in damaged] == before
