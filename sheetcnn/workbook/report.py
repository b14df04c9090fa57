"""What a check of a workbook found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Difference:
    """A formula cell that does not agree.

    `reason` is `value`, `error` (the cell shows an error), `blank`, `type` (a text in the place of a
    number or the other way round) or `no formula` (a constant stands where the formula was).
    """

    sheet: str
    cell: str
    expected: float | str
    found: float | str | bool | None
    reason: str


@dataclass
class LayerReport:
    """The agreement of one layer's formulas; `name` is `overview` for those of the first sheet."""

    name: str
    formulas: int = 0
    max_abs_error: float = 0.0


@dataclass
class Report:
    """What `verify` found.

    Attributes:
        calculator: name and version of the calculator.
        formulas: formula cells that the workbook must have.
        compared: how many of them were compared.
        errors: how many show an error.
        max_abs_error: the greatest absolute difference of numbers.
        max_rel_error: the greatest relative difference (of at least `RELATIVE_FLOOR`).
        ok: whether every formula cell agrees.
        layers: the same per layer.
        different: how many cells do not agree.
        differences: the first of them, in the order of computation.
        prediction: the label that the workbook's own weights and input give.
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

    def layer(self, name: str) -> LayerReport:
        """The report of a layer, made when first asked for."""
        for known in self.layers:
            if known.name == name:
                return known
        self.layers.append(LayerReport(name))
        return self.layers[-1]
