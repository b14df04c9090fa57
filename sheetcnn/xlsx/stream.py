"""From a sheet's cells and grids to the rows of its XML, in flat memory.

Grids that share their rows form a *band*. A band's row is one template: the openings of all its cells,
in the order of the columns, with placeholders for the few row numbers that occur in it. A row is then
a handful of `str.replace`, one `orjson` call for the numbers and one join; no Python object per cell
lives longer than its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise

import numpy as np
import orjson

from sheetcnn.formulas.a1 import address, column_name
from sheetcnn.formulas.expr import Expr
from sheetcnn.formulas.render import ColumnNumber, Pattern, RowNumber, render
from sheetcnn.shape import Array
from sheetcnn.xlsx.book import Cell, Grid, Sheet, Style

_CUT = "\x00"  # stands between the cells of a row template; never valid in XML
_CLOSE = "</v></c>"
_ROW = "\x01"  # the sheet row; the placeholders of other row numbers follow it
# What XML 1.0 forbids.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@lru_cache(maxsize=4096)
def _pattern(expr: Expr, sheet: str) -> Pattern:
    return render(expr, sheet)


def numbers_text(values: Array) -> list[str]:
    """The shortest exact text of each number of a 1-D array."""
    return (
        orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        .decode()
        .split(",")
    )


@dataclass
class _Band:
    """Grids with the same rows, ready to be written row by row."""

    row: int
    step: int
    height: int
    columns: list[int]
    template: str
    first_template: str | None
    placeholders: tuple[tuple[str, int, int], ...]
    grids: list[Grid]
    order: list[int] | None
    closing: str

    @property
    def last(self) -> int:
        return self.row + (self.height - 1) * self.step

    def _openings(self, i: int) -> list[str]:
        template = self.first_template if i == 0 and self.first_template is not None else self.template
        text = template.replace(_ROW, str(self.row + i * self.step))
        for mark, start, per_i in self.placeholders:
            text = text.replace(mark, str(start + i * per_i))
        return text.split(_CUT)

    def _values(self, i: int) -> Array | None:
        if self.grids[0].values is None:
            return None
        if len(self.grids) == 1:
            only: Array = self.grids[0].values[i]
            return only
        row = np.concatenate([g.values[i] for g in self.grids if g.values is not None])
        return row if self.order is None else row[self.order]

    def cells(self, i: int) -> list[str]:
        """The XML of each cell of band row i, in the order of `columns`; "" for one left out."""
        openings = self._openings(i)
        values = self._values(i)
        if values is None:
            return openings
        texts = numbers_text(values)
        closing = self.closing
        return [
            f"{opening}{text}{closing}" if text != "null" else ""
            for opening, text in zip(openings, texts, strict=True)
        ]

    def line(self, i: int) -> str:
        """The XML of band row i."""
        values = self._values(i)
        if values is None or np.isnan(values).any():
            return "".join(self.cells(i))
        parts = [""] * (2 * len(self.columns))
        parts[0::2] = self._openings(i)
        parts[1::2] = [text + self.closing for text in numbers_text(values)]
        return "".join(parts)


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
        self._shared = 0

    def rows(self) -> Iterator[str]:
        """The `<row>` elements in order."""
        bands = self._bands()
        singles: dict[int, list[tuple[int, str]]] = {}
        for cell in self.sheet.cells:
            xml = self._cell(cell)
            singles.setdefault(cell.row, []).append((cell.col, xml))
            style = self.styles[cell.style]
            for extra in range(1, cell.merge):
                at = address(cell.row, cell.col + extra)
                singles[cell.row].append((cell.col + extra, f'<c r="{at}" s="{style}"/>'))
        starts = sorted(bands, key=lambda b: b.row)
        static = sorted({*singles, *self.sheet.row_heights})
        active: list[_Band] = []
        next_band = next_static = 0
        row = 0
        while True:
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
                active.append(starts[next_band])
                next_band += 1
            while next_static < len(static) and static[next_static] <= row:
                next_static += 1
            text = self._row(row, active, singles.pop(row, []))
            if text:
                yield text

    def _row(self, row: int, active: Sequence[_Band], singles: list[tuple[int, str]]) -> str:
        chunks: list[tuple[int, int, str]] = []
        lines = [(b, (row - b.row) // b.step) for b in active if (row - b.row) % b.step == 0]
        spans = sorted([(b.columns[0], b.columns[-1]) for b, _ in lines] + [(c, c) for c, _ in singles])
        if all(before[1] < after[0] for before, after in pairwise(spans)):
            chunks += [(b.columns[0], n, b.line(i)) for n, (b, i) in enumerate(lines)]
        else:
            for n, (b, i) in enumerate(lines):
                chunks += [(col, n, xml) for col, xml in zip(b.columns, b.cells(i), strict=True)]
        chunks += [(col, -1, xml) for col, xml in singles]
        chunks.sort()
        height = self.sheet.row_heights.get(row)
        if not chunks and height is None:
            return ""
        custom = "" if height is None else f' ht="{height:g}" customHeight="1"'
        return f'<row r="{row}"{custom}>' + "".join(c[2] for c in chunks) + "</row>"

    def _cell(self, cell: Cell) -> str:
        opening = f'<c r="{address(cell.row, cell.col)}" s="{self.styles[cell.style]}"'
        value = cell.value
        if cell.formula is not None:
            self.formulas += 1
            formula = escape(_pattern(cell.formula, self.sheet.name).text(), quote=False)
            if isinstance(value, str):
                return f'{opening} t="str"><f>{formula}</f><v>{xml_text(value)}</v></c>'
            return f"{opening}><f>{formula}</f><v>{value!r}</v></c>"
        if value is None:
            return opening + "/>"
        if isinstance(value, str):
            return f'{opening} t="inlineStr"><is><t xml:space="preserve">{xml_text(value)}</t></is></c>'
        return f"{opening}><v>{value!r}</v></c>"

    def _bands(self) -> list[_Band]:
        together: dict[tuple[int, int, int, bool, bool], list[Grid]] = {}
        single: list[_Band] = []
        for grid in self.sheet.grids:
            if grid.formula is not None and not _pattern(grid.formula, self.sheet.name).by_axis:
                single += self._cell_by_cell(grid)
                continue
            key = (grid.row, grid.row_step, grid.height, grid.formula is None, grid.values is None)
            together.setdefault(key, []).append(grid)
        return single + [self._band(grids) for grids in together.values()]

    def _cell_by_cell(self, grid: Grid) -> Iterator[_Band]:
        """One band per row, for a pattern whose rows and columns move with both axes."""
        assert grid.formula is not None and grid.values is not None  # noqa: S101, PT018  (for mypy)
        pattern = _pattern(grid.formula, self.sheet.name)
        style = self.styles[grid.style]
        columns = [grid.col + j * grid.col_step for j in range(grid.width)]
        self.formulas += grid.height * grid.width
        for i in range(grid.height):
            row = grid.row + i * grid.row_step
            texts = [escape(pattern.text(i, j), quote=False) for j in range(grid.width)]
            openings = [
                f'<c r="{column_name(col)}{_ROW}" s="{style}"><f>{text}</f><v>'
                for col, text in zip(columns, texts, strict=True)
            ]
            line = Grid(row, grid.col, 1, grid.width, grid.style, grid.values[i : i + 1])
            yield _Band(row, 1, 1, columns, _CUT.join(openings), None, (), [line], None, _CLOSE)

    def _band(self, grids: list[Grid]) -> _Band:
        first = grids[0]
        marks: dict[tuple[int, int], str] = {}
        cells: list[tuple[int, str, str | None]] = []
        for grid in grids:
            cells += self._openings(grid, marks)
        columns = [c for c, _, _ in cells]
        order: list[int] | None = None
        if any(a > b for a, b in pairwise(columns)):
            order = sorted(range(len(columns)), key=columns.__getitem__)
            cells = [cells[n] for n in order]
        template = _CUT.join(opening for _, opening, _ in cells)
        masters = None
        if any(master is not None for _, _, master in cells):
            masters = _CUT.join(o if m is None else m for _, o, m in cells)
        return _Band(
            first.row,
            first.row_step,
            first.height,
            [c for c, _, _ in cells],
            template,
            masters,
            tuple((mark, *key) for key, mark in marks.items()),
            grids,
            order,
            _CLOSE if first.values is not None else "",
        )

    def _openings(
        self, grid: Grid, marks: dict[tuple[int, int], str]
    ) -> Iterator[tuple[int, str, str | None]]:
        """Column, text before the value, and the same for the first row where that differs."""
        style = self.styles[grid.style]
        columns = [grid.col + j * grid.col_step for j in range(grid.width)]
        if grid.formula is None:
            end = "/>" if grid.values is None else "><v>"
            for col in columns:
                yield col, f'<c r="{column_name(col)}{_ROW}" s="{style}"{end}', None
            return
        self.formulas += grid.height * grid.width
        pattern = _pattern(grid.formula, self.sheet.name)
        shared = self.share and grid.height > 1 and pattern.shares_down(grid.row_step)
        for j, col in enumerate(columns):
            start = f'<c r="{column_name(col)}{_ROW}" s="{style}">'
            if shared:
                si = self._shared
                self._shared += 1
                last = grid.row + (grid.height - 1) * grid.row_step
                covers = f"{column_name(col)}{grid.row}:{column_name(col)}{last}"
                text = escape(pattern.text(0, j), quote=False)
                yield (
                    col,
                    f'{start}<f t="shared" si="{si}"/><v>',
                    f'{start}<f t="shared" ref="{covers}" si="{si}">{text}</f><v>',
                )
            else:
                yield col, f"{start}<f>{_row_template(pattern, j, marks)}</f><v>", None


def _row_template(pattern: Pattern, j: int, marks: dict[tuple[int, int], str]) -> str:
    """The formula of region column j with a placeholder for each moving row number."""
    out: list[str] = []
    for piece in pattern.pieces:
        if isinstance(piece, str):
            out.append(escape(piece, quote=False))
        elif isinstance(piece, ColumnNumber):
            out.append(column_name(piece.at(0, j)))
        elif piece.per_i == 0:
            out.append(str(piece.start))
        else:
            out.append(_mark(piece, marks))
    return "".join(out)


def _mark(piece: RowNumber, marks: dict[tuple[int, int], str]) -> str:
    key = (piece.start, piece.per_i)
    if key not in marks:
        # Private-use characters: no formula and no name of ours contains one.
        marks[key] = chr(0xE000 + len(marks))
    return marks[key]


def xml_text(value: str) -> str:
    """Text as XML character data; the control characters that XML forbids are dropped."""
    return escape(_FORBIDDEN.sub("", value), quote=False)
