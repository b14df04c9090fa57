"""The report of a verification."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Difference:
    """A formula cell that does not agree.

    Attributes:
        sheet: its sheet.
        cell: its address, such as `C5`.
        expected: the value that NumPy computes.
        found: the value after recalculation; the code of an error as text; None for a blank cell.
        reason: `value`, `error` (the cell holds an error), `blank`, `type` (text instead of a number, or
            the reverse) or `no formula` (the formula was replaced by a constant).
        varied: whether it agreed with the pixels and weights that stand in the workbook, and does not with
            others.
    """

    sheet: str
    cell: str
    expected: float | str
    found: float | str | bool | None
    reason: str
    varied: bool = False


@dataclass
class LayerReport:
    """The formulas of one layer, or of one page.

    Attributes:
        name: of the layer, or of the sheet of a page, such as `overview`.
        formulas: number of formula cells.
        max_abs_error: largest absolute difference.
    """

    name: str
    formulas: int = 0
    max_abs_error: float = 0.0


@dataclass
class Report:
    """What `verify` found.

    Attributes:
        calculator: name and version of the calculator.
        formulas: number of formula cells that the workbook must have.
        compared: number of formula cells that were compared.
        errors: number of cells that hold an error.
        max_abs_error: largest absolute difference.
        max_rel_error: largest relative difference; expected values below 1e-6 count as 1e-6.
        ok: whether every formula cell agrees.
        layers: the same for each layer and page.
        different: number of cells that do not agree.
        differences: the first 1000 of them, in the order of computation.
        prediction: the label predicted from the weights and the input in the workbook.
        passes: how often it was recalculated: three times more, with other pixels and weights, where it
            agrees the first time and they can be changed.
    """

    calculator: str
    formulas: int = 0
    compared: int = 0
    errors: int = 0
    max_abs_error: float = 0.0
    max_rel_error: float = 0.0
    ok: bool = True
    layers: list[LayerReport] = field(default_factory=list)
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    prediction: str = ""
    passes: int = 1

    def layer(self, name: str) -> LayerReport:
        """The entry of a layer, added if it is new."""
        for known in self.layers:
            if known.name == name:
                return known
        self.layers.append(LayerReport(name))
        return self.layers[-1]
