"""Layer kinds without options that are rows of a table: `activations.py` and `merges.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import create_model

from sheetcnn.model.ops.base import Negatives, Op


@dataclass(frozen=True)
class Row:
    """What the rows of both tables say.

    Attributes:
        kind: as a spec names it.
        title: in words.
        framework_names: what ONNX, PyTorch and Keras call it.
        definition: the mathematics.
        source: where the definition comes from.
    """

    kind: str
    title: str
    framework_names: tuple[str, str, str]
    definition: str
    source: str


class RowOp(Op):
    """The layer of a row."""

    row: ClassVar[Row]


RowOpType = TypeVar("RowOpType", bound=RowOp)


def class_name(kind: str) -> str:
    """The name of the class of a kind: `MaxPool` for `max_pool`."""
    return "".join(map(str.capitalize, kind.split("_")))


def layer_of(row: Row, base: type[RowOpType], negatives: Negatives) -> type[RowOpType]:
    """The layer kind of a row: a class of its own, as the kinds with a file have one."""
    op = create_model(
        class_name(row.kind), __base__=base, __module__=base.__module__, __doc__=f"{row.title}."
    )
    op.row, op.kind, op.title, op.framework_names = row, row.kind, row.title, row.framework_names
    op.negatives = negatives
    return op
