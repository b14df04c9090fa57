"""Every layer kind on its list of cases: NumPy against PyTorch, formulas against NumPy."""

from __future__ import annotations

import copy
import importlib.util
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from casebook import album, golden, network
from cases import ALL_CASES, CASES, Case
from openxml import validate
from requirements import require

from sheetcnn import calculators
from sheetcnn.model.engine import run
from sheetcnn.model.ops import ACTIVATIONS, OPS
from sheetcnn.model.ops.rows import class_name
from sheetcnn.sheets.layout import Options
from sheetcnn.workbook.verify import verify_many

# Both sides compute in float64; they differ in the order of their sums only.
EXACT = 1e-9
# float32 has about 7 digits, and these sums have up to a few hundred terms.
SINGLE = 1e-5

by_id = pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.id)


def test_every_kind_has_cases() -> None:
    assert {kind for kind, op in OPS.items() if op.in_spec} == set(CASES)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_kinds_are_classes_of_their_own(kind: str) -> None:
    options = {"min": 0.0} if kind == "clip" else {}
    op, same = (OPS[kind].model_validate(options) for _ in range(2))
    assert op == same == pickle.loads(pickle.dumps(op)) == copy.deepcopy(op)
    assert hash(op) == hash(same)
    assert (type(op).__name__, op.kind) == (class_name(kind), kind)
    assert op not in [OPS["relu" if kind == "tanh" else "tanh"].model_validate({})]


@by_id
def test_numpy_agrees_with_pytorch(case: Case) -> None:
    inputs, params, expected = golden(case)
    model, image = network(case, inputs, params)
    found = run(model, image).activations["layer"]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=EXACT, atol=EXACT)


@by_id
def test_numpy_agrees_with_pytorch_on_fresh_numbers(case: Case) -> None:
    require("torch", importlib.util.find_spec("torch") is not None)
    import torch_reference

    rng = np.random.default_rng(2026)
    inputs = torch_reference.make_inputs(case, rng)
    params = torch_reference.parameters(case.layer, case.inputs, rng)
    expected = torch_reference.reference(case.layer, inputs, params)
    model, image = network(
        case, [x.astype(np.float64) for x in inputs], {k: p.astype(np.float64) for k, p in params.items()}
    )
    np.testing.assert_allclose(run(model, image).activations["layer"], expected, rtol=SINGLE, atol=SINGLE)


Albums = Callable[[str], list[Path]]

TOGETHER = 12  # cases in one workbook


@pytest.fixture(scope="session")
def albums(tmp_path_factory: pytest.TempPathFactory) -> Albums:
    """Workbooks that hold the cases of a kind, in both layouts; those with an activation also separate."""

    @cache
    def of(kind: str) -> list[Path]:
        fused, apart = tmp_path_factory.mktemp(kind), tmp_path_factory.mktemp(f"{kind}_separate")
        together = tmp_path_factory.mktemp(f"{kind}_interleaved")
        active = [c for c in CASES[kind] if "activation" in c.layer]
        return [
            album(cases[n : n + TOGETHER], directory, options)
            for cases, directory, options in (
                (CASES[kind], fused, Options(pages=())),
                (active, apart, Options("separate", pages=())),
                (CASES[kind], together, Options(layout="interleaved", pages=())),
            )
            for n in range(0, len(cases), TOGETHER)
        ]

    return of


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_formulas_agree_with_numpy(calculator: str, kind: str, albums: Albums) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    paths = albums(kind)
    if calculator != "ironcalc":  # slow to start and to read back: of the interleaved workbooks the first
        together = [path for path in paths if "interleaved" in path.parent.name]
        paths = [path for path in paths if path not in together[1:]]
    reports = verify_many(paths, calculator)
    wrong = {
        path.stem: report.differences[:3]
        for path, report in zip(paths, reports, strict=True)
        if not report.ok or report.errors
    }
    assert not wrong
    assert all(report.compared == report.formulas for report in reports)
    # A layer that only chooses cells has no formulas of its own; every other has some.
    layers = [layer for report in reports for layer in report.layers if layer.name.endswith(".layer")]
    assert OPS[kind].aliases or (layers and all(layer.formulas for layer in layers))


@pytest.mark.parametrize("kind", CASES)
def test_files_are_valid(kind: str, albums: Albums) -> None:
    # A third of a second each: of both layouts the first.
    chosen = [path for path in albums(kind) if path.stem == albums(kind)[0].stem]
    assert validate(chosen) == []
