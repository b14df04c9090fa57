"""Figures as SVG, for the writers of text formats."""

from __future__ import annotations

from html import escape

from sheetcnn.sheets import theme
from sheetcnn.teaching.paper.document import Figure

UNIT = 4.0
"""Pixels per millimetre."""


def svg(figure: Figure) -> str:
    """A figure without its caption and sign, as one `<svg>` element."""
    rows, cols = figure.values.shape
    labels, high = figure.labels(), figure.side * UNIT
    wide = high if figure.decimals is None else high * 1.7
    line = f'stroke="#{theme.RULE}" stroke-width="1"'
    look = f'font-size="{min(12, high / 2.2):.3g}" text-anchor="middle" dominant-baseline="central"'
    look += f' fill="#{theme.INK}"'
    parts = []
    for i, row in enumerate(figure.colors()):
        for j, color in enumerate(row):
            parts.append(_rect(j * wide, i * high, wide, high, f'fill="#{color}" {line}'))
            if labels[i][j]:
                place = f'x="{(j + 0.5) * wide:g}" y="{(i + 0.5) * high:g}" {look}'
                parts.append(f"<text {place}>{escape(labels[i][j])}</text>")
    frame = f'fill="none" stroke="#{theme.ACCENT}" stroke-width="2"'
    parts += [_rect(j * wide, i * high, w * wide, h * high, frame) for i, j, h, w in figure.marked]
    size = f'width="{cols * wide + 2:g}" height="{rows * high + 2:g}"'
    box = f'viewBox="-1 -1 {cols * wide + 2:g} {rows * high + 2:g}"'
    head = f'xmlns="http://www.w3.org/2000/svg" {size} {box} font-family="sans-serif"'
    return f"<svg {head}>{''.join(parts)}</svg>"


def _rect(x: float, y: float, width: float, height: float, look: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {look}/>'
