"""What many tests share: the command line, the workbook of the digits example, and how a run is reported."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import digits_reference as digits
import pytest
import requirements
from cases import CASES, Case
from hypothesis import settings

import sheetcnn
from sheetcnn.cli.main import main

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling

# The same examples in every run: a failure in CI can be seen again. No deadline: machines differ in
# speed, and the first example of a test pays for its imports.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")

# Before any test module looks for what it needs.
requirements.hide()

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


# How a run is reported.


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in a line what was not tested, and why: a list of a thousand skipped tests is not read."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    absent = Counter(
        {name: reasons.pop(reason) for reason in list(reasons) if (name := requirements.missing(reason))}
    )
    if absent:
        counts = [f"{requirements.WHAT.get(name, name)} ({count:,})" for name, count in absent.most_common()]
        terminalreporter.write_line(
            f"not tested, since not installed here (docs/testing.md): {', '.join(counts)}", yellow=True
        )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"skipped: {reason.removeprefix('Skipped: ')} ({count})", yellow=True)


def _reason(report: Any) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


# How tests are shared out among processes.


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Tests that use the same workbooks go to the same process, which builds them once."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid, kind=config.getoption("--kind") is None)

    return Scheduler(config, log)


WHOLE = frozenset(
    f"test_{name}"
    for name in (
        *(
            "exercises",
            "interleaved",
            "lessons",
            "onnx_nodes",
            "random_graphs",
            "random_networks",
            "starters",
        ),
        *("verify", "verify_large"),
    )
)
"""Files whose tests share workbooks."""


def together(nodeid: str, *, kind: bool = True) -> str:
    """The same name for tests that share what they use: those of a kind of layer, a file or a function.

    Without `kind`, those of a kind are shared out one by one, since there are no others to do meanwhile.
    """
    file, _, test = nodeid.partition("::")
    function, _, case = test.removesuffix("]").partition("[")
    module = Path(file).stem
    if not kind:
        return nodeid
    if module == "test_ops":
        return next((f"{module} {word}" for word in case.split("-") if word in CASES), nodeid)
    return module if module in WHOLE else f"{module} {function}"


# One kind of layer.


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--kind conv2d`: only the tests of that kind of layer."""
    parser.addoption("--kind", help="only the tests of this kind of layer, in test_ops.py")


def pytest_configure(config: pytest.Config) -> None:
    """Refuses names of kinds that do not exist.

    Raises:
        pytest.UsageError: there is no such kind.
    """
    kind = config.getoption("--kind")
    if kind is not None and kind not in CASES:
        raise pytest.UsageError(f"{kind} is no kind of layer that has cases; there are {', '.join(CASES)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests of other kinds."""
    kind = config.getoption("--kind")
    if kind is None:
        return
    chosen = [item for item in items if _kind(item) == kind]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _kind(item: pytest.Item) -> str | None:
    """The kind of layer that a test is about."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return params["case"].kind if isinstance(params.get("case"), Case) else params.get("kind")
