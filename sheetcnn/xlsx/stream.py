"""From a sheet's cells and grids to the rows of its XML, in flat memory (see `bands`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, pairwise

import numpy as np

from sheetcnn.formulas.a1 import address, column_name
from sheetcnn.formulas.render import Pattern, render
from sheetcnn.shape import Array
from sheetcnn.xlsx import book
from sheetcnn.xlsx.bands import (
    UNNUMBERED,
    Band,
    Loose,
    SpacedRows,
    cell_text,
    literals,
    moving_rows,
    xml_text,
)
from sheetcnn.xlsx.book import Cell, Grid, Sheet, Style


class SheetWriter:
    """Turns one sheet into rows of XML.

    Args:
        sheet: what to write.
        styles: the number of every style in the file's table of cell formats.
        share: whether to write shared formulas where the pattern allows.
    """

    def __init__(self, sheet: Sheet, styles: Mapping[Style, int], *, share: bool = True) -> None:
        self.sheet = sheet
        self.styles = styles
        self.share = share
        self.formulas = 0
        self._bands = self._make_bands()

    @property
    def most(self) -> int:
        """An upper bound of the characters of the grids' cells."""
        return sum(band.most for band in self._bands)

    def rows(self) -> Iterator[str]:
        """The `<row>` elements in order, in pieces."""
        singles: dict[int, list[tuple[int, str]]] = {}
        for cell in self.sheet.cells:
            xml = self._cell(cell)
            singles.setdefault(cell.row, []).append((cell.col, xml))
            style = self.styles[cell.style]
            for down in range(cell.merge_rows):
                for right in range(cell.merge):
                    if down or right:
                        row, col = cell.row + down, cell.col + right
                        xml = f'<c r="{address(row, col)}" s="{style}"/>'
                        singles.setdefault(row, []).append((col, xml))
        starts = sorted(self._bands, key=lambda b: b.row)
        static = sorted({*singles, *self.sheet.format.row_heights})
        active: list[SpacedRows] = []
        next_band = next_static = 0
        row = 0
        while True:
            for band in active:
                if band.last <= row:
                    band.end()
            active = [b for b in active if b.last > row]
            if active:
                row += 1
            else:
                soonest = [starts[next_band].row] if next_band < len(starts) else []
                soonest += [static[next_static]] if next_static < len(static) else []
                if not soonest:
                    return
                row = min(soonest)
            while next_band < len(starts) and starts[next_band].row == row:
                starts[next_band].start()
                active.append(starts[next_band])
                next_band += 1
            while next_static < len(static) and static[next_static] <= row:
                next_static += 1
            yield from self._row(row, active, singles.pop(row, []))

    def _row(self, row: int, active: Sequence[SpacedRows], singles: list[tuple[int, str]]) -> list[str]:
        """The text of a row, in pieces."""
        chunks: list[tuple[int, int, str]] = []
        lines = [(b, (row - b.row) // b.step) for b in active if (row - b.row) % b.step == 0]
        spans = sorted([(b.columns[0], b.columns[-1]) for b, _ in lines] + [(c, c) for c, _ in singles])
        if all(before[1] < after[0] for before, after in pairwise(spans)):
            chunks += [(b.columns[0], n, b.text(i)) for n, (b, i) in enumerate(lines)]
        else:
            for n, (b, i) in enumerate(lines):
                chunks += [(col, n, xml) for col, xml in zip(b.columns, b.cells(i), strict=True)]
        chunks += [(col, -1, xml) for col, xml in singles]
        chunks.sort()
        height = self.sheet.format.row_heights.get(row)
        if not chunks and height is None:
            return []
        custom = "" if height is None else f' ht="{height:g}" customHeight="1"'
        return [f'<row r="{row}"{custom}>', *(c[2] for c in chunks), "</row>"]

    def _cell(self, cell: Cell) -> str:
        opening = f'<c r="{address(cell.row, cell.col)}" s="{self.styles[cell.style]}"'
        value = cell.value
        if cell.formula is not None:
            self.formulas += 1
            formula = xml_text(render(cell.formula, self.sheet.name).text())
            if isinstance(value, str):
                return f'{opening} t="str"><f>{formula}</f><v>{cell_text(value)}</v></c>'
            return f"{opening}><f>{formula}</f><v>{value!r}</v></c>"
        if value is None:
            return opening + "/>"
        if isinstance(value, str):
            return f'{opening} t="inlineStr"><is><t xml:space="preserve">{cell_text(value)}</t></is></c>'
        return f"{opening}><v>{value!r}</v></c>"

    def _make_bands(self) -> list[SpacedRows]:
        bands: list[Band] = []
        loose: list[Loose] = []
        # From left to right: a band takes in the grids up to one that is different, so that its
        # columns do not reach around another's unless the grids' own columns do.
        for grid in sorted(self.sheet.grids, key=lambda g: (g.row, g.col)):
            if grid.formula is None:
                self._add(bands, grid)
                continue
            pattern = render(grid.formula, self.sheet.name)
            self.formulas += grid.height * grid.width
            if pattern.by_axis:
                self._add(bands, grid, pattern)
            else:
                style = self.styles[grid.style]
                loose.append(Loose(grid.row, grid.row_step, grid.height, grid, pattern, style))
        numbers = count()
        for band in bands:
            band.finish(numbers)
        return [*bands, *loose]

    def _add(self, bands: list[Band], grid: Grid, pattern: Pattern | None = None) -> None:
        """Add a grid to the last band, or to a new one where it does not fit."""
        styled = f'" s="{self.styles[grid.style]}"'
        array: Array | book.RowSource | None = None
        first: list[str] | None = None
        block = False
        moving = moving_rows(grid, None)
        if pattern is None:
            texts = [[styled + ("/>" if grid.values is None else "><v>")] * grid.width]
        else:
            if self.share and grid.height > 1 and pattern.shares_down(grid.row_step):
                array = grid.array()
            # The first row holds the text of shared formulas, so no cell of it may be left out.
            if array is not None and np.isfinite(array[0]).all():
                block = grid.block and pattern.shares_across(grid.col_step)
                texts, first = self._shared_formulas(grid, pattern, styled, block=block)
            else:
                moving = moving_rows(grid, pattern)
                texts = literals(pattern.pieces, grid.width)
                texts[0] = [f"{styled}><f>{text}" for text in texts[0]]
                texts[-1] = [f"{text}</f><v>" for text in texts[-1]]
        if not bands or not bands[-1].fits(grid, moving):
            bands.append(Band(grid.row, grid.row_step, grid.height, moving, grid.values is not None))
        bands[-1].add(grid, array, texts, first, block=block)

    def _shared_formulas(
        self, grid: Grid, pattern: Pattern, styled: str, *, block: bool
    ) -> tuple[list[list[str]], list[str]]:
        """A shared formula per column, or one for all: the literals of cells and of the first row."""
        last = grid.row + (grid.height - 1) * grid.row_step
        (texts,) = literals(pattern.pieces, grid.width, still=True)
        names = [column_name(grid.col + j * grid.col_step) for j in range(grid.width)]
        start, end = f'{styled}><f t="shared" ', "</f><v>"
        follow = f'{start}si="{UNNUMBERED}"/><v>'
        if block:
            whole = f'{start}ref="{names[0]}{grid.row}:{names[-1]}{last}" si="{UNNUMBERED}">{texts[0]}{end}'
            return [[follow] * grid.width], [whole, *[follow] * (grid.width - 1)]
        first = [
            f'{start}ref="{name}{grid.row}:{name}{last}" si="{UNNUMBERED}">{text}{end}'
            for name, text in zip(names, texts, strict=True)
        ]
        return [[follow] * grid.width], first
