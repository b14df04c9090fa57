"""Where Keras keeps the arrays of a layer, in the two formats.

**`.keras`** (`model.weights.h5` in the zip archive). A model's layers stand in the group `layers`, and
each layer's variables in its group `vars` under their numbers, in the order in which the layer made
them: `layers/conv2d_1/vars/0` is the kernel, `/1` the bias. The group is *not* named after the layer
but after its class, in snake case and counted in the order of `config.json`: the second Conv2D is
`conv2d_1` whatever its name is, a ReLU is `re_lu`. In files of newer
versions `vars` has the attribute `name` with the layer's own name, which is believed where it is there.
Operations that are no layers (`x * 2`) have no group and do not count. A model within a model has its
own group `layers`
(`layers/sequential/layers/conv2d/vars/0`).

**`.h5`** (whole model). The group `model_weights` has a group for each layer of the outermost model,
under the layer's name. Within are the variables by their paths, `conv/kernel` (`conv/kernel:0` in
Keras 2); for a model within the model the path goes on, `sub/conv/kernel`.

A file may come from anywhere: links to other files, arrays stored elsewhere and arrays that claim far
more than the file holds are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Protocol

import numpy as np

from sheetcnn.importers.graph_builder import Numbers
from sheetcnn.importers.model_archive import LARGEST_RATIO, SMALL

_WORD_BOUNDARY = re.compile(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")


class StoreError(ValueError):
    """What stands in the file cannot be an array of a layer."""


@contextmanager
def h5py_errors() -> Iterator[None]:
    """Turn what h5py raises for damaged files into a `StoreError`."""
    try:
        yield
    except (RuntimeError, OSError, KeyError) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise StoreError(f"the file is damaged ({reason})") from None


class Store(Protocol):
    """The arrays of a layer, or of a model and its layers."""

    def layers(self, configs: Sequence[Mapping[str, Any]]) -> list[Store]:
        """The stores of a model's layers, for their entries in its configuration."""

    def arrays(self, names: Sequence[str]) -> dict[str, Numbers]:
        """A layer's arrays by name.

        Args:
            names: of its variables, in the order in which the layer makes them.

        Raises:
            StoreError: if one is missing.
        """


@dataclass(frozen=True)
class NumberedStore:
    """A group of `model.weights.h5`; None where the file has none for the layer."""

    group: Any

    @h5py_errors()
    def layers(self, configs: Sequence[Mapping[str, Any]]) -> list[Store]:
        """By the names in the file, or else by the count of each class."""
        parent = self._inside("layers")
        if parent is None:
            return [NumberedStore(None) for _ in configs]
        named = {}
        for key in parent:
            child = _child(parent, key)
            own = _child(child, "vars") if _is_group(child) and "vars" in child else None
            if own is not None and isinstance(own.attrs.get("name"), str):
                named[own.attrs["name"]] = child
        counts: dict[str, int] = {}
        found: list[Store] = []
        for config in configs:
            if _is_operation(config):
                found.append(NumberedStore(None))
                continue
            word = _WORD_BOUNDARY.sub("_", str(config["class_name"])).lower()
            count = counts.setdefault(word, 0)
            counts[word] += 1
            key = f"{word}_{count}" if count else word
            by_class = _child(parent, key) if key in parent else None
            name = config.get("name") or config["config"].get("name")
            found.append(NumberedStore(named.get(name, by_class)))
        return found

    @h5py_errors()
    def arrays(self, names: Sequence[str]) -> dict[str, Numbers]:
        """By number."""
        variables = self._inside("vars")
        if names and variables is None:
            raise StoreError("the file holds no weights for it")
        return {name: _array(variables, str(n)) for n, name in enumerate(names)}

    def _inside(self, name: str) -> Any:
        return _child(self.group, name) if self.group is not None and name in self.group else None


@dataclass(frozen=True)
class NamedStore:
    """The group `model_weights` of an `.h5` file, and the path of a layer in it."""

    group: Any
    path: tuple[str, ...] = ()
    _paths: dict[str, list[str]] = field(default_factory=dict)

    def layers(self, configs: Sequence[Mapping[str, Any]]) -> list[Store]:
        """By the layers' names."""
        names = [str(config.get("name") or config["config"]["name"]) for config in configs]
        return [NamedStore(self.group, (*self.path, name), self._paths) for name in names]

    @h5py_errors()
    def arrays(self, names: Sequence[str]) -> dict[str, Numbers]:
        """By the variables' names: the last two parts of their paths."""
        return {name: self._find(name) for name in names}

    def _find(self, variable: str) -> Numbers:
        top, wanted = self.path[0], [*self.path, variable]
        if top not in self.group:
            raise StoreError("the file holds no weights for it")
        group = _child(self.group, top)
        if top not in self._paths:
            self._paths[top] = _datasets(group)
        scores = {}
        for path in self._paths[top]:
            parts = [re.sub(r":\d+$", "", part) for part in path.split("/")]
            pairs = zip(reversed(wanted), reversed(parts), strict=False)
            scores[path] = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        best = max(scores, key=scores.__getitem__, default="")
        if not best or scores[best] < 2:
            raise StoreError(f"the file holds no array '{variable}' for it")
        return _array(group, best)


def _is_operation(config: Mapping[str, Any]) -> bool:
    """Whether an entry of a configuration is an operation and no layer."""
    return str(config.get("module") or "").startswith(("keras.src.ops", "keras.ops"))


def _is_group(item: object) -> bool:
    return hasattr(item, "keys") and not hasattr(item, "dtype")


def _child(group: Any, name: str) -> Any:
    """What stands in a group under a name, unless it is a link to elsewhere."""
    for part in name.split("/"):
        kind = type(group.get(part, getlink=True)).__name__
        if kind in ("ExternalLink", "SoftLink"):
            raise StoreError(f"'{name}' in the file is a link to elsewhere")
        group = group[part]
    return group


def _datasets(group: Any, before: str = "", depth: int = 0) -> list[str]:
    """The paths of all arrays in a group."""
    if depth > 32:
        raise StoreError("groups are nested too deeply")
    found = []
    for key in group:
        child = _child(group, key)
        found += _datasets(child, f"{before}{key}/", depth + 1) if _is_group(child) else [f"{before}{key}"]
    return found


def _array(group: Any, path: str) -> Numbers:
    if path not in group:
        raise StoreError(f"the file holds no array {path} for it")
    dataset = _child(group, path)
    if _is_group(dataset) or dataset.external or dataset.is_virtual or dataset.shape is None:
        raise StoreError(f"'{path}' in the file is no plain array")
    size, stored = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if size > SMALL and size > LARGEST_RATIO * stored:
        raise StoreError(f"'{path}' claims {size:,} bytes, of which the file holds {stored:,}")
    return np.asarray(dataset[()])
