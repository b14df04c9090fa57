"""Colours, sizes and number formats: all of the look, in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sheetcnn.xlsx.book import ColorScale, Style

INK = "1F2933"
MUTED = "6B7785"
LINK = "1F6FB2"
RULE = "D5DBE1"
MARGIN = "E6E0EE"
HEAD = "EEF2F6"
ACCENT = "B3541E"

# Scales, one per kind of number: grey for pixels, diverging about 0 for weights and for whatever can
# be negative, sequential for activations. The two ends of the diverging scale differ in lightness of
# hue only, and stay apart for readers who see red and green alike.
PIXEL_HIGH = "7F7F7F"
NEGATIVE = "F28C62"
POSITIVE = "6BAED6"
ACTIVE = "7BC47F"
ACTIVE_DARK = "1B7837"  # of pictures without numbers, which may be darker
WHITE = "FFFFFF"

TABS = {
    "page": "1F2933",
    "input": "7F7F7F",
    "weights": "6BAED6",
    "maps": "7BC47F",
    "vector": "E0A030",
    "view": "B07CC6",
    "trace": "B3541E",
}

TINTS = {"input": "EDEDED", "weights": "E1EFF8", "maps": "E6F4E7", "vector": "FBF0DC"}
"""Of the boxes of the overview."""

CELL_WIDTH = 6.4  # characters; together with CELL_HEIGHT a square
CELL_HEIGHT = 37.5  # points
HEAD_WIDTH = 5.5

SMALL_WIDTH = 3.1  # of pictures; together with SMALL_HEIGHT a square
SMALL_HEIGHT = 18.0

TINY_WIDTH = 1.6  # of many pictures on one sheet; together with TINY_HEIGHT a square
TINY_HEIGHT = 9.75

TITLE = Style(bold=True, size=16, color=INK)
WARNING = Style(bold=True, color=ACCENT, vertical="center")
SUBTITLE = Style(size=11, color=MUTED)
TEXT = Style(color=INK, vertical="center")
TEXT_WRAPPED = Style(color=INK, wrap=True, vertical="top")
NAVIGATION = Style(color=LINK, underline=True, vertical="center")
HEADING = Style(bold=True, color=INK, fill=HEAD, vertical="center")
HEADING_CENTER = Style(bold=True, color=INK, fill=HEAD, horizontal="center", vertical="center")
SECTION = Style(bold=True, size=12, color=INK)
ANSWER = Style(bold=True, size=14, color=ACCENT, fill=HEAD, horizontal="center", vertical="center")
LINK_SMALL = Style(size=9, color=LINK, underline=True, vertical="center")
INDEX_LEFT = Style(size=9, color=MUTED, vertical="center")
INDEX = Style(size=9, color=MUTED, horizontal="center", vertical="center")
MARGIN_CELL = Style(fill=MARGIN, border=RULE)

Scale = Literal["picture", "pixels", "diverging", "sequential"]

VALUE = Style("0.00", size=10, color=INK, border=RULE, horizontal="center", vertical="center")
PIXEL = Style("General", size=10, color=INK, border=RULE, horizontal="center", vertical="center")
SMALL_VALUE = replace(VALUE, size=7)
SMALL_PIXEL = replace(PIXEL, size=7)
CHOICE = Style(
    "General",
    bold=True,
    size=14,
    color=ACCENT,
    fill="FFF4E5",
    border=ACCENT,
    horizontal="center",
    vertical="center",
)
"""A cell in which the reader chooses something."""
CENTER = Style("0", color=INK, border=RULE, horizontal="center", vertical="center")
WHOLE = Style("#,##0", bold=True, color=INK, border=RULE, horizontal="center", vertical="center")
PICTURE = Style(";;;", size=8, border=RULE)
"""The colour is the picture; the number would only blur it."""
FAINT = Style(size=8, color="B8C0C8", horizontal="center")
FAINT_LEFT = Style(size=8, color="B8C0C8")
TINY_PICTURE = Style(";;;", size=6, border=RULE)
"""The same, small; a picture of many pixels has no room for lines between them."""
TINY_PLAIN = Style(";;;", size=6, border="EEF1F4")
PAINT = Style(size=7, color=MUTED, border=RULE, horizontal="center", vertical="center")
POOLED = replace(VALUE, number_format='[<-1E+99]"–";0.00')
"""A number below all others stands for padding."""
WON = replace(VALUE, number_format='[<1E+06]"★";""', border=None, color=ACCENT)
MAP_INDEX = Style("0", size=9, color=MUTED, horizontal="center", vertical="center")
PARTIAL = Style(
    "0.000", bold=True, size=10, color=INK, fill=HEAD, border=RULE, horizontal="center", vertical="center"
)
RESULT = Style("0.000", bold=True, color=INK, border=RULE, horizontal="center", vertical="center")
MAP_NUMBER = Style('"map "0', color=INK, vertical="center", horizontal="left")
RIGHT_MAP_NUMBER = Style('"map "0', color=INK, vertical="center", horizontal="right")
WEIGHT = Style("0.000", size=10, color=INK, border=RULE, horizontal="center", vertical="center")
COLUMN_VALUE = Style("0.0000", color=INK, border=RULE, horizontal="center", vertical="center")


def box_style(tint: str, line: Literal["name", "kind", "shape", "small"]) -> Style:
    """The look of a line of a box on the overview."""
    centered = Style(size=9, color=INK, fill=tint, horizontal="center", vertical="center")
    if line == "name":
        return replace(centered, size=11, bold=True, color=LINK, underline=True)
    return (
        replace(centered, wrap=True)
        if line == "kind"
        else replace(centered, size=10 if line == "shape" else 8)
    )


_SCREEN = (1240, 540)
"""Pixels of a laptop's screen (1366 × 768) that a program leaves to the cells."""
_PIXELS_PER_CHARACTER, _PIXELS_PER_POINT = 7.6, 4 / 3


def zoom(columns: float, rows: float, width: float = SMALL_WIDTH, height: float = SMALL_HEIGHT) -> int:
    """The zoom, in per cent, at which so many columns and rows fit a laptop's screen.

    Args:
        columns: to be seen at once.
        rows: to be seen at once.
        width: of a column, in characters.
        height: of a row, in points.
    """
    across = _SCREEN[0] / (columns * (width * _PIXELS_PER_CHARACTER + 5))
    down = _SCREEN[1] / (rows * height * _PIXELS_PER_POINT)
    return max(40, min(100, int(min(across, down) * 20) * 5))


def color_scale(scale: Scale, ranges: tuple[str, ...]) -> ColorScale:
    """The colour scale of a kind of number over some ranges of one sheet.

    The diverging one is symmetric about 0, whatever the cells come to hold: its ends are formulas.
    """
    if scale == "pixels":
        return ColorScale(ranges, (("min", None, WHITE), ("max", None, PIXEL_HIGH)))
    if scale == "picture":
        return ColorScale(ranges, (("min", None, WHITE), ("max", None, INK)))
    if scale == "sequential":
        return ColorScale(ranges, (("num", "0", WHITE), ("max", None, ACTIVE)))
    area = ",".join(_fixed(r) for r in ranges)
    high = f"MAX(MAX({area}),-MIN({area}),0.000001)"
    return ColorScale(
        ranges, (("formula", f"-{high}", NEGATIVE), ("num", "0", WHITE), ("formula", high, POSITIVE))
    )


def share_scale(ranges: tuple[str, ...], *, signed: bool) -> ColorScale:
    """The scale of numbers that are shares of the greatest one: from 0 to 1, or from -1 where `signed`."""
    if signed:
        return ColorScale(ranges, (("num", "-1", NEGATIVE), ("num", "0", WHITE), ("num", "1", POSITIVE)))
    return ColorScale(ranges, (("num", "0", WHITE), ("num", "1", ACTIVE_DARK)))


def _fixed(area: str) -> str:
    """`B3:D5` as `$B$3:$D$5`."""
    cells = []
    for cell in area.split(":"):
        letters = cell.rstrip("0123456789")
        cells.append(f"${letters}${cell[len(letters) :]}")
    return ":".join(cells)
