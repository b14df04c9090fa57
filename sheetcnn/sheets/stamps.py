"""From the patterns of the layers to grids on sheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sheetcnn.formulas.expr import Expr, Ref
from sheetcnn.formulas.region import Region, Stamp
from sheetcnn.formulas.traverse import exchanged
from sheetcnn.model.engine import PRE, stage_key
from sheetcnn.model.graph import Node
from sheetcnn.model.ops.base import everywhere
from sheetcnn.sheets.layout import Layout, NodeSite


@dataclass(frozen=True)
class Stamped:
    """One pattern with its place: tensor, region, first cell, and how far i and j move on the sheet."""

    tensor: str
    region: Region
    expr: Expr
    first: Ref


def stamped(layout: Layout, node: Node) -> Iterator[Stamped]:
    """Every pattern of a node, its activation included."""
    if node.name in layout.aliases:
        return
    separate = layout.separate(node)
    result = stage_key(node.name, PRE) if separate else node.name
    for stamp in _patterns(layout, node, result):
        expr = stamp.expr
        if not stamp.target and node.activation is not None and not separate:
            expr = node.activation.apply(expr)
        tensor = stage_key(node.name, stamp.target) if stamp.target else result
        yield _placed(layout, tensor, Stamp(stamp.region, expr))
    if separate and node.activation is not None:
        before, after = layout.placements[result], layout.placements[node.name]
        for region in everywhere(after, before):
            expr = node.activation.apply(before.at(region))
            yield _placed(layout, node.name, Stamp(region, expr))


def _patterns(layout: Layout, node: Node, result: str) -> Iterator[Stamp]:
    """The op's own patterns; copies, where a layer that only orders cells gets cells of its own."""
    if not node.op.aliases:
        yield from node.op.formula(NodeSite(layout, node, result))
        return
    out = layout.placements[result]
    source = node.op.alias([layout.placements[name] for name in node.inputs], out.shape)
    for region in everywhere(out, source):
        yield Stamp(region, source.at(region))


def _placed(layout: Layout, tensor: str, stamp: Stamp) -> Stamped:
    """A pattern with the cell that its region starts at."""
    first = layout.placements[tensor].at(stamp.region)
    if first.col_i and not first.row_i:  # channels that stand side by side: a run of them goes along a row
        stamp = turned(stamp)
        first = layout.placements[tensor].at(stamp.region)
    if first.col_i or first.row_j:
        raise ValueError(f"{tensor}: a region must run down with i and along with j")
    return Stamped(tensor, stamp.region, stamp.expr, first)


def turned(stamp: Stamp) -> Stamp:
    """The same pattern with i and j exchanged."""
    region = stamp.region
    other = Region(region.start, region.cols, region.rows, region.step_j, region.step_i)
    return Stamp(other, exchanged(stamp.expr), stamp.target)
