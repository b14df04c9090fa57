"""Random networks with branches: NumPy against PyTorch, formulas against NumPy."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import random_graphs
from openxml import validate
from requirements import require

from sheetcnn import calculators
from sheetcnn.importers.spec.parse import dump, parse
from sheetcnn.model.engine import run
from sheetcnn.sheets.layout import LayoutName, Options
from sheetcnn.workbook.build import build
from sheetcnn.workbook.verify import verify_many

COUNT = 200

EXACT = 1e-9  # both sides compute in float64


Book = Callable[[int], Path]


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The workbook of a network, built when it is first asked for."""
    directory = tmp_path_factory.mktemp("random_graphs")

    @cache
    def of(seed: int) -> Path:
        model, image, _ = random_graphs.model(seed)
        # A sixth has all pages; with pages for all, the calculators would take most of their time over them.
        pages = None if seed % 6 == 1 else ()
        options = Options("separate" if seed % 4 == 0 else "fused", pages=pages)
        # One layout each, both with every other option; both of each would take twice as long.
        layout: LayoutName = "interleaved" if seed // 4 % 2 else "planar"
        path = directory / f"{layout}_{seed}.xlsx"
        build(model, image, path, replace(options, layout=layout))
        return path

    return of


def check(calculator: str, seeds: Sequence[int], book: Book) -> None:
    """Lets a calculator recalculate the workbooks, and compares every formula with NumPy."""
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    chosen = [book(seed) for seed in seeds]
    reports = verify_many(chosen, calculator)
    wrong = {p.stem: r.differences[:3] for p, r in zip(chosen, reports, strict=True) if not r.ok or r.errors}
    assert not wrong
    assert all(report.formulas == report.compared > 0 for report in reports)


def test_the_networks_are_worth_testing() -> None:
    kinds: Counter[str] = Counter()
    branches = 0
    for seed in range(COUNT):
        layers = random_graphs.graph(seed)["layers"]
        kinds.update({layer["kind"] for layer in layers})
        reads = Counter(name for layer in layers for name in layer["inputs"])
        branches += any(count > 1 for count in reads.values())
    assert branches > COUNT / 2
    wanted = {layer.split()[0] for layer in random_graphs.MAPS} | set(random_graphs.MERGES)
    wanted |= {"depth_to_space", "space_to_depth"}
    assert {kind for kind in wanted if kinds[kind] < 2} == set()


# Steps by which the layouts, activations and pages take turns; the other programs take a second for each.
SOME = {"ironcalc": range(0, COUNT, 5), "libreoffice": range(0, COUNT, 25), "gnumeric": range(0, COUNT, 25)}
MORE = {"ironcalc": range(COUNT), "libreoffice": range(0, COUNT, 7), "gnumeric": range(0, COUNT, 7)}


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_formulas_agree_with_numpy(calculator: str, book: Book) -> None:
    check(calculator, SOME[calculator], book)


@pytest.mark.exhaustive
@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_formulas_of_more_networks_agree(calculator: str, book: Book) -> None:
    check(calculator, MORE[calculator], book)


def test_files_are_valid(book: Book) -> None:
    assert validate([book(seed) for seed in range(0, COUNT, 50)]) == []  # a second each


@pytest.mark.exhaustive
def test_more_files_are_valid(book: Book) -> None:
    assert validate([book(seed) for seed in range(0, COUNT, 15)]) == []


@pytest.mark.parametrize("seed", range(COUNT))
def test_numpy_agrees_with_pytorch(seed: int) -> None:
    require("torch", importlib.util.find_spec("torch") is not None)
    import torch_reference

    model, image, spec = random_graphs.model(seed)
    scaling = spec["input"]
    values = {"input": (image / scaling.get("divide", 1.0)) - scaling.get("mean", 0.0)}
    for layer in spec["layers"]:
        options = {k: v for k, v in layer.items() if k not in ("name", "inputs")}
        inputs = [values[name] for name in layer["inputs"]]
        values[layer["name"]] = torch_reference.reference(
            options, inputs, model.params.get(layer["name"], {})
        )
    found = run(model, image).activations
    for name in model.graph.by_name:
        np.testing.assert_allclose(found[name], values[name], rtol=EXACT, atol=EXACT, err_msg=name)


@pytest.mark.parametrize("seed", range(0, COUNT, 10))
def test_spec_survives_writing_and_reading(seed: int) -> None:
    model, _, _ = random_graphs.model(seed)
    assert parse(dump(model.graph), model.graph.name) == model.graph
