"""Verifies a workbook: a calculator recalculates it, NumPy computes the same, and every cell is compared.

Nothing but the workbook is needed: spec and layout come from its `about` sheet, weights and pixels from its
cells. So an edited kernel still agrees, and a broken formula is found. A formula may be broken and still have
the right value, so a workbook that agrees is verified three times more, in copies with other pixels and
weights. Sheets are compared as arrays, one after the other; only cells that do not agree are handled singly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sheetcnn.calculators import Calculator, Progress, Recalculated, get
from sheetcnn.errors import WorkbookError
from sheetcnn.formulas.a1 import address
from sheetcnn.shape import Array
from sheetcnn.sheets.sheet_plan import PageContext, SheetPlan
from sheetcnn.workbook.kinds import NETWORK_ONLY, Expected, WorkbookKind, read_expected
from sheetcnn.workbook.report import Difference, LayerReport, Report
from sheetcnn.xlsx.read import CellError, Value, Workbook, open_workbook
from sheetcnn.xlsx.renumber import Numbers, renumber
from sheetcnn.xlsx.table import Mask

__all__ = ["Difference", "LayerReport", "Report", "verify", "verify_many"]

TOLERANCE = 1e-9
"""Largest difference allowed, relative to the greater of 1 and the expected value. The calculators sum in
their own order (about 1e-13 on these sums) and LibreOffice saves 15 digits; a wrong cell, weight or
reference changes a value by far more."""

RELATIVE_FLOOR = 1e-6
"""Smaller expected values count as this in relative errors: rounding near 0 has no meaningful ratio."""

MOST_DIFFERENCES = 1000
"""Differences listed in a report; `different` counts all of them."""


def verify(
    path: Path,
    calculator: str = "ironcalc",
    kinds: Sequence[WorkbookKind] = NETWORK_ONLY,
    *,
    quick: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Recalculate a workbook and compare every formula cell with NumPy.

    Args:
        path: of a workbook that sheetcnn built; it may have been edited and saved since.
        calculator: `ironcalc`, `libreoffice` or `gnumeric`.
        kinds: of workbook that are known.
        quick: leave out the passes with other pixels and weights.
        progress: called with the current step, how much of it is done, and how much there is (0: unknown).

    Raises:
        WorkbookError: if it is damaged, was not built by sheetcnn, or lacks a sheet or a number.
        CalculatorError: if the calculator is missing or fails.
    """
    return verify_many([path], calculator, kinds, quick=quick, progress=progress)[0]


def verify_many(
    paths: Sequence[Path],
    calculator: str = "ironcalc",
    kinds: Sequence[WorkbookKind] = NETWORK_ONLY,
    *,
    quick: bool = False,
    progress: Progress | None = None,
) -> list[Report]:
    """Verify several workbooks; the calculator is started once for all of them.

    Args:
        paths: of the workbooks.
        calculator: `ironcalc`, `libreoffice` or `gnumeric`.
        kinds: of workbook that are known.
        quick: as for `verify`.
        progress: as for `verify`.

    Raises:
        WorkbookError, CalculatorError: as `verify`, for the first workbook that cannot be verified.
    """
    program = get(calculator)
    tell = progress or (lambda stage, done, total: None)
    expected: list[Expected] = []
    for path in paths:  # an invalid file is reported before a program is started
        with open_workbook(path) as book:
            expected.append(read_expected(book, path, kinds))
    name = f"{program.name} {program.version()}"
    tell(f"{program.title} starts", 0, 0)
    reports, copies = [], _Copies()
    recalculated = program.recalculate(paths, tell)
    try:
        for path, one, values in zip(paths, expected, recalculated, strict=True):
            with open_workbook(path) as book:
                context = one.context(book, values, tell)
                reports.append(_report(book, one, context, values, name, tell))
                if reports[-1].ok and not quick and one.varied is not None:
                    copies.make(book, one, reports[-1], one.varied(context))
            values.close()
        copies.verify(program, name, tell)
    finally:
        copies.close()
        for values in recalculated:
            values.close()
    return reports


class _Copies:
    """Copies of the workbooks that agree, with other pixels and weights, to be verified once more."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._made: list[tuple[Path, Expected, Report]] = []

    def make(
        self, book: Workbook, expected: Expected, report: Report, sets: Sequence[Mapping[str, Numbers]]
    ) -> None:
        """Make a copy with each set of numbers."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="sheetcnn-")
        for numbers in sets:
            path = Path(self._folder.name) / f"{len(self._made)}.xlsx"
            renumber(book, path, numbers)
            self._made.append((path, expected, report))

    def verify(self, program: Calculator, name: str, tell: Progress) -> None:
        """Recalculate all copies, and add to the reports of their originals.

        Numbers with which the network computes something that no cell can hold prove nothing: such a copy is
        passed over.
        """
        if not self._made:
            return
        recalculated = program.recalculate([path for path, _, _ in self._made], tell)
        try:
            for (path, expected, first), values in zip(self._made, recalculated, strict=True):
                with open_workbook(path) as book, suppress(WorkbookError):
                    context = expected.context(book, values, tell)
                    again = _report(book, expected, context, values, name, tell)
                    first.passes += 1
                    first.ok &= again.ok
                    first.different += again.different
                    first.errors += again.errors
                    first.differences += [replace(one, varied=True) for one in again.differences]
                values.close()
        finally:
            for values in recalculated:
                values.close()

    def close(self) -> None:
        """Remove them."""
        if self._folder is not None:
            self._folder.cleanup()


def _report(
    book: Workbook,
    expected: Expected,
    context: PageContext,
    values: Recalculated,
    calculator: str,
    tell: Progress,
) -> Report:
    """Compare a workbook, as recalculated, with what it must hold."""
    report = Report(calculator, prediction=context.result.label)
    check = _Check(report, values, context)
    # Layers in the order of computation, then the pages that show them: a broken formula changes all
    # that follows from it, so the first difference is the one to correct.
    sheets = sorted(expected.sheets, key=lambda sheet: not sheet.layer or sheet.page)
    for done, sheet in enumerate(sheets):
        tell("comparing", done, len(sheets))
        if sheet.formulas:
            table = book.table(sheet.name)
            check.grids(sheet, table.formulas)
            check.live(sheet, table.formulas)
            check.page(sheet, table.formulas)
    report.ok = report.different == 0
    return report


Formulas = Callable[[int, int, int, int], Mask]
"""Which cells of a rectangle (row, column, height, width) are formulas in the workbook."""


@dataclass(frozen=True)
class _Check:
    """One workbook's recalculated values against the expected ones."""

    report: Report
    values: Recalculated
    context: PageContext

    def grids(self, sheet: SheetPlan, formulas: Formulas) -> None:
        """Compare the tensors of a sheet."""
        grids = [grid for grid in sheet.tensors if grid.formula is not None]
        if not grids:
            return
        # All at once: in the interleaved layout a sheet holds a grid per channel, side by side.
        row, col = min(g.row for g in grids), min(g.col for g in grids)
        height = max(g.row + (g.region.rows - 1) * g.row_step for g in grids) - row + 1
        width = max(g.col + (g.region.cols - 1) * g.col_step for g in grids) - col + 1
        numbers = self.values.numbers(sheet.name, row, col, height, width)
        mask = formulas(row, col, height, width)
        for grid in grids:
            down = _every(grid.row - row, grid.region.rows, grid.row_step)
            across = _every(grid.col - col, grid.region.cols, grid.col_step)
            expected = grid.values(self.context.result.activations, self.context.choices)
            self._count(sheet, grid.layer, expected, numbers[down, across])
            place = (grid.row, grid.col, grid.row_step, grid.col_step)
            self._compare(sheet, place, expected, numbers[down, across], mask[down, across])

    def live(self, sheet: SheetPlan, formulas: Formulas) -> None:
        """Compare the grids of a page."""
        for grid in sheet.live:
            where = (grid.row, grid.col, grid.height, grid.width)
            expected, numbers = grid.rounded(self.context), self.values.numbers(sheet.name, *where)
            if grid.unit:  # a tie may be rounded either way, after sums in another order
                tie = np.abs(numbers - grid.values(self.context)) <= grid.unit * (0.5 + TOLERANCE)
                whole = np.abs(numbers / grid.unit - np.round(numbers / grid.unit)) < TOLERANCE
                expected = np.where(tie & whole, numbers, expected)
            self._count(sheet, "", expected, numbers)
            self._compare(sheet, (grid.row, grid.col, 1, 1), expected, numbers, formulas(*where))

    def _compare(
        self,
        sheet: SheetPlan,
        place: tuple[int, int, int, int],
        expected: Array,
        numbers: Array,
        formulas: Mask,
    ) -> None:
        """Compare a grid from (row, column) on, cells (rows, columns) apart."""
        agrees = np.abs(numbers - expected) <= TOLERANCE * np.maximum(1.0, np.abs(expected))
        for i, j in np.argwhere(~(agrees & formulas)).tolist():
            row, col = place[0] + i * place[2], place[1] + j * place[3]
            found = self.values.glance(sheet.name, row, col)
            self._differ(sheet, row, col, float(expected[i, j]), found, formula=bool(formulas[i, j]))

    def page(self, sheet: SheetPlan, formulas: Formulas) -> None:
        """Compare the single formulas of a sheet."""
        for computed in sheet.computed:
            expected = computed.value(self.context)
            row, col = computed.row, computed.col
            found = self.values.glance(sheet.name, row, col)
            if isinstance(found, CellError) and found.code == expected:  # or a label that reads like an error
                found = self.values.block(sheet.name, row, col, 1, 1)[0][0]
            formula = bool(formulas(row, col, 1, 1)[0, 0])
            if isinstance(expected, str):
                self._count(sheet, "", np.zeros(1), np.zeros(1))
                agrees = type(found) is str and found == expected
            else:
                number = found if type(found) is float else np.nan
                self._count(sheet, "", np.array([expected], dtype=np.float64), np.array([number]))
                agrees = abs(number - expected) <= TOLERANCE * max(1.0, abs(expected))
            if not agrees or not formula:
                self._differ(sheet, row, col, expected, found, formula=formula)

    def _count(self, sheet: SheetPlan, layer: str, expected: Array, found: Array) -> None:
        """Add cells to the report, and their errors where both are numbers."""
        own = sheet.name if sheet.page else sheet.layer or sheet.name
        report, of_layer = self.report, self.report.layer(layer or own)
        of_layer.formulas += expected.size
        report.formulas += expected.size
        report.compared += expected.size
        numbers = np.isfinite(found)
        error = np.abs(found - expected)[numbers]
        if error.size:
            size = np.maximum(np.abs(expected[numbers]), RELATIVE_FLOOR)
            of_layer.max_abs_error = max(of_layer.max_abs_error, float(error.max()))
            report.max_abs_error = max(report.max_abs_error, float(error.max()))
            report.max_rel_error = max(report.max_rel_error, float((error / size).max()))

    def _differ(
        self,
        sheet: SheetPlan,
        row: int,
        col: int,
        expected: float | str,
        found: Value | None,
        *,
        formula: bool,
    ) -> None:
        """Add a cell that does not agree."""
        report = self.report
        report.different += 1
        report.errors += isinstance(found, CellError)
        if not formula:
            reason = "no formula"
        elif isinstance(found, CellError):
            reason = "error"
        elif found is None:
            reason = "blank"
        else:
            alike = isinstance(found, str) == isinstance(expected, str) and not isinstance(found, bool)
            reason = "value" if alike else "type"
        if len(report.differences) < MOST_DIFFERENCES:
            shown = found.code if isinstance(found, CellError) else found
            report.differences.append(Difference(sheet.name, address(row, col), expected, shown, reason))


def _every(first: int, count: int, step: int) -> slice:
    """`count` places, `step` apart."""
    return slice(first, first + (count - 1) * step + 1, step)
