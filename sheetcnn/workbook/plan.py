"""The plan of a workbook: the one function that makes it, whole, for whatever is done with it.

`build` fills it with values, `inspect` counts what it holds, `verify` and `extract` read a workbook by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from sheetcnn.errors import LimitError
from sheetcnn.formulas.a1 import area
from sheetcnn.formulas.limits import EXCEL, Limits
from sheetcnn.formulas.placement import Placement
from sheetcnn.importers.spec.parse import dump
from sheetcnn.model.engine import SEPARATOR
from sheetcnn.model.graph import Graph
from sheetcnn.model.passes import with_fused_activations
from sheetcnn.pages.registry import LAYER_PAGES, NETWORK_PAGES, PAGES, Page, check_pages, fitting_pages
from sheetcnn.pages.site import PageSite, Provenance
from sheetcnn.sheets.layout import Layout, Options, make_layout
from sheetcnn.sheets.names import numbered
from sheetcnn.sheets.network_sheets import input_sheets, layer_sheets
from sheetcnn.sheets.sheet_plan import Plan, SheetPlan
from sheetcnn.workbook.auto_layout import LayoutChoice, too_large_for_planar
from sheetcnn.workbook.limits import check_limits

MAX_PLANNED_MAPS = 100_000
"""More sheets than any program opens; a plan of so many takes minutes and gigabytes."""

_P = TypeVar("_P", bound=Page)


def make_plan(
    graph: Graph,
    options: Options | None = None,
    limits: Limits | None = None,
    *,
    layout: LayoutChoice | None = None,
    provenance: Provenance | None = None,
    check: bool = True,
) -> Plan:
    """Plan the workbook of a network.

    Args:
        graph: the network.
        options: of the layout.
        limits: of the spreadsheet program that it must fit; by default those of the options' target.
        layout: in place of the options' own; `auto`: planar while it fits, interleaved beyond.
        provenance: digests of the weights and images that it is built from; not needed to count or to read.
        check: whether a workbook that does not fit is refused.

    Raises:
        SpecError: if the options name a page that does not exist.
        LimitError: naming the sheet or layer, the number and the limit.
    """
    options = options or Options()
    limits = limits or options.limits
    provenance = provenance or Provenance()
    if layout != "auto":
        options = options if layout is None else replace(options, layout=layout)
        return _planned(graph, options, limits, provenance, check=check)
    reason = too_large_for_planar(graph, limits)
    if not reason:
        try:
            plan = _planned(graph, replace(options, layout="planar"), limits, provenance, check=True)
        except LimitError as error:
            reason = f"with a sheet per feature map, {str(error).partition(';')[0]}"
        else:
            maps = sum(shape.channels for shape in graph.shapes.values() if shape.size > shape.channels)
            return replace(plan, reason=f"its {maps:,} feature maps fit on sheets of their own")
    plan = _planned(graph, replace(options, layout="interleaved"), limits, provenance, check=check)
    return replace(plan, reason=reason)


def _planned(graph: Graph, options: Options, limits: Limits, provenance: Provenance, *, check: bool) -> Plan:
    """The plan in the layout that the options name."""
    if options.layout == "interleaved" and options.relu == "fused":
        graph = with_fused_activations(graph)  # it has no sheets for activations alone
    pages = fitting_pages(graph) if options.pages is None else check_pages(options.pages)
    _check_size(graph, options)
    layout = make_layout(graph, replace(options, pages=pages), limits)
    spec = json.dumps(dump(graph), ensure_ascii=True, separators=(",", ":"))
    plan = Plan(layout, tuple(_sheets(PageSite(layout, spec, provenance))), tuple(_names(layout)))
    if check:
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
    if maps > MAX_PLANNED_MAPS and options.layout == "planar":
        raise LimitError(
            f"the network has {maps:,} feature maps, each a sheet of its own; at most "
            f"{MAX_PLANNED_MAPS:,} can be planned: use fewer filters"
        )


def _chosen(layout: Layout, pages: Iterable[_P]) -> list[_P]:
    """Those of some pages that the workbook has."""
    return [page for page in pages if not page.optional or layout.has(page.name)]


def _sheets(site: PageSite) -> list[SheetPlan]:
    """Every sheet in order: cover, front, the network with its layers' pages, back."""
    layout = site.layout
    network = _chosen(layout, NETWORK_PAGES)
    at = {page.name: list(page.sheets(site)) for page in network if page.place != "cover"}
    chooser = next((page for page in network if page.pixels is not None), None)
    formula, sheet = (None, "") if chooser is None else (chooser.pixels, at[chooser.name][0].name)
    sheets = [s for page in network if page.place == "front" for s in at[page.name]]
    sheets += input_sheets(layout, formula, sheet)
    for node in layout.graph.nodes:
        if node.name not in layout.aliases:
            sheets += layer_sheets(layout, node)
            sheets += [s for page in _chosen(layout, LAYER_PAGES) for s in page.sheets(layout, node)]
    sheets += [s for page in network if page.place == "back" for s in at[page.name]]
    by_name = {sheet.name: sheet for sheet in sheets}
    for page in _chosen(layout, PAGES):
        for name, rule in page.frames(layout):
            by_name[name].format.highlights.append(rule)
    covers = [page for page in network if page.place == "cover"]
    return [*(s for page in covers for s in page.sheets(replace(site, sheets=sheets))), *sheets]


def _names(layout: Layout) -> Iterator[tuple[str, str]]:
    """Defined names: for every map, vector and set of weights, and those of the pages."""
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
    front = [page for page in NETWORK_PAGES if page.place == "cover"]
    rest = [page for page in NETWORK_PAGES if page.place != "cover"]
    for page in _chosen(layout, [*LAYER_PAGES, *rest, *front]):
        yield from page.names(layout)


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
