"""Puts the plan of a whole workbook together, and checks it against the limits."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.errors import LimitError
from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.expr import most_arguments
from sheetcnn.formulas.limits import EXCEL, Limits
from sheetcnn.formulas.placement import Placement
from sheetcnn.formulas.region import Region
from sheetcnn.formulas.render import render
from sheetcnn.languages import text
from sheetcnn.model.engine import SEPARATOR, stage_key
from sheetcnn.model.graph import Graph, Node
from sheetcnn.pages.changes import changes_sheet
from sheetcnn.pages.fitting import with_pages
from sheetcnn.pages.gallery import gallery_sheet, has_gallery
from sheetcnn.pages.input import NAME as INPUT_PAGE
from sheetcnn.pages.input import image_names, input_sheet, samples_sheet, source_formula
from sheetcnn.pages.overview import PREDICTION_NAME, overview_sheet
from sheetcnn.pages.prediction import prediction_cell
from sheetcnn.pages.receptive import listed, receptive_sheet
from sheetcnn.pages.trace.frames import chosen_names, highlights
from sheetcnn.pages.trace.table import trace_page, traces_pixels
from sheetcnn.sheets import theme
from sheetcnn.sheets.descriptions import CHOSEN_PIXELS, TYPE_NUMBERS, describe_layer
from sheetcnn.sheets.interleaved import maps_sheets, source_maps
from sheetcnn.sheets.layout import Layout, Options, make_layout
from sheetcnn.sheets.maps import (
    frame,
    grid,
    header,
    map_sheets,
    neighbours,
    pixel_check,
    place_stamps,
    source_sheets,
    with_margin,
)
from sheetcnn.sheets.names import numbered
from sheetcnn.sheets.sheet_plan import Plan, SheetPlan, TensorGrid
from sheetcnn.sheets.stamps import Stamped, stamped
from sheetcnn.sheets.vectors import vector_sheet
from sheetcnn.sheets.views import view_sheet
from sheetcnn.sheets.weight_sheets import weight_sheet

OUTPUT_NAME = "output"

MOST_SHEETS = 100_000
"""More than any program opens; a plan of so many takes minutes and gigabytes."""


def make_plan(graph: Graph, options: Options | None = None, limits: Limits | None = None) -> Plan:
    """Plan the workbook of a network.

    Args:
        graph: the network.
        options: of the layout.
        limits: of the spreadsheet program that it must fit; by default those of the options' target.

    Raises:
        LimitError: naming the sheet or layer, the number and the limit.
    """
    options = with_pages(graph, options or Options())
    limits = limits or options.limits
    _check_size(graph, options)
    layout = make_layout(graph, options, limits)
    sheets = list(_sheets(layout))
    by_name = {sheet.name: sheet for sheet in sheets}
    for node in graph.nodes:
        if layout.has("trace") and traces_pixels(layout, node):
            for name, mark in highlights(layout, node):
                by_name[name].format.highlights.append(mark)
    if layout.has("receptive") and len(listed(graph)) > 1:
        sheets.append(receptive_sheet(layout))
    if layout.has("changes") and layout.weights:
        sheets.append(changes_sheet(layout))
    overview = overview_sheet(layout, sheets)
    plan = Plan(layout, (overview, *sheets), tuple(_names(layout)))
    check_limits(plan, limits)
    return plan


def _check_size(graph: Graph, options: Options) -> None:
    """Refuse what no program could hold before a plan of it fills the memory.

    Raises:
        LimitError: naming the layer and the number.
    """
    maps = 0
    for name, shape in graph.shapes.items():
        down = shape.channels if shape.height * shape.width == 1 else shape.height
        for what, number, most in (("rows", down, EXCEL.rows), ("columns", shape.width, EXCEL.columns)):
            if number > most:
                raise LimitError(
                    f"layer '{name}' has the shape {shape} and would need {number:,} {what}, but a "
                    f"sheet holds at most {most:,}; use a smaller input, less padding or fewer units"
                )
        maps += shape.channels if shape.height * shape.width > 1 else 1
    if maps > MOST_SHEETS and options.layout == "planar":
        raise LimitError(
            f"the network has {maps:,} feature maps, each a sheet of its own; at most {MOST_SHEETS:,} can be "
            "planned: use fewer filters"
        )


def _sheets(layout: Layout) -> Iterator[SheetPlan]:
    graph = layout.graph
    if layout.has("input"):
        yield input_sheet(layout)
        yield samples_sheet(layout)
    if layout.interleaved:
        yield from source_maps(layout, source_formula if layout.has("input") else None)
        yield view_sheet(layout, graph.source)
    else:
        yield from _pixel_sheets(layout)
    for node in graph.nodes:
        if node.name in layout.aliases:
            continue
        if node.name in layout.weights and not node.weights:
            yield weight_sheet(layout, node)
        stamps = list(stamped(layout, node))
        yield from _node_sheets(layout, node, stamps)
        if layout.has("gallery") and has_gallery(layout, node):
            yield gallery_sheet(layout, node)
        if layout.has("trace") and (page := trace_page(layout, node)) is not None:
            yield page


def _node_sheets(layout: Layout, node: Node, stamps: list[Stamped]) -> Iterator[SheetPlan]:
    by_sheet: dict[str, list[Stamped]] = {}
    for stamp in stamps:
        by_sheet.setdefault(stamp.first.sheet or "", []).append(stamp)
    own = dict.fromkeys(block.sheet for block in layout.placements[node.name].blocks)
    for name in by_sheet:
        if name in own:
            continue
        tensor = by_sheet[name][0].tensor
        if layout.on_columns(tensor):
            yield vector_sheet(layout, node, name, by_sheet[name])
        elif layout.interleaved:
            if name == layout.placements[tensor].blocks[0].sheet:
                yield from maps_sheets(layout, node, tensor, stamps)
        else:
            yield _stage_sheet(layout, node, name, tensor, by_sheet[name])
    if layout.on_columns(node.name):
        yield from (vector_sheet(layout, node, name, by_sheet[name]) for name in own)
    elif layout.interleaved:
        yield from maps_sheets(layout, node, node.name, stamps)
        yield view_sheet(layout, node.name)
    else:
        yield from map_sheets(layout, node, stamps)


def _stage_sheet(layout: Layout, node: Node, name: str, tensor: str, stamps: list[Stamped]) -> SheetPlan:
    """The sheet of an intermediate map, such as the sum of a softmax over each pixel's channels."""
    sheet = SheetPlan(name, node.name, tab="maps")
    stage = next(s for s in layout.stages(node) if stage_key(node.name, s.name) == tensor)
    first = layout.placements[node.name].blocks[0].sheet
    say = layout.say
    links = [(say("▲ overview"), "overview"), (f"{first} ►", first)]
    sources = source_sheets(layout, node, stamps)
    title = say(text("{layer}, {stage}", layer=node.name, stage=text(stage.label)))
    header(sheet, title, say(describe_layer(layout.graph, node)), links, sources, theme.CELL_WIDTH, say)
    frame(layout, sheet, stage.shape, stage.margin)
    channel = next(b.first for b in layout.placements[tensor].blocks if b.sheet == name)
    grid(layout, sheet, tensor, channel, "diverging")
    place_stamps(sheet, node.name, stamps)
    return sheet


def _pixel_sheets(layout: Layout) -> Iterator[SheetPlan]:
    graph, say = layout.graph, layout.say
    placement = layout.placements[graph.source]
    names = [block.sheet for block in placement.blocks]
    for c, name in enumerate(names):
        sheet = SheetPlan(name, graph.source, tab="input")
        line = with_margin(layout, graph.source, CHOSEN_PIXELS if layout.has("input") else TYPE_NUMBERS)
        links = [(say("▲ overview"), "overview"), *_to_input(layout), *neighbours(names, c)]
        title = say(text("{layer}, channel {n} of {all}", layer=graph.source, n=c + 1, all=len(names)))
        header(sheet, title, line, links, [], theme.CELL_WIDTH, say)
        frame(layout, sheet, graph.source_shape, layout.margins[graph.source])
        grid(layout, sheet, graph.source, c, "pixels")
        block, shape = placement.blocks[c], placement.shape
        region = Region.plane(c, shape)
        formula = source_formula(layout, c) if layout.has("input") else None
        sheet.tensors.append(
            TensorGrid(
                graph.source, graph.source, region, block.row, block.col, theme.PIXEL, formula, light=True
            )
        )
        if formula is None:
            sheet.format.number_checks.append(
                pixel_check(layout, area(block.row, block.col, *shape.dims[1:]))
            )
        yield sheet


def _to_input(layout: Layout) -> list[tuple[str, str]]:
    return [(f"◄ {INPUT_PAGE}", INPUT_PAGE)] if layout.has("input") else []


def _names(layout: Layout) -> Iterator[tuple[str, str]]:
    """Defined names: for every map, vector and set of weights, for the output and the prediction."""
    graph = layout.graph
    taken: set[str] = set()
    for tensor, placement in layout.placements.items():
        base, _, stage = tensor.rpartition(SEPARATOR) if tensor not in graph.shapes else (tensor, "", "")
        if base in layout.aliases or tensor in layout.aliases:
            continue
        for name, target in _tensor_names(layout, layout.bases[base], stage, placement):
            if name.lower() not in taken:
                taken.add(name.lower())
                yield name, target
    for owner, weights in layout.weights.items():
        if graph.by_name[owner].weights:
            continue
        cells = list(weights.grids())
        bottom = max(g.row + g.height - 1 for g in cells)
        right = max(g.col + g.width - 1 for g in cells)
        top, left = min(g.row for g in cells), min(g.col for g in cells)
        whole = area(top, left, bottom - top + 1, right - left + 1, fixed=True)
        yield weights.sheet, f"{weights.sheet}!{whole}"
    for node in graph.nodes:
        if layout.has("trace") and traces_pixels(layout, node):
            yield from chosen_names(layout, node)
    if layout.has("input"):
        yield from image_names(layout)
    output = layout.placements[graph.outputs[0]]
    first = output.blocks[0]  # a name refers to one sheet: of several output maps it names the first
    yield OUTPUT_NAME, _target(output, range(first.first, first.first + first.count))
    place = prediction_cell(layout)
    if place is not None:
        yield PREDICTION_NAME, f"overview!{area(*place, 1, 1, fixed=True)}"


def _tensor_names(layout: Layout, base: str, stage: str, placement: Placement) -> Iterator[tuple[str, str]]:
    blocks = placement.blocks
    if any(b.channel_row for b in blocks):
        yield f"{base}_{stage or 'out'}", _target(placement, range(placement.shape.channels))
        return
    if stage and placement.shape.channels == 1:
        yield f"{base}_{stage}", _target(placement, range(1))
        return
    if layout.interleaved:
        for block in blocks:
            yield block.sheet, _target(placement, range(block.first, block.first + block.count))
        return
    names = numbered(base, "f", len(blocks))
    if stage:
        letter = stage if len(stage) == 1 else f"{stage}_"
        names = numbered(base, letter, len(blocks))
    for c, name in enumerate(names):
        yield name, _target(placement, range(c, c + 1))


def _target(placement: Placement, channels: range) -> str:
    ref = placement.ranges(channels)[0]
    return f"{ref.sheet}!{area(ref.row, ref.col, ref.height, ref.width, fixed=True)}"


def last_sheets(layout: Layout) -> int:
    """How many sheets come after those of a plan, when a workbook is built: `notes` and `about`."""
    return 1 + layout.has("notes")


def check_limits(plan: Plan, limits: Limits) -> None:
    """Raise for the first thing of a plan that a spreadsheet program cannot hold.

    Raises:
        LimitError: naming the sheet or layer, the number and the limit.
    """
    program = limits.program
    sheets = len(plan.sheets) + last_sheets(plan.layout)
    if sheets > limits.sheets:
        raise LimitError(
            f"the workbook would have {sheets:,} sheets, but {program} holds "
            f"{limits.sheets:,}; {_more_room(plan) or 'use a smaller network'}"
        )
    area_of_all = 0
    for sheet in plan.sheets:
        rows, columns = sheet.used
        area_of_all += rows * columns
        for what, number, most in (("rows", rows, limits.rows), ("columns", columns, limits.columns)):
            if number > most:
                owner = f" of layer '{sheet.layer}'" if sheet.layer else ""
                raise LimitError(
                    f"sheet {sheet.name}{owner} would have {number:,} {what}, but {program} holds at most "
                    f"{most:,}; use a smaller input or fewer units"
                )
        for cell in sheet.cells:
            if isinstance(cell.value, str) and len(cell.value) > limits.cell_characters:
                raise LimitError(
                    f"sheet {sheet.name}: a text of {len(cell.value):,} characters does not fit into a cell "
                    f"({limits.cell_characters:,} at most in {program})"
                )
    if area_of_all > limits.cells:
        raise LimitError(
            f"the workbook would have {area_of_all:,} cells, but {program} holds at most {limits.cells:,}; "
            "use a smaller input, fewer filters, or another program"
        )
    longest: dict[str, int] = {}
    for sheet, formula, rows, cols in ((s, f, r, c) for s in plan.sheets for f, r, c, _ in s.patterns()):
        layered = sheet.layer and not sheet.page
        owner = f"layer '{sheet.layer}'" if layered else f"sheet {sheet.name}"
        arguments = most_arguments(formula)
        if arguments > limits.function_arguments:
            raise LimitError(
                f"{owner} would need a function of {arguments:,} arguments, but {program} "
                f"takes at most {limits.function_arguments:,}; give it fewer inputs"
            )
        length = render(formula, sheet.name).longest(rows, cols)
        longest[owner] = max(longest.get(owner, 0), length)
    for owner, length in longest.items():
        if length > limits.formula_characters:
            raise LimitError(
                f"{owner} would need a formula of {length:,} characters, but {program} takes at most "
                f"{limits.formula_characters:,}; {_more_room(plan) or 'give it fewer inputs'}"
            )


def _more_room(plan: Plan) -> str:
    """The remedy for a planar workbook, whose formulas name a sheet per channel."""
    return "" if plan.layout.interleaved else "use the interleaved layout, or fewer filters"
