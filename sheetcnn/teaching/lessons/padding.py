"""Lesson 7: padding, stride and dilation, and the size of the result."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, Ref, add, call, compare
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, LessonPage, choice_of
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Math, Paragraph, Table, side_by_side

MOST, REACH = 16, 24


def size(n: int, k: int, s: int, p: int, d: int) -> int:
    """The number of places of a window along one axis."""
    return max(0, (n + 2 * p - d * (k - 1) - 1) // s + 1)


def _numbers(context: PageContext) -> tuple[int, int, int, int, int]:
    n, k, s, d = (context.choices[key] for key in ("input", "kernel", "stride", "dilation"))
    return n, k, s, context.choices["padding"] - 1, d


def _size(context: PageContext) -> float:
    return float(size(*_numbers(context)))


def pages() -> list[LessonPage]:
    """The formula, and a row of pixels on which windows are drawn."""
    page = LessonPage.of("padding", "size")
    n = page.choice("input", TOP, LEFT, "input pixels", MOST, 8, span=7)
    k = page.choice("kernel", TOP + 1, LEFT, "kernel", 7, 3, span=7)
    s = page.choice("stride", TOP + 2, LEFT, "stride", 4, 1, span=7)
    p = page.choice("padding", TOP + 3, LEFT, "padding + 1 (1 is none)", 5, 2, span=7) - 1
    d = page.choice("dilation", TOP + 4, LEFT, "dilation", 4, 1, span=7)
    which = page.choice("window", TOP + 5, LEFT, "window to show", MOST, 1, span=7)

    def line(row: int, label: str, formula: Expr, value: Callable[[PageContext], float]) -> Ref:
        return page.labelled(TOP + row, LEFT + 12, label, formula, value, 14)

    def reached(ctx: PageContext) -> float:
        _, kk, _, _, dd = _numbers(ctx)
        return float(dd * (kk - 1) + 1)

    def with_padding(ctx: PageContext) -> float:
        m, _, _, pp, _ = _numbers(ctx)
        return float(m + 2 * pp)

    def left(ctx: PageContext) -> float:
        return with_padding(ctx) - reached(ctx)

    def unreached(ctx: PageContext) -> float:
        ss = _numbers(ctx)[2]
        return max(0.0, left(ctx) - left(ctx) // ss * ss)

    reach = line(0, "the window reaches", add(d * (k - 1), 1), reached)
    padded = line(1, "input with padding on both sides", add(n, p * 2.0), with_padding)
    rest = line(2, "pixels that it can move", padded - reach, left)
    places = call("MAX", 0, add(call("INT", rest / s), 1))
    out = line(3, "places = rounded down (that ÷ stride) + 1", places, _size)
    line(4, "pixels that no window reaches", call("MAX", 0, rest - call("INT", rest / s) * s), unreached)
    row = TOP + 9
    place = call("COLUMN") - float(LEFT)  # counted from 0, padding included
    first = (which - 1) * s
    under = call(
        "AND",
        compare(">=", place, first),
        compare("<", place, add(first, reach)),
        compare("<=", which, out),
        compare("=", (place - first) - call("INT", (place - first) / d) * d, 0),
    )
    pad = call("IF", call("AND", compare(">=", place, p), compare("<", place, add(p, n))), 0, 1)
    formula = call("IF", compare(">=", place, padded), Number(-9), call("IF", under, add(pad, 1), pad * -1.0))

    def cells(ctx: PageContext) -> Array:
        m, kk, ss, pp, dd = _numbers(ctx)
        window = choice_of("window")(ctx)
        start, shown = (window - 1) * ss, window <= size(m, kk, ss, pp, dd)
        row = np.full(REACH + 1, -9.0)
        for x in range(min(m + 2 * pp, REACH + 1)):
            padding = not pp <= x < pp + m
            seen = shown and x in range(start, start + dd * (kk - 1) + 1, dd)
            row[x] = 1.0 + padding if seen else -1.0 * padding
        return row[None]

    words = "the row: −1 is padding, 0 a pixel, 1 a pixel under the window, 2 padding under the window"
    page.formulas(row, LEFT, (1, REACH + 1), formula, cells, "diverging", words)
    page.remark(row + 1, LEFT, "−9 is beyond the row")
    kk, ss = call("COLUMN") - float(LEFT - 1), call("ROW") - float(row + 3)
    formula = call("MAX", 0, add(call("INT", (padded - d * (kk - 1) - 1) / ss), 1))

    def table(ctx: PageContext) -> Array:
        m, _, _, pp, dd = _numbers(ctx)
        return np.array([[size(m, a, b, pp, dd) for a in range(1, 8)] for b in range(1, 5)], dtype=float)

    words = "size of the result for kernels 1 to 7 (across) and strides 1 to 4 (down), with this input, padding and dilation"
    page.formulas(row + 4, LEFT, (4, 7), formula, table, "sequential", words)
    page.questions(row + 10, 26)
    page.plan.format.zoom = 80
    return [page]


def figures() -> list[DocumentPart]:
    """The formula and a table of sizes."""
    rows = [[str(s), *(str(size(8, k, s, 1, 1)) for k in range(1, 8))] for s in range(1, 5)]
    row = np.array([[0, 1.0, 1, 1, 0, 0, 0, 0, 0, 0]])
    caption = "8 pixels with padding 1; the second place of a window of 3"
    return [
        Math(
            '"size" = floor((n + 2 p - d (k - 1) - 1) / s) + 1',
            "size = floor((n + 2p − d(k − 1) − 1) ÷ s) + 1",
        ),
        side_by_side(Figure(caption, row, "sequential", side=6, marked=((0, 1, 1, 3),))),
        Table(("stride", *(f"kernel {k}" for k in range(1, 8))), rows, tuple(range(8))),
        Paragraph("Sizes for n = 8, p = 1, d = 1.", small=True),
    ]
