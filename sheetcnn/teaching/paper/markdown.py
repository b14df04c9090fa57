"""Writes documents as Markdown: grids of numbers as tables, pictures as blocks of shaded characters."""

from __future__ import annotations

import re

import numpy as np

from sheetcnn.teaching.paper.document import (
    Answers,
    Block,
    Boxes,
    Code,
    Document,
    Figure,
    Figures,
    Heading,
    Math,
    PageBreak,
    Table,
    Terms,
    Text,
)

SHADES = " ░▒▓█"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def markdown(document: Document) -> str:
    """The whole document as text; signs that Markdown would read are escaped."""
    return "\n\n".join(part for block in document.blocks if (part := _block(block))) + "\n"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\n", " ")


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain(block.text)}"
    if isinstance(block, Text):
        return _plain(block.text)
    if isinstance(block, Math):
        return f"> {_plain(block.plain)}"
    if isinstance(block, Code):
        where = f"{_plain(block.where)}\n\n" if block.where else ""
        return f"{where}```\n{block.text.replace('```', '')}\n```"
    if isinstance(block, Figures):
        return "\n\n".join(map(_figure, block.figures))
    if isinstance(block, Table):
        return _table(block.head, block.rows, block.numbers)
    if isinstance(block, Boxes):
        lines = (", ".join(map(_plain, box.lines)) for box in block.boxes)
        return " → ".join(
            f"**{_plain(b.name)}** ({line})" for b, line in zip(block.boxes, lines, strict=True)
        )
    if isinstance(block, Terms):
        return "\n".join(f"- **{_plain(term)}**: {_plain(meaning)}" for term, meaning in block.terms)
    if isinstance(block, Answers):
        return "\n\n".join(["\\_" * 40] * block.lines)
    if isinstance(block, PageBreak):
        return "---"
    raise TypeError(f"cannot write {type(block).__name__}")


def _table(head: object, rows: object, numbers: object) -> str:
    heads, lines, right = list(head), list(rows), set(numbers)  # type: ignore[call-overload]
    rule = ["---:" if n in right else "---" for n in range(len(heads))]
    every = [list(map(_plain, heads)), rule, *(list(map(_plain, line)) for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)


def _figure(figure: Figure) -> str:
    caption = _plain(f"{figure.sign} {figure.caption}".strip())
    if figure.decimals is not None:
        labels = figure.labels()
        return f"{caption}\n\n{_table(labels[0], labels[1:], range(len(labels[0])))}"
    values = np.nan_to_num(figure.values)
    top = figure.greatest or float(np.abs(values).max(initial=0.0)) or 1.0
    steps = np.clip(np.abs(values) / top * len(SHADES), 0, len(SHADES) - 1).astype(int)
    picture = "\n".join("".join(SHADES[n] * 2 for n in row) for row in steps.tolist())
    return f"{caption}\n\n```\n{picture}\n```"
