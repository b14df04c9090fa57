"""Going through expression trees: every node, every reference, and trees with nodes changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sheetcnn.formulas.expr import Call, Expr, Reference, Tree, as_expr


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node of a tree, each before those below it, from left to right."""
    yield tree
    for child in tree.children:
        yield from walk(child)


def transformed(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """A tree with `change` applied to every node, from below."""
    children = tree.children
    return change(
        tree.with_children([transformed(child, change) for child in children]) if children else tree
    )


def references(tree: Tree) -> Iterator[Reference]:
    """Every reference in a tree, from left to right."""
    return (node for node in walk(tree) if isinstance(node, Reference))


def exchanged(expr: Expr) -> Expr:
    """A formula whose references move with j as they did with i, and the other way round."""

    def turned(node: Tree) -> Tree:
        if not isinstance(node, Reference):
            return node
        return replace(node, row_i=node.row_j, row_j=node.row_i, col_i=node.col_j, col_j=node.col_i)

    return as_expr(transformed(expr, turned))


def most_arguments(tree: Tree) -> int:
    """The greatest number of arguments of a call in a tree."""
    return max((len(node.args) for node in walk(tree) if isinstance(node, Call)), default=0)
