"""The formula that picks a chosen channel from whichever block of cells holds it."""

from __future__ import annotations

from collections.abc import Callable

from sheetcnn.formulas.expr import Expr, call, compare
from sheetcnn.formulas.placement import Block, Placement


def by_block(placement: Placement, chosen: Expr, value: Callable[[Block, Expr], Expr]) -> Expr:
    """Nested IFs over the blocks of a tensor; of a tensor in one block, its value alone.

    Args:
        placement: of the tensor.
        chosen: the channel, counted from 1.
        value: what it is in a block, given its number among the block's channels, counted from 1.
    """
    *others, last = placement.blocks

    def of(block: Block) -> Expr:
        return value(block, chosen - float(block.first) if block.first else chosen)

    picked = of(last)
    for block in reversed(others):
        picked = call("IF", compare("<=", chosen, block.first + block.count), of(block), picked)
    return picked
