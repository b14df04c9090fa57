"""The digits example computed by plain loops: an oracle that knows nothing of sheetcnn.

Where the values stand it reads off the workbook's defined names, with openpyxl.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from PIL import Image
from safetensors.numpy import load_file

Array = NDArray[np.float64]

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "digits"
SPEC = EXAMPLE / "digits.yaml"
IMAGES = sorted((EXAMPLE / "images").glob("*.png"))


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


def shapes() -> dict[str, tuple[int, ...]]:
    """The shape of every tensor that the workbook shows, by the beginning of its sheets' names."""
    maps = {"pixels": (1, 8, 8), "input": (1, 8, 8), "conv1": (4, 8, 8), "pool1": (4, 4, 4)}
    maps |= {"conv2": (8, 4, 4), "pool2": (8, 2, 2)}
    return {**maps, "flatten": (32,), "fc": (10,), "softmax": (10,)}


def sheet_names() -> list[str]:
    """The sheets that the workbook has to have besides `overview` and `about`, in order."""
    found = []
    for layer, shape in shapes().items():
        if layer in ("conv1", "conv2", "fc"):
            found.append(f"{layer}_w")
        found += [f"{layer}_out"] if len(shape) == 1 else [f"{layer}_f{n + 1}" for n in range(shape[0])]
        if layer in ("conv1", "pool1", "conv2", "pool2"):
            found += [f"{layer}_gallery", f"{layer}_trace"]
        elif layer in ("fc", "softmax"):
            found.append(f"{layer}_trace")
    return found


Place = tuple[str, int, int, int, int]
"""Sheet, first row, first column, height, width."""


def places(path: Path) -> dict[str, Place]:
    """Where the defined names of a workbook lead."""
    book = load_workbook(path)
    found = {}
    for name, defined in book.defined_names.items():
        ((sheet, where),) = defined.destinations
        left, top, right, bottom = range_boundaries(where)
        found[name] = (sheet, top, left, bottom - top + 1, right - left + 1)
    return found


def cells(activations: Mapping[str, Array], named: Mapping[str, Place]) -> dict[tuple[str, str], float]:
    """The value of every cell of every map and vector, by sheet and address."""
    found = {}
    for layer, shape in shapes().items():
        maps = activations[layer].reshape((1, shape[0], 1) if len(shape) == 1 else shape)
        for c, values in enumerate(maps):
            sheet, top, left, height, width = named[
                f"{layer}_out" if len(shape) == 1 else f"{layer}_f{c + 1}"
            ]
            assert values.shape == (height, width)
            for (y, x), value in np.ndenumerate(values):
                found[sheet, f"{get_column_letter(left + x)}{top + y}"] = float(value)
    return found


def cell(place: Place, y: int = 0, x: int = 0) -> tuple[str, str]:
    """Sheet and address of a value of a map, counted from 0."""
    sheet, top, left, *_ = place
    return sheet, f"{get_column_letter(left + x)}{top + y}"


def holding(path: Path, sheet: str, value: float) -> tuple[str, str]:
    """Sheet and address of the one cell of a sheet that holds this number."""
    found = [c.coordinate for row in load_workbook(path)[sheet].iter_rows() for c in row if c.value == value]
    assert len(found) == 1, (value, found)
    return sheet, found[0]
