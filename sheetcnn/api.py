"""The public functions, with plain paths and arrays; `sheetcnn` itself offers them lazily."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sheetcnn import builder as _build
from sheetcnn import checker as _verify
from sheetcnn import engine as _engine
from sheetcnn import inspection as _inspection
from sheetcnn.graph import Graph, Model
from sheetcnn.readers.images import read_image
from sheetcnn.readers.load import load_model
from sheetcnn.sheets.layout import Options

AnyPath = str | os.PathLike[str]
Image = AnyPath | npt.ArrayLike


def load(path: AnyPath, weights: AnyPath | None = None) -> Model:
    """Load a model.

    Args:
        path: a layer spec (.yaml, .json, .toml) or a directory that holds exactly one.
        weights: .safetensors or .npz with `<layer>.weight`, `<layer>.bias` in PyTorch's shapes; by
            default the file beside the spec with the same name.

    Returns:
        The graph, with the shape of every tensor, and the weights in float64.

    Raises:
        SpecError: the spec cannot be read or says something that is not allowed.
        ShapeError: layers do not fit together.
        WeightsError: arrays are missing, superfluous, of the wrong shape or not finite.
    """
    return load_model(Path(path), None if weights is None else Path(weights))


def run(model: Model, image: Image, *, resize: bool = False) -> _engine.Result:
    """Run a model in NumPy, in float64.

    Args:
        model: from `load`.
        image: a path (.png, .jpg, .npy, .csv ...) or raw pixels: `(C, H, W)`, or `(H, W)` for one channel.
        resize: scale an image file of another size.

    Returns:
        Every activation by name, the output and the prediction.

    Raises:
        ImageError: the image cannot be read or does not fit the network's input.
    """
    return _engine.run(model, _pixels(model, image, resize=resize))


def build(
    model: Model,
    image: Image,
    path: AnyPath,
    *,
    relu: Literal["fused", "separate"] = "fused",
    resize: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> _build.Built:
    """Write the workbook that computes a model on an image.

    Args:
        model: from `load`.
        image: as for `run`; its pixels can be changed in the workbook afterwards.
        path: of the .xlsx file; what stands there is replaced only when all is written.
        relu: `separate` writes each pre-activation grid beside its activation.
        resize: scale an image file of another size.
        progress: called with the sheets written and the sheets in all.

    Returns:
        What was written, with the engine's result.

    Raises:
        ImageError: the image does not fit.
        LimitError: the network does not fit into a workbook; nothing is written then.
        OutputError: the file cannot be written.
    """
    pixels = _pixels(model, image, resize=resize)
    return _build.build(model, pixels, Path(path), Options(relu), progress=progress)


def verify(path: AnyPath, engine: str = "ironcalc") -> _verify.Report:
    """Let a spreadsheet engine recalculate a workbook, and compare every formula cell with NumPy.

    Args:
        path: of a workbook that sheetcnn built; weights and pixels may have been changed since.
        engine: `ironcalc`, `libreoffice` or `gnumeric`.

    Returns:
        Counts, greatest errors, and every cell that does not agree.

    Raises:
        WorkbookError: the file is damaged or was not built by sheetcnn.
        CalculatorError: the engine is missing or fails.
    """
    return _verify.verify(Path(path), engine)


def inspect(model: Model | Graph, *, relu: Literal["fused", "separate"] = "fused") -> _inspection.Inspection:
    """Count what the workbook of a model would hold, without building it.

    Args:
        model: from `load`, or a graph without weights.
        relu: as for `build`.
    """
    graph = model.graph if isinstance(model, Model) else model
    return _inspection.inspect(graph, Options(relu))


def _pixels(model: Model, image: Image, *, resize: bool) -> npt.NDArray[np.float64]:
    shape = model.graph.source_shape
    if isinstance(image, str | os.PathLike):
        return read_image(Path(image), shape, resize=resize)
    pixels = np.asarray(image, dtype=np.float64)
    return pixels[None] if pixels.ndim == 2 and shape.channels == 1 else pixels
