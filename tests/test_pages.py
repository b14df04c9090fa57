"""The pages on which a reader chooses, paints and compares: every number, in the calculators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
from conftest import Cli
from openxml import validate
from requirements import require
from test_interleaved import image_of, network

import sheetcnn
from sheetcnn import calculators
from sheetcnn.calculators import get
from sheetcnn.formulas.a1 import address
from sheetcnn.importers.images import read_image
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model
from sheetcnn.pages import changes, gallery
from sheetcnn.pages.input import NAME as INPUT_PAGE
from sheetcnn.pages.lookup import SAME
from sheetcnn.pages.registry import OPTIONAL
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.sheet_plan import Plan, SheetPlan
from sheetcnn.workbook.build import build
from sheetcnn.workbook.plan import make_plan
from sheetcnn.workbook.readback import read_plan
from sheetcnn.workbook.verify import verify_many
from sheetcnn.xlsx.read import open_workbook

LAYOUTS = ("planar", "interleaved")
COLOR: list[dict[str, Any]] = [
    {
        "name": "conv",
        "kind": "conv2d",
        "filters": 5,
        "kernel_size": 3,
        "padding": "same",
        "activation": "relu",
    },
    {"name": "pool", "kind": "max_pool", "kernel_size": 2},
    {"name": "signed", "kind": "conv2d", "filters": 4, "kernel_size": 2, "dilation": 2},
    {"name": "mean", "kind": "global_avg_pool"},
    {"name": "flat", "kind": "flatten"},
    {"name": "scores", "kind": "dense", "units": 3},
    {"name": "shares", "kind": "softmax"},
]


def colors() -> Model:
    """A network over three channels that scales its input by channel."""
    net = network(COLOR, (3, 10, 9), ["shares"], divide=255, mean=[0.1, 0.2, 0.3], std=[0.5, 0.6, 0.7])
    net.params["signed"]["weight"][1::2] *= -1  # so that maps of both signs are on one page
    return net


def plan_of(path: Path) -> Plan:
    with open_workbook(path) as book:
        return read_plan(book, path)


def page(plan: Plan, name: str) -> SheetPlan:
    return next(s for s in plan.sheets if s.name == name)


def choose(path: Path, target: Path, plan: Plan, choice: str, shown: int | str) -> Path:
    """A copy in which that is chosen."""
    sheet, found = next((s.name, c) for s in plan.sheets for c in s.choices if c.name == choice)
    typed = pe.text(shown) if isinstance(shown, str) else pe.number(shown)
    return pe.edit(path, target, {(sheet, address(found.row, found.col)): typed})


def painted(path: Path, target: Path, plan: Plan, image: np.ndarray) -> Path:
    """A copy in which an image is painted, its zeros left blank, and paint is chosen."""
    cells = {
        (INPUT_PAGE, address(grid.row + y, grid.col + x)): pe.number(image[c, y, x])
        for c in range(image.shape[0])
        for grid in page(plan, INPUT_PAGE).inputs
        if grid.name == f"input.paint.{c}"
        for y, x in np.argwhere(image[c]).tolist()
    }
    paint = next(c.words[-1] for s in plan.sheets for c in s.choices if c.name == "input.image")
    place = next(c for c in page(plan, INPUT_PAGE).choices if c.name == "input.image")
    return pe.edit(path, target, cells | {(INPUT_PAGE, address(place.row, place.col)): pe.text(paint)})


def recalculated(
    books: Sequence[Path], calculator: str, cells: Sequence[tuple[str, int, int]]
) -> list[list[Any]]:
    """What a calculator makes of some cells of some books."""
    found = []
    for values in get(calculator).recalculate(list(books)):
        with values:
            found.append([values.block(sheet, row, col, 1, 1)[0][0] for sheet, row, col in cells])
    return found


def prediction(plan: Plan) -> tuple[str, int, int]:
    """The cell of the predicted label."""
    target = dict(plan.names)["prediction"].replace("$", "")
    sheet, _, cell = target.partition("!")
    letters = cell.rstrip("0123456789")
    col = 0
    for letter in letters:
        col = col * 26 + ord(letter) - 64
    return sheet, int(cell[len(letters) :]), col


def marks(plan: Plan) -> list[tuple[str, int, int]]:
    """The cells of all check marks."""
    return [
        (s.name, c.row, c.col) for s in plan.sheets for c in s.computed if f"value='{SAME}'" in str(c.formula)
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_every_image_and_a_painted_one_give_numpys_prediction(
    calculator: str, layout: Any, tmp_path: Path
) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    model, path = sheetcnn.load(digits.SPEC), tmp_path / "digits.xlsx"
    files = digits.IMAGES[::5][: 4 if calculator == "ironcalc" else 2]
    sheetcnn.build(model, files[0], path, samples=files[1:], layout=layout)
    plan = plan_of(path)
    images = [read_image(file, model.graph.source_shape) for file in files]
    # A vertical stroke, which is no sample: a 1.
    images.append(np.zeros((1, 8, 8)))
    images[-1][0, 1:7, 3:5] = 240.0
    names = plan.layout.options.samples
    assert len(names) == len(files)
    books = [path]
    books += [choose(path, tmp_path / f"{n}.xlsx", plan, "input.image", n) for n in names[1:]]
    books.append(painted(path, tmp_path / "painted.xlsx", plan, images[-1]))
    expected = [run(model, image).label for image in images]
    assert len(set(expected)) >= len(files)
    for report in verify_many(books, calculator):
        assert report.ok, report.differences[:3]
        assert report.errors == 0
    checks = marks(plan)
    assert len(checks) >= 6
    for found, label in zip(
        recalculated(books, calculator, [prediction(plan), *checks]), expected, strict=True
    ):
        assert found == [label, *[SAME] * len(checks)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_colours_are_chosen_painted_and_scaled(calculator: str, layout: Any, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    model, path = colors(), tmp_path / "colors.xlsx"
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (3, 10, 9)).astype(float) for _ in range(2)]
    build(model, images[0], path, Options(layout=layout), samples=images[1:])
    plan = plan_of(path)
    assert set(plan.layout.options.pages or ()) == set(OPTIONAL)
    drawn = np.zeros((3, 10, 9))
    drawn[0, 2:5, 1:8], drawn[2, 7, :] = 200.0, 31.5
    books = [path, choose(path, tmp_path / "2.xlsx", plan, "input.image", plan.layout.options.samples[1])]
    books.append(painted(path, tmp_path / "painted.xlsx", plan, drawn))
    for n, book in enumerate(list(books)):
        places = ((1, 1), (10, 9), (4, 7)) if calculator == "ironcalc" else ((4, 7),)
        for row, col in places:  # of the table of scaling
            first = choose(book, tmp_path / f"{n}_{row}.xlsx", plan, "input.row", row)
            books.append(choose(first, tmp_path / f"{n}_{row}_{col}.xlsx", plan, "input.column", col))
        if calculator != "ironcalc":
            break
    for report in verify_many(books, calculator):
        assert report.ok, report.differences[:3]
        assert report.errors == 0
    steps = [(s.name, c.row, c.col) for s in plan.sheets for c in s.computed if s.name == INPUT_PAGE]
    (found,) = recalculated(books[2:3] if calculator == "ironcalc" else [path], calculator, steps)
    image = drawn if calculator == "ironcalc" else images[0]
    y, x = (next(c.default for s in plan.sheets for c in s.choices if c.name == f"input.{n}") - 1
            for n in ("row", "column"))  # fmt: skip
    for c, (mean, std) in enumerate(((0.1, 0.5), (0.2, 0.6), (0.3, 0.7))):
        raw = image[c, y, x]
        wanted = [raw, raw / 255, raw / 255 - mean, (raw / 255 - mean) / std]
        row = [v for v in found if isinstance(v, float)]
        assert any(np.allclose(row[n : n + 4], wanted, rtol=1e-12) for n in range(len(row) - 3))


def test_the_input_is_not_listed_twice(tmp_path: Path) -> None:
    model, path = sheetcnn.load(digits.SPEC), tmp_path / "digits.xlsx"
    sheetcnn.build(model, digits.IMAGES[3], path, samples=[digits.IMAGES[3].parent])
    names = plan_of(path).layout.options.samples
    assert names[0] == digits.IMAGES[3].stem
    assert sorted(names) == [file.stem for file in digits.IMAGES]


def test_a_wrong_drawing_is_seen(tmp_path: Path) -> None:
    """The pages are compared with what stands in the cells: a formula that reads another pixel is found."""
    model, path = sheetcnn.load(digits.SPEC), tmp_path / "digits.xlsx"
    sheetcnn.build(model, digits.IMAGES[0], path, samples=digits.IMAGES[1:2])
    plan = plan_of(path)
    source = plan.layout.placements[plan.layout.graph.source].blocks[0]
    cell = address(*source.cell(0, 4, 4))
    broken = pe.edit(path, tmp_path / "broken.xlsx", {(source.sheet, cell): pe.number(3.0)})
    report = sheetcnn.verify(broken)
    assert not report.ok


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_changed_weights_are_counted(
    calculator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    model, path = sheetcnn.load(digits.SPEC), tmp_path / "digits.xlsx"
    monkeypatch.setattr(changes, "MOST_OF_LAYER", 300)  # fc, with 320 weights, is kept as sums
    sheetcnn.build(model, digits.IMAGES[0], path)
    plan = plan_of(path)
    kernels, dense = plan.layout.weights["conv1"], plan.layout.weights["fc"]
    cells = [kernels.kernel("weight", k)[0] for k in (0, 3)]
    edits = {(kernels.sheet, address(ref.row, ref.col)): pe.number(0.5) for ref in cells}
    edits[kernels.sheet, address(kernels.value("bias", 1).row, kernels.value("bias", 1).col)] = pe.blank()
    one = pe.edit(path, tmp_path / "one.xlsx", edits)
    weight = dense.kernel("weight", 2)[0]
    both = pe.edit(
        one, tmp_path / "both.xlsx", {(dense.sheet, address(weight.row, weight.col)): pe.number(9.0)}
    )
    target = next(c for c in page(plan, "overview").computed if changes.NAME in str(c.formula))
    books, count = [path, one, both], ("overview", target.row, target.col)
    for report in verify_many(books, calculator):
        assert report.ok, report.differences[:3]
    assert recalculated(books, calculator, [count]) == [[0.0], [3.0], [4.0]]


def test_pictures_are_shares_of_the_greatest_number(tmp_path: Path) -> None:
    model, path = colors(), tmp_path / "colors.xlsx"
    image = image_of(model) * 28.0
    build(model, image, path)
    plan, maps = plan_of(path), run(model, image).activations["signed"]
    assert maps.min() < 0
    shown = page(plan, "signed_gallery")
    pictures = [g for g in shown.live if (g.height, g.width) == maps.shape[1:]]
    assert len(pictures) == len(maps)
    (values,) = get("ironcalc").recalculate([path])
    with values:
        for picture, own in zip(pictures, maps, strict=True):
            where = (picture.row, picture.col, picture.height, picture.width)
            found = values.numbers(shown.name, *where)
            assert np.abs(found * np.abs(maps).max() - own).max() <= np.abs(maps).max() * 0.005 * (1 + 1e-9)
            assert np.allclose(found * 100, np.round(found * 100), atol=1e-9)


def test_large_maps_are_shown_by_every_nth_pixel() -> None:
    layers = [{"name": "conv", "kind": "conv2d", "filters": 12, "kernel_size": 3}]
    net = network(layers, (3, 66, 66), ["conv"])
    assert gallery.picture_side(net.graph) < 64
    shown = page(make_plan(net.graph), "conv_gallery")
    assert sum(g.height * g.width for g in shown.live if g.height > 3) <= gallery.MOST_PIXELS


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_workbook_in_german_is_valid_and_agrees(layout: Any, tmp_path: Path) -> None:
    model, path = colors(), tmp_path / "farben.xlsx"
    build(model, image_of(model), path, Options(layout=layout, language="de"))
    assert sheetcnn.verify(path).ok
    assert validate([path]) == []
    words = {c.value for s in plan_of(path).sheets for c in s.cells if isinstance(c.value, str)}
    assert {"Eingabe", "Faltung + ReLU"} <= words


def test_pages_are_chosen_by_name(tmp_path: Path, cli: Cli) -> None:
    book = tmp_path / "book.xlsx"
    build_it = ("build", digits.SPEC, "--input", digits.IMAGES[0], "-o", book)
    assert cli(*build_it, "--pages", "none").status == 0
    with open_workbook(book) as opened:
        bare = set(opened.sheet_names)
    assert not any("trace" in n or "gallery" in n or n in (INPUT_PAGE, "notes", changes.NAME) for n in bare)
    assert cli(*build_it, "--pages", "trace, notes").status == 0
    with open_workbook(book) as opened:
        assert set(opened.sheet_names) - bare == {
            *(f"{layer}_trace" for layer in ("conv1", "pool1", "conv2", "pool2", "fc", "softmax")),
            "notes",
        }
    refused = cli(*build_it, "--pages", "trace,foto")
    assert refused.status == 2
    assert "no page 'foto' to choose; there are input, gallery" in refused.err
    refused = cli(*build_it, "--pages", "trace", "--samples", digits.IMAGES[1])
    assert refused.status == 2
    assert "add it to --pages" in refused.err


def test_a_large_network_gets_few_pages() -> None:
    layers = [{"name": "conv", "kind": "conv2d", "filters": 64, "kernel_size": 3, "padding": "same"}]
    net = network(layers, (3, 150, 150), ["conv"])
    plan = make_plan(net.graph, Options(layout="interleaved"))
    assert plan.layout.options.pages == ("trace",)
