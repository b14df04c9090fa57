"""The largest terms of a sum: those that push it up, and those that push it down.

Only positive terms push a sum up and only negative ones down; a term of 0 does neither, and equal terms stand
in their order. So each term gets a whole number with its sign, its *key*: how great it is, then how far in
front. Programs agree on which whole numbers are equal; of terms that they summed in another order the last
digit may differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, Rect, Ref, String, call, compare, pick
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import Computed, LiveGrid, PageContext, SheetPlan
from sheetcnn.xlsx.book import Style

STEPS = 1e6
"""Into how many steps the size of the greatest term is divided; a term of none of them counts as 0."""
PLACES = 8192
"""More terms than a page lists."""
LEAST = 1e-12
"""In place of 0 as the size of the greatest term."""


@dataclass(frozen=True)
class Ranking:
    """The terms of one sum on a page.

    Attributes:
        plan: of the page.
        first: the cell of the first term, on the page itself.
        count: how many there are.
        step: rows from one to the next.
        keys_at: the first cell of the column of keys, out of sight; above it stands the size of the greatest.
        values: the terms, computed with NumPy.
        nothing: said in the place of the first term where there is none.
    """

    plan: SheetPlan
    first: Ref
    count: int
    step: int
    keys_at: tuple[int, int]
    values: Callable[[PageContext], Array]
    nothing: str

    def column(self, col: int) -> Rect:
        """The cells beside the terms, in another column of the page."""
        return Rect(None, self.first.row, col, (self.count - 1) * self.step + 1, 1, fixed=True)

    def write_keys(self) -> None:
        """The column of keys."""
        row, col = self.keys_at
        terms, term = self.column(self.first.col), replace(self.first, row_i=self.step)
        greatest = Ref(None, row - 1, col, fixed=True)
        size = call("MAX", call("MAX", terms), -call("MIN", terms), LEAST)
        self.plan.computed.append(
            Computed(row - 1, col, size, theme.FAINT, lambda c: _greatest(self.values(c)))
        )
        steps = call("ROUND", call("ABS", term) / greatest * STEPS, 0)
        in_front = Number(PLACES + row) - call("ROW")
        key = call("SIGN", term) * (steps * float(PLACES) + in_front * call("MIN", 1, steps))
        self.plan.live.append(LiveGrid(row, col, self.count, 1, key, theme.FAINT, self._keys))

    def _size(self, context: PageContext) -> float:
        return _greatest(self.values(context))

    def _keys(self, context: PageContext) -> Array:
        terms = self.values(context)
        steps = _steps(terms)
        places = PLACES - np.arange(len(terms))
        keys: Array = np.sign(terms) * (steps * PLACES + places * np.minimum(1, steps))
        return keys[:, None]

    def write_place(self, row: int, col: int, rank: int, sign: int) -> Place:
        """Where a term stands, in two cells out of sight.

        Args:
            row: of the two cells.
            col: of the first of them.
            rank: 1 for the term that pushes most.
            sign: 1 for terms that push up, -1 for those that push down.
        """
        top, left = self.keys_at
        keys = Rect(None, top, left, self.count, 1, fixed=True)
        nth = rank if sign > 0 else self.count - rank + 1
        key, place = Ref(None, row, col, fixed=True), Ref(None, row, col + 1, fixed=True)
        found: Expr = Number(1) if keys.is_cell else call("MATCH", key, keys, 0)
        listed = compare(">" if sign > 0 else "<", key, 0)
        where = Place(place, listed, self, rank, sign)
        self.plan.computed += [
            Computed(row, col, call("LARGE", keys, nth), theme.FAINT, lambda c: where.key(c)),
            Computed(
                row, col + 1, call("IF", listed, found, 1), theme.FAINT, lambda c: (where.of(c) or 0) + 1.0
            ),
        ]
        return where


@dataclass(frozen=True)
class Place:
    """Which term is the n-th that pushes most.

    Attributes:
        number: the cell that holds its number, counted from 1; 1 where there is none.
        listed: whether there is one.
        ranking: of the terms.
        rank: n.
        sign: 1 up, -1 down.
    """

    number: Ref
    listed: Expr
    ranking: Ranking
    rank: int
    sign: int

    def beside(self, col: int) -> Expr:
        """What stands beside the term in another column of the page."""
        step = self.ranking.step
        row = self.number if step == 1 else (self.number - 1) * float(step) + 1
        return pick(self.ranking.column(col), row, 1)

    def of(self, context: PageContext) -> int | None:
        """The number of the term, counted from 0; None where there is none."""
        terms = self.ranking.values(context)
        steps = _steps(terms)
        mine = [n for n, term in enumerate(terms) if term * self.sign > 0 and steps[n]]
        mine.sort(key=lambda n: -steps[n])  # equal ones stay in their order
        return mine[self.rank - 1] if len(mine) >= self.rank else None

    def key(self, context: PageContext) -> float:
        """The key, be it listed or not."""
        keys = np.sort(self.ranking._keys(context)[:, 0])[::-1]
        return float(keys[self.rank - 1] if self.sign > 0 else keys[len(keys) - self.rank])

    def show(
        self,
        row: int,
        col: int,
        formula: Expr,
        value: Callable[[PageContext, int], float | str],
        style: Style,
        *,
        first: bool = False,
    ) -> None:
        """A cell about the term, blank where there is none (with `first`, the top one says so).

        Args:
            row: of the cell.
            col: of the same cell.
            formula: of what it shows.
            value: of the same, given the number of the term.
            style: of the cell.
            first: whether it is the first cell of a line.
        """
        nothing = self.ranking.nothing if first and self.rank == 1 else ""

        def shown(context: PageContext) -> float | str:
            n = self.of(context)
            return nothing if n is None else value(context, n)

        known = call("IF", self.listed, formula, String(nothing))
        self.ranking.plan.computed.append(Computed(row, col, known, style, shown))


def _greatest(terms: Array) -> float:
    return max(LEAST, float(np.abs(terms).max()))


def _steps(terms: Array) -> Array:
    found: Array = np.floor(np.abs(terms) / _greatest(terms) * STEPS + 0.5)
    return found
