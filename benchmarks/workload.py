"""The workbooks that the writers write: convolutions in the two layouts, and weights; all of it random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import orjson

from sheetcnn.formulas.a1 import column_name
from sheetcnn.formulas.expr import Rect, Ref, add, call
from sheetcnn.formulas.render import ColumnNumber, RowNumber, render
from sheetcnn.shape import Array
from sheetcnn.xlsx.book import Book, Grid, Sheet, Style

ROW, COL = 6, 3  # of the first pixel
STYLE = Style()


def planar(maps: int = 8, size: int = 160, channels: int = 3) -> Book:
    """A 3x3 'same' convolution with bias and ReLU over 8-bit pixels, one sheet per map."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (channels, size, size)).astype(np.float64)
    weights, biases = _float32(random, (maps, channels, 3, 3)), _float32(random, (maps, 1))
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1)))
    kernel_sheet = "conv1_w"
    kernels: list[Grid] = []
    sheets = [
        Sheet(f"input_f{c + 1}", grids=[Grid(ROW, COL, size, size, STYLE, pixels[c])])
        for c in range(channels)
    ]
    outputs = []
    for k in range(maps):
        top = ROW + 4 * k
        bias = Ref(kernel_sheet, top, COL, fixed=True)
        kernels.append(Grid(top, COL, 1, 1, STYLE, biases[k : k + 1]))
        terms = []
        values = np.full((size, size), biases[k])
        for c in range(channels):
            left = COL + 2 + 4 * c
            kernels.append(Grid(top, left, 3, 3, STYLE, weights[k, c]))
            window = Rect(f"input_f{c + 1}", ROW - 1, COL - 1, 3, 3, row_i=1, col_j=1)
            terms.append(call("SUMPRODUCT", window, Rect(kernel_sheet, top, left, 3, 3, fixed=True)))
            for u, v in np.ndindex(3, 3):
                values += weights[k, c, u, v] * padded[c, u : u + size, v : v + size]
        formula = call("MAX", 0.0, add(*terms, bias))
        grid = Grid(ROW, COL, size, size, STYLE, np.maximum(values, 0), formula)
        outputs.append(Sheet(f"conv1_f{k + 1:02}", grids=[grid]))
    return Book("benchmark", [*sheets, Sheet(kernel_sheet, grids=kernels), *outputs])


def interleaved(inputs: int, outputs: int, size: int) -> Book:
    """The same over many maps, as one sheet per layer: a pixel's channels stand side by side.

    The output channels are grids of their own, each with every `outputs`-th column. The values are
    random: half of them zero, as after a ReLU.
    """
    random = np.random.default_rng(0)
    grids = []
    for k in range(outputs):
        top = ROW + 4 * k
        window = Rect("maps_0", ROW - 1, COL, 3, 3 * inputs, row_i=1, col_j=inputs)
        products = call("SUMPRODUCT", window, Rect("conv1_w", top, COL + 2, 3, 3 * inputs, fixed=True))
        formula = call("MAX", 0.0, add(products, Ref("conv1_w", top, COL, fixed=True)))
        values = np.maximum(random.normal(0, 1, (size, size)), 0)
        left = COL + outputs + k
        grids.append(Grid(ROW, left, size, size, STYLE, values, formula, col_step=outputs))
    pixels = random.normal(0, 1, (size, size * inputs))
    weights = np.full((4 * outputs, 3 * inputs), np.nan)
    for u in range(3):
        weights[u::4] = _float32(random, (outputs, 3 * inputs))
    biases = _float32(random, (outputs, 1))
    return Book(
        "benchmark",
        [
            Sheet("maps_0", grids=[Grid(ROW, COL + inputs, size, size * inputs, STYLE, pixels)]),
            Sheet(
                "conv1_w",
                grids=[
                    Grid(ROW, COL, outputs, 1, STYLE, biases, row_step=4),
                    Grid(ROW, COL + 2, *weights.shape, STYLE, weights),
                ],
            ),
            Sheet("conv1_maps", grids=grids),
        ],
    )


def weights(rows: int, cols: int) -> Book:
    """A sheet of a dense layer's weights, `(cols, rows)` turned on its side.

    They are float32 numbers, taken as their shortest decimals, as they are written.
    """
    random = np.random.default_rng(0)
    numbers = random.normal(0, 0.01, (cols, rows)).astype(np.float32)
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
    decimals = np.array(orjson.loads(text), dtype=np.float64)
    return Book("benchmark", [Sheet("dense1_w", grids=[Grid(ROW, COL, rows, cols, STYLE, decimals.T)])])


def _float32(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.normal(0, 0.1, shape).astype(np.float32).astype(np.float64)


class Texts:
    """The formulas of a grid as other writers need them: one text per cell, made a row at a time.

    Everything but the row numbers is prepared, so that a text costs one `%`.
    """

    def __init__(self, grid: Grid, sheet: str) -> None:
        assert grid.formula is not None
        self._pieces = render(grid.formula, sheet).pieces
        self._templates = [self._template(j) for j in range(grid.width)]

    def row(self, i: int) -> list[str]:
        """The formulas of grid row i, with the leading `=`."""
        rows = tuple(p.start + i * p.per_i for p in self._pieces if isinstance(p, RowNumber))
        return [template % rows for template in self._templates]

    def _template(self, j: int) -> str:
        text = ["="]
        for piece in self._pieces:
            if isinstance(piece, str):
                text.append(piece.replace("%", "%%"))
            elif isinstance(piece, ColumnNumber):
                text.append(column_name(piece.at(0, j)))
            else:
                text.append("%d")
        return "".join(text)


def rows_of(sheet: Sheet) -> Iterator[tuple[int, list[tuple[int, Grid, int]]]]:
    """The rows of a sheet that hold numbers: row, and its column, grid and grid row, left to right."""
    rows: dict[int, list[tuple[int, Grid, int]]] = {}
    for grid in sheet.grids:
        for i in range(grid.height):
            rows.setdefault(grid.row + i * grid.row_step, []).append((grid.col, grid, i))
    for row in sorted(rows):
        yield row, sorted(rows[row], key=lambda part: part[0])
