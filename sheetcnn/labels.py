"""Texts from outside that go into cells: none may be taken for more than a text."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100
LONGEST_NAME = 120
"""Characters of the name of a network or a layer."""

_FORMULA_LIKE = re.compile(r"[=@]|[+-](?![0-9.]*$)")
_ESCAPE_LIKE = re.compile("_x[0-9A-Fa-f]{4}_")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def label_problem(text: str) -> str:
    """Why a text cannot be a label or a name, and what to do; "" if it can.

    Everything is written as text and escaped in any case; but a label that begins with `=` becomes a
    formula as soon as somebody edits its cell, and one with `<` may end up in a web page.
    """
    if len(text) > LONGEST:
        return f"has {len(text)} characters; allowed are {LONGEST}"
    if _FORMULA_LIKE.match(text):
        return "reads as a formula; begin it with another character"
    for bad in ("<", ">"):
        if bad in text:
            return f"reads as markup; leave out {bad!r}"
    if _ESCAPE_LIKE.search(text):
        return "holds an escape sequence of spreadsheet files; leave it out"
    if _CONTROL.search(text):
        return "holds a control character; leave it out"
    return ""


def plain_name(text: str, empty: str) -> str:
    """A text as letters, digits and `_` that begin with a letter: for files, sheets and defined names.

    Args:
        text: accents are dropped, all other characters become `_`.
        empty: what stands for a text of which nothing is left.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or empty
    return f"n{name}" if name[0].isdigit() else name
