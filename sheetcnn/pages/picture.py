"""The formula of a small picture of a map: one pattern that a single shared formula can write."""

from __future__ import annotations

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Rect, add, call
from sheetcnn.formulas.functions import OwnPlace
from sheetcnn.formulas.placement import Placement
from sheetcnn.formulas.region import Region
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan, TensorGrid


def picture_size(height: int, width: int, most: int) -> tuple[int, int, int]:
    """Pixels from one shown to the next, and the rows and columns of a picture of at most `most` each way."""
    step = max(-(-height // most), -(-width // most))
    return step, -(-height // step), -(-width // step)


def picture_region(channel: int, step: int, high: int, wide: int) -> Region:
    """Every `step`-th pixel of a channel."""
    return Region((channel, 0, 0), high, wide, (0, step, 0), (0, 0, step))


def picture_formula(placement: Placement, region: Region, row: int, col: int) -> Expr:
    """The pixel of a channel that belongs to a picture's cell.

    Where pixels are left out or lie apart, an INDEX counts them from the cell's own row and column, so that
    every cell has the same formula.

    Args:
        placement: of the tensor.
        region: from `picture_region`.
        row: of the picture's first cell.
        col: of the same cell.
    """
    channel, step = region.start[0], region.step_i[1]
    block = placement.block_of(channel)
    if (step == 1 and block.x_col == 1) or region.rows * region.cols == 1:
        return placement.at(region)
    first, shape = block.cell(channel, 0, 0), placement.shape
    width = (shape.width - 1) * block.x_col + 1
    pixels = Rect(block.sheet, *first, shape.height, width, fixed=True)
    return call("INDEX", pixels, _counted("ROW", row, step), _counted("COLUMN", col, step * block.x_col))


def input_picture(
    layout: Layout, plan: SheetPlan, channel: int, place: tuple[int, int, int], size: tuple[int, int]
) -> str:
    """Put the picture of a channel of the input onto a page; returns the address of its cells.

    Args:
        layout: of the workbook.
        plan: of the page.
        channel: counted from 0.
        place: row and column of its first cell, and pixels from one shown to the next.
        size: rows and columns.
    """
    source = layout.graph.source
    row, col, step = place
    region = picture_region(channel, step, *size)
    formula = picture_formula(layout.placements[source], region, row, col)
    plan.tensors.append(TensorGrid("", source, region, row, col, theme.PICTURE, formula, light=True))
    return area(row, col, *size)


def _counted(what: OwnPlace, first: int, step: int) -> Expr:
    """1 in the first row or column, `step` more in each that follows."""
    here = call(what)
    return here - float(first - 1) if step == 1 else add((here - float(first)) * float(step), 1)
