"""Sheet names that never read as a cell, labels that never become formulas, limits that are values."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openxml import validate
from requirements import require

from sheetcnn import calculators
from sheetcnn.errors import LimitError, SpecError
from sheetcnn.formulas.limits import EXCEL, Limits
from sheetcnn.importers.spec.parse import parse
from sheetcnn.model.graph import Model
from sheetcnn.sheets.layout import Options
from sheetcnn.sheets.names import bases, numbered
from sheetcnn.workbook.build import Built, build
from sheetcnn.workbook.verify import verify

# --- Names --------------------------------------------------------------------------------------

LONGEST = 31
# What follows a base, at its longest: the maps of a layer with 99,999 of them, statistics, weights.
SUFFIXES = ("_f99999", "_z99999", "_w", "_out", "_stat", "_max", "_sum")
CELL_LIKE = ("R1C1", "r", "C", "RC", "fc1", "in1", "A1", "XFD1048576", "1", "", "_", "é", "名", "a b", "f1")
CELL_LIKE += ("C1", "c3_conv", "R4", "RC2", "r_1", "TRUE", "false", "C1.conv", "R/1", "rc", "C99999")

layer_names = st.one_of(
    st.sampled_from(CELL_LIKE),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_./:-]{0,40}", fullmatch=True),
    st.from_regex(r"(?i)[rc]{1,2}[0-9]{0,6}[rc_.]?[0-9a-z_]{0,9}", fullmatch=True),
    st.text(max_size=50),
)


def leading_number(text: str) -> tuple[int, str]:
    """The number that a text begins with (-1 if there is none), and what follows it."""
    rest = text.lstrip("0123456789")
    return int(text[: len(text) - len(rest)] or "-1"), rest


def reads_as_a_cell(name: str) -> bool:
    """Whether Excel takes a name, or its beginning, for an address or a constant: it needs quotes then.

    Stated from what XlsxWriter found in files of Excel: a name that is an A1 address on the sheet; that
    is R, C or RC; that begins with R, C or RC and a number on the sheet, whatever follows; TRUE and FALSE.
    """

    def alone(column: int, after: str) -> bool:
        return 1 <= column <= 16_384 or (column < 0 and not after[:1].isalpha())

    upper = name.upper()
    if upper in ("R", "C", "RC", "TRUE", "FALSE"):
        return True
    letters = len(upper) - len(upper.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    number, rest = leading_number(upper[letters:])
    if 1 <= letters <= 3 and not rest and 1 <= number <= 1_048_576:
        column = 0
        for letter in upper[:letters]:
            column = column * 26 + ord(letter) - 64
        if column <= 16_384:
            return True
    if upper.startswith("R"):
        row, rest = leading_number(upper[1:])
        if 1 <= row <= 1_048_576:
            return True
        if rest.startswith("C") and row < 0:
            return alone(*leading_number(rest[1:]))
        return row < 0 and not rest[:1].isalpha()
    return upper.startswith("C") and alone(*leading_number(upper[1:]))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "A1",
            "fc1",
            "in1",
            "XFD1048576",
            "R1C1",
            "r",
            "C",
            "RC",
            "r2",
            "C1_w",
            "c16384_x",
            "R4_f1",
            "RC2x",
        ),
        *("RC_out", "rc_f1", "R_w", "C_f1", "R1048576z", "true", "False", "R1C1_w", "R1conv"),
    ],
)
def test_what_reads_as_a_cell(name: str) -> None:
    assert reads_as_a_cell(name)


@pytest.mark.parametrize(
    "name", ["conv1_w", "relu_out", "XFE1", "A1048577", "rcnn_f1", "R0_w", "C16385_w", "reC_1", "layer_C1_w"]
)
def test_what_does_not(name: str) -> None:
    assert not reads_as_a_cell(name)


@settings(max_examples=400)
@given(st.lists(layer_names, min_size=1, max_size=12, unique=True))
@example([*CELL_LIKE])
@example(["a" * 40, "a" * 41, "A" * 42, "a" * 22 + "_2", "a.b", "a/b", "a-b", "a_b"])
@example(["conv1", "Conv1", "CONV1", "conv1_2"])
def test_names_of_sheets(names: list[str]) -> None:
    found = bases(names)
    assert list(found) == names
    whole = [base + suffix for base in found.values() for suffix in SUFFIXES]
    assert max(map(len, whole)) <= LONGEST
    assert len({name.lower() for name in whole}) == len(whole)
    for name in whole:
        assert re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
        assert not reads_as_a_cell(name)


@given(st.lists(layer_names, min_size=1, max_size=12, unique=True))
def test_a_name_does_not_depend_on_the_names_after_it(names: list[str]) -> None:
    assert list(bases(names[:-1] or names).items()) == list(bases(names).items())[: max(len(names) - 1, 1)]


@given(st.integers(1, 3000))
def test_numbered_names_have_one_width(count: int) -> None:
    found = numbered("conv1", "f", count)
    assert [int(name.removeprefix("conv1_f")) for name in found] == list(range(1, count + 1))
    assert len({len(name) for name in found}) == 1
    assert found == sorted(found)


def small(names: list[str], labels: list[str] | None = None) -> Model:
    """A network with one layer of each of these names, and two values at the end."""
    layers: list[dict[str, Any]] = [
        {"kind": "conv2d", "name": name, "filters": 2, "kernel_size": 1, "activation": "relu"}
        for name in names
    ]
    layers += [{"kind": "global_avg_pool"}, {"kind": "flatten"}]
    spec = {"input": {"channels": 1, "height": 2, "width": 2}, "layers": layers, "labels": labels or []}
    graph = parse(spec, "small.yaml")
    params = {
        node.name: {p.name: np.linspace(0.5, 2, p.size).reshape(p.shape) for p in graph.parameters(node)}
        for node in graph.nodes
    }
    return Model.of(graph, params)


IMAGE = np.array([[[1.0, 2.0], [3.0, 5.0]]])


def test_a_workbook_of_layers_with_odd_names(tmp_path: Path) -> None:
    names = ["R1C1", "fc1", "in1", "A1", "a.b", "a/b", "a:b", "r", "C", "1", "_", "x" * 60, "X" * 60, "a_f1"]
    names += ["overview", "about", "output", "prediction", "history", "receptive_field"]
    names += ["C1", "c3.conv", "R4", "RC", "TRUE", "up_x2_conv", "g_x41_"]
    path = tmp_path / "names.xlsx"
    build(small(names), IMAGE, path, Options("separate"))
    sheets = list(pe.sheet_parts(pe.read_parts(path)))
    pages = len(["overview", "input_image", "samples", "receptive_field", "as_built", "notes", "about"])
    assert len(sheets) == pages + 1 + 5 * len(names) + 2
    assert len({s.lower() for s in sheets}) == len(sheets)
    assert all(len(s) <= LONGEST and not reads_as_a_cell(s) for s in sheets)
    parts = pe.read_parts(path)
    named = re.findall(rb'<definedName name="([^"]+)"[^>]*>([^<]+)<', parts["xl/workbook.xml"])
    assert len(named) > 5 * len(names)
    for name, target in named:
        assert name.startswith(b"_xlnm.") or not reads_as_a_cell(name.decode())
        assert b"'" not in target or name.startswith(b"_xlnm.")
    used = set()
    for part in pe.sheet_parts(parts).values():
        text = parts[part].decode()
        for formula in re.findall(r"<f[^>]*>([^<]+)</f>", text):
            assert "'" not in formula
            used |= set(re.findall(r"([A-Za-z_][A-Za-z0-9_.]*)!", formula))
        used |= {place.partition("!")[0] for place in re.findall(r'location="([^"]+)"', text)}
    assert used <= set(sheets)
    assert validate([path]) == []


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_names_and_labels_are_the_same_in_every_calculator(calculator: str, tmp_path: Path) -> None:
    """LibreOffice reads `_x2_` in a cell as a character, which must not happen to anybody's layer."""
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    path = tmp_path / "names.xlsx"
    build(small(["C1", "R1C1", "up_x2_conv", "a_xFFFF_"], ["b_x2_c", "d_x16_e"]), IMAGE, path)
    report = verify(path, calculator)
    assert report.ok, report.differences[:5]
    assert report.prediction in ("b_x2_c", "d_x16_e")


# --- Labels -------------------------------------------------------------------------------------

ODD = ("-1", "+", "a=b", "'q", "&amp;", "TRUE", "#REF!", "#N/A", "1e5", "1", "1/2", "5%", 'x"y', "{1}", " a ")


def stored_texts(path: Path, sheet: str) -> list[str]:
    """The texts of a sheet that are no results of formulas."""
    cells = (cell for row in load_workbook(path)[sheet].iter_rows() for cell in row)
    return [cell.value for cell in cells if cell.data_type in ("s", "inlineStr") and cell.value is not None]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=12)), min_size=2, max_size=2))
@example(["=1+1", "a"])
@example(["<b>", "a"])
@example(["@SUM(A1)", "a"])
@example(["+A1", "-A1"])
@example(["-1", "+2"])
@example(["\ufffe", "\ufdd0"])
@example(["_x0041_", "_x41_"])
@example(["\U0001f600", "é"])
def test_a_label_is_refused_or_stays_a_text(tmp_path: Path, labels: list[str]) -> None:
    try:
        model = small(["conv1"], labels)
    except SpecError as error:
        assert "labels[" in str(error)  # noqa: PT017
        return
    path = tmp_path / "labels.xlsx"
    built = build(model, IMAGE, path)
    texts = stored_texts(path, "overview")
    assert all(label in texts for label in labels)
    assert not any(text.startswith(("=", "@")) for text in texts)
    sheet, row, col, *_ = digits.places(path)["prediction"]
    best = labels[int(built.result.output.argmax())]
    assert load_workbook(path, data_only=True)[sheet].cell(row, col).value == best
    report = verify(path)
    assert report.ok
    assert report.prediction == best


# --- Limits -------------------------------------------------------------------------------------


def measured(path: Path, built: Built) -> Limits:
    """The limits that a workbook just keeps, measured by openpyxl."""
    book = load_workbook(path)
    rows, columns, formulas, texts = [], [], [], []
    for sheet in book:
        _, _, right, bottom = range_boundaries(sheet.calculate_dimension())
        rows.append(bottom)
        columns.append(right)
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.value is not None):
            if cell.data_type == "f":
                formulas.append(len(cell.value))
            elif isinstance(cell.value, str):
                texts.append(len(cell.value))
    return replace(
        EXCEL,
        program="Tiny",
        rows=max(rows),
        columns=max(columns),
        formula_characters=max(formulas),
        cell_characters=max(texts),
        sheets=len(book.sheetnames),
    )


def model_of(channels: int, filters: int, size: int, units: int) -> Model:
    layers: list[dict[str, Any]] = [
        {"kind": "conv2d", "name": "conv1", "filters": filters, "kernel_size": 3, "padding": "same"},
        {"kind": "flatten", "name": "flatten"},
        {"kind": "dense", "name": "fc", "units": units},
    ]
    source = {"channels": channels, "height": size, "width": size}
    graph = parse({"input": source, "layers": layers}, "limits.yaml")
    return Model.of(
        graph,
        {n.name: {p.name: np.ones(p.shape) for p in graph.parameters(n)} for n in graph.nodes},
    )


LIMITS = ("rows", "columns", "formula_characters", "cell_characters", "sheets")


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.parametrize("form", [(3, 2, 4, 3), (1, 1, 12, 5), (2, 1, 3, 40)])
def test_each_limit_is_exact(what: str, form: tuple[int, int, int, int], tmp_path: Path) -> None:
    """What a workbook just keeps is kept; one less is refused, with the number and the limit."""
    model, path = model_of(*form), tmp_path / "limits.xlsx"
    image = np.ones(model.graph.source_shape.dims)
    limits = measured(path, build(model, image, path))
    again = tmp_path / "again.xlsx"
    build(model, image, again, limits=limits)
    assert again.read_bytes() == path.read_bytes()
    number = getattr(limits, what)
    again.unlink()
    with pytest.raises(LimitError) as refused:
        build(model, image, again, limits=replace(limits, **{what: number - 1}))
    said = [int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]*\b", str(refused.value))]
    assert {number, number - 1} <= set(said)
    assert "Tiny" in str(refused.value)
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.integers(1, 12)),
    limits=st.fixed_dictionaries(
        {
            "rows": st.integers(5, 60),
            "columns": st.integers(5, 90),
            "formula_characters": st.integers(20, 260),
            "cell_characters": st.integers(200, 700),
            "sheets": st.integers(4, 16),
        }
    ),
)
def test_a_workbook_keeps_the_limits_or_is_not_written(
    tmp_path: Path, form: tuple[int, int, int, int], limits: dict[str, int]
) -> None:
    model = model_of(*form)
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    path = folder / "limits.xlsx"
    path.unlink(missing_ok=True)
    try:
        built = build(
            model,
            np.ones(model.graph.source_shape.dims),
            path,
            limits=replace(EXCEL, program="Tiny", **limits),
        )
    except LimitError:
        assert list(folder.iterdir()) == []
        return
    found = measured(path, built)
    assert all(getattr(found, what) <= most for what, most in limits.items())


def test_a_function_never_has_more_arguments_than_excel_takes(tmp_path: Path) -> None:
    """A softmax over the channels of each pixel names one cell per channel."""
    graph = parse(
        {"input": {"channels": 256, "height": 1, "width": 2}, "layers": [{"kind": "softmax"}]}, "wide.yaml"
    )
    path = tmp_path / "wide.xlsx"
    build(Model.of(graph, {}), np.linspace(-1, 1, 512).reshape(256, 1, 2), path)
    report = verify(path)
    assert report.ok
    parts = pe.read_parts(path)
    texts = re.findall(
        r"<f[^>]*>([^<]+)</f>", " ".join(parts[p].decode() for p in pe.sheet_parts(parts).values())
    )
    assert any(text.count(",") >= 255 for text in texts)
    for text in texts:
        # A call within a call counts as one argument of the outer one.
        while "(" in text:
            inner = re.search(r"\(([^()]*)\)", text)
            assert inner
            assert inner[1].count(",") < 255
            text = text.replace(inner.group(), "")
