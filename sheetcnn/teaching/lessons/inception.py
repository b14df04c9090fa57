"""Lesson 12: an inception module of GoogLeNet, and its 1×1 reductions."""

from __future__ import annotations

from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Ref, add, call
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, Area, Lesson, Page, entry
from sheetcnn.teaching.paper.document import Block, Box, Boxes, Math, Table, Text
from sheetcnn.xlsx.book import Cell

SIDE, MAPS = 28, 192
BRANCHES = (("1×1", 1, 0, 64), ("3×3", 3, 96, 128), ("5×5", 5, 16, 32), ("max pooling, then 1×1", 1, 0, 32))
"""Of module 3a (Szegedy et al. 2015, table 1): kernel, maps after the reduction (0: none), maps out."""
HEADS = (
    "branch",
    "kernel",
    "reduced to",
    "maps out",
    "weights",
    "multiply-adds",
    "without reduction",
    "share",
)

QUESTIONS = (
    (
        "How many maps does the module give, and how do the branches come together?",
        "64 + 128 + 32 + 32 = 256: the branches' maps are put one after the other; nothing is added up.",
    ),
    (
        "What does a reduction of 192 to 16 maps before the 5×5 save?",
        "The 5×5 branch does 12,443,648 multiply-adds instead of 120,422,400: about a tenth.",
    ),
    (
        "Set the reduction of the 3×3 branch to 192. Is it still worth its work?",
        "No: then the 1×1 layer costs extra and the 3×3 layer saves nothing.",
    ),
    (
        "Why must all branches have the same height and width?",
        "Because their maps are stacked; so the 3×3 and 5×5 are padded, and the pooling has stride 1.",
    ),
)


def pages() -> list[Page]:
    """The table of branches with its costs."""
    page = Page(
        "inception",
        "An inception module (GoogLeNet 3a)",
        "four branches over the same 192 maps; change the reductions or the widths",
    )
    page.text(TOP, LEFT, "maps in")
    maps = page.typed("maps", TOP, LEFT + 6, np.array([[float(MAPS)]]))
    page.text(TOP + 1, LEFT, "side of the maps")
    side = page.typed("side", TOP + 1, LEFT + 6, np.array([[float(SIDE)]]))
    for n, words in enumerate(HEADS):
        page.plan.cells.append(Cell(TOP + 3, LEFT + n * 4, words, theme.HEADING_CENTER, merge=4))
    numbers = np.array([b[2:] for b in BRANCHES], dtype=float)
    branches = page.typed("branches", TOP + 4, LEFT + 34, numbers)
    page.text(TOP + 3, LEFT + 34, "reduced to (0: not), maps out", bold=True)
    outs, work = [], []
    for n, (name, kernel, _, _) in enumerate(BRANCHES):
        row = TOP + 4 + n
        page.plan.cells.append(Cell(row, LEFT, name, theme.TEXT, merge=4))
        page.plan.cells.append(Cell(row, LEFT + 4, f"{kernel}×{kernel}", theme.CENTER, merge=4))
        reduced, out = (branches.cell(n, m) for m in range(2))
        page.value(row, LEFT + 8, reduced, entry(branches, n, 0), merge=4)
        outs.append(page.value(row, LEFT + 12, out, entry(branches, n, 1), merge=4))
        m, area, k2 = maps.cell(0, 0), side.cell(0, 0) * side.cell(0, 0), float(kernel * kernel)
        # A branch that is not reduced has its kernel over all maps.
        two: Expr = add(m * reduced, reduced * out * k2)
        weights = call("IF", reduced, two, m * out * k2)
        w = page.value(row, LEFT + 16, weights, partial(_weights, maps, branches, n), merge=4)
        work.append(page.value(row, LEFT + 20, w * area, partial(_work, maps, side, branches, n), merge=4))
        plain = page.value(
            row, LEFT + 24, m * out * k2 * area, partial(_plain, maps, side, branches, n), merge=4
        )
        share = call("IF", plain, Ref(None, row, LEFT + 20) / plain, 0)
        page.value(row, LEFT + 28, share, partial(_share, maps, side, branches, n), merge=4)
    row = TOP + 4 + len(BRANCHES)
    page.plan.cells.append(Cell(row, LEFT, "together", theme.HEADING, merge=4))
    page.value(row, LEFT + 12, add(*outs), lambda f: float(branches.values(f)[:, 1].sum()), merge=4)
    page.value(
        row,
        LEFT + 20,
        add(*work),
        lambda f: sum(_work(maps, side, branches, n, f) for n in range(len(BRANCHES))),
        merge=4,
    )
    page.small(
        row + 2,
        LEFT,
        "weights = maps in × reduced + reduced × maps out × kernel²; without a reduction: maps in × maps out × kernel²",
    )
    page.questions(row + 4, [q for q, _ in QUESTIONS], 34)
    page.plan.format.zoom = 60
    return [page]


def _weights(maps: Area, branches: Area, n: int, context: PageContext) -> float:
    m, (reduced, out) = float(maps.values(context)[0, 0]), branches.values(context)[n].tolist()
    k2 = BRANCHES[n][1] ** 2
    return float(m * reduced + reduced * out * k2 if reduced else m * out * k2)


def _work(maps: Area, side: Area, branches: Area, n: int, context: PageContext) -> float:
    return _weights(maps, branches, n, context) * float(side.values(context)[0, 0]) ** 2


def _plain(maps: Area, side: Area, branches: Area, n: int, context: PageContext) -> float:
    m, out = float(maps.values(context)[0, 0]), float(branches.values(context)[n, 1])
    return m * out * BRANCHES[n][1] ** 2 * float(side.values(context)[0, 0]) ** 2


def _share(maps: Area, side: Area, branches: Area, n: int, context: PageContext) -> float:
    plain = _plain(maps, side, branches, n, context)
    return _work(maps, side, branches, n, context) / plain if plain else 0.0


def figures() -> list[Block]:
    """The module as boxes, and its costs."""
    rows = []
    for name, k, reduced, out in BRANCHES:
        weights = MAPS * reduced + reduced * out * k * k if reduced else MAPS * out * k * k
        plain = MAPS * out * k * k
        rows.append(
            (
                name,
                str(reduced or "–"),
                str(out),
                f"{weights:,}",
                f"{weights * SIDE**2:,}",
                f"{plain * SIDE**2:,}",
            )
        )
    tint = theme.TINTS["weights"]
    boxes = [
        Box(
            name,
            (f"{MAPS} maps in", f"reduced to {reduced}" if reduced else "not reduced", f"{out} maps out"),
            tint,
        )
        for name, _, reduced, out in BRANCHES
    ]
    return [
        Text(
            "Four branches look at the same 192 maps with windows of different sizes; their maps are put one after the other."
        ),
        Boxes(
            [
                *boxes,
                Box(
                    "together", (f"{sum(b[3] for b in BRANCHES)} maps", f"{SIDE}×{SIDE}"), theme.TINTS["maps"]
                ),
            ]
        ),
        Table(
            ("branch", "reduced to", "maps out", "weights", "multiply-adds", "without reduction"),
            rows,
            (1, 2, 3, 4, 5),
        ),
        Math(
            "192 dot 16 + 16 dot 32 dot 25 = 15872 quad < quad 192 dot 32 dot 25 = 153600",
            "5×5 branch: 192 · 16 + 16 · 32 · 25 = 15,872 < 192 · 32 · 25 = 153,600 weights",
        ),
    ]


LESSON = Lesson(
    "inception",
    "An inception module",
    "why GoogLeNet reduces its maps before large kernels",
    pages,
    figures,
    QUESTIONS,
)
