"""Random chains of the basic layers: shapes, NumPy against PyTorch, formulas against NumPy."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_networks
from openxml import validate
from random_networks import Network
from requirements import require

from sheetcnn import calculators
from sheetcnn.model.engine import run
from sheetcnn.model.ops import OPS
from sheetcnn.sheets.layout import Options
from sheetcnn.workbook.build import build
from sheetcnn.workbook.verify import verify_many

COUNT = 40
FEW = 8  # of them go through the programs that take a second for each
MORE = 25  # likewise, of the exhaustive tests
EXACT = 1e-9  # both sides compute in float64; they add in another order

NETWORKS = [random_networks.draw_network(seed) for seed in range(COUNT)]
by_name = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.spec["name"])


def _layers() -> list[dict[str, Any]]:
    return [layer for network in NETWORKS for layer in network.spec["layers"]]


def test_the_networks_are_worth_testing() -> None:
    """Every kind, and every option of each in more than one form, in what all calculators get."""
    layers = _layers()
    assert {layer["kind"] for layer in layers} == set(random_networks.KINDS) <= set(OPS)
    forms: dict[tuple[str, str], set[str]] = {}
    for layer in layers:
        for option, value in layer.items():
            if option not in ("kind", "name", "inputs"):
                forms.setdefault((layer["kind"], option), set()).add(str(value))
    assert {place for place, values in forms.items() if len(values) < 2} == set()
    convolutions = [layer for layer in layers if layer["kind"] == "conv2d"]
    assert {type(layer["padding"]).__name__ for layer in convolutions} == {"str", "int", "list"}
    for option in ("stride", "kernel_size"):
        assert {type(layer[option]) for layer in convolutions} == {int, list}
    assert any(layer["groups"] > 1 for layer in convolutions)
    assert {network.relu for network in NETWORKS} == {"fused", "separate"}


@by_name
def test_shapes(network: Network) -> None:
    shapes = network.model().graph.shapes
    assert {name: shapes[name].dims for name in network.shapes} == network.shapes


@by_name
def test_numpy_agrees_with_pytorch(network: Network) -> None:
    require("torch", importlib.util.find_spec("torch") is not None)
    import torch_reference

    source = network.spec["input"]
    mean, std = (np.reshape(source.get(key, n), (-1, 1, 1)) for key, n in (("mean", 0.0), ("std", 1.0)))
    values = {"input": (network.image / source.get("divide", 1.0) - mean) / std}
    found = run(network.model(), network.image).activations
    for layer in network.spec["layers"]:
        options = {key: value for key, value in layer.items() if key not in ("name", "inputs")}
        inputs = [values[name] for name in layer["inputs"]]
        params = network.params.get(layer["name"], {})
        values[layer["name"]] = torch_reference.reference(options, inputs, params)
        np.testing.assert_allclose(
            found[layer["name"]], values[layer["name"]], rtol=EXACT, atol=EXACT, err_msg=layer["name"]
        )


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("networks")
    paths = [folder / f"{network.spec['name']}.xlsx" for network in NETWORKS]
    for network, path in zip(NETWORKS, paths, strict=True):
        pages = None if len(network.spec["layers"]) % 3 == 1 else ()
        build(network.model(), network.image, path, Options(network.relu, pages=pages))  # type: ignore[arg-type]
    return paths


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_formulas_agree_with_numpy(calculator: str, books: list[Path]) -> None:
    check(calculator, range(COUNT if calculator == "ironcalc" else FEW), books)


@pytest.mark.exhaustive
@pytest.mark.parametrize("calculator", [name for name in calculators.NAMES if name != "ironcalc"])
def test_formulas_of_more_networks_agree(calculator: str, books: list[Path]) -> None:
    check(calculator, range(FEW, MORE), books)


def check(calculator: str, numbers: range, books: list[Path]) -> None:
    """Lets a calculator recalculate some workbooks, and compares every formula with NumPy."""
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    chosen = [books[n] for n in numbers]
    reports = verify_many(chosen, calculator)
    wrong = {
        path.stem: report.differences[:3]
        for path, report in zip(chosen, reports, strict=True)
        if not report.ok or report.errors or report.max_abs_error > EXACT
    }
    assert wrong == {}
    for number, report in zip(numbers, reports, strict=True):
        network = NETWORKS[number]
        assert report.compared == report.formulas
        # Every value of every layer is a formula, except dropout's, which are its input's own cells.
        for layer in network.spec["layers"]:
            values = int(np.prod(network.shapes[layer["name"]]))
            own = next((one.formulas for one in report.layers if one.name == layer["name"]), 0)
            assert own >= (0 if layer["kind"] == "dropout" else values)


def test_files_are_valid(books: list[Path]) -> None:
    assert validate(books[::20]) == []


@pytest.mark.exhaustive
def test_more_files_are_valid(books: list[Path]) -> None:
    assert validate(books[::4]) == []
