"""What the importers share: nodes under unique names, and one message for all that cannot be expressed.

An importer walks over the layers of a model and adds a node for each. What it cannot express it
refuses and goes on, so that the message at the end lists every such layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy.typing as npt
from pydantic import ValidationError

from sheetcnn.errors import SpecError, UnsupportedError
from sheetcnn.importers.weights import decimal
from sheetcnn.labels import LONGEST_NAME
from sheetcnn.model.graph import INPUT, PIXELS, Graph, Model, Node
from sheetcnn.model.ops import ACTIVATIONS, OPS, Elementwise
from sheetcnn.shape import Array, Shape, ShapeMismatchError

Numbers = npt.NDArray[Any]

_FOREIGN = re.compile(r"[^A-Za-z0-9_./:-]")
_FOREIGN_TITLE = re.compile(r"[^\w .,()-]")


class RefusalError(Exception):
    """One layer of a model cannot be expressed; the text says why."""


@dataclass(frozen=True)
class Unknown:
    """The result of a layer that was refused, where no placeholder stands in for it."""


@dataclass(frozen=True)
class Activation:
    """A function of one value: its kind and options."""

    kind: str
    options: Mapping[str, Any]

    def op(self) -> Elementwise:
        """The op itself."""
        return ACTIVATIONS[self.kind](**self.options)


class GraphBuilder:
    """Collects the nodes of a network, their arrays and what was refused."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._params: dict[str, dict[str, Numbers]] = {}
        self._shapes: dict[str, Shape] = {}
        self._refused: list[tuple[str, str, str]] = []
        self._input = INPUT

    def add_input(self, shape: Shape) -> str:
        """Give the input a shape; a vector comes as one row of pixels, which is flattened.

        Returns:
            The tensor that layers read.
        """
        self._shapes[INPUT] = Shape.maps(1, 1, shape.channels) if shape.is_vector else shape
        self._input = self.add("flatten", "flatten", [INPUT], {}) if shape.is_vector else INPUT
        return self._input

    def as_output(self, name: str) -> str:
        """A tensor as an output; where it is the input itself, by a layer that changes nothing."""
        return self.add("output", "dropout", [name], {"rate": 0.0}) if name == self._input else name

    def shape(self, name: str) -> Shape:
        """The shape of a tensor."""
        return self._shapes[name]

    def refuse(self, kind: str, name: str, reason: str) -> None:
        """Remember a layer that cannot be expressed."""
        self._refused.append((kind, name, reason))

    def unique(self, wanted: str) -> str:
        """`wanted` as a layer name that is free: `conv`, `conv_2`, `conv_3`."""
        base = _FOREIGN.sub("_", wanted)[:LONGEST_NAME] or "layer"
        if not base[0].isalnum():
            base = f"_{base[1:]}" if base[0] != "_" else base
        name, count = base, 1
        while name in self._shapes or name in (INPUT, PIXELS):
            count += 1
            name = f"{base}_{count}"
        return name

    def add_placeholder(self, wanted: str, shape: Shape) -> str:
        """A tensor in the place of a refused layer's, so that the layers after it can be checked."""
        name = self.unique(wanted)
        self._shapes[name] = shape
        return name

    def add(
        self,
        wanted: str,
        kind: str,
        inputs: Sequence[str],
        options: Mapping[str, Any],
        params: Mapping[str, Numbers] | None = None,
        activation: Activation | None = None,
    ) -> str:
        """Add a node.

        Args:
            wanted: its name, made unique.
            kind: of the layer, a key of `OPS`.
            inputs: names of tensors.
            options: of the layer.
            params: its arrays in the shapes that the layer asks for.
            activation: applied to its result.

        Returns:
            The name it got.

        Raises:
            RefusalError: if the layer does not take these options or shapes.
        """
        try:
            op = OPS[kind](**options)
            function = activation.op() if activation else None
            shape = op.out_shape([self._shapes[name] for name in inputs])
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RefusalError(f"{kind}: {place}: {first['msg']}, found {first['input']!r}") from None
        except ShapeMismatchError as error:
            raise RefusalError(f"{kind}: {error}") from None
        name = self.unique(wanted)
        self._nodes.append(Node(name, op, tuple(inputs), function))
        self._shapes[name] = shape
        if params:
            self._params[name] = dict(params)
        return name

    def check(self, where: str) -> None:
        """Refuse the model if anything in it was refused.

        Raises:
            UnsupportedError: listing every such layer with its kind and name.
        """
        if self._refused:
            listed = "".join(f"\n  {kind} '{name}': {reason}" for kind, name, reason in self._refused)
            layers = "layer" if len(self._refused) == 1 else "layers"
            raise UnsupportedError(
                f"{where}: {len(self._refused)} {layers} cannot be expressed in a workbook; "
                f"replace or remove:{listed}"
            )

    def model(self, name: str, outputs: Sequence[str], labels: Iterable[str], where: str) -> Model:
        """The finished model.

        Raises:
            UnsupportedError: see `check`.
            ShapeError, SpecError, WeightsError: see `Graph.of` and `Model.of`.
        """
        self.check(where)
        distinct = list(dict.fromkeys(outputs))
        graph = Graph.of(network_name(name), INPUT, self._shapes[INPUT], self._nodes, distinct, tuple(labels))
        needed = {node.name for node in graph.nodes}
        arrays: dict[str, dict[str, Array]] = {}
        for layer in list(self._params):
            group = self._params.pop(layer)
            if layer in needed:  # each array goes as soon as it is converted
                arrays[layer] = {
                    key: decimal(group.pop(key), f"{where}: '{layer}.{key}'") for key in list(group)
                }
        return Model.of(graph, arrays, where)


def network_name(name: str) -> str:
    """A text that may be a network's name."""
    return _FOREIGN_TITLE.sub("_", name).strip(" -_.")[:LONGEST_NAME] or "network"


def compact(value: Sequence[float]) -> Any:
    """An option with a number per axis or side as one number, where all its numbers are the same."""
    return value[0] if len(set(value)) == 1 else tuple(value)


def import_optional(module: str, extra: str) -> Any:
    """Import an optional package.

    Raises:
        SpecError: if it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        raise SpecError(f"{module} is not installed; pip install sheetcnn[{extra}]") from None
