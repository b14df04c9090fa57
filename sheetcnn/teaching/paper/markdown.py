"""Writes documents as Markdown: grids of numbers as tables, pictures as blocks of shaded characters."""

from __future__ import annotations

import re

import numpy as np

from sheetcnn.teaching.paper import document as parts

SHADES = " ░▒▓█"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def markdown(document: parts.Document) -> str:
    """The whole document as text; signs that Markdown would read are escaped."""
    return "\n\n".join(filter(None, map(_part, document.parts))) + "\n"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\n", " ")


def _part(part: parts.DocumentPart) -> str:
    if isinstance(part, parts.Heading):
        return f"{'#' * part.level} {_plain(part.text)}"
    if isinstance(part, parts.Paragraph):
        return _plain(part.text)
    if isinstance(part, parts.Math):
        return f"> {_plain(part.plain)}"
    if isinstance(part, parts.Code):
        where = f"{_plain(part.where)}\n\n" if part.where else ""
        return f"{where}```\n{part.text.replace('```', '')}\n```"
    if isinstance(part, parts.Figures):
        return "\n\n".join(map(_figure, part.figures))
    if isinstance(part, parts.Table):
        return _table(part.head, part.rows, part.numbers)
    if isinstance(part, parts.Boxes):
        lines = (", ".join(map(_plain, box.lines)) for box in part.boxes)
        return " → ".join(f"**{_plain(b.name)}** ({line})" for b, line in zip(part.boxes, lines, strict=True))
    if isinstance(part, parts.Terms):
        return "\n".join(f"- **{_plain(term)}**: {_plain(meaning)}" for term, meaning in part.terms)
    if isinstance(part, parts.AnswerLines):
        return "\n\n".join(["\\_" * 40] * part.lines)
    if isinstance(part, parts.PageBreak):
        return "---"
    raise TypeError(f"cannot write {type(part).__name__}")


def _table(head: object, rows: object, numbers: object) -> str:
    heads, lines, right = list(head), list(rows), set(numbers)  # type: ignore[call-overload]
    rule = ["---:" if n in right else "---" for n in range(len(heads))]
    every = [list(map(_plain, heads)), rule, *(list(map(_plain, line)) for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)


def _figure(figure: parts.Figure) -> str:
    caption = _plain(f"{figure.sign} {figure.caption}".strip())
    if figure.decimals is not None:
        labels = figure.labels()
        return f"{caption}\n\n{_table(labels[0], labels[1:], range(len(labels[0])))}"
    values = np.nan_to_num(figure.values)
    top = figure.greatest or float(np.abs(values).max(initial=0.0)) or 1.0
    steps = np.clip(np.abs(values) / top * len(SHADES), 0, len(SHADES) - 1).astype(int)
    picture = "\n".join("".join(SHADES[n] * 2 for n in row) for row in steps.tolist())
    return f"{caption}\n\n```\n{picture}\n```"
