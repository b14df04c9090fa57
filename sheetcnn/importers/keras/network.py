"""From a saved configuration to a flat list of layer calls.

A Functional model lists for each layer the calls of it, with the tensors that each reads; a Sequential
one is a chain. A model within a model is taken apart, so that one list remains; its layers are named
`model/layer`. A layer that is called twice gives two calls with the same arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sheetcnn.importers.keras.stores import NumberedStore, Store

MODELS = ("Sequential", "Functional", "Model")
_DEEPEST = 16

Dims = tuple[int | None, ...]
Layers = Sequence[tuple[Mapping[str, Any], Store]]
"""The layers of a model: their entries in its configuration, and their arrays."""


@dataclass(frozen=True)
class Link:
    """An argument of a call that is a tensor: the number of the call that made it."""

    number: int


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One call of a layer.

    Attributes:
        number: of the call; other calls link to it.
        kind: the layer's class.
        name: with the names of the models around it.
        config: the layer's options.
        args: of the call; tensors are `Link`.
        kwargs: of the call.
        store: of the layer's arrays.
        custom_class: where the class is not one of Keras's own: what the file says about it.
        dims: of an input: its shape in Keras, with the batch.
    """

    number: int
    kind: str
    name: str
    config: Mapping[str, Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    store: Store
    custom_class: str = ""
    dims: Dims = ()

    @property
    def links(self) -> list[int]:
        """The numbers of the calls whose results it reads."""
        return [link.number for link in _links([self.args, list(self.kwargs.values())])]


def _links(value: object) -> Iterator[Link]:
    if isinstance(value, Link):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _links(item)


@dataclass
class Network:
    """The calls of a model, each after all that it reads.

    Attributes:
        inputs: the calls that stand for the model's inputs.
        calls: the others.
        outputs: numbers of the calls whose results are the model's.
    """

    inputs: list[LayerCall] = field(default_factory=list)
    calls: list[LayerCall] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)


def flatten_models(config: Mapping[str, Any], store: Store) -> Network:
    """Take a saved model apart.

    Raises:
        KeyError, TypeError, ValueError, IndexError, AttributeError: if it is damaged.
    """
    network = Network()
    network.outputs = _Flattener(network).model(config, store, (), None)
    return network


class _Flattener:
    """Appends calls to a network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._count = 0

    def model(
        self, entry: Mapping[str, Any], store: Store, within: tuple[str, ...], inputs: list[int] | None
    ) -> list[int]:
        """Append a model's calls.

        Args:
            entry: of the model.
            store: of its arrays.
            within: the names of the models around its layers, its own the last.
            inputs: numbers of the calls that it reads; None for the outermost.

        Returns:
            The numbers of the calls that make its outputs.
        """
        if len(within) > _DEEPEST:
            raise ValueError("models are nested too deeply")
        config = entry["config"]
        layers = list(zip(config["layers"], store.layers(config["layers"]), strict=True))
        if entry["class_name"] == "Sequential":
            return self._sequential(config, layers, within, inputs)
        return self._functional(config, layers, within, inputs)

    def _sequential(
        self, config: Mapping[str, Any], layers: Layers, within: tuple[str, ...], inputs: list[int] | None
    ) -> list[int]:
        first = layers[0][0]
        if inputs is None:
            dims = _stated_shape(first) or config.get("build_input_shape") or _build_shape(first)
            if dims is None:
                raise ValueError(
                    "it does not say what shape its input has; call the model once, then save it"
                )
            inputs = [self._input("input", dims)]
        if first["class_name"] == "InputLayer":
            layers = layers[1:]
        current = inputs
        for entry, store in layers:
            args = [Link(current[0])] if len(current) == 1 else [[Link(n) for n in current]]
            current = self._call(entry, store, within, args, {})
        return current

    def _functional(
        self, config: Mapping[str, Any], layers: Layers, within: tuple[str, ...], inputs: list[int] | None
    ) -> list[int]:
        results: dict[tuple[str, int], list[int]] = {}
        entries = {entry["name"]: (entry, store) for entry, store in layers}
        for position, (name, node, _) in enumerate(_history(config["input_layers"])):
            if inputs is None:
                dims = _stated_shape(entries[name][0])
                if dims is None:
                    raise ValueError(f"its input '{name}' has no shape")
                results[name, node] = [self._input(name, dims)]
            else:
                results[name, node] = [inputs[position]]
        waiting = [
            (entry, store, number, node)
            for entry, store in entries.values()
            for number, node in enumerate(entry.get("inbound_nodes") or [])
            if (entry["name"], number) not in results
        ]
        while waiting:
            later = []
            for entry, store, number, node in waiting:
                try:
                    args, kwargs = _arguments(node, results)
                except _NotYetError:
                    later.append((entry, store, number, node))
                    continue
                results[entry["name"], number] = self._call(entry, store, within, args, kwargs)
            if len(later) == len(waiting):
                raise ValueError(f"layer '{later[0][0]['name']}' reads a tensor that no layer makes")
            waiting = later
        # Among the outputs, the calls of a model within the model count from 1.
        first = {name: int(entry["class_name"] in MODELS[1:]) for name, (entry, _) in entries.items()}
        history = _history(config["output_layers"])
        return [results[name, node - first[name]][index] for name, node, index in history]

    def _input(self, name: str, dims: Sequence[int | None]) -> int:
        self._count += 1
        call = LayerCall(self._count, "InputLayer", name, {}, [], {}, NumberedStore(None), dims=tuple(dims))
        self._network.inputs.append(call)
        return call.number

    def _call(
        self, entry: Mapping[str, Any], store: Store, within: tuple[str, ...], args: list[Any], kwargs: Any
    ) -> list[int]:
        config = entry["config"]
        if not isinstance(config, dict):
            raise TypeError("a layer's options are no mapping")
        path, kind = (*within, str(entry.get("name") or config["name"])), str(entry["class_name"])
        custom_class = _custom_class(entry)
        if kind in MODELS and not custom_class:
            return self.model(entry, store, path, [link.number for link in _links(args)])
        self._count += 1
        call = LayerCall(self._count, kind, "/".join(path), config, args, kwargs, store, custom_class)
        self._network.calls.append(call)
        return [self._count]


class _NotYetError(Exception):
    """A call reads what another one, later in the list, makes."""


def _custom_class(entry: Mapping[str, Any]) -> str:
    """The registered name or the module of a class that is not Keras's own."""
    registered, module = str(entry.get("registered_name") or ""), entry.get("module", "keras")
    if ">" in registered:
        return registered
    return "" if str(module).split(".")[0] in ("keras", "tf_keras", "tensorflow") else str(module)


def _stated_shape(entry: Mapping[str, Any]) -> Dims | None:
    """The input shape that a layer's own configuration states."""
    config = entry["config"]
    found = config.get("batch_shape") or config.get("batch_input_shape")
    if isinstance(found, dict):  # of Keras 2
        found = found.get("items")
    return tuple(found) if found else None


def _build_shape(entry: Mapping[str, Any]) -> Dims | None:
    found = (entry.get("build_config") or {}).get("input_shape")
    return tuple(found) if found else None


def _history(value: Any) -> list[tuple[str, int, int]]:
    """All `[layer, node, tensor]` in a structure of lists and mappings."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        return [(value[0], int(value[1]), int(value[2]))]
    return [found for item in value for found in _history(item)]


def _arguments(
    node: Any, results: Mapping[tuple[str, int], list[int]]
) -> tuple[list[Any], Mapping[str, Any]]:
    """The arguments of one call; Keras 2 lists `[layer, node, tensor, kwargs]`."""
    if isinstance(node, dict):
        args = [_argument(arg, results) for arg in node["args"]]
        return args, {key: _argument(arg, results) for key, arg in node["kwargs"].items()}
    links, kwargs = [], {}
    for name, number, index, *more in node:
        links.append(_link(results, name, number, index))
        for inputs in more:
            kwargs.update(inputs)
    return [links], kwargs


def _argument(arg: Any, results: Mapping[tuple[str, int], list[int]]) -> Any:
    if isinstance(arg, list):
        return [_argument(item, results) for item in arg]
    if isinstance(arg, dict) and arg.get("class_name") == "__keras_tensor__":
        return _link(results, *arg["config"]["keras_history"])
    return arg


def _link(results: Mapping[tuple[str, int], list[int]], name: str, number: int, index: int) -> Link:
    if (name, number) not in results:
        raise _NotYetError
    return Link(results[name, number][index])
