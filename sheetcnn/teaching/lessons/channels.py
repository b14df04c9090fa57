"""Lesson 2: several channels into one map."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Rect, add, call
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import (
    LEFT,
    TOP,
    Area,
    LessonPage,
    Values,
    choice_of,
    correlate,
    sum_arrays,
)
from sheetcnn.teaching.paper.document import DocumentPart, Figure, Paragraph, side_by_side

SIZE, CHANNELS, KERNELS, K = 25, 3, 5, 3
OUT = SIZE - K + 1
COLORS = ("red", "green", "blue")


def image() -> Array:
    """A disc, a stripe and a corner, in three colours, 0 to 9."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    disc = ((y - 9) ** 2 + (x - 9) ** 2 <= 36) * 9.0
    stripe = (np.abs(x - y) <= 2) * 6.0
    corner = ((y > 14) & (x > 14)) * 4.0
    return np.stack([disc, stripe, np.minimum(9.0, corner + (y // 8) * 1.0)])


def kernels() -> Array:
    """Five kernels of 3×3×3, small whole numbers."""
    found = np.random.default_rng(2).integers(-1, 2, (KERNELS, CHANNELS, K, K)).astype(float)
    found[0] = np.array([[[-1, 0, 1]] * 3, [[0, 0, 0]] * 3, [[0, 0, 0]] * 3])
    return found


BIASES = np.array([0.0, -4, 2, -1, 3])


def pages() -> list[LessonPage]:
    """The image, the kernels with their maps, and one number step by step."""
    first = LessonPage.of("channels", "image")
    channels = []
    for c, pixels in enumerate(image()):
        col = LEFT + c * (SIZE + 2)
        channels.append(first.inputs(f"channel{c}", TOP + 1, col, pixels, "pixels", COLORS[c]))
    first.plan.format.zoom = 40
    second = LessonPage.of("channels", "maps")
    all_slices, maps = [], []
    second.heading(TOP, LEFT, "bias")
    for c in range(CHANNELS):
        second.heading(TOP, LEFT + 3 + c * (K + 1), f"slice for {COLORS[c]}")
    second.heading(TOP, LEFT + 3 + CHANNELS * (K + 1) + 1, "the map: max(0, sum over the channels + bias)")
    bias_cells = [
        second.inputs(f"bias{k}", TOP + 1 + k * (OUT + 2), LEFT, BIASES[k : k + 1, None])
        for k in range(KERNELS)
    ]
    for k, own in enumerate(kernels()):
        row = TOP + 1 + k * (OUT + 2)
        slices = [
            second.inputs(f"kernel{k}.{c}", row, LEFT + 3 + c * (K + 1), own[c], "diverging")
            for c in range(CHANNELS)
        ]
        all_slices.append(slices)
        second.text(row + 4, LEFT, f"kernel {k + 1}")
        terms = [
            call("SUMPRODUCT", ch.window(K, K), s.whole()) for ch, s in zip(channels, slices, strict=True)
        ]
        formula = call("MAX", 0, add(*terms, bias_cells[k].cell(0, 0)))
        values = partial(_map, channels, slices, bias_cells[k])
        maps.append(
            second.formulas(row, LEFT + 3 + CHANNELS * (K + 1) + 1, (OUT, OUT), formula, values, "sequential")
        )
    second.plan.format.zoom = 60
    return [first, second, _step(channels, all_slices, bias_cells, maps)]


def _map(channels: list[Area], slices: list[Area], bias: Area, context: PageContext) -> Array:
    total = sum_arrays(
        [correlate(c.values(context), s.values(context)) for c, s in zip(channels, slices, strict=True)]
    )
    found: Array = np.maximum(0.0, total + bias.number(context))
    return found


def _step(channels: list[Area], slices: list[list[Area]], biases: list[Area], maps: list[Area]) -> LessonPage:
    """One pixel of one map."""
    page = LessonPage.of("channels", "step")
    kernel = page.choice("kernel", TOP, LEFT, "kernel", KERNELS)
    row = page.choice("row", TOP + 1, LEFT, "row", OUT, 5)
    col = page.choice("column", TOP + 2, LEFT, "column", OUT, 7)
    picked = choice_of("kernel"), choice_of("row"), choice_of("column")
    heads = ("channel", "window", "", "kernel's slice", "", "products", "", "sum")
    for n, words in enumerate(heads):
        page.heading(TOP + 4, LEFT + n * 2 + (n > 0), words)
    totals = []
    for c, channel in enumerate(channels):
        top = TOP + 5 + c * (K + 1)
        page.text(top, LEFT, COLORS[c])

        def window(context: PageContext, channel: Area = channel) -> Array:
            y, x = picked[1](context) - 1, picked[2](context) - 1
            return channel.values(context)[y : y + K, x : x + K]

        def own(context: PageContext, c: int = c) -> Array:
            return slices[picked[0](context) - 1][c].values(context)

        places = Rect(channel.sheet, channel.row, channel.col, OUT, OUT, row_i=1, col_j=1)
        seen = page.formulas(top, LEFT + 3, (K, K), call("INDEX", places, row, col), window, "pixels")
        each = [s[c].matching_cell() for s in slices]
        weights = page.formulas(top, LEFT + 7, (K, K), call("CHOOSE", kernel, *each), own, "diverging")

        product = partial(_product, window, own)
        formula = seen.matching_cell() * weights.matching_cell()
        products = page.formulas(top, LEFT + 11, (K, K), formula, product, "diverging")
        totals.append(
            page.formula(top + 1, LEFT + 15, call("SUM", products.whole()), partial(_total, product))
        )
    at = TOP + 6 + CHANNELS * (K + 1)

    def z(context: PageContext) -> float:
        k, y, x = (p(context) - 1 for p in picked)
        windows = [ch.values(context)[y : y + K, x : x + K] for ch in channels]
        sums = sum(float((w * s.values(context)).sum()) for w, s in zip(windows, slices[k], strict=True))
        return sums + biases[k].number(context)

    def bias(context: PageContext) -> float:
        return biases[picked[0](context) - 1].number(context)

    sum_arrays: Expr = call("CHOOSE", kernel, *(b.cell(0, 0) for b in biases))
    own_bias = page.labelled(at, LEFT + 8, "+ bias", sum_arrays, bias)
    whole = page.labelled(at + 1, LEFT + 8, "= the whole sum", add(*totals, own_bias), z)
    page.labelled(at + 2, LEFT + 8, "after ReLU", call("MAX", 0, whole), lambda ctx: max(0.0, z(ctx)))
    cells = call("CHOOSE", kernel, *(call("INDEX", m.whole(), row, col) for m in maps))

    def stands(context: PageContext) -> float:
        k, y, x = (p(context) - 1 for p in picked)
        return float(maps[k].values(context)[y, x])

    page.labelled(at + 3, LEFT + 8, "the pixel of the map", cells, stands)
    page.questions(at + 5)
    return page


def _product(window: Values, own: Values, context: PageContext) -> Array:
    found: Array = window(context) * own(context)
    return found


def _total(product: Values, context: PageContext) -> float:
    return float(product(context).sum())


def figures() -> list[DocumentPart]:
    """One pixel of map 2, worked."""
    x, k = image(), kernels()
    y0, x0 = 6, 8
    parts: list[DocumentPart] = []
    total = BIASES[1]
    for c in range(CHANNELS):
        window = x[c, y0 : y0 + K, x0 : x0 + K]
        part = float((window * k[1, c]).sum())
        total += part
        parts.append(
            side_by_side(
                Figure(f"window, {COLORS[c]}", window, "picture", 0, 9, side=5.5),
                Figure("slice", k[1, c], "diverging", 0, side=5.5, sign="×"),
                Figure(f"products, sum {part:g}", window * k[1, c], "diverging", 0, side=5.5, sign="="),
            )
        )
    parts.append(
        Paragraph(
            f"The three sums and the bias {BIASES[1]:g} make {total:g}; after ReLU: {max(0.0, total):g}."
        )
    )
    return parts
