"""Numbers that tell whether an answer is right without saying what it is.

A student's workbook has to check what is typed, in plain formulas, and must not hold the answers in plain sight.
It holds fingerprints: what a chain of remainders makes of the answer and a salt of the cell's own. All steps stay
below 2^53, so every program computes them exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sheetcnn.formulas.expr import Expr, Number, add, call, compare

PRIME = 33_554_393
FACTORS = (1_299_709, 15_485_863)
OFFSET = 1_000_000_000
"""Makes negative numbers of units positive."""
MOST = 999_999_999
"""Units beyond which a number is taken for this one: none of ours is as large."""


@dataclass(frozen=True)
class Salt:
    """Three numbers of a cell's own, below `PRIME`."""

    a: int
    b: int
    c: int

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Salt:
        """From a generator of random numbers."""
        return cls(*(int(n) for n in rng.integers(1, PRIME, 3)))

    def steps(self, units: int) -> tuple[int, int, int]:
        """The chain from a number of units to its fingerprint."""
        first = ((min(MOST, max(-MOST, units)) + OFFSET) * FACTORS[0] + self.a) % PRIME
        second = (first * first + self.b) % PRIME
        return first, second, (second * FACTORS[1] + self.c) % PRIME

    def fingerprint(self, units: int) -> int:
        """The fingerprint of a number of units."""
        return self.steps(units)[-1]

    def formulas(self, units: Expr, first: Expr, second: Expr) -> tuple[Expr, Expr, Expr]:
        """The same steps as formulas, each of the cell before it."""
        bounded = call("MIN", MOST, call("MAX", -MOST, units))
        return (
            call("MOD", add(add(bounded, OFFSET) * float(FACTORS[0]), self.a), PRIME),
            call("MOD", add(first * first, self.b), PRIME),
            call("MOD", add(second * float(FACTORS[1]), self.c), PRIME),
        )


def equal(a: Expr, b: float) -> Expr:
    """Whether a cell holds a fingerprint."""
    return compare("=", a, Number(b))
