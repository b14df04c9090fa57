"""What a workbook is made of, for the writer: it knows neither networks nor layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sheetcnn.formulas.expr import Expr
from sheetcnn.shape import Array

Value = float | int | str


class RowSource(Protocol):
    """Numbers that are made row by row."""

    def __getitem__(self, row: int) -> Array:
        """The numbers of a row, counted from 0."""


@dataclass(frozen=True)
class Style:
    """The look of a cell. Colours are RRGGBB."""

    number_format: str = "General"
    bold: bool = False
    italic: bool = False
    underline: bool = False
    size: float = 11
    color: str | None = None
    fill: str | None = None
    border: str | None = None
    """Colour of a thin line around the cell."""
    horizontal: Literal["left", "center", "right"] | None = None
    vertical: Literal["top", "center"] | None = None
    wrap: bool = False
    rotation: int = 0
    unlocked: bool = False
    """Whether it may be changed on a protected sheet."""


@dataclass(frozen=True)
class Cell:
    """One cell: a text, a number, or a formula together with its value.

    `link` is a place in the workbook, `sheet!A1`, that a click leads to. `merge` is how many columns
    the cell spans, `merge_rows` how many rows. A value of None leaves the cell blank but styled. `note`
    shows when the pointer is over the cell.
    """

    row: int
    col: int
    value: Value | None = None
    style: Style = Style()
    formula: Expr | None = None
    link: str | None = None
    merge: int = 1
    merge_rows: int = 1
    note: str = ""


@dataclass(frozen=True)
class Grid:
    """A rectangle of numbers, or of formulas stamped from one pattern together with their values.

    `values[i, j]` stands in row `row + i * row_step`, column `col + j * col_step`. NaN leaves the cell
    out. Without a formula, `values` None makes blank styled cells (`height`, `width`).

    `values` may be a view of any strides, of which rows are taken one at a time, or a function, which is
    called while the sheet is written and whose array is let go of after the grid's last row.
    """

    row: int
    col: int
    height: int
    width: int
    style: Style
    values: Array | RowSource | Callable[[], Array | RowSource] | None = None
    formula: Expr | None = None
    row_step: int = 1
    col_step: int = 1
    block: bool = False
    """Whether one shared formula may fill it all: smaller, but programs group formulas down columns."""

    def array(self) -> Array | RowSource | None:
        """The values themselves; made now, if they are a function."""
        return self.values() if callable(self.values) else self.values


@dataclass(frozen=True)
class ColorScale:
    """Two or three colours over the values of some cell ranges.

    Stops are `(kind, value, colour)` with kind `min`, `max`, `num` or `formula`.
    """

    ranges: tuple[str, ...]
    stops: tuple[tuple[Literal["min", "max", "num", "formula"], str | None, str], ...]


@dataclass(frozen=True)
class DataBar:
    """Bars in the cells of a range, from 0 to `maximum`."""

    range: str
    color: str
    maximum: float = 1.0
    """The value whose bar fills the cell."""


@dataclass(frozen=True)
class Highlight:
    """A coloured frame around the cells of some ranges for which a formula holds.

    `formula` is a text without `=`, as it reads in the first cell; it may use defined names.
    """

    ranges: tuple[str, ...]
    formula: str
    color: str


@dataclass(frozen=True)
class BarChart:
    """Bars of the numbers in some cells of the chart's own sheet.

    Attributes:
        title: above it.
        row: of the cell at its upper left corner.
        col: of that cell.
        width: in centimetres.
        height: in centimetres.
        categories: range of the texts along the axis, `B3:B12`.
        series: for each row of bars its name, range and colour.
        maximum: of the axis; None: what the numbers need.
        number_format: of the axis.
    """

    title: str
    row: int
    col: int
    width: float
    height: float
    categories: str
    series: Sequence[tuple[str, str, str]]
    maximum: float | None = None
    number_format: str = "General"


@dataclass(frozen=True)
class NumberCheck:
    """Input cells that take only numbers between two bounds; `message` shows when another is typed."""

    range: str
    low: float
    high: float
    title: str
    message: str


@dataclass(frozen=True)
class ListCheck:
    """Cells that take only what stands in the range `source`, offered as a drop-down."""

    range: str
    source: str
    title: str
    message: str


@dataclass
class SheetFormat:
    """All of a sheet but its cells: sizes, rules, printing. Mutable while the sheet is being put together."""

    column_width: float | None = None
    """Width of all columns that are not in `column_widths`, in characters."""
    column_widths: dict[int, float] = field(default_factory=dict)
    row_height: float | None = None
    """Height of all rows that are not in `row_heights`, in points."""
    row_heights: dict[int, float] = field(default_factory=dict)
    freeze: tuple[int, int] | None = None
    """The first row and column that scroll."""
    color_scales: list[ColorScale] = field(default_factory=list)
    data_bars: list[DataBar] = field(default_factory=list)
    highlights: list[Highlight] = field(default_factory=list)
    number_checks: list[NumberCheck] = field(default_factory=list)
    drop_downs: list[ListCheck] = field(default_factory=list)
    tab_color: str | None = None
    gridlines: bool = False
    zoom: int = 100
    """Per cent."""
    landscape: bool = True
    title_rows: int = 0
    """Rows from the top that are repeated on every printed page."""
    print_area: tuple[int, int] | None = None
    """The last row and column that are printed; None: all."""
    one_page: bool = False
    """Whether it is printed on one page; else on pages of its whole width."""
    hidden: bool = False
    """Whether it is out of sight, and no menu brings it back."""
    protected: bool = False
    """Whether only unlocked cells may be changed; there is no password, so it guards against slips alone."""
    charts: list[BarChart] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Cells of grids that span others (row, column, height, width); cells say it themselves."""


@dataclass(frozen=True)
class Sheet:
    """One worksheet."""

    name: str
    cells: Sequence[Cell] = ()
    grids: Sequence[Grid] = ()
    format: SheetFormat = field(default_factory=SheetFormat)
    repeats: bool = False
    """Whether its cells repeat each other in short pieces, so that harder compression pays."""


@dataclass(frozen=True)
class Book:
    """A workbook: its sheets in order, and its defined names (name, `sheet!$A$1:$B$2`)."""

    title: str
    sheets: Sequence[Sheet]
    names: Sequence[tuple[str, str]] = ()
