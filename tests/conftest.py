"""What many tests share: the command line, and the workbook of the digits example."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import digits_reference as digits
import pytest
from hypothesis import settings

import sheetcnn
from sheetcnn.cli.main import main

# The same examples in every run: a failure in CI can be seen again. No deadline: machines differ in
# speed, and the first example of a test pays for its imports.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")

DIGITS_IMAGE = digits.IMAGES[5]
"""The image that the workbook of the digits example computes on."""


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


class Cli:
    """Runs the command line in this process; an unforeseen exception fails the test."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *args: object) -> Outcome:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as finished:
            main([str(arg) for arg in args], prog_name="sheetcnn")
        shown = self.capsys.readouterr()
        assert isinstance(finished.value.code, int)
        return Outcome(finished.value.code, shown.out, shown.err)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(capsys)


@pytest.fixture(scope="session")
def digits_workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of the digits example and DIGITS_IMAGE. Tests edit copies of it."""
    path = tmp_path_factory.mktemp("digits") / "digits.xlsx"
    sheetcnn.build(sheetcnn.load(digits.SPEC), DIGITS_IMAGE, path)
    return path
