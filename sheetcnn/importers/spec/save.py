"""Writes a model as a readable spec with its weights beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from sheetcnn.errors import OutputError
from sheetcnn.files import replacing
from sheetcnn.importers.spec.parse import dump
from sheetcnn.importers.weights import decimal
from sheetcnn.labels import plain_name
from sheetcnn.model.graph import Model
from sheetcnn.shape import Array

LONGEST_NAME = 18
"""Characters of a network's name in the names of its files."""


def save(model: Model, directory: Path) -> tuple[Path, Path]:
    """Write `<name>.yaml` and `<name>.safetensors` into a directory, which is made if it is missing.

    Weights that are float32 numbers are stored as float32, others as float64; loading gives the very
    same model.

    Returns:
        The spec and the weights.

    Raises:
        OutputError: if either file exists, or cannot be written.
    """
    from safetensors.numpy import save as serialise

    name = saved_name(model)
    spec, weights = directory / f"{name}.yaml", directory / f"{name}.safetensors"
    for path in (spec, weights):
        if path.exists():
            raise OutputError(f"{path} exists already; name another directory with -o")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{directory} cannot be made: {error.strerror}") from None
    arrays = {
        f"{layer}.{key}": _narrow(a) for layer, group in model.params.items() for key, a in group.items()
    }
    with replacing(weights) as part:
        part.write_bytes(serialise(arrays))
    with replacing(spec) as part:
        part.write_text(spec_text(model), encoding="utf-8")
    return spec, weights


def saved_name(model: Model) -> str:
    """The beginning of the names of a model's files."""
    return plain_name(model.graph.name, "layer")[:LONGEST_NAME].rstrip("_")


def spec_text(model: Model) -> str:
    """The spec of a model as YAML, one line per layer."""
    data = dump(model.graph)
    lines = [f"{key}: {_flow(data[key])}" for key in ("name", "input", "labels", "notes") if key in data]
    lines.append("layers:")
    lines += [f"  - {_flow(layer)}" for layer in data["layers"]]
    if "outputs" in data:
        lines.append(f"outputs: {_flow(data['outputs'])}")
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=1 << 30, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _narrow(array: Array) -> np.ndarray:
    """As float32 where that loses nothing (see `importers.weights.decimal`)."""
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    return np.ascontiguousarray(single if np.array_equal(decimal(single), array) else array)
