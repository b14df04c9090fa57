"""The prediction: the label, the three most probable classes, and every class as built and now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Number, Rect, Ref, call
from sheetcnn.pages import changes, diagram, picture
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import Computed, InputGrid, PageContext, SheetPlan
from sheetcnn.xlsx.book import BarChart, Cell, Style

OVERVIEW = "overview"
LEFT = 2
"""The first column of everything on the overview."""
DIAGRAM_AT = 5
MOST_PIXELS, MOST_OF_COLORS = 28, 12
"""A larger picture, of one channel or of several, shows every n-th pixel."""
MOST_CLASSES = 20
"""More classes than this are shown as the ten most probable."""
BEST, TOP_THREE = 10, 3
BESIDE = 80
"""A column to the right of everything, where a long list of labels runs down."""
WIDE_LABEL, WIDE_VALUE = 5, 3

_PROBABILITY = Style("0.0%", color=theme.INK, border=theme.RULE, horizontal="right", vertical="center")
_RAW = Style("0.000", color=theme.INK, border=theme.RULE, horizontal="right", vertical="center")
_CHANGE = Style("+0.0%;-0.0%;0.0%", color=theme.INK, border=theme.RULE, horizontal="right", vertical="center")
_RAW_CHANGE = Style(
    "+0.000;-0.000;0.000", color=theme.INK, border=theme.RULE, horizontal="right", vertical="center"
)
_LABEL = Style(color=theme.INK, vertical="center")
_BIG = Style(bold=True, size=22, color=theme.ACCENT, horizontal="center", vertical="center", fill=theme.HEAD)


def is_class_vector(layout: Layout) -> bool:
    """Whether the output is one value for each of several classes, in one piece."""
    shape = layout.graph.shapes[layout.graph.outputs[0]]
    return shape.size == shape.channels > 1 and len(layout.placements[layout.graph.outputs[0]].blocks) == 1


def picture_size(layout: Layout) -> tuple[int, int, int]:
    """Pixels from one shown to the next, and the rows and columns of the picture of one channel."""
    shape = layout.graph.source_shape
    most = MOST_PIXELS if shape.channels == 1 else MOST_OF_COLORS
    return picture.picture_size(shape.height, shape.width, most)


def heading_row(layout: Layout) -> int:
    """The row of the headings over input and prediction."""
    return DIAGRAM_AT + diagram.row_count(layout.graph) + 2


def _column(layout: Layout) -> int:
    shape = layout.graph.source_shape
    return LEFT + max(8, min(shape.channels, 3) * (picture_size(layout)[2] + 1)) + 1


def prediction_cell(layout: Layout) -> tuple[int, int] | None:
    """Row and column of the predicted label, where the output is one value per class."""
    return (heading_row(layout) + 1, _column(layout)) if is_class_vector(layout) else None


def prediction_target(layout: Layout) -> Ref | None:
    """The cell of the predicted label, as other sheets read it."""
    place = prediction_cell(layout)
    return None if place is None else Ref(OVERVIEW, *place, fixed=True)


class _Classes:
    """Puts the cells together."""

    def __init__(self, layout: Layout, page: SheetPlan) -> None:
        self.layout, self.page, self.say = layout, page, layout.say
        graph = layout.graph
        self.output = layout.placements[graph.outputs[0]]
        self.count = self.output.shape.channels
        self.labels = graph.labels or tuple(str(n) for n in range(self.count))
        self.probabilities = graph.by_name[graph.outputs[0]].op.kind == "softmax"
        self.few = self.count <= MOST_CLASSES
        self.top, self.col = heading_row(layout) + 1, _column(layout)
        self.table = self.col + WIDE_LABEL + WIDE_VALUE + 2
        self.value = _PROBABILITY if self.probabilities else _RAW
        self.whole = self.output.ranges()[0]
        at = (self.top + 1, self.table) if self.few else (self.top, BESIDE)
        self.names = Rect(None, *at, self.count, 1, fixed=True)

    @property
    def ranking(self) -> str:
        """The tensor by which classes are ranked: what softmax reads, where it can be.

        Both have the same order, but the probabilities of all but one class may be as small as 1e-20, and
        IronCalc's MATCH takes such numbers for equal.
        """
        graph = self.layout.graph
        output = graph.outputs[0]
        before = graph.by_name[output].inputs[0]
        alike = self.probabilities and len(self.layout.placements[before].blocks) == 1
        return before if alike and graph.shapes[before].size == self.count else output

    def draw(self) -> int:
        """Write everything; returns the last row."""
        page, say, top, col = self.page, self.say, self.top, self.col
        page.cells.append(Cell(top - 1, col, say("Prediction"), theme.SECTION))
        best = call("MATCH", call("MAX", *self.output.ranges()), self.whole, 0)
        label = call("INDEX", self.names, best, Number(1))
        wide = WIDE_LABEL + WIDE_VALUE
        page.computed.append(
            Computed(top, col, label, _BIG, lambda context: context.result.label, merge=wide, merge_rows=3)
        )
        words = say("the three most probable") if self.probabilities else say("the three greatest")
        page.cells.append(Cell(top + 4, col, words, theme.HEADING, merge=wide))
        ranked = min(self.count, TOP_THREE if self.few else BEST)
        for n in range(ranked):
            self._ranked(n, top + 5 + n)
        bottom = self._changed(top + 6 + ranked)
        if self.few:
            return max(bottom, self._table())
        for n, name in enumerate(self.labels):
            page.cells.append(Cell(top + n, BESIDE, name, _LABEL))
        page.cells.append(Cell(top - 1, BESIDE, say("all classes"), theme.SECTION))
        return bottom

    def _ranked(self, n: int, row: int) -> None:
        """The class that is the greatest but n, and its value."""
        value = call("LARGE", self.whole, Number(n + 1))
        at = self.col + WIDE_LABEL
        ranking = self.ranking
        values = self.layout.placements[ranking].ranges()[0]
        found = call("MATCH", call("LARGE", values, Number(n + 1)), values, 0)
        picked = call("INDEX", self.names, found, Number(1))
        label = partial(_nth_label, ranking, n, self.labels)
        self.page.computed += [
            Computed(row, at, value, self.value, partial(_nth, n), merge=WIDE_VALUE),
            Computed(row, self.col, picked, _LABEL, label, merge=WIDE_LABEL),
        ]

    def _changed(self, row: int) -> int:
        """How many weights differ from the built ones, and what was predicted then; returns the last row."""
        page, say = self.page, self.say
        if not self.layout.has("changes") or not self.layout.weights:
            return row - 1
        words, target = say("weights changed ►"), f"{changes.NAME}!A1"
        page.cells.append(Cell(row, self.col, words, theme.NAVIGATION, link=target, merge=WIDE_LABEL))
        place = (row, self.col + WIDE_LABEL)
        total, value = changes.total_changed(self.layout)
        page.computed.append(Computed(*place, total, theme.WHOLE, value, merge=WIDE_VALUE))
        return row

    def _table(self) -> int:
        """Every class as built, now, and the change, with a chart; returns the last row."""
        page, say, top = self.page, self.say, self.top
        note = say(
            "'as built' keeps the numbers that the workbook was made with. Change a weight or a pixel, and "
            "'now' follows; 'change' is the difference."
        )
        first = self.table + WIDE_LABEL
        page.cells.append(Cell(top, self.table, say("class"), theme.HEADING, merge=WIDE_LABEL))
        for n, (words, hint) in enumerate((("as built", note), ("now", ""), ("change", ""))):
            place = (top, first + n * WIDE_VALUE, say(words), theme.HEADING_CENTER)
            page.cells.append(Cell(*place, merge=WIDE_VALUE, note=hint))
        page.inputs.append(
            InputGrid("built.output", top + 1, first, self.count, 1, self.value, changes.built_output)
        )
        change = _CHANGE if self.probabilities else _RAW_CHANGE
        for n, label in enumerate(self.labels):
            row = top + 1 + n
            page.cells.append(Cell(row, self.table, label, _LABEL, merge=WIDE_LABEL))
            page.format.merged.append((row, first, 1, WIDE_VALUE))
            now = Ref(None, row, first + WIDE_VALUE)
            for at, formula, style, value in (
                (first + WIDE_VALUE, self.output.cell(n), self.value, _now),
                (first + 2 * WIDE_VALUE, now - Ref(None, row, first), change, _change),
            ):
                page.computed.append(Computed(row, at, formula, style, partial(value, n), merge=WIDE_VALUE))
        cells = [area(top + 1, c, self.count, 1, fixed=True) for c in (self.table, first, first + WIDE_VALUE)]
        height = max(8.0, 1.6 + 0.62 * self.count)
        title = say("probability of each class") if self.probabilities else say("value of each class")
        scale = (1.0, "0%") if self.probabilities else (None, "General")
        series = ((say("as built"), cells[1], theme.RULE), (say("now"), cells[2], theme.POSITIVE))
        page.format.charts.append(
            BarChart(title, top, first + 3 * WIDE_VALUE + 1, 12.5, height, cells[0], series, *scale)
        )
        return top + max(self.count, int(height / 0.62)) + 1


def draw(layout: Layout, page: SheetPlan) -> int:
    """Write the prediction onto the overview; returns the last row.

    Args:
        layout: of a network whose output `is_class_vector`.
        page: the overview.
    """
    return _Classes(layout, page).draw()


def _flat(context: PageContext) -> Array:
    return context.result.output.reshape(-1)


def _now(n: int, context: PageContext) -> float:
    return float(_flat(context)[n])


def _change(n: int, context: PageContext) -> float:
    return float(_flat(context)[n] - context.inputs["built.output"][n, 0])


def _nth(n: int, context: PageContext) -> float:
    return float(np.sort(_flat(context))[::-1][n])


def _nth_label(tensor: str, n: int, labels: Sequence[str], context: PageContext) -> str:
    flat = context.result.activations[tensor].reshape(-1)
    # MATCH finds the first of equal values.
    return labels[int(np.argmax(flat == np.sort(flat)[::-1][n]))]
