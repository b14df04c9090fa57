"""The interleaved layout: one sheet per layer, its splits, its views, and when it is chosen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from openxml import validate
from package_edit import edit, number, sheet_xml
from requirements import require

import sheetcnn
from sheetcnn import calculators
from sheetcnn.calculators import get
from sheetcnn.cli.main import main
from sheetcnn.errors import LimitError, WorkbookError
from sheetcnn.formulas.limits import EXCEL, Limits
from sheetcnn.importers.spec.parse import parse
from sheetcnn.importers.starters import starters as all_starters
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Graph, Model
from sheetcnn.model.ops.dense import Dense
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import MOST_BLOCKS, Layout, Options, Target, make_layout
from sheetcnn.workbook.auto_layout import MAX_MAP_SHEETS
from sheetcnn.workbook.build import build
from sheetcnn.workbook.plan import make_plan
from sheetcnn.workbook.verify import verify, verify_many

INTERLEAVED = Options(layout="interleaved", pages=())
# The calculators sum in their own order.
CLOSE = 1e-9
TEMPLATES = Path(__file__).parent.parent / "templates"

# Every way in which formulas reach for cells: windows, strips of a group, channels of a pixel, whole maps,
# copies, cells turned from rows into columns.
MANY: list[dict[str, Any]] = [
    {
        "name": "conv",
        "kind": "conv2d",
        "filters": 24,
        "kernel_size": 3,
        "padding": "same",
        "activation": "relu",
    },
    {"name": "grouped", "kind": "conv2d", "filters": 12, "kernel_size": 3, "groups": 3, "padding": 1},
    {"name": "dilated", "kind": "conv2d", "filters": 6, "kernel_size": [3, 2], "dilation": 2, "groups": 2},
    {
        "name": "depthwise",
        "kind": "depthwise_conv2d",
        "kernel_size": 3,
        "padding": "same",
        "inputs": ["conv"],
    },
    {"name": "lrn", "kind": "lrn", "size": 5, "alpha": 0.1},
    {"name": "max", "kind": "max_pool", "kernel_size": 3, "stride": 1, "padding": 1},
    {"name": "mean", "kind": "avg_pool", "kernel_size": 3, "stride": 1, "padding": 1, "inputs": ["lrn"]},
    {"name": "both", "kind": "concat", "inputs": ["max", "mean", "grouped"]},
    {"name": "narrow", "kind": "conv2d", "filters": 10, "kernel_size": 1, "inputs": ["both"]},
    {"name": "norm", "kind": "group_norm", "groups": 2},
    {"name": "instance", "kind": "instance_norm"},
    {"name": "shuffle", "kind": "channel_shuffle", "groups": 2},
    {"name": "turned", "kind": "permute", "order": [1, 0, 2]},
    {"name": "back", "kind": "permute", "order": [1, 0, 2]},
    {"name": "sum", "kind": "add", "inputs": ["back", "instance"]},
    {"name": "larger", "kind": "upsample", "scale": 2, "mode": "bilinear"},
    {"name": "smaller", "kind": "max_pool", "kernel_size": 4, "stride": 3},
    {"name": "chances", "kind": "softmax"},
    {"name": "flat", "kind": "flatten"},
    {"name": "out", "kind": "dense", "units": 5, "activation": "gelu"},
    {"name": "pooled", "kind": "global_avg_pool", "inputs": ["sum"]},
    {"name": "best", "kind": "global_max_pool", "inputs": ["sum"]},
    {"name": "edge", "kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": 1, "inputs": ["pooled"]},
]


def network(
    layers: list[dict[str, Any]], shape: tuple[int, int, int], outputs: list[str], **scaling: object
) -> Model:
    """A model with random weights."""
    channels, height, width = shape
    given = [dict(layer) for layer in layers]
    for before, layer in zip(["input", *(str(x["name"]) for x in given)], given, strict=False):
        layer.setdefault("inputs", [before])
    spec = {
        "name": "many",
        "input": {"channels": channels, "height": height, "width": width} | scaling,
        "layers": given,
        "outputs": outputs,
    }
    graph, rng = parse(spec, "many"), np.random.default_rng(4)
    params = {
        node.name: {p.name: rng.uniform(0.2, 1, p.shape) - 0.4 for p in graph.owned(node)}
        for node in graph.nodes
    }
    return Model.of(graph, params)


def many() -> Model:
    return network(MANY, (5, 12, 11), ["out", "edge", "best", "dilated"])


def image_of(model: Model) -> Array:
    return np.random.default_rng(1).integers(0, 9, model.graph.source_shape.dims).astype(np.float64)


def recalculated(model: Model, image: Array, path: Path, options: Options, limits: Limits) -> int:
    """Build, let IronCalc recalculate, compare every formula cell; returns how many there were."""
    build(model, image, path, options, limits=limits)
    plan = make_plan(model.graph, options, limits)
    result = run(Model.of(plan.graph, model.params), image)
    (values,) = get("ironcalc").recalculate([path])
    count = 0
    with values:
        for sheet, grid in plan.tensors():
            if grid.formula is None:
                continue
            expected = grid.values(result.activations)
            height = (expected.shape[0] - 1) * grid.row_step + 1
            width = (expected.shape[1] - 1) * grid.col_step + 1
            block = values.block(sheet.name, grid.row, grid.col, height, width)
            found = np.array([row[:: grid.col_step] for row in block[:: grid.row_step]], dtype=np.float64)
            blank = np.isnan(expected)
            np.testing.assert_allclose(
                found[~blank], expected[~blank], rtol=CLOSE, atol=CLOSE, err_msg=sheet.name
            )
            count += expected.size
    return count


@pytest.mark.parametrize("columns", [16_384, 300, 170, 130])
@pytest.mark.parametrize("relu", ["fused", "separate"])
def test_layers_split_over_sheets_still_agree(columns: int, relu: Any, tmp_path: Path) -> None:
    model, limits = many(), replace(EXCEL, columns=columns)
    options = replace(INTERLEAVED, relu=relu)
    layout = make_layout(model.graph, options, limits)
    blocks = layout.placements["conv"].blocks
    assert len(blocks) == -(-24 * 13 // (columns - 1)) if columns < 400 else len(blocks) == 1
    assert sum(block.count for block in blocks) == 24
    assert recalculated(model, image_of(model), tmp_path / "split.xlsx", options, limits) > 10_000


def test_a_map_too_wide_even_alone_is_refused() -> None:
    model = network(
        [{"name": "conv", "kind": "conv2d", "filters": 2, "kernel_size": 1}], (1, 3, 150), ["conv"]
    )
    with pytest.raises(
        LimitError, match=r"layer 'input' would need 151 columns for one channel.*at most 120"
    ):
        make_plan(model.graph, INTERLEAVED, replace(EXCEL, columns=120))


def test_a_convolution_is_one_sumproduct_and_reads_every_block_of_a_concatenation_once() -> None:
    plan = make_plan(many().graph, INTERLEAVED)
    formulas = {grid.tensor: grid.formula for _, grid in plan.tensors() if not grid.channel}
    assert str(formulas["conv"]).count("SUMPRODUCT") == 1
    assert str(formulas["narrow"]).count("SUMPRODUCT") == 3  # max, mean and grouped
    # Of a group's channels, only they: a strip for each of the three columns of the window.
    assert str(formulas["grouped"]).count("SUMPRODUCT") == 3
    # Two columns of pixels, with one between them that the dilated kernel does not touch.
    assert str(formulas["dilated"]).count("SUMPRODUCT") == 2


def test_a_dense_layer_reads_maps_where_they_stand() -> None:
    model = many()
    layout = make_layout(model.graph, INTERLEAVED)
    assert "flat" in layout.aliases
    assert layout.placements["flat"] == layout.placements["chances"]
    shape = model.graph.shapes["chances"]
    kernel = layout.weights["out"].kernel("weight", 0)
    assert [(ref.height, ref.width) for ref in kernel] == [(shape.height, shape.width * shape.channels)]


@pytest.mark.parametrize("reader", ["relu", "softmax"])
def test_a_flattened_map_that_something_else_reads_is_copied(reader: str, tmp_path: Path) -> None:
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": 3, "kernel_size": 2},
        {"name": "flat", "kind": "flatten"},
        {"name": "drop", "kind": "dropout"},
        {"name": "fc", "kind": "dense", "units": 4},
        {"name": "other", "kind": reader, "inputs": ["flat"]},
    ]
    model = network(layers, (2, 4, 4), ["fc", "other"])
    assert "flat" not in make_layout(model.graph, INTERLEAVED).aliases
    assert recalculated(model, image_of(model), tmp_path / "flat.xlsx", INTERLEAVED, EXCEL)
    alone = network(layers[:4], (2, 4, 4), ["fc"])
    assert {"flat", "drop"} <= make_layout(alone.graph, INTERLEAVED).aliases
    assert isinstance(alone.graph.by_name["fc"].op, Dense)
    assert recalculated(alone, image_of(alone), tmp_path / "alone.xlsx", INTERLEAVED, EXCEL)


def test_weights_too_large_for_the_maps_own_form_are_laid_out_as_a_vectors() -> None:
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": 3, "kernel_size": 1},
        {"name": "flat", "kind": "flatten"},
        {"name": "fc", "kind": "dense", "units": 40},
    ]
    graph = network(layers, (2, 4, 4), ["fc"]).graph
    assert "flat" in make_layout(graph, INTERLEAVED, replace(EXCEL, rows=300)).aliases
    assert "flat" not in make_layout(graph, INTERLEAVED, replace(EXCEL, rows=150)).aliases


def test_an_order_of_many_channels_is_copied(tmp_path: Path) -> None:
    channels = 2 * MOST_BLOCKS + 2
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": channels, "kernel_size": 1},
        {"name": "shuffle", "kind": "channel_shuffle", "groups": 2},
        {"name": "last", "kind": "conv2d", "filters": 2, "kernel_size": 2},
    ]
    model = network(layers, (2, 3, 3), ["last"])
    assert "shuffle" not in make_layout(model.graph, INTERLEAVED).aliases
    assert recalculated(model, image_of(model), tmp_path / "shuffle.xlsx", INTERLEAVED, EXCEL)


@pytest.fixture(scope="session")
def starters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every starter and the network of many layers, interleaved."""
    directory = tmp_path_factory.mktemp("interleaved")
    paths = [directory / "many.xlsx"]
    build(many(), image_of(many()), paths[0], INTERLEAVED)
    for name, folder in all_starters().items():
        model = sheetcnn.load(folder)
        paths.append(directory / f"{name}.xlsx")
        pages = None if name == "tiny_vgg" else ()
        sheetcnn.build(model, image_of(model), paths[-1], layout="interleaved", pages=pages)
    return paths


FEW = 3  # of them go through the programs that take a second for each, in every run


def check(calculator: str, chosen: list[Path]) -> None:
    """Lets a calculator recalculate the workbooks, and compares every formula with NumPy."""
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    for path, report in zip(chosen, verify_many(chosen, calculator), strict=True):
        assert report.ok, (path.stem, report.differences[:3])
        assert report.errors == 0
        assert report.formulas == report.compared


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_starters_agree_in_every_calculator(calculator: str, starters: list[Path]) -> None:
    assert len(starters) > 8
    check(calculator, starters if calculator == "ironcalc" else starters[:FEW])


@pytest.mark.exhaustive
@pytest.mark.parametrize("calculator", [name for name in calculators.NAMES if name != "ironcalc"])
def test_more_starters_agree_in_every_calculator(calculator: str, starters: list[Path]) -> None:
    check(calculator, starters[FEW:])


def test_files_are_valid(starters: list[Path]) -> None:
    assert validate(starters[:FEW]) == []


@pytest.mark.exhaustive
def test_more_files_are_valid(starters: list[Path]) -> None:
    assert validate(starters[FEW:]) == []


def test_a_view_shows_the_channel_that_is_chosen(tmp_path: Path) -> None:
    model = sheetcnn.load(TEMPLATES / "tiny_vgg")
    image, path = image_of(model), tmp_path / "view.xlsx"
    layer = next(n.name for n in model.graph.nodes if n.op.kind == "conv2d")
    sheetcnn.build(model, image, path, layout="interleaved")
    result = sheetcnn.predict(model, image)
    for channel in (2, model.graph.shapes[layer].channels):
        edit(path, path, {(f"{layer}_view", "D6"): number(channel)})
        report = verify(path)
        assert report.ok, report.differences[:3]
        (values,) = get("ironcalc").recalculate([path])
        with values:
            shown = np.array(values.block(f"{layer}_view", 9, 2, *model.graph.shapes[layer].dims[1:]))
        np.testing.assert_allclose(
            shown.astype(np.float64), result.activations[layer][channel - 1], rtol=CLOSE, atol=CLOSE
        )


@pytest.mark.parametrize("typed", ["0", "99", "1.5", "-1"])
def test_a_channel_that_does_not_exist_is_named(typed: str, tmp_path: Path) -> None:
    model = sheetcnn.load(TEMPLATES / "tiny_vgg")
    path = tmp_path / "view.xlsx"
    sheetcnn.build(model, image_of(model), path, layout="interleaved")
    edit(path, path, {("input_view", "D6"): number(float(typed))})
    with pytest.raises(WorkbookError, match=rf"input_view!D6 holds {typed}.*a whole number from 1 to "):
        verify(path)


def test_a_view_offers_its_channels_in_a_list(tmp_path: Path) -> None:
    model = sheetcnn.load(TEMPLATES / "tiny_vgg")
    path = tmp_path / "view.xlsx"
    sheetcnn.build(model, image_of(model), path, layout="interleaved")
    layer = next(n.name for n in model.graph.nodes if n.op.kind == "conv2d")
    xml = sheet_xml(path, f"{layer}_view")
    shape = model.graph.shapes[layer]
    assert 'sqref="D6"' in xml
    assert re.search(rf'type="list".*<formula1>\$\w+\$9:\$\w+\${8 + shape.channels}</formula1>', xml)
    assert "<colorScale>" in xml


def wide(filters: int) -> Graph:
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": filters, "kernel_size": 1},
        {"name": "last", "kind": "conv2d", "filters": 1, "kernel_size": 3},
    ]
    return network(layers, (1, 5, 5), ["last"]).graph


def test_auto_takes_planar_while_it_fits_and_says_why() -> None:
    def chosen(graph: Graph, target: Target = "excel") -> tuple[str, str]:
        plan = make_plan(graph, Options(target=target), layout="auto")
        return plan.layout.options.layout, plan.reason

    assert chosen(wide(8)) == ("planar", "its 10 feature maps fit on sheets of their own")
    layout, reason = chosen(wide(MAX_MAP_SHEETS + 1))
    assert layout == "interleaved"
    assert "sheet per feature map" in reason
    # The formula of the second convolution is the first thing that does not fit.
    layout, reason = chosen(wide(250))
    assert layout == "interleaved"
    assert "formula of" in reason
    assert chosen(wide(250), "libreoffice")[0] == "planar"
    assert chosen(wide(250), "sheets")[0] == "interleaved"
    asked = make_plan(wide(8), layout="interleaved")
    assert (asked.layout.options.layout, asked.reason) == ("interleaved", "")


def test_a_build_plans_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is a fifth of the time of a small build, and its only owner makes it."""
    made: list[Graph] = []

    def counted(graph: Graph, options: Options, limits: Limits) -> Layout:
        made.append(graph)
        return make_layout(graph, options, limits)

    monkeypatch.setattr("sheetcnn.workbook.plan.make_layout", counted)
    model = network([{"name": "pool", "kind": "max_pool", "kernel_size": 2}], (1, 4, 4), ["pool"])
    sheetcnn.build(model, image_of(model), tmp_path / "a.xlsx")
    assert len(made) == 1
    sheetcnn.inspect(model)
    assert len(made) == 2


def test_a_planar_formula_that_is_too_long_names_the_other_layout(tmp_path: Path) -> None:
    model = network(
        [
            {"name": "conv", "kind": "conv2d", "filters": 250, "kernel_size": 1},
            {"name": "last", "kind": "conv2d", "filters": 1, "kernel_size": 3},
        ],
        (1, 5, 5),
        ["last"],
    )
    with pytest.raises(
        LimitError, match=r"layer 'last' would need a formula of .* use the interleaved layout"
    ):
        sheetcnn.build(model, image_of(model), tmp_path / "long.xlsx", layout="planar")
    built = sheetcnn.build(model, image_of(model), tmp_path / "long.xlsx")
    assert built.layout == "interleaved"
    assert verify(tmp_path / "long.xlsx").ok


def test_google_sheets_holds_fewer_cells() -> None:
    layers = [{"name": "conv", "kind": "conv2d", "filters": 300, "kernel_size": 1}]
    graph = network(layers, (3, 200, 50), ["conv"]).graph
    make_plan(graph, INTERLEAVED)
    big = network(layers, (3, 700, 60), ["conv"]).graph
    with pytest.raises(LimitError, match=r"cells, but Google Sheets holds at most 10,000,000"):
        make_plan(big, replace(INTERLEAVED, target="sheets"))


def test_activations_become_part_of_the_formula_before_them(tmp_path: Path) -> None:
    layers = [
        {"name": "conv", "kind": "conv2d", "filters": 2, "kernel_size": 3},
        {"name": "relu", "kind": "relu"},
        {"name": "pool", "kind": "max_pool", "kernel_size": 2},
    ]
    model = network(layers, (1, 6, 6), ["pool"])
    path = tmp_path / "fused.xlsx"
    sheetcnn.build(model, image_of(model), path, layout="interleaved")
    assert "MAX(0,SUMPRODUCT(" in sheet_xml(path, "conv_maps")
    report = verify(path)
    assert report.ok
    assert "relu" not in {layer.name for layer in report.layers}


def test_the_command_line_says_which_layout_and_why(tmp_path: Path) -> None:
    starter = str(TEMPLATES / "tiny_vgg")
    image = str(next((TEMPLATES / "tiny_vgg").rglob("*.png")))
    for layout, expected in (("auto", "layout: planar ("), ("interleaved", "layout: interleaved\n")):
        output = str(tmp_path / f"{layout}.xlsx")
        done = CliRunner().invoke(
            main, ["build", starter, "--input", image, "-o", output, "--layout", layout]
        )
        assert done.exit_code == 0, done.output
        assert expected in done.output
    done = CliRunner().invoke(main, ["inspect", starter, "--layout", "interleaved"])
    assert "layout: interleaved" in done.output
