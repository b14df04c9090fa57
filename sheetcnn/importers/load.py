"""Loads a model from whatever file holds it: one entry per format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sheetcnn.errors import SpecError, WeightsError
from sheetcnn.files import check_file, is_directory
from sheetcnn.importers.spec.parse import parse, read_mapping
from sheetcnn.importers.weights import SUFFIXES, read_weights
from sheetcnn.model.graph import Graph, Model
from sheetcnn.model.passes import fold_batch_norm as fold
from sheetcnn.model.passes import fuse_activations, share_weights, untrained

InputShape = tuple[int, int, int]

SPEC_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
STATE_DICT_SUFFIXES = (".pt", ".pth")


def _onnx(path: Path, input_shape: InputShape | None) -> Model:
    from sheetcnn.importers.onnx import read_onnx

    return read_onnx(path, input_shape)


def _pt2(path: Path, input_shape: InputShape | None) -> Model:
    from sheetcnn.importers.torch import read_pt2

    return read_pt2(path)


def _keras(path: Path, input_shape: InputShape | None) -> Model:
    from sheetcnn.importers.keras import read_keras

    return read_keras(path)


IMPORTERS: dict[str, Callable[[Path, InputShape | None], Model]] = {
    ".onnx": _onnx,
    ".pt2": _pt2,
    ".keras": _keras,
    ".h5": _keras,
    ".hdf5": _keras,
}
"""The formats that hold a whole model, by their endings."""


def load_graph(path: Path, input_shape: InputShape | None = None, *, fold_batch_norm: bool = False) -> Graph:
    """The graph of a model; of a spec, without its weights.

    Args:
        path: as for `load_model`.
        input_shape: as for `load_model`.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Raises:
        SpecError, ShapeError, UnsupportedError: see `load_model`.
    """
    if path.suffix.lower() in IMPORTERS:
        graph = load_model(path, input_shape=input_shape).graph
    else:
        spec = _spec(path)
        graph = parse(read_mapping(spec), str(spec))
    return fold(untrained(graph)).graph if fold_batch_norm else graph


def load_model(
    path: Path,
    weights: Path | None = None,
    input_shape: InputShape | None = None,
    *,
    fold_batch_norm: bool = False,
) -> Model:
    """A model from a spec with weights, or from an ONNX, PyTorch or Keras file.

    Args:
        path: a spec (.yaml, .json, .toml), a directory that holds exactly one, or a model file
            (.onnx, .pt2, .keras, .h5).
        weights: for a spec: .safetensors, .npz, or a PyTorch state dict (.pt, .pth); by default the
            file beside the spec with the same name.
        input_shape: `(C, H, W)`, for an ONNX file that leaves its input's size open.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Raises:
        SpecError, ShapeError, WeightsError, UnsupportedError: with the file and the remedy.
    """
    model = _loaded(path, weights, input_shape)
    return fold(model) if fold_batch_norm else model


def _loaded(path: Path, weights: Path | None, input_shape: InputShape | None) -> Model:
    suffix = path.suffix.lower()
    if suffix in IMPORTERS:
        if weights is not None:
            raise WeightsError(f"{path} holds its own weights; leave out --weights")
        check_file(path, SpecError, "name a model file")
        return _fused(IMPORTERS[suffix](path, input_shape))
    spec = _spec(path)
    graph = parse(read_mapping(spec), str(spec))
    if weights is None:
        if not any(graph.owned(node) for node in graph.nodes):
            return Model.of(graph, {})
        candidates = [spec.with_suffix(suffix) for suffix in SUFFIXES if spec.with_suffix(suffix).is_file()]
        if not candidates:
            names = " or ".join(spec.with_suffix(suffix).name for suffix in SUFFIXES)
            raise WeightsError(f"{spec}: there are no weights beside it ({names}); name them with --weights")
        weights = candidates[0]
    if weights.suffix.lower() in STATE_DICT_SUFFIXES:
        from sheetcnn.importers.torch import check_keys, read_state_dict

        arrays = read_state_dict(weights)
        check_keys(graph, arrays, weights)
    else:
        arrays = read_weights(weights)
        _refuse_unknown(graph, arrays, weights)
    return Model.of(graph, arrays, str(weights))


def load_module(
    module: object,
    example_input: object,
    *,
    name: str | None = None,
    labels: Sequence[str] = (),
    fold_batch_norm: bool = False,
) -> Model:
    """A model from a PyTorch module in memory.

    Args:
        module: a `torch.nn.Module`.
        example_input: a tensor or array `(1, C, H, W)` or `(C, H, W)`; only its shape matters.
        name: of the network; by default the class's name.
        labels: of the classes.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Raises:
        SpecError, UnsupportedError: see `importers.torch.from_torch`.
    """
    from sheetcnn.importers.torch import from_torch

    model = _fused(from_torch(module, example_input, name=name, labels=tuple(labels)))
    return fold(model) if fold_batch_norm else model


def _fused(model: Model) -> Model:
    """Importers build a node per layer; here an activation becomes part of the layer before it."""
    return fuse_activations(share_weights(model))


def _refuse_unknown(graph: Graph, arrays: Mapping[str, Mapping[str, object]], path: Path) -> None:
    """Refuse weights for layers that the spec does not have: most often the wrong file."""
    known = {node.name: {p.name for p in graph.owned(node)} for node in graph.nodes}
    for layer, group in arrays.items():
        for name in group:
            if name == "num_batches_tracked" or layer in graph.dropped:  # PyTorch's own counter
                continue
            if name not in known.get(layer, set()):
                places = [f"{k}.{p}" for k, v in known.items() for p in sorted(v)]
                raise WeightsError(
                    f"{path}: '{layer}.{name}' belongs to no layer of the spec; the spec's weights are "
                    f"{', '.join(places) or 'none'}"
                )


def _spec(path: Path) -> Path:
    if is_directory(path):
        try:
            found = sorted(p for p in path.iterdir() if p.suffix in SPEC_SUFFIXES)
        except OSError as error:
            raise SpecError(f"{path} cannot be read ({error.strerror}); name a spec in it") from None
        if len(found) != 1:
            raise SpecError(f"{path} holds {len(found)} specs ({', '.join(SPEC_SUFFIXES)}); name one of them")
        return found[0]
    endings = ", ".join((*SPEC_SUFFIXES, *IMPORTERS))
    check_file(path, SpecError, f"name a model ({endings})")
    if path.suffix in STATE_DICT_SUFFIXES:
        raise SpecError(
            f"{path}: a PyTorch state dict holds weights only; name a spec as the model and give this file "
            "with --weights, or save the whole model with torch.export.save as .pt2"
        )
    if path.suffix not in SPEC_SUFFIXES:
        raise SpecError(f"{path}: a model has one of the endings {endings}")
    return path
