"""The first sheet: the input, the prediction, and every layer with links to its sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Number, Ref, call
from sheetcnn.formulas.region import Region
from sheetcnn.graph import Graph
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.plan import Computed, Facts, SheetPlan, TensorGrid
from sheetcnn.sheets.wording import kind_title, words
from sheetcnn.xlsx.book import Cell, DataBar, Style

PREDICTION_NAME = "prediction"

TOP = 5
"""The first row of the picture and of the table of classes."""
LEFT = 2
MOST_PIXELS = 32
"""A larger picture shows every n-th pixel."""
MOST_CLASSES = 20
"""More classes than this are shown as the ten most probable."""
BEST = 10
BESIDE = 80
"""A column to the right of the table of layers, where a long list of labels runs down beside it."""
CELL = 3.1
ROW = 18.0

_COLUMNS = (
    ("layer", 6),
    ("kind", 10),
    ("shape", 4),
    ("parameters", 4),
    ("", 1),
    ("each value is", 22),
    ("sheets", 36),
)
"""The table of layers: headings, and how many columns each spans."""
_PARAMETERS, _WORDS, _SHEETS = 3, 5, 6
_LINK_SPAN = 3
_PER_ROW = 12  # links to sheets

# LibreOffice 7.4 needs ten minutes in place of ten seconds where windows are wide (docs/benchmarks.md).
_THREADS = (
    "LibreOffice recalculates a workbook like this one much faster without threads: Tools, Options, "
    "LibreOffice Calc, Calculate, multi-threaded calculation."
)
_SECTION = Style(bold=True, size=12, color=theme.INK)
_BIG = Style(bold=True, size=22, color=theme.ACCENT, horizontal="center", vertical="center", fill=theme.HEAD)
_PROBABILITY = Style("0.0%", color=theme.INK, horizontal="right", vertical="center")
_RAW = Style("0.000", color=theme.INK, horizontal="right", vertical="center")
_LABEL = Style(color=theme.INK, vertical="center", horizontal="right")
_CELL = Style(color=theme.INK, vertical="center")
_COUNT = Style("#,##0", color=theme.INK, vertical="center", horizontal="right")
_NUMBER_HEADING = replace(theme.HEADING, horizontal="right")
_LINK = Style(color=theme.LINK, underline=True, vertical="center")


def _picture(graph: Graph) -> tuple[int, int, int]:
    """Pixels from one shown to the next, and the rows and columns of the picture of one channel."""
    shape = graph.source_shape
    step = max(-(-shape.height // MOST_PIXELS), -(-shape.width // MOST_PIXELS))
    return step, -(-shape.height // step), -(-shape.width // step)


def _is_class_vector(layout: Layout) -> bool:
    """Whether the output is one value for each of several classes, in one piece."""
    shape = layout.graph.shapes[layout.graph.outputs[0]]
    return shape.size == shape.channels > 1 and len(layout.placements[layout.graph.outputs[0]].blocks) == 1


def _class_column(layout: Layout) -> int:
    _, _, width = _picture(layout.graph)
    return LEFT + min(layout.graph.source_shape.channels, 3) * (width + 1) + 2


def prediction_cell(layout: Layout) -> tuple[int, int] | None:
    """Row and column of the predicted label, where the output is one value per class."""
    return (TOP, _class_column(layout)) if _is_class_vector(layout) else None


def overview_sheet(layout: Layout, sheets: Sequence[SheetPlan]) -> SheetPlan:
    """Build the page.

    Args:
        layout: of the workbook.
        sheets: all the other sheets, to link to.
    """
    graph = layout.graph
    page = SheetPlan("overview", tab_color=theme.TABS["page"])
    page.column_width, page.row_height = CELL, ROW
    page.row_heights |= {1: 28, 2: 18, 4: 20}
    page.column_widths[1] = 2
    page.landscape = True
    source = layout.placements[graph.source].blocks[0].sheet
    page.cells += [
        Cell(1, LEFT, graph.name, theme.TITLE),
        Cell(
            2,
            LEFT,
            "A neural network in live formulas: change a pixel or a weight, and every number follows.",
            theme.SUBTITLE,
        ),
        Cell(4, LEFT, "Input", _SECTION),
        Cell(4, LEFT + 3, "change it ►", theme.NAVIGATION, link=f"{source}!A1", merge=4),
    ]
    bottom = _input(layout, page)
    if _is_class_vector(layout):
        bottom = max(bottom, _classes(layout, page))
    _layers(layout, page, sheets, bottom + 2)
    return page


def _input(layout: Layout, page: SheetPlan) -> int:
    """The picture, channel by channel; returns its last row."""
    graph = layout.graph
    placement = layout.placements[graph.source]
    step, height, width = _picture(graph)
    ranges = []
    for c in range(min(graph.source_shape.channels, 3)):
        col = LEFT + c * (width + 1)
        region = Region((c, 0, 0), height, width, (0, step, 0), (0, 0, step))
        page.tensors.append(
            TensorGrid("", graph.source, region, TOP, col, theme.PICTURE, placement.at(region))
        )
        ranges.append(area(TOP, col, height, width))
    page.color_scales += [theme.color_scale("picture", (r,)) for r in ranges]
    return TOP + height - 1


def _classes(layout: Layout, page: SheetPlan) -> int:
    """The predicted label and the values of the classes; returns the last row."""
    graph = layout.graph
    output = layout.placements[graph.outputs[0]]
    classes = output.shape.channels
    col = _class_column(layout)
    probabilities = graph.by_name[graph.outputs[0]].op.kind == "softmax"
    page.cells.append(Cell(4, col, "Prediction", _SECTION))
    ranges = output.ranges()
    whole = ranges[0]
    # The labels stand on this sheet; INDEX picks the one in the row of the greatest value.
    labels = graph.labels or tuple(str(n) for n in range(classes))
    few = classes <= MOST_CLASSES
    # The values need a wide column: it is put where the table below has its widest.
    value_col = max(col + 13, LEFT + sum(span for _, span in _COLUMNS[:_WORDS]) + 1)
    right = max(LEFT + sum(span for _, span in _COLUMNS), value_col) + 2
    listed_at = (TOP, value_col - 5) if few else (TOP, right)
    if not few:
        page.cells.append(Cell(4, listed_at[1], "All classes", _SECTION))
    names = Ref(None, *listed_at, classes, 1, fixed=True)
    best = call("INDEX", names, call("MATCH", call("MAX", *ranges), whole, 0), Number(1))
    page.computed.append(
        Computed(*(prediction_cell(layout) or (0, 0)), best, _BIG, _label, merge=5, merge_rows=3)
    )
    style = _PROBABILITY if probabilities else _RAW
    for n, label in enumerate(labels):
        page.cells.append(Cell(TOP + n, listed_at[1], label, _LABEL, merge=4 if few else 1))
    if few:
        region = Region.channels(0, classes)
        for part in output.parts(region):
            row = TOP + part.start[0]
            page.tensors.append(
                TensorGrid("", graph.outputs[0], part, row, value_col, style, output.at(part))
            )
    else:
        for n in range(BEST):
            value = call("LARGE", whole, Number(n + 1))
            page.computed.append(Computed(TOP + n, value_col, value, style, _nth(n)))
            picked = call("INDEX", names, call("MATCH", Ref(None, TOP + n, value_col), whole, 0), Number(1))
            page.computed.append(
                Computed(TOP + n, value_col - 5, picked, _LABEL, _nth_label(n, labels), merge=4)
            )
    rows = classes if few else BEST
    page.column_widths[value_col] = 16
    if probabilities:
        page.data_bars.append(DataBar(area(TOP, value_col, rows, 1), theme.POSITIVE))
    return TOP + rows - 1


def _label(facts: Facts) -> str:
    return facts.result.label


def _nth(n: int) -> Callable[[Facts], float]:
    def value(facts: Facts) -> float:
        return float(np.sort(facts.result.output.reshape(-1))[::-1][n])

    return value


def _nth_label(n: int, labels: Sequence[str]) -> Callable[[Facts], str]:
    def value(facts: Facts) -> str:
        flat = facts.result.output.reshape(-1)
        # MATCH finds the first of equal values.
        return labels[int(np.argmax(flat == np.sort(flat)[::-1][n]))]

    return value


def _layers(layout: Layout, page: SheetPlan, sheets: Sequence[SheetPlan], top: int) -> None:
    """The table of layers, with links to all their sheets."""
    graph = layout.graph
    spans = _COLUMNS
    page.cells.append(Cell(top, LEFT, "Layers", _SECTION))
    at = [LEFT]
    for text, span in spans:
        style = _NUMBER_HEADING if text == "parameters" else theme.HEADING
        page.cells.append(Cell(top + 1, at[-1], text or None, style, merge=span))
        at.append(at[-1] + span)
    owned: dict[str, list[str]] = {}
    for sheet in sheets:
        owned.setdefault(sheet.layer, []).append(sheet.name)
    row = top + 2
    lines = [(graph.source, "input", str(graph.source_shape), 0, "a number that you can change")]
    for node in graph.nodes:
        count = sum(p.size for p in graph.owned(node))
        line = words(graph, node)
        lines.append((node.name, kind_title(node), str(graph.shapes[node.name]), count, line))
    for name, kind, shape, count, line in lines:
        values = (name, kind, shape, count or None, None, line)
        for n, value in enumerate(values):
            style = _COUNT if n == _PARAMETERS else _CELL
            page.cells.append(Cell(row, at[n], value, style, merge=spans[n][1]))
        names = owned.get(name, [])
        for n, target in enumerate(names):
            place = (row + n // _PER_ROW, at[_SHEETS] + n % _PER_ROW * _LINK_SPAN)
            text = target.removeprefix(f"{layout.bases[name]}_")  # the row names the layer already
            page.cells.append(Cell(*place, text, _LINK, link=f"{target}!A1", merge=_LINK_SPAN))
        row += max(1, -(-len(names) // _PER_ROW))
    for name in (*owned.get("", ()), "about"):
        row += 1
        page.cells.append(Cell(row, LEFT, f"{name.replace('_', ' ')} ►", _LINK, link=f"{name}!A1", merge=8))
    if layout.interleaved:
        page.cells.append(Cell(row + 1, LEFT, _THREADS, theme.SUBTITLE))
