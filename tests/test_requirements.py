"""What is missing is told in a line, what is hidden is not found, and what is required fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requirements
from conftest import together

import sheetcnn
from sheetcnn import calculators

HERE = Path(__file__).parent


def suite(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a small kind of layer in a process of their own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n0", "test_ops.py", *arguments]
    environment = {k: v for k, v in os.environ.items() if k not in ("SHEETCNN_HIDE", "SHEETCNN_REQUIRE")}
    package = str(Path(sheetcnn.__file__).parent.parent)
    return subprocess.run(
        command,
        cwd=HERE,
        env={**environment, "PYTHONPATH": package, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_hidden_is_told_in_a_line_and_what_is_required_fails() -> None:
    done = suite("--kind", "relu", SHEETCNN_HIDE="libreoffice,gnumeric,torch", SHEETCNN_REQUIRE="gnumeric")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("not tested")]
    assert "LibreOffice (1)" in line
    assert "PyTorch (" in line
    assert "SKIPPED" not in done.stdout
    assert "gnumeric is not installed, and SHEETCNN_REQUIRE lists it" in done.stdout
    assert "1 failed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {"SHEETCNN_HIDE": "libreoffice,excel"}, "SHEETCNN_HIDE lists excel; there are libreoffice"),
        (("--kind", "conv3d"), {}, "conv3d is no kind of layer that has cases; there are conv2d"),
    ],
)
def test_a_wrong_name_is_refused(arguments: tuple[str, ...], variables: dict[str, str], said: str) -> None:
    done = suite(*arguments, **variables)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
def test_no_finder_finds_a_hidden_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(requirements.PROGRAMS[name], "found")  # what the test leaves behind is taken back
    monkeypatch.setenv("SHEETCNN_HIDE", name)
    requirements.hide()
    assert name not in [one.name for one in calculators.installed()]


def test_a_skip_for_another_reason_is_no_missing_program() -> None:
    assert requirements.missing("Skipped: torch is not installed") == "torch"
    assert requirements.missing("Skipped: this Python has uno") is None


def test_tests_that_share_workbooks_stay_together() -> None:
    ops = "tests/test_ops.py::test"
    assert together(f"{ops}_formulas[libreoffice-conv2d]") == together(f"{ops}_numpy[conv2d-stride2]")
    assert together(f"{ops}_numpy[conv2d-plain]") != together(f"{ops}_numpy[conv1d-plain]")
    assert together("tests/test_verify.py::test_a") == together("tests/test_verify.py::test_b[x]")
    assert together("tests/test_cli.py::test_a[x]") == together("tests/test_cli.py::test_a[y]")
    assert together("tests/test_cli.py::test_a") != together("tests/test_cli.py::test_b")
    assert together(f"{ops}[conv2d-a]", kind=False) != together(f"{ops}[conv2d-b]", kind=False)
