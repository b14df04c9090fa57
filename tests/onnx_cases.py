"""What a case of an ONNX operator is: small, and described without the onnx package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAPS = (1, 4, 6, 5)
ROW = (1, 4, 9)


@dataclass(frozen=True)
class Case:
    """Operators, described so that nothing of onnx is needed to list the cases.

    Attributes:
        name: of the case.
        nodes: kind, inputs, outputs and attributes of each.
        layers: the kinds of the layers that they become.
        same_as: newer operators that compute the same; the expected result is theirs where onnx's
            reference evaluator cannot compute the operators (given in a comment: why).
    """

    name: str
    nodes: Sequence[tuple[str, str, str, Mapping[str, Any]]]
    layers: Sequence[str]
    dims: Sequence[int] = MAPS
    constants: Mapping[str, Any] = field(default_factory=dict)
    opset: int = 18
    positive: bool = False
    same_as: Sequence[tuple[Any, ...]] = ()


def one(kind: str, layers: str, inputs: str = "x", /, **more: Any) -> Case:
    """A case of one operator; what is not a field of `Case` is one of its attributes."""
    fields = {k: more.pop(k) for k in ("dims", "constants", "opset", "positive", "same_as") if k in more}
    name = more.pop("name", "")
    named = "_".join(f"{k}={v}" for k, v in more.items()).replace(" ", "")
    label = "-".join(filter(None, [kind, name or named, str(fields.get("opset", ""))]))
    return Case(label, [(kind, inputs, "y", more)], layers.split(), **fields)


def many(name: str, layers: str, *nodes: tuple[Any, ...], **more: Any) -> Case:
    """A case of several operators."""
    full = [(n[0], n[1], n[2], n[3] if len(n) > 3 else {}) for n in nodes]
    return Case(name, full, layers.split(), **more)
