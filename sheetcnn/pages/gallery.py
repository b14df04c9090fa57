"""A page per layer that shows all its maps as small live pictures, each with the kernel that made it.

A picture's number is a share of the greatest one on the page, in hundredths: so all pictures have one scale,
and a page of thousands of pixels stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import Expr, Number, Rect, Ref, call
from sheetcnn.languages import text
from sheetcnn.model.graph import INPUT, Graph, Node
from sheetcnn.model.ops.base import Parameter
from sheetcnn.pages.picture import picture_formula, picture_region, picture_size
from sheetcnn.shape import Array, Shape
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout, view_name
from sheetcnn.sheets.maps import header
from sheetcnn.sheets.sheet_plan import Computed, LiveGrid, PageContext, SheetPlan
from sheetcnn.sheets.weight_cells import WeightCells
from sheetcnn.xlsx.book import Cell

MOST_MAPS = 64
"""Maps of a layer that are shown; more would not be looked at one by one."""
MOST_SLICES = 8
"""Slices of a kernel that are shown."""
MOST_PIXELS = 9_000
"""Of all pictures of a workbook together; where there are more, every picture shows every n-th pixel."""
SIDES = (64, 48, 32, 28, 24, 20, 16, 14, 12, 10, 8)
"""Pixels along a picture's longer side, at most: the first for which all pictures are few enough."""
ACROSS, ACROSS_SMALL = 100, 56
"""Columns of the page, about: of tiny cells, and of small ones, which pictures of few pixels get."""
FEW = 12
"""Pixels along a picture's side that are few."""
LINK_WIDE = 7
"""Columns of a title that can be clicked; blank cells cost bytes too."""
LEAST_WIDE = 9
"""Columns of a picture and its title, at least."""
FIRST_ROW, FIRST_COLUMN = 8, 2
UNIT = 0.01
SCALE_AT = 5


def gallery_name(layout: Layout, node: Node) -> str:
    """The sheet that shows a layer's maps."""
    return f"{layout.bases[node.name]}_gallery"


def has_gallery(layout: Layout, node: Node) -> bool:
    """Whether a layer has maps of its own to show."""
    shape = layout.graph.shapes[node.name]
    maps = shape.height > 1 and shape.width > 1
    return maps and node.name not in layout.aliases and node.name != INPUT  # the input has a page of its own


def picture_side(graph: Graph) -> int:
    """The pixels along a picture's longer side, at most, for a network."""
    shapes = [s for n in graph.nodes if min((s := graph.shapes[n.name]).height, s.width) > 1]
    for most in SIDES:
        if sum(min(s.channels, MOST_MAPS) * _pixels(s, most) for s in shapes) <= MOST_PIXELS:
            return most
    return SIDES[-1]


def _pixels(shape: Shape, most: int) -> int:
    _, high, wide = picture_size(shape.height, shape.width, most)
    return high * wide


def sheets(layout: Layout, node: Node) -> Iterator[SheetPlan]:
    """The page of a layer that `has_gallery`."""
    if has_gallery(layout, node):
        yield _GalleryPage(layout, node).sheet()


@dataclass(frozen=True)
class _KernelPictures:
    """The kernels of a layer whose slices are pictures too."""

    owner: str
    cells: WeightCells
    kernel: Parameter
    shown: int

    @property
    def size(self) -> tuple[int, int]:
        return self.kernel.kernel_shape[2:]

    def values(self, output: int, n: int, params: PageContext) -> Array:
        """The weights of one slice."""
        weight = params.params[self.owner][self.kernel.name].reshape(-1)
        found: Array = weight[self.kernel.positions(output)].reshape(self.kernel.kernel_shape[1:])[n]
        return found


TINIEST = 1e-12
"""In place of 0 as the greatest number, so that nothing is divided by 0."""


class _GalleryPage:
    """Puts the page together: the two scales, then the tiles from left to right."""

    def __init__(self, layout: Layout, node: Node) -> None:
        self.layout, self.node, self.say = layout, node, layout.say
        self.shape = layout.graph.shapes[node.name]
        self.placement = layout.placements[node.name]
        self.count = min(self.shape.channels, MOST_MAPS)
        most = picture_side(layout.graph)
        self.step, self.high, self.wide = picture_size(self.shape.height, self.shape.width, most)
        self.signed = not layout.graph.nonnegative[node.name]
        self.kernels = self._kernels()
        kw = self.kernels.size[1] if self.kernels else 0
        self.tile = max(self.wide, kw, LEAST_WIDE)
        self.plan = SheetPlan(gallery_name(layout, node), node.name, page=True, tab="view")

    def _kernels(self) -> _KernelPictures | None:
        weights = self.layout.weights.get(self.node.name)
        kernel = weights.kernel_parameter if weights is not None else None
        if weights is None or kernel is None or weights.across or kernel.faces:
            return None
        if max(kernel.kernel_shape[2:]) > SIDES[-1] + 3 or kernel.kernel_shape[0] != self.shape.channels:
            return None
        return _KernelPictures(self.node.owner, weights, kernel, min(kernel.kernel_shape[1], MOST_SLICES))

    def sheet(self) -> SheetPlan:
        """The page."""
        plan, say, node = self.plan, self.say, self.node
        few = max(self.high, self.wide) <= FEW
        plan.format.column_width = theme.SMALL_WIDTH if few else theme.TINY_WIDTH
        plan.format.row_height = theme.SMALL_HEIGHT * 0.9 if few else theme.TINY_HEIGHT
        plan.format.column_widths[1] = theme.HEAD_WIDTH
        first = self.placement.blocks[0].sheet
        links = [(say("▲ overview"), "overview"), (f"{first} ►", first)]
        if self.kernels:
            links.append((self.kernels.cells.sheet, self.kernels.cells.sheet))
        title = say(text("{layer}, all feature maps", layer=node.name))
        header(plan, title, self._line(), links, [], plan.format.column_width, say)
        plan.format.row_heights |= {SCALE_AT: 18, SCALE_AT + 1: 18}
        across = ACROSS_SMALL if few else ACROSS
        per_row = max(1, min(self.count, (across + 2) // (self.tile + 2)))
        down = self._down()
        pictures, slices = [], []
        for k in range(self.count):
            row = FIRST_ROW + k // per_row * down
            col = FIRST_COLUMN + k % per_row * (self.tile + 2)
            plan.format.row_heights[row] = 15
            self._title(k, row, col)
            if col == FIRST_COLUMN:
                if self.kernels:
                    plan.cells.append(Cell(row + 1, 1, say("kernel"), theme.INDEX))
                plan.cells.append(Cell(row + down - self.high - 2, 1, say("map"), theme.INDEX))
            if self.kernels:
                slices += list(self._slices(self.kernels, k, row + 1, col))
            pictures.append(self._picture(k, row + down - self.high - 2, col))
        self._scales(pictures, slices)
        bottom = FIRST_ROW + -(-self.count // per_row) * down
        plan.format.zoom = max(60, theme.zoom(across, 1, plan.format.column_width))
        plan.format.one_page = True
        if self.count < self.shape.channels:
            words = say(text("… and {n} more maps", n=self.shape.channels - self.count))
            plan.cells.append(Cell(bottom, FIRST_COLUMN, words, theme.SUBTITLE))
            plan.format.row_heights[bottom] = 18
        return plan

    def _line(self) -> str:
        text_ = text("each picture is one map, live; all have the same colours for the same numbers")
        if self.step == 1:
            return self.say(text_)
        return self.say(text("{words} (every {step}. pixel)", words=text_, step=self.step))

    def _down(self) -> int:
        """Rows from one row of tiles to the next: title, slices, a blank row, picture, two blank rows."""
        rows = 1 + self.high + 2
        if self.kernels:
            kh, kw = self.kernels.size
            each = max(1, (self.tile + 1) // (kw + 1))
            rows += -(-self.kernels.shown // each) * (kh + 1) + 1
        return rows

    def _title(self, k: int, row: int, col: int) -> None:
        sheet = self.placement.block_of(k).sheet
        target, words = sheet, f"{sheet} ►"
        if self.layout.interleaved:
            target, words = view_name(self.layout, self.node.name), self.say(text("map {n} ►", n=k + 1))
        self.plan.cells.append(
            Cell(row, col, words, theme.LINK_SMALL, link=f"{target}!A1", merge=min(self.tile, LINK_WIDE))
        )

    def _slices(self, kernels: _KernelPictures, k: int, row: int, col: int) -> Iterator[str]:
        """The slices of a map's kernel, as many beside each other as the tile is wide."""
        kh, kw = kernels.size
        each = max(1, (self.tile + 1) // (kw + 1))
        scale = Ref(None, SCALE_AT + 1, self._scale_column(), fixed=True)
        for n in range(kernels.shown):
            at = (row + n // each * (kh + 1), col + n % each * (kw + 1), kh, kw)
            weight = kernels.cells.slice_at(kernels.kernel, k, n)
            shares = partial(self._shares_of_weights, kernels, k, n)
            self.plan.live.append(LiveGrid(*at, _share(weight, scale), theme.TINY_PICTURE, shares, UNIT))
            yield area(*at)

    def _picture(self, k: int, row: int, col: int) -> str:
        region = picture_region(k, self.step, self.high, self.wide)
        at = (row, col, self.high, self.wide)
        scale = Ref(None, SCALE_AT, self._scale_column(), fixed=True)
        style = theme.TINY_PICTURE if self.high * self.wide <= 100 else theme.TINY_PLAIN
        formula = _share(picture_formula(self.placement, region, row, col), scale)
        self.plan.live.append(LiveGrid(*at, formula, style, partial(self._shares, k), UNIT))
        return area(*at)

    def _scale_column(self) -> int:
        return FIRST_COLUMN + (11 if max(self.high, self.wide) <= FEW else 22)

    def _scales(self, pictures: list[str], slices: list[str]) -> None:
        """The greatest numbers, which the darkest colours stand for, and the colours."""
        plan, say = self.plan, self.say
        channels = None if self.layout.interleaved else range(self.count)
        maps = _greatest(self.placement.ranges(channels), signed=self.signed)
        lines: list[tuple[str, Expr, Callable[[PageContext], float]]] = [
            ("the darkest pixel of a map stands for", maps, self._greatest)
        ]
        plan.format.color_scales.append(theme.share_scale(tuple(pictures), signed=self.signed))
        if self.kernels:
            greatest = partial(_of_weights, self.kernels)
            lines.append(
                ("the darkest square of a kernel stands for", _greatest_weight(self.kernels), greatest)
            )
            plan.format.color_scales.append(theme.share_scale(tuple(slices), signed=True))
        for n, (words, formula, value) in enumerate(lines):
            row, col = SCALE_AT + n, self._scale_column()
            plan.cells.append(Cell(row, FIRST_COLUMN, say(words), theme.TEXT, merge=col - FIRST_COLUMN))
            plan.computed.append(
                Computed(row, col, formula, theme.PARTIAL, value, merge=3 if col < 22 else 6)
            )
        words = "white is 0; blue is positive, orange negative" if self.signed else "white is 0"
        if self.kernels and not self.signed:
            words = "white is 0; in kernels blue is positive, orange negative"
        plan.cells.append(Cell(SCALE_AT, self._scale_column() + 8, say(words), theme.SUBTITLE))

    def _greatest(self, context: PageContext) -> float:
        maps = context.result.activations[self.node.name]
        shown = maps if self.layout.interleaved else maps[: self.count]
        return max(TINIEST, float(np.abs(shown).max() if self.signed else shown.max()))

    def _shares(self, k: int, context: PageContext) -> Array:
        picture = context.result.activations[self.node.name][k, :: self.step, :: self.step]
        shares: Array = picture / self._greatest(context)
        return shares

    def _shares_of_weights(self, kernels: _KernelPictures, k: int, n: int, context: PageContext) -> Array:
        return kernels.values(k, n, context) / _of_weights(kernels, context)


def _greatest_weight(kernels: _KernelPictures) -> Expr:
    """The greatest absolute weight of the whole layer; blank cells between kernels do not count."""
    grid = next(g for g in kernels.cells.grids() if g.parameter == kernels.kernel.name)
    every = Rect(kernels.cells.sheet, grid.row, grid.col, grid.height, grid.width, fixed=True)
    return _greatest([every], signed=True)


def _of_weights(kernels: _KernelPictures, context: PageContext) -> float:
    return max(TINIEST, float(np.abs(context.params[kernels.owner][kernels.kernel.name]).max()))


def _share(value: Expr, scale: Ref) -> Expr:
    return call("ROUND", value / scale, 2)


def _greatest(ranges: list[Rect], *, signed: bool) -> Expr:
    if not signed:
        return call("MAX", *ranges, Number(TINIEST))
    return call("MAX", call("MAX", *ranges), -call("MIN", *ranges), Number(TINIEST))
