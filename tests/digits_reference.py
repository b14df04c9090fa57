"""The digits example computed by plain loops: an oracle that knows nothing of sheetcnn.

It also knows where on the sheets the values have to stand: pixel (1, 1) of every map in C7, vectors
from row 6 on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import load_file

Array = NDArray[np.float64]

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "digits"
SPEC = EXAMPLE / "digits.yaml"
IMAGES = sorted((EXAMPLE / "images").glob("*.png"))
FIRST_ROW, FIRST_COLUMN = 7, 3


def weights() -> dict[str, Array]:
    """The trained arrays, each value by its shortest decimal text: that is what stands in the cells."""
    found = load_file(EXAMPLE / "digits.safetensors")
    return {
        name: np.array([float(str(v)) for v in array.ravel()]).reshape(array.shape)
        for name, array in found.items()
    }


def pixels(image: Path) -> Array:
    """The grey values (8, 8) of an image."""
    with Image.open(image) as file:
        assert (file.mode, file.size) == ("L", (8, 8))
        return np.asarray(file, dtype=np.float64)


def _conv(x: Array, weight: Array, bias: Array) -> Array:
    """A 3x3 convolution with a margin of one zero all round."""
    _, height, width = x.shape
    out = np.zeros((len(weight), height, width))
    for k, kernel in enumerate(weight):
        for row in range(height):
            for col in range(width):
                total = bias[k]
                for (c, u, v), w in np.ndenumerate(kernel):
                    y, z = row + u - 1, col + v - 1
                    if 0 <= y < height and 0 <= z < width:
                        total += w * x[c, y, z]
                out[k, row, col] = total
    return out


def _pool(x: Array) -> Array:
    """The largest of each 2x2."""
    channels, height, width = x.shape
    out = np.zeros((channels, height // 2, width // 2))
    for c, y, z in np.ndindex(out.shape):
        out[c, y, z] = max(x[c, 2 * y + i, 2 * z + j] for i in (0, 1) for j in (0, 1))
    return out


def forward(params: Mapping[str, Array], image: Array) -> dict[str, Array]:
    """Every activation by the layer's name, the pre-activations as `conv1.z`, the label as `label`."""
    found = {"pixels": image[None], "input": image[None] / 255}
    x = found["input"]
    for n in ("1", "2"):
        z = _conv(x, params[f"conv{n}.weight"], params[f"conv{n}.bias"])
        found[f"conv{n}.z"], found[f"conv{n}"] = z, np.where(z > 0, z, 0.0)
        x = found[f"pool{n}"] = _pool(found[f"conv{n}"])
    flat = found["flatten"] = np.array([x[c, y, z] for c, y, z in np.ndindex(x.shape)])
    logits = [
        sum(w * v for w, v in zip(row, flat, strict=True)) + b
        for row, b in zip(params["fc.weight"], params["fc.bias"], strict=True)
    ]
    found["fc"] = np.array(logits)
    powers = [math.exp(v - max(logits)) for v in logits]
    found["softmax"] = np.array([p / sum(powers) for p in powers])
    found["label"] = np.array(max(range(10), key=powers.__getitem__))
    return found


@cache
def sheet_names() -> tuple[str, ...]:
    """The sheets that the workbook has to have between the first and the last, in order."""

    def maps(layer: str, count: int) -> list[str]:
        return [f"{layer}_f{n}" for n in range(1, count + 1)]

    return (
        *("pixels_f1", "input_f1", "conv1_w", *maps("conv1", 4), *maps("pool1", 4)),
        *("conv2_w", *maps("conv2", 8), *maps("pool2", 8)),
        *("flatten_out", "fc_w", "fc_out", "softmax_out"),
    )


def cells(activations: Mapping[str, Array]) -> dict[tuple[str, str], float]:
    """The value of every cell of every map and vector, by sheet and address."""
    found = {}
    for layer in ("pixels", "input", "conv1", "pool1", "conv2", "pool2"):
        for (c, y, x), value in np.ndenumerate(activations[layer]):
            found[f"{layer}_f{c + 1}", map_cell(y, x)] = float(value)
    for layer, column in (("flatten", "C"), ("fc", "C"), ("softmax", "F")):
        for n, value in enumerate(activations[layer]):
            found[f"{layer}_out", f"{column}{n + 6}"] = float(value)
    return found


def map_cell(y: int, x: int) -> str:
    """The address of a pixel, counted from 0."""
    return f"{chr(ord('A') + FIRST_COLUMN - 1 + x)}{FIRST_ROW + y}"
