"""Raw pixels from image files, arrays and tables."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sheetcnn.errors import ImageError
from sheetcnn.files import AnyPath, check_file
from sheetcnn.importers.weights import UNREADABLE
from sheetcnn.shape import Array, Shape

Image = AnyPath | npt.ArrayLike
"""An image file, or raw pixels: `(C, H, W)`, or `(H, W)` for one channel."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".npy", ".csv")
"""Of the files that count as images where a directory is given."""
LARGEST = 100_000_000
"""Pixels; a larger image is refused."""


def pixels_of(image: Image, shape: Shape, *, resize: bool = False) -> Array:
    """The raw pixels of an image file or an array; whether an array fits is for the engine to check.

    Args:
        image: a path or an array.
        shape: of the network's input, `(C, H, W)`.
        resize: scale an image file of another size.

    Raises:
        ImageError: if a file cannot be read or does not fit.
    """
    if isinstance(image, str | os.PathLike):
        return read_image(Path(image), shape, resize=resize)
    pixels = np.asarray(image, dtype=np.float64)
    return pixels[None] if pixels.ndim == 2 and shape.channels == 1 else pixels


def all_images(image: Image, samples: Sequence[Image]) -> list[Image]:
    """The image and then the samples; a directory stands for the images in it, without `image` itself.

    Raises:
        ImageError: if a directory holds no image.
    """
    found = [image]
    for sample in samples:
        if isinstance(sample, str | os.PathLike):
            files = image_files(Path(sample)) if Path(sample).is_dir() else [Path(sample)]
            found += [file for file in files if not _same_file(file, image)]
        else:
            found.append(sample)
    return found


def _same_file(path: Path, image: Image) -> bool:
    return isinstance(image, str | os.PathLike) and path.resolve() == Path(image).resolve()


def image_name(image: Image) -> str:
    """The name of a file without its suffix; `image` for an array."""
    return Path(image).stem if isinstance(image, str | os.PathLike) else "image"


def read_image(path: Path, shape: Shape, *, resize: bool = False) -> Array:
    """The raw pixels of an image for an input of `shape`.

    Image files give values of 0 to 255: grey for one channel, red, green, blue for three. `.npy` gives
    `(C, H, W)`, or `(H, W)` for one channel; `.csv` one row per line, for one channel.

    Args:
        path: of the image.
        shape: of the network's input, `(C, H, W)`.
        resize: scale an image of another size (bilinear).

    Raises:
        ImageError: if it cannot be read or does not fit.
    """
    check_file(path, ImageError, "name an image with --input")
    loaders = {".npy": _npy, ".csv": _csv}
    kind = path.suffix.lower()
    pixels = loaders[kind](path) if kind in loaders else _picture(path, shape, resize=resize)
    if pixels.ndim == 2:
        pixels = pixels[None]
    if pixels.shape[0] != shape.channels:
        raise ImageError(
            f"{path} has {pixels.shape[0]} channels, but the network's input has {shape.channels}"
        )
    if pixels.shape != shape.dims:
        if not resize:
            raise ImageError(
                f"{path} has {pixels.shape[1]}×{pixels.shape[2]} pixels (height×width), but the network's "
                f"input is {shape.height}×{shape.width}; use --resize to scale it, or choose another image"
            )
        pixels = _resized(pixels, shape)
    if not np.isfinite(pixels).all():
        raise ImageError(f"{path} holds values that are not finite (NaN or infinity)")
    return pixels


def image_files(directory: Path) -> list[Path]:
    """The images in a directory, by name.

    Raises:
        ImageError: if there is none.
    """
    found = sorted(file for file in directory.iterdir() if file.suffix.lower() in SUFFIXES)
    if not found:
        raise ImageError(f"{directory} holds no images ({', '.join(SUFFIXES)})")
    return found


def _npy(path: Path) -> Array:
    try:
        with path.open("rb") as stream:
            array = np.load(stream, allow_pickle=False)
    except UNREADABLE as error:
        raise ImageError(f"{path} is not a readable .npy file ({error}); save it with numpy.save") from None
    if isinstance(array, np.lib.npyio.NpzFile):
        array.close()
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub" or array.ndim not in (2, 3):
        raise ImageError(f"{path} must hold one array of numbers (C, H, W) or (H, W)")
    return array.astype(np.float64)


def _csv(path: Path) -> Array:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
        array = np.array([[float(cell) for cell in row] for row in rows])
    except (OSError, ValueError, csv.Error) as error:
        raise ImageError(f"{path} is not a table of numbers ({error})") from None
    if array.ndim != 2 or not array.size:
        raise ImageError(f"{path} is empty; it must hold one row of numbers per line of pixels")
    return array


def _picture(path: Path, shape: Shape, *, resize: bool) -> Array:
    from PIL import Image

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    modes = {1: "L", 3: "RGB", 4: "RGBA"}
    if shape.channels not in modes:
        raise ImageError(
            f"{path}: an image file has 1, 3 or 4 channels, but the network's input has {shape.channels}; "
            "give the pixels as .npy"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > LARGEST:
                    raise ImageError(f"{path} has {image.width}×{image.height} pixels; use a smaller image")
                picture = image.convert(modes[shape.channels])
    except ImageError:
        raise
    except (OSError, ValueError, SyntaxError, *bombs) as error:
        raise ImageError(f"{path} is not a readable image ({error})") from None
    if resize and (picture.height, picture.width) != (shape.height, shape.width):
        picture = picture.resize((shape.width, shape.height), Image.Resampling.BILINEAR)
    array = np.asarray(picture, dtype=np.float64)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _resized(pixels: Array, shape: Shape) -> Array:
    from PIL import Image

    size = (shape.width, shape.height)
    maps = [Image.fromarray(m.astype(np.float32)).resize(size, Image.Resampling.BILINEAR) for m in pixels]
    return np.stack([np.asarray(m, dtype=np.float64) for m in maps])
