"""`verify` on the sheets of the interleaved layout: every broken cell among tens of thousands is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import package_edit as pe
import pytest
from requirements import require

import sheetcnn
from sheetcnn import calculators
from sheetcnn.errors import WorkbookError
from sheetcnn.formulas.a1 import address
from sheetcnn.sheets.sheet_plan import TensorGrid
from sheetcnn.workbook import verify as verify_module
from sheetcnn.workbook.readback import read_plan
from sheetcnn.workbook.verify import Report
from sheetcnn.xlsx.read import open_workbook

LABELS = ["#DIV/0!", "#N/A", "cat"]
SPEC = {
    "name": "large",
    "input": {"channels": 3, "height": 24, "width": 24},
    "labels": LABELS,
    "layers": [
        {"kind": "conv2d", "name": "conv", "filters": 32, "kernel_size": 3, "padding": 1},
        {"kind": "max_pool", "name": "pool", "kernel_size": 2},
        {"kind": "global_avg_pool", "name": "gap"},
        {"kind": "flatten", "name": "flat"},
        {"kind": "dense", "name": "fc", "units": 3},
        {"kind": "softmax", "name": "softmax"},
    ],
}
FORMULAS = 20_000
SHOWN = "conv"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook whose convolution has 18,432 formulas on one sheet; its label reads like an error."""
    folder = tmp_path_factory.mktemp("large")
    draw = np.random.default_rng(4)
    arrays = {
        "conv.weight": draw.normal(size=(32, 3, 3, 3)) * 0.2,
        "conv.bias": draw.normal(size=32) * 0.1,
        "fc.weight": draw.normal(size=(3, 32)),
        "fc.bias": np.array([100.0, 0, 0]),  # the first label wins
    }
    (folder / "large.json").write_text(json.dumps(SPEC))
    np.savez(folder / "large.npz", **arrays)
    model = sheetcnn.load(folder / "large.json", folder / "large.npz")
    image = draw.integers(0, 9, (3, 24, 24))
    sheetcnn.build(model, image, folder / "large.xlsx", layout="interleaved")
    return folder / "large.xlsx"


def grid_of(path: Path, layer: str, channel: int) -> tuple[str, TensorGrid]:
    """The cells of one channel of a layer."""
    with open_workbook(path) as book:
        plan = read_plan(book, path)
    found = [
        (sheet.name, grid)
        for sheet, grid in plan.tensors()
        if grid.tensor == layer and grid.formula is not None and not grid.channel
    ]
    return next((name, grid) for name, grid in found if grid.region.start[0] == channel)


def place(path: Path, channel: int, y: int, x: int) -> tuple[str, str]:
    """The cell of a pixel of the convolution."""
    sheet, grid = grid_of(path, SHOWN, channel)
    return sheet, address(grid.row + y * grid.row_step, grid.col + x * grid.col_step)


BROKEN: dict[str, tuple[pe.Change, str]] = {
    "constant": (pe.number(0.125), "no formula"),
    "error": (pe.formula("1/0"), "error"),
    "text": (pe.formula('"#DIV"'), "type"),
    "value": (pe.formula("-5"), "value"),
}


@pytest.fixture(scope="module")
def edited(large: Path) -> dict[str, tuple[Path, tuple[str, str]]]:
    """Copies with one cell changed, and that cell."""
    where = place(large, 17, 20, 11)
    changes = {name: (where, change) for name, (change, _) in BROKEN.items()}
    with open_workbook(large) as book:
        cells = book.sheet("overview")
        labels = [p for p, value in cells.values.items() if value == "#DIV/0!" and p in cells.formulas]
    changes["label"] = (("overview", address(*labels[0])), pe.formula("1/0"))
    changes["view"] = (choice_of(large, SHOWN), pe.number(32))
    changes["view_by_a_formula"] = (choice_of(large, SHOWN), pe.formula("30+2"))
    return {
        name: (pe.edit(large, large.with_name(f"{name}.xlsx"), {cell: change}), cell)
        for name, (cell, change) in changes.items()
    }


@pytest.fixture(
    scope="module", params=["ironcalc", pytest.param("libreoffice", marks=pytest.mark.exhaustive)]
)
def reports(
    request: pytest.FixtureRequest, large: Path, edited: dict[str, tuple[Path, tuple[str, str]]]
) -> dict[str, Report]:
    """What a calculator, started once, finds in each of them."""
    require(request.param, any(c.name == request.param for c in calculators.installed()))
    paths = {"untouched": large, **{name: path for name, (path, _) in edited.items()}}
    return dict(zip(paths, verify_module.verify_many(list(paths.values()), request.param), strict=True))


def test_a_large_sheet_agrees(reports: dict[str, Report]) -> None:
    """Also the label, a text that reads exactly like an error."""
    report = reports["untouched"]
    assert report.ok, report.differences[:3]
    assert report.compared == report.formulas > FORMULAS
    assert report.prediction == "#DIV/0!"


def test_a_large_sheet_agrees_in_libreoffice(large: Path) -> None:
    require("libreoffice", any(c.name == "libreoffice" for c in calculators.installed()))
    test_a_large_sheet_agrees({"untouched": verify_module.verify(large, "libreoffice")})


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_cell_is_named(
    name: str, reports: dict[str, Report], edited: dict[str, tuple[Path, tuple[str, str]]]
) -> None:
    report, where = reports[name], edited[name][1]
    assert not report.ok
    first = report.differences[0]
    assert (first.sheet, first.cell, first.reason) == (*where, BROKEN[name][1])
    assert [d.cell for d in report.differences if d.sheet == where[0]] == [where[1]]


def test_a_label_that_is_an_error_is_not_the_label_of_that_name(
    reports: dict[str, Report], edited: dict[str, tuple[Path, tuple[str, str]]]
) -> None:
    report, where = reports["label"], edited["label"][1]
    # The page of the input shows the label too.
    found = [(d.sheet, d.reason) for d in report.differences]
    assert found == [(where[0], "error"), ("input_image", "error")]
    assert report.differences[0].cell == where[1]
    assert report.errors == 2


@pytest.mark.parametrize("name", ["view", "view_by_a_formula"])
def test_another_channel_may_be_chosen(name: str, reports: dict[str, Report]) -> None:
    assert reports[name].ok, reports[name].differences[:3]


def test_every_error_is_counted(large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "MOST_DIFFERENCES", 3)
    sheet, grid = grid_of(large, SHOWN, 0)
    change = {(sheet, address(grid.row, grid.col)): pe.formula("1/0")}
    report = verify_module.verify(pe.edit(large, tmp_path / "b.xlsx", change))
    assert report.errors > 3  # it spreads down to the probabilities
    assert report.different >= report.errors
    assert len(report.differences) == 3


@pytest.mark.parametrize(
    "calculator", ["ironcalc", pytest.param("libreoffice", marks=pytest.mark.exhaustive)]
)
def test_an_error_among_the_weights(calculator: str, large: Path, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    with open_workbook(large) as book:
        plan = read_plan(book, large)
    grid = next(w.cells for s in plan.sheets for w in s.weights if s.name == "conv_w")
    cell = address(grid.row, grid.col)
    path = pe.edit(large, tmp_path / "a.xlsx", {("conv_w", cell): pe.formula("1/0")})
    with pytest.raises(WorkbookError, match=rf"conv_w!{cell} holds #DIV/0! where a number is needed"):
        verify_module.verify(path, calculator)


# Choices.


def choice_of(path: Path, tensor: str) -> tuple[str, str]:
    with open_workbook(path) as book:
        plan = read_plan(book, path)
    for sheet in plan.sheets:
        for choice in sheet.choices:
            if sheet.layer == tensor:
                return sheet.name, address(choice.row, choice.col)
    raise AssertionError(tensor)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (pe.number(33), "33.0"),
        (pe.number(1.5), "1.5"),
        (pe.text("two"), "'two'"),
        (pe.blank(), "nothing"),
        (pe.formula("1/0"), "#DIV/0!"),
    ],
)
def test_a_channel_that_is_not_there(
    change: Callable[[str], str], shown: str, large: Path, tmp_path: Path
) -> None:
    sheet, cell = choice_of(large, SHOWN)
    message = f"{sheet}!{cell} holds {shown} where a whole number from 1 to 32 is needed; type a whole number"
    with pytest.raises(WorkbookError, match=message):
        verify_module.verify(pe.edit(large, tmp_path / "a.xlsx", {(sheet, cell): change}))


def test_progress(large: Path) -> None:
    told: list[tuple[str, int, int]] = []
    verify_module.verify(large, progress=lambda *stage: told.append(stage))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == [
        *("IronCalc starts", "IronCalc recalculates", "reading weights and pixels"),
        *("computing with NumPy", "comparing"),
    ]
    assert all(0 <= done <= total for _, done, total in told)
