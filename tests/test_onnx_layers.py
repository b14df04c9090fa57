"""Each ONNX operator in a small model: the layers it becomes, and their results against onnx's reference."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from onnx_cases import Case
from onnx_cases_moves import MOVES
from onnx_cases_values import ACTIVATIONS, ARITHMETIC, DENSE, NORMS
from onnx_cases_windows import CONVOLUTIONS, POOLS, RESIZES
from onnx_models import agree, kinds, node, onnx_model
from requirements import require

CASES = [*CONVOLUTIONS, *POOLS, *NORMS, *ACTIVATIONS, *ARITHMETIC, *DENSE, *MOVES, *RESIZES]


@pytest.fixture(autouse=True)
def _needs_onnx() -> None:
    require("onnx", importlib.util.find_spec("onnx") is not None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layers_agree_with_the_reference(case: Case, tmp_path: Path) -> None:
    given = onnx_model(_nodes(case.nodes), case.dims, case.constants, case.opset)
    same = onnx_model(_nodes(case.same_as), case.dims, case.constants) if case.same_as else None
    model = agree(given, tmp_path, positive=case.positive, same_as=same)
    assert kinds(model) == list(case.layers)


def _nodes(described: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [node(*names, **dict(*more)) for names, more in ((n[:3], n[3:]) for n in described)]


def test_every_operator_of_the_table_has_a_case() -> None:
    from sheetcnn.importers.onnx.table import TABLE

    assert set(TABLE) <= {kind for case in CASES for kind, *_ in case.nodes}
