"""What a workbook would be like, before anything is built."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sheetcnn.errors import LimitError
from sheetcnn.formulas.limits import PROGRAMS, Limits
from sheetcnn.formulas.render import render
from sheetcnn.model.graph import Graph
from sheetcnn.shape import Shape
from sheetcnn.sheets.descriptions import kind_title
from sheetcnn.sheets.layout import LayoutName, Options
from sheetcnn.sheets.sheet_plan import Plan
from sheetcnn.workbook.auto_layout import LayoutChoice
from sheetcnn.workbook.limits import check_limits
from sheetcnn.workbook.plan import make_plan

# Compressed bytes in the file, fitted to built workbooks (`benchmarks/size.py` measures them again; the
# error is 12 % in the mean, 29 % at worst): a cached value or a weight has up to 17 random digits, a
# pixel three, and a formula's text compresses well.
BYTES_PER_FORMULA = 10.5
BYTES_PER_FORMULA_CHARACTER = 0.083
BYTES_PER_WEIGHT = 14.0
BYTES_PER_PIXEL = 2.0
BYTES_PER_SHEET = 1_980


@dataclass(frozen=True)
class LayerInspection:
    """One layer, and the sheets that it would have.

    Attributes:
        name: name of the layer.
        kind: its kind in words, with its activation.
        shape: shape of its result, `(C, H, W)` or `(N,)`.
        parameters: number of trained values.
        multiply_adds: number of multiplications of a weight with a value.
        formulas: number of formula cells.
        sheets: number of sheets.
        longest_formula: length of its longest formula in characters, with the `=`.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    formulas: int
    sheets: int
    longest_formula: int


@dataclass(frozen=True)
class Fit:
    """Whether a workbook fits into a program.

    Attributes:
        program: name of the program.
        fits: whether the workbook fits.
        reason: the first limit that it exceeds; "" if it fits.
    """

    program: str
    fits: bool
    reason: str = ""


@dataclass(frozen=True)
class Inspection:
    """A network, and the workbook that `build` would write.

    Attributes:
        name: name of the network.
        layers: the input and every layer.
        parameters: number of trained values.
        multiply_adds: number of multiplications of a weight with a value.
        formulas: number of formula cells.
        sheets: number of sheets.
        longest_formula: length of the longest formula in characters.
        file_size: estimate of the size of the file in bytes.
        fits: whether it fits, for every program.
        layout: `planar` or `interleaved`.
        reason: why this layout, if it was chosen automatically.
    """

    name: str
    layers: tuple[LayerInspection, ...]
    parameters: int
    multiply_adds: int
    formulas: int
    sheets: int
    longest_formula: int
    file_size: int
    fits: tuple[Fit, ...]
    layout: LayoutName = "planar"
    reason: str = ""


def inspect(
    graph: Graph, options: Options | None = None, *, layout: LayoutChoice | None = None
) -> Inspection:
    """Count everything about the workbook of a network.

    Args:
        graph: the network; weights are not needed.
        options: of the layout.
        layout: in place of the options' own; `auto` chooses.
    """
    plan = make_plan(graph, options, layout=layout, check=False)
    graph = plan.graph
    sheets, formulas, longest = Counter[str](), Counter[str](), Counter[str]()
    characters = 0
    for sheet in plan.sheets:
        sheets[sheet.layer] += 1
        formulas[sheet.layer] += sheet.formulas
        for formula, rows, cols, step in sheet.patterns():
            pattern = render(formula, sheet.name)
            length = pattern.longest(rows, cols)
            longest[sheet.layer] = max(longest[sheet.layer], length)
            written = cols if rows > 1 and pattern.shares_down(step) else rows * cols
            characters += length * written

    def layer(
        name: str, kind: str, shape: Shape, parameters: int = 0, multiply_adds: int = 0
    ) -> LayerInspection:
        counted = formulas[name], sheets[name], longest[name]
        return LayerInspection(name, kind, shape.dims, parameters, multiply_adds, *counted)

    layers = [layer(graph.source, "input", graph.source_shape)]
    for node in graph.nodes:
        trained = sum(p.size for p in graph.owned(node))
        products = node.op.multiply_adds(graph.input_shapes(node))
        layers.append(layer(node.name, kind_title(node), graph.shapes[node.name], trained, products))
    parameters = sum(found.parameters for found in layers)
    total = formulas.total()
    size = (
        total * BYTES_PER_FORMULA
        + characters * BYTES_PER_FORMULA_CHARACTER
        + parameters * BYTES_PER_WEIGHT
        + graph.source_shape.size * BYTES_PER_PIXEL
        + len(plan.sheets) * BYTES_PER_SHEET
    )
    return Inspection(
        graph.name,
        tuple(layers),
        parameters,
        sum(found.multiply_adds for found in layers),
        total,
        len(plan.sheets),
        max(longest.values(), default=0),
        int(size),
        tuple(_fit(plan, limits) for limits in PROGRAMS),
        plan.layout.options.layout,
        plan.reason,
    )


def _fit(plan: Plan, limits: Limits) -> Fit:
    try:
        check_limits(plan, limits)
    except LimitError as error:
        return Fit(limits.program, False, str(error))
    return Fit(limits.program, True)
