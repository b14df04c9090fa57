"""From a `TorchProgram` to a graph: translates its calls in order and keeps what each value is.

What the tables of operators do not know is refused, and the next calls get a placeholder of the shape
that PyTorch gives, so that the message lists all that is unsupported. Each result's shape is that which
the layer's own rule gives; it is compared with PyTorch's.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sheetcnn.importers.graph_builder import GraphBuilder, Numbers, RefusalError, Unknown
from sheetcnn.importers.torch.program import (
    GETITEM,
    AtenCall,
    Constant,
    Dims,
    TorchProgram,
    ValueName,
    value_names,
)
from sheetcnn.importers.torch.rearrangements import layers_for
from sheetcnn.importers.torch.values import SkipError, TorchTensor, Value, graph_shape, torch_dims, with_steps
from sheetcnn.model.graph import Model

Handler = Callable[..., Value]
"""Builds what an operator computes from the translator and the operator's arguments, in their order."""


@dataclass(frozen=True)
class OperatorTables:
    """What is known about operators.

    Attributes:
        layers: from an operator (`conv2d`, or `max.dim` for one overload only) to what builds it.
        folds: from an operator to its result on arrays, for what a network computes from weights alone.
        views: the operators whose result may share its memory with their first argument.
    """

    layers: Mapping[str, Handler]
    folds: Mapping[str, Callable[..., Any]]
    views: frozenset[str]


class TorchTranslator:
    """The state of one import; the handlers of the tables add nodes through it."""

    def __init__(self, program: TorchProgram, tables: OperatorTables, where: str) -> None:
        """Prepare it; `where` is the file or the module, for messages."""
        self._program, self._tables, self._where = program, tables, where
        self._builder = GraphBuilder()
        self._values: dict[str, Value] = dict(program.constants)
        self._settled: dict[TorchTensor, TorchTensor] = {}
        self._roots: dict[str, str] = {}
        self._last_use = {
            name: position
            for position, call in enumerate(program.calls)
            for name in value_names([list(call.args), list(call.kwargs.values())])
        }
        self._last_use |= dict.fromkeys(value_names(list(program.outputs)), len(program.calls))
        self._visits = Counter(call.visit for call in program.calls if call.operator != GETITEM)
        self._call: AtenCall | None = None

    def model(self, name: str, labels: Sequence[str]) -> Model:
        """Translate everything.

        Raises:
            UnsupportedError: listing each call that cannot be expressed.
            ShapeError, SpecError, WeightsError: see `GraphBuilder.model`.
        """
        self._source()
        for position, call in enumerate(self._program.calls):
            self._call = call
            self._translate(call, position)
        self._call = None
        outputs = [self._output(value) for value in self._program.outputs if value is not None]
        if not outputs:
            self._builder.refuse("output", self._where, "it returns no tensor")
        return self._builder.model(name, outputs, labels, self._where)

    def _source(self) -> None:
        inputs = self._program.inputs
        for other in inputs[1:]:
            self._builder.refuse("input", other, "a workbook has one input")
        dims = self._program.dims.get(inputs[0]) if inputs else None
        shape = graph_shape(dims) if dims else None
        if dims is None or shape is None:
            found = "×".join(map(str, dims)) if dims else "not fixed"
            self._builder.refuse(
                "input", inputs[0] if inputs else "", f"its shape is {found}; export with a shape 1×C×H×W"
            )
            self._builder.check(self._where)
            return
        name = self._builder.add_input(shape)
        for given in inputs:
            self._values[given] = TorchTensor(name, dims, dims)

    def _output(self, value: object) -> str:
        label = str(getattr(value, "name", value))
        found = self._values.get(value.name) if isinstance(value, ValueName) else value
        if isinstance(found, Unknown):
            return ""
        if not isinstance(found, TorchTensor):
            self._builder.refuse("output", label, "it does not depend on the input")
            return ""
        try:
            return self._builder.as_output(self.materialised(found).name)
        except RefusalError as error:
            self._builder.refuse("output", label, str(error))
            return ""

    # One call.

    def _translate(self, call: AtenCall, position: int) -> None:
        try:
            self._bind(call, self._result(call))
            if call.in_place and call.results:
                self._overwrite(call, position)
        except SkipError:
            self._add_placeholders(call)
        except RefusalError as error:
            self._builder.refuse(call.target.removesuffix(".default"), self.layer_name, str(error))
            self._add_placeholders(call)

    def _result(self, call: AtenCall) -> Value:
        args = [self._resolve(arg) for arg in call.args]
        kwargs = {key: self._resolve(arg) for key, arg in call.kwargs.items()}
        every = [*args, *kwargs.values()]
        if not _contains(every, TorchTensor | Unknown) and call.operator in self._tables.folds:
            moves = call.operator in self._tables.views
            return _folded(self._tables.folds[call.operator], args, kwargs, moves=moves)
        handler = self._tables.layers.get(call.qualified) or self._tables.layers.get(call.operator)
        if handler is None:
            raise RefusalError("there is no such layer")
        try:
            return handler(self, *args, **kwargs)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise RefusalError(f"it is called in a way that is not known ({reason})") from None

    def _resolve(self, arg: object) -> Value:
        if isinstance(arg, ValueName):
            if arg.name not in self._values:
                raise RefusalError(f"it reads '{arg.name}', which is no tensor")
            return self._values[arg.name]
        if isinstance(arg, list):
            return [self._resolve(item) for item in arg]
        return arg

    def _bind(self, call: AtenCall, result: Value) -> None:
        """Name the results, and compare their shapes with PyTorch's."""
        given = list(result) if call.unpack and isinstance(result, list) else [result]
        source = call.args[0].name if call.args and isinstance(call.args[0], ValueName) else ""
        for name, value in zip(call.results, given, strict=False):
            dims = self._program.dims.get(name)
            if isinstance(value, TorchTensor) and dims is not None and value.dims != dims:
                raise RefusalError(f"its result has the shape {value.dims} here and {dims} in PyTorch")
            self._values[name] = value
            if source and (call.operator in self._tables.views or value is self._values[source]):
                self._roots[name] = self._roots.get(source, source)

    def _overwrite(self, call: AtenCall, position: int) -> None:
        """What an in-place operator changed is the same tensor under its older names."""
        target = call.args[0] if call.args else None
        if not isinstance(target, ValueName):
            raise RefusalError("it changes a value in place")
        before, after = self._values[target.name], self._values[call.results[0]]
        root = self._roots.get(target.name, target.name)
        for name in [root, *(n for n, r in self._roots.items() if r == root)]:
            if self._last_use.get(name, -1) > position and name not in call.results:
                if self._values[name] != before:
                    raise RefusalError("it changes a part of a tensor that is used later on")
                self._values[name] = after
        self._roots[call.results[0]] = root

    def _add_placeholders(self, call: AtenCall) -> None:
        """Put tensors in the place of the results of a call that was refused."""
        for name in call.results:
            dims = self._program.dims.get(name)
            shape = graph_shape(dims) if dims else None
            if dims is None or shape is None:
                self._values[name] = Unknown()
            else:
                self._values[name] = TorchTensor(self._builder.add_placeholder(name, shape), dims, dims)

    # What the tables' functions call.

    @property
    def layer_name(self) -> str:
        """The name for the current call: its module's path where the module makes this call only."""
        call = self._call
        if call is None:
            return "output"
        if call.module and self._visits[call.visit] == 1:
            return call.module
        operator = call.operator.strip("_").rpartition(".")[2]
        return f"{call.module}.{operator}" if call.module else operator

    @property
    def dims(self) -> Dims:
        """PyTorch's shape of the current call's result.

        Raises:
            RefusalError: if it is not fixed.
        """
        call = self._call
        dims = self._program.dims.get(call.results[0]) if call and call.results else None
        if dims is None:
            raise RefusalError("the shape of its result is not fixed; export with a fixed shape")
        return dims

    def layer(
        self,
        kind: str,
        inputs: TorchTensor | Sequence[TorchTensor],
        params: Mapping[str, Numbers | Constant | None] | None = None,
        *,
        part: str = "",
        name: str = "",
        **options: Any,
    ) -> TorchTensor:
        """Add a node; its result has as many axes as its first input.

        Args:
            kind: of the layer.
            inputs: what it reads.
            params: its arrays; those that are None are left out.
            part: added to the name, where a call becomes several nodes.
            name: instead of that of the call.
            options: of the layer.
        """
        read = [self.materialised(x) for x in ([inputs] if isinstance(inputs, TorchTensor) else inputs)]
        found = {key: value for key, value in (params or {}).items() if value is not None}
        paths = (v.name for v in found.values() if isinstance(v, Constant))
        owner = next((path.rpartition(".")[0] for path in paths if path.rpartition(".")[2] in found), "")
        arrays = {key: v.array if isinstance(v, Constant) else v for key, v in found.items()}
        wanted = ".".join(filter(None, (name or owner or self.layer_name, part)))
        made = self._builder.add(wanted, kind, [x.name for x in read], options, arrays)
        dims = torch_dims(self._builder.shape(made), len(read[0].dims))
        return TorchTensor(made, dims, dims)

    def elementwise(
        self, x: TorchTensor, kind: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> TorchTensor:
        """Add a node for a function of each value, or each pixel.

        Where the channels were moved to the end, and where moves are on the way to something that has
        no node yet, it goes below them: they go on waiting, above its result.
        """
        x = self.tensor(x)
        if x.pending and not x.ends_in_channels:
            with contextlib.suppress(RefusalError):
                x = self.materialised(x)
        return with_steps(self.layer(kind, x.base_tensor, params, **options), x.pending, x.label)

    def tensor(self, x: object) -> TorchTensor:
        """A tensor of the network.

        Raises:
            RefusalError: if it is a constant.
        """
        if isinstance(x, Unknown):
            raise SkipError
        if not isinstance(x, TorchTensor):
            raise RefusalError("it takes a constant where a tensor of the network is expected")
        return x

    def materialised(self, x: object) -> TorchTensor:
        """A tensor with nodes for its moves.

        Raises:
            RefusalError: if it is a constant, or no layers make its moves.
        """
        x = self.tensor(x)
        if not x.pending:
            return x
        if x not in self._settled:
            whole, chain = x.base_tensor, layers_for(x)
            for n, (kind, options) in enumerate(chain):
                name = x.label if n == len(chain) - 1 else f"{x.label}.{kind}"
                whole = self.layer(kind, whole, name=name, **options)
            self._settled[x] = TorchTensor(whole.name, x.dims, x.dims)
        return self._settled[x]

    def constant(self, value: object) -> Constant:
        """Weights.

        Raises:
            RefusalError: if the network computes them.
        """
        if isinstance(value, Unknown):
            raise SkipError
        if not isinstance(value, Constant):
            raise RefusalError("the network computes its weights")
        return value


def _contains(value: object, kind: Any) -> bool:
    if isinstance(value, list):
        return any(_contains(item, kind) for item in value)
    return isinstance(value, kind)


def _folded(
    fold: Callable[..., Any], args: Sequence[Value], kwargs: Mapping[str, Value], *, moves: bool
) -> Value:
    """The result of an operator on arrays; it keeps the name of the one that it only moves."""
    try:
        result = fold(*_arrays(args), **dict(zip(kwargs, _arrays(list(kwargs.values())), strict=True)))
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RefusalError(f"it computes with weights alone in a way that is not known ({reason})") from None
    name = args[0].name if moves and args and isinstance(args[0], Constant) else ""
    if isinstance(result, list):
        return [item if item is None else Constant(name, np.asarray(item)) for item in result]
    return Constant(name, np.asarray(result))


def _arrays(values: Sequence[Value]) -> list[Any]:
    return [v.array if isinstance(v, Constant) else _arrays(v) if isinstance(v, list) else v for v in values]
