"""Copying and mixing of cells by position, shared by padding, resizing, reshaping and transposing.

Along one axis every output position reads some input positions, each with a weight (its *taps*). Runs of
outputs whose taps move evenly become one pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sheetcnn.formulas.expr import Expr, Number, add
from sheetcnn.formulas.placement import Placement
from sheetcnn.formulas.region import Region, Stamp, Step

Taps = tuple[tuple[int, Fraction], ...]
"""Input positions and weights; none for a constant."""

ONE = Fraction(1)


@dataclass(frozen=True)
class Run:
    """Outputs whose taps are those of the first, moved by `step` from one to the next."""

    outputs: range
    taps: Taps
    step: int


def runs(taps: Sequence[Taps], period: int = 1) -> list[Run]:
    """Cut the outputs into runs.

    Args:
        taps: of every output position.
        period: outputs that are this far apart are tried as neighbours (the phases of upsampling).
    """
    found = []
    for phase in range(min(period, len(taps))):
        outputs = range(phase, len(taps), period)
        start = 0
        while start < len(outputs):
            step = None
            stop = start + 1
            while stop < len(outputs):
                move = _move(taps[outputs[stop - 1]], taps[outputs[stop]])
                if move is None or (step is not None and move != step):
                    break
                step = move
                stop += 1
            found.append(Run(outputs[start:stop], taps[outputs[start]], step or 0))
            start = stop
    return found


def _move(before: Taps, after: Taps) -> int | None:
    """How far the taps moved as a whole, or None if they differ otherwise."""
    if len(before) != len(after):
        return None
    if not before:
        return 0
    moves = {b[0] - a[0] for a, b in zip(before, after, strict=True)}
    same = all(a[1] == b[1] for a, b in zip(before, after, strict=True))
    return moves.pop() if same and len(moves) == 1 else None


def mixed(
    x: Placement, channel: int, rows: Sequence[Run], cols: Sequence[Run], constant: float
) -> Iterator[Stamp]:
    """The patterns that fill one map from the taps along both axes."""
    for down in rows:
        for along in cols:
            region = Region.part(channel, down.outputs, along.outputs)
            steps = (0, down.step, 0), (0, 0, along.step)
            terms: list[Expr] = []
            for y, wy in down.taps:
                for c, wx in along.taps:
                    ref = x.at(Region((channel, y, c), region.rows, region.cols, *steps))
                    weight = wy * wx
                    terms.append(ref if weight == 1 else Number(float(weight)) * ref)
            yield Stamp(region, add(*terms) if terms else Number(constant))


def copied(x: Placement, source: Region, target: Region) -> Iterator[Stamp]:
    """`target` filled with the values of `source` (of the same size), cut where `source` changes sheets."""
    stacked = len(x.blocks) == 1
    rows = 1 if source.step_i[0] and not stacked else source.rows
    cols = 1 if source.step_j[0] and not stacked else source.cols
    for i in range(0, source.rows, rows):
        for j in range(0, source.cols, cols):
            part = Region(_moved(source, i, j), rows, cols, source.step_i, source.step_j)
            place = Region(_moved(target, i, j), rows, cols, target.step_i, target.step_j)
            yield Stamp(place, x.at(part))


def _moved(region: Region, i: int, j: int) -> Step:
    (a, b, c), (d, e, f), (g, h, k) = region.start, region.step_i, region.step_j
    return a + i * d + j * g, b + i * e + j * h, c + i * f + j * k
