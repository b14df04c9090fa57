"""Absurd sizes are refused by what they are, before they fill the memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sheetcnn.errors import LimitError
from sheetcnn.formulas.limits import EXCEL
from sheetcnn.importers.spec.parse import parse
from sheetcnn.workbook.inspect import inspect
from sheetcnn.workbook.plan import make_plan

INPUT = {"channels": 1, "height": 8, "width": 8}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"kind": "conv2d", "filters": 10**9, "kernel_size": 3}], "1,000,000,001 feature maps"),
        ([{"kind": "pad", "padding": 10**9}], "2,000,000,008 rows"),
        ([{"kind": "pad", "padding": [0, 0, 0, 10**6]}], "1,000,008 columns"),
        ([{"kind": "flatten"}, {"kind": "dense", "units": 10**9}], "1,000,000,000 rows"),
    ],
)
def test_absurd_sizes(layers: list[dict[str, object]], message: str) -> None:
    graph = parse({"name": "absurd", "input": INPUT, "layers": layers}, "absurd")
    with pytest.raises(LimitError, match=message):
        inspect(graph)


def test_a_call_of_too_many_arguments() -> None:
    names = [f"relu_{n}" for n in range(6)]
    layers = [{"kind": "relu", "name": name, "inputs": ["input"]} for name in names]
    graph = parse(
        {
            "name": "many",
            "input": INPUT,
            "layers": [*layers, {"kind": "maximum", "name": "most", "inputs": names}],
        },
        "many",
    )
    make_plan(graph, limits=replace(EXCEL, function_arguments=6))
    with pytest.raises(LimitError, match="'most' would need a function of 6 arguments"):
        make_plan(graph, limits=replace(EXCEL, function_arguments=5))
