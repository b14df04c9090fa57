"""Draws small line charts with Pillow: readable in print, in grey, and by the colour-blind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# Okabe and Ito's colours, which everyone can tell apart; each line has a mark of its own too.
COLORS = ("#0072B2", "#D55E00", "#000000")
FAINT, TEXT = "#DDDDDD", "#333333"
SCALE = 3  # drawn larger, then made smaller: Pillow's lines have no soft edges
WIDTH, HEIGHT = 470, 330  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 52, 18, 62, 50

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """Points of one kind."""

    name: str
    points: Sequence[Point]


def chart(panels: Sequence[tuple[str, Sequence[Line]]], x_label: str, path: Path) -> None:
    """Draw panels side by side: logarithmic to the right, linear from 0 upwards.

    Args:
        panels: what each shows, and its lines.
        x_label: what the axis to the right counts.
        path: of the PNG file.
    """
    image = Image.new("RGB", (WIDTH * len(panels) * SCALE, HEIGHT * SCALE), "white")
    for n, (title, lines) in enumerate(panels):
        _panel(ImageDraw.Draw(image), n * WIDTH, title, lines, x_label)
    image = image.resize((WIDTH * len(panels) * 2, HEIGHT * 2), Image.Resampling.LANCZOS)
    image.quantize(64).save(path, optimize=True)


def _panel(draw: ImageDraw.ImageDraw, left: int, title: str, lines: Sequence[Line], x_label: str) -> None:
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    low, high = math.log10(min(xs)) - 0.15, math.log10(max(xs)) + 0.15
    step = _step(max(ys))
    top = step * math.ceil(max(ys) / step)

    def place(x: float, y: float) -> Point:
        right = (math.log10(x) - low) / (high - low)
        return (
            (left + LEFT + right * (WIDTH - LEFT - RIGHT)) * SCALE,
            (HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)) * SCALE,
        )

    for n in range(round(top / step) + 1):
        start, end = place(10**low, n * step), place(10**high, n * step)
        draw.line([start, end], TEXT if n == 0 else FAINT, SCALE)
        draw.text((start[0] - 7 * SCALE, start[1]), f"{n * step:g}", TEXT, _font(12), anchor="rm")
    for power in range(math.ceil(low), math.floor(high) + 1):
        x, y = place(10**power, 0)
        draw.line([(x, y), (x, y + 5 * SCALE)], TEXT, SCALE)
        draw.text((x, y + 9 * SCALE), _count(10**power), TEXT, _font(12), anchor="mt")
    middle = place(10 ** ((low + high) / 2), 0)
    draw.text((middle[0], (HEIGHT - 8) * SCALE), x_label, TEXT, _font(13), anchor="mb")
    draw.text(((left + 10) * SCALE, 10 * SCALE), title, "black", _font(15), anchor="lt")
    at = left + LEFT
    for n, line in enumerate(lines):
        points = [place(x, y) for x, y in line.points]
        draw.line(points, COLORS[n], 2 * SCALE, joint="curve")
        for point in points:
            MARKS[n](draw, point, COLORS[n])
        key = ((at + 8) * SCALE, 44 * SCALE)
        draw.line([(key[0] - 11 * SCALE, key[1]), (key[0] + 11 * SCALE, key[1])], COLORS[n], 2 * SCALE)
        MARKS[n](draw, key, COLORS[n])
        draw.text((key[0] + 17 * SCALE, key[1]), line.name, "black", _font(13), anchor="lm")
        at += 42 + int(_font(13).getlength(line.name) / SCALE)


def _circle(draw: ImageDraw.ImageDraw, at: Point, color: str) -> None:
    size = 4.5 * SCALE
    draw.ellipse([at[0] - size, at[1] - size, at[0] + size, at[1] + size], color)


def _square(draw: ImageDraw.ImageDraw, at: Point, color: str) -> None:
    size = 4 * SCALE
    draw.rectangle([at[0] - size, at[1] - size, at[0] + size, at[1] + size], "white", color, int(1.8 * SCALE))


def _triangle(draw: ImageDraw.ImageDraw, at: Point, color: str) -> None:
    size = 5.5 * SCALE
    corners = [(at[0], at[1] - size), (at[0] + size, at[1] + size * 0.7), (at[0] - size, at[1] + size * 0.7)]
    draw.polygon(corners, color)


MARKS: Sequence[Callable[[ImageDraw.ImageDraw, Point, str], None]] = (_circle, _square, _triangle)


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size * SCALE)


def _step(most: float) -> float:
    """A round distance of grid lines, for four to eight of them."""
    power = 10 ** math.floor(math.log10(most / 4))
    return next(power * n for n in (1, 2, 5, 10) if most / (power * n) <= 8)


def _count(number: int) -> str:
    for size, letter in ((10**6, " million"), (10**3, " thousand")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)
