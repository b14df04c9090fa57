"""`verify` on edited copies of the digits workbook: what may be changed agrees, what is broken is named.

What must come out is computed by the plain loops of `digits_reference`. Every copy is recalculated by
each calculator, and a calculator is started once for all of them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
from digits_reference import Array, Place
from openpyxl import load_workbook
from requirements import require

import sheetcnn
from sheetcnn import calculators
from sheetcnn.calculators import Calculator, CellValues, Progress, Recalculated
from sheetcnn.cli.main import main
from sheetcnn.workbook import verify as verify_module
from sheetcnn.workbook.verify import Report
from sheetcnn.xlsx.read import Value

# The calculators add in another order than the loops; LibreOffice saves 15 digits.
EXACT = 1e-9
IMAGE, OTHER = digits.IMAGES[3], digits.IMAGES[9]


@dataclass(frozen=True)
class Original:
    """The workbook of IMAGE, where its values stand, and the trained arrays."""

    path: Path
    places: Mapping[str, Place]
    weights: Mapping[str, Array]

    def activations(self) -> dict[str, Array]:
        return digits.forward(self.weights, digits.pixels(IMAGE))


@dataclass(frozen=True)
class Edited:
    """A copy, and the weights and pixels that it holds after the edit."""

    path: Path
    weights: Mapping[str, Array]
    pixels: Array

    def activations(self) -> dict[str, Array]:
        return digits.forward(self.weights, self.pixels)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    path = tmp_path_factory.mktemp("verify") / "digits.xlsx"
    sheetcnn.build(sheetcnn.load(digits.SPEC), IMAGE, path)
    return Original(path, digits.places(path), digits.weights())


def test_the_two_images_are_different_digits() -> None:
    labels = [int(digits.forward(digits.weights(), digits.pixels(i))["label"]) for i in (IMAGE, OTHER)]
    assert labels[0] != labels[1]


# --- What may be changed ------------------------------------------------------------------------

Edit = Callable[[Original, Path], Edited]


def _untouched(original: Original, path: Path) -> Edited:
    shutil.copyfile(original.path, path)
    return Edited(path, original.weights, digits.pixels(IMAGE))


def _changed_pixel(original: Original, path: Path) -> Edited:
    image = digits.pixels(IMAGE)
    image[3, 4] = 255 - image[3, 4]
    place = digits.cell(original.places["sample_1"], 3, 4)
    return Edited(pe.edit(original.path, path, {place: pe.number(image[3, 4])}), original.weights, image)


def _other_image(original: Original, path: Path) -> Edited:
    old, image = digits.pixels(IMAGE), digits.pixels(OTHER)
    changes = {
        digits.cell(original.places["sample_1"], y, x): pe.number(value)
        for (y, x), value in np.ndenumerate(image)
        if value != old[y, x]
    }
    return Edited(pe.edit(original.path, path, changes), original.weights, image)


def _blank_pixels(original: Original, path: Path) -> Edited:
    image = digits.pixels(IMAGE)
    places = [(y, x) for y in range(8) for x in range(8) if image[y, x]]
    changes = {digits.cell(original.places["sample_1"], y, x): pe.blank() for y, x in places}
    return Edited(pe.edit(original.path, path, changes), original.weights, np.zeros((8, 8)))


def _changed_weight(
    original: Original, path: Path, *, name: str, index: tuple[int, ...], change: pe.Change, value: float
) -> Edited:
    sheet = f"{name.split('.')[0]}_w"
    place = digits.holding(original.path, sheet, float(original.weights[name][index]))
    weights = {key: array.copy() for key, array in original.weights.items()}
    weights[name][index] = value
    return Edited(pe.edit(original.path, path, {place: change}), weights, digits.pixels(IMAGE))


def _wrong_caches(original: Original, path: Path) -> Edited:
    """The first and a later cell of a shared formula, a plain formula, and the probabilities."""
    named = original.places
    places = [
        *(digits.cell(named["conv1_f1"], y, 2) for y in (0, 5)),
        digits.cell(named["pool2_f3"], 1, 1),
        *(digits.cell(named["output"], n) for n in range(10)),
    ]
    path = pe.edit(original.path, path, {place: pe.cached(-777.0) for place in places})
    return Edited(path, original.weights, digits.pixels(IMAGE))


def _no_caches(original: Original, path: Path) -> Edited:
    """As a program writes a workbook that cannot calculate: formulas alone."""
    parts = pe.read_parts(original.path)
    for part in pe.sheet_parts(parts).values():
        parts[part] = re.sub(rb"(</f>|<f [^>]*/>)<v>[^<]*</v>", rb"\1", parts[part])
    return Edited(pe.write_parts(path, parts), original.weights, digits.pixels(IMAGE))


def _by_openpyxl(original: Original, path: Path) -> Edited:
    """Read and written by openpyxl, which drops the cached values; one weight changed on the way."""
    book = load_workbook(original.path)
    sheet, cell = digits.holding(
        original.path, "conv1_w", float(original.weights["conv1.weight"][2, 0, 0, 2])
    )
    book[sheet][cell] = -1
    book.save(path)
    weights = {key: array.copy() for key, array in original.weights.items()}
    weights["conv1.weight"][2, 0, 0, 2] = -1
    return Edited(path, weights, digits.pixels(IMAGE))


def _everything(original: Original, path: Path) -> Edited:
    """A pixel, weights typed as a number and as a formula, and cleared ones, in one workbook."""
    found = _untouched(original, path)
    for name in ("pixel", "kernel_weight", "kernel_weight_typed_as_a_formula", "bias_blanked", "dense_bias"):
        before = Original(found.path, original.places, found.weights)
        after = EDITS[name](before, path.with_name(f"{name}_of_everything.xlsx"))
        found = Edited(after.path, after.weights, found.pixels if name != "pixel" else after.pixels)
    return found


EDITS: dict[str, Edit] = {
    "everything": _everything,
    "untouched": _untouched,
    "pixel": _changed_pixel,
    "other_image": _other_image,
    "blank_pixels": _blank_pixels,
    "kernel_weight": partial(
        _changed_weight, name="conv1.weight", index=(1, 0, 2, 0), change=pe.number(2.5), value=2.5
    ),
    "kernel_weight_typed_as_a_formula": partial(
        _changed_weight, name="conv2.weight", index=(5, 3, 0, 1), change=pe.formula("1/3"), value=1 / 3
    ),
    "kernel_weight_blanked": partial(
        _changed_weight, name="conv2.weight", index=(0, 0, 1, 1), change=pe.blank(), value=0.0
    ),
    "bias_blanked": partial(_changed_weight, name="conv1.bias", index=(3,), change=pe.blank(), value=0.0),
    "bias_typed_as_a_formula": partial(
        _changed_weight, name="conv2.bias", index=(7,), change=pe.formula("-2^2"), value=4.0
    ),
    "dense_weight": partial(
        _changed_weight, name="fc.weight", index=(4, 17), change=pe.number(-3.0), value=-3.0
    ),
    "dense_bias": partial(_changed_weight, name="fc.bias", index=(8,), change=pe.number(40.0), value=40.0),
    "wrong_caches": _wrong_caches,
    "no_caches": _no_caches,
    "saved_by_openpyxl": _by_openpyxl,
}


@pytest.fixture(scope="session")
def edited(original: Original, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Edited]:
    folder = tmp_path_factory.mktemp("edited")
    return {name: edit(original, folder / f"{name}.xlsx") for name, edit in EDITS.items()}


class Calculators:
    """Starts each calculator once for all its workbooks, and only when a test asks for it."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = paths
        self._values: dict[str, dict[str, Recalculated]] = {}
        self._reports: dict[str, dict[str, Report]] = {}

    def values(self, calculator: str, name: str) -> Recalculated:
        return self._of(calculator, self._values)[name]

    def report(self, calculator: str, name: str) -> Report:
        return self._of(calculator, self._reports)[name]

    def _of(self, calculator: str, table: dict[str, dict[str, Any]]) -> dict[str, Any]:
        _installed(calculator)
        if calculator not in table:
            self._values[calculator], self._reports[calculator] = (
                {},
                {},
            )  # what fails is not tried for every test
            names = [name for one, name in _pairs(self.paths) if one == calculator]
            kept = _Kept(calculators.get(calculator))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(verify_module, "get", lambda _: kept)
                reports = verify_module.verify_many(
                    [self.paths[name] for name in names], calculator, quick=True
                )
            self._values[calculator] = dict(zip(names, kept.values, strict=True))
            self._reports[calculator] = dict(zip(names, reports, strict=True))
        return table[calculator]

    def close(self) -> None:
        for values in self._values.values():
            for value in values.values():
                value.close()


class _Kept:
    """A calculator whose results stay open for further questions."""

    def __init__(self, calculator: Calculator) -> None:
        self.name, self.title, self.version = calculator.name, calculator.title, calculator.version
        self._calculator = calculator
        self.values: list[Recalculated] = []

    def recalculate(self, paths: Sequence[Path], progress: Progress | None = None) -> list[Recalculated]:
        self.values = self._calculator.recalculate(paths, progress)
        return [_Open(value) for value in self.values]


class _Open(Recalculated):
    def __init__(self, values: Recalculated) -> None:
        self._values = values

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> CellValues:
        return self._values.block(sheet, row, col, height, width)

    def numbers(self, sheet: str, row: int, col: int, height: int, width: int) -> Array:
        return self._values.numbers(sheet, row, col, height, width)

    def glance(self, sheet: str, row: int, col: int) -> Value | None:
        return self._values.glance(sheet, row, col)

    def close(self) -> None:
        """Leave it open."""


def _installed(calculator: str) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))


# The programs take a second per workbook: they get those that differ in what a program could get wrong.
FOR_ALL = {"everything", "other_image", "wrong_caches", "no_caches", "saved_by_openpyxl"} | {
    *("dropped_bias", "constant_in_a_shared_formula", "error", "text", "wrong_label"),
}


def _pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(e, name) for name in names for e in calculators.NAMES if e == "ironcalc" or name in FOR_ALL]


@pytest.fixture(scope="session")
def mended(edited: dict[str, Edited]) -> Iterator[Calculators]:
    running = Calculators({name: copy.path for name, copy in edited.items()})
    yield running
    running.close()


@pytest.mark.parametrize(("calculator", "name"), _pairs(EDITS))
def test_an_edited_workbook_agrees(
    calculator: str, name: str, mended: Calculators, edited: dict[str, Edited]
) -> None:
    report = mended.report(calculator, name)
    assert report.ok
    assert report.differences == []
    assert (report.different, report.errors) == (0, 0)
    assert report.max_abs_error < EXACT
    assert report.calculator.startswith(f"{calculator} ")
    assert report.prediction == str(edited[name].activations()["label"])
    assert report.compared == report.formulas == sum(layer.formulas for layer in report.layers)


@pytest.mark.parametrize(("calculator", "name"), _pairs(EDITS))
def test_a_calculator_computes_what_the_loops_compute(
    calculator: str, name: str, mended: Calculators, edited: dict[str, Edited], original: Original
) -> None:
    expected = edited[name].activations()
    values = mended.values(calculator, name)
    for layer, shape in digits.shapes().items():
        maps = expected[layer].reshape((1, shape[0], 1) if len(shape) == 1 else shape)
        for n, array in enumerate(maps, 1):
            place = original.places[f"{layer}_out" if len(shape) == 1 else f"{layer}_f{n}"]
            found = [[0.0 if v is None else v for v in row] for row in values.block(*place)]
            np.testing.assert_allclose(
                np.array(found, dtype=float), array, rtol=EXACT, atol=EXACT, err_msg=f"{layer} {n}"
            )
    sheet, row, col, *_ = original.places["prediction"]
    assert values.block(sheet, row, col, 1, 1) == [[str(expected["label"])]]


def test_every_formula_of_the_file_is_compared(original: Original) -> None:
    parts = pe.read_parts(original.path)
    written = sum(len(re.findall(rb"<f[ >]", parts[p])) for p in pe.sheet_parts(parts).values())
    report = sheetcnn.verify(original.path)
    assert report.formulas == report.compared == written
    by_layer = {layer.name: layer.formulas for layer in report.layers}
    expected = {name: int(np.prod(shape)) for name, shape in digits.shapes().items() if name != "pixels"}
    # The softmax has the greatest value, the exponentials and their sum beside its result.
    assert {**expected, "softmax": 22}.items() <= by_layer.items()


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_a_workbook_saved_by_libreoffice_agrees(
    calculator: str, edited: dict[str, Edited], tmp_path: Path
) -> None:
    _installed("libreoffice")
    _installed(calculator)
    soffice = calculators.get("libreoffice").program()  # type: ignore[attr-defined]
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    source = edited["other_image"]
    command = [soffice, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run(
        [*command, "--outdir", tmp_path, source.path], check=True, capture_output=True, timeout=120
    )
    saved = tmp_path / source.path.name
    assert saved.read_bytes() != source.path.read_bytes()
    report = sheetcnn.verify(saved, calculator)
    assert report.ok, report.differences[:3]
    assert report.prediction == str(source.activations()["label"])


# --- What is broken -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A copy with a broken formula.

    `differences` holds every cell of the sheet that must be named: expected and found value.
    """

    path: Path
    sheet: str
    reason: str
    differences: Mapping[str, tuple[float | str, float | str | None]]


Breakage = Callable[[Original, Path], Broken]


def _differences(place: Place, before: Array, after: Array) -> dict[str, tuple[float, float]]:
    return {
        digits.cell(place, y, x)[1]: (float(old), float(after[y, x]))
        for (y, x), old in np.ndenumerate(before)
        if abs(old - after[y, x]) > 1e-6
    }


def _dropped_bias(original: Original, path: Path) -> Broken:
    """In the first cell of a shared formula: it stands for a whole column."""
    found, place = original.activations(), original.places["conv1_f4"]
    top = digits.cell(place, 0, 2)
    _, bias = digits.holding(original.path, "conv1_w", float(original.weights["conv1.bias"][3]))
    dropped = f"+conv1_w!${bias[0]}${bias[1:]}"
    after = found["conv1"][3].copy()
    after[:, 2] = np.maximum(0, found["conv1.z"][3][:, 2] - original.weights["conv1.bias"][3])
    path = pe.edit(original.path, path, {top: pe.rewritten(dropped, "")})
    return Broken(path, "conv1_f4", "value", _differences(place, found["conv1"][3], after))


def _doubled_bias(original: Original, path: Path) -> Broken:
    found = original.activations()
    k, _, x = np.unravel_index(found["conv2"].argmax(), (8, 4, 4))
    place, value = original.places[f"conv2_f{k + 1}"], float(original.weights["conv2.bias"][k])
    after = found["conv2"][k].copy()
    after[:, x] = np.maximum(0, found["conv2.z"][k][:, x] + value)
    _, bias = digits.holding(original.path, "conv2_w", value)
    term = f"+conv2_w!${bias[0]}${bias[1:]}"
    change = pe.rewritten(term, term + term)
    path = pe.edit(original.path, path, {digits.cell(place, 0, int(x)): change})
    return Broken(path, f"conv2_f{k + 1}", "value", _differences(place, found["conv2"][k], after))


def _relu_left_out(original: Original, path: Path) -> Broken:
    found, place = original.activations(), original.places["conv2_f1"]
    top = digits.cell(place, 0, 3)
    after = found["conv2"][0].copy()
    after[:, 3] = found["conv2.z"][0][:, 3]
    path = pe.edit(original.path, path, {top: pe.rewritten("MAX(0,", "SUM(0,")})
    return Broken(path, "conv2_f1", "value", _differences(place, found["conv2"][0], after))


def _window_cut(original: Original, path: Path) -> Broken:
    """A pooling formula that takes only the upper half of its window."""
    found = original.activations()
    c, y, x = next(
        place
        for place, best in np.ndenumerate(found["pool1"])
        if found["conv1"][place[0], 2 * place[1], 2 * place[2] : 2 * place[2] + 2].max() < best - 0.01
    )
    after = found["pool1"][c].copy()
    after[y, x] = found["conv1"][c, 2 * y, 2 * x : 2 * x + 2].max()
    place, source = original.places[f"pool1_f{c + 1}"], original.places[f"conv1_f{c + 1}"]
    (_, first), (_, last), (_, beside) = (
        digits.cell(source, 2 * y, 2 * x),
        digits.cell(source, 2 * y + 1, 2 * x + 1),
        digits.cell(source, 2 * y, 2 * x + 1),
    )
    change = pe.rewritten(f"{first}:{last}", f"{first}:{beside}")
    path = pe.edit(original.path, path, {digits.cell(place, y, x): change})
    return Broken(path, f"pool1_f{c + 1}", "value", _differences(place, found["pool1"][c], after))


def _wrong_unit(original: Original, path: Path) -> Broken:
    """A dense formula that takes its neighbour's bias."""
    found, place, bias = original.activations(), original.places["fc_out"], original.weights["fc.bias"]
    cells = [digits.holding(original.path, "fc_w", float(b))[1] for b in bias[:2]]
    old, new = (re.sub("([A-Z]+)([0-9]+)", r"$\1$\2", cell) for cell in cells)
    after = found["fc"].copy()
    after[0] += bias[1] - bias[0]
    path = pe.edit(original.path, path, {digits.cell(place): pe.rewritten(f"fc_w!{old}", f"fc_w!{new}")})
    return Broken(path, "fc_out", "value", _differences(place, found["fc"][:, None], after[:, None]))


def _constant(original: Original, path: Path) -> Broken:
    """The very value of the formula, typed in its place: right today, dead tomorrow."""
    value = float(original.activations()["pool2"][2, 0, 1])
    place = digits.cell(original.places["pool2_f3"], 0, 1)
    path = pe.edit(original.path, path, {place: pe.number(value)})
    return Broken(path, place[0], "no formula", {place[1]: (value, value)})


def _constant_in_a_shared_formula(original: Original, path: Path) -> Broken:
    value = float(original.activations()["conv1"][0, 4, 3])
    place = digits.cell(original.places["conv1_f1"], 4, 3)
    path = pe.edit(original.path, path, {place: pe.number(value)})
    return Broken(path, place[0], "no formula", {place[1]: (value, value)})


def _cleared(original: Original, path: Path) -> Broken:
    value = float(original.activations()["flatten"][7])
    place = digits.cell(original.places["flatten_out"], 7)
    path = pe.edit(original.path, path, {place: pe.blank()})
    return Broken(path, place[0], "no formula", {place[1]: (value, None)})


def _error(original: Original, path: Path) -> Broken:
    value = float(original.activations()["fc"][6])
    place = digits.cell(original.places["fc_out"], 6)
    path = pe.edit(original.path, path, {place: pe.formula("1/0")})
    return Broken(path, place[0], "error", {place[1]: (value, "#DIV/0!")})


def _text(original: Original, path: Path) -> Broken:
    value = float(original.activations()["fc"][3])
    place = digits.cell(original.places["fc_out"], 3)
    path = pe.edit(original.path, path, {place: pe.formula('"many"')})
    return Broken(path, place[0], "type", {place[1]: (value, "many")})


def _wrong_label(original: Original, path: Path) -> Broken:
    """The label of the least probable class."""
    found = original.activations()
    place = digits.cell(original.places["prediction"])
    path = pe.edit(original.path, path, {place: pe.rewritten("MAX(", "MIN(")})
    least = str(int(found["softmax"].argmin()))
    return Broken(path, place[0], "value", {place[1]: (str(found["label"]), least)})


BREAKAGES: dict[str, Breakage] = {
    "dropped_bias": _dropped_bias,
    "doubled_bias": _doubled_bias,
    "relu_left_out": _relu_left_out,
    "window_cut": _window_cut,
    "wrong_unit": _wrong_unit,
    "constant": _constant,
    "constant_in_a_shared_formula": _constant_in_a_shared_formula,
    "cleared": _cleared,
    "error": _error,
    "text": _text,
    "wrong_label": _wrong_label,
}


@pytest.fixture(scope="session")
def broken(original: Original, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Broken]:
    folder = tmp_path_factory.mktemp("broken")
    return {name: make(original, folder / f"{name}.xlsx") for name, make in BREAKAGES.items()}


@pytest.fixture(scope="session")
def caught(broken: dict[str, Broken]) -> Iterator[Calculators]:
    running = Calculators({name: copy.path for name, copy in broken.items()})
    yield running
    running.close()


@pytest.mark.parametrize(("calculator", "name"), _pairs(BREAKAGES))
def test_a_broken_formula_is_named(
    calculator: str, name: str, caught: Calculators, broken: dict[str, Broken]
) -> None:
    report, what = caught.report(calculator, name), broken[name]
    assert not report.ok
    assert report.different >= len(what.differences) > 0
    # The formula that is broken comes before what follows from it.
    assert report.differences[0].sheet == what.sheet
    assert report.differences[0].reason == what.reason
    found = {d.cell: (d.expected, d.found) for d in report.differences if d.sheet == what.sheet}
    assert found.keys() == what.differences.keys()
    for cell, (expected, shown) in what.differences.items():
        assert found[cell] == (_about(expected), _about(shown))
    # What computes with a text shows an error too.
    assert (report.errors > 0) == (what.reason in ("error", "type"))
    assert report.compared == report.formulas


def _about(value: float | str | None) -> Any:
    return pytest.approx(value, rel=EXACT, abs=EXACT) if isinstance(value, float) else value


@pytest.mark.parametrize("name", BREAKAGES)
def test_the_exit_status_is_1(
    name: str, broken: dict[str, Broken], capsys: pytest.CaptureFixture[str]
) -> None:
    what = broken[name]
    with pytest.raises(SystemExit) as finished:
        main(["verify", str(what.path)], prog_name="sheetcnn")
    assert finished.value.code == 1
    shown = capsys.readouterr().out
    assert "does NOT agree" in shown
    assert re.search(rf"\b{what.sheet}!{next(iter(what.differences))}\b", shown)


def test_json_names_sheet_cell_and_both_values(
    broken: dict[str, Broken], capsys: pytest.CaptureFixture[str]
) -> None:
    what = broken["window_cut"]
    with pytest.raises(SystemExit) as finished:
        main(["verify", str(what.path), "--json"], prog_name="sheetcnn")
    assert finished.value.code == 1
    report = json.loads(capsys.readouterr().out)
    ((cell, (expected, found)),) = what.differences.items()
    assert report["ok"] is False
    first = report["differences"][0]
    assert (first["sheet"], first["cell"]) == (what.sheet, cell)
    assert first["expected"] == pytest.approx(expected)
    assert first["found"] == pytest.approx(found)
    assert report["max_abs_error"] >= abs(expected - found) * (1 - EXACT)
    by_layer = {layer["name"]: layer["max_abs_error"] for layer in report["layers"]}
    assert by_layer["conv1"] < EXACT < by_layer["pool1"]


def test_verify_leaves_the_workbook_as_it_is(original: Original, broken: dict[str, Broken]) -> None:
    for path in (original.path, broken["error"].path):
        before = path.read_bytes()
        sheetcnn.verify(path)
        assert path.read_bytes() == before
