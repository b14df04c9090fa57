"""The layer spec: a mapping (from YAML, JSON or TOML) to a graph, and back.

::

    name: digits
    input: {channels: 1, height: 8, width: 8, divide: 255}
    labels: ["0", "1"]
    layers:
      - {kind: conv2d, name: conv1, filters: 4, kernel_size: 3, padding: same, activation: relu}
      - {kind: flatten}
      - {kind: dense, units: 2}

A layer reads the layer before it unless it names its `inputs`.
"""

from __future__ import annotations

import difflib
import json
import re
import reprlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sheetcnn.errors import ShapeError, SpecError
from sheetcnn.importers.spec.option_text import allowed_text, allowed_words
from sheetcnn.labels import LONGEST_NAME, label_problem
from sheetcnn.model.graph import INPUT, PIXELS, Graph, Node
from sheetcnn.model.ops import ACTIVATIONS, OPS, Elementwise
from sheetcnn.model.ops.rescale import Rescale
from sheetcnn.shape import Shape

T = TypeVar("T", bound=BaseModel)

LARGEST_FILE = 16 << 20
MOST_NOTES = 20
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:-]*")
_ENVELOPE = ("kind", "name", "inputs", "activation", "weights")

Size = Annotated[int, Field(ge=1, le=1_000_000)]
PerChannel = Annotated[
    float | tuple[float, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)
]


class InputSpec(BaseModel):
    """What goes into the network: its size, and `(pixel / divide - mean) / std`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    channels: Size
    height: Size
    width: Size
    divide: Annotated[float, Field(gt=0)] = 1.0
    mean: PerChannel = 0.0
    std: PerChannel = 1.0


def read_mapping(path: Path) -> object:
    """The content of a .yaml, .yml, .json or .toml file.

    Raises:
        SpecError: if it cannot be read or parsed.
    """
    try:
        if path.is_dir():
            raise SpecError(f"{path} is a directory without a spec; name the .yaml, .json or .toml file")
        if path.stat().st_size > LARGEST_FILE:
            raise SpecError(f"{path} has {path.stat().st_size:,} bytes; a spec has at most {LARGEST_FILE:,}")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path} is not text in UTF-8 (byte {error.start}); save the spec as UTF-8") from None
    try:
        if path.suffix == ".json":
            return json.loads(text)
        if path.suffix == ".toml":
            return _toml(text)
        return _yaml(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path} cannot be parsed: {' '.join(str(error).split())}") from None


def _toml(text: str) -> object:
    try:
        tomllib = import_module("tomllib")
    except ModuleNotFoundError:  # Python 3.10
        tomllib = import_module("tomli")
    return tomllib.loads(text)


def _yaml(text: str) -> object:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key that is given twice, which YAML forbids and PyYAML lets pass."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for key in keys:
                if keys.count(key) > 1:
                    raise ValueError(f"line {node.start_mark.line + 1}: the key '{key}' is given twice")
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506  (a subclass of SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def parse(data: object, where: str) -> Graph:
    """A graph from the content of a spec.

    Args:
        data: mappings, lists, texts and numbers.
        where: the file, for messages.

    Raises:
        SpecError: with file, path in the spec, what was found, what is allowed and the nearest word.
        ShapeError: for layers whose shapes do not fit.
    """
    spec = _mapping(data, where, "the spec")
    _known(spec, ("name", "input", "labels", "layers", "outputs", "notes"), where, "")
    for key in ("input", "layers"):
        if key not in spec:
            raise SpecError(f"{where}: '{key}' is missing at the top of the spec")
    scaling = _options(InputSpec, _mapping(spec["input"], where, "input"), where, "input")
    source, nodes = _scaled(scaling, where)
    layers = spec["layers"]
    if not isinstance(layers, list) or not layers:
        raise _wrong(f"{where}: layers", layers, "is a list of at least one layer")
    before, counts = INPUT, dict.fromkeys(OPS, 0)
    for n, layer in enumerate(layers):
        node = _layer(layer, before, counts, where, f"layers[{n}]")
        if node.name in (INPUT, PIXELS):
            raise SpecError(f"{where}: layers[{n}].name: '{node.name}' is the input's name; choose another")
        nodes.append(node)
        before = node.name
    name = spec.get("name", Path(where).stem)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise _wrong(f"{where}: name", name, f"is a text of 1 to {LONGEST_NAME} characters")
    reason = label_problem(name)
    if reason:
        raise SpecError(f"{where}: name: {name!r} {reason}")
    outputs = _texts(spec.get("outputs", []), where, "outputs")
    labels = _labels(spec.get("labels", []), where)
    notes = _notes(spec.get("notes", {}), where)
    shape = Shape.maps(scaling.channels, scaling.height, scaling.width)
    try:
        return Graph.of(name, source, shape, nodes, outputs, labels, notes)
    except (SpecError, ShapeError) as error:
        raise type(error)(f"{where}: {error}") from None


def dump(graph: Graph) -> dict[str, Any]:
    """The spec of a graph: `parse(dump(g))` is `g` again."""
    shape = graph.source_shape
    source: dict[str, Any] = {"channels": shape.channels, "height": shape.height, "width": shape.width}
    layers: list[dict[str, Any]] = []
    for node in graph.nodes:
        options = node.op.model_dump(mode="json", exclude_defaults=True)
        if isinstance(node.op, Rescale):
            source |= {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in options.items()}
            continue
        layer: dict[str, Any] = {"kind": node.op.kind, "name": node.name, **options}
        before = layers[-1]["name"] if layers else INPUT
        if node.inputs != (before,):
            layer["inputs"] = list(node.inputs)
        if node.weights:
            layer["weights"] = node.weights
        if node.activation is not None:
            own = node.activation.model_dump(mode="json", exclude_defaults=True)
            layer["activation"] = {"kind": node.activation.kind, **own} if own else node.activation.kind
        layers.append(layer)
    spec: dict[str, Any] = {"name": graph.name, "input": source}
    if graph.labels:
        spec["labels"] = list(graph.labels)
    spec["layers"] = layers
    if graph.outputs != (layers[-1]["name"],):
        spec["outputs"] = list(graph.outputs)
    if graph.notes:
        spec["notes"] = dict(graph.notes)
    return spec


def _scaled(scaling: InputSpec, where: str) -> tuple[str, list[Node]]:
    """The source's name, and the node that scales it where anything is to be scaled."""
    per_channel = {}
    for key in ("mean", "std"):
        value = getattr(scaling, key)
        values = value if isinstance(value, tuple) else (value,)
        if len(values) not in (1, scaling.channels):
            raise SpecError(
                f"{where}: input.{key}: there are {len(values)} values for {scaling.channels} channels; "
                "give one for all or one for each"
            )
        per_channel[key] = values
    if min(per_channel["std"]) <= 0:
        raise SpecError(f"{where}: input.std: found {min(per_channel['std']):g}; allowed are numbers above 0")
    op = Rescale(divide=scaling.divide, **per_channel)
    if op.divide == 1 and not any(op.mean) and all(s == 1 for s in op.std):
        return INPUT, []
    return PIXELS, [Node(INPUT, op, (PIXELS,))]


def _layer(data: object, before: str, counts: dict[str, int], where: str, path: str) -> Node:
    layer = dict(_mapping(data, where, path))
    if "kind" not in layer:
        raise SpecError(f"{where}: {path}.kind is missing; allowed are {_kinds()}")
    kind = layer["kind"]
    if not isinstance(kind, str) or kind not in OPS or not OPS[kind].in_spec:
        raise _wrong(f"{where}: {path}.kind", kind, f"are {_kinds()}", _nearest(kind, OPS))
    op_type = OPS[kind]
    counts[kind] += 1
    name = layer.get("name", f"{kind}_{counts[kind]}")
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        allowed = f"letters, digits and _ . / : - (at most {LONGEST_NAME}, a letter, digit or _ first)"
        raise _wrong(f"{where}: {path}.name", name, f"are {allowed}")
    path = f"{path} ({name})"
    inputs = _texts(layer.get("inputs", [before]), where, f"{path}.inputs")
    activation = None
    if op_type.takes_activation:
        activation = _activation(layer.get("activation"), where, f"{path}.activation")
    envelope = [k for k in _ENVELOPE if k != "activation" or op_type.takes_activation]
    _known(layer, (*envelope, *op_type.model_fields), where, path)
    options = {k: v for k, v in layer.items() if k not in _ENVELOPE}
    weights = layer.get("weights", "")
    if not isinstance(weights, str):
        raise _wrong(f"{where}: {path}.weights", weights, "is the name of a layer")
    return Node(name, _options(op_type, options, where, path), tuple(inputs), activation, weights)


def _activation(value: object, where: str, path: str) -> Elementwise | None:
    if value is None:
        return None
    options: Mapping[str, object] = {}
    kind = value
    if isinstance(value, Mapping):
        options = {k: v for k, v in value.items() if k != "kind"}
        kind = value.get("kind")
    if not isinstance(kind, str) or kind not in ACTIVATIONS:
        near = _nearest(kind, ACTIVATIONS)
        raise _wrong(f"{where}: {path}", value, f"are {', '.join(ACTIVATIONS)}", near)
    _known(options, tuple(ACTIVATIONS[kind].model_fields), where, path)
    return _options(ACTIVATIONS[kind], options, where, path)


def _options(model: type[T], data: Mapping[str, object], where: str, path: str) -> T:
    """The validated options, or one message about the first that is wrong."""
    _known(data, tuple(model.model_fields), where, path)
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        problem = error.errors()[0]
        key = str(problem["loc"][0]) if problem["loc"] else ""
        schema = model.model_json_schema()["properties"].get(key, {})
        place = f"{path}.{key}" if key else path
        if problem["type"] == "missing":
            raise SpecError(f"{where}: {place} is missing; allowed is {allowed_text(schema)}") from None
        if problem["type"] == "value_error":
            raise SpecError(f"{where}: {place}: {problem['msg'].removeprefix('Value error, ')}") from None
        found = data.get(key)
        near = _nearest(found, allowed_words(schema))
        raise _wrong(f"{where}: {place}", found, f"is {allowed_text(schema)}", near) from None


def _mapping(data: object, where: str, path: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise _wrong(f"{where}: {path}", data, "is a mapping of keys to values")
    return data


def _known(data: Mapping[str, object], allowed: tuple[str, ...], where: str, path: str) -> None:
    for key in data:
        if key not in allowed:
            place = f"{path}.{key}" if path else str(key)
            raise SpecError(
                f"{where}: {place}: unknown key{_nearest(key, allowed)}; "
                f"allowed are {', '.join(allowed) or 'none'}"
            )


def _nearest(word: object, allowed: object) -> str:
    """`; did you mean 'same'?`, where an allowed word is near."""
    if not isinstance(word, str):
        return ""
    near = difflib.get_close_matches(word.lower(), [str(a) for a in allowed], 1, 0.5)  # type: ignore[attr-defined]
    return f" (did you mean '{near[0]}'?)" if near else ""


def _kinds() -> str:
    return ", ".join(kind for kind, op in OPS.items() if op.in_spec)


def _wrong(place: str, found: object, allowed: str, near: str = "") -> SpecError:
    """The error for a value; `allowed` begins with "is" or "are"."""
    shown = "nothing" if found is None else reprlib.repr(found)
    return SpecError(f"{place}: found {shown}{near}; allowed {allowed}")


def _texts(value: object, where: str, path: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise _wrong(f"{where}: {path}", value, "is a list of layer names")
    return value


def _notes(value: object, where: str) -> list[tuple[str, str]]:
    """What a spec tells about its network: short texts by what they are about."""
    found = []
    for key, words in _mapping(value, where, "notes").items():
        for what in (key, words):
            if not isinstance(what, str) or not what.strip():
                example = 'notes: {accuracy: "98 % of 360 held-out images"}'
                raise _wrong(f"{where}: notes.{key}", what, f"is a text, in quotes: {example}")
            reason = label_problem(what)
            if reason:
                raise SpecError(f"{where}: notes.{key}: {what!r} {reason}")
        found.append((key, str(words)))
    if len(found) > MOST_NOTES:
        raise SpecError(f"{where}: notes: there are {len(found)}; allowed are {MOST_NOTES}")
    return found


def _labels(value: object, where: str) -> list[str]:
    if not isinstance(value, list):
        raise _wrong(f"{where}: labels", value, "is a list of texts")
    labels = []
    for n, label in enumerate(value):
        if isinstance(label, bool) or not isinstance(label, str | int | float):
            raise _wrong(f"{where}: labels[{n}]", label, 'is a text, in quotes: "yes"')
        if label == "":
            raise SpecError(f"{where}: labels[{n}]: is empty; give every class a text")
        labels.append(str(label))
    return labels
