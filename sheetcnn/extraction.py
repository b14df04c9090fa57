"""From a workbook back to files: its spec, the weights that stand in it, and its input."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sheetcnn.calculators.base import Recalculated
from sheetcnn.errors import OutputError
from sheetcnn.files import replacing
from sheetcnn.pages.about import digest, weights_digest
from sheetcnn.recovery import read_contents, read_facts, read_plan
from sheetcnn.saving import save, saved_name
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options
from sheetcnn.xlsx.read import Block, Workbook, open_workbook


@dataclass(frozen=True)
class Extracted:
    """The files that a workbook was taken apart into.

    Attributes:
        spec: the layer spec, `.yaml`.
        weights: `.safetensors`.
        image: the input: `.png` where its values are those of an image, else `.npy`.
        options: with which the workbook was built.
        weights_changed: whether the weights are others than those it was built with.
        input_changed: whether the input is another.
    """

    spec: Path
    weights: Path
    image: Path
    options: Options
    weights_changed: bool
    input_changed: bool

    @property
    def arguments(self) -> list[str]:
        """What `sheetcnn build` needs to make the same workbook again, besides the output."""
        options = [f"--{name}={value}" for name, value in asdict(self.options).items()]
        standard = [f"--{name}={value}" for name, value in asdict(Options()).items() if name != "layout"]
        return [str(self.spec), f"--input={self.image}", *(o for o in options if o not in standard)]


def extract(path: Path, directory: Path) -> Extracted:
    """Read spec, weights and input of a workbook back into files.

    A weight or a pixel that was typed as a formula counts with the value that the spreadsheet program
    saved with it. Building from the files of an untouched workbook gives the same workbook, byte for byte.

    Args:
        path: of a workbook that sheetcnn built; it may have been edited and saved since.
        directory: for the files; made if it is missing.

    Raises:
        WorkbookError: the workbook is damaged, was not built by sheetcnn, or lacks a number.
        OutputError: a file of that name exists already, or cannot be written.
    """
    with open_workbook(path) as book:
        plan = read_plan(book, path)
        facts = read_facts(book)
        with _Saved(book) as values:
            contents = read_contents(book, plan, path, values)
    pixels = contents.image
    picture = _is_picture(pixels)
    image = directory / f"{saved_name(contents.model)}_input{'.png' if picture else '.npy'}"
    if image.exists():
        raise OutputError(f"{image} exists already; name another directory with -o")
    spec, weights = save(contents.model, directory)
    with replacing(image) as part:
        if picture:
            _write_picture(pixels, part)
        else:
            with part.open("wb") as stream:
                np.save(stream, pixels)
    return Extracted(
        spec,
        weights,
        image,
        plan.layout.options,
        weights_digest(contents.model) != facts.get("weights sha256"),
        digest({"input": pixels}) != facts.get("input sha256"),
    )


def _is_picture(pixels: Array) -> bool:
    """Whether an image file of 8 bits can hold the pixels as they are."""
    whole = pixels.shape[0] in (1, 3) and bool((pixels == np.round(pixels)).all())
    return whole and pixels.min() >= 0 and pixels.max() <= 255


def _write_picture(pixels: Array, path: Path) -> None:
    from PIL import Image

    values = pixels.astype(np.uint8)
    picture = Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))
    picture.save(path, format="PNG")


class _Saved(Recalculated):
    """The values that stand in the file itself: a program that saved it computed them."""

    def __init__(self, book: Workbook) -> None:
        self._book = book

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> Block:
        """The values of a rectangle."""
        return self._book.table(sheet).block(row, col, height, width)

    def close(self) -> None:
        """Nothing to let go of: who opened the workbook closes it."""
