"""What a printed page is made of. The writers (`pdf`, `html`, `markdown`) know nothing of networks.

Texts are texts, never markup: a label with a sign that means something to a writer is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sheetcnn.shape import Array
from sheetcnn.sheets import theme

Scale = Literal["picture", "sequential", "diverging", "none"]


@dataclass(frozen=True)
class Heading:
    """A title; of level 1 it begins the document, of level 2 a section."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `small` ones are remarks."""

    text: str
    small: bool = False


@dataclass(frozen=True)
class Math:
    """A line of mathematics.

    Attributes:
        typst: in Typst's notation, made of numbers and signs alone.
        plain: the same as a line of text.
    """

    typst: str
    plain: str


@dataclass(frozen=True)
class Code:
    """A spreadsheet formula, and the cell that holds it."""

    text: str
    where: str = ""


@dataclass(frozen=True)
class Figure:
    """A grid of numbers as coloured squares.

    Attributes:
        caption: below it.
        values: `(rows, columns)`; NaN is left blank.
        scale: of the colours.
        decimals: of the numbers shown; None shows none, for a picture.
        greatest: what the darkest colour stands for; by default the greatest absolute value.
        marked: rectangles (row, column, height, width) with a frame around them.
        side: of a square, in millimetres.
        sign: before it, such as `×` or `=`.
        blanks: squares (row, column) whose number is not shown, to be filled in.
    """

    caption: str
    values: Array
    scale: Scale = "none"
    decimals: int | None = None
    greatest: float = 0.0
    marked: Sequence[tuple[int, int, int, int]] = ()
    side: float = 4.0
    sign: str = ""
    blanks: Sequence[tuple[int, int]] = ()

    def colors(self) -> list[list[str]]:
        """The colour of every square, RRGGBB."""
        finite = self.values[np.isfinite(self.values)]
        top = self.greatest or float(np.abs(finite).max(initial=0.0)) or 1.0
        return [[_color(v, self.scale, top) for v in row] for row in self.values.tolist()]

    def labels(self) -> list[list[str]]:
        """The number in every square, empty in pictures and blanks."""
        hidden = set(self.blanks)
        return [
            [
                "" if self.decimals is None or (i, j) in hidden or v != v else number_text(v, self.decimals)
                for j, v in enumerate(row)
            ]
            for i, row in enumerate(self.values.tolist())
        ]


@dataclass(frozen=True)
class Figures:
    """Figures side by side, on as many lines as they need."""

    figures: Sequence[Figure]


def side_by_side(*figures: Figure) -> Figures:
    """Figures side by side."""
    return Figures(figures)


@dataclass(frozen=True)
class Table:
    """A table; columns named in `numbers` stand to the right. `widths` are shares of the page's width."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class Box:
    """A box of a diagram: its name, lines below it, and its colour."""

    name: str
    lines: Sequence[str]
    color: str


@dataclass(frozen=True)
class Boxes:
    """Boxes in a row, with arrows between them."""

    boxes: Sequence[Box]


@dataclass(frozen=True)
class Terms:
    """A glossary."""

    terms: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AnswerLines:
    """Room to write: so many lines."""

    lines: int = 2


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a new page."""


DocumentPart = Heading | Paragraph | Math | Code | Figures | Table | Boxes | Terms | AnswerLines | PageBreak


@dataclass(frozen=True)
class Document:
    """A whole document: its title in the margin, its language, its parts."""

    title: str
    parts: Sequence[DocumentPart]
    language: str = "en"
    note: str = field(default="sheetcnn")
    """In the margin at the bottom."""


def number_text(value: float, decimals: int = 3) -> str:
    """A number for print: a true minus sign, and no `-0.00`."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def _color(value: float, scale: Scale, top: float) -> str:
    if scale == "none" or value != value:
        return theme.WHITE
    share = max(-1.0, min(1.0, value / top))
    if scale == "picture":
        return _mix(theme.INK, max(0.0, share))
    if scale == "sequential":
        return _mix(theme.ACTIVE, max(0.0, share))
    return _mix(theme.POSITIVE if share > 0 else theme.NEGATIVE, abs(share))


def _mix(color: str, share: float) -> str:
    """White where `share` is 0, the colour where it is 1."""
    parts = (int(color[n : n + 2], 16) for n in (0, 2, 4))
    return "".join(f"{round(255 + (part - 255) * share):02X}" for part in parts)
