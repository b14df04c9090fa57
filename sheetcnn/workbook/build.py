"""Builds the workbook of a model and an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sheetcnn.errors import ImageError, OutputError
from sheetcnn.formulas.limits import Limits
from sheetcnn.model.engine import Result, run
from sheetcnn.model.graph import Graph, Model
from sheetcnn.pages.about import about_sheet, images_digest, weights_digest
from sheetcnn.pages.fitting import with_pages
from sheetcnn.pages.input import sample_names
from sheetcnn.pages.notes import notes_sheet
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import LayoutName, Options
from sheetcnn.sheets.sheet_plan import Plan, bind
from sheetcnn.workbook.auto_layout import LayoutChoice, choose_layout, prepared
from sheetcnn.workbook.plan import make_plan
from sheetcnn.xlsx.write import write_book


@dataclass(frozen=True)
class Built:
    """A workbook that was written.

    Attributes:
        path: of the file.
        sheets: how many it has.
        formulas: how many formula cells.
        size: in bytes.
        result: what the engine computed, which stands in the cells as cached values.
        layout: `planar` or `interleaved`.
        reason: why, where it was not asked for.
    """

    path: Path
    sheets: int
    formulas: int
    size: int
    result: Result
    layout: LayoutName = "planar"
    reason: str = ""


def build(
    model: Model,
    image: Array,
    path: Path,
    options: Options | None = None,
    *,
    samples: Sequence[Array] = (),
    layout: LayoutChoice | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Built:
    """Write the workbook that computes `model` on `image`.

    Args:
        model: from `load`.
        image: raw pixels `(C, H, W)`.
        path: of the .xlsx file; what stands there is replaced only when all is written.
        options: of the layout; its `samples` are the names of the image and the samples.
        samples: more images, which can be chosen in the workbook.
        layout: in place of the options' own; `auto` chooses.
        limits: of the spreadsheet program that it must fit; by default those of the options' target.
        progress: called with the sheets written and the sheets in all.

    Raises:
        ImageError: if the image does not fit the network.
        LimitError: if the network does not fit the limits; nothing is written then.
        OutputError: if the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise OutputError(f"{path}: a workbook's name ends in .xlsx")
    options = options or Options()
    chosen = choose_layout(model.graph, layout or options.layout, options)
    options = replace(options, layout=chosen.layout)
    model = prepared(model, options)
    images = [image, *samples]
    options = _with_samples(with_pages(model.graph, options), model.graph, images)
    result = run(model, image)
    plan = whole_plan(model, images, options, limits)
    book = bind(plan, model, result, images)
    formulas = write_book(book, path, progress=progress)
    return Built(path, len(plan.sheets), formulas, path.stat().st_size, result, chosen.layout, chosen.reason)


def _with_samples(options: Options, graph: Graph, images: Sequence[Array]) -> Options:
    """Options that name every image.

    Raises:
        ImageError: if there are samples and no page to choose them on, or one does not fit.
    """
    for image in images:
        if image.shape != graph.source_shape.dims:
            found = "×".join(map(str, image.shape))
            raise ImageError(
                f"an image has shape {found}, but the network's input is {graph.source_shape} (C×H×W)"
            )
    if len(images) > 1 and "input" not in (options.pages or ()):
        raise ImageError(
            f"{len(images) - 1} more images cannot be chosen in a workbook without the page 'input'; "
            "add it to --pages, or give one image"
        )
    if len(options.samples) == len(images):
        return options
    return replace(options, samples=sample_names(["image"] * len(images)))


def whole_plan(model: Model, images: Sequence[Array], options: Options, limits: Limits | None = None) -> Plan:
    """The plan of a workbook with its last sheets: how to read it, and from what it was built."""
    plan = make_plan(model.graph, options, limits)
    pixels = images_digest(images)
    weights, options = weights_digest(model), plan.layout.options
    last = [about_sheet(model.graph, options, weights, pixels)]
    if plan.layout.has("notes"):
        last.insert(0, notes_sheet(model.graph, options, weights, pixels))
    return Plan(plan.layout, (*plan.sheets, *last), plan.names)
