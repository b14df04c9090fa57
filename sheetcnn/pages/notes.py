"""The page of notes: what symbols and colours mean, how to follow a formula, where the model came from."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn._version import __version__
from sheetcnn.languages import Language, text
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

_SYMBOLS = (
    (
        "window × kernel",
        "the pixels under the kernel, each multiplied with the weight at its place, and added up "
        "(SUMPRODUCT)",
    ),
    ("bias", "a number of its own for each output map, added once to the whole sum"),
    ("max(0, …)", "ReLU: a negative sum becomes 0; it is applied once, to the sum over all input maps"),
    ("pre-activation", "the sum with its bias, before ReLU or another activation"),
    ("feature map", "what one kernel finds all over its input: a grid of numbers, shown as a picture"),
    ("padding", "the shaded cells around a map; they are blank and count as 0 in a sum"),
    ("3×8×8", "the shape of a result: channels (maps) × height × width"),
    ("receptive field", "the part of the input image that one number depends on"),
    ("logits", "the values before softmax: any numbers; the greatest wins"),
    (
        "softmax",
        "exp(value − greatest) divided by the sum of all these: numbers from 0 to 1 that add up to 1",
    ),
    ("✓", "a check on a page: two ways to compute a number agree"),
)
_COLORS = (
    ("input", theme.PIXEL_HIGH, "pixels: the darker, the greater"),
    ("maps", theme.ACTIVE, "activations of at least 0: white is 0, the greener, the greater"),
    ("positive", theme.POSITIVE, "numbers that can be negative: blue is above 0 ..."),
    (
        "negative",
        theme.NEGATIVE,
        "... and orange below 0; white is 0, and both ends are equally far from it",
    ),
    ("margin", theme.MARGIN, "padding: blank cells that windows reach"),
    (
        "choice",
        theme.CHOICE.fill or theme.WHITE,
        "a cell in which you choose something: click it, then its arrow",
    ),
)
_TRACING = (
    (
        "Excel",
        "Formulas, Trace Precedents draws arrows from the cells that a formula reads; F2 colours them, Esc "
        "leaves; Ctrl+[ goes there.",
    ),
    (
        "LibreOffice",
        "Tools, Detective, Trace Precedents does the same; F2 colours the cells that a formula reads.",
    ),
    (
        "Name Box",
        "Every map has a name: type conv1_f1 or output into the box left of the formula, and press Enter.",
    ),
    ("Google Sheets", "Double-click a formula: the cells that it reads are framed."),
    ("undo", "Ctrl+Z takes a change back; the page as_built keeps every weight as it was."),
)


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page."""
    say = site.layout.say
    page = SheetPlan(NAME, page=True, tab="page")
    header(
        page, say("Notes"), say("how to read this workbook"), [(say("▲ overview"), "overview")], [], 24, say
    )
    page.format.column_widths |= {TERM: 24, MEANING: 110}
    page.format.landscape = False
    row = _table(page, say, 5, say("Words and symbols"), [(say(a), say(b)) for a, b in _SYMBOLS])
    row = _colors(page, say, row + 1)
    row = _table(page, say, row + 1, say("To follow a formula"), [(say(a), say(b)) for a, b in _TRACING])
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
    for _, color, meaning in _COLORS:
        row += 1
        page.cells += [
            Cell(row, TERM, None, Style(fill=color, border=theme.RULE)),
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
