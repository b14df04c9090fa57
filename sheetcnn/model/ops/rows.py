"""Layer kinds without options that are rows of a table: `activations.py` and `merges.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import create_model

from sheetcnn.model.ops.base import Negatives, Op


@dataclass(frozen=True)
class Names:
    """What a kind is called: in a spec, in words, and by ONNX, PyTorch and Keras where they have it."""

    kind: str
    title: str
    onnx: str = ""
    pytorch: str = ""
    keras: str = ""


@dataclass(frozen=True)
class Row:
    """What the rows of both tables say.

    Attributes:
        names: of the kind.
        definition: the mathematics.
        source: where the definition comes from.
    """

    names: Names
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
    names = row.names
    op = create_model(
        class_name(names.kind), __base__=base, __module__=base.__module__, __doc__=f"{names.title}."
    )
    op.row, op.kind, op.title, op.negatives = row, names.kind, names.title, negatives
    op.framework_names = (names.onnx, names.pytorch, names.keras)
    return op
