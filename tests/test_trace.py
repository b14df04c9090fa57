"""The page that traces one pixel: every number, for many choices, in the calculators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from package_edit import edit, number
from requirements import require
from test_interleaved import image_of, network

import sheetcnn
from sheetcnn import calculators
from sheetcnn.calculators import get
from sheetcnn.formulas.a1 import address
from sheetcnn.formulas.region import Stamp
from sheetcnn.formulas.render import render
from sheetcnn.importers.starters import starters
from sheetcnn.model.graph import INPUT, Graph, Model, Node
from sheetcnn.model.ops.base import Params, Site
from sheetcnn.model.ops.max_pool import MaxPool
from sheetcnn.model.ops.pooling import Pool, Selection
from sheetcnn.pages.lookup import DIFFERENT, MOST_CHOSEN, SAME
from sheetcnn.pages.trace.conv_values import MOST_INPUTS
from sheetcnn.shape import Array, Shape
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.sheet_plan import Plan
from sheetcnn.workbook.build import build
from sheetcnn.workbook.plan import make_plan
from sheetcnn.workbook.verify import verify_many

# Each with something that moves the cells: padding, stride, dilation, groups, other activations, no bias.
LAYERS: list[dict[str, Any]] = [
    {
        "name": "plain",
        "kind": "conv2d",
        "filters": 6,
        "kernel_size": 3,
        "padding": "same",
        "activation": "relu",
    },
    {
        "name": "steps",
        "kind": "conv2d",
        "filters": 4,
        "kernel_size": [2, 3],
        "stride": [2, 1],
        "padding": 1,
    },
    {"name": "dilated", "kind": "conv2d", "filters": 4, "kernel_size": 2, "dilation": [1, 2], "bias": False},
    {"name": "grouped", "kind": "conv2d", "filters": 6, "kernel_size": 3, "groups": 2, "padding": 1},
    {"name": "each", "kind": "depthwise_conv2d", "kernel_size": 2, "activation": "gelu", "inputs": ["plain"]},
    {"name": "both", "kind": "concat", "inputs": ["plain", "each_padded"]},
    {"name": "each_padded", "kind": "pad", "padding": [0, 1, 0, 1], "inputs": ["each"]},
    {"name": "narrow", "kind": "conv2d", "filters": 3, "kernel_size": 1, "inputs": ["both"]},
    {"name": "last", "kind": "conv2d", "filters": 1, "kernel_size": [9, 9], "inputs": ["narrow"]},
    # Windows that reach into padding on all sides, over values of both signs.
    {
        "name": "most",
        "kind": "max_pool",
        "kernel_size": [3, 2],
        "stride": 2,
        "padding": 1,
        "inputs": ["steps"],
    },
    {
        "name": "spread",
        "kind": "max_pool",
        "kernel_size": 2,
        "dilation": [2, 3],
        "stride": 1,
        "inputs": ["most"],
    },
    {
        "name": "mean",
        "kind": "avg_pool",
        "kernel_size": 2,
        "padding": 1,
        "ceil_mode": True,
        "inputs": ["grouped"],
    },
    {
        "name": "inner",
        "kind": "avg_pool",
        "kernel_size": 3,
        "padding": 1,
        "count_include_pad": False,
        "inputs": ["mean"],
    },
    {"name": "flat", "kind": "flatten", "inputs": ["inner"]},
    {"name": "hidden", "kind": "dense", "units": 5, "activation": "tanh"},
    {"name": "drop", "kind": "dropout"},
    {"name": "one", "kind": "dense", "units": 1, "bias": False},
    {"name": "scores", "kind": "dense", "units": 4, "inputs": ["hidden"]},
    {"name": "shares", "kind": "softmax"},
]
CONVOLUTIONS = ("plain", "steps", "dilated", "grouped", "each", "narrow", "last")
POOLS, DENSE = ("most", "spread", "mean", "inner"), ("hidden", "one", "scores")
OUTPUTS = ["last", "spread", "shares", "one"]


def model() -> Model:
    return network(LAYERS, (3, 9, 9), OUTPUTS)


def chosen(path: Path, target: Path, plan: Plan, values: dict[str, int]) -> Path:
    """A copy with these choices typed in."""
    cells = {
        (sheet.name, address(choice.row, choice.col)): number(values[choice.name])
        for sheet in plan.sheets
        for choice in sheet.choices
        if values.get(choice.name, choice.default) != choice.default
    }
    return edit(path, target, cells)


def choices(plan: Plan, rng: np.random.Generator, *, corner: bool = False) -> dict[str, int]:
    """Random choices on all trace pages; or the last of everything, where padding is seen."""
    return {
        c.name: c.most if corner else int(rng.integers(c.least, c.most + 1))
        for sheet in plan.sheets
        for c in sheet.choices
        if ".trace." in c.name
    }


@pytest.mark.parametrize("layout", ["planar", "interleaved"])
@pytest.mark.parametrize(
    ("calculator", "count"),
    [
        *(("ironcalc", 4), ("libreoffice", 0), ("gnumeric", 0)),
        *(pytest.param(name, n, marks=pytest.mark.exhaustive)
          for name, n in (("ironcalc", 12), ("libreoffice", 3), ("gnumeric", 3))),
    ],
)  # fmt: skip
def test_every_choice_agrees_with_numpy(calculator: str, count: int, layout: Any, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    net, options = model(), Options(layout=layout)
    path = tmp_path / "traced.xlsx"
    build(net, image_of(net), path, options)
    plan = make_plan(net.graph, options)
    traced = {s.layer for s in plan.sheets if s.name.endswith("_trace")}
    # In the interleaved layout the first dense layer reads the maps where they stand.
    dense = DENSE if layout == "planar" else DENSE[1:]
    assert traced == {*CONVOLUTIONS, *POOLS, *dense, "shares"}
    rng = np.random.default_rng(5)
    some = [choices(plan, rng) for _ in range(count)] + [choices(plan, rng, corner=True)]
    some.append({c.name: 1 for sheet in plan.sheets for c in sheet.choices})
    books = [chosen(path, tmp_path / f"{n}.xlsx", plan, values) for n, values in enumerate(some)]
    for report in verify_many(books, calculator):
        assert report.ok, report.differences[:3]
        assert report.errors == 0


@pytest.mark.parametrize("layout", ["planar", "interleaved"])
def test_many_maps_are_chosen_from(layout: Any, tmp_path: Path) -> None:
    inputs, outputs = MOST_INPUTS + 6, MOST_CHOSEN + 5
    layers = [
        {"name": "wide", "kind": "conv2d", "filters": inputs, "kernel_size": 1},
        {"name": "conv", "kind": "conv2d", "filters": outputs, "kernel_size": 2, "groups": 1},
        {"name": "last", "kind": "conv2d", "filters": 2, "kernel_size": 1},
    ]
    net, options = network(layers, (1, 3, 3), ["last"]), Options(layout=layout)
    path = tmp_path / "many.xlsx"
    build(net, image_of(net), path, options)
    plan = make_plan(net.graph, options)
    rng = np.random.default_rng(6)
    for n in range(2):
        values = choices(plan, rng, corner=n == 0)
        assert "conv.trace.input" in values
        assert sheetcnn.verify(chosen(path, tmp_path / f"{n}.xlsx", plan, values)).ok


def test_more_maps_than_one_choice_takes(tmp_path: Path) -> None:
    """LibreOffice's CHOOSE ends at 30 values. The pooled maps are one value each, down a column."""
    require("libreoffice", any(c.name == "libreoffice" for c in calculators.installed()))
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": 40, "kernel_size": 2},
        {"name": "pool", "kind": "max_pool", "kernel_size": 2},
    ]
    net, options, path = (
        network(layers, (1, 3, 3), ["pool"]),
        Options(layout="planar"),
        tmp_path / "many.xlsx",
    )
    build(net, image_of(net), path, options)
    plan = make_plan(net.graph, options)
    late = choices(plan, np.random.default_rng(0), corner=True)
    books = [path, chosen(path, tmp_path / "late.xlsx", plan, late)]
    assert [(r.ok, r.errors) for r in verify_many(books, "libreoffice")] == [(True, 0)] * 2


class MinPool(MaxPool):
    """A kind of pool that no page has heard of."""

    kind: ClassVar[str] = "min_pool"

    @property
    def explanation(self) -> Selection:
        return Selection("the least of the window", "It is {value}.", np.min, "MIN", 1e300)


class SilentPool(Pool):
    """A pool that does not say how it is explained."""

    kind: ClassVar[str] = "silent_pool"

    def run(self, inputs: Sequence[Array], params: Params) -> Array:
        return inputs[0]

    def formula(self, site: Site) -> Iterator[Stamp]:
        return iter(())

    def describe(self, inputs: Sequence[Shape]) -> str:
        return ""


def test_a_page_shows_what_the_pool_says() -> None:
    graph = Graph.of("net", INPUT, Shape.maps(1, 4, 4), [Node("pool", MinPool(kernel_size=2), (INPUT,))])
    (page,) = (s for s in make_plan(graph).sheets if s.name == "pool_trace")
    labels = [cell.value for cell in page.cells]
    shown = [render(c.formula, page.name).text() for c in (*page.computed, *page.live)]
    assert "the least of the window" in labels
    assert not any("greatest" in str(label) or "mean" in str(label) for label in labels)
    assert "MIN($B$13:$C$14)" in shown
    assert not any("MAX($B" in formula for formula in shown)


def test_a_pool_that_explains_nothing_is_none() -> None:
    with pytest.raises(TypeError, match="explanation"):
        SilentPool(kernel_size=2)  # type: ignore[abstract]


def test_the_check_mark_sees_a_formula_that_was_changed(tmp_path: Path) -> None:
    net = sheetcnn.load(starters()["tiny_vgg"])
    path = tmp_path / "book.xlsx"
    sheetcnn.build(net, image_of(net), path, layout="planar")
    plan = make_plan(net.graph)
    page = next(s for s in plan.sheets if s.name.endswith("_trace"))
    (mark,) = [c for c in page.computed if SAME in str(c.formula)]
    row, col = (page.choices[n].default - 1 for n in (1, 2))
    block = plan.layout.placements[page.layer].blocks[0]
    cell = address(*block.cell(0, row, col))
    broken = edit(path, tmp_path / "broken.xlsx", {(block.sheet, cell): number(123.0)})
    for book, expected in ((path, SAME), (broken, DIFFERENT)):
        (values,) = get("ironcalc").recalculate([book])
        with values:
            assert values.block(page.name, mark.row, mark.col, 1, 1) == [[expected]]


def test_an_edited_kernel_is_followed(tmp_path: Path) -> None:
    net, options = model(), Options()
    path = tmp_path / "book.xlsx"
    build(net, image_of(net), path, options)
    plan = make_plan(net.graph, options)
    kernel = plan.layout.weights["plain"].kernel("weight", 0)[1]
    edited = edit(
        path, tmp_path / "edited.xlsx", {(str(kernel.sheet), address(kernel.row, kernel.col)): number(2.0)}
    )
    assert sheetcnn.verify(edited).ok
