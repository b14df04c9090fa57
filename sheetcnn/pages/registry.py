"""The pages that explain a workbook, one row each: what is said of a page anywhere is said here.

A page is a file in this package and a row in `PAGES`. Planner, command line, docs and tests read the table;
none of them knows a page by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sheetcnn.errors import SpecError
from sheetcnn.formulas.expr import Expr
from sheetcnn.model.graph import Graph, Node
from sheetcnn.pages import about, changes, gallery, notes, overview, receptive
from sheetcnn.pages import input as input_page
from sheetcnn.pages.site import PageSite
from sheetcnn.pages.trace import frames, table
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.xlsx.book import Highlight

MOST_VALUES = 1_000_000
"""Values of all layers beyond which a network counts as large."""

Names = Callable[[Layout], Iterable[tuple[str, str]]]
"""Defined names and the cells that they stand for: (`output`, `fc_out!$C$6:$C$15`)."""
Frames = Callable[[Layout], Iterable[tuple[str, Highlight]]]
"""Rules that a page puts on sheets of values: (sheet, rule)."""


def _none(layout: Layout) -> tuple[()]:
    return ()


def _always(graph: Graph) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Page:
    """A sort of page.

    Attributes:
        name: by which it is asked for: `--pages gallery`.
        summary: what it is good for, in a few words.
        optional: whether it can be left out.
        for_large: whether networks of more than `MOST_VALUES` values get it too, unless it is asked for.
        fits: whether a network is small enough for it; what does not fit is left out unless it is asked for.
        names: defined names that it brings along.
        frames: rules that it puts on sheets of values.
    """

    name: str
    summary: str
    optional: bool = True
    for_large: bool = False
    fits: Callable[[Graph], bool] = _always
    names: Names = _none
    frames: Frames = _none


@dataclass(frozen=True, kw_only=True)
class NetworkPage(Page):
    """A page about the whole network.

    Attributes:
        sheets: makes it; nothing where the network has nothing for it.
        place: `cover`: before all other sheets, and made when they are known; `front`: before the values of
            the first layer; `back`: after those of the last one.
        pixels: the formula of an input pixel (layout, channel), where the reader chooses the input here.
    """

    sheets: Callable[[PageSite], Iterable[SheetPlan]]
    place: Literal["cover", "front", "back"] = "back"
    pixels: Callable[[Layout, int], Expr] | None = None


@dataclass(frozen=True, kw_only=True)
class LayerPage(Page):
    """A page for each layer that it suits; it stands after the layer's own sheets.

    Attributes:
        sheets: makes that of one layer; nothing where it does not suit the layer.
    """

    sheets: Callable[[Layout, Node], Iterable[SheetPlan]]


PAGES: tuple[NetworkPage | LayerPage, ...] = (
    NetworkPage(
        name="overview",
        summary="the network as a picture, the prediction, and links to every sheet",
        optional=False,
        place="cover",
        sheets=overview.sheets,
        names=overview.names,
    ),
    NetworkPage(
        name="input",
        summary="choose one of several images, or paint one",
        place="front",
        fits=input_page.fits,
        sheets=input_page.sheets,
        names=input_page.names,
        pixels=input_page.source_formula,
    ),
    LayerPage(
        name="gallery",
        summary="all maps of a layer as small live pictures, with their kernels",
        sheets=gallery.sheets,
    ),
    LayerPage(
        name="trace",
        summary="one value of a layer, computed step by step",
        for_large=True,
        sheets=table.sheets,
        names=frames.names,
        frames=frames.frames,
    ),
    NetworkPage(
        name="receptive",
        summary="which pixels of the input a value depends on",
        sheets=receptive.sheets,
    ),
    NetworkPage(
        name="changes",
        summary="the weights as built, and how many have been changed since",
        fits=changes.fits,
        sheets=changes.sheets,
    ),
    NetworkPage(
        name="notes",
        summary="symbols, colours, how to follow a formula, where the model comes from",
        sheets=notes.sheets,
    ),
    NetworkPage(
        name="about",
        summary="what built the file and from what, as sheetcnn verify reads it",
        optional=False,
        sheets=about.sheets,
    ),
)
"""Every page, in the order in which they stand in a workbook."""

NETWORK_PAGES = tuple(page for page in PAGES if isinstance(page, NetworkPage))
LAYER_PAGES = tuple(page for page in PAGES if isinstance(page, LayerPage))
OPTIONAL = tuple(page.name for page in PAGES if page.optional)
"""The names that `--pages` takes."""


def fitting_pages(graph: Graph) -> tuple[str, ...]:
    """The pages that a workbook gets where nobody asks for others: all that fit the network's size."""
    large = sum(shape.size for shape in graph.shapes.values()) > MOST_VALUES
    chosen = (page for page in PAGES if page.optional and (page.for_large or not large) and page.fits(graph))
    return tuple(page.name for page in chosen)


def check_pages(names: Sequence[str]) -> tuple[str, ...]:
    """Names of pages in the order of `PAGES`, each once.

    Raises:
        SpecError: if there is no such page, or it cannot be chosen.
    """
    for name in names:
        if name not in OPTIONAL:
            raise SpecError(f"there is no page '{name}' to choose; there are {', '.join(OPTIONAL)}")
    return tuple(name for name in OPTIONAL if name in names)
