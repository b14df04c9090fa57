"""Writes documents as one HTML file without scripts, links or files beside it."""

from __future__ import annotations

from html import escape

from sheetcnn.sheets import theme
from sheetcnn.teaching.paper import document as parts
from sheetcnn.teaching.paper.svg import svg

STYLE = f"""
body {{ font: 16px/1.5 Georgia, serif; color: #{theme.INK}; }}
body {{ max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-size: 0.9rem; }}
td, th {{ border: 1px solid #{theme.RULE}; padding: 0.2rem 0.5rem; text-align: left; }}
th {{ background: #{theme.HEAD}; }}
td.n, th.n {{ text-align: right; }}
code {{ display: block; background: #{theme.HEAD}; padding: 0.5rem; overflow-wrap: anywhere; }}
figure {{ display: inline-block; margin: 0 1rem 0.8rem 0; vertical-align: top; }}
figcaption, .small {{ color: #{theme.MUTED}; font-size: 0.85rem; }}
.box {{ display: inline-block; padding: 0.4rem; margin: 0 0.6rem 0.6rem 0; }}
.box {{ text-align: center; font-size: 0.85rem; }}
.math {{ margin-left: 1.5rem; }}
.line {{ border-bottom: 1px solid #{theme.RULE}; height: 2rem; }}
.break {{ break-before: page; }}
"""


def html(document: parts.Document) -> str:
    """The whole page as text; every text in it is escaped."""
    body = "\n".join(_part(part) for part in document.parts)
    head = f'<meta charset="utf-8"><title>{escape(document.title)}</title><style>{STYLE}</style>'
    language = escape(document.language)
    return f'<!DOCTYPE html>\n<html lang="{language}"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _part(part: parts.DocumentPart) -> str:
    if isinstance(part, parts.Heading):
        return f"<h{part.level}>{escape(part.text)}</h{part.level}>"
    if isinstance(part, parts.Paragraph):
        small = ' class="small"' if part.small else ""
        return f"<p{small}>{escape(part.text)}</p>"
    if isinstance(part, parts.Math):
        return f'<p class="math">{escape(part.plain)}</p>'
    if isinstance(part, parts.Code):
        where = f'<div class="small">{escape(part.where)}</div>' if part.where else ""
        return f"{where}<code>{escape(part.text)}</code>"
    if isinstance(part, parts.Figures):
        return "".join(
            f"<figure>{escape(figure.sign)} {svg(figure)}"
            f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
            for figure in part.figures
        )
    if isinstance(part, parts.Table):
        return _table(part)
    if isinstance(part, parts.Boxes):
        return " → ".join(
            f'<span class="box" style="background:#{box.color}"><b>{escape(box.name)}</b><br>'
            f"{'<br>'.join(map(escape, box.lines))}</span>"
            for box in part.boxes
        )
    if isinstance(part, parts.Terms):
        terms = (f"<dt><b>{escape(t)}</b></dt><dd>{escape(m)}</dd>" for t, m in part.terms)
        return f"<dl>{''.join(terms)}</dl>"
    if isinstance(part, parts.AnswerLines):
        return '<div class="line"></div>' * part.lines
    if isinstance(part, parts.PageBreak):
        return '<div class="break"></div>'
    raise TypeError(f"cannot write {type(part).__name__}")


def _table(table: parts.Table) -> str:
    def row(cells: list[str], tag: str) -> str:
        looks = [' class="n"' if n in table.numbers else "" for n in range(len(cells))]
        return "".join(f"<{tag}{look}>{escape(c)}</{tag}>" for look, c in zip(looks, cells, strict=True))

    rows = "".join(f"<tr>{row(list(cells), 'td')}</tr>" for cells in table.rows)
    return f"<table><tr>{row(list(table.head), 'th')}</tr>{rows}</table>"
