"""From a case to a model, an image and a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case

from sheetcnn.builder import build
from sheetcnn.graph import Model
from sheetcnn.readers.spec import parse
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options

GOLDEN = Path(__file__).parent / "golden"


@cache
def arrays(kind: str) -> Mapping[str, Any]:
    """The golden arrays of a kind."""
    with np.load(GOLDEN / f"{kind}.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


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
    (x,) = inputs
    layers: list[dict[str, Any]] = []
    if x.ndim == 1:
        layers.append({"kind": "flatten", "name": "vector"})
        x = x[:, None, None]
    layers.append({**case.layer, "name": "layer"})
    channels, height, width = x.shape
    spec = {
        "name": case.id,
        "input": {"channels": channels, "height": height, "width": width},
        "layers": layers,
    }
    return Model.of(parse(spec, case.id), {"layer": dict(params)}), x


def workbook(case: Case, directory: Path, options: Options | None = None) -> Path:
    """Build the workbook of a case."""
    inputs, params, _ = golden(case)
    model, image = network(case, inputs, params)
    path = directory / f"{case.id}.xlsx"
    build(model, image, path, options)
    return path
