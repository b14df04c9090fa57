"""The page of receptive fields: which pixels of the input really change a pixel of a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import require
from test_interleaved import image_of, network
from test_trace import chosen

from sheetcnn import calculators
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model
from sheetcnn.pages.receptive import NAME, offered_layers, receptive_fields
from sheetcnn.sheets.layout import Options
from sheetcnn.workbook.build import build
from sheetcnn.workbook.plan import make_plan
from sheetcnn.workbook.verify import verify_many

# Nothing that could hide a pixel: no ReLU, no maximum, no weights of 0.
LAYERS: list[dict[str, Any]] = [
    {"name": "conv", "kind": "conv2d", "filters": 2, "kernel_size": [3, 2], "padding": 1},
    {"name": "mean", "kind": "avg_pool", "kernel_size": 2, "stride": [2, 1]},
    {
        "name": "dilated",
        "kind": "conv2d",
        "filters": 2,
        "kernel_size": 2,
        "dilation": [1, 3],
        "padding": "same",
    },
    {"name": "cut", "kind": "crop", "crop": [1, 0, 0, 2]},
    {"name": "framed", "kind": "pad", "padding": [0, 2, 1, 0]},
    {"name": "side", "kind": "conv2d", "filters": 2, "kernel_size": 1, "inputs": ["dilated"]},
    {"name": "wide", "kind": "conv2d", "filters": 2, "kernel_size": 5, "padding": 2, "inputs": ["dilated"]},
    {"name": "both", "kind": "add", "inputs": ["side", "wide"]},
    {"name": "steps", "kind": "depthwise_conv2d", "kernel_size": 2, "stride": 2, "inputs": ["both"]},
    {"name": "pooled", "kind": "global_avg_pool", "inputs": ["steps"]},
    {"name": "flat", "kind": "flatten"},
    {"name": "out", "kind": "dense", "units": 3},
]


def model() -> Model:
    return network(LAYERS, (1, 13, 12), ["out", "framed"])


def influences(net: Model, image: np.ndarray, layer: str) -> np.ndarray:
    """For every pixel of a layer (any channel) and of the input, whether one changes the other."""
    before = run(net, image).activations[layer]
    _, height, width = image.shape
    found = np.zeros((*before.shape[1:], height, width), dtype=bool)
    for y in range(height):
        for x in range(width):
            other = image.copy()
            other[0, y, x] += 1.0
            found[:, :, y, x] = (run(net, other).activations[layer] != before).any(axis=0)
    return found


@pytest.mark.parametrize("layer", ["conv", "mean", "dilated", "cut", "framed", "both", "steps", "pooled"])
def test_the_field_is_the_frame_of_the_pixels_that_matter(layer: str) -> None:
    net = model()
    image = image_of(net)
    field, matters = receptive_fields(net.graph)[layer], influences(net, image, layer)
    for i, j in np.ndindex(*matters.shape[:2]):
        rows, cols = matters[i, j].any(axis=1).nonzero()[0], matters[i, j].any(axis=0).nonzero()[0]
        if not len(rows):  # in the padding of `framed`
            continue
        (top, bottom), (left, right) = field[0].seen(i, image.shape[1]), field[1].seen(j, image.shape[2])
        assert top <= rows[0]
        assert rows[-1] <= bottom
        assert left <= cols[0]
        assert cols[-1] <= right
        # A window's edge in padding leaves a gap between two taps, so only the inner ones are exact.
        inside = top > 0 and left > 0 and bottom < image.shape[1] - 1 and right < image.shape[2] - 1
        if inside and layer != "framed":
            assert (rows[0], rows[-1], cols[0], cols[-1]) == (top, bottom, left, right)


def test_layers_without_even_windows_are_left_out() -> None:
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": 4, "kernel_size": 3},
        {"name": "larger", "kind": "upsample", "scale": 2},
        {"name": "after", "kind": "conv2d", "filters": 1, "kernel_size": 3},
        {"name": "flat", "kind": "flatten"},
        {"name": "out", "kind": "dense", "units": 2},
    ]
    graph = network(layers, (1, 8, 8), ["out"]).graph
    assert offered_layers(graph) == ["input", "conv", "out"]
    whole = receptive_fields(graph)["out"]
    assert (whole[0].seen(0, 8), whole[1].seen(0, 8)) == ((0, 7), (0, 7))


@pytest.mark.parametrize(
    ("calculator", "count"),
    [
        *(("ironcalc", 6), ("libreoffice", 3), ("gnumeric", 3)),
        *(pytest.param(name, 6, marks=pytest.mark.exhaustive) for name in ("libreoffice", "gnumeric")),
    ],
)
def test_every_choice_agrees_with_numpy(calculator: str, count: int, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    net, path = model(), tmp_path / "book.xlsx"
    build(net, image_of(net), path, Options())
    plan = make_plan(net.graph, Options())
    page = next(sheet for sheet in plan.sheets if sheet.name == NAME)
    rng = np.random.default_rng(3)
    some = [{c.name: c.most for c in page.choices}, {c.name: c.least for c in page.choices}]
    some += [{c.name: int(rng.integers(c.least, c.most + 1)) for c in page.choices} for _ in range(4)]
    books = [chosen(path, tmp_path / f"{n}.xlsx", plan, values) for n, values in enumerate(some[:count])]
    for report in verify_many(books, calculator):
        assert report.ok, report.differences[:3]
        assert report.errors == 0
