"""A handout of a network: its sections in order, written as PDF, HTML or Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sheetcnn.errors import SpecError
from sheetcnn.files import AnyPath
from sheetcnn.importers.images import Image, pixels_of
from sheetcnn.importers.load import InputShape, load_model
from sheetcnn.languages import text
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.sheet_plan import Plan
from sheetcnn.teaching.handouts.context import HandoutContext, choose_pixel
from sheetcnn.teaching.handouts.glossary import glossary
from sheetcnn.teaching.handouts.overview import maps, network
from sheetcnn.teaching.handouts.worked_examples import convolution, dense, pooling, receptive, softmax
from sheetcnn.teaching.kinds import KINDS
from sheetcnn.teaching.paper.document import Document, DocumentPart, Heading, Paragraph
from sheetcnn.teaching.paper.files import Format, write_document
from sheetcnn.workbook.extract import read_saved
from sheetcnn.workbook.plan import make_plan

Section = Callable[[HandoutContext], Iterator[DocumentPart]]
SECTIONS: tuple[Section, ...] = (network, maps, convolution, receptive, pooling, dense, softmax, glossary)
"""In order; each is empty where the network has nothing for it."""


def write_handout(
    source: Model | AnyPath,
    path: Path,
    *,
    image: Image | None = None,
    weights: Path | None = None,
    input_shape: InputShape | None = None,
    fold_batch_norm: bool = False,
    resize: bool = False,
    pixel: str | None = None,
    language: str | None = None,
    form: Format | None = None,
) -> None:
    """Write the handout of a model or of a workbook; see `sheetcnn.handout`.

    Raises:
        SpecError: there is no such pixel or language, or no image was given; and what `load_model` raises.
        ImageError: the image cannot be read or has another shape.
        WorkbookError: the workbook is damaged or was not built by sheetcnn.
        OutputError: Typst is not installed, or the file cannot be written.
    """
    if not isinstance(source, Model) and Path(source).suffix.lower() == ".xlsx":
        document = handout_of_workbook(Path(source), image, resize=resize, pixel=pixel, code=language)
    else:
        model = source
        if not isinstance(model, Model):
            model = load_model(Path(model), weights, input_shape, fold_batch_norm=fold_batch_norm)
        if image is None:
            raise SpecError("a handout of a model needs an image: name one with --input")
        pixels = pixels_of(image, model.graph.source_shape, resize=resize)
        document = handout_of_model(model, pixels, pixel=pixel, code=language or "en")
    write_document(document, path, form)


def handout_of_model(model: Model, image: Array, *, pixel: str | None = None, code: str = "en") -> Document:
    """The handout of a network on an image.

    Args:
        model: from `load`.
        image: raw pixels `(C, H, W)`.
        pixel: to work, `layer:map,row,column`; see `choose_pixel`.
        code: of the language.

    Raises:
        SpecError: if there is no such pixel or language.
        ImageError: if the image does not fit the network.
        LimitError: if the network fits no workbook, whose formulas the handout shows.
    """
    plan = make_plan(model.graph, Options(language=code), layout="auto")
    return _document(Model.of(plan.graph, model.params), image, plan, pixel)


def handout_of_workbook(
    path: Path, image: Image | None, *, resize: bool = False, pixel: str | None, code: str | None
) -> Document:
    """The handout of a workbook, with the weights in its cells.

    Args:
        path: of the workbook.
        image: in place of the image that is chosen or painted in the workbook.
        resize: scale an image file of another size.
        pixel: to work, `layer:map,row,column`; see `choose_pixel`.
        code: of the language; by default the workbook's own.

    Raises:
        WorkbookError: if it was not built by sheetcnn, or is damaged.
        SpecError: if there is no such pixel or language.
        ImageError: if another image is given and does not fit.
    """
    plan, contents = read_saved(path, KINDS)
    options = plan.layout.options
    if code is not None and code != options.language:
        plan = make_plan(plan.graph, replace(options, language=code))
    pixels = contents.image if image is None else pixels_of(image, plan.graph.source_shape, resize=resize)
    return _document(contents.model, pixels, plan, pixel)


def _document(model: Model, image: Array, plan: Plan, wanted: str | None) -> Document:
    say = plan.layout.say
    result = run(model, image)
    handout = HandoutContext(model, result, plan, choose_pixel(plan, result, wanted), say)
    parts: list[DocumentPart] = [Heading(model.graph.name, 1)]
    if result.label:
        parts.append(Paragraph(say(text("prediction on this input: {label}", label=result.label))))
    for section in SECTIONS:
        parts += section(handout)
    title = say(text("{network}, worked by hand", network=model.graph.name))
    return Document(title, parts, plan.layout.options.language)
