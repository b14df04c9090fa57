"""Names of sheets and defined names that need no quotes and never read as a cell.

A name is made of letters, digits and `_`, at most 31 characters, unique without regard to case. Every
name of ours ends in a part that begins with `_` (`_f03`, `_w`, `_out`), so it cannot be an A1 address, `TRUE`
or `FALSE`. It must not even *begin* like an address in R1C1 form: Excel demands quotes around `C1_w` in
formulas, and a defined name `C1_w` makes the file invalid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sheetcnn.labels import plain_name

LONGEST_SUFFIX = 13  # "_spread_f" and four digits: a stage of a wide layer

_LIKE_R1C1 = re.compile(r"(R|C|RC)([0-9_]|$)", re.IGNORECASE)
"""Wider than Excel's rule, which allows numbers that are too great: no name of a layer depends on them."""
_LIKE_ESCAPE = re.compile(r"_x(?=[0-9A-Fa-f]{1,4}(_|$))")
"""LibreOffice reads `_x2_` in the name of a sheet as a character."""


def bases(names: Iterable[str], limit: int = 31) -> dict[str, str]:
    """For each layer name the beginning of the names of its sheets.

    Args:
        names: of the layers, different from each other.
        limit: the most characters of a sheet name.
    """
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        plain = plain_name(name, "layer")
        if _LIKE_R1C1.match(plain):
            plain = f"layer_{plain}"
        plain = _LIKE_ESCAPE.sub("x", plain)
        base = plain[: limit - LONGEST_SUFFIX].rstrip("_")
        unique, number = base, 2
        while unique.lower() in taken:
            tail = f"_{number}"
            unique = base[: limit - LONGEST_SUFFIX - len(tail)].rstrip("_") + tail
            number += 1
        taken.add(unique.lower())
        found[name] = unique
    return found


def numbered(base: str, letter: str, count: int) -> list[str]:
    """The names of `count` maps, zero-filled to one width: `conv1_f01` ... `conv1_f16`."""
    width = len(str(count))
    return [f"{base}_{letter}{n:0{width}d}" for n in range(1, count + 1)]
