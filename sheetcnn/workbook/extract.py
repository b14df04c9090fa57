"""Writes the spec, the weights and the images of a workbook back to files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sheetcnn.calculators.base import Recalculated
from sheetcnn.errors import OutputError
from sheetcnn.files import replacing
from sheetcnn.importers.spec.save import save, saved_name
from sheetcnn.pages.about import images_digest, weights_digest
from sheetcnn.pages.input import image_key, sample_images, sample_names
from sheetcnn.pages.registry import fitting_pages
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.sheet_plan import Plan
from sheetcnn.workbook.kinds import NETWORK_ONLY, WorkbookKind, read_network
from sheetcnn.workbook.readback import Contents, read_about, read_contents
from sheetcnn.xlsx.read import CellValues, Workbook, open_workbook


@dataclass(frozen=True)
class Extracted:
    """The files that `extract` wrote.

    Attributes:
        spec: the layer spec, `.yaml`.
        weights: the weights, `.safetensors`.
        image: the input, as chosen or painted: `.png` if an image of 8 bits can hold it, otherwise `.npy`.
        samples: the other images that can be chosen.
        options: the options that the workbook was built with.
        default_pages: the explanatory pages that a network of this size gets by default.
        weights_changed: whether the weights were changed since the workbook was built.
        input_changed: whether the input was changed since the workbook was built.
    """

    spec: Path
    weights: Path
    image: Path
    samples: tuple[Path, ...]
    options: Options
    default_pages: tuple[str, ...]
    weights_changed: bool
    input_changed: bool

    @property
    def arguments(self) -> list[str]:
        """The arguments of `sheetcnn build` that build the same workbook again, without `-o`."""
        found, default = asdict(self.options), asdict(Options()) | {"pages": self.default_pages}
        del found["samples"], default["layout"]
        given = {name: value for name, value in found.items() if value != default.get(name)}
        if "pages" in given:
            given["pages"] = ",".join(given["pages"]) or "none"
        samples = [f"--samples={path}" for path in self.samples]
        options = [f"--{name}={value}" for name, value in given.items()]
        return [str(self.spec), f"--input={self.image}", *samples, *options]


def extract(path: Path, directory: Path, kinds: Sequence[WorkbookKind] = NETWORK_ONLY) -> Extracted:
    """Write the spec, the weights and the images of a workbook back to files.

    A weight or pixel that was typed as a formula has the value that the spreadsheet program saved with it.
    Building from the files of an unchanged workbook gives the same workbook, byte for byte.

    Args:
        path: of a workbook that sheetcnn built; it may have been edited and saved since.
        directory: for the files; created if it does not exist.
        kinds: of workbook, for the message about a workbook without a network.

    Raises:
        WorkbookError: the workbook is damaged, was not built by sheetcnn, or lacks a number.
        OutputError: a file of that name exists already, or cannot be written.
    """
    with open_workbook(path) as book:
        plan, contents = _read_saved(book, path, kinds)
        about = read_about(book, path)
    images = _images(plan, contents)
    files = {directory / f"{name}{_suffix(pixels)}": pixels for name, pixels in images}
    for file in files:
        if file.exists():
            raise OutputError(f"{file} exists already; name another directory with -o")
    spec, weights = save(contents.model, directory)
    for file, pixels in files.items():
        with replacing(file) as part:
            _write(pixels, part, picture=file.suffix == ".png")
    image, *samples = files
    return Extracted(
        spec,
        weights,
        image,
        tuple(samples),
        plan.layout.options,
        fitting_pages(plan.layout.graph),
        weights_digest(contents.model) != about.get("weights sha256"),
        images_digest([pixels for _, pixels in images]) != about.get("input sha256"),
    )


def read_saved(path: Path, kinds: Sequence[WorkbookKind] = NETWORK_ONLY) -> tuple[Plan, Contents]:
    """The plan of a workbook, and the contents of its cells when it was last saved.

    Args:
        path: of the workbook.
        kinds: of workbook, for the message about a workbook without a network.

    Raises:
        WorkbookError: the workbook is damaged, was not built by sheetcnn, or lacks a number.
    """
    with open_workbook(path) as book:
        return _read_saved(book, path, kinds)


def _read_saved(book: Workbook, path: Path, kinds: Sequence[WorkbookKind]) -> tuple[Plan, Contents]:
    plan = read_network(book, path, kinds)
    with _SavedValues(book) as values:
        return plan, read_contents(book, plan, path, values)


def _images(plan: Plan, contents: Contents) -> list[tuple[str, Array]]:
    """The images with their names, the chosen or painted one first."""
    layout, name = plan.layout, f"{saved_name(contents.model)}_input"
    if not layout.has("input"):
        return [(name, contents.image)]
    samples = list(zip(layout.options.samples, sample_images(layout, contents.inputs), strict=True))
    chosen = contents.choices[image_key()] - 1
    if chosen == len(samples):
        names = sample_names(["painted", *layout.options.samples])
        return list(zip(names, [contents.image, *(pixels for _, pixels in samples)], strict=True))
    return [samples[chosen], *samples[:chosen], *samples[chosen + 1 :]]


def _is_picture(pixels: Array) -> bool:
    """Whether an image of 8 bits can hold the pixels exactly."""
    whole = pixels.shape[0] in (1, 3) and bool((pixels == np.round(pixels)).all())
    return whole and pixels.min() >= 0 and pixels.max() <= 255


def _suffix(pixels: Array) -> str:
    return ".png" if _is_picture(pixels) else ".npy"


def _write(pixels: Array, path: Path, *, picture: bool) -> None:
    if not picture:
        with path.open("wb") as stream:
            np.save(stream, pixels)
        return
    from PIL import Image

    values = pixels.astype(np.uint8)
    image = Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))
    image.save(path, format="PNG")


class _SavedValues(Recalculated):
    """The values in the file itself, computed by the program that saved it."""

    def __init__(self, book: Workbook) -> None:
        self._book = book

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> CellValues:
        """The values of a rectangle."""
        return self._book.table(sheet).block(row, col, height, width)

    def close(self) -> None:
        """Nothing to close: the workbook belongs to the caller."""
