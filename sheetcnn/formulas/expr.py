"""The expression tree of a formula.

A layer builds these; only `render` turns them into text. A tree is either an `Expr`, which has one value, or
a `Range`, which has a rectangle of them; the functions take the one or the other (`functions.FUNCTIONS`), and
a formula is an `Expr`. A reference is *affine* in the position inside the region that the formula fills: at
region row i and column j it stands `i * row_i + j * row_j` rows and `i * col_i + j * col_j` columns from
where it stands at (0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, overload

from sheetcnn.formulas.functions import (
    FUNCTIONS,
    MOST_CHOICES,
    OfConditions,
    OfOneValue,
    OfTwoValues,
    OwnPlace,
    Reduction,
    Takes,
)

COMPARISONS = ("=", "<", ">", "<=", ">=", "<>")


@dataclass(frozen=True, slots=True)
class Tree:
    """Base of all nodes."""

    @property
    def children(self) -> tuple[Tree, ...]:
        """The nodes below this one, from left to right."""
        return ()

    def with_children(self, children: Sequence[Tree]) -> Tree:
        """The same node over others, as many as `children` has."""
        return self


@dataclass(frozen=True, slots=True)
class Expr(Tree):
    """A tree with one value; the operators build bigger ones."""

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
class Range(Tree):
    """A tree with a rectangle of values, an argument of the functions that take one.

    Operators work on it value by value, on which all programs agree; functions of one value do not take it.
    """

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        raise NotImplementedError

    def __sub__(self, other: Tree | float) -> Range:
        return RangeBinary("-", self, as_tree(other))

    def __mul__(self, other: Tree | float) -> Range:
        return RangeBinary("*", self, as_tree(other))


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class String(Expr):
    """A text constant."""

    value: str


@dataclass(frozen=True, slots=True)
class Reference(Tree):
    """Where a cell, or the first cell of a rectangle, stands and how it moves.

    `row` and `col` count from 1 and say where it stands for the region's first cell. `fixed` marks
    addresses that a reader should see as absolute (`$D$6`): on each axis along which it never moves.
    `sheet` is None for the sheet that the formula itself stands on.
    """

    sheet: str | None
    row: int
    col: int
    row_i: int = field(default=0, kw_only=True)
    col_i: int = field(default=0, kw_only=True)
    row_j: int = field(default=0, kw_only=True)
    col_j: int = field(default=0, kw_only=True)
    fixed: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ref(Reference, Expr):
    """A cell."""


@dataclass(frozen=True, slots=True)
class Rect(Reference, Range):
    """A rectangle of cells, which may happen to be a single one."""

    height: int
    width: int

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def is_cell(self) -> bool:
        """Whether it is a single cell."""
        return self.height == 1 and self.width == 1

    @property
    def cell(self) -> Ref:
        """The one cell of a rectangle that is a single cell.

        Raises:
            ValueError: if it has more.
        """
        if not self.is_cell:
            raise ValueError(f"a rectangle of {self.height}×{self.width} cells is no single value")
        moves = {"row_i": self.row_i, "col_i": self.col_i, "row_j": self.row_j, "col_j": self.col_j}
        return Ref(self.sheet, self.row, self.col, **moves, fixed=self.fixed)


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A call of a portable function.

    Raises:
        ValueError: if the calculators do not agree on that function, or it takes other arguments: another
            number of them, a rectangle where one value belongs, or rectangles of two sizes.
    """

    function: str
    args: tuple[Tree, ...]

    def __post_init__(self) -> None:
        signature = FUNCTIONS.get(self.function)
        if signature is None:
            raise ValueError(f"{self.function} is not in the portable vocabulary")
        problem = signature.problem(len(self.args))
        if problem:
            raise ValueError(f"{self.function} {problem}")
        for n, arg in enumerate(self.args):
            takes = signature.takes(n)
            if not isinstance(arg, _CLASSES[takes]):
                raise ValueError(
                    f"argument {n + 1} of {self.function} must be {takes.value}, not {_described(arg)}"
                )
        if self.function == "SUMPRODUCT":
            _common_size(self.args)

    @property
    def children(self) -> tuple[Tree, ...]:
        """The arguments."""
        return self.args

    def with_children(self, children: Sequence[Tree]) -> Call:
        """The same function of other arguments."""
        return replace(self, args=tuple(children))


@dataclass(frozen=True, slots=True)
class _Operation(Tree):
    """Two operands and one of `- * / ^ & = < > <= >= <>`."""

    op: str
    left: Tree
    right: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        """The operands."""
        return self.left, self.right

    def with_children(self, children: Sequence[Tree]) -> Tree:
        """The same operator between other operands."""
        left, right = children
        return replace(self, left=left, right=right)


@dataclass(frozen=True, slots=True)
class Binary(_Operation, Expr):
    """An operator between two values."""

    left: Expr
    right: Expr

    def __post_init__(self) -> None:
        _check_values(self.op, self.children)


@dataclass(frozen=True, slots=True)
class RangeBinary(_Operation, Range):
    """An operator between ranges of one size, or a range and one value, value by value."""

    def __post_init__(self) -> None:
        _common_size(self.children)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return _common_size(self.children)


@dataclass(frozen=True, slots=True)
class Sum(Expr):
    """Terms joined by `+`."""

    terms: tuple[Expr, ...]

    def __post_init__(self) -> None:
        _check_values("+", self.terms)

    @property
    def children(self) -> tuple[Tree, ...]:
        """The terms."""
        return self.terms

    def with_children(self, children: Sequence[Tree]) -> Sum:
        """The sum of other terms."""
        return replace(self, terms=tuple(map(_value, children)))


@dataclass(frozen=True, slots=True)
class Negate(Expr):
    """A leading minus sign."""

    operand: Expr

    def __post_init__(self) -> None:
        _check_values("-", self.children)

    @property
    def children(self) -> tuple[Tree, ...]:
        """The operand."""
        return (self.operand,)

    def with_children(self, children: Sequence[Tree]) -> Negate:
        """The negation of another operand."""
        (operand,) = children
        return replace(self, operand=_value(operand))


_CLASSES: dict[Takes, tuple[type[Tree], ...]] = {
    Takes.VALUE: (Expr,),
    Takes.RECTANGLE: (Rect,),
    Takes.EITHER: (Expr, Rect),
    Takes.ARRAY: (Range,),
}


def _described(tree: Tree) -> str:
    if not isinstance(tree, Range):
        return "one value"
    rows, cols = tree.size
    return f"{'a rectangle' if isinstance(tree, Rect) else 'operators on rectangles'} of {rows}×{cols} values"


def _check_values(op: str, operands: Sequence[Tree]) -> None:
    for operand in operands:
        if not isinstance(operand, Expr):
            raise ValueError(f"{op} works on single values here, not on {_described(operand)}")


def _common_size(trees: Sequence[Tree]) -> tuple[int, int]:
    """The one size of the ranges among some trees."""
    sizes = {tree.size for tree in trees if isinstance(tree, Range)}
    if len(sizes) != 1:
        found = " and ".join(f"{rows}×{cols}" for rows, cols in sorted(sizes)) or "none"
        raise ValueError(f"rectangles that are combined must have one size; they have {found}")
    return sizes.pop()


# --- Building trees -----------------------------------------------------------------------------


def as_tree(value: Tree | float) -> Tree:
    """A number as a node; a node as it is."""
    return value if isinstance(value, Tree) else Number(float(value))


def as_expr(value: Tree | float) -> Expr:
    """A number as a node; a node as it is, which must have one value."""
    return _value(as_tree(value))


def _value(tree: Tree) -> Expr:
    if not isinstance(tree, Expr):
        raise ValueError(f"one value is needed here, not {_described(tree)}")
    return tree


@overload
def call(function: OwnPlace, /) -> Call: ...
@overload
def call(function: OfOneValue, value: Expr | float, /) -> Call: ...
@overload
def call(function: OfTwoValues, one: Expr | float, other: Expr | float, /) -> Call: ...
@overload
def call(function: OfConditions, /, *conditions: Expr) -> Call: ...
@overload
def call(function: Reduction, /, *values: Expr | Rect | float) -> Call: ...
@overload
def call(function: Literal["IF"], test: Expr, yes: Expr | float, no: Expr | float, /) -> Call: ...
@overload
def call(function: Literal["INDEX"], cells: Rect, row: Expr | float, col: Expr | float, /) -> Call: ...
@overload
def call(function: Literal["MATCH"], value: Expr | float, cells: Rect, order: float, /) -> Call: ...
@overload
def call(function: Literal["LARGE"], cells: Rect, place: Expr | float, /) -> Call: ...
@overload
def call(function: Literal["CHOOSE"], number: Expr, /, *values: Expr | float) -> Call: ...
@overload
def call(function: Literal["SUMPRODUCT"], values: Range, /, *weights: Range) -> Call: ...
def call(function: str, /, *args: Tree | float) -> Call:
    """A call of a portable function, with numbers as constants. See `Call` for what it refuses."""
    return Call(function, tuple(as_tree(a) for a in args))


def add(*terms: Expr | float) -> Expr:
    """The sum of the terms; nested sums are flattened, a single term stays as it is."""
    flat: list[Expr] = []
    for term in terms:
        node = as_expr(term)
        flat.extend(node.terms if isinstance(node, Sum) else [node])
    return flat[0] if len(flat) == 1 else Sum(tuple(flat))


def dot(values: Rect, weights: Rect) -> Expr:
    """The sum of products of two rectangles of the same size; of two cells, their product.

    (Gnumeric takes a blank cell as 0 in a product and in the SUMPRODUCT of rectangles, but not in the
    SUMPRODUCT of single cells.)
    """
    return values.cell * weights.cell if values.is_cell else call("SUMPRODUCT", values, weights)


def pick(cells: Rect, row: Expr | float, col: Expr | float) -> Expr:
    """The value in a row and a column of a rectangle, counted from 1; a single cell itself."""
    return cells.cell if cells.is_cell else call("INDEX", cells, row, col)


def choose(number: Expr, values: Sequence[Expr], most: int = MOST_CHOICES) -> Expr:
    """The value of that number, counted from 1: a CHOOSE, or several where one cannot take so many."""
    if len(values) <= most:
        return call("CHOOSE", number, *values)
    first, rest = values[:most], values[most:]
    beyond = choose(number - most, rest, most) if len(rest) > 1 else rest[0]
    return call("IF", compare("<=", number, most), call("CHOOSE", number, *first), beyond)


@overload
def compare(op: str, left: Expr | float, right: Expr | float) -> Expr: ...
@overload
def compare(op: str, left: Range, right: Tree | float) -> Range: ...
def compare(op: str, left: Tree | float, right: Tree | float) -> Tree:
    """A comparison such as `left > right`: the condition of an IF; of ranges, value by value."""
    if op not in COMPARISONS:
        raise ValueError(f"{op} is not a comparison")
    one, other = as_tree(left), as_tree(right)
    if isinstance(one, Expr) and isinstance(other, Expr):
        return Binary(op, one, other)
    return RangeBinary(op, one, other)
