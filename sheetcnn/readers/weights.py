"""Weights from .npz and .safetensors files: arrays named `<layer>.<parameter>`.

A float32 weight is taken as its shortest decimal text (0.1, not 0.10000000149011612): that is what
stands in the cell, so that the engine and the workbook compute with the very same number.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import orjson

from sheetcnn.errors import WeightsError
from sheetcnn.files import check_file
from sheetcnn.shape import Array

_PIECE = 1 << 20  # values converted at a time, to bound the memory
SUFFIXES = (".safetensors", ".npz")

UNREADABLE = (
    *(OSError, ValueError, TypeError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error),
    NotImplementedError,  # zip: a method of compression or encryption that Python does not know
    MemoryError,  # a header that promises more than there can be
    *(SyntaxError, tokenize.TokenError),  # a header that is no Python literal
)
"""What NumPy raises for a damaged .npz or .npy file."""


def read_weights(path: Path) -> dict[str, dict[str, Array]]:
    """The arrays of a file, by layer and parameter.

    Raises:
        WeightsError: if the file cannot be read, holds pickled objects or values that are not numbers.
    """
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"{path}: weights come from {' or '.join(SUFFIXES)} files")
    check_file(path, WeightsError, "name the file of weights with --weights")
    arrays = _safetensors(path) if path.suffix == ".safetensors" else _npz(path)
    return by_layer({name: decimal(array, f"{path}: '{name}'") for name, array in arrays.items()})


def by_layer(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """`conv1.weight` becomes `["conv1"]["weight"]`."""
    found: dict[str, dict[str, Array]] = {}
    for name, array in arrays.items():
        layer, _, parameter = name.rpartition(".")
        found.setdefault(layer, {})[parameter] = array
    return found


def decimal(array: np.ndarray, where: str = "the array") -> Array:
    """An array in float64; float32 and float16 values by their shortest decimal text.

    Raises:
        WeightsError: if the values are not real numbers.
    """
    if array.dtype.kind not in "fiu":
        raise WeightsError(f"{where} has values of type {array.dtype}; weights are real numbers")
    if array.dtype == np.float16:
        # Its own decimal text has too few digits to be told from float32 ones; the value is exact.
        return array.astype(np.float64)
    with np.errstate(invalid="ignore"):  # a NaN may be of the kind that warns
        exact = array.astype(np.float64)
    if array.dtype != np.float32 or not array.size:
        return exact
    flat = np.ascontiguousarray(array).reshape(-1)
    exact = exact.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        part = flat[start : start + _PIECE]
        if np.isfinite(part).all():  # other values are refused later, by the layer's name
            text = orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY)
            exact[start : start + _PIECE] = orjson.loads(text)
    return exact.reshape(array.shape)


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError(
            f"{path} is not a readable .safetensors file ({error}); export it again, in float32 or float64"
        ) from None


def _npz(path: Path) -> dict[str, np.ndarray]:
    try:
        # NumPy would leave a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except UNREADABLE as error:
        reason = "it holds pickled objects" if "allow_pickle" in str(error) else str(error)
        raise WeightsError(
            f"{path} is not a readable .npz file ({reason}); save it with numpy.savez"
        ) from None
