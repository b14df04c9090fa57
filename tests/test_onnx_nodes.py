"""The onnx package's own test cases for single operators, through the reader and the NumPy engine.

Taken are all cases of operators that the reader knows whose first input is float32 with 1 to 4 axes. Other
inputs become initialisers. A batch of several items is run item by item; for operators that know no
batch, the input as a whole is the item, and inputs that are all activations are cut out of one image. The
cases `..._expanded` are the same ones, written out in other operators.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import imported
from requirements import require

from sheetcnn.errors import SheetCnnError
from sheetcnn.model.engine import run

# The cases hold float32 results of a few operations; sums are short.
TOLERANCE = 1e-4

LEAST = {"item by item": 128, "as a whole": 104}
"""How many cases ran when this was written, with onnx 1.23."""

MERGING = ("Add", "Concat", "Div", "Max", "Mean", "Min", "Mul", "Sub", "Sum")
"""Operators whose inputs are all activations."""
WITHOUT_BATCH = (
    *MERGING,
    *("Abs", "Celu", "Clip", "Dropout", "Elu", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity"),
    *("LeakyRelu", "LogSoftmax", "Mish", "Neg", "Pow", "PRelu", "Relu", "Selu", "Sigmoid", "Softmax"),
    *("Softplus", "Softsign", "Sqrt", "Swish", "Tanh"),
)
"""Operators that treat all values alike, or have an axis that can be moved by one."""

EXCLUDED = {
    "test_averagepool_2d_dilations": "average pooling has no dilation here",
    "test_batchnorm_*_training_mode": "statistics of the batch at hand",
    "test_training_dropout*": "random numbers",
    "test_cast*": "to types with fewer digits, to integers, or from NaN",
    "test_expand_*": "an activation repeated",
    "test_flatten_axis[023]": "values of several items in one vector",
    "test_flatten_negative_axis[124]": "values of several items in one vector",
    "test_gather_0": "a choice of items",
    "test_gemm_transposeA": "items in columns",
    "test_gemm_all_attributes": "items in columns",
    "test_gemm_default_matrix_bias": "a bias of its own for each item",
    "test_layer_normalization_*_axis0*": "a mean over several items",
    "test_layer_normalization_2d_axis_negative_2": "a mean over several items",
    "test_layer_normalization_3d_axis_negative_3_epsilon": "a mean over several items",
    "test_layer_normalization_4d_axis_negative_4": "a mean over several items",
    "test_layer_normalization_4d_axis2": "a mean of each map, with a weight for each pixel",
    "test_layer_normalization_4d_axis_negative_2": "a mean of each map, with a weight for each pixel",
    "test_matmul_[134]d*": "a constant that is no matrix",
    "test_matmul_bcast": "a constant that is no matrix",
    "test_pow": "exponents that differ from pixel to pixel",
    "test_pow_bcast_array": "exponents that differ from pixel to pixel",
    "test_pow_example": "exponents that differ from pixel to pixel",
    "test_pow_types_*": "exponents that differ from pixel to pixel",
    "test_prelu_*": "slopes that differ from pixel to pixel",
    "test_reduce_*": "other axes than height and width, or nothing to reduce",
    "test_reshape_*ed_*": "values of several items in one row",
    "test_reshape_one_dim": "values of several items in one row",
    "test_reshape_zero_dim": "sizes that hold for the whole batch only",
    "test_resize_downsample_scales_linear_align_corners": "a size of 0.6 * 4 = 2.4 pixels, here 2",
    "test_resize_*cubic*": "cubic interpolation",
    "test_resize_*linear_antialias": "antialiasing",
    "test_resize_*_half_pixel_symmetric": "this rule of coordinates",
    "test_resize_*_not_*er": "sizes chosen by the aspect ratio",
    "test_resize_tf_*": "a part of the input resized",
    "test_slice": "a choice of items",
    "test_slice_neg_steps": "negative steps",
    "test_slice_start_out_of_bounds": "an empty result",
    "test_transpose_default": "items exchanged with channels",
    "test_transpose_all_permutations_[2345]": "items exchanged with channels",
    "test_unsqueeze_axis_0": "items made channels",
}


@pytest.fixture(scope="module")
def every() -> list[Any]:
    """All cases of the package."""
    require("onnx", importlib.util.find_spec("onnx") is not None)
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases divide by 0 on purpose
        return list(load_model_tests(kind="node"))


@pytest.fixture(scope="module")
def cases(every: list[Any]) -> dict[str, Any]:
    """Those that the reader should know, by name."""
    from sheetcnn.importers.onnx.table import TABLE

    return {
        case.name: case
        for case in every
        if _kind(case) in TABLE and "_expanded" not in case.name and _is_fit(case)
    }


def _kind(case: Any) -> str:
    return str(case.model.graph.node[0].op_type)


def _is_fit(case: Any) -> bool:
    """Whether the first input is float32 with 1 to 4 axes; the first of several may be a batch."""
    if not case.model.graph.input or not case.model.graph.input[0].type.HasField("tensor_type"):
        return False
    kind = case.model.graph.input[0].type.tensor_type
    least = 1 if _kind(case) in WITHOUT_BATCH else 2
    return bool(kind.elem_type == 1 and least <= len(kind.shape.dim) <= 4)


def _excluded(name: str) -> list[str]:
    return [pattern for pattern in EXCLUDED if fnmatch(name, pattern)]


def _arrays(values: Any) -> list[np.ndarray | None]:
    from onnx import numpy_helper

    arrays = [numpy_helper.to_array(v) if hasattr(v, "raw_data") else v for v in values]
    return [None if a is None else np.asarray(a) for a in arrays]


def _items(case: Any) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
    """For each item of the batch the model, the input and the expected first output."""
    from onnx import ModelProto, numpy_helper

    inputs, outputs = (_arrays(values) for values in case.data_sets[0])
    x, expected = inputs[0], outputs[0]
    assert x is not None
    assert expected is not None
    model = ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    for value, array in zip(graph.input[1:], inputs[1:], strict=True):
        if array is not None:
            graph.initializer.append(numpy_helper.from_array(array, value.name))
    del graph.input[1:]
    del graph.output[1:]
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    for n in range(len(x)):
        each = expected[n : n + 1] if len(x) > 1 and expected.ndim else expected
        yield model, x[n : n + 1], each


def _whole(case: Any) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
    """The model, with all its activations cut out of one row of pixels, and that row."""
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    inputs, outputs = (_arrays(values) for values in case.data_sets[0])
    model = ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    (layer,) = graph.node
    active = len(inputs) if layer.op_type in MERGING else 1
    rank = max(a.ndim for a in inputs[:active] if a is not None)
    nodes, start, pixels = [], 0, []
    for value, array in zip(list(graph.input), inputs, strict=True):
        if array is None:
            continue
        if len(pixels) >= active:
            graph.initializer.append(numpy_helper.from_array(array, value.name))
            continue
        pixels.append(array.ravel())
        dims = (1,) * (rank + 1 - array.ndim) + array.shape
        for name, numbers in (("from", [start]), ("to", [start + array.size]), ("axis", [3]), ("dims", dims)):
            tensor = numpy_helper.from_array(np.array(numbers, np.int64), f"{value.name}_{name}")
            graph.initializer.append(tensor)
        ends = [f"{value.name}_{word}" for word in ("from", "to", "axis")]
        nodes.append(helper.make_node("Slice", ["pixels", *ends], [f"{value.name}_row"]))
        nodes.append(helper.make_node("Reshape", [f"{value.name}_row", f"{value.name}_dims"], [value.name]))
        start += array.size
    for attribute in layer.attribute:
        if attribute.name == "axis" and attribute.i >= 0:
            attribute.i += 1
    if layer.op_type in ("Softmax", "LogSoftmax") and not layer.attribute:
        layer.attribute.append(helper.make_attribute("axis", -1))
    nodes.append(layer)
    del graph.input[:]
    del graph.output[1:]
    graph.input.append(helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 1, 1, start]))
    del graph.node[:]
    graph.node.extend(nodes)
    assert outputs[0] is not None
    yield model, np.concatenate(pixels), outputs[0]


def _difference(read: Any, x: np.ndarray, expected: np.ndarray) -> str:
    found = run(read, x.reshape(read.graph.source_shape.dims)).output
    if found.size != expected.size:
        return f"{found.size} values instead of {expected.size}"
    worst = float(np.abs(found.ravel() - expected.ravel()).max())
    return "" if worst < TOLERANCE else f"differs by {worst:g}"


def _problem(case: Any, folder: Path) -> str:
    """What is wrong with the result of a case; "" if nothing is."""
    for model, x, expected in (_whole if _kind(case) in WITHOUT_BATCH else _items)(case):
        try:
            problem = _difference(imported(model, folder), x, expected)
        except SheetCnnError as error:
            return str(error)
        if problem:
            return problem
    return ""


@pytest.mark.parametrize("way", LEAST)
def test_cases_agree(way: str, cases: dict[str, Any], tmp_path: Path) -> None:
    chosen = [
        case
        for name, case in cases.items()
        if not _excluded(name) and (_kind(case) in WITHOUT_BATCH) == (way == "as a whole")
    ]
    wrong = {case.name: problem for case in chosen if (problem := _problem(case, tmp_path))}
    assert not wrong
    assert len(chosen) >= LEAST[way]


@pytest.mark.parametrize("pattern", EXCLUDED)
def test_each_exclusion_still_excludes_something(pattern: str, cases: dict[str, Any], tmp_path: Path) -> None:
    matching = [name for name in cases if pattern in _excluded(name)]
    assert any(_excluded(name) == [pattern] for name in matching)
    # What runs by now should not be excluded any longer.
    assert not {name for name in matching if not _problem(cases[name], tmp_path)}


def test_every_case_of_the_package_is_read_or_refused(every: list[Any], tmp_path: Path) -> None:
    refused = [message for case in every if (message := _refusal(case, tmp_path))]
    assert refused
    assert all("model.onnx" in message for message in refused)


def _refusal(case: Any, folder: Path) -> str:
    try:
        imported(case.model, folder)
    except SheetCnnError as error:
        return str(error)
    return ""
