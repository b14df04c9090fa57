"""Files whose bytes are damaged at random are read or refused, with nothing but the reader's own error."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import digits_reference as digits
import numpy as np
import pytest
from refusals import SPEC, WEIGHTS

from sheetcnn.errors import ImageError, SheetCnnError, WeightsError
from sheetcnn.importers.images import read_image
from sheetcnn.importers.load import load_graph
from sheetcnn.importers.weights import read_weights
from sheetcnn.shape import Shape

READERS: dict[str, tuple[Callable[[Path], object], type[SheetCnnError]]] = {
    "spec.yaml": (load_graph, SheetCnnError),
    "spec.json": (load_graph, SheetCnnError),
    "spec.toml": (load_graph, SheetCnnError),
    "weights.npz": (read_weights, WeightsError),
    "weights.safetensors": (read_weights, WeightsError),
    "image.npy": (lambda path: read_image(path, Shape.maps(1, 8, 8)), ImageError),
    "image.png": (lambda path: read_image(path, Shape.maps(1, 8, 8)), ImageError),
    "image.csv": (lambda path: read_image(path, Shape.maps(1, 8, 8)), ImageError),
}


def _good(name: str, path: Path) -> bytes:
    if name == "spec.yaml":
        shutil.copyfile(digits.SPEC, path)
    elif name == "spec.json":
        path.write_text(json.dumps(SPEC), encoding="utf-8")
    elif name == "spec.toml":
        source = "input = {channels = 1, height = 4, width = 5, divide = 2.5, mean = [0.5]}"
        path.write_text(f'{source}\n[[layers]]\nkind = "conv2d"\nfilters = 2\nkernel_size = [3, 2]\n')
    elif name == "weights.npz":
        np.savez_compressed(path, **WEIGHTS)
    elif name == "weights.safetensors":
        shutil.copyfile(digits.EXAMPLE / "digits.safetensors", path)
    elif name == "image.npy":
        np.save(path, digits.pixels(digits.IMAGES[0]))
    elif name == "image.png":
        shutil.copyfile(digits.IMAGES[0], path)
    else:
        rows = digits.pixels(digits.IMAGES[0])
        path.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    return path.read_bytes()


def _spoilt(content: bytes, draw: random.Random) -> bytes:
    if draw.random() < 0.2:
        return content[: draw.randrange(len(content))]
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(found))
        match draw.randrange(4):
            case 0:
                found[at] = draw.randrange(256)
            case 1:
                found[at] ^= 1 << draw.randrange(8)
            case 2:
                found[at : at + draw.randrange(1, 6)] = b""
            case _:
                found[at:at] = bytes(draw.choices(b"{}[]:,\"'-.0123456789eE\n #&*!", k=3))
        if not found:
            return b"0"
    return bytes(found)


@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional header parsing")
@pytest.mark.parametrize("name", READERS)
def test_a_file_damaged_at_random_is_read_or_refused(name: str, tmp_path: Path) -> None:
    read, error = READERS[name]
    path = tmp_path / name
    good = _good(name, path)
    read(path)
    draw = random.Random(name)
    messages = []
    for _ in range(300):
        path.write_bytes(_spoilt(good, draw))
        try:
            read(path)
        except error as refusal:
            messages.append(str(refusal))
    assert len(messages) > 20
    assert all(str(path) in message for message in messages)
