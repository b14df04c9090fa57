"""Loads a model from whatever file holds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sheetcnn.errors import SpecError, WeightsError
from sheetcnn.graph import Graph, Model
from sheetcnn.readers.spec import parse, read_mapping
from sheetcnn.readers.weights import SUFFIXES, read_weights

SPEC_SUFFIXES = (".yaml", ".yml", ".json", ".toml")


def load_graph(path: Path) -> Graph:
    """The graph of a spec, without weights.

    Raises:
        SpecError, ShapeError: see `readers.spec.parse`.
    """
    return parse(read_mapping(_spec(path)), str(_spec(path)))


def load_model(path: Path, weights: Path | None = None) -> Model:
    """A spec with its weights.

    Args:
        path: the spec (.yaml, .json, .toml), or a directory that holds exactly one.
        weights: .safetensors or .npz; by default the one beside the spec with the same name.

    Raises:
        SpecError, ShapeError, WeightsError: with the file and the remedy.
    """
    spec = _spec(path)
    graph = parse(read_mapping(spec), str(spec))
    if weights is None:
        if not any(graph.parameters(node) for node in graph.nodes):
            return Model.of(graph, {})
        beside = [spec.with_suffix(suffix) for suffix in SUFFIXES if spec.with_suffix(suffix).is_file()]
        if not beside:
            names = " or ".join(spec.with_suffix(suffix).name for suffix in SUFFIXES)
            raise WeightsError(f"{spec}: there are no weights beside it ({names}); name them with --weights")
        weights = beside[0]
    arrays = read_weights(weights)
    _expected(graph, arrays, weights)
    return Model.of(graph, arrays, str(weights))


def _expected(graph: Graph, arrays: Mapping[str, Mapping[str, object]], path: Path) -> None:
    """Refuse weights for layers that the spec does not have: most often the wrong file."""
    known = {node.name: {p.name for p in graph.parameters(node)} for node in graph.nodes}
    for layer, group in arrays.items():
        for name in group:
            if name == "num_batches_tracked":  # PyTorch's own counter, of no use here
                continue
            if name not in known.get(layer, set()):
                places = [f"{k}.{p}" for k, v in known.items() for p in sorted(v)]
                raise WeightsError(
                    f"{path}: '{layer}.{name}' belongs to no layer of the spec; the spec's weights are "
                    f"{', '.join(places) or 'none'}"
                )


def _spec(path: Path) -> Path:
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in SPEC_SUFFIXES)
        if len(found) != 1:
            raise SpecError(f"{path} holds {len(found)} specs ({', '.join(SPEC_SUFFIXES)}); name one of them")
        return found[0]
    if not path.exists():
        raise SpecError(f"{path} does not exist; name a spec ({', '.join(SPEC_SUFFIXES)})")
    if path.suffix not in SPEC_SUFFIXES:
        raise SpecError(f"{path}: a spec has one of the endings {', '.join(SPEC_SUFFIXES)}")
    return path
