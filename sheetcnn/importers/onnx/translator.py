"""Walks the nodes of an ONNX file and has each become constants, views or layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sheetcnn.errors import SpecError, UnsupportedError
from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.builder import OnnxGraphBuilder
from sheetcnn.importers.onnx.constant_folding import FOLDABLE, evaluate, fold, placeholder
from sheetcnn.importers.onnx.node_context import NodeContext, Value, refusal_reason
from sheetcnn.importers.onnx.patterns import fuse_patterns
from sheetcnn.importers.onnx.proto import REMEDY, OnnxFile, OnnxInput, OnnxNode, read_file, size_of
from sheetcnn.importers.onnx.table import REASONS, TABLE
from sheetcnn.importers.onnx.views import View
from sheetcnn.model.graph import INPUT, Model
from sheetcnn.shape import Shape

LARGEST_SIDE = 1 << 20
MOST_AXES = 4
_UNUSUAL = (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError)
"""What a rule may raise for attributes or constants that no exporter writes."""
ASKS_SHAPE = ("Shape", "Size")
"""Operators that give a constant even for an activation."""


def read_onnx(path: Path, input_shape: tuple[int, int, int] | None = None) -> Model:
    """A model from an .onnx file.

    Args:
        path: of the file.
        input_shape: `(C, H, W)`, for a file that leaves sizes of its input open.

    Raises:
        SpecError: if the file cannot be read, or leaves the size of its input open.
        UnsupportedError: with every node that cannot be expressed.
        ShapeError, WeightsError: for a graph or weights that do not fit together.
    """
    file = fuse_patterns(read_file(path))
    translator = _start(file, input_shape)
    translator.run()
    outputs = translator.outputs()
    translator.values.clear()  # the builder alone holds the arrays now, and drops each when it is converted
    return translator.builder.finish(path.stem, outputs, str(path))


def _start(file: OnnxFile, input_shape: tuple[int, int, int] | None) -> OnnxTranslator:
    """With the one input known, or with all inputs refused."""
    inputs = file.inputs
    if not inputs:
        raise UnsupportedError(f"{file.path} has no input; its outputs are constants")
    if len(inputs) == 1 and len(inputs[0].dims or ()) <= MOST_AXES:
        source, view = _source(file, input_shape)
        return OnnxTranslator(file, OnnxGraphBuilder(source), {inputs[0].name: view})
    builder = OnnxGraphBuilder(Shape.maps(1, 1, 1))
    for value in inputs:
        axes = len(value.dims or ())
        reason = f"is one of {len(inputs)}; one can be expressed" if len(inputs) > 1 else f"has {axes} axes"
        builder.refuse("input", value.name, reason)
    return OnnxTranslator(file, builder, {value.name: None for value in inputs})


class OnnxTranslator:
    """The state of one import."""

    def __init__(self, file: OnnxFile, builder: OnnxGraphBuilder, values: dict[str, Value | None]) -> None:
        self.file = file
        self.builder = builder
        self.values = values
        """What is known by its ONNX name; None for the results of nodes that cannot be expressed."""
        self.uses = Counter(name for node in file.nodes for name in node.inputs)
        self.uses.update(file.outputs)

    def run(self) -> None:
        """Take in every node.

        Raises:
            UnsupportedError: listing all that cannot be expressed.
        """
        for node in self.file.nodes:
            inputs = [self._value(name, node) for name in node.inputs]
            results: Sequence[Value] = []
            try:
                results = self._results(node, inputs)
            except RefusalError as reason:
                self.builder.refuse(node.kind, node.name, str(reason))
            except _UNUSUAL as error:
                detail = " ".join(str(error).split())
                self.builder.refuse(node.kind, node.name, f"has unusual attributes or inputs ({detail})")
            for n, name in enumerate(node.outputs):
                if n < len(results):
                    self.values[name] = results[n]
                elif name:
                    self.values[name] = None
                    if n and results and self.uses[name]:
                        self.builder.refuse(node.kind, node.name, f"its output '{name}' is read")
        self.builder.check(str(self.file.path))

    def outputs(self) -> list[str]:
        """The tensors that the graph's outputs are, each in its shape in the graph where it has one."""
        names = []
        for name in self.file.outputs:
            value = self._value(name, None)
            if not isinstance(value, View):
                raise UnsupportedError(f"{self.file.path}: the output '{name}' is a constant; {REMEDY}")
            tensor = value.tensor
            try:
                tensor = self.builder.channels_first(value).tensor
            except RefusalError:  # an output may have any shape: it is shown as it is computed
                tensor = self.builder.contiguous(value).tensor
            if tensor == INPUT:
                dims = list(self.builder.shape(INPUT).dims)
                tensor = self.builder.layer(name, "reshape", [INPUT], {"shape": dims})
            names.append(tensor)
        return names

    def _value(self, name: str, node: OnnxNode | None) -> Value | None:
        if not name:
            return None
        if name not in self.values:
            if name not in self.file.tensors:
                who = f"node '{node.name}' ({node.kind}) reads" if node else "its outputs name"
                raise SpecError(
                    f"{self.file.path} is damaged: {who} '{name}', which nothing before it gives; {REMEDY}"
                )
            self.values[name] = self.file.constant(name)
        return self.values[name]

    def _results(self, node: OnnxNode, inputs: Sequence[Value | None]) -> Sequence[Value]:
        """The node's results; none if an input is the result of a node that cannot be expressed."""
        entry = TABLE.get(node.kind)
        known = [v for v in inputs if v is not None]
        refused_input = len(known) < sum(1 for name in node.inputs if name)
        constant = all(isinstance(v, np.ndarray) for v in known)
        if entry is None and node.kind not in FOLDABLE:
            own = REASONS.get(node.kind, "an operator that has no layer")
            raise RefusalError("an operator of an unknown domain" if "." in node.kind else own)
        if entry is not None and not (constant and not refused_input and node.kind in FOLDABLE):
            reason = refusal_reason(node, inputs, entry)
            if reason:
                raise RefusalError(reason)
        if refused_input:
            return []
        if node.kind in ASKS_SHAPE:
            arrays = [placeholder(v.dims) if isinstance(v, View) else v for v in inputs]
            return evaluate(node, arrays, self.file.opset)
        if constant:
            return fold(self.file, node, [v for v in inputs if not isinstance(v, View)])
        if entry is None:
            raise RefusalError("computes with an activation; only constants are expected here")
        result = entry.translate(NodeContext(node, self.file, self.builder, inputs, self.uses))
        return result if isinstance(result, list) else [result]


def _source(file: OnnxFile, given: tuple[int, int, int] | None) -> tuple[Shape, View]:
    """The shape of the source, and the input as ONNX sees it.

    An input whose every consumer first turns channels last into channels first, as TensorFlow's
    exporter writes it, has its channels last.
    """
    value = file.inputs[0]
    consumers = [node for node in file.nodes if value.name in node.inputs]
    channels_last = bool(consumers) and all(
        node.kind == "Transpose" and node.attributes.get("perm") == [0, 3, 1, 2] for node in consumers
    )
    sizes = _sizes(file, value, given, channels_last=channels_last)
    if given is not None:
        inner = given
    elif len(sizes) == 4:
        inner = (sizes[3], sizes[1], sizes[2]) if channels_last else (sizes[1], sizes[2], sizes[3])
    else:
        inner = (sizes[1], 1, sizes[2]) if len(sizes) == 3 else (1, 1, size_of(sizes))
    return Shape.maps(*inner), View(INPUT, sizes, channels_last)


def _sizes(
    file: OnnxFile, value: OnnxInput, given: tuple[int, int, int] | None, *, channels_last: bool
) -> tuple[int, ...]:
    """The sizes of the input's axes, a dynamic batch as 1, others that are dynamic from `given`.

    Raises:
        SpecError: if sizes are missing, or do not fit `given`.
    """
    where = f"{file.path}: the input '{value.name}'"
    misfit = f"--input-shape {_sizes_text(given or ())} does not fit"
    if given is not None and not all(1 <= size <= LARGEST_SIDE for size in given):
        raise SpecError(f"--input-shape {_sizes_text(given)}: sizes are numbers of at least 1")
    if value.dims is None and given is None:
        raise SpecError(f"{where} has no shape in the file; give it with --input-shape C,H,W")
    dims = value.dims if value.dims is not None else ("", "", "", "")
    if not dims:
        raise SpecError(f"{where} is a single number; sheetcnn takes images (1, C, H, W), rows and vectors")
    if any(isinstance(d, int) and not 1 <= d <= LARGEST_SIDE for d in dims[len(dims) > 1 :]):
        raise SpecError(f"{where} has the shape {_sizes_text(dims)}; sizes are at least 1: {REMEDY}")
    if len(dims) > 1 and isinstance(dims[0], int) and dims[0] != 1:
        raise SpecError(
            f"{where} has a batch of {dims[0]}; export the model with a batch of 1, or of any size"
        )
    requested = _requested_sizes(len(dims), given, channels_last=channels_last)
    sizes = [1] if len(dims) > 1 else []
    for n, d in enumerate(dims[len(sizes) :], len(sizes)):
        size = requested.get(n) if isinstance(d, str) else d
        if size is None:
            raise SpecError(
                f"{where} has the dynamic shape {_sizes_text(dims)}; give it with --input-shape C,H,W"
            )
        if requested and isinstance(d, int) and requested.get(n, d) != d:
            raise SpecError(f"{where} has the shape {_sizes_text(dims)}, which {misfit}")
        sizes.append(size)
    if given is not None and size_of(sizes) != size_of(given):
        raise SpecError(f"{where} has the shape {_sizes_text(dims)}, which {misfit}")
    return tuple(sizes)


def _requested_sizes(
    rank: int, given: tuple[int, int, int] | None, *, channels_last: bool
) -> Mapping[int, int]:
    """What `--input-shape` says about the axes."""
    if given is None:
        return {}
    c, h, w = given
    by_rank = {4: (h, w, c) if channels_last else (c, h, w), 3: (c, w), 2: (c * h * w,), 1: (c * h * w,)}
    return dict(enumerate(by_rank[rank], 1 if rank > 1 else 0))


def _sizes_text(dims: Sequence[object]) -> str:
    return ",".join(str(d) or "?" for d in dims)
