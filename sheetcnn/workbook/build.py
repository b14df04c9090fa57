"""Builds the workbook of a model and an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sheetcnn.errors import ImageError, OutputError
from sheetcnn.formulas.limits import Limits
from sheetcnn.model.engine import Result, checked, run
from sheetcnn.model.graph import Model
from sheetcnn.pages.about import images_digest, weights_digest
from sheetcnn.pages.input import sample_names
from sheetcnn.pages.site import Provenance
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import LayoutName, Options
from sheetcnn.sheets.sheet_plan import bind
from sheetcnn.workbook.auto_layout import LayoutChoice
from sheetcnn.workbook.plan import make_plan
from sheetcnn.xlsx.write import write_book


@dataclass(frozen=True)
class Built:
    """A workbook that was written.

    Attributes:
        path: the file.
        sheets: number of sheets.
        formulas: number of formula cells.
        size: size of the file in bytes.
        result: the result of the engine; the workbook has the same numbers as cached values.
        layout: `planar` or `interleaved`.
        reason: why this layout, if it was chosen automatically.
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
    images = [checked(one, model.graph) for one in (image, *samples)]
    options = options or Options()
    if len(options.samples) != len(images):
        options = replace(options, samples=sample_names(["image"] * len(images)))
    provenance = Provenance(weights_digest(model), images_digest(images))
    plan = make_plan(model.graph, options, limits, layout=layout, provenance=provenance)
    if samples and not plan.layout.has("input"):
        raise ImageError(
            f"{len(samples)} more images cannot be chosen in a workbook without the page 'input'; "
            "add it to --pages, or give one image"
        )
    model = Model.of(plan.graph, model.params)
    result = run(model, image)
    formulas = write_book(bind(plan, model, result, images), path, progress=progress)
    size = path.stat().st_size
    return Built(path, len(plan.sheets), formulas, size, result, plan.layout.options.layout, plan.reason)
