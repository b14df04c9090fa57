"""Lesson 6: 1×1 and depthwise separable convolution, and what they cost."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import add, call
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, Area, Lesson, Page, added, correlate
from sheetcnn.teaching.paper.document import Block, Figure, Figures, Math, Table, Text
from sheetcnn.xlsx.book import Cell

MAPS, OUTPUTS, SIZE, K = 3, 2, 6, 3
OUT = SIZE - K + 1
MOBILENET = (
    ("conv 1", 32, 64, 112),
    ("conv 2", 64, 128, 56),
    ("conv 3", 128, 128, 56),
    ("conv 4", 128, 256, 28),
    ("conv 5", 256, 256, 28),
    ("conv 6", 256, 512, 14),
    ("conv 7 to 11, each", 512, 512, 14),
    ("conv 12", 512, 1024, 7),
    ("conv 13", 1024, 1024, 7),
)
"""Of MobileNet v1 at 224×224 (Howard et al. 2017, table 1): maps in, maps out, and the side of the result."""

QUESTIONS = (
    (
        "What can a 1×1 convolution do, if it sees a single pixel of each map?",
        "It mixes the maps: each output is a weighted sum of the maps at one place.",
    ),
    (
        "How many weights does the separable convolution have here, and how many a full 3×3 one?",
        "3 × 9 + 2 × 3 = 33 against 2 × 3 × 9 = 54.",
    ),
    (
        "For many output maps the cost is about one ninth. Why one ninth?",
        "separable ÷ full = 1 ÷ outputs + 1 ÷ 9; with many outputs the first part vanishes.",
    ),
    (
        "Can every full convolution be written as a separable one?",
        "No: the depthwise part gives one filtered map per input, and all outputs must share it.",
    ),
)


def inputs() -> Array:
    """Three small maps."""
    return np.random.default_rng(13).integers(0, 4, (MAPS, SIZE, SIZE)).astype(float)


def filters() -> Array:
    """One 3×3 filter for every map."""
    return np.random.default_rng(14).integers(-1, 2, (MAPS, K, K)).astype(float)


def mixing() -> Array:
    """The weights of the 1×1 convolution: a row per output map."""
    return np.array([[1.0, -1, 0.5], [0, 1, 1]])


def _depth(x: Area, f: Area, context: PageContext) -> Array:
    return correlate(x.values(context), f.values(context))


def _mixed(xs: list[Area], fs: list[Area], mix: Area, k: int, context: PageContext) -> Array:
    weights = mix.values(context)[k]
    return added([_depth(x, f, context) * w for x, f, w in zip(xs, fs, weights, strict=True)])


def pages() -> list[Page]:
    """The two steps on numbers, and MobileNet's table."""
    page = Page(
        "separable",
        "First each map for itself, then mix them",
        "a depthwise 3×3 convolution and a 1×1 convolution; change any orange number",
    )
    xs, fs, depth = [], [], []
    for m in range(MAPS):
        top = TOP + m * (SIZE + 2)
        page.text(top, LEFT, f"map {m + 1}", bold=True)
        xs.append(page.typed(f"map{m}", top + 1, LEFT, inputs()[m], "sequential"))
        page.text(top, LEFT + SIZE + 1, "its filter", bold=True)
        fs.append(page.typed(f"filter{m}", top + 1, LEFT + SIZE + 1, filters()[m], "diverging"))
        page.text(top, LEFT + SIZE + K + 3, f"filtered map {m + 1}", bold=True)
        formula = call("SUMPRODUCT", xs[m].window(K, K), fs[m].all())
        depth.append(
            page.live(
                top + 1, LEFT + SIZE + K + 3, (OUT, OUT), formula, partial(_depth, xs[m], fs[m]), "diverging"
            )
        )
    col = LEFT + SIZE + K + OUT + 6
    page.text(TOP, col, "the 1×1 convolution: a row of weights per output map", bold=True)
    mix = page.typed("mixing", TOP + 1, col, mixing(), "diverging")
    for k in range(OUTPUTS):
        top = TOP + 4 + k * (OUT + 2)
        page.text(top, col, f"output map {k + 1}: filtered maps × weights, added up", bold=True)
        mixed = add(*(d.moving() * mix.cell(k, m) for m, d in enumerate(depth)))
        page.live(top + 1, col, (OUT, OUT), mixed, partial(_mixed, xs, fs, mix, k), "diverging")
    page.questions(TOP + MAPS * (SIZE + 2) + 1, [q for q, _ in QUESTIONS], 30)
    page.plan.format.zoom = 70
    return [page, _mobilenet()]


def _mobilenet() -> Page:
    page = Page(
        "mobilenet",
        "What it saves: MobileNet v1",
        "multiply-adds of each layer, separable and full; change the width multiplier",
    )
    page.text(TOP, LEFT, "width multiplier")
    width = page.typed("width", TOP, LEFT + 6, np.array([[1.0]]))
    heads = ("layer", "maps in", "maps out", "side", "depthwise 3×3", "1×1", "together", "full 3×3", "share")
    for n, words in enumerate(heads):
        page.plan.cells.append(Cell(TOP + 2, LEFT + n * 4, words, theme.HEADING_CENTER, merge=4))
    for n, (name, inside, outside, side) in enumerate(MOBILENET):
        row = TOP + 3 + n
        page.plan.cells.append(Cell(row, LEFT, name, theme.TEXT, merge=4))
        page.plan.cells.append(Cell(row, LEFT + 12, side, theme.CENTER, merge=4))
        w = width.cell(0, 0)
        maps_in = page.value(
            row,
            LEFT + 4,
            call("MAX", 1, call("INT", w * float(inside))),
            partial(_maps, width, inside),
            merge=4,
        )
        maps_out = page.value(
            row,
            LEFT + 8,
            call("MAX", 1, call("INT", w * float(outside))),
            partial(_maps, width, outside),
            merge=4,
        )
        area = float(side * side)
        deep = page.value(row, LEFT + 16, maps_in * (9.0 * area), partial(_cost, width, n, 0), merge=4)
        point = page.value(row, LEFT + 20, maps_in * maps_out * area, partial(_cost, width, n, 1), merge=4)
        full = page.value(
            row, LEFT + 28, maps_in * maps_out * (9.0 * area), partial(_cost, width, n, 2), merge=4
        )
        both = page.value(row, LEFT + 24, add(deep, point), partial(_both, width, n), merge=4)
        page.value(row, LEFT + 32, both / full, partial(_share, width, n), merge=4)
    page.small(TOP + 4 + len(MOBILENET), LEFT, "share = (depthwise + 1×1) ÷ full = 1 ÷ maps out + 1 ÷ 9")
    return page


def _maps(width: Area, maps: int, context: PageContext) -> float:
    return max(1.0, float(np.floor(width.values(context)[0, 0] * maps)))


def _cost(width: Area, n: int, which: int, context: PageContext) -> float:
    _, inside, outside, side = MOBILENET[n]
    i, o = _maps(width, inside, context), _maps(width, outside, context)
    return (i * 9 * side * side, i * o * side * side, i * o * 9 * side * side)[which]


def _both(width: Area, n: int, context: PageContext) -> float:
    return _cost(width, n, 0, context) + _cost(width, n, 1, context)


def _share(width: Area, n: int, context: PageContext) -> float:
    return (_cost(width, n, 0, context) + _cost(width, n, 1, context)) / _cost(width, n, 2, context)


def figures() -> list[Block]:
    """The steps, and the table."""
    depth = [correlate(x, f) for x, f in zip(inputs(), filters(), strict=True)]
    rows = []
    for name, i, o, s in MOBILENET:
        separable, full = s * s * i * (9 + o), s * s * i * o * 9
        rows.append((name, f"{i} → {o}", f"{separable:,}", f"{full:,}", f"{separable / full:.3f}"))
    return [
        Text(
            "A separable convolution filters every map for itself (depthwise 3×3), then mixes the maps at each pixel (1×1)."
        ),
        Figures([Figure(f"map {n + 1}, filtered", d, "diverging", 0, side=4) for n, d in enumerate(depth)]),
        Figures(
            [
                Figure(
                    f"output map {k + 1}",
                    added([d * w for d, w in zip(depth, row, strict=True)]),
                    "diverging",
                    1,
                    side=4,
                )
                for k, row in enumerate(mixing())
            ]
        ),
        Math("(9 C + C O) / (9 C O) = 1 / O + 1 / 9", "(9C + CO) ÷ 9CO = 1 ÷ O + 1 ÷ 9"),
        Table(("MobileNet v1", "maps", "separable", "full", "share"), rows, (1, 2, 3, 4)),
    ]


LESSON = Lesson(
    "separable",
    "1×1 and depthwise separable convolution",
    "how MobileNet does with a ninth of the work",
    pages,
    figures,
    QUESTIONS,
)
