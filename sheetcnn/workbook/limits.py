"""Whether a spreadsheet program can hold a planned workbook."""

from __future__ import annotations

from sheetcnn.errors import LimitError
from sheetcnn.formulas.limits import Limits
from sheetcnn.formulas.render import render
from sheetcnn.formulas.traverse import most_arguments
from sheetcnn.sheets.sheet_plan import Plan


def check_limits(plan: Plan, limits: Limits) -> None:
    """Raise for the first thing of a plan that a spreadsheet program cannot hold.

    Raises:
        LimitError: naming the sheet or layer, the number and the limit.
    """
    program = limits.program
    sheets = len(plan.sheets)
    if sheets > limits.sheets:
        raise LimitError(
            f"the workbook would have {sheets:,} sheets, but {program} holds "
            f"{limits.sheets:,}; {_more_room(plan) or 'use a smaller network'}"
        )
    area_of_all = 0
    for sheet in plan.sheets:
        rows, columns = sheet.used
        area_of_all += rows * columns
        for what, number, most in (("rows", rows, limits.rows), ("columns", columns, limits.columns)):
            if number > most:
                owner = f" of layer '{sheet.layer}'" if sheet.layer else ""
                raise LimitError(
                    f"sheet {sheet.name}{owner} would have {number:,} {what}, but {program} holds at most "
                    f"{most:,}; use a smaller input or fewer units"
                )
        for cell in sheet.cells:
            if isinstance(cell.value, str) and len(cell.value) > limits.cell_characters:
                raise LimitError(
                    f"sheet {sheet.name}: a text of {len(cell.value):,} characters does not fit into a cell "
                    f"({limits.cell_characters:,} at most in {program})"
                )
    if area_of_all > limits.cells:
        raise LimitError(
            f"the workbook would have {area_of_all:,} cells, but {program} holds at most {limits.cells:,}; "
            "use a smaller input, fewer filters, or another program"
        )
    longest: dict[str, int] = {}
    for sheet, formula, rows, cols in ((s, f, r, c) for s in plan.sheets for f, r, c, _ in s.patterns()):
        layered = sheet.layer and not sheet.page
        owner = f"layer '{sheet.layer}'" if layered else f"sheet {sheet.name}"
        arguments = most_arguments(formula)
        if arguments > limits.function_arguments:
            raise LimitError(
                f"{owner} would need a function of {arguments:,} arguments, but {program} "
                f"takes at most {limits.function_arguments:,}; give it fewer inputs"
            )
        length = render(formula, sheet.name).longest(rows, cols)
        longest[owner] = max(longest.get(owner, 0), length)
    for owner, length in longest.items():
        if length > limits.formula_characters:
            raise LimitError(
                f"{owner} would need a formula of {length:,} characters, but {program} takes at most "
                f"{limits.formula_characters:,}; {_more_room(plan) or 'give it fewer inputs'}"
            )


def _more_room(plan: Plan) -> str:
    """The remedy for a planar workbook, whose formulas name a sheet per channel."""
    return "" if plan.layout.interleaved else "use the interleaved layout, or fewer filters"
