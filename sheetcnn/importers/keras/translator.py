"""From the calls of a Keras model to a graph.

Keras has the channels last, `(H, W, C)`, unless the layers say `channels_first`; the graph has
`(C, H, W)`. A tensor of the graph holds the same numbers with its axes in the graph's order, so only
what depends on the order of *flattened* values needs care: `Flatten` before dense layers leaves the
values in the graph's order, and the dense weights are permuted instead; anywhere else the axes are
brought into Keras's order first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sheetcnn.errors import WeightsError
from sheetcnn.importers.graph_builder import Activation, GraphBuilder, Numbers, RefusalError, Unknown
from sheetcnn.importers.keras.network import LayerCall, Link, Network
from sheetcnn.importers.keras.stores import StoreError
from sheetcnn.model.graph import Model
from sheetcnn.shape import Shape

TO_LAST, TO_FIRST = (1, 2, 0), (2, 0, 1)
"""The orders of the axes that put the channels last, and first."""


@dataclass(frozen=True)
class KerasTensor:
    """A tensor of the network.

    Attributes:
        name: in the graph.
        shape: in the graph.
        rank: its axes in Keras, without the batch: 1, 2 (rows: `(L, C)`) or 3.
        flattened_from: of a vector: the maps whose values it holds in the graph's order, where Keras has them
            in its own.
    """

    name: str
    shape: Shape
    rank: int
    flattened_from: Shape | None = None


Handler = Callable[..., "KerasTensor"]


@dataclass(frozen=True)
class LayerRule:
    """What is known about a class of layers.

    Attributes:
        translate: makes nodes from the translator, the call and the tensors it reads.
        keeps_order: whether it works on each value of a flattened tensor alike (see `Walk.ordered`).
        ends_order: whether it takes a flattened tensor in any order.
        takes_numbers: whether it may be called with numbers beside tensors.
        axes: how many axes besides the channels its first tensor must have; 0 for any number.
    """

    translate: Handler
    keeps_order: bool = False
    ends_order: bool = False
    takes_numbers: bool = False
    axes: int = 0


class KerasTranslator:
    """The state of one import; the rules of the tables add nodes through it."""

    def __init__(self, network: Network, table: Mapping[str, LayerRule], version: str) -> None:
        """Prepare it; `version` is that of the Keras that saved the model."""
        self.network, self.version = network, version
        self._table = table
        self._builder = GraphBuilder()
        self._values: dict[int, KerasTensor | Unknown] = {}
        self._unreadable: list[str] = []
        self._consumers: dict[int, list[LayerCall]] = {}
        for call in network.calls:
            for number in call.links:
                self._consumers.setdefault(number, []).append(call)
        formats = {call.config.get("data_format") for call in network.calls} - {None}
        self.channels_first = formats == {"channels_first"}
        self._mixed = len(formats) > 1

    def model(self, name: str, where: str) -> Model:
        """Translate everything.

        Raises:
            UnsupportedError: listing each layer that cannot be expressed.
            WeightsError: a layer's weights are missing or of other shapes.
            ShapeError, SpecError: see `GraphBuilder.model`.
        """
        self._source(where)
        for call in self.network.calls:
            self._values[call.number] = self._result(call)
        outputs = [self._output(number) for number in self.network.outputs]
        self._builder.check(where)
        if self._unreadable:
            raise WeightsError(
                f"{where}: the weights of a layer cannot be read; save the model again:"
                f"{''.join(self._unreadable)}"
            )
        return self._builder.model(name, outputs, (), where)

    def _source(self, where: str) -> None:
        if self._mixed:
            self._builder.refuse("model", where, "some layers have channels_first and some channels_last")
        for other in self.network.inputs[1:]:
            self._builder.refuse("InputLayer", other.name, "a workbook has one input")
        call = self.network.inputs[0]
        dims = call.dims[1:]
        if not 1 <= len(dims) <= 3 or any(not isinstance(d, int) or d < 1 for d in dims):
            shape = "×".join("?" if d is None else str(d) for d in dims)
            self._builder.refuse(
                "InputLayer", call.name, f"its shape is {shape}; build the model with a fixed H×W×C"
            )
        self._builder.check(where)
        image = self.shape(tuple(int(d or 0) for d in dims))
        source = self._builder.add_input(image)
        for model_input in self.network.inputs:
            self._values[model_input.number] = KerasTensor(source, image, len(dims))

    def shape(self, dims: Sequence[int]) -> Shape:
        """The graph's shape of a shape in Keras, without the batch."""
        if len(dims) == 1:
            return Shape.vector(dims[0])
        *spatial, channels = dims if not self.channels_first else (*dims[1:], dims[0])
        return Shape.maps(channels, *([1] * (2 - len(spatial))), *spatial)

    def _result(self, call: LayerCall) -> KerasTensor | Unknown:
        entry = self._table.get(call.kind)
        try:
            if call.custom_class:
                raise RefusalError(
                    f"it is a class of its own ({call.custom_class}), with code that is not in the file"
                )
            if entry is None:
                raise RefusalError("there is no such layer")
            _check_call(call, entry)
            inputs = [self._values[number] for number in call.links]
            tensors = [x for x in inputs if isinstance(x, KerasTensor)]
            if len(tensors) < len(inputs) or not tensors:
                return Unknown()
            if not (entry.keeps_order or entry.ends_order):
                tensors = [self.in_keras_order(x) for x in tensors]
            if entry.axes and tensors[0].rank != entry.axes + 1:
                raise RefusalError(f"it works along {entry.axes} axes of a tensor with {tensors[0].rank}")
            return entry.translate(self, call, tensors)
        except StoreError as error:
            self._unreadable.append(f"\n  {call.kind} '{call.name}': {error}")
        except RefusalError as error:
            self._builder.refuse(call.kind, call.name, str(error))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            self._builder.refuse(
                call.kind, call.name, f"its options are not known ({type(error).__name__}: {error})"
            )
        return Unknown()

    def _output(self, number: int) -> str:
        value = self._values[number]
        if not isinstance(value, KerasTensor):
            return ""
        if value.flattened_from:
            raise AssertionError("flattened outputs are in order")  # see `ordered`
        return self._builder.as_output(value.name)

    # What the tables' functions call.

    def layer(
        self,
        call: LayerCall,
        kind: str,
        inputs: KerasTensor | Sequence[KerasTensor],
        params: Mapping[str, Numbers] | None = None,
        *,
        part: str = "",
        activation: Activation | None = None,
        rank: int = 0,
        **options: Any,
    ) -> KerasTensor:
        """Add a node.

        Args:
            call: that it is made for; gives the name.
            kind: of the layer.
            inputs: what it reads.
            params: its arrays, in the graph's order.
            part: added to the name, where a call becomes several nodes.
            activation: applied to the result.
            rank: of the result in Keras, by default that of the first input.
            options: of the layer.
        """
        read = [inputs] if isinstance(inputs, KerasTensor) else list(inputs)
        wanted = f"{call.name}/{part}" if part else call.name
        name = self._builder.add(wanted, kind, [x.name for x in read], options, params, activation)
        shape = self._builder.shape(name)
        kept = None if kind == "dense" else read[0].flattened_from
        return KerasTensor(name, shape, rank or read[0].rank, kept)

    def flatten(self, call: LayerCall, x: KerasTensor) -> KerasTensor:
        """The values of maps as a vector, in Keras's order where that matters."""
        if x.shape.is_vector:
            return x
        if self.same_order(x) or not self._reaches_dense(call):
            x = self.to_keras_order(call, x)
            return self.layer(call, "flatten", x, rank=1)
        return replace(self.layer(call, "flatten", x, rank=1), flattened_from=x.shape)

    def same_order(self, x: KerasTensor) -> bool:
        """Whether the graph's order of the values is Keras's."""
        return x.shape.channels == 1 or x.shape.height * x.shape.width == 1

    def to_keras_order(self, call: LayerCall, x: KerasTensor) -> KerasTensor:
        """Maps with the axes in the order that Keras has, so that a reshape sees the same values."""
        if self.channels_first or x.shape.is_vector or self.same_order(x):
            return x
        return self.layer(call, "permute", x, part="permute", order=TO_LAST)

    def in_keras_order(self, x: KerasTensor) -> KerasTensor:
        """A vector in Keras's order.

        Raises:
            RefusalError: if it is not: `_reaches_dense` looked ahead, so this does not happen.
        """
        if x.flattened_from is not None:
            raise RefusalError("it reads flattened values in another order than Keras's")
        return x

    def _reaches_dense(self, call: LayerCall) -> bool:
        """Whether all that reads the result of a call works in any order, up to dense layers."""
        waiting, seen = [call.number], set()
        while waiting:
            number = waiting.pop()
            if number in self.network.outputs:
                return False
            for consumer in self._consumers.get(number, []):
                entry = self._table.get(consumer.kind)
                if entry is None or not (entry.keeps_order or entry.ends_order):
                    return False
                if consumer.config.get("activation") in ("softmax", "log_softmax") and not entry.ends_order:
                    return False
                if entry.keeps_order and consumer.number not in seen:
                    seen.add(consumer.number)
                    waiting.append(consumer.number)
        return True

    def in_graph_order(self, x: KerasTensor, array: Numbers, axis: int = 0) -> Numbers:
        """An array with one entry per value of a flattened tensor, in the graph's order."""
        if x.flattened_from is None or array.shape[axis] != x.shape.channels:
            return array
        channels, height, width = x.flattened_from.dims
        shape = array.shape
        maps = array.reshape(*shape[:axis], height, width, channels, *shape[axis + 1 :])
        return np.moveaxis(maps, axis + 2, axis).reshape(shape)

    def axis(self, x: KerasTensor, axis: int) -> int:
        """An axis of `(C, H, W)` or `(N,)` from one of Keras's, which count the batch.

        Raises:
            RefusalError: for the batch.
        """
        number = axis - 1 if axis > 0 else axis + x.rank
        if axis == 0 or not 0 <= number < x.rank:
            raise RefusalError(f"it works along axis {axis}")
        if x.rank == 1:
            return 0
        spatial = [1, 2] if x.rank == 3 else [2]
        return ([0, *spatial] if self.channels_first else [*spatial, 0])[number]

    def keras_axes(self, x: KerasTensor) -> list[int]:
        """For each of Keras's axes of a tensor, the axis of `(C, H, W)` or `(N,)`."""
        return [self.axis(x, n + 1) for n in range(x.rank)]

    def per_channel(self, x: KerasTensor, value: Any) -> Numbers:
        """A number, or a list of one per channel, as one per channel.

        Raises:
            RefusalError: if it has another shape.
        """
        array = np.asarray(value, dtype=np.float64)
        if array.size not in (1, x.shape.channels) or (array.ndim and array.shape[-1] != array.size):
            raise RefusalError(f"it takes numbers of shape {array.shape}; known is one per channel")
        if array.size > 1 and self.channels_first and x.rank > 1:
            raise RefusalError("it takes one number per column")
        return np.full(x.shape.channels, 1.0) * array.reshape(-1)


def _check_call(call: LayerCall, entry: LayerRule) -> None:
    policy = call.config.get("dtype")
    text = str(policy.get("config", {}) if isinstance(policy, dict) else policy)
    if any(word in text for word in ("int8", "int4", "float8")):
        raise RefusalError("its weights are quantised; save the model before quantising it")
    if call.kwargs.get("training"):
        raise RefusalError("it is called with training=True")
    unknown = [key for key, value in call.kwargs.items() if value not in (None, False)]
    if unknown or (number_arguments(call) and not entry.takes_numbers):
        raise RefusalError(
            f"it is called with arguments that are not known ({', '.join(unknown) or 'numbers'})"
        )


def number_arguments(call: LayerCall) -> list[Any]:
    """The arguments of a call that are no tensors: numbers and lists of numbers."""
    found = []
    for arg in call.args:
        value = arg["config"]["value"] if isinstance(arg, dict) and "value" in arg.get("config", {}) else arg
        links = isinstance(value, list) and value and all(isinstance(item, Link) for item in value)
        if isinstance(value, int | float | dict | list) and not links:
            found.append(value)
    return found
