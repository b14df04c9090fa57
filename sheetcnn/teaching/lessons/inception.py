"""Lesson 12: an inception module of GoogLeNet, and its 1×1 reductions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sheetcnn.formulas.expr import Expr, Ref, add, call
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.lessons.lesson_page import LEFT, TOP, LessonPage
from sheetcnn.teaching.paper.document import Box, Boxes, DocumentPart, Math, Table

SIDE, MAPS = 28, 192
BRANCHES = (("1×1", 1, 0, 64), ("3×3", 3, 96, 128), ("5×5", 5, 16, 32), ("max pooling, then 1×1", 1, 0, 32))
"""Of module 3a (Szegedy et al. 2015, table 1): kernel, maps after the reduction (0: none), maps out."""
COSTS = ("reduced to", "maps out", "weights", "multiply-adds", "without reduction")


def costs(maps: float, side: float, kernel: int, reduced: float, out: float) -> tuple[float, ...]:
    """Of a branch: weights, multiply-adds, those without a reduction, and the share."""
    full = maps * out * kernel**2
    # A branch that is not reduced has its kernel over all maps.
    weights = maps * reduced + reduced * out * kernel**2 if reduced else full
    work, unreduced = weights * side**2, full * side**2
    return weights, work, unreduced, work / unreduced if unreduced else 0.0


def pages() -> list[LessonPage]:
    """The table of branches with its costs."""
    page = LessonPage.of("inception", "inception")
    page.text(TOP, LEFT, "maps in")
    maps = page.inputs("maps", TOP, LEFT + 6, np.array([[float(MAPS)]]))
    page.text(TOP + 1, LEFT, "side of the maps")
    side = page.inputs("side", TOP + 1, LEFT + 6, np.array([[float(SIDE)]]))
    page.heads(TOP + 3, ("branch", "kernel", *COSTS, "share"))
    numbers = np.array([b[2:] for b in BRANCHES], dtype=float)
    words = "reduced to (0: not), maps out"
    branches = page.inputs("branches", TOP + 4, LEFT + 34, numbers, title=words)

    def cost(n: int, column: int) -> Callable[[PageContext], float]:
        def value(ctx: PageContext) -> float:
            sizes = branches.values(ctx)[n].tolist()
            return costs(maps.number(ctx), side.number(ctx), BRANCHES[n][1], *sizes)[column]

        return value

    outs, work = [], []
    for n, (name, kernel, _, _) in enumerate(BRANCHES):
        row = TOP + 4 + n
        page.label(row, LEFT, name)
        page.label(row, LEFT + 4, f"{kernel}×{kernel}", theme.CENTER)
        reduced, out = (branches.cell(n, m) for m in range(2))
        page.formula(row, LEFT + 8, reduced, partial(branches.number, i=n, j=0), merge=4)
        outs.append(page.formula(row, LEFT + 12, out, partial(branches.number, i=n, j=1), merge=4))
        m, area, k2 = maps.cell(0, 0), side.cell(0, 0) * side.cell(0, 0), float(kernel * kernel)
        two: Expr = add(m * reduced, reduced * out * k2)
        weights = call("IF", reduced, two, m * out * k2)
        w = page.formula(row, LEFT + 16, weights, cost(n, 0), merge=4)
        work.append(page.formula(row, LEFT + 20, w * area, cost(n, 1), merge=4))
        plain = page.formula(row, LEFT + 24, m * out * k2 * area, cost(n, 2), merge=4)
        share = call("IF", plain, Ref(None, row, LEFT + 20) / plain, 0)
        page.formula(row, LEFT + 28, share, cost(n, 3), merge=4)
    row = TOP + 4 + len(BRANCHES)
    page.label(row, LEFT, "together", theme.HEADING)
    page.formula(row, LEFT + 12, add(*outs), lambda ctx: float(branches.values(ctx)[:, 1].sum()), merge=4)

    def all_work(ctx: PageContext) -> float:
        return sum(cost(n, 1)(ctx) for n in range(len(BRANCHES)))

    page.formula(row, LEFT + 20, add(*work), all_work, merge=4)
    words = "weights = maps in × reduced + reduced × maps out × kernel²; without a reduction: maps in × maps out × kernel²"
    page.remark(row + 2, LEFT, words)
    page.questions(row + 4, 34)
    page.plan.format.zoom = 60
    return [page]


def figures() -> list[DocumentPart]:
    """The module as boxes, and its costs."""
    rows = []
    for name, kernel, reduced, out in BRANCHES:
        numbers = costs(MAPS, SIDE, kernel, reduced, out)[:3]
        rows.append((name, str(reduced or "–"), str(out), *(f"{n:,}" for n in numbers)))
    tint = theme.TINTS["weights"]
    boxes = []
    for name, _, reduced, out in BRANCHES:
        how = f"reduced to {reduced}" if reduced else "not reduced"
        boxes.append(Box(name, (f"{MAPS} maps in", how, f"{out} maps out"), tint))
    whole = (f"{sum(b[3] for b in BRANCHES)} maps", f"{SIDE}×{SIDE}")
    boxes.append(Box("together", whole, theme.TINTS["maps"]))
    return [
        Boxes(boxes),
        Table(("branch", *COSTS), rows, (1, 2, 3, 4, 5)),
        Math(
            "192 dot 16 + 16 dot 32 dot 25 = 15872 quad < quad 192 dot 32 dot 25 = 153600",
            "5×5 branch: 192 · 16 + 16 · 32 · 25 = 15,872 < 192 · 32 · 25 = 153,600 weights",
        ),
    ]
