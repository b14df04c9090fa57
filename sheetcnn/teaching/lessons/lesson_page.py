"""The parts that pages of lessons are made of.

Every formula stands beside a function that computes its value with NumPy from the numbers typed into the page and
the choices; the two share nothing, so that `verify` checks a lesson whatever its reader changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Rect, Ref, add, call, compare
from sheetcnn.languages import read_texts
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import Choice, Computed, InputGrid, LiveGrid, PageContext, SheetPlan
from sheetcnn.teaching.paper.document import DocumentPart
from sheetcnn.xlsx.book import Cell, ListCheck, NumberCheck, Style

WIDTH, HEIGHT = 5.0, 26.0
"""Of the cells of a page: characters and points, together a square."""
TOP = 4
"""The first row below title and line."""
LEFT = 2
NUMBER = replace(theme.VALUE, number_format="0.##;−0.##;0", size=9)
"""At most two decimals, and none for whole numbers."""
TYPED = replace(NUMBER, color=theme.ACCENT, bold=True)
"""A number that the reader may change."""
EXACT = replace(theme.RESULT, number_format="#,##0.###")
TEXT = Style(color=theme.INK, vertical="center")
QUESTION = Style(color=theme.INK, fill="FFF4E5", vertical="center", wrap=True)

Values = Callable[[PageContext], Array]
Value = Callable[[PageContext], float | str]


@dataclass(frozen=True)
class Area:
    """A rectangle of a page, as formulas and values see it.

    Attributes:
        sheet: its name.
        row: of the first cell.
        col: of the same cell.
        height: rows.
        width: columns.
        values: of its numbers, `(height, width)`.
    """

    sheet: str
    row: int
    col: int
    height: int
    width: int
    values: Values

    def whole(self) -> Rect:
        """The whole rectangle, fixed."""
        return Rect(self.sheet, self.row, self.col, self.height, self.width, fixed=True)

    def cell(self, i: int, j: int) -> Ref:
        """One cell, fixed; counted from 0."""
        return Ref(self.sheet, self.row + i, self.col + j, fixed=True)

    def number(self, context: PageContext, i: int = 0, j: int = 0) -> float:
        """The value of one cell; counted from 0."""
        return float(self.values(context)[i, j])

    def matching_cell(self) -> Ref:
        """The cell that stands where the cell of the formula does."""
        return self.window(1, 1).cell

    def window(self, height: int, width: int, top: int = 0, left: int = 0, step: int = 1) -> Rect:
        """A window that moves with the cell of the formula, from (top, left) on."""
        return Rect(
            self.sheet, self.row + top, self.col + left, height, width, row_i=step, col_j=step, fixed=True
        )


class LessonPage:
    """One sheet of a lesson, while it is put together.

    Args:
        name: of the sheet.
        title: its heading.
        line: what it is about, in a sentence.
        lesson: whose questions it shows.
    """

    def __init__(self, name: str, title: str, line: str, lesson: str = "") -> None:
        self.lesson = lesson
        self.plan = SheetPlan(name, page=True, tab="page")
        self.plan.format.column_width, self.plan.format.row_height = WIDTH, HEIGHT
        self.plan.format.column_widths[1] = 2
        self.plan.format.row_heights |= {1: 30, 2: 20}
        self.plan.format.one_page = True
        self.plan.cells += [Cell(1, LEFT, title, theme.TITLE), Cell(2, LEFT, line, theme.SUBTITLE)]

    @classmethod
    def of(cls, lesson: str, name: str) -> LessonPage:
        """A sheet of a lesson, with its words from `texts.yaml`."""
        words = read_texts(__file__, "texts")[lesson]["pages"][name]
        return cls(name, words["title"], words["line"], lesson)

    @property
    def name(self) -> str:
        """Of the sheet."""
        return self.plan.name

    def text(self, row: int, col: int, words: str) -> None:
        """A line of text, which may run over the blank cells to its right."""
        self.plan.cells.append(Cell(row, col, words, TEXT))

    def heading(self, row: int, col: int, words: str) -> None:
        """A line in bold, above what it names."""
        self.plan.cells.append(Cell(row, col, words, theme.SECTION))

    def remark(self, row: int, col: int, words: str) -> None:
        """A remark."""
        self.plan.cells.append(Cell(row, col, words, theme.SUBTITLE))

    def label(
        self, row: int, col: int, label: str | float, style: Style = theme.TEXT, merge: int = 4
    ) -> None:
        """What a row or a column of numbers is."""
        self.plan.cells.append(Cell(row, col, label, style, merge=merge))

    def heads(
        self, row: int, words: Sequence[str], merge: int = 4, style: Style = theme.HEADING_CENTER
    ) -> None:
        """The heads of the columns of a table."""
        for n, head in enumerate(words):
            self.label(row, LEFT + n * merge, head, style, merge)

    def questions(self, row: int, wide: int = 24, first: int = 0, last: int | None = None) -> None:
        """A box of numbered questions of the lesson, or some of them, without their answers."""
        self.plan.cells.append(Cell(row, LEFT, "Questions", theme.SECTION))
        for n, (question, _) in enumerate(questions(self.lesson)[first:last], 1):
            self.plan.cells.append(Cell(row + n, LEFT, f"{n}. {question}", QUESTION, merge=wide))
            lines = -(-len(question) // int(wide * 5.4))
            self.plan.format.row_heights[row + n] = 6 + 16 * lines

    def inputs(
        self,
        key: str,
        row: int,
        col: int,
        numbers: Array,
        scale: theme.Scale | None = None,
        title: str = "",
    ) -> Area:
        """Numbers that the reader may change, below a title."""
        first = np.asarray(numbers, dtype=np.float64)
        high, wide = first.shape
        self.plan.inputs.append(InputGrid(key, row, col, high, wide, TYPED, lambda context: first))
        where = area(row, col, high, wide)
        self.plan.format.number_checks.append(
            NumberCheck(where, -1e6, 1e6, "A number", "Type a number from -1,000,000 to 1,000,000.")
        )
        self._dress(row, col, where, scale, title)
        return Area(self.name, row, col, high, wide, partial(_typed_numbers, key))

    def formulas(
        self,
        row: int,
        col: int,
        size: tuple[int, int],
        formula: Expr,
        values: Values,
        scale: theme.Scale | None = None,
        title: str = "",
        style: Style = NUMBER,
    ) -> Area:
        """Cells stamped from one formula, below a title."""
        high, wide = size
        self.plan.live.append(LiveGrid(row, col, high, wide, formula, style, values))
        self._dress(row, col, area(row, col, high, wide), scale, title)
        return Area(self.name, row, col, high, wide, values)

    def _dress(self, row: int, col: int, where: str, scale: theme.Scale | None, title: str) -> None:
        """Colours for a rectangle of numbers, and a title above it."""
        if scale is not None:
            self.plan.format.color_scales.append(theme.color_scale(scale, (where,)))
        if title:
            self.heading(row - 1, col, title)

    def difference(self, row: int, col: int, one: Area, other: Area) -> None:
        """Where two rectangles have different numbers."""
        parted = call("IF", compare("<>", one.matching_cell(), other.matching_cell()), 1, 0)

        def values(ctx: PageContext) -> Array:
            return np.not_equal(one.values(ctx), other.values(ctx)).astype(float)

        self.formulas(
            row, col, (one.height, one.width), parted, values, "sequential", title="1 where they part"
        )

    def convolution(
        self, row: int, col: int, maps: Sequence[Area], slices: Sequence[Area], title: str = ""
    ) -> Area:
        """A map: the windows of each input map times its slice of the kernel, added up."""
        kernel = slices[0]
        size = maps[0].height - kernel.height + 1, maps[0].width - kernel.width + 1
        pairs = list(zip(maps, slices, strict=True))
        terms = [call("SUMPRODUCT", x.window(kernel.height, kernel.width), k.whole()) for x, k in pairs]

        def values(ctx: PageContext) -> Array:
            return sum_arrays([correlate(x.values(ctx), k.values(ctx)) for x, k in pairs])

        return self.formulas(row, col, size, add(*terms), values, "diverging", title)

    def formula(
        self, row: int, col: int, formula: Expr, value: Value, *, style: Style = EXACT, merge: int = 2
    ) -> Ref:
        """One formula."""
        self.plan.computed.append(Computed(row, col, formula, style, value, merge=merge))
        return Ref(self.name, row, col, fixed=True)

    def labelled(self, row: int, col: int, label: str, formula: Expr, value: Value, span: int = 7) -> Ref:
        """A label, and to its right one formula."""
        self.label(row, col, label, theme.HEADING, span)
        return self.formula(row, col + span, formula, value)

    def choice(
        self, key: str, row: int, col: int, label: str, most: int, first: int = 1, span: int = 5
    ) -> Ref:
        """A number from 1 to `most` that the reader chooses from a list."""
        self.label(row, col, label, theme.HEADING, span)
        self.plan.choices.append(Choice(key, row, col + span, first, 1, most, merge=2))
        beside = 60
        self.plan.print_columns = beside - 1
        for n in range(most):
            self.plan.cells.append(Cell(row + n, beside + len(self.plan.choices), n + 1, theme.FAINT))
        source = area(row, beside + len(self.plan.choices), most, 1, fixed=True)
        cell = area(row, col + span, 1, 1)
        message = f"Choose a whole number from 1 to {most}."
        self.plan.format.drop_downs.append(ListCheck(cell, source, "Choose a number", message))
        return Ref(self.name, row, col + span, fixed=True)

    def zoom_to_fit(self, where: Area) -> None:
        """Scroll and print as far as this."""
        self.plan.format.zoom = theme.zoom(where.col + where.width, where.row + where.height, WIDTH, HEIGHT)


def _typed_numbers(key: str, context: PageContext) -> Array:
    found: Array = context.inputs[key]
    return found


def choice_of(key: str) -> Callable[[PageContext], int]:
    """What the reader chose."""
    return lambda context: context.choices[key]


def correlate(x: Array, kernel: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Window times kernel at every place, `(H, W)` and `(kh, kw)`: what deep learning calls convolution."""
    x = np.pad(x, pad)
    kh, kw = kernel.shape
    high = (x.shape[0] - (kh - 1) * dilation - 1) // stride + 1
    wide = (x.shape[1] - (kw - 1) * dilation - 1) // stride + 1
    out = np.zeros((max(0, high), max(0, wide)))
    for u in range(kh):
        for v in range(kw):
            rows = slice(u * dilation, u * dilation + (out.shape[0] - 1) * stride + 1, stride)
            cols = slice(v * dilation, v * dilation + (out.shape[1] - 1) * stride + 1, stride)
            out += x[rows, cols] * kernel[u, v]
    return out


def window_max(window: Rect, cells: int) -> Expr:
    """The greatest of so many cells; MAX alone passes over a blank one, which counts as 0 here."""
    return call("IF", compare("<", call("COUNT", window), cells), call("MAX", window, 0), call("MAX", window))


def window_mean(window: Rect, cells: int) -> Expr:
    """The mean of so many cells; AVERAGE would not count a blank one."""
    return call("SUM", window) / float(cells)


def fixed_value(number: float) -> Callable[[PageContext], float]:
    """A value that nothing changes."""
    return lambda context: float(number)


def sum_arrays(arrays: Sequence[Array]) -> Array:
    """The sum of arrays, element by element."""
    total: Array = np.sum(np.stack(arrays), axis=0)
    return total


def questions(lesson: str) -> tuple[tuple[str, str], ...]:
    """The questions of a lesson, each with its answer."""
    return tuple((one["ask"], one["answer"]) for one in read_texts(__file__, "texts")[lesson]["questions"])


class LessonContent(Protocol):
    """What the module of a lesson holds."""

    def pages(self) -> Sequence[LessonPage]:
        """The sheets of its workbook."""

    def figures(self) -> Sequence[DocumentPart]:
        """What stands on its printed page, between the idea and the questions."""


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes:
        name: on the command line, and of its words in `texts.yaml`.
        content: its module.
    """

    name: str
    content: LessonContent

    @property
    def title(self) -> str:
        """In words."""
        return str(read_texts(__file__, "texts")[self.name]["title"])

    @property
    def line(self) -> str:
        """What question it answers."""
        return str(read_texts(__file__, "texts")[self.name]["line"])

    @property
    def idea(self) -> str:
        """What its printed page begins with."""
        return str(read_texts(__file__, "texts")[self.name]["idea"])

    @property
    def questions(self) -> Sequence[tuple[str, str]]:
        """The questions, each with its answer."""
        return questions(self.name)

    def sheets(self) -> list[SheetPlan]:
        """The plans of its sheets."""
        return [page.plan for page in self.content.pages()]
