"""Handouts: every number recomputed with plain loops, formulas compared with the workbook's own cells."""

from __future__ import annotations

import builtins
import re
import subprocess
from html import unescape
from pathlib import Path
from shutil import which
from typing import Any

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
from conftest import Cli
from openpyxl import load_workbook
from openpyxl.formula.translate import Translator
from test_interleaved import image_of, many, network

import sheetcnn
from sheetcnn.errors import OutputError, SpecError
from sheetcnn.importers.images import read_image
from sheetcnn.importers.starters import starters
from sheetcnn.languages import LANGUAGES, language
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model
from sheetcnn.teaching.handouts.handout import handout_of_model
from sheetcnn.teaching.paper import pdf as pdf_writer
from sheetcnn.teaching.paper.document import (
    Code,
    Document,
    Figure,
    Figures,
    Heading,
    Math,
    Paragraph,
    Table,
    number_text,
)
from sheetcnn.teaching.paper.files import write_document
from sheetcnn.teaching.paper.html import html
from sheetcnn.teaching.paper.markdown import markdown
from sheetcnn.teaching.paper.pdf import pdf

IMAGE = digits.IMAGES[7]


@pytest.fixture(scope="module")
def model() -> Model:
    return sheetcnn.load(digits.SPEC)


@pytest.fixture(scope="module")
def image(model: Model) -> np.ndarray:
    return read_image(IMAGE, model.graph.source_shape)


def section(document: Document, begins: str) -> list[Any]:
    """The blocks below a heading, up to the next one."""
    parts = list(document.parts)
    first = next(n for n, b in enumerate(parts) if isinstance(b, Heading) and b.text.startswith(begins))
    rest = parts[first + 1 :]
    stop = next((n for n, b in enumerate(rest) if isinstance(b, Heading)), len(rest))
    return rest[:stop]


@pytest.mark.parametrize("place", [(3, 2, 4), (8, 1, 1), (1, 4, 4)])
def test_a_worked_convolution_is_what_loops_give(
    model: Model, image: np.ndarray, place: tuple[int, int, int], tmp_path: Path
) -> None:
    """Windows at the corners reach into the padding."""
    k, y, x = place
    document = handout_of_model(model, image, pixel=f"conv2:{k},{y},{x}")
    parts = section(document, "One pixel of conv2")
    maps = run(model, image).activations["pool1"]
    weight, bias = model.params["conv2"]["weight"][k - 1], model.params["conv2"]["bias"][k - 1]
    groups = [b.figures for b in parts if isinstance(b, Figures)]
    assert len(groups) == len(maps) == 4
    partials = []
    for (window, kernel, products), plane, own in zip(groups, maps, weight, strict=True):
        total = 0.0
        for u in range(3):
            for v in range(3):
                row, col = y - 1 + u - 1, x - 1 + v - 1
                value = plane[row, col] if 0 <= row < 4 and 0 <= col < 4 else 0.0
                assert window.values[u, v] == value
                assert kernel.values[u, v] == own[u, v]
                assert products.values[u, v] == pytest.approx(value * own[u, v])
                total += value * own[u, v]
        assert products.caption == f"products, sum {number_text(total)}"
        partials.append(total)
    z = sum(partials) + bias
    lines = [b.plain for b in parts if isinstance(b, Math)]
    signs = [number_text(partials[0])]
    signs += [("+ " if p >= 0 else "− ") + number_text(abs(p)) for p in [*partials[1:], bias]]
    assert lines == [
        f"z = {' '.join(signs)} = {number_text(z)}",
        f"ReLU({number_text(z)}) = {number_text(max(0.0, z))}",
    ]
    # The formula is that of the workbook.
    path = tmp_path / "digits.xlsx"
    sheetcnn.build(model, image, path)
    (code,) = [b for b in parts if isinstance(b, Code)]
    where = re.fullmatch(r"in the workbook: sheet (\w+), cell ([A-Z]+\d+)", code.where)
    assert where
    cell = load_workbook(path)[where[1]][where[2]]
    written = cell.value if isinstance(cell.value, str) else cell.value.text
    if written == "=":  # the follower of a shared formula: translate the first one's text
        shared = re.search(r'si="(\d+)"', pe.cell_xml(path, where[1], where[2]))
        assert shared
        first = re.search(
            rf'<c r="([A-Z]+\d+)"[^>]*><f t="shared" ref="[^"]*" si="{shared[1]}">([^<]*)</f>',
            pe.sheet_xml(path, where[1]),
        )
        assert first
        written = Translator("=" + first[2], first[1]).translate_formula(where[2])
    assert code.text == written


def test_pooling_dense_and_softmax_are_what_loops_give(model: Model, image: np.ndarray) -> None:
    document = handout_of_model(model, image)
    found = run(model, image).activations
    pooled = section(document, "One pixel of pool2")
    (window,) = next(b.figures for b in pooled if isinstance(b, Figures))
    k, y, x = np.unravel_index(int(np.argmax(found["pool2"])), found["pool2"].shape)
    expected = found["conv2"][k, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
    assert np.array_equal(window.values, expected)
    assert any(number_text(float(expected.max())) in b.text for b in pooled if isinstance(b, Paragraph))
    flat, logits = found["pool2"].reshape(-1), found["fc"]
    best = int(np.argmax(logits))
    (table,) = [b for b in section(document, "One output of fc") if isinstance(b, Table)]
    terms = [float(v * w) for v, w in zip(flat, model.params["fc"]["weight"][best], strict=True)]
    listed = sorted(terms, key=abs, reverse=True)[:8]
    assert [row[3] for row in table.rows[:8]] == [number_text(t) for t in listed]
    assert table.rows[8][3] == number_text(sum(terms) - sum(listed))
    assert table.rows[-1][3] == number_text(sum(terms) + float(model.params["fc"]["bias"][best]))
    for row, term in zip(table.rows[:8], listed, strict=True):
        n = min(range(32), key=lambda m: abs(terms[m] - term))
        assert row[0] == f"pool2, map {n // 4 + 1}, row {n % 4 // 2 + 1}, column {n % 2 + 1}"
    (shares,) = [b for b in section(document, "softmax") if isinstance(b, Table)]
    exps = [np.exp(v - max(logits)) for v in logits]
    for row in shares.rows:
        n = model.graph.labels.index(row[0])
        assert row[1:] == tuple(
            number_text(float(v), 4)
            for v in (logits[n], logits[n] - max(logits), exps[n], exps[n] / sum(exps))
        )


def test_what_a_pixel_sees_is_framed(model: Model, image: np.ndarray) -> None:
    document = handout_of_model(model, image, pixel="conv2:1,1,2")
    parts = section(document, "What this pixel of conv2 sees")
    (figure,) = next(b.figures for b in parts if isinstance(b, Figures))
    # Change every pixel of the input, and see which ones change the window that the pixel is computed from.
    before = run(model, image).activations["input"]
    seen = np.zeros((8, 8), dtype=bool)
    for row in range(8):
        for col in range(8):
            # conv2 reads rows y-1 to y+1 of pool1; each reads 2 rows of conv1, each of these 3 of the input.
            for py in range(-1, 2):
                for px in range(3):
                    for cy in range(2 * py, 2 * py + 2):
                        for cx in range(2 * px, 2 * px + 2):
                            inside = 0 <= py < 4 and 0 <= px < 4
                            seen[row, col] |= inside and abs(cy - row) <= 1 and abs(cx - col) <= 1
    assert before.shape[1:] == seen.shape
    ((top, left, high, wide),) = figure.marked
    marked = np.zeros((8, 8), dtype=bool)
    marked[top : top + high, left : left + wide] = True
    assert np.array_equal(marked, seen)


def test_all_formats_show_the_same_numbers(model: Model, image: np.ndarray, tmp_path: Path) -> None:
    document = handout_of_model(model, image, pixel="conv2:6,4,3")
    numbers = [b.plain for b in document.parts if isinstance(b, Math)]
    assert len(numbers) == 2
    page = unescape(html(document))
    text = markdown(document).replace("\\", "")
    for line in numbers:
        assert line in page
        assert line in text
    if which("pdftotext"):
        file = tmp_path / "a.pdf"
        file.write_bytes(pdf(document))
        done = subprocess.run(
            ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
        )
        for row in next(b for b in document.parts if isinstance(b, Table)).rows:
            assert row[0] in done.stdout
        for figure in next(
            b for b in section(document, "One pixel of conv2") if isinstance(b, Figures)
        ).figures:
            for number in figure.labels()[0]:
                assert number in done.stdout


def test_the_same_content_gives_the_same_bytes(model: Model, image: np.ndarray, tmp_path: Path) -> None:
    for form in ("pdf", "html", "md"):
        files = [tmp_path / f"{n}.{form}" for n in range(2)]
        for file in files:
            write_document(handout_of_model(model, image), file)
        assert files[0].read_bytes() == files[1].read_bytes()


def test_an_edited_workbook_is_worked_as_it_stands(model: Model, tmp_path: Path) -> None:
    path, out = tmp_path / "digits.xlsx", tmp_path / "a.html"
    sheetcnn.build(model, IMAGE, path)
    sheetcnn.handout(path, out, pixel="conv1:1,4,4")
    before = out.read_text()
    edited = pe.edit(path, tmp_path / "edited.xlsx", {("conv1_w", "C6"): pe.number(77.125)})
    sheetcnn.handout(edited, out, pixel="conv1:1,4,4")
    assert "77.125" in out.read_text()
    assert "77.125" not in before
    other = tmp_path / "b.html"
    sheetcnn.handout(path, other, pixel="conv1:1,4,4", image=digits.IMAGES[2])
    sheetcnn.handout(model, out, pixel="conv1:1,4,4", image=digits.IMAGES[2])
    assert other.read_text() == out.read_text()


ODD = '#eval("1+1") *x* $y$ <b>&amp;</b> [z](w) `q` \\'


def test_names_are_never_markup(tmp_path: Path) -> None:
    document = Document(ODD, [Heading(ODD), Paragraph(ODD), Table([ODD], [[ODD]]), Code(ODD, ODD)], "en")
    page = html(document)
    assert "<b>&" not in page.replace("<b>&amp;amp;", "")
    assert unescape(re.sub(r"<[^>]*>", "", page)).count('#eval("1+1") *x* $y$ <b>&amp;</b>') >= 5
    assert "\\*x\\*" in markdown(document)
    made = pdf(document)
    if which("pdftotext"):
        file = tmp_path / "odd.pdf"
        file.write_bytes(made)
        text = subprocess.run(
            ["pdftotext", str(file), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert text.count('#eval("1+1") *x* $y$ <b>&amp;</b>') >= 4


@pytest.mark.parametrize(
    ("pixel", "words"),
    [
        ("pool1:1,1,1", "'pool1' is no convolution that can be worked; there are conv1, conv2"),
        ("conv2:9,1,1", "conv2 has no map 9; choose one from 1 to 8"),
        ("conv2:1,0,1", "conv2 has no row 0; choose one from 1 to 4"),
        ("conv2:1,1", "after the layer stand map, row and column, such as conv2:1,2,3"),
        ("conv2:a,b,c", "after the layer stand map, row and column"),
    ],
)
def test_a_pixel_that_is_none_is_refused(
    pixel: str, words: str, cli: Cli, tmp_path: Path, digits_workbook: Path
) -> None:
    done = cli("handout", digits_workbook, "-o", tmp_path / "a.pdf", "--pixel", pixel)
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert not (tmp_path / "a.pdf").exists()


def test_the_command_writes_and_refuses(cli: Cli, tmp_path: Path, digits_workbook: Path) -> None:
    out = tmp_path / "a.pdf"
    done = cli("handout", digits.SPEC, "--input", IMAGE, "-o", out)
    assert (done.status, done.out) == (0, f"{out}\n")
    assert out.read_bytes().startswith(b"%PDF")
    assert "needs an image: name one with --input" in cli("handout", digits.SPEC, "-o", out).err
    assert "ends in .pdf, .html or .md" in cli("handout", digits_workbook, "-o", tmp_path / "a.doc").err
    assert "none.xlsx: cannot be read" in cli("handout", tmp_path / "none.xlsx", "-o", out).err


def test_a_missing_typst_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name == "typst":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    pdf_writer._compiler.cache_clear()
    with pytest.raises(
        OutputError, match=r"pip install 'sheetcnn\[handouts\]', or write --format html or md"
    ):
        pdf(Document("a", []))


@pytest.mark.parametrize("name", ["conv_demo", "inception", "resnet", "mobilenet"])
def test_other_networks_have_handouts(name: str) -> None:
    net = sheetcnn.load(starters()[name])
    assert pdf(handout_of_model(net, image_of(net))).startswith(b"%PDF")


def test_networks_without_some_sections_have_handouts() -> None:
    for net in (
        many(),
        network([{"name": "p", "kind": "max_pool", "kernel_size": 2}], (1, 4, 4), ["p"]),
        network(
            [{"name": "f", "kind": "flatten"}, {"name": "d", "kind": "dense", "units": 2}], (1, 3, 3), ["d"]
        ),
        network([{"name": "c", "kind": "conv2d", "filters": 2, "kernel_size": 3}], (90, 4, 4), ["c"]),
    ):
        document = handout_of_model(net, image_of(net))
        assert markdown(document)
        assert pdf(document)


def test_many_input_maps_are_summed_up() -> None:
    net = network([{"name": "c", "kind": "conv2d", "filters": 2, "kernel_size": 3}], (90, 4, 4), ["c"])
    parts = section(handout_of_model(net, image_of(net), pixel="c:2,1,2"), "One pixel of c")
    assert len([b for b in parts if isinstance(b, Figures)]) == 6
    sums = [float((image_of(net)[n, 0:3, 1:4] * net.params["c"]["weight"][1, n]).sum()) for n in range(90)]
    listed = sorted(sums, key=abs, reverse=True)[:6]
    rest = number_text(sum(sums) - sum(listed))
    assert any(
        b.text == f"the other 84 input maps together: {rest}" for b in parts if isinstance(b, Paragraph)
    )


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_nothing_on_paper_is_left_untranslated(code: str) -> None:
    say = language(code)
    say.missing.clear()
    for net in (sheetcnn.load(starters()["digits"]), sheetcnn.load(starters()["lenet5"]), many()):
        handout_of_model(net, image_of(net), code=code)
    wide = network([{"name": "c", "kind": "conv2d", "filters": 20, "kernel_size": 3}], (90, 4, 4), ["c"])
    handout_of_model(wide, image_of(wide), code=code)
    assert say.missing == set()
    with pytest.raises(SpecError, match="no language"):
        handout_of_model(wide, image_of(wide), code="xx")


def test_a_figure_hides_blanks_and_pictures() -> None:
    figure = Figure("f", np.array([[1.0, -0.0004], [np.nan, 2.5]]), "diverging", 2, blanks=[(1, 1)])
    assert figure.labels() == [["1.00", "0.00"], ["", ""]]
    assert figure.colors()[1][0] == "FFFFFF"
    assert Figure("p", np.ones((2, 2)), "picture").labels() == [["", ""], ["", ""]]
