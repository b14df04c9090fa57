"""Leaves the large arrays of an .onnx file out before it is parsed.

protobuf keeps the whole file in memory as long as any part of it is needed, and a second copy of every
array that is taken out: for AlexNet half a gigabyte. Here the bytes of large arrays stay in the file, and
their places are noted, so that each is read when it is needed and forgotten when it is converted.

Of protobuf's encoding this needs to know only how long each field is. Whatever looks unusual is left to
the parser, which says what is wrong with it.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LARGE = 1 << 16
"""Bytes of an array from which on it is left in the file."""

_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9  # numbers of fields, from onnx.proto
_FIXED = {1: 8, 5: 4}  # bytes by wire type
_VARINT, _BYTES = 0, 2  # wire types


@dataclass(frozen=True)
class SlimFile:
    """A file without its large arrays.

    Attributes:
        content: the encoded model, those arrays empty.
        places: first byte and length in the file, by the position among the initialisers.
    """

    content: bytes
    places: Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class _Field:
    number: int
    wire: int
    start: int
    """Of the whole field."""
    first: int
    """Of its content."""
    end: int


class _UnknownEncodingError(Exception):
    pass


def read_slim(path: Path) -> SlimFile:
    """Read an .onnx file, its large arrays left out.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as stream:
        try:
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _slim(data)
        except (_UnknownEncodingError, ValueError):  # an empty file cannot be mapped
            return SlimFile(stream.read(), {})


def _slim(data: mmap.mmap) -> SlimFile:
    fields = list(_fields(data, 0, len(data)))
    graphs = [field for field in fields if field.number == _GRAPH]
    if len(graphs) != 1 or graphs[0].wire != _BYTES:
        raise _UnknownEncodingError
    (graph,) = graphs
    parts: list[bytes] = []
    places: dict[int, tuple[int, int]] = {}
    tensors, copied = 0, graph.first
    for field in _fields(data, graph.first, graph.end):
        if field.number != _INITIALIZER:
            continue
        raw = _large(data, field)
        if raw is not None:
            header = data[field.first : raw.start] + data[raw.end : field.end]
            parts += [data[copied : field.start], _encoded(_INITIALIZER, header)]
            places[tensors] = (raw.first, raw.end - raw.first)
            copied = field.end
        tensors += 1
    parts.append(data[copied : graph.end])
    whole = [data[: graph.start], _encoded(_GRAPH, b"".join(parts)), data[graph.end :]]
    return SlimFile(b"".join(whole), places)


def _large(data: mmap.mmap, tensor: _Field) -> _Field | None:
    """The bytes of a large array; None where the tensor is small, or stored in another way."""
    if tensor.wire != _BYTES or tensor.end - tensor.first < LARGE:
        return None
    raw = [field for field in _fields(data, tensor.first, tensor.end) if field.number == _RAW_DATA]
    if len(raw) != 1 or raw[0].wire != _BYTES or raw[0].end - raw[0].first < LARGE:
        return None
    return raw[0]


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[_Field]:
    """The fields of a message that fills the bytes from `start` to `end`."""
    while start < end:
        key, first = _varint(data, start, end)
        wire = key & 7
        if wire == _VARINT:
            _, after = _varint(data, first, end)
        elif wire == _BYTES:
            length, first = _varint(data, first, end)
            after = first + length
        elif wire in _FIXED:
            after = first + _FIXED[wire]
        else:
            raise _UnknownEncodingError
        if after > end:
            raise _UnknownEncodingError
        yield _Field(key >> 3, wire, start, first, after)
        start = after


def _varint(data: mmap.mmap, place: int, end: int) -> tuple[int, int]:
    """A number, seven bits to a byte, the lowest first; and where it ends."""
    number = shift = 0
    while place < end and shift < 64:
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
    raise _UnknownEncodingError


def _encoded(number: int, content: bytes) -> bytes:
    """A field that holds bytes."""
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _number(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
