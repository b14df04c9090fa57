"""Reads an .onnx file: its nodes, its constants (external data too), its input and its outputs.

Nothing here knows a layer. The `onnx` package parses the file; it is imported where it is used, so
that sheetcnn works without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetcnn.errors import SpecError
from sheetcnn.importers.graph_builder import import_optional
from sheetcnn.importers.onnx.wire import read_slim

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

OLDEST_OPSET = 7
REMEDY = "export the model again"
OWN_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class OnnxNode:
    """One node: an operator, the values that it reads and writes, its attributes.

    Attributes:
        kind: the operator, with the domain before it where it is not ONNX's own.
        name: the node's, or that of its first output.
        inputs: names of values; "" stands for an optional input that is left out.
        outputs: likewise.
        attributes: numbers, texts, lists of them, or ONNX's own objects.
        proto: the node as it stands in the file; None for one that stands for several.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: NodeProto | None = None


@dataclass(frozen=True)
class OnnxInput:
    """The input: its name and its axes, each a number, the name of a dynamic size, or "" (unknown).

    `dims` is None where the file says nothing about the shape.
    """

    name: str
    dims: tuple[int | str, ...] | None


@dataclass(frozen=True)
class LazyTensor:
    """An initialiser whose bytes were left in the file: without them, and where they are."""

    header: TensorProto
    offset: int
    length: int

    @property
    def dims(self) -> Sequence[int]:
        """Its shape."""
        return tuple(self.header.dims)


@dataclass(frozen=True)
class OnnxFile:
    """What an .onnx file holds, pruned to the nodes that its outputs need."""

    path: Path
    opset: int
    nodes: tuple[OnnxNode, ...]
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, TensorProto | LazyTensor]

    def constant(self, name: str) -> np.ndarray:
        """The array of an initialiser."""
        return self.array(self.tensors[name], name)

    def array(self, tensor: TensorProto | LazyTensor, name: str) -> np.ndarray:
        """The array of a tensor, wherever its bytes are.

        Raises:
            SpecError: if the bytes do not fit its shape, or lie where they may not.
        """
        import onnx

        header = tensor.header if isinstance(tensor, LazyTensor) else tensor
        if any(d < 0 for d in header.dims):
            raise SpecError(f"{self.path}: '{name}' has the negative shape {list(header.dims)}; {REMEDY}")
        if header.data_type == onnx.TensorProto.STRING:
            raise SpecError(f"{self.path}: '{name}' holds texts, not numbers; {REMEDY}")
        if header.data_location == onnx.TensorProto.EXTERNAL:
            return self._external(header, name)
        if isinstance(tensor, LazyTensor):
            return self._from_file(header, name, self.path, tensor.offset, tensor.length)
        return self._decoded(header, name)

    def _decoded(self, tensor: TensorProto, name: str) -> np.ndarray:
        from onnx import numpy_helper

        try:
            return numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, MemoryError) as error:
            raise SpecError(
                f"{self.path} is damaged: the data of '{name}' does not fit its shape {list(tensor.dims)} "
                f"({error}); {REMEDY}"
            ) from None

    def _external(self, tensor: TensorProto, name: str) -> np.ndarray:
        """Bytes from a file beside the model, and from nowhere else."""
        entry = {e.key: e.value for e in tensor.external_data}
        where = f"{self.path}: the data of '{name}'"
        location = entry.get("location", "")
        folder = self.path.parent.resolve()
        file = (folder / location).resolve()
        if not location or Path(location).is_absolute() or not file.is_relative_to(folder):
            raise SpecError(
                f"{where} lies at '{location}', outside the model's own directory; save the model with its "
                "data beside it"
            )
        if not file.is_file():
            raise SpecError(f"{where} lies in '{location}', which is missing; put it beside the model")
        size = file.stat().st_size
        try:
            offset = int(entry.get("offset") or 0)
            length = int(entry.get("length") or size - offset)
        except ValueError:
            offset = length = -1
        if offset < 0 or length < 0 or offset + length > size:
            raise SpecError(
                f"{where} is meant to be {entry.get('length', 'all')} bytes from byte "
                f"{entry.get('offset', 0)} of '{location}', which has {size}; {REMEDY}"
            )
        return self._from_file(tensor, name, file, offset, length)

    def _from_file(self, tensor: TensorProto, name: str, file: Path, offset: int, length: int) -> np.ndarray:
        """Bytes that lie in a file, without a copy where NumPy can read them itself."""
        import onnx

        plain: dict[int, str] = {onnx.TensorProto.FLOAT: "<f4", onnx.TensorProto.DOUBLE: "<f8"}
        dtype, size = np.dtype(plain.get(tensor.data_type, "V0")), size_of(tensor.dims)
        if dtype.itemsize and size * dtype.itemsize == length:
            flat: np.ndarray = np.fromfile(file, dtype, size, offset=offset)
            return flat.reshape(list(tensor.dims))
        whole = onnx.TensorProto()
        whole.CopyFrom(tensor)
        del whole.external_data[:]
        whole.data_location = onnx.TensorProto.DEFAULT
        with file.open("rb") as stream:
            stream.seek(offset)
            whole.raw_data = stream.read(length)
        return self._decoded(whole, name)


def read_file(path: Path) -> OnnxFile:
    """Parse an .onnx file.

    Raises:
        SpecError: if `onnx` is not installed, or the file is missing, damaged or too old.
    """
    model, places = _parse(path)
    opset = _opset(model, path)
    graph = model.graph
    if not graph.node or not graph.output:
        raise SpecError(f"{path} is damaged: it holds no nodes or no outputs; {REMEDY}")
    _check_names(graph, path)
    tensors = {
        tensor.name: LazyTensor(tensor, *places[n]) if n in places else tensor
        for n, tensor in enumerate(graph.initializer)
    }
    outputs = tuple(dict.fromkeys(value.name for value in graph.output))
    sparse = {tensor.values.name for tensor in graph.sparse_initializer}
    if sparse:
        raise SpecError(f"{path} holds sparse tensors ({', '.join(sorted(sparse))}); export dense ones")
    nodes = _needed_nodes([_node(node) for node in graph.node], outputs)
    _check(nodes, opset, path)
    read = {name for node in nodes for name in node.inputs} | set(outputs)
    inputs = tuple(i for i in _inputs(graph) if i.name in read and i.name not in tensors)
    return OnnxFile(path, opset, nodes, inputs, outputs, tensors)


def _parse(path: Path) -> tuple[ModelProto, Mapping[int, tuple[int, int]]]:
    """The model without its large arrays, and where in the file those are."""
    onnx, protobuf = import_optional("onnx", "onnx"), import_optional("google.protobuf.message", "onnx")
    if not path.is_file():
        raise SpecError(f"{path} does not exist; name an .onnx file")
    model: ModelProto = onnx.ModelProto()
    try:
        slim = read_slim(path)
        model.ParseFromString(slim.content)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror or error}") from None
    except (protobuf.DecodeError, ValueError, RecursionError) as error:
        raise SpecError(
            f"{path} is not a whole ONNX file ({' '.join(str(error).split())}); it may be truncated: "
            f"copy it or {REMEDY}"
        ) from None
    if not model.HasField("graph"):
        raise SpecError(f"{path} is not a whole ONNX file (it holds no graph); copy it or {REMEDY}")
    return model, slim.places


def _opset(model: ModelProto, path: Path) -> int:
    """The version of ONNX's own operators."""
    import onnx

    newest = onnx.defs.onnx_opset_version()
    versions = [o.version for o in model.opset_import if o.domain in OWN_DOMAINS]
    opset = int(versions[0]) if versions else 1
    if opset < OLDEST_OPSET:
        raise SpecError(
            f"{path} has opset {opset}; sheetcnn reads {OLDEST_OPSET} and newer: export the model again or "
            "convert it with onnx.version_converter"
        )
    if opset > newest:
        raise SpecError(
            f"{path} has opset {opset}, but the installed onnx {onnx.__version__} knows up to {newest}; "
            "pip install --upgrade onnx"
        )
    return opset


def _node(proto: NodeProto) -> OnnxNode:
    from onnx import AttributeProto, helper

    attributes: dict[str, Any] = {}
    for attribute in proto.attribute:
        # A graph, and a value without a type, are kept as they are: no rule reads them.
        known = attribute.type not in (AttributeProto.UNDEFINED, AttributeProto.GRAPH, AttributeProto.GRAPHS)
        value = helper.get_attribute_value(attribute) if known else attribute
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif not isinstance(value, int | float | str) and isinstance(value, Iterable):
            value = list(value)
        attributes[attribute.name] = value
    kind = proto.op_type if proto.domain in OWN_DOMAINS else f"{proto.domain}.{proto.op_type}"
    outputs = tuple(proto.output)
    name = proto.name or next((o for o in outputs if o), kind)
    return OnnxNode(kind, name, tuple(proto.input), outputs, attributes, proto)


def _check_names(graph: GraphProto, path: Path) -> None:
    """Refuse names that are not text in UTF-8, which the parser hands over as bytes."""
    names: list[object] = [value.name for value in (*graph.input, *graph.output, *graph.initializer)]
    for node in graph.node:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
    for name in names:
        if not isinstance(name, str):
            raise SpecError(f"{path} is damaged: the name {name!r} is no text in UTF-8; {REMEDY}")


def _check(nodes: Iterable[OnnxNode], opset: int, path: Path) -> None:
    """Refuse operators of ONNX with inputs, outputs or attributes that they cannot have."""
    import onnx

    context = onnx.checker.C.CheckerContext()
    context.ir_version = onnx.IR_VERSION
    context.opset_imports = {"": opset}
    for node in nodes:
        if (
            node.proto is None
            or not onnx.defs.has(node.kind, opset)
            or onnx.defs.get_schema(node.kind, opset).deprecated
        ):
            continue  # an unknown operator is refused with all that cannot be expressed
        try:
            onnx.checker.check_node(node.proto, context)
        except onnx.checker.ValidationError as error:
            detail = str(error).partition("\n")[0]
            raise SpecError(
                f"{path} is damaged: node '{node.name}' ({node.kind}) of opset {opset}: {detail}; {REMEDY}"
            ) from None


def _needed_nodes(nodes: list[OnnxNode], outputs: Iterable[str]) -> tuple[OnnxNode, ...]:
    """The nodes that the outputs need."""
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(name for name in node.inputs if name)
    return tuple(reversed(kept))


def _inputs(graph: GraphProto) -> Iterable[OnnxInput]:
    for value in graph.input:
        kind = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
            yield OnnxInput(value.name, None)
            continue
        dims = [d.dim_value if d.HasField("dim_value") else d.dim_param for d in kind.shape.dim]
        yield OnnxInput(value.name, tuple(dims))


def size_of(dims: Iterable[int]) -> int:
    """The number of values of an array of these dimensions."""
    return math.prod(int(d) for d in dims)
