"""The starters in `templates/`: right, small, and workbooks that every calculator agrees with."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from openxml import validate
from requirements import require

import sheetcnn
from sheetcnn import calculators
from sheetcnn.importers.images import read_image
from sheetcnn.model.engine import run
from sheetcnn.shape import Array, Shape
from sheetcnn.workbook.verify import verify_many

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
sys.path.insert(0, str(TEMPLATES))

from prepare import prepare  # noqa: E402 - found through the line above

NAMES = sorted(path.parent.name for path in TEMPLATES.glob("*/*.yaml"))
TRAINED = [name for name in NAMES if name != "conv_demo"]
LEAST_ACCURACY = 0.95
MOST_BYTES = 200_000
MOST_SHEETS = 150  # pages included
# Both sides compute in float64; the sums have up to a few hundred terms.
CLOSE = 1e-6


def spec(name: str) -> Path:
    return TEMPLATES / name / f"{name}.yaml"


def images(name: str) -> list[Path]:
    return sorted((TEMPLATES / name / "images").glob("*.png"))


def held_out(height: int, width: int) -> tuple[Array, list[str]]:
    """The held-out digits (N, 1, H, W), prepared as for a network's training, and their labels."""
    with np.load(ROOT / "examples" / "digits" / "heldout.npz") as file:
        prepared = prepare(file["images"], height, width)
        return prepared[:, None].astype(np.float64), [str(label) for label in file["labels"]]


def table() -> dict[str, list[str]]:
    """The rows of the README's table by name."""
    lines = (TEMPLATES / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


def test_the_readme_lists_every_starter() -> None:
    assert set(table()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_is_complete_and_small(name: str) -> None:
    first = spec(name).read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r"# \S.*\S", first)
    assert spec(name).with_suffix(".safetensors").stat().st_size < MOST_BYTES
    assert images(name)
    found = sheetcnn.inspect(sheetcnn.load(spec(name)))
    assert found.sheets <= MOST_SHEETS
    assert f"{found.parameters:,}" == table()[name][1]
    assert found.name == name


@pytest.mark.parametrize("name", TRAINED)
def test_held_out_digits_are_read(name: str) -> None:
    model = sheetcnn.load(spec(name))
    shape = model.graph.source_shape
    pixels, labels = held_out(shape.height, shape.width)
    right = np.mean([run(model, x).label == y for x, y in zip(pixels, labels, strict=True)])
    assert right >= LEAST_ACCURACY
    assert f"{right:.2%}" == table()[name][2].replace(" ", "")


@pytest.mark.parametrize("name", TRAINED)
def test_sample_images_are_predicted_right(name: str) -> None:
    model = sheetcnn.load(spec(name))
    found = {path.stem: sheetcnn.predict(model, path).label for path in images(name)}
    assert found == {stem: stem.rpartition("label")[2] for stem in found}


@pytest.mark.parametrize("size", [8, 16, 32])
def test_the_reader_scales_digits_as_for_training(size: int) -> None:
    for path in sorted((ROOT / "examples" / "digits" / "images").glob("*.png")):
        digit = read_image(path, Shape.maps(1, 8, 8)).astype(np.uint8)
        found = read_image(path, Shape.maps(1, size, size), resize=True)
        assert np.array_equal(found, prepare(digit, size, size))


def test_conv_demo_is_sums_of_small_whole_numbers() -> None:
    model = sheetcnn.load(spec("conv_demo"))
    (image,) = images("conv_demo")
    result = sheetcnn.predict(model, image)
    pixels, params = result.activations["input"], model.params["conv"]
    assert set(np.unique(pixels)) == {0, 1, 2}
    assert set(np.unique(params["weight"])) == {-1, 0, 1}
    assert params["bias"].tolist() == [1, 0]
    # By hand: the rim of zeros, then 27 products for each of the 2x3x3 results.
    padded = np.zeros((3, 7, 7))
    padded[:, 1:6, 1:6] = pixels
    expected = [
        [
            [(padded[:, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3] * kernel).sum() + bias for x in range(3)]
            for y in range(3)
        ]
        for kernel, bias in zip(params["weight"], params["bias"], strict=True)
    ]
    assert result.output.tolist() == expected


@pytest.fixture(scope="module")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The workbook of every starter on its first image."""
    folder = tmp_path_factory.mktemp("starters")
    paths = []
    for name in NAMES:
        paths.append(folder / f"{name}.xlsx")
        sheetcnn.build(sheetcnn.load(spec(name)), images(name)[0], paths[-1])
    return paths


FEW = ("conv_demo", "inception", "resnet", "tiny_vgg")
"""Those that the programs which take a second or two for each get in every run."""


def of(names: Iterable[str], workbooks: list[Path]) -> list[Path]:
    return [path for path in workbooks if path.stem in names]


def check(calculator: str, chosen: list[Path]) -> None:
    """Lets a calculator recalculate the workbooks, and compares every formula with NumPy."""
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    for path, report in zip(chosen, verify_many(chosen, calculator), strict=True):
        assert report.ok, (path.name, report.differences[:3])
        assert not report.errors
        assert report.compared == report.formulas > 0
        assert report.max_abs_error < CLOSE


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_workbooks_agree_with_numpy(calculator: str, workbooks: list[Path]) -> None:
    check(calculator, workbooks if calculator == "ironcalc" else of(FEW, workbooks))


@pytest.mark.exhaustive
@pytest.mark.parametrize("calculator", [name for name in calculators.NAMES if name != "ironcalc"])
def test_every_workbook_agrees_with_numpy(calculator: str, workbooks: list[Path]) -> None:
    check(calculator, of(set(NAMES) - set(FEW), workbooks))


def test_workbooks_are_valid(workbooks: list[Path]) -> None:
    assert validate(of(FEW, workbooks)) == []


@pytest.mark.exhaustive
def test_every_workbook_is_valid(workbooks: list[Path]) -> None:
    assert validate(of(set(NAMES) - set(FEW), workbooks)) == []
