"""The workbook itself: formulas, places, cached values, links and names, read by others than sheetcnn."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
import yaml
from conftest import DIGITS_IMAGE
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from openxml import validate

import sheetcnn
from sheetcnn.importers.spec.parse import parse
from sheetcnn.model.graph import Model
from sheetcnn.sheets.layout import Options
from sheetcnn.workbook.build import build

EXACT = 1e-12
"""The loops of the reference add in another order than NumPy; nothing else may differ."""

# conv1 and conv2 pad by one pixel, so one row and one column of margin stand between the headings and
# pixel (1, 1), which is C7 on every sheet. Its window is then B6:D8. On the sheet of weights the biases
# run down column C from C6; after one blank column the first kernel starts at E6, three columns wide,
# and the next ones follow after one blank column each.
CONV2_FIRST_PIXEL = (
    "=MAX(0,"
    "SUMPRODUCT(pool1_f1!B6:D8,conv2_w!$E$6:$G$8)"
    "+SUMPRODUCT(pool1_f2!B6:D8,conv2_w!$I$6:$K$8)"
    "+SUMPRODUCT(pool1_f3!B6:D8,conv2_w!$M$6:$O$8)"
    "+SUMPRODUCT(pool1_f4!B6:D8,conv2_w!$Q$6:$S$8)"
    "+conv2_w!$C$6)"
)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return digits.forward(digits.weights(), digits.pixels(DIGITS_IMAGE))


@pytest.fixture(scope="module")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("separate") / "digits.xlsx"
    sheetcnn.build(sheetcnn.load(digits.SPEC), DIGITS_IMAGE, path, relu="separate")
    return path


def network(*layers: Mapping[str, Any], size: tuple[int, int, int] = (2, 9, 9), **spec: Any) -> Model:
    """A network of these layers with random weights."""
    source = {"channels": size[0], "height": size[1], "width": size[2]}
    graph = parse({"input": source, "layers": list(layers), **spec}, "net.yaml")
    rng = np.random.default_rng(3)
    params = {
        node.name: {p.name: rng.uniform(0.1, 1.0, p.shape) for p in graph.parameters(node)}
        for node in graph.nodes
    }
    return Model.of(graph, params)


def built(model: Model, path: Path, options: Options | None = None) -> Path:
    shape = model.graph.source_shape.dims
    build(model, np.random.default_rng(5).uniform(-1, 1, shape), path, options)
    return path


# --- Formulas -----------------------------------------------------------------------------------


def test_the_first_pixel_of_conv2(digits_workbook: Path) -> None:
    book = load_workbook(digits_workbook)
    sheet, cell = digits.cell(digits.places(digits_workbook)["conv2_f1"])
    assert book[sheet][cell].value == CONV2_FIRST_PIXEL


def test_every_pixel_of_conv2_sums_over_all_inputs(digits_workbook: Path) -> None:
    """Window by window: the right pixels, the right kernel slice, the bias once, ReLU once."""
    book, named, weights = load_workbook(digits_workbook), digits.places(digits_workbook), digits.weights()
    term = r"SUMPRODUCT\((?:(\w+)!)([A-Z]+\d+:[A-Z]+\d+),(\w+)!([$A-Z\d]+:[$A-Z\d]+)\)"
    for k in range(8):
        for y, x in np.ndindex(4, 4):
            sheet, cell = digits.cell(named[f"conv2_f{k + 1}"], y, x)
            text = book[sheet][cell].value
            terms = re.findall(term, text)
            rest = re.sub(term, "T", text)
            bias = re.fullmatch(r"=MAX\(0,T\+T\+T\+T\+(\w+)!(\S+)\)", rest)
            assert bias
            assert book[bias[1]][bias[2]].value == pytest.approx(weights["conv2.bias"][k])
            for c, (source, window, kernels, kernel) in enumerate(terms):
                assert source == named[f"pool1_f{c + 1}"][0]
                _, top, left, *_ = named[f"pool1_f{c + 1}"]
                wanted = (left + x - 1, top + y - 1, left + x + 1, top + y + 1)
                assert range_boundaries(window) == wanted
                found = [[cell.value for cell in row] for row in book[kernels][kernel]]
                np.testing.assert_array_equal(np.array(found), weights["conv2.weight"][k, c])


def test_a_cell_and_the_centre_of_its_window_have_the_same_address(digits_workbook: Path) -> None:
    book = load_workbook(digits_workbook)
    for name, (sheet, top, left, height, width) in digits.places(digits_workbook).items():
        if re.fullmatch(r"conv[12]_f\d", name):
            for y, x in np.ndindex(height, width):
                text = book[sheet].cell(top + y, left + x).value
                for window in re.findall(r"\w+_f\d!(\w+:\w+)", text):
                    west, north, east, south = range_boundaries(window)
                    assert ((west + east) / 2, (north + south) / 2) == (left + x, top + y)


LAYERS = (
    {"kind": "conv2d", "name": "wide", "filters": 3, "kernel_size": 5, "padding": 3, "activation": "relu"},
    {"kind": "conv2d", "name": "strided", "filters": 2, "kernel_size": 3, "stride": 2, "padding": "same"},
    {"kind": "max_pool", "name": "pooled", "kernel_size": 2, "stride": 1, "padding": [1, 0, 0, 1]},
    {"kind": "conv2d", "name": "down", "filters": 2, "kernel_size": 2, "stride": [1, 2]},
    {"kind": "batch_norm", "name": "normed", "activation": "tanh"},
    {"kind": "avg_pool", "name": "mean", "kernel_size": 3, "stride": 1},
)


def test_one_origin(digits_workbook: Path, separate: Path, tmp_path: Path) -> None:
    """Pixel (1, 1) of every map stands at the same cell, whatever its layer pads."""
    mixed = built(network(*LAYERS), tmp_path / "mixed.xlsx")
    for path, maps in ((digits_workbook, 26), (separate, 26), (mixed, 15)):
        found = {name: p[1:3] for name, p in digits.places(path).items() if re.search(r"_f\d$", name)}
        assert len(found) == maps
        assert len(set(found.values())) == 1
    # A margin of three pixels fits between the headings and the first pixel.
    (row, col) = next(iter(found.values()))
    sheet = load_workbook(mixed)["input_f1"]
    around = [(y, x) for y in range(-3, 12) for x in range(-3, 12) if not (0 <= y < 9 and 0 <= x < 9)]
    assert all(sheet.cell(row + y, col + x).value is None for y, x in around)


def shared_formulas(path: Path, sheet: str) -> tuple[int, int, int]:
    """Formulas written once for a column, those who follow them, and plain ones."""
    xml = pe.sheet_xml(path, sheet)
    return (
        len(re.findall(r'<f t="shared" ref="[^"]*" si="\d+">[^<]', xml)),
        len(re.findall(r'<f t="shared" si="\d+"/>', xml)),
        len(re.findall(r"<f>", xml)),
    )


def test_formulas_are_shared_down_the_columns_where_the_stride_is_1(tmp_path: Path) -> None:
    path = built(network(*LAYERS), tmp_path / "shared.xlsx")
    # wide is 11x11, strided 6x6, pooled 6x6, down 5x3, normed 5x3, mean 3x1.
    assert shared_formulas(path, "wide_f2") == (11, 110, 0)
    assert shared_formulas(path, "strided_f1") == (0, 0, 36)
    assert shared_formulas(path, "pooled_f2") == (6, 30, 0)
    assert shared_formulas(path, "down_f1") == (3, 12, 0)
    assert shared_formulas(path, "normed_f2") == (3, 12, 0)
    assert shared_formulas(path, "mean_f1") == (1, 2, 0)


def test_a_shared_formula_covers_its_column(digits_workbook: Path) -> None:
    xml = pe.sheet_xml(digits_workbook, "conv1_f1")
    _, top, left, height, width = digits.places(digits_workbook)["conv1_f1"]
    found = re.findall(r'<c r="(\w+)"[^>]*><f t="shared" ref="(\w+:\w+)" si="(\d+)">', xml)
    columns = [get_column_letter(left + x) for x in range(width)]
    assert [cell for cell, _, _ in found] == [f"{c}{top}" for c in columns]
    assert [ref for _, ref, _ in found] == [f"{c}{top}:{c}{top + height - 1}" for c in columns]
    assert len({si for _, _, si in found}) == width
    for c, (_, _, si) in zip(columns, found, strict=True):
        followers = re.findall(rf'<c r="(\w+)"[^>]*><f t="shared" si="{si}"/>', xml)
        assert followers == [f"{c}{top + y}" for y in range(1, height)]


# --- Cached values ------------------------------------------------------------------------------


def test_every_formula_has_its_value(digits_workbook: Path, separate: Path) -> None:
    for path in (digits_workbook, separate):
        formulas, values = load_workbook(path), load_workbook(path, data_only=True)
        places = [
            (sheet.title, cell.coordinate)
            for sheet in formulas
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
        ]
        assert len(places) > 600
        for sheet, cell in places:
            # openpyxl reads a text of no characters, of a line that a list has nothing for, as no value.
            if values[sheet][cell].value is None:
                assert re.search(r' t="str"><f>[^<]*</f><v></v></c>$', pe.cell_xml(path, sheet, cell))


def test_cached_values_are_those_of_the_loops(
    digits_workbook: Path, separate: Path, reference: dict[str, Any]
) -> None:
    for path in (digits_workbook, separate):
        named = digits.places(path)
        book = load_workbook(path, data_only=True)
        cells = digits.cells(reference, named)
        assert len(cells) == 64 * 2 + 4 * 64 + 4 * 16 + 8 * 16 + 8 * 4 + 32 + 10 + 10
        found = [book[sheet][cell].value for sheet, cell in cells]
        np.testing.assert_allclose(found, list(cells.values()), rtol=EXACT, atol=EXACT)
        sheet, cell = digits.cell(named["prediction"])
        assert book[sheet][cell].value == str(reference["label"])


def test_weights_stand_on_their_sheets_and_nowhere_twice(digits_workbook: Path) -> None:
    book = load_workbook(digits_workbook)
    weights = digits.weights()
    for layer in ("conv1", "conv2", "fc"):
        stored = [
            cell.value
            for row in book[f"{layer}_w"].iter_rows()
            for cell in row
            if isinstance(cell.value, float)
        ]
        wanted = np.concatenate([weights[f"{layer}.weight"].ravel(), weights[f"{layer}.bias"]])
        assert sorted(stored) == sorted(wanted)


def test_separate_pre_activations_show_negative_numbers(separate: Path, reference: dict[str, Any]) -> None:
    named, values = digits.places(separate), load_workbook(separate, data_only=True)
    formulas = load_workbook(separate)
    for layer, maps in (("conv1", 4), ("conv2", 8)):
        for n in range(maps):
            (sheet, top, left, height, width) = named[f"{layer}_z{n + 1}"]
            assert sheet == named[f"{layer}_f{n + 1}"][0]  # beside the activation
            place = f"{get_column_letter(left)}{top}:{get_column_letter(left + width - 1)}{top + height - 1}"
            found = np.array([[c.value for c in row] for row in values[sheet][place]], dtype=float)
            np.testing.assert_allclose(found, reference[f"{layer}.z"][n], rtol=EXACT, atol=EXACT)
            for y, x in np.ndindex(height, width):
                before = f"{get_column_letter(left + x)}{top + y}"
                text = formulas[sheet][digits.cell(named[f"{layer}_f{n + 1}"], y, x)[1]].value
                assert text == f"=MAX(0,{before})"
                assert "MAX" not in formulas[sheet][before].value
        assert (reference[f"{layer}.z"] < -0.1).any()


# --- Names, links, panes ------------------------------------------------------------------------


def test_defined_names(digits_workbook: Path) -> None:
    named = digits.places(digits_workbook)
    for layer, shape in digits.shapes().items():
        maps = [f"{layer}_out"] if len(shape) == 1 else [f"{layer}_f{n + 1}" for n in range(shape[0])]
        for name in maps:
            assert named[name][0] == name  # the sheet of the same name
            assert named[name][3:] == ((shape[0], 1) if len(shape) == 1 else shape[1:])
    book = load_workbook(digits_workbook)
    for layer in ("conv1", "conv2", "fc"):
        sheet, top, left, height, width = named[f"{layer}_w"]
        assert sheet == f"{layer}_w"
        inside = {
            (row, col)
            for row in range(top, top + height)
            for col in range(left, left + width)
            if isinstance(book[sheet].cell(row, col).value, float)
        }
        count = sum(digits.weights()[f"{layer}.{part}"].size for part in ("weight", "bias"))
        assert len(inside) == count
        # No smaller range holds them all.
        assert {r for r, _ in inside} >= {top, top + height - 1}
        assert {c for _, c in inside} >= {left, left + width - 1}
    assert named["output"] == named["softmax_out"]
    assert named["prediction"][0] == "overview"
    assert named["prediction"][3:] == (1, 1)


def links(path: Path) -> dict[str, list[tuple[str, str]]]:
    """For every sheet the cells that are links, and the places that they lead to."""
    parts = pe.read_parts(path)
    found = {}
    for sheet, part in pe.sheet_parts(parts).items():
        root = ET.fromstring(parts[part])
        elements = root.iter(f"{pe.MAIN}hyperlink")
        found[sheet] = [(e.attrib["ref"].split(":")[0], e.attrib["location"]) for e in elements]
    return found


def test_links_lead_to_sheets_that_exist(digits_workbook: Path, separate: Path, tmp_path: Path) -> None:
    mixed = built(network(*LAYERS), tmp_path / "mixed.xlsx")
    for path in (digits_workbook, separate, mixed):
        book = load_workbook(path)
        for sheet, leads in links(path).items():
            for cell, target in leads:
                name, _, place = target.partition("!")
                assert name in book.sheetnames
                assert re.fullmatch(r"[A-Z]{1,3}[1-9]\d*", place)
                assert book[sheet][cell].value is not None  # there is something to click on


def test_every_sheet_can_be_reached_and_left(digits_workbook: Path) -> None:
    found = {
        sheet: {target.partition("!")[0] for _, target in leads}
        for sheet, leads in links(digits_workbook).items()
    }
    assert found["overview"] >= set(found) - {"overview"}
    for sheet in digits.sheet_names():
        assert "overview" in found[sheet], sheet
    assert found["conv2_f3"] >= {"conv2_f2", "conv2_f4", "conv2_w", *(f"pool1_f{n}" for n in range(1, 5))}
    assert found["pool1_f2"] >= {"pool1_f1", "pool1_f3", "conv1_f2"}
    assert found["fc_out"] >= {"fc_w", "flatten_out"}
    assert "conv2_f9" not in found["conv2_f8"]


def test_the_headings_stay_in_sight(digits_workbook: Path) -> None:
    """Frozen panes: the row and column numbers stay, the values scroll."""
    book = load_workbook(digits_workbook)
    for name, (sheet, top, left, *_) in digits.places(digits_workbook).items():
        if sheet in ("overview", "input_image") or sheet.endswith("_trace"):  # pages, not tables of values
            continue
        frozen = book[sheet].freeze_panes
        assert frozen, sheet
        col, row, *_ = range_boundaries(f"{frozen}:{frozen}")
        assert 1 < row <= top, name
        assert 1 < col <= left, name


def test_sheets_stand_in_the_order_of_the_layers(digits_workbook: Path) -> None:
    names = load_workbook(digits_workbook).sheetnames
    assert names[0] == "overview"
    assert [name for name in names if name in digits.sheet_names()] == digits.sheet_names()


def test_the_overview_tells_what_the_network_is(digits_workbook: Path) -> None:
    texts = {
        str(cell.value) for row in load_workbook(digits_workbook)["overview"].iter_rows() for cell in row
    }
    for layer, shape in digits.shapes().items():
        assert layer in texts
        assert "×".join(map(str, shape)) in texts
    assert {"40", "296", "330"} <= texts  # parameters of conv1, conv2, fc


# --- The file -----------------------------------------------------------------------------------


def test_the_file_tells_what_it_was_built_from(digits_workbook: Path, tmp_path: Path) -> None:
    def rows(path: Path) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value, *_ in load_workbook(path)["about"].iter_rows(values_only=True):
            if value is not None:
                found[str(key)] = found.get(str(key), "") + str(value)
        return found

    told = rows(digits_workbook)
    assert sheetcnn.__version__ in told["built by"]
    given = yaml.safe_load(digits.SPEC.read_text(encoding="utf-8"))
    stored = json.loads(told["spec"])
    assert stored["input"] == given["input"]
    assert stored["labels"] == given["labels"]
    assert [layer["kind"] for layer in stored["layers"]] == [layer["kind"] for layer in given["layers"]]
    assert parse(stored, "stored") == parse(given, "given")
    digests = [key for key, value in told.items() if re.fullmatch(r"[0-9a-f]{64}", value)]
    assert len(digests) == 2

    model = sheetcnn.load(digits.SPEC)
    model.params["fc"]["bias"][0] += 1
    sheetcnn.build(model, DIGITS_IMAGE, tmp_path / "weights.xlsx")
    sheetcnn.build(sheetcnn.load(digits.SPEC), digits.IMAGES[0], tmp_path / "image.xlsx")
    changed = {
        name: [key for key in digests if rows(tmp_path / f"{name}.xlsx")[key] != told[key]]
        for name in ("weights", "image")
    }
    assert sorted(changed["weights"] + changed["image"]) == sorted(digests)
    assert all(len(keys) == 1 for keys in changed.values())


BUILD = """
import sys, sheetcnn
sheetcnn.build(sheetcnn.load(sys.argv[1]), sys.argv[2], sys.argv[3])
"""


def test_the_same_input_gives_the_same_bytes(digits_workbook: Path, tmp_path: Path) -> None:
    again = tmp_path / "another name.xlsx"
    sheetcnn.build(sheetcnn.load(digits.SPEC), DIGITS_IMAGE, again)
    assert again.read_bytes() == digits_workbook.read_bytes()
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.xlsx"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-c", BUILD, str(digits.SPEC), str(DIGITS_IMAGE), str(path)]
        subprocess.run(command, check=True, env=environment, cwd=tmp_path, timeout=60)
        assert path.read_bytes() == digits_workbook.read_bytes()


def test_no_time_of_building_is_in_the_file(digits_workbook: Path) -> None:
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d").encode()
    with zipfile.ZipFile(digits_workbook) as package:
        assert len({info.date_time for info in package.infolist()}) == 1
        assert package.infolist()[0].date_time[0] == 1980
        assert not any(today in package.read(name) for name in package.namelist())


def test_the_used_range_is_the_true_one(digits_workbook: Path) -> None:
    """Readers that stream, and other programs, rely on it."""
    for sheet in load_workbook(digits_workbook):
        xml = pe.sheet_xml(digits_workbook, sheet.title)
        stated = re.search(r'<dimension ref="([^"]+)"', xml)
        assert stated
        cells = [range_boundaries(f"{c}:{c}")[:2] for c in re.findall(r'<c r="([A-Z]+\d+)"', xml)]
        columns, rows = [c for c, _ in cells], [r for _, r in cells]
        assert range_boundaries(stated[1]) == (min(columns), min(rows), max(columns), max(rows)), sheet.title


def _files(digits_workbook: Path, separate: Path, folder: Path) -> Iterator[Path]:
    yield from (digits_workbook, separate)
    yield built(network(*LAYERS), folder / "mixed.xlsx", Options("separate"))
    yield built(network({"kind": "relu"}, size=(1, 1, 1)), folder / "smallest.xlsx")
    many = [f"class {n}" for n in range(30)]
    dense = ({"kind": "flatten"}, {"kind": "dense", "units": 30}, {"kind": "softmax"})
    yield built(network(*dense, size=(4, 3, 3), labels=many), folder / "many_classes.xlsx")


def test_files_are_valid(digits_workbook: Path, separate: Path, tmp_path: Path) -> None:
    assert validate(list(_files(digits_workbook, separate, tmp_path))) == []
