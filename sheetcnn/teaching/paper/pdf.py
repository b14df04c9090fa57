"""Typesets documents with Typst: one template draws every kind of part from data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sheetcnn.errors import OutputError
from sheetcnn.teaching.paper.document import Boxes, Document, Figure, Figures

if TYPE_CHECKING:
    import typst

TIMESTAMP = 1_577_836_800
"""2020-01-01: the same content gives the same bytes."""


def pdf(document: Document) -> bytes:
    """Typeset a document.

    The content goes to Typst as data, so nothing in it is read as markup; Typst reads no file but the
    template, and no fonts but its own.

    Raises:
        OutputError: if Typst is not installed.
    """
    own = {"title": document.title, "note": document.note, "language": document.language}
    # Typst's inputs are texts.
    data = {"data": json.dumps({**own, "parts": [_part(part) for part in document.parts]})}
    made = _compiler().compile(input=_template(), format="pdf", sys_inputs=data, timestamp=TIMESTAMP)
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _directory() -> Path:
    """The templates: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    places = (package / "templates" / "handouts", package.parent / "templates" / "handouts")
    return next(place for place in places if place.is_dir())


@cache
def _template() -> bytes:
    return (_directory() / "document.typ").read_bytes()


@cache
def _compiler() -> typst.Compiler:
    try:
        import typst
    except ImportError:
        raise OutputError(
            "a PDF is typeset with the package typst, which is not installed; "
            "pip install 'sheetcnn[handouts]', or write --format html or md"
        ) from None
    return typst.Compiler(root=_directory(), font_paths=typst.Fonts(include_system_fonts=False))


def _part(part: object) -> dict[str, Any]:
    kind = type(part).__name__.lower()
    if isinstance(part, Figures):
        return {"kind": kind, "figures": [_figure(figure) for figure in part.figures]}
    if isinstance(part, Boxes):
        return {"kind": kind, "boxes": [asdict(box) for box in part.boxes]}
    return {"kind": kind, **asdict(part)}  # type: ignore[call-overload]  # every part is a dataclass


def _figure(figure: Figure) -> dict[str, Any]:
    colors, labels = figure.colors(), figure.labels()
    rows, cols = figure.values.shape
    shown = {
        "caption": figure.caption,
        "side": figure.side,
        "sign": figure.sign,
        "marked": list(figure.marked),
    }
    runs = list(_runs(colors)) if figure.decimals is None else []
    return {**shown, "colors": colors, "labels": labels, "rows": rows, "cols": cols, "runs": runs}


def _runs(colors: list[list[str]]) -> Iterator[tuple[int, int, int, str]]:
    """Runs of squares of one colour, but for white: (row, first column, how many, colour)."""
    for i, row in enumerate(colors):
        start = 0
        for j in range(1, len(row) + 1):
            if j == len(row) or row[j] != row[start]:
                if row[start] != "FFFFFF":
                    yield i, start, j - start, row[start]
                start = j
