"""Every layer kind on its list of cases: NumPy against PyTorch, formulas against NumPy."""

from __future__ import annotations

import copy
import importlib.util
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


FIRST, TOGETHER = 6, 12  # cases in the first workbook, and in each of the others


@dataclass(frozen=True)
class Album:
    """Which cases of a kind stand together in a workbook, and how."""

    kind: str
    layout: str
    """`separate`: planar, and the activations of those cases that have one stand for themselves."""
    start: int

    @property
    def cases(self) -> list[Case]:
        """Up to `FIRST` or `TOGETHER` of them."""
        stop = self.start + (TOGETHER if self.start else FIRST)
        return _of_layout(self.kind, self.layout)[self.start : stop]


OPTIONS = {
    "planar": Options(pages=()),
    "separate": Options("separate", pages=()),
    "interleaved": Options(layout="interleaved", pages=()),
}


def _of_layout(kind: str, layout: str) -> list[Case]:
    return [case for case in CASES[kind] if layout != "separate" or "activation" in case.layer]


def every_album(kind: str) -> list[Album]:
    """All cases of a kind, in both layouts."""
    return [
        Album(kind, layout, start)
        for layout in OPTIONS
        for start in (0, *range(FIRST, len(_of_layout(kind, layout)), TOGETHER))
        if _of_layout(kind, layout)
    ]


def first_albums(kind: str) -> list[Album]:
    """The first of each layout."""
    return [album for album in every_album(kind) if album.start == 0]


Shelf = Callable[[Album], Path]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The workbook of an album, built when it is first asked for."""

    @cache
    def of(wanted: Album) -> Path:
        directory = tmp_path_factory.mktemp(f"{wanted.kind}_{wanted.layout}")
        return album(wanted.cases, directory, OPTIONS[wanted.layout])

    return of


def check(albums: Sequence[Album], calculator: str, shelf: Shelf) -> None:
    """Lets a calculator recalculate the workbooks, and compares every formula with NumPy."""
    reports = verify_many([shelf(one) for one in albums], calculator, quick=True)
    wrong = {
        one: report.differences[:3]
        for one, report in zip(albums, reports, strict=True)
        if not report.ok or report.errors
    }
    assert not wrong
    assert all(report.compared == report.formulas for report in reports)
    # A layer that only chooses cells has no formulas of its own; every other has some.
    layers = [layer for report in reports for layer in report.layers if layer.name.endswith(".layer")]
    assert OPS[albums[0].kind].aliases or (layers and all(layer.formulas for layer in layers))


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_formulas_agree_with_numpy(calculator: str, kind: str, shelf: Shelf) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    # The other programs take a second for each workbook.
    check(every_album(kind) if calculator == "ironcalc" else first_albums(kind), calculator, shelf)


MORE = [kind for kind in CASES if len(every_album(kind)) > len(first_albums(kind))]


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", MORE)
@pytest.mark.parametrize("calculator", [name for name in calculators.NAMES if name != "ironcalc"])
def test_all_cases_agree_in_every_calculator(calculator: str, kind: str, shelf: Shelf) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    check([one for one in every_album(kind) if one.start], calculator, shelf)


@pytest.mark.parametrize("layout", ["planar", "interleaved"])
def test_files_are_valid(layout: str, tmp_path: Path) -> None:
    # One case of each kind, many in a workbook: the validator takes a third of a second to start.
    firsts = [cases[0] for cases in CASES.values()]
    some = [album(firsts[n::3], tmp_path, OPTIONS[layout]) for n in range(3)]
    assert validate(some) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", CASES)
def test_files_of_every_kind_are_valid(kind: str, shelf: Shelf) -> None:
    assert validate([shelf(one) for one in first_albums(kind)]) == []
