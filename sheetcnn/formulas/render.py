"""From expression tree to formula text, once per pattern.

A pattern is rendered into *pieces*: literal text, and the row and column numbers that move with the
position in the region. The writer fills a whole row of cells from them; `Pattern.text` fills one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sheetcnn.formulas.a1 import column_name
from sheetcnn.formulas.expr import (
    COMPARISONS,
    Binary,
    Call,
    Expr,
    Negate,
    Number,
    RangeBinary,
    Rect,
    Reference,
    String,
    Sum,
    Tree,
)

# Spreadsheets bind a leading minus tighter than ^: -A1^2 is (-A1)^2.
_PRECEDENCE = {**dict.fromkeys(COMPARISONS, 1), "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}
_GROUPS_FROM_THE_LEFT = ("-", "*", "/", "&")
"""Every program takes a-b-c as (a-b)-c; but Gnumeric takes a^b^c as a^(b^c), the others as (a^b)^c."""
_NEGATE = 6
_ATOM = 7


@dataclass(frozen=True, slots=True)
class MovingNumber:
    """A number of a row or column, `start + i * per_i + j * per_j`."""

    start: int
    per_i: int
    per_j: int

    def at(self, i: int, j: int) -> int:
        """The number at region position (i, j)."""
        return self.start + i * self.per_i + j * self.per_j


class RowNumber(MovingNumber):
    """Of a row."""

    __slots__ = ()


class ColumnNumber(MovingNumber):
    """Of a column, shown as letters."""

    __slots__ = ()


Piece = str | RowNumber | ColumnNumber


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rendered formula whose references move with the region position; without the leading `=`."""

    pieces: tuple[Piece, ...]

    def text(self, i: int = 0, j: int = 0) -> str:
        """The formula at region position (i, j)."""
        return "".join(
            p
            if isinstance(p, str)
            else column_name(p.at(i, j))
            if isinstance(p, ColumnNumber)
            else str(p.at(i, j))
            for p in self.pieces
        )

    @property
    def by_axis(self) -> bool:
        """Whether rows move with i alone and columns with j alone, so that whole rows can be stamped."""
        return all(
            isinstance(p, str) or (p.per_j == 0 if isinstance(p, RowNumber) else p.per_i == 0)
            for p in self.pieces
        )

    def shares_down(self, row_step: int) -> bool:
        """Whether the cells of one column hold one shared formula.

        True when each step down the region (`row_step` rows on the sheet) moves every relative row by
        just as much, and no column.
        """
        return all(
            isinstance(p, str) or p.per_i == (row_step if isinstance(p, RowNumber) else 0)
            for p in self.pieces
        )

    def shares_across(self, col_step: int) -> bool:
        """Whether the cells of a row too hold one shared formula; the same for columns."""
        return col_step == 1 and all(
            isinstance(p, str) or p.per_j == (1 if isinstance(p, ColumnNumber) else 0) for p in self.pieces
        )

    def longest(self, rows: int, cols: int) -> int:
        """The length, with the `=`, of the longest formula in a region of `rows` x `cols`."""
        corners = {(i, j) for i in (0, rows - 1) for j in (0, cols - 1)}
        return 1 + max(len(self.text(i, j)) for i, j in corners)


def render(expr: Expr, sheet: str) -> Pattern:
    """Render a tree as it reads on the sheet named `sheet`.

    References to that sheet itself carry no sheet name. Sheet names need no quotes (see
    `sheets.names`).
    """
    pieces: list[Piece] = []
    _render(expr, sheet, 0, pieces)
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return Pattern(tuple(merged))


def number_text(value: float) -> str:
    """The shortest text that reads back as exactly `value`: `3`, `0.01`, `1E-05`."""
    text = repr(float(value))
    return text.removesuffix(".0") if "e" not in text else text.upper()


def _render(tree: Tree, sheet: str, outer: int, out: list[Piece]) -> None:
    """Append the pieces of `tree`, in parentheses if it binds no tighter than `outer` demands."""
    own = _binding(tree)
    if own < outer:
        out.append("(")
    match tree:
        case Reference():
            _reference(tree, sheet, out)
        case Number(value):
            out.append(number_text(value))
        case String(value):
            out.append('"' + value.replace('"', '""') + '"')
        case Call(function, args):
            out.append(function + "(")
            for n, arg in enumerate(args):
                if n:
                    out.append(",")
                _render(arg, sheet, 0, out)
            out.append(")")
        case Sum(terms):
            for n, term in enumerate(terms):
                if n:
                    out.append("+")
                # A negative first term needs no parentheses, a later one does: a+(-b).
                _render(term, sheet, own if n == 0 else own + 1, out)
        case Binary(op, left, right) | RangeBinary(op, left, right):
            _render(left, sheet, own if op in _GROUPS_FROM_THE_LEFT else own + 1, out)
            out.append(op)
            _render(right, sheet, own + 1, out)
        case Negate(operand):
            # -A1^2 would be (-A1)^2, and IronCalc drops the parentheses of -(A1^2*B1) when it opens a file.
            product = isinstance(operand, Binary) and operand.op in "*/"
            out.append("0-" if product and _begins_with_power(operand) else "-")
            _render(operand, sheet, own + 1 if product else _NEGATE, out)
        case _:
            raise TypeError(f"cannot render {type(tree).__name__}")
    if own < outer:
        out.append(")")


def _begins_with_power(expr: Expr) -> bool:
    while isinstance(expr, Binary) and expr.op in "*/":
        expr = expr.left
    return isinstance(expr, Binary) and expr.op == "^"


def _binding(tree: Tree) -> int:
    if isinstance(tree, Binary | RangeBinary):
        return _PRECEDENCE[tree.op]
    if isinstance(tree, Sum):
        return _PRECEDENCE["+"]
    if isinstance(tree, Negate) or (isinstance(tree, Number) and tree.value < 0):
        # As the left operand of + or * a leading minus reads well; as any right operand, or under
        # ^, it is put in parentheses by giving it the binding of a subtraction.
        return _PRECEDENCE["-"]
    return _ATOM


def _reference(ref: Reference, sheet: str, out: list[Piece]) -> None:
    if ref.sheet is not None and ref.sheet != sheet:
        out.append(ref.sheet + "!")
    _cell(ref, 0, 0, out)
    if isinstance(ref, Rect) and not ref.is_cell:
        out.append(":")
        _cell(ref, ref.height - 1, ref.width - 1, out)


def _cell(ref: Reference, down: int, right: int, out: list[Piece]) -> None:
    row, col = ref.row + down, ref.col + right
    # Without `fixed`, one that stands still is still seen as relative by `shares_across` and `shares_down`.
    still = ref.fixed and not (ref.col_i or ref.col_j)
    out.append("$" + column_name(col) if still else ColumnNumber(col, ref.col_i, ref.col_j))
    still = ref.fixed and not (ref.row_i or ref.row_j)
    out.append(f"${row}" if still else RowNumber(row, ref.row_i, ref.row_j))
