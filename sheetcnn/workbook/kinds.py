"""The kinds of workbook that sheetcnn writes: how each is recognised, and what must be in it.

Kinds are rows of a table that the caller passes down. So nothing here knows a kind that another room adds,
such as a lesson; the kind that every table has, a network, stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sheetcnn.calculators.base import Progress, Recalculated
from sheetcnn.errors import SheetCnnError, WorkbookError
from sheetcnn.model.engine import run
from sheetcnn.sheets.sheet_plan import PageContext, Plan, SheetPlan
from sheetcnn.workbook.readback import read_about, read_contents, read_plan
from sheetcnn.workbook.variation import VARIATIONS, varied
from sheetcnn.xlsx.read import Workbook
from sheetcnn.xlsx.renumber import Numbers


@dataclass(frozen=True)
class Expected:
    """What a workbook must hold.

    Attributes:
        sheets: its plan; every sheet is there.
        context: reads from the workbook's cells, and from their recalculated values, what the values of its
            formulas follow from.
        varied: sets of other numbers for its cells, with each of which it must hold as well; None where there
            are none that can be changed at will.
    """

    sheets: Sequence[SheetPlan]
    context: Callable[[Workbook, Recalculated, Progress], PageContext]
    varied: Callable[[PageContext], Sequence[Mapping[str, Numbers]]] | None = None


@dataclass(frozen=True)
class WorkbookKind:
    """A kind of workbook.

    Attributes:
        mark: the row of the sheet `about` that marks a workbook as one of this kind.
        expected: plans the workbook from its file; None if it cannot be verified.
        without_network: for commands that need a network: what the workbook is (`{value}` is the value of
            the row), and what to do instead. Empty for the kind that holds a network.
    """

    mark: str
    expected: Callable[[Workbook, Path], Expected] | None
    without_network: str = ""


def read_expected(book: Workbook, path: Path, kinds: Sequence[WorkbookKind]) -> Expected:
    """What a workbook must hold, by its kind.

    Args:
        book: the workbook.
        path: for messages.
        kinds: the known kinds; a workbook with none of their marks is taken for a network.

    Raises:
        WorkbookError: if it was not built by sheetcnn, is damaged, or is of a kind that cannot be verified.
    """
    kind, refusal = _kind_of(book, path, kinds)
    if kind.expected is None:
        raise refusal
    return kind.expected(book, path)


def read_network(book: Workbook, path: Path, kinds: Sequence[WorkbookKind]) -> Plan:
    """The plan of a workbook that holds a network.

    Args:
        book: the workbook.
        path: for messages.
        kinds: the known kinds; their `without_network` is the message about a workbook of another kind.

    Raises:
        WorkbookError: if it was not built by sheetcnn, is damaged, or holds no network.
    """
    kind, refusal = _kind_of(book, path, kinds)
    if kind.without_network:
        raise refusal
    return read_plan(book, path)


def _kind_of(book: Workbook, path: Path, kinds: Sequence[WorkbookKind]) -> tuple[WorkbookKind, WorkbookError]:
    """The kind of a workbook, and the error for commands that cannot use it."""
    rows = read_about(book, path)
    kind = next((kind for kind in kinds if kind.mark in rows), NETWORK)
    return kind, WorkbookError(f"{path} is {kind.without_network.format(value=rows.get(kind.mark, ''))}")


def _expected_network(book: Workbook, path: Path) -> Expected:
    plan = read_plan(book, path)

    def context(book: Workbook, values: Recalculated, progress: Progress) -> PageContext:
        contents = read_contents(
            book, plan, path, values, lambda done, total: progress("reading weights and pixels", done, total)
        )
        progress("computing with NumPy", 0, 0)
        try:
            result = run(contents.model, contents.image)
        except SheetCnnError as error:
            raise WorkbookError(f"{path}: {error}") from None
        return PageContext(result, contents.model.params, contents.choices, contents.inputs)

    def others(context: PageContext) -> list[Mapping[str, Numbers]]:
        image = context.result.activations[plan.graph.source]
        return [varied(plan, image, variation) for variation in VARIATIONS]

    return Expected(plan.sheets, context, others)


NETWORK = WorkbookKind("spec", _expected_network)
"""A network that computes on an image, as `sheetcnn build` writes it."""
NETWORK_ONLY = (NETWORK,)
