"""Reductions over more cells than a function takes arguments."""

from __future__ import annotations

import pytest

from sheetcnn.formulas.expr import Ref
from sheetcnn.formulas.render import render
from sheetcnn.model.ops.channels import MOST_ARGUMENTS, average, combined

CELLS = [Ref(f"x_f{n}", 6, 2) for n in range(1, 6)]


def test_the_limit_is_that_of_the_spreadsheet_programs() -> None:
    assert MOST_ARGUMENTS == 255


@pytest.mark.parametrize(
    ("function", "most", "text"),
    [
        ("SUM", 5, "SUM(x_f1!B6,x_f2!B6,x_f3!B6,x_f4!B6,x_f5!B6)"),
        ("SUM", 3, "SUM(x_f1!B6,x_f2!B6,x_f3!B6)+SUM(x_f4!B6,x_f5!B6)"),
        ("SUMSQ", 4, "SUMSQ(x_f1!B6,x_f2!B6,x_f3!B6,x_f4!B6)+SUMSQ(x_f5!B6)"),
        ("MAX", 2, "MAX(MAX(x_f1!B6,x_f2!B6),MAX(x_f3!B6,x_f4!B6),MAX(x_f5!B6))"),
    ],
)
def test_more_cells_than_arguments_are_combined_in_parts(function: str, most: int, text: str) -> None:
    assert render(combined(function, CELLS, most), "y").text() == text


def test_the_mean_of_many_cells_is_their_sum_divided_by_their_number() -> None:
    assert render(average(CELLS, 5), "y").text() == "AVERAGE(x_f1!B6,x_f2!B6,x_f3!B6,x_f4!B6,x_f5!B6)"
    many = render(average(CELLS, 5, 3), "y").text()
    assert many == "(SUM(x_f1!B6,x_f2!B6,x_f3!B6)+SUM(x_f4!B6,x_f5!B6))/5"
