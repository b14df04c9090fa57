"""A handout of a network: its sections in order, written as PDF, HTML or Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sheetcnn.errors import ImageError, OutputError
from sheetcnn.files import replacing
from sheetcnn.languages import language, text
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Options
from sheetcnn.teaching.handouts.context import HandoutContext, choose_pixel
from sheetcnn.teaching.handouts.glossary import glossary
from sheetcnn.teaching.handouts.overview import maps, network
from sheetcnn.teaching.handouts.worked_examples import convolution, dense, pooling, receptive, softmax
from sheetcnn.teaching.paper.document import Document, DocumentPart, Heading, Paragraph
from sheetcnn.teaching.paper.html import html
from sheetcnn.teaching.paper.markdown import markdown
from sheetcnn.teaching.paper.pdf import pdf
from sheetcnn.workbook.auto_layout import choose_layout, prepared
from sheetcnn.workbook.extract import saved
from sheetcnn.workbook.plan import make_plan

Format = Literal["pdf", "html", "md"]
SUFFIXES: dict[str, Format] = {".pdf": "pdf", ".html": "html", ".htm": "html", ".md": "md"}
SECTIONS: tuple[Callable[[HandoutContext], Iterator[DocumentPart]], ...] = (
    network,
    maps,
    convolution,
    receptive,
    pooling,
    dense,
    softmax,
    glossary,
)
"""In order; each is empty where the network has nothing for it."""


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
    options = Options(layout=choose_layout(model.graph, "auto", Options()).layout, language=code)
    return _document(prepared(model, options), image, options, pixel)


def handout_of_workbook(path: Path, image: Array | None, *, pixel: str | None, code: str | None) -> Document:
    """The handout of a workbook: with the weights that stand in it, on the image that is chosen or painted.

    Raises:
        WorkbookError: if it was not built by sheetcnn, or is damaged.
        SpecError: if there is no such pixel or language.
        ImageError: if another image is given and does not fit.
    """
    plan, contents = saved(path)
    options = replace(plan.layout.options, language=code or plan.layout.options.language)
    return _document(contents.model, contents.image if image is None else image, options, pixel)


def _document(model: Model, image: Array, options: Options, wanted: str | None) -> Document:
    if image.shape != model.graph.source_shape.dims:
        found = "×".join(map(str, image.shape))
        raise ImageError(
            f"the image has shape {found}, but the network's input is {model.graph.source_shape} (C×H×W)"
        )
    say = language(options.language)
    result = run(model, image)
    plan = make_plan(model.graph, options)
    handout = HandoutContext(model, result, plan, choose_pixel(plan, result, wanted), say)
    parts: list[DocumentPart] = [Heading(model.graph.name, 1)]
    if result.label:
        parts.append(Paragraph(say(text("prediction on this input: {label}", label=result.label))))
    for section in SECTIONS:
        parts += section(handout)
    title = say(text("{network}, worked by hand", network=model.graph.name))
    return Document(title, parts, options.language)


def write_document(document: Document, path: Path, form: Format | None = None) -> None:
    """Write a document; the format follows from the name's end where it is not given.

    Raises:
        OutputError: if the name ends in none of the formats, Typst is needed and missing, or the file cannot
            be written; what stood there stays then.
    """
    chosen = form or SUFFIXES.get(path.suffix.lower())
    if chosen is None:
        raise OutputError(f"{path}: a handout's name ends in .pdf, .html or .md; or say --format")
    if chosen == "pdf":
        content = pdf(document)
    else:
        content = (html if chosen == "html" else markdown)(document).encode()
    with replacing(path) as part:
        part.write_bytes(content)
