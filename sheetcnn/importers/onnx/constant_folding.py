"""Evaluates nodes whose inputs are all known: the shape arithmetic that exporters leave behind.

The onnx package's own reference evaluator computes them, node by node. Which operators it may be
asked for is a list, and how large a result may grow is known before it is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.proto import OnnxFile, OnnxNode, size_of

LARGEST = 1 << 27
"""Values of one constant: 1 GiB in float64. VGG's largest array has 1.03e8."""
LARGEST_GROWN = 1 << 24
"""Values of a constant that has more of them than what it is computed from."""

Arrays = Sequence["np.ndarray | None"]


def _required(inputs: Arrays, n: int) -> np.ndarray:
    array = inputs[n]
    if array is None:  # the checker refuses a node without it
        raise ValueError(f"input {n + 1} is missing")
    return array


def _broadcast(inputs: Arrays) -> int:
    return size_of(np.broadcast_shapes(*(a.shape for a in inputs if a is not None)))


def _total_size(inputs: Arrays) -> int:
    return sum(a.size for a in inputs if a is not None)


def _expand(inputs: Arrays) -> int:
    dims = tuple(int(d) for d in _required(inputs, 1))
    return size_of(np.broadcast_shapes(_required(inputs, 0).shape, dims))


def _range(inputs: Arrays) -> int:
    start, limit, delta = (float(a.item()) for a in inputs if a is not None)
    return int(abs((limit - start) / delta)) + 1


_OF_ALL = (
    "Abs Cast CastLike Ceil Concat Constant Exp Flatten Floor Identity Log Neg Not Reciprocal ReduceMax "
    "ReduceMean ReduceMin ReduceProd ReduceSum Reshape Round Shape Size Slice Split Sqrt Squeeze Transpose "
    "Unsqueeze"
)
_OF_EACH = (
    "Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mod Mul Or Pow Sub Sum Where Xor"
)
FOLDABLE: Mapping[str, Callable[[Arrays], int]] = {
    **dict.fromkeys(_OF_ALL.split(), _total_size),
    **dict.fromkeys(_OF_EACH.split(), _broadcast),
    "ConstantOfShape": lambda inputs: size_of(_required(inputs, 0)),
    "Expand": _expand,
    "Tile": lambda inputs: _required(inputs, 0).size * size_of(_required(inputs, 1)),
    "Gather": lambda inputs: _required(inputs, 0).size * max(1, _required(inputs, 1).size),
    "Range": _range,
}
"""The operators that are evaluated, each with the size of its result."""


def fold(file: OnnxFile, node: OnnxNode, inputs: Arrays) -> list[np.ndarray]:
    """The results of a node whose inputs are known.

    Raises:
        RefusalError: if the operator is not one of `FOLDABLE`, or its result would be huge.
    """
    if node.kind not in FOLDABLE:
        raise RefusalError("computes with constants only; simplify the model before the export")
    try:
        size = FOLDABLE[node.kind](inputs)
    except (ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise RefusalError(f"cannot be evaluated ({error})") from None
    most = LARGEST if node.kind == "ConstantOfShape" else max(LARGEST_GROWN, _total_size(inputs))
    if size > min(most, LARGEST):
        raise RefusalError(f"makes a constant of {size:,} values; at most {min(most, LARGEST):,} are allowed")
    if node.kind == "ConstantOfShape":
        return [_constant_of_shape(file, node, inputs)]
    if node.kind == "Constant" and "value" in node.attributes:
        return [file.array(node.attributes["value"], node.name)]
    return evaluate(node, inputs, file.opset)


def placeholder(dims: Sequence[int]) -> np.ndarray:
    """An array of a shape that takes no memory, for nodes that only ask for or change the shape."""
    return np.broadcast_to(np.float32(0), tuple(dims))


def evaluate(node: OnnxNode, inputs: Arrays, opset: int) -> list[np.ndarray]:
    """The results of one node, by onnx's reference evaluator.

    Raises:
        RefusalError: if it fails.
    """
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    if node.proto is None:
        raise RefusalError("stands for several nodes and has no constant value")
    feeds = {name: a for name, a in zip(node.inputs, inputs, strict=True) if name and a is not None}
    outputs = [name for name in node.outputs if name]
    graph = helper.make_graph(
        [node.proto],
        "one",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in feeds],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    try:
        with np.errstate(all="ignore"):
            return [np.asarray(a) for a in ReferenceEvaluator(model).run(None, feeds)]
    except Exception as error:  # the evaluator raises whatever NumPy does
        raise RefusalError(f"cannot be evaluated ({' '.join(str(error).split())})") from None


def _constant_of_shape(file: OnnxFile, node: OnnxNode, inputs: Arrays) -> np.ndarray:
    """ConstantOfShape, without storing the one value again and again."""
    value = np.zeros(1, np.float32)
    if "value" in node.attributes:
        value = file.array(node.attributes["value"], node.name)
    dims = [int(d) for d in _required(inputs, 0)]
    if value.size != 1 or any(d < 0 for d in dims):
        raise RefusalError(f"fills the shape {dims} with {value.size} values; allowed is one value")
    return np.broadcast_to(value.reshape(()), dims)
