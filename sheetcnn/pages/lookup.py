"""What the pages share that pick a value of a tensor by chosen numbers, and set results below each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

from sheetcnn.formulas.expr import Binary, Expr, Number, Rect, String, call, choose, compare, pick
from sheetcnn.formulas.placement import Block, Placement
from sheetcnn.sheets import theme
from sheetcnn.sheets.by_block import by_block
from sheetcnn.sheets.sheet_plan import Computed, PageContext, SheetPlan
from sheetcnn.xlsx.book import Cell, Style

MOST_CHOSEN = 100
"""Sheets among which one formula chooses: each is named in it."""
CLOSE = 1e-9
"""Sums in another order differ in the last digits."""
SAME, DIFFERENT = "✓", "✗"


class Line(NamedTuple):
    """One result: label, formula, value and look."""

    label: str
    formula: Expr
    value: Callable[[PageContext], float | str]
    style: Style = theme.RESULT


def can_pick(placement: Placement) -> bool:
    """Whether one formula can pick among all maps of a tensor."""
    return len(placement.blocks) <= MOST_CHOSEN


def pixel(placement: Placement, channel: Expr, row: Expr, col: Expr) -> Expr:
    """One value of a tensor of maps, by channel, row and column, each counted from 1."""
    shape = placement.shape
    if all(block.count == 1 for block in placement.blocks):
        cells = [
            pick(Rect(b.sheet, *b.cell(b.first, 0, 0), shape.height, shape.width, fixed=True), row, col)
            for b in placement.blocks
        ]
        return cells[0] if len(cells) == 1 else choose(channel, cells)

    def value(block: Block, number: Expr) -> Expr:
        first = block.cell(block.first, 0, 0)
        if block.channel_row:  # one value per channel, down a column
            return pick(Rect(block.sheet, *first, block.count, 1, fixed=True), number, 1)
        width = (shape.width - 1) * block.x_col + block.count
        places = Rect(block.sheet, *first, shape.height, width, fixed=True)
        return pick(places, row, (col - 1) * float(block.x_col) + number)

    return by_block(placement, channel, value)


def joined(*parts: Expr) -> Expr:
    """Texts one after the other: `a&b&c`."""
    return reduce(lambda before, part: Binary("&", before, part), parts)


def whole(number: Expr) -> Expr:
    """A whole number as a text."""
    return call("TEXT", number, String("0"))


def same(a: Expr, b: Expr) -> Expr:
    """A check mark if two numbers agree but for the last digits, else a cross."""
    close = compare("<=", call("ABS", a - b), Number(CLOSE) * call("MAX", 1, call("ABS", b)))
    return call("IF", close, String(SAME), String(DIFFERENT))


def write_lines(plan: SheetPlan, lines: Sequence[Line], row: int, col: int) -> None:
    """Write results one below the other: the label, and to the right its number."""
    for n, line in enumerate(lines):
        plan.cells.append(Cell(row + n, col, line.label, theme.HEADING))
        plan.computed.append(Computed(row + n, col + 1, line.formula, line.style, line.value))
