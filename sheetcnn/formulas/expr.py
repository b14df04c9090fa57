"""The expression tree of a formula.

A layer builds these; only `render` turns them into text. A reference is *affine* in the position
inside the region that the formula fills: at region row i and column j it stands
`i * row_i + j * row_j` rows and `i * col_i + j * col_j` columns from where it stands at (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

# Functions that LibreOffice, Gnumeric, IronCalc and Excel compute alike, without array entry.
PORTABLE = frozenset(
    (
        *("SUMPRODUCT", "SUM", "SUMSQ", "MAX", "MIN", "AVERAGE", "COUNT", "LARGE"),
        *("EXP", "LN", "SQRT", "TANH", "ABS", "SIGN", "ERF"),
        *("IF", "AND", "ISBLANK", "INDEX", "MATCH", "CHOOSE", "TEXT", "INT", "ROUND", "ROW", "COLUMN"),
        *("MOD", "OR", "ISNUMBER"),
    )
)


@dataclass(frozen=True, slots=True)
class Expr:
    """Base of all nodes; the operators build bigger trees."""

    def __add__(self, other: Expr | float) -> Expr:
        return add(self, other)

    def __sub__(self, other: Expr | float) -> Expr:
        return Binary("-", self, as_expr(other))

    def __mul__(self, other: Expr | float) -> Expr:
        return Binary("*", self, as_expr(other))

    def __truediv__(self, other: Expr | float) -> Expr:
        return Binary("/", self, as_expr(other))

    def __pow__(self, other: Expr | float) -> Expr:
        return Binary("^", self, as_expr(other))

    def __neg__(self) -> Expr:
        return Negate(self)


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class String(Expr):
    """A text constant."""

    value: str


@dataclass(frozen=True, slots=True)
class Ref(Expr):
    """A cell or a rectangle of cells on a sheet.

    `row` and `col` count from 1 and say where it stands for the region's first cell. `fixed` marks
    addresses that a reader should see as absolute (`$D$6`): on each axis along which it never moves.
    `sheet` is None for the sheet that the formula itself stands on.
    """

    sheet: str | None
    row: int
    col: int
    height: int = 1
    width: int = 1
    row_i: int = 0
    col_i: int = 0
    row_j: int = 0
    col_j: int = 0
    fixed: bool = False

    @property
    def is_cell(self) -> bool:
        """Whether it is a single cell."""
        return self.height == 1 and self.width == 1

    def on(self, sheet: str) -> Ref:
        """The same reference as it reads on `sheet`: without the sheet name when it is that one."""
        return replace(self, sheet=None) if self.sheet == sheet else self


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function call."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """Two operands and one of `- * / ^ = < > <= >= <> &`."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Sum(Expr):
    """Terms joined by `+`."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Negate(Expr):
    """A leading minus sign."""

    operand: Expr


def references(expr: Expr) -> Iterator[Ref]:
    """Every reference in a tree, from left to right."""
    if isinstance(expr, Ref):
        yield expr
    elif isinstance(expr, Call):
        for arg in expr.args:
            yield from references(arg)
    elif isinstance(expr, Sum):
        for term in expr.terms:
            yield from references(term)
    elif isinstance(expr, Binary):
        yield from references(expr.left)
        yield from references(expr.right)
    elif isinstance(expr, Negate):
        yield from references(expr.operand)


def exchanged(expr: Expr) -> Expr:
    """A tree whose references move with j as they did with i, and the other way round."""
    if isinstance(expr, Ref):
        return replace(expr, row_i=expr.row_j, row_j=expr.row_i, col_i=expr.col_j, col_j=expr.col_i)
    if isinstance(expr, Call):
        return replace(expr, args=tuple(map(exchanged, expr.args)))
    if isinstance(expr, Sum):
        return replace(expr, terms=tuple(map(exchanged, expr.terms)))
    if isinstance(expr, Binary):
        return replace(expr, left=exchanged(expr.left), right=exchanged(expr.right))
    return replace(expr, operand=exchanged(expr.operand)) if isinstance(expr, Negate) else expr


def most_arguments(expr: Expr) -> int:
    """The greatest number of arguments of a call in a tree."""
    if isinstance(expr, Call):
        return max((len(expr.args), *(most_arguments(arg) for arg in expr.args)))
    if isinstance(expr, Sum):
        return max(most_arguments(term) for term in expr.terms)
    if isinstance(expr, Binary):
        return max(most_arguments(expr.left), most_arguments(expr.right))
    return most_arguments(expr.operand) if isinstance(expr, Negate) else 0


def as_expr(value: Expr | float) -> Expr:
    """A number as a node; a node as it is."""
    return value if isinstance(value, Expr) else Number(float(value))


def call(function: str, *args: Expr | float) -> Call:
    """A call of a portable function.

    Raises:
        ValueError: if the calculators do not agree on that function.
    """
    if function not in PORTABLE:
        raise ValueError(f"{function} is not in the portable vocabulary")
    return Call(function, tuple(as_expr(a) for a in args))


def add(*terms: Expr | float) -> Expr:
    """The sum of the terms; nested sums are flattened, a single term stays as it is."""
    flat: list[Expr] = []
    for term in terms:
        node = as_expr(term)
        flat.extend(node.terms if isinstance(node, Sum) else [node])
    return flat[0] if len(flat) == 1 else Sum(tuple(flat))


def dot(values: Ref, weights: Ref) -> Expr:
    """The sum of products of two rectangles of the same size; of two cells, their product.

    (Gnumeric takes a blank cell as 0 in a product and in the SUMPRODUCT of rectangles, but not in the
    SUMPRODUCT of single cells.)
    """
    return values * weights if values.is_cell else call("SUMPRODUCT", values, weights)


def compare(op: str, left: Expr | float, right: Expr | float) -> Expr:
    """A comparison such as `left > right`, for the condition of an IF."""
    if op not in ("=", "<", ">", "<=", ">=", "<>"):
        raise ValueError(f"{op} is not a comparison")
    return Binary(op, as_expr(left), as_expr(right))
