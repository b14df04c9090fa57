"""An exported PyTorch program as plain data: calls of ATen operators in order, on named values.

Both sources of a program, a module in memory and a `.pt2` file, are brought into this form; the
translation into a graph knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sheetcnn.importers.graph_builder import Numbers

Dims = tuple[int, ...]
"""A shape as PyTorch has it, with the batch axis."""

GETITEM = "getitem"
"""The target of a call that picks one of several results."""


@dataclass(frozen=True)
class ValueName:
    """An argument that is a value of the program, by name."""

    name: str


@dataclass(frozen=True)
class Dtype:
    """An argument that is a type of numbers."""

    floating: bool


@dataclass(frozen=True, eq=False)
class Constant:
    """A parameter, a buffer or a number array of the program.

    Attributes:
        name: its path in the module (`features.0.weight`), or "" where it was computed from others.
        array: its values.
    """

    name: str
    array: Numbers


@dataclass(frozen=True)
class AtenCall:
    """One call of an operator.

    Attributes:
        target: `aten.conv2d.default`, `getitem` ...
        args: in the order of the operator's schema; `ValueName`, numbers, texts, None and lists of them.
        kwargs: the arguments given by name.
        results: names of the values.
        unpack: whether the results are the items of the list that the operator returns.
        module: path of the module that made the call (`features.0`), "" for the outermost.
        visit: the same path, different each time that the module is entered.
        label: the call's own name in the program.
    """

    target: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    results: tuple[str, ...]
    unpack: bool
    module: str
    visit: str
    label: str

    @property
    def qualified(self) -> str:
        """`aten.max.dim` as `max.dim`."""
        return self.target.removeprefix("aten.")

    @property
    def in_place(self) -> bool:
        """Whether it changes its first argument: `aten.relu_.default`."""
        return self.target.startswith("aten.") and self.target.split(".")[1].endswith("_")

    @property
    def operator(self) -> str:
        """`aten.relu_.default` as `relu`, `mylib.scale.default` as `mylib.scale`."""
        if self.target.startswith("aten."):
            return self.target.split(".")[1].removesuffix("_")
        return ".".join(self.target.split(".")[:2])


@dataclass(frozen=True)
class TorchProgram:
    """A whole program.

    Attributes:
        inputs: names of the values that the user gives.
        constants: the values that are parameters, buffers or numbers.
        calls: in the order of execution.
        outputs: what the program returns: `ValueName`, or plain values.
        dims: the shape of every value where it is known; a batch of any size counts as 1.
    """

    inputs: tuple[str, ...]
    constants: Mapping[str, Constant]
    calls: tuple[AtenCall, ...]
    outputs: tuple[object, ...]
    dims: Mapping[str, Dims] = field(default_factory=dict)


def value_names(value: object) -> list[str]:
    """The names of the values in an argument, lists included."""
    if isinstance(value, ValueName):
        return [value.name]
    if isinstance(value, list | tuple):
        return [name for item in value for name in value_names(item)]
    return []


def eliminate_dead_calls(program: TorchProgram) -> TorchProgram:
    """The program without the calls whose results nothing reads."""
    needed = set(value_names(list(program.outputs)))
    kept: list[AtenCall] = []
    for call in reversed(program.calls):
        if call.in_place or needed.intersection(call.results):
            kept.append(call)
            needed.update(value_names([list(call.args), list(call.kwargs.values())]))
    return replace(program, calls=tuple(reversed(kept)))
