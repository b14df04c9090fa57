"""A formula that is broken and has the right value all the same: the second pass of `verify` finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
from conftest import Cli

import sheetcnn
from sheetcnn import calculators
from sheetcnn.formulas.a1 import address, column_name
from sheetcnn.formulas.render import render
from sheetcnn.importers.spec.parse import parse
from sheetcnn.importers.starters import starters
from sheetcnn.model.graph import Model
from sheetcnn.sheets.layout import LayoutName, Options
from sheetcnn.sheets.sheet_plan import Plan
from sheetcnn.workbook.kinds import NETWORK_ONLY, read_network
from sheetcnn.workbook.plan import make_plan
from sheetcnn.workbook.verify import verify_many
from sheetcnn.xlsx.read import open_workbook

NETWORKS = ("digits", "lenet5", "conv_demo", "resnet", "tiny_vgg")
_WINDOW = re.compile(r"([A-Za-z_0-9]+!)([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?")


def without_activation(text: str, rng: np.random.Generator) -> str:
    for before, after in (("MAX(0,", "SUM(0,"), ("TANH(", "SUM("), ("1/(1+EXP(", "0+(0+(0*")):
        if text.startswith(before):
            return after + text.removeprefix(before)
    return text


def without_bias(text: str, rng: np.random.Generator) -> str:
    found = list(re.finditer(r"\+[A-Za-z_0-9]+_w!\$[A-Z]+\$[0-9]+(?=\)*$)", text))
    return text[: found[-1].start()] + text[found[-1].end() :] if found else text


def shifted(text: str, rng: np.random.Generator) -> str:
    """One of the windows, a row or a column further."""
    found = list(_WINDOW.finditer(text))
    if not found:
        return text
    one = found[int(rng.integers(len(found)))]
    down, across = [(1, 0), (0, 1), (-1, 0), (0, -1)][int(rng.integers(4))]

    def moved(letters: str, row: str) -> str:
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        return f"{column_name(max(1, column + across))}{max(1, int(row) + down)}"

    cells = one[1] + moved(one[2], one[3]) + (f":{moved(one[4], one[5])}" if one[4] else "")
    return text[: one.start()] + cells + text[one.end() :]


MUTATIONS = (without_activation, without_bias, shifted)


def mutants(path: Path, plan: Plan, folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Copies of a workbook, each with one formula of a layer changed.

    Below the first row of its map a formula stands in no other cell; the first is shared down its column.
    """
    rng = np.random.default_rng(seed)
    grids = [(s, g) for s, g in plan.tensors() if g.formula is not None and g.layer and g.region.rows > 1]
    made = 0
    while made < count:
        sheet, grid = grids[int(rng.integers(len(grids)))]
        i, j = int(rng.integers(1, grid.region.rows)), int(rng.integers(grid.region.cols))
        assert grid.formula is not None
        text = render(grid.formula, sheet.name).text(i, j)
        broken = MUTATIONS[made % len(MUTATIONS)](text, rng)
        if broken == text:
            broken = shifted(text, rng)
        if broken == text or sheet.page:
            continue
        cell = address(grid.row + i * grid.row_step, grid.col + j * grid.col_step)
        yield pe.edit(path, folder / f"{made}.xlsx", {(sheet.name, cell): pe.formula(broken)})
        made += 1


def missed(name: str, folder: Path, count: int, seed: int, *, quick: bool = False) -> int:
    """How many of so many broken workbooks verify agrees with."""
    spec = digits.SPEC if name == "digits" else starters()[name]
    model = sheetcnn.load(spec)
    image = sorted((Path(digits.SPEC).parent / "images").glob("*"))[3] if name == "digits" else None
    pixels = np.random.default_rng(4).integers(0, 256, model.graph.source_shape.dims).astype(float)
    path = folder / "book.xlsx"
    sheetcnn.build(model, pixels if image is None else image, path, layout="planar", pages=())
    plan = make_plan(model.graph, options_of(path))
    books = list(mutants(path, plan, folder, count, seed))
    return sum(report.ok for report in verify_many(books, quick=quick))


def options_of(path: Path) -> Options:
    """With which a workbook was built."""
    with open_workbook(path) as book:
        return read_network(book, path, NETWORK_ONLY).layout.options


def test_no_broken_formula_of_digits_is_missed(tmp_path: Path) -> None:
    """And one pass alone misses some, so the others are needed."""
    assert missed("digits", tmp_path, 24, 7, quick=True) > 0
    assert missed("digits", tmp_path, 24, 7) == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NETWORKS)
def test_no_broken_formula_is_missed(name: str, tmp_path: Path) -> None:
    assert missed(name, tmp_path, 50, 7) == 0


@pytest.mark.parametrize("layout", ["planar", "interleaved"])
def test_every_calculator_agrees_with_other_numbers(layout: LayoutName, tmp_path: Path) -> None:
    """On the pages too; a report says that it was made four times, and the workbook stays as it was."""
    path = tmp_path / "digits.xlsx"
    sheetcnn.build(
        sheetcnn.load(digits.SPEC), digits.IMAGES[2], path, layout=layout, samples=digits.IMAGES[:3]
    )
    before = path.read_bytes()
    for calculator in calculators.installed():
        report = sheetcnn.verify(path, calculator.name)
        assert report.ok, report.differences[:5]
        assert (report.passes, report.errors) == (4, 0)
        assert sheetcnn.verify(path, calculator.name, quick=True).passes == 1
    assert path.read_bytes() == before


def test_a_break_that_only_other_numbers_show_is_told_so(tmp_path: Path, cli: Cli) -> None:
    """A map whose sums are positive anyway does not need its ReLU today."""
    path, model = tmp_path / "digits.xlsx", sheetcnn.load(digits.SPEC)
    sheetcnn.build(model, digits.IMAGES[5], path, layout="planar", pages=())
    plan = make_plan(model.graph, options_of(path))
    result = sheetcnn.predict(model, digits.IMAGES[5]).activations["conv2"]
    channel, y, x = (int(n) for n in np.argwhere(result[:, 1:] > 0)[0])
    sheet, grid = next((s, g) for s, g in plan.tensors() if s.name == f"conv2_f{channel + 1}")
    assert grid.formula is not None
    text = render(grid.formula, sheet.name).text(y + 1, x)
    cell = address(grid.row + y + 1, grid.col + x)
    broken = pe.edit(
        path, tmp_path / "broken.xlsx", {(sheet.name, cell): pe.formula(text.replace("MAX(0,", "SUM(0,"))}
    )
    assert sheetcnn.verify(broken, quick=True).ok
    report = sheetcnn.verify(broken)
    assert not report.ok
    assert {(d.sheet, d.cell) for d in report.differences} >= {(sheet.name, cell)}
    assert all(d.varied for d in report.differences)
    told = cli("verify", broken)
    assert told.status == 1
    assert f"{sheet.name}!{cell}" in told.out
    assert "with other pixels and weights" in told.out
    assert cli("verify", broken, "--quick").status == 0


def test_a_network_that_cannot_compute_with_other_numbers(tmp_path: Path) -> None:
    """The root of a negative number: those copies prove nothing, and the others count."""
    layers = [
        {"kind": "conv2d", "name": "conv", "filters": 1, "kernel_size": 1},
        {"kind": "sqrt", "name": "root"},
    ]
    graph = parse({"input": {"channels": 1, "height": 3, "width": 3}, "layers": layers}, "root.yaml")
    model = Model.of(graph, {"conv": {"weight": np.ones((1, 1, 1, 1)), "bias": np.zeros(1)}})
    path = tmp_path / "root.xlsx"
    sheetcnn.build(model, np.arange(1.0, 10).reshape(1, 3, 3), path)
    report = sheetcnn.verify(path)
    assert (report.ok, report.passes) == (True, 3)
