"""The page of notes: what symbols and colours mean, how to follow a formula, where the model came from."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn._version import __version__
from sheetcnn.languages import Language, read_texts, text
from sheetcnn.pages.site import PageSite
from sheetcnn.sheets import theme
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.xlsx.book import Cell, Style

NAME = "notes"
TERM, MEANING = 1, 2
_TERM = Style(bold=True, color=theme.INK, vertical="top", wrap=True)
_MEANING = Style(color=theme.INK, vertical="top", wrap=True)
_WIDE = 108
"""Characters of a line of the column of meanings."""

_COLORS = {
    "input": theme.PIXEL_HIGH,
    "maps": theme.ACTIVE,
    "positive": theme.POSITIVE,
    "negative": theme.NEGATIVE,
    "margin": theme.MARGIN,
    "choice": theme.CHOICE.fill or theme.WHITE,
}


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page."""
    say, words = site.layout.say, read_texts(__file__)
    page = SheetPlan(NAME, page=True, tab="page")
    header(
        page, say("Notes"), say("how to read this workbook"), [(say("▲ overview"), "overview")], [], 24, say
    )
    page.format.column_widths |= {TERM: 24, MEANING: 110}
    page.format.landscape = False
    row = _table(
        page, say, 5, say("Words and symbols"), [(say(a), say(b)) for a, b in words["symbols"].items()]
    )
    row = _colors(page, say, row + 1)
    row = _table(
        page,
        say,
        row + 1,
        say("To follow a formula"),
        [(say(a), say(b)) for a, b in words["tracing"].items()],
    )
    _table(page, say, row + 1, say("Where this model came from"), _origin(say, site))
    yield page


def _table(page: SheetPlan, say: Language, row: int, title: str, lines: list[tuple[str, str]]) -> int:
    """A title and lines below it; returns the row after the last."""
    page.cells.append(Cell(row, TERM, title, theme.SECTION))
    for term, meaning in lines:
        row += 1
        page.cells += [Cell(row, TERM, term, _TERM), Cell(row, MEANING, meaning, _MEANING)]
        high = max(-(-len(meaning) // _WIDE), -(-len(term) // 22))
        page.format.row_heights[row] = 15.5 * high + 2
    return row + 1


def _colors(page: SheetPlan, say: Language, row: int) -> int:
    """What the colours mean, each beside a cell of it; returns the row after the last."""
    page.cells.append(Cell(row, TERM, say("Colours"), theme.SECTION))
    for name, meaning in read_texts(__file__)["colors"].items():
        row += 1
        page.cells += [
            Cell(row, TERM, None, Style(fill=_COLORS[name], border=theme.RULE)),
            Cell(row, MEANING, say(meaning), _MEANING),
        ]
    return row + 1


def _origin(say: Language, site: PageSite) -> list[tuple[str, str]]:
    graph = site.layout.graph
    lines = [(say("network"), graph.name)]
    lines += [(say(what), words) for what, words in graph.notes]
    count = sum(p.size for node in graph.nodes for p in graph.owned(node))
    layers = text("{layers} layers, {n} parameters", layers=len(graph.nodes), n=f"{count:,}")
    lines += [
        (say("size"), say(layers)),
        (say("layout"), say(site.layout.options.layout)),
        (say("built by"), f"sheetcnn {__version__}"),
        (say("weights, SHA-256"), site.provenance.weights),
        (say("images, SHA-256"), site.provenance.images),
        (say("spec"), say("in full on the sheet about; sheetcnn extract writes it back to a file")),
    ]
    return lines
