"""A `.pt2` file as a `TorchProgram`, read as data; PyTorch itself is not needed.

`torch.export.load` is not safe on a file from elsewhere: where an entry cannot be loaded with
`weights_only=True` it is unpickled without (`torch._export.serde.serialize.deserialize_torch_artifact`),
weights of tensor subclasses and custom objects always are (`torch.export.pt2_archive._package`),
symbolic sizes are evaluated as Python expressions, and compiled libraries in the package are loaded.
So it is not used. The archive (format `pt2`, since PyTorch 2.8) is a zip file:

- `models/model.json`: the graph. Each node has the operator's name, its arguments, its module;
- `data/weights/model_weights_config.json`, `data/constants/model_constants_config.json`: for each
  parameter, buffer and constant its file, type, sizes and strides;
- `data/weights/weight_0` ...: the plain bytes of the arrays.

That is all that is read here. Pickled weights, custom objects and compiled libraries are refused; the
pickled example inputs are left alone. Files of the older format (`serialized_exported_program.json`,
PyTorch 2.1 to 2.7) hold pickled weights only, and are refused with the advice to save them again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sheetcnn.errors import SpecError, WeightsError
from sheetcnn.importers.graph_builder import Numbers
from sheetcnn.importers.model_archive import ModelArchive
from sheetcnn.importers.torch.program import AtenCall, Constant, Dims, Dtype, TorchProgram, ValueName

_REMEDY = "save it again with torch.export.save"
_SCHEMA = 8
_LARGEST_RANK = 16
_LARGEST_REPEATED = 1 << 24  # numbers of an array that repeats fewer (stride 0)
_TYPES = {1: "<u1", 2: "<i1", 3: "<i2", 4: "<i4", 5: "<i8", 6: "<f2", 7: "<f4", 8: "<f8", 12: "?", 13: "<u2"}
_BFLOAT16 = 13
_FLOATING = frozenset((6, 7, 8, _BFLOAT16))
_SYMBOL = re.compile(r"s\d+|Symbol\('s\d+'[^()]*\)")
_OLD = "serialized_exported_program.json"
_PLAIN = frozenset(f"as_{kind}{s}" for kind in ("int", "float", "string", "bool") for s in ("", "s"))
_IGNORED = frozenset(("as_memory_format", "as_layout", "as_device"))


def read_program(path: Path) -> TorchProgram:
    """Read the program of a `.pt2` file.

    Raises:
        SpecError: the file cannot be read, is damaged or of another version.
        WeightsError: it holds what only unpickling could read.
    """
    with ModelArchive(path, _REMEDY) as archive:
        try:
            return _read(archive)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError) as error:
            raise archive.damaged(f"{type(error).__name__}: {error}") from None


def _read(archive: ModelArchive) -> TorchProgram:
    if _OLD in archive.names:
        raise SpecError(
            f"{archive.path} is a .pt2 file of PyTorch 2.7 or older, with pickled weights; load it where you "
            "trust it and save it again with torch.export.save of PyTorch 2.8 or newer"
        )
    models = sorted(name for name in archive.names if re.search(r"(^|/)models/[^/]+\.json$", name))
    if any("/aotinductor/" in name for name in archive.names) and not models:
        raise SpecError(f"{archive.path} holds a compiled library, no graph; {_REMEDY}")
    if len(models) != 1:
        raise archive.damaged(f"it holds {len(models)} graphs")
    root, _, file = models[0].rpartition("models/")
    name = file.removesuffix(".json")
    if f"{root}byteorder" in archive.names and archive.read(f"{root}byteorder", 16) != b"little":
        raise archive.damaged("its numbers are big-endian")
    content = _mapping(archive.json(models[0]))
    version = content["schema_version"]["major"]
    if version != _SCHEMA:
        raise archive.damaged(f"schema version {version}, known is {_SCHEMA}")
    arrays = {
        **_arrays(archive, f"{root}data/weights/", f"{name}_weights_config.json"),
        **_arrays(archive, f"{root}data/constants/", f"{name}_constants_config.json"),
    }
    return _program(_mapping(content["graph_module"]), arrays)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"a mapping is needed, not {type(value).__name__}")
    return value


def _arrays(archive: ModelArchive, folder: str, config: str) -> dict[str, Numbers]:
    """The arrays that a configuration lists, by name."""
    entries = _mapping(_mapping(archive.json(folder + config))["config"])
    files: dict[str, bytes] = {}
    found = {}
    for name, entry in entries.items():
        if entry["use_pickle"]:
            raise WeightsError(
                f"{archive.path}: '{name}' is stored as a pickle, which could run code; make it a plain "
                "tensor and save the program again with torch.export.save"
            )
        file = entry["path_name"]
        if file not in files:
            files[file] = archive.read(folder + file)
        found[name] = _array(files[file], entry["tensor_meta"], name)
    return found


def _array(content: bytes, meta: Mapping[str, Any], name: str) -> Numbers:
    """A strided view of plain bytes, as an array of its own where it does not fill them."""
    kind = int(meta["dtype"])
    if kind not in _TYPES:
        raise ValueError(f"'{name}' holds numbers of type {kind}")
    flat = np.frombuffer(content, _TYPES[kind])
    if kind == _BFLOAT16:  # the upper half of a float32
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    sizes, strides = (tuple(_integer(n) for n in meta[key]) for key in ("sizes", "strides"))
    offset = _integer(meta["storage_offset"])
    if len(sizes) != len(strides) or len(sizes) > _LARGEST_RANK or min((0, offset, *sizes, *strides)) < 0:
        raise ValueError(f"'{name}' has sizes {sizes}, strides {strides}, offset {offset}")
    if 0 in sizes:
        return np.zeros(sizes, flat.dtype)
    if offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True)) >= flat.size:
        raise ValueError(f"'{name}' reaches beyond its file")
    if math.prod(sizes) > max(flat.size, _LARGEST_REPEATED):
        raise ValueError(f"'{name}' repeats {flat.size} numbers to a size of {sizes}")
    steps = tuple(step * flat.itemsize for step in strides)
    view = np.lib.stride_tricks.as_strided(flat[offset:], sizes, steps, writeable=False)
    return np.ascontiguousarray(view).reshape(sizes)


def _integer(size: Mapping[str, Any]) -> int:
    return int(size["as_int"])


def _program(module: Mapping[str, Any], arrays: Mapping[str, Numbers]) -> TorchProgram:
    """The program that the file describes, with the arrays of its parameters and constants."""
    graph, signature = module["graph"], module["signature"]
    constants, inputs = {}, []
    for spec in signature["input_specs"]:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            inputs += [ref.name for ref in _listed(_value(content["arg"])) if isinstance(ref, ValueName)]
        elif kind in ("parameter", "buffer", "tensor_constant"):
            name = content[f"{kind}_name"]
            constants[content["arg"]["name"]] = Constant(name, arrays[name])
        else:
            raise ValueError(f"an input of kind {kind}")
    outputs: list[object] = []
    for spec in signature["output_specs"]:
        if "user_output" in spec:
            outputs += _listed(_value(spec["user_output"]["arg"]))
    dims = {name: dims for name, meta in graph["tensor_values"].items() if (dims := _dims(meta))}
    calls = tuple(_call(node) for node in graph["nodes"])
    return TorchProgram(tuple(inputs), constants, calls, tuple(outputs), dims)


def _dims(meta: Mapping[str, Any]) -> Dims | None:
    """A shape; a symbolic batch counts as 1, and a shape with another symbol is not known."""
    sizes = []
    for axis, size in enumerate(meta["sizes"]):
        if "as_int" in size:
            sizes.append(int(size["as_int"]))
        elif axis == 0 and _SYMBOL.fullmatch(size["as_expr"]["expr_str"]):
            sizes.append(1)
        else:
            return None
    return tuple(sizes)


def _call(node: Mapping[str, Any]) -> AtenCall:
    args, kwargs = [], {}
    for given in node["inputs"]:
        value = _value(given["arg"])
        if given.get("kind") == 2:
            kwargs[str(given["name"])] = value
        else:
            args.append(value)
    returned = [_value(output) for output in node["outputs"]]
    unpack = len(returned) > 1 or any(isinstance(value, list) for value in returned)
    results = [item.name for value in returned for item in _listed(value) if isinstance(item, ValueName)]
    stack = str(node["metadata"].get("nn_module_stack", "")).split(";")
    visit, path = [*stack[-1].split(","), ""][:2]
    label = node.get("name") or (results[0] if results else "")
    target = str(node["target"]).removeprefix("torch.ops.").removeprefix("_")
    return AtenCall(target, tuple(args), kwargs, tuple(results), unpack, path, visit, label)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a name is a text, not {value!r}")
    return value


def _listed(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _value(arg: Mapping[str, Any]) -> object:
    """An argument: the file names its type."""
    ((kind, content),) = arg.items()
    if kind in _PLAIN:
        return _number(content) if kind in ("as_float", "as_floats") else content
    if kind in ("as_none", *_IGNORED):
        return None
    if kind == "as_scalar_type":
        return Dtype(int(content) in _FLOATING)
    if kind in ("as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"):
        return ValueName(_text(content["name"])) if "name" in content else _symbol(content)
    if kind in ("as_tensors", "as_sym_ints"):
        return [_value({kind[:-1]: item}) for item in content]
    if kind == "as_optional_tensor":
        return _value(content)
    if kind == "as_optional_tensors":
        return [_value(item) for item in content]
    return arg  # whatever takes it refuses it


def _number(content: Any) -> object:
    """JSON has no infinities: they are texts in the file."""
    return [float(x) for x in content] if isinstance(content, list) else float(content)


def _symbol(content: Mapping[str, Any]) -> object:
    ((kind, value),) = content.items()
    return ValueName(_text(value)) if kind == "as_name" else value
