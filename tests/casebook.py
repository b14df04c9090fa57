"""From a case to a model, an image and a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case
from safetensors.numpy import load_file

from sheetcnn.importers.spec.parse import parse
from sheetcnn.model.graph import INPUT, Graph, Model, Node
from sheetcnn.model.ops.crop import Crop
from sheetcnn.model.ops.slice_channels import SliceChannels
from sheetcnn.shape import Array, Shape
from sheetcnn.sheets.layout import Options
from sheetcnn.workbook.build import build

GOLDEN = Path(__file__).parent / "golden"
# Pixels beside an input that no layer may read; a result that shows it has read them.
OUTSIDE = 1e6


@cache
def arrays(kind: str) -> Mapping[str, Any]:
    """The golden arrays of a kind."""
    return load_file(GOLDEN / f"{kind}.safetensors")


def golden(case: Case) -> tuple[list[Array], dict[str, Array], Array]:
    """Inputs, parameters and PyTorch's output of a case."""
    found = {
        key.removeprefix(f"{case.id}/"): a
        for key, a in arrays(case.kind).items()
        if key.startswith(f"{case.id}/")
    }
    inputs = [found[f"input{n}"].astype(np.float64) for n in range(len(case.inputs))]
    params = {
        k.removeprefix("param/"): a.astype(np.float64) for k, a in found.items() if k.startswith("param/")
    }
    return inputs, params, found["output"]


def network(case: Case, inputs: list[Array], params: Mapping[str, Array]) -> tuple[Model, Array]:
    """A network whose last layer, `layer`, is the case's, and the image that gives it these inputs."""
    if len(inputs) == 1:
        image, layers = _alone(inputs[0])
        names = [layers[-1]["name"]] if layers else [INPUT]
    else:
        image, layers, names = _side_by_side(inputs)
    layers.append({**case.layer, "name": "layer", "inputs": names})
    channels, height, width = image.shape
    spec = {
        "name": case.id,
        "input": {"channels": channels, "height": height, "width": width},
        "layers": layers,
    }
    graph, held = parse(spec, case.id), {"layer": dict(params)}
    if graph.by_name["layer"].op.aliases:
        readers, held["window"] = _readers(graph.shapes["layer"].dims)
        spec |= {"layers": layers + readers, "outputs": ["layer", *(r["name"] for r in readers)]}
        graph = parse(spec, case.id)
    return Model.of(graph, held), image


def _readers(shape: tuple[int, ...]) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Two layers that read `layer`, for one that is cells of its inputs: only they show which cells.

    One reads value by value, one reads windows over all channels; returns the latter's weights too.
    """
    each = {"kind": "leaky_relu", "name": "each", "inputs": ["layer"]}
    window: dict[str, Any] = {"name": "window", "inputs": ["layer"], "bias": False}
    if len(shape) == 1:
        window |= {"kind": "dense", "units": 2}
        size: tuple[int, ...] = (2, *shape)
    else:
        kernel = [min(2, shape[1]), min(2, shape[2])]
        window |= {"kind": "conv2d", "filters": 2, "kernel_size": kernel}
        size = (2, shape[0], *kernel)
    return [each, window], {"weight": np.random.default_rng(0).integers(-9, 9, size) / 8}


def _alone(x: Array) -> tuple[Array, list[dict[str, Any]]]:
    """The image that is this input, and the layers between the two."""
    if x.ndim == 1:
        return x[:, None, None], [{"kind": "flatten", "name": "vector"}]
    return x, []


def _side_by_side(inputs: list[Array]) -> tuple[Array, list[dict[str, Any]], list[str]]:
    """One image that holds every input in channels of its own, the layers that cut it, their names.

    Smaller inputs lie in the top left corner of their channels.
    """
    maps = [x[:, None, None] if x.ndim == 1 else x for x in inputs]
    height, width = (max(m.shape[axis] for m in maps) for axis in (1, 2))
    image = np.full((sum(len(m) for m in maps), height, width), OUTSIDE)
    layers: list[dict[str, Any]] = []
    names = []
    start = 0
    for n, (x, m) in enumerate(zip(inputs, maps, strict=True), 1):
        stop, (_, h, w) = start + len(m), m.shape
        image[start:stop, :h, :w] = m
        steps: list[dict[str, Any]] = [{"kind": "slice_channels", "start": start, "stop": stop}]
        if (h, w) != (height, width):
            steps.append({"kind": "crop", "crop": [0, height - h, 0, width - w]})
        if x.ndim == 1:
            steps.append({"kind": "flatten"})
        before = INPUT
        for step in steps:
            layers.append({**step, "name": f"{step['kind']}{n}", "inputs": [before]})
            before = layers[-1]["name"]
        names.append(before)
        start = stop
    return image, layers, names


def album(cases: Sequence[Case], directory: Path, options: Options | None = None) -> Path:
    """Build one workbook that holds several cases side by side; case n is layer `c<n>.layer`.

    Starting a spreadsheet program costs far more than recalculating so few cells.
    """
    parts = []
    for case in cases:
        inputs, params, _ = golden(case)
        parts.append(network(case, inputs, params))
    channels = sum(image.shape[0] for _, image in parts)
    height, width = (max(image.shape[axis] for _, image in parts) for axis in (1, 2))
    whole = np.full((channels, height, width), OUTSIDE)
    nodes: list[Node] = []
    params = {}
    outputs = []
    start = 0
    for n, (model, image) in enumerate(parts, 1):
        count, h, w = image.shape
        whole[start : start + count, :h, :w] = image
        cut = (0, height - h, 0, width - w)
        nodes.append(Node(f"c{n}.slice", SliceChannels(start=start, stop=start + count), (INPUT,)))
        nodes.append(Node(f"c{n}.{INPUT}", Crop(crop=cut), (f"c{n}.slice",)))
        for node in model.graph.nodes:
            reads = tuple(f"c{n}.{name}" for name in node.inputs)
            nodes.append(replace(node, name=f"c{n}.{node.name}", inputs=reads))
        params |= {f"c{n}.{name}": group for name, group in model.params.items()}
        outputs += [f"c{n}.{name}" for name in model.graph.outputs]
        start += count
    name = cases[0].id if len(cases) == 1 else f"{cases[0].id} and {len(cases) - 1} more"
    graph = Graph.of(name, INPUT, Shape(whole.shape), nodes, outputs)
    path = directory / f"{cases[0].id}.xlsx"
    build(Model.of(graph, params), whole, path, options)
    return path
