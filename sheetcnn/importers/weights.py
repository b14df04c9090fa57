"""Weights from .npz and .safetensors files: arrays named `<layer>.<parameter>`.

A float32 weight is taken as its shortest decimal text (0.1, not 0.10000000149011612): that is what
stands in the cell, so that the engine and the workbook compute with the very same number.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import orjson

from sheetcnn.errors import WeightsError
from sheetcnn.files import check_file
from sheetcnn.shape import Array

_PIECE = 1 << 13  # values converted at a time: all that they need stays in the processor's cache
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
    # One at a time: the originals need not be in memory together.
    return by_layer({name: decimal(array, f"{path}: '{name}'") for name, array in arrays})


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
        if array.dtype != np.float32 or not array.size:
            return array.astype(np.float64)
        exact = np.empty(array.shape)
        flat, found = np.ascontiguousarray(array).reshape(-1), exact.reshape(-1)
        for start in range(0, flat.size, _PIECE):
            _shortest(flat[start : start + _PIECE], found[start : start + _PIECE])
    return exact


def _scales() -> Array:
    """For each exponent byte of float32 the power of ten that leaves 6 digits before the point.

    With it and its multiples no shorter text is passed over: two decimals of so few digits never round
    to one float32, and each further digit is tried in turn. From 1e6 on the power is 1, as whole numbers
    have texts without a fraction. NaN where the way over powers of ten is not exact: 10^22 is the
    greatest that float64 holds, and from 2^24 on texts may end in zeros.
    """
    exponents = np.arange(256) - 127
    digits = np.maximum(5 - np.floor(exponents * np.log10(2)), 0)
    scales = np.where(digits <= 19, 10.0 ** np.minimum(digits, 19), np.nan)
    scales[exponents >= 24] = np.nan
    scales[[0, 255]] = 1.0  # zero, infinity
    return scales


_SCALES = _scales()


def _shortest(x: np.ndarray, found: Array) -> None:
    """The float64 nearest to the shortest decimal text of each float32.

    With m digits and k of them after the point the text is m / 10^k. Both numbers are exact in float64,
    so that their quotient is what any parser makes of the text. The least k counts whose text gives the
    float32 back; most weights need 8 digits, so these are tried first.
    """

    def tried(x: np.ndarray, wide: Array, scale: Array) -> tuple[Array, np.ndarray]:
        nearest = np.rint(wide * scale)
        nearest /= scale
        return nearest, nearest.astype(np.float32) == x

    wide = x.astype(np.float64)
    scale = _SCALES[(x.view(np.uint32) >> 23) & 255]
    found[:], fits = tried(x, wide, scale * 100)
    longer = np.flatnonzero(~fits)
    seven, fits = tried(x, wide, scale * 10)
    np.copyto(found, seven, where=fits)
    shorter = np.flatnonzero(fits)
    six, fits = tried(x[shorter], wide[shorter], scale[shorter])
    found[shorter[fits]] = six[fits]
    found[longer], fits = tried(x[longer], wide[longer], scale[longer] * 1000)
    left = longer[~fits]
    found[left] = wide[left]
    left = left[np.isfinite(x[left])]  # other values are refused later, by the layer's name
    if left.size:
        found[left] = orjson.loads(orjson.dumps(x[left], option=orjson.OPT_SERIALIZE_NUMPY))


def _safetensors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118  (it is no mapping)
                yield name, file.get_tensor(name)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError(
            f"{path} is not a readable .safetensors file ({error}); export it again, in float32 or float64"
        ) from None


def _npz(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    try:
        # NumPy would leave a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            for name in file.files:
                yield name, file[name]
    except UNREADABLE as error:
        reason = "it holds pickled objects" if "allow_pickle" in str(error) else str(error)
        raise WeightsError(
            f"{path} is not a readable .npz file ({reason}); save it with numpy.savez"
        ) from None
