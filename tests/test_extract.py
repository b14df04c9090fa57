"""`sheetcnn extract`: from a workbook back to files, and to the same workbook again."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from package_edit import edit, formula, number, text

import sheetcnn
from sheetcnn.cli.main import main
from sheetcnn.errors import OutputError, WorkbookError
from sheetcnn.importers.starters import starters
from sheetcnn.model.graph import Model
from sheetcnn.pages.input import SAMPLES, SAMPLES_AT
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import make_layout
from sheetcnn.xlsx.read import open_workbook

NAMES = sorted(starters())
FEW = ("conv_demo", "digits", "inception", "resnet")
"""Those that every run takes apart, in place of all."""


def model_and_image(name: str) -> tuple[Model, Array]:
    model = sheetcnn.load(starters()[name])
    shape = model.graph.source_shape.dims
    return model, np.random.default_rng(2).integers(0, 256, shape).astype(np.float64)


def built(folder: Path, *options: str, name: str = "tiny_vgg") -> Path:
    """A workbook by the command line, from a starter's own files."""
    _, image = model_and_image(name)
    np.save(folder / "image.npy", image)
    path = folder / "book.xlsx"
    run("build", str(starters()[name]), "--input", str(folder / "image.npy"), "-o", str(path), *options)
    return path


def run(*args: str) -> str:
    done = CliRunner().invoke(main, list(args), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    "options", [(), ("--layout", "interleaved", "--relu", "separate")], ids=["", "other"]
)
@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.exhaustive) for name in NAMES]
)
def test_an_untouched_workbook_comes_back_byte_for_byte(
    name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    path = built(tmp_path, *options, name=name)
    said = run("extract", str(path), "-o", str(tmp_path / "out"))
    assert "changed" not in said
    command = shlex.split(said.splitlines()[-1].removeprefix("next: sheetcnn "))
    command[-1] = str(tmp_path / "again.xlsx")
    run(*command)
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_what_was_edited_is_what_comes_back(tmp_path: Path) -> None:
    model, image = model_and_image("tiny_vgg")
    path = built(tmp_path)
    layout = make_layout(model.graph, sheetcnn.extract(path, tmp_path / "before").options)
    row, col = SAMPLES_AT
    layer = next(n.name for n in model.graph.nodes if n.op.kind == "conv2d")
    kernel, bias = layout.weights[layer].kernel("weight", 0)[0], layout.weights[layer].value("bias", 1)
    from sheetcnn.formulas.a1 import address

    changes = {
        (kernel.sheet, address(kernel.row, kernel.col)): number(0.1),
        # Its value as a program that computed it has saved it.
        (bias.sheet, address(bias.row, bias.col)): formula("1/4"),
        (SAMPLES, address(row, col)): number(7.5),
    }
    edited = edit(path, tmp_path / "edited.xlsx", {k: v for k, v in changes.items() if k[0]})  # type: ignore[misc]
    with open_workbook(edited) as book:
        cached = book.table(str(bias.sheet)).value(bias.row, bias.col)
    found = sheetcnn.extract(edited, tmp_path / "out")
    assert found.weights_changed
    assert found.input_changed
    assert found.image.suffix == ".npy"  # 7.5 is no value of an image file
    again = sheetcnn.load(found.spec, found.weights)
    assert again.graph == model.graph
    expected = {name: dict(group) for name, group in model.params.items()}
    weight, biases = expected[layer]["weight"].copy(), expected[layer]["bias"].copy()
    weight[0, 0, 0, 0] = 0.1
    biases[1] = 0.0 if cached is None else cached
    expected[layer] = {"weight": weight, "bias": biases}
    for name, group in expected.items():
        for key, array in group.items():
            np.testing.assert_array_equal(again.params[name][key], array)
    changed = image.copy()
    changed[0, 0, 0] = 7.5
    np.testing.assert_array_equal(np.load(found.image), changed)
    sheetcnn.build(again, found.image, tmp_path / "rebuilt.xlsx")
    assert sheetcnn.verify(tmp_path / "rebuilt.xlsx").ok


def test_a_text_among_the_weights_is_named(tmp_path: Path) -> None:
    path = built(tmp_path)
    with open_workbook(path) as book:
        sheet = next(name for name in book.sheet_names if name.endswith("_w"))
    bad = edit(path, tmp_path / "bad.xlsx", {(sheet, "C6"): text("a lot")})
    with pytest.raises(WorkbookError, match=f"{sheet}!C6 holds 'a lot' where a number is needed"):
        sheetcnn.extract(bad, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_stand_there_stay(tmp_path: Path) -> None:
    path = built(tmp_path)
    sheetcnn.extract(path, tmp_path / "out")
    before = {p: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    for gone in list(before):
        gone.unlink()
        kept = {p: p.read_bytes() for p in (tmp_path / "out").iterdir()}
        with pytest.raises(OutputError, match="exists already; name another directory"):
            sheetcnn.extract(path, tmp_path / "out")
        assert {p: p.read_bytes() for p in (tmp_path / "out").iterdir()} == kept
        gone.write_bytes(before[gone])


def test_another_workbook_is_refused(tmp_path: Path) -> None:
    import openpyxl

    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    done = CliRunner().invoke(main, ["extract", str(tmp_path / "other.xlsx"), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "was not built by sheetcnn" in done.output
