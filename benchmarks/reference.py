"""What other programs compute for a network of `models.py`, compared with sheetcnn's engine.

ONNX files are given to onnxruntime, or to onnx's reference evaluator where that is not installed, and
PyTorch programs to PyTorch. They compute in float32.

Run `python benchmarks/reference.py MODEL IMAGE [--fold-batch-norm]`; it prints one line of JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import sheetcnn

Floats = npt.NDArray[np.floating[Any]]

TOLERANCE = 1e-4
"""Largest difference of a probability allowed, relative to it. float32 carries 6e-8, and the sums of a
network of 22 to 28 layers, of up to 9216 terms each, add up to some 1e-5 (measured: at most 3e-5)."""


def compare(model: Path, image: Path, *, fold_batch_norm: bool) -> dict[str, object]:
    """The differences, and how the values of the layers are spread."""
    loaded = sheetcnn.load(model, fold_batch_norm=fold_batch_norm)
    result = sheetcnn.predict(loaded, image)
    by, output = _torch(model, image) if model.suffix == ".pt2" else _onnx(model, image)
    relative = np.abs(output - result.output) / result.output
    layers = [result.activations[node.name] for node in loaded.graph.nodes[:-1]]
    squares = [float(np.mean(array**2)) for array in layers]
    return {
        "by": by,
        "difference": float(relative.max()),
        "agrees": bool(relative.max() <= TOLERANCE),
        "weights": sum(array.size for group in loaded.params.values() for array in group.values()),
        "mean_squares": [min(squares), max(squares)],
        "zeros": max(float(np.mean(array == 0)) for array in layers),
        "greatest": float(result.output.max()),
    }


def _onnx(model: Path, image: Path) -> tuple[str, Floats]:
    pixels = np.load(image)[None].astype(np.float32)
    if importlib.util.find_spec("onnxruntime"):
        import onnxruntime  # type: ignore[import-not-found, unused-ignore]

        session: Any = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return f"onnxruntime {onnxruntime.__version__}", session.run(None, {name: pixels})[0][0]
    import onnx

    evaluator = _evaluator(model)
    found = evaluator.run(None, {evaluator.input_names[0]: pixels})[0][0]
    return f"onnx {onnx.__version__}, reference evaluator", found


def _evaluator(model: Path) -> Any:
    """The evaluator with an LRN of its own: that of onnx 1.23 normalises the first channel only."""
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class LRN(OpRun):
        op_domain = ""

        def _run(self, x: Floats, alpha: float, beta: float, bias: float, size: int) -> tuple[Floats]:
            before, after = (size - 1) // 2, size // 2
            energy = np.empty_like(x)
            for c in range(x.shape[1]):
                energy[:, c] = (x[:, max(0, c - before) : c + after + 1] ** 2).sum(axis=1)
            return (x / (bias + alpha / size * energy) ** beta,)

    return ReferenceEvaluator(str(model), new_ops=[LRN])


def _torch(model: Path, image: Path) -> tuple[str, Floats]:
    import torch

    network = torch.export.load(model).module()
    with torch.no_grad():
        output = network(torch.from_numpy(np.load(image)[None].astype(np.float32)))
    return f"torch {torch.__version__}", output[0].numpy()


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--fold-batch-norm", action="store_true")
    options = parser.parse_args()
    print(json.dumps(compare(options.model, options.image, fold_batch_norm=options.fold_batch_norm)))


if __name__ == "__main__":
    main()
