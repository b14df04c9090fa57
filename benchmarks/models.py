"""Makes the networks that `networks.py` measures: big, well known, with random weights.

AlexNet and GoogLeNet are the graphs that the `onnx` package carries for its own tests, MobileNet v1 is
`examples/mobilenet`. Constant weights, as in onnx's files, would hide a swapped channel, so all weights
and biases are random here. Each also comes at a quarter of its size, for tests: a quarter of the
channels and a smaller image, every layer still there.

Run `python benchmarks/models.py NAME FOLDER` to write the model and an input; it prints where they are.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "mobilenet" / "mobilenet_v1.py"
SEED = 4
SIZE, CLASSES = 224, 1000
DATA = "data_0"
"""The input of onnx's files."""
LAST, QUARTER_LAST = 6, 2
"""Height and width of the last maps of AlexNet and GoogLeNet, at full size and for the quarter's images."""
POOLED = 3.0
"""How much larger the mean square of values is after a maximum of nine; found with these networks."""

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class MadeNetwork:
    """Files to build a workbook from.

    Attributes:
        model: an .onnx or .pt2 file.
        image: a .npy file, `(3, H, W)`.
        options: that `sheetcnn build` takes with it.
    """

    model: Path
    image: Path
    options: tuple[str, ...] = ()


def make(name: str, folder: Path, *, quarter: bool = False) -> MadeNetwork:
    """Write a network and an input; with the same packages always the same.

    Args:
        name: a key of `NETWORKS`.
        folder: for the files.
        quarter: at a quarter of its size.
    """
    return NETWORKS[name](folder, quarter)


def _alexnet(folder: Path, quarter: bool) -> MadeNetwork:
    return _from_onnx("bvlc_alexnet", folder / "alexnet.onnx", 112 if quarter else SIZE)


def _googlenet(folder: Path, quarter: bool) -> MadeNetwork:
    return _from_onnx("inception_v1", folder / "googlenet.onnx", 96 if quarter else SIZE)


def _mobilenet_v1(folder: Path, quarter: bool) -> MadeNetwork:
    import torch

    size = 64 if quarter else SIZE
    width, classes = (0.25, CLASSES // 4) if quarter else (1.0, CLASSES)
    network = _example().random_network(width=width, classes=classes, size=size, seed=SEED)
    path = folder / "mobilenet_v1.pt2"
    torch.export.save(torch.export.export(network, (torch.zeros(1, 3, size, size),)), path)
    return MadeNetwork(path, _image(path, size), ("--fold-batch-norm",))


NETWORKS: Mapping[str, Callable[[Path, bool], MadeNetwork]] = {
    "alexnet": _alexnet,
    "googlenet": _googlenet,
    "mobilenet_v1": _mobilenet_v1,
}


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mobilenet_v1", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _image(model: Path, size: int) -> Path:
    """An image of noise, as it looks after the usual scaling: mean 0, mean square 1."""
    path = model.with_suffix(".npy")
    pixels = np.random.default_rng(SEED).standard_normal((3, size, size))
    np.save(path, pixels.round(4))  # as many digits as a pixel has
    return path


def _from_onnx(light: str, path: Path, size: int) -> MadeNetwork:
    """One of the graphs in the onnx package, at a quarter of its size if the image is smaller."""
    import onnx
    from onnx import numpy_helper

    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    model = onnx.load(folder / f"light_{light}.onnx")
    graph = model.graph
    shapes = _weights(graph)
    if size < SIZE:
        _shrink(graph, shapes, size)
    # The nodes that fill constants go, and their shapes, which are inputs and constants too.
    fillers = {node.input[0] for node in graph.node if node.op_type == "ConstantOfShape"}
    _keep(graph.node, lambda node: node.op_type != "ConstantOfShape")
    _keep(graph.input, lambda value: value.name == DATA)
    _keep(graph.initializer, lambda tensor: tensor.name not in {*fillers, *shapes})
    model.ir_version = max(model.ir_version, 4)  # since then a constant need not be an input
    random = np.random.default_rng(SEED)
    spreads = _spreads(graph, shapes)
    for name, shape in shapes.items():
        values = random.standard_normal(shape, np.float32) * np.float32(spreads[name])
        graph.initializer.append(numpy_helper.from_array(values, name))
    path.write_bytes(model.SerializeToString(deterministic=True))
    return MadeNetwork(path, _image(path, size))


def _keep(items: Any, wanted: Callable[[Any], bool]) -> None:
    kept = [item for item in items if wanted(item)]
    del items[:]
    items.extend(kept)


def _weights(graph: Any) -> Shapes:
    """The shape of each weight and bias: most are constants that nodes fill, some are stored."""
    from onnx import TensorProto, numpy_helper

    stored = {tensor.name: tensor for tensor in graph.initializer}
    shapes = {name: tuple(t.dims) for name, t in stored.items() if t.data_type == TensorProto.FLOAT}
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            shapes[node.output[0]] = tuple(int(n) for n in numpy_helper.to_array(stored[node.input[0]]))
    # GoogLeNet's last matrix is (1, 1, outputs, inputs) and reshaped before it is used.
    return {name: shape[2:] if shape[:2] == (1, 1) else shape for name, shape in sorted(shapes.items())}


def _shrink(graph: Any, shapes: Shapes, size: int) -> None:
    """A quarter of the channels and units, a smaller image, and what follows from that."""
    from onnx import numpy_helper

    image = next(value for value in graph.input if value.name == DATA)
    for axis in (2, 3):
        image.type.tensor_type.shape.dim[axis].dim_value = size
    first = next(node.input[1] for node in graph.node if DATA in node.input)
    for name, (outputs, *inputs) in shapes.items():
        if inputs and name != first:
            inputs[0] //= 4
        shapes[name] = (outputs // 4, *inputs)
    if "fc6_w_0" in shapes:  # AlexNet's first dense layer reads the last maps pixel by pixel
        units, values = shapes["fc6_w_0"]
        shapes["fc6_w_0"] = units, values // LAST**2 * QUARTER_LAST**2
        _shrink_units(shapes)
    for node in graph.node:
        if node.op_type == "Reshape":
            wanted = next(tensor for tensor in graph.initializer if tensor.name == node.input[1])
            dims = shapes.get(node.input[0], (1, -1))
            wanted.CopyFrom(numpy_helper.from_array(np.array(dims, np.int64), wanted.name))
        elif node.op_type == "AveragePool":  # over the whole map and one pixel beyond its edge
            kernel = next(a for a in node.attribute if a.name == "kernel_shape")
            kernel.ints[:] = [QUARTER_LAST + 1] * 2


def _shrink_units(shapes: Shapes) -> None:
    """Another quarter of AlexNet's hidden units: most of its weights are theirs, and all are alike."""
    for layer, after in (("fc6", "fc7"), ("fc7", "fc8")):
        units, inputs = shapes[f"{layer}_w_0"]
        shapes[f"{layer}_w_0"], shapes[f"{layer}_b_0"] = (units // 4, inputs), (units // 4,)
        outputs, _ = shapes[f"{after}_w_0"]
        shapes[f"{after}_w_0"] = outputs, units // 4


def _spreads(graph: Any, shapes: Shapes) -> dict[str, float]:
    """The standard deviation of each weight, so that values stay in one range through all layers.

    A ReLU halves the mean square of values around 0, so a weight has the variance 2 / inputs (He et al.,
    2015), and less where its inputs are greatest values. The last layer has no ReLU.
    """
    writers = {name: node for node in graph.node for name in node.output}

    def behind(name: str, *passed: str) -> Any:
        """The node that gives a value, or gave it before operators that leave its size alone."""
        while name in writers and writers[name].op_type in passed:
            name = writers[name].input[0]
        return name, writers[name].op_type if name in writers else ""

    spreads = dict.fromkeys(shapes, 0.2)  # of the biases
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    for node in layers:
        weight, _ = behind(node.input[1], "Reshape")
        _, source = behind(node.input[0], "LRN", "Reshape", "Dropout")
        gain = 1.0 if node is layers[-1] else 2.0
        if source == "MaxPool":
            gain /= POOLED
        spreads[weight] = math.sqrt(gain / math.prod(shapes[weight][1:]))
    return spreads


def main() -> None:
    """Write the files of one network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quarter", action="store_true", help="a quarter of the channels, a smaller image")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    made = make(options.name, options.folder, quarter=options.quarter)
    print(json.dumps({"model": str(made.model), "image": str(made.image), "options": made.options}))


if __name__ == "__main__":
    main()
