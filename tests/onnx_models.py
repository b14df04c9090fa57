"""Small ONNX models, and what onnx's own reference evaluator says that they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sheetcnn.importers.onnx import read_onnx
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model

# ONNX computes in float32: 7 digits, and sums of up to a thousand terms.
SINGLE = 2e-5

MAPS = (1, 3, 6, 5)


def node(kind: str, inputs: str, outputs: str = "y", /, **attributes: Any) -> Any:
    """A node; names are given in one text, "" for an input left out is written "-"."""
    from onnx import helper

    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(kind, names, outputs.split(), **attributes)


def onnx_model(
    nodes: Sequence[Any],
    dims: Sequence[int | str],
    constants: Mapping[str, Any] | None = None,
    opset: int = 18,
    outputs: Sequence[str] = ("y",),
) -> Any:
    """A model with one input, `x`. Constants that are lists become int64, or float32 with a fraction."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(dims))],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(_array(value), name) for name, value in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _array(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if isinstance(value, np.ndarray):
        return array
    return array.astype(np.float32 if array.dtype.kind == "f" else array.dtype)


def weights(*shape: int, seed: int = 0, positive: bool = False) -> np.ndarray:
    """Random float32 weights."""
    array = np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)
    return np.abs(array) + np.float32(0.1) if positive else array


def small(**more: Any) -> Any:
    """A convolution and a ReLU."""
    constants = {"w": weights(4, 3, 3, 3), "b": weights(4)}
    nodes = [node("Conv", "x w b", "a", name="conv"), node("Relu", "a", "y", name="relu")]
    return onnx_model(nodes, **{"dims": MAPS, "constants": constants, **more})


def imported(model: Any, folder: Path, input_shape: tuple[int, int, int] | None = None) -> Model:
    """The model, by way of a file."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return read_onnx(path, input_shape)


def agree(
    model: Any,
    folder: Path,
    input_shape: tuple[int, int, int] | None = None,
    *,
    dims: Sequence[int] | None = None,
    positive: bool = False,
    same_as: Any = None,
) -> Model:
    """Assert that engine and reference evaluator agree on all outputs; the imported model.

    Args:
        model: an ONNX model with one input.
        folder: for its file.
        input_shape: as the command line gives it.
        dims: of the input as ONNX sees it, where the file leaves sizes open.
        positive: whether the input holds positive numbers only.
        same_as: a model that computes the same, for what the evaluator cannot compute.
    """
    from onnx.reference import ReferenceEvaluator

    if dims is None:
        dims = [d.dim_value or 1 for d in model.graph.input[0].type.tensor_type.shape.dim]
    x = weights(*dims, seed=1, positive=positive)
    expected = ReferenceEvaluator(same_as or model).run(None, {"x": x})
    read = imported(model, folder, input_shape)
    found = run(read, x.reshape(read.graph.source_shape.dims)).activations
    assert len(read.graph.outputs) == len(expected)
    for name, array in zip(read.graph.outputs, expected, strict=True):
        natural = array.shape[1:] if array.ndim in (2, 4) else found[name].shape
        assert found[name].shape == natural
        np.testing.assert_allclose(found[name].ravel(), array.ravel(), rtol=SINGLE, atol=SINGLE)
    return read


def kinds(model: Model) -> list[str]:
    """The kinds of the layers."""
    return [layer.op.kind for layer in model.graph.nodes]
