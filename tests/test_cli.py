"""The command line when all is well: what it prints, what it writes, and its exit statuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
import yaml
from conftest import DIGITS_IMAGE, Cli
from openpyxl import load_workbook
from requirements import require

import sheetcnn

COMMANDS = ("build", "predict", "inspect", "verify", "schema", "init")


def expected() -> dict[str, Any]:
    return digits.forward(digits.weights(), digits.pixels(DIGITS_IMAGE))


# --- General ------------------------------------------------------------------------------------


def test_version(cli: Cli) -> None:
    done = cli("--version")
    assert (done.status, done.err) == (0, "")
    assert re.search(r"\b\d+\.\d+\.\d+", done.out)
    assert sheetcnn.__version__ in done.out


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(flag: str, cli: Cli) -> None:
    done = cli(flag)
    assert done.status == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command}\b", done.out, re.MULTILINE)


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str, flag: str, cli: Cli) -> None:
    done = cli(command, flag)
    assert done.status == 0
    assert done.out.startswith(f"Usage: sheetcnn {command}")


def test_exit_statuses_of_the_program(digits_workbook: Path, tmp_path: Path) -> None:
    """In a process of its own: 0 where it agrees, 1 where it does not, 2 where it could not be run."""
    place = digits.cell(digits.places(digits_workbook)["fc_out"])
    broken = pe.edit(digits_workbook, tmp_path / "broken.xlsx", {place: pe.formula("1")})
    for path, status, output in (
        (digits_workbook, 0, "agrees with NumPy"),
        (broken, 1, "does NOT agree"),
        (tmp_path / "none.xlsx", 2, ""),
    ):
        command = [sys.executable, "-m", "sheetcnn", "verify", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status
        assert output in done.stdout
        assert bool(done.stderr) == (status == 2)
        assert "Traceback" not in done.stderr


# --- build and predict --------------------------------------------------------------------------


def test_build(cli: Cli, tmp_path: Path) -> None:
    output = tmp_path / "new.xlsx"
    done = cli("build", digits.SPEC, "--input", DIGITS_IMAGE, "-o", output)
    assert (done.status, done.err) == (0, "")  # a progress bar is for terminals
    assert str(output) in done.out
    assert f"prediction: {expected()['label']}\n" in done.out
    parts = pe.read_parts(output)
    names = pe.sheet_parts(parts)
    written = sum(parts[p].count(b"<f>") + parts[p].count(b"<f ") for p in names.values())
    assert f" {len(names)} sheets, {written:,} formulas" in done.out
    assert [p.name for p in tmp_path.iterdir()] == ["new.xlsx"]


def test_build_replaces_what_stood_there(cli: Cli, tmp_path: Path) -> None:
    output = tmp_path / "old.xlsx"
    output.write_bytes(b"something else")
    assert cli("build", digits.EXAMPLE, "--input", DIGITS_IMAGE, "-o", output).status == 0
    assert cli("verify", output).status == 0


def test_weights_may_lie_elsewhere(cli: Cli, tmp_path: Path, digits_workbook: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(yaml.safe_load(digits.SPEC.read_text(encoding="utf-8"))), encoding="utf-8")
    weights = tmp_path / "trained.npz"
    np.savez(weights, **digits.weights())  # in float64, unlike the example's own
    output = tmp_path / "a.xlsx"
    assert cli("build", spec, "--weights", weights, "--input", DIGITS_IMAGE, "-o", output).status == 0
    assert output.read_bytes() == digits_workbook.read_bytes()


TOML = """
name = "digits"
labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
input = {channels = 1, height = 8, width = 8, divide = 255}
layers = [
  {kind = "conv2d", name = "conv1", filters = 4, kernel_size = [3, 3], padding = 1, activation = "relu"},
  {kind = "max_pool", name = "pool1", kernel_size = 2},
  {kind = "conv2d", name = "conv2", filters = 8, kernel_size = 3, padding = "same", activation = "relu"},
  {kind = "max_pool", name = "pool2", kernel_size = 2, stride = 2},
  {kind = "flatten", name = "flatten"},
  {kind = "dense", name = "fc", units = 10, inputs = ["flatten"]},
  {kind = "softmax", name = "softmax"},
]
"""


def test_yaml_json_and_toml_say_the_same(cli: Cli, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(TOML, encoding="utf-8")
    weights = digits.EXAMPLE / "digits.safetensors"
    answers = [
        cli("predict", model, "--weights", weights, "--input", DIGITS_IMAGE, "--json").out
        for model in (digits.SPEC, digits.EXAMPLE, spec)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert json.loads(answers[0])["prediction"] == str(expected()["label"])


def test_predict(cli: Cli) -> None:
    done = cli("predict", digits.SPEC, "--input", DIGITS_IMAGE)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == f"prediction: {expected()['label']}"
    shown = [line.split() for line in lines[1:]]
    best = np.argsort(-expected()["softmax"], kind="stable")
    assert [label for _, label in shown][:3] == [str(n) for n in best[:3]]
    assert float(shown[0][0]) == pytest.approx(expected()["softmax"].max(), abs=1e-4)


def test_predict_json(cli: Cli) -> None:
    done = cli("predict", digits.SPEC, "--input", DIGITS_IMAGE, "--json")
    assert (done.status, done.err) == (0, "")
    answer = json.loads(done.out)
    assert answer["prediction"] == str(expected()["label"])
    assert answer["index"] == expected()["label"]
    assert answer["labels"] == [str(n) for n in range(10)]
    assert answer["output"] == pytest.approx(list(expected()["softmax"]), abs=1e-12)


def test_predict_where_the_output_is_a_map(cli: Cli, tmp_path: Path) -> None:
    spec = tmp_path / "maps.yaml"
    spec.write_text("{input: {channels: 1, height: 2, width: 3}, layers: [{kind: relu}]}", encoding="utf-8")
    image = tmp_path / "image.csv"
    image.write_text("1,-2,3\n-4,5,-6\n", encoding="utf-8")
    assert "1×2×3" in cli("predict", spec, "--input", image).out
    answer = json.loads(cli("predict", spec, "--input", image, "--json").out)
    assert answer["output"] == [[[1, 0, 3], [0, 5, 0]]]
    assert answer["index"] is None


# --- inspect ------------------------------------------------------------------------------------


def longest_formula(path: Path) -> int:
    """Counted in the file, with the `=`; openpyxl writes out what a shared formula says in each cell."""
    book = load_workbook(path)
    return max(len(c.value) for s in book for row in s.iter_rows() for c in row if c.data_type == "f")


def test_inspect_json(cli: Cli, digits_workbook: Path) -> None:
    done = cli("inspect", digits.SPEC, "--json")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert {name: tuple(layer["shape"]) for name, layer in layers.items()} == digits.shapes()
    # By hand: filters x (inputs x kernel + 1); output pixels x inputs x kernel.
    counts = {name: (layer["parameters"], layer["multiply_adds"]) for name, layer in layers.items()}
    assert counts["conv1"] == (4 * (1 * 9 + 1), 4 * 8 * 8 * 1 * 9)
    assert counts["conv2"] == (8 * (4 * 9 + 1), 8 * 4 * 4 * 4 * 9)
    assert counts["fc"] == (10 * (32 + 1), 10 * 32)
    assert all(counts[name] == (0, 0) for name in ("pixels", "input", "pool1", "pool2", "flatten", "softmax"))
    assert (found["parameters"], found["multiply_adds"]) == (666, 2304 + 4608 + 320)
    # What will be written, against what was written.
    parts = pe.read_parts(digits_workbook)
    names = pe.sheet_parts(parts)
    assert found["sheets"] == len(names)
    assert found["formulas"] == sum(parts[p].count(b"<f>") + parts[p].count(b"<f ") for p in names.values())
    assert found["longest_formula"] == longest_formula(digits_workbook)
    assert found["file_size"] == pytest.approx(digits_workbook.stat().st_size, rel=0.25)
    for name, layer in layers.items():
        own = [s for s in digits.sheet_names() if s.startswith(f"{name}_")]
        assert layer["sheets"] == len(own)
        assert layer["formulas"] == sum(len(re.findall(rb"<f[ >]", parts[names[s]])) for s in own)
    assert {fit["program"]: fit["fits"] for fit in found["fits"]} == dict.fromkeys(
        ("Excel", "LibreOffice", "Google Sheets"), True
    )


def test_inspect_prints_a_table(cli: Cli) -> None:
    done = cli("inspect", digits.SPEC)
    assert (done.status, done.err) == (0, "")
    for name in digits.shapes():
        assert name in done.out
    for text in ("8×4×4", "4,608", "666", "Excel: fits", "LibreOffice: fits", "Google Sheets: fits"):
        assert text in done.out
    assert re.search(r"estimated file size: \d+\.\d kB", done.out)


def test_inspect_counts_separate_pre_activations(cli: Cli) -> None:
    fused, separate = (
        json.loads(cli("inspect", digits.SPEC, "--relu", relu, "--json").out)
        for relu in ("fused", "separate")
    )
    assert separate["formulas"] - fused["formulas"] == 4 * 8 * 8 + 8 * 4 * 4


def test_inspect_says_what_does_not_fit(cli: Cli, tmp_path: Path) -> None:
    """It needs no weights, and a network over a limit is no error: that is what it is asked for."""
    spec = tmp_path / "wide.yaml"
    spec.write_text(
        "{input: {channels: 400, height: 3, width: 3}, layers: [{kind: conv2d, filters: 1, kernel_size: 3}]}",
        encoding="utf-8",
    )
    done = cli("inspect", spec, "--layout", "planar")
    assert done.status == 0
    assert "Excel: does not fit" in done.out
    assert "8,192" in done.out
    assert "LibreOffice: fits" in done.out
    assert "Google Sheets: does not fit" in done.out  # it has 200 sheets at most


# --- verify -------------------------------------------------------------------------------------


def test_verify(cli: Cli, digits_workbook: Path) -> None:
    done = cli("verify", digits_workbook)
    assert (done.status, done.err) == (0, "")
    assert "agrees with NumPy" in done.out
    assert "ironcalc" in done.out
    assert f"prediction: {expected()['label']}\n" in done.out


def test_verify_json(cli: Cli, digits_workbook: Path) -> None:
    done = cli("verify", digits_workbook, "--json")
    assert (done.status, done.err) == (0, "")
    report = json.loads(done.out)
    wanted = {
        "calculator",
        "formulas",
        "compared",
        "errors",
        "max_abs_error",
        "max_rel_error",
        "ok",
        "layers",
    }
    assert wanted | {"differences"} <= report.keys()
    assert all(layer.keys() == {"name", "formulas", "max_abs_error"} for layer in report["layers"])
    assert report["ok"] is True
    assert report["errors"] == 0
    assert report["differences"] == []
    assert report["formulas"] == report["compared"] == sum(layer["formulas"] for layer in report["layers"])
    assert 0 <= report["max_abs_error"] < 1e-9
    assert 0 <= report["max_rel_error"] < 1e-9
    assert report["max_abs_error"] == max(layer["max_abs_error"] for layer in report["layers"])


@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
def test_verify_with_another_engine(name: str, cli: Cli, digits_workbook: Path) -> None:
    from sheetcnn import calculators

    require(name, any(c.name == name for c in calculators.installed()))
    done = cli("verify", digits_workbook, "--calculator", name, "--json")
    assert (done.status, done.err) == (0, "")
    report = json.loads(done.out)
    assert report["calculator"].startswith(name)
    assert report["ok"] is True
    assert report["max_abs_error"] < 1e-9


def test_verify_prints_json_alone_where_caches_are_missing(
    cli: Cli, digits_workbook: Path, tmp_path: Path
) -> None:
    """IronCalc prints a line for every formula without a cached value, past Python's own output."""
    parts = pe.read_parts(digits_workbook)
    for part in pe.sheet_parts(parts).values():
        parts[part] = re.sub(rb"(</f>|<f [^>]*/>)<v>[^<]*</v>", rb"\1", parts[part])
    path = pe.write_parts(tmp_path / "bare.xlsx", parts)
    command = [sys.executable, "-m", "sheetcnn", "verify", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True
