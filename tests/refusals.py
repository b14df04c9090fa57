"""A folder in which all is well, to be spoilt; and what must hold when a command then refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from conftest import Cli
from PIL import Image

from sheetcnn.importers.load import load_graph

STOOD_THERE = b"what stood there before"

SPEC: dict[str, Any] = {
    "name": "tiny",
    "input": {"channels": 1, "height": 4, "width": 4, "divide": 255},
    "labels": ["a", "b", "c"],
    "layers": [
        {"kind": "conv2d", "name": "conv1", "filters": 2, "kernel_size": 3, "padding": "same"},
        {"kind": "max_pool", "name": "pool1", "kernel_size": 2},
        {"kind": "flatten", "name": "flatten"},
        {"kind": "dense", "name": "fc", "units": 3},
        {"kind": "softmax", "name": "softmax"},
    ],
}
WEIGHTS = {
    "conv1.weight": np.arange(18.0).reshape(2, 1, 3, 3) - 8,
    "conv1.bias": np.array([0.5, -0.5]),
    "fc.weight": np.arange(24.0).reshape(3, 8) / 10,
    "fc.bias": np.zeros(3),
}


class Folder:
    """A directory with a spec, weights and an image that are all well, to be spoilt."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.out = path / "out"
        self.out.mkdir()
        self.output = self.out / "book.xlsx"
        self.output.write_bytes(STOOD_THERE)
        self.options: list[str] = []
        self.model = path / "tiny.json"
        self.image = path / "tiny.png"
        self.weights = path / "tiny.npz"
        self.spec({})
        self.arrays({})
        Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4) * 9).save(self.image)

    def spec(self, changes: Mapping[tuple[str | int, ...], object]) -> None:
        """Write the spec with some places changed."""
        spec = deepcopy(SPEC)
        for where, value in changes.items():
            place: Any = spec
            for step in where[:-1]:
                place = place[step]
            place[where[-1]] = value
        self.model.write_text(json.dumps(spec), encoding="utf-8")

    def network(self, channels: int, height: int, width: int, *layers: Mapping[str, Any]) -> None:
        """Write another network with weights and an image that fit it."""
        size = {"channels": channels, "height": height, "width": width}
        self.spec({("input",): size, ("layers",): list(layers), ("labels",): []})
        self.image = self.path / "other.npy"
        np.save(self.image, np.ones((channels, height, width)))
        graph = load_graph(self.model)
        arrays = {f"{n.name}.{p.name}": np.ones(p.shape) for n in graph.nodes for p in graph.parameters(n)}
        np.savez(self.weights, **arrays)

    def arrays(self, changes: Mapping[str, Any]) -> None:
        """Write the weights with some changed; None leaves an array out."""
        arrays = {name: a for name, a in {**WEIGHTS, **changes}.items() if a is not None}
        np.savez(self.weights, **arrays)

    def build(self) -> list[object]:
        """The arguments that build the workbook."""
        return ["build", self.model, "--input", self.image, "-o", self.output, *self.options]


def refused(cli: Cli, folder: Folder, words: tuple[str, ...], *args: object) -> None:
    """Run a command that must refuse, and look at everything that it may not do."""
    stood = content_of(folder.output)
    before = sorted(folder.path.rglob("*"))
    done = cli(*args)
    assert done.status == 2, done.out
    assert done.out == ""
    usage = done.err.startswith("Usage: ")  # click's own message about the arguments
    assert usage or done.err.startswith("sheetcnn: ")
    assert len(done.err.strip().splitlines()) == (4 if usage else 1), done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, f"{word!r} is not in {done.err!r}"
    assert content_of(folder.output) == stood
    assert sorted(folder.path.rglob("*")) == before


def content_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:  # there is none, or there can be none
        return None
