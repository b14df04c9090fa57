"""State dicts (`.pt`, `.pth`): the weights of a module, used beside a spec.

They are read with `torch.load(weights_only=True)` and in no other way: a pickle that holds anything but
tensors could run code. The keys `features.0.weight` are the spec's layer `features.0` and its `weight`.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sheetcnn.errors import WeightsError
from sheetcnn.importers.graph_builder import Numbers, import_optional
from sheetcnn.importers.weights import by_layer, decimal
from sheetcnn.model.graph import Graph
from sheetcnn.shape import Array

_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and torch.compile
_UNUSED = "num_batches_tracked"  # PyTorch's own counter
_REMEDY = "save model.state_dict() instead, or export the model with torch.export.save to a .pt2 file"
_SHOWN = 5


def read_state_dict(path: Path) -> dict[str, dict[str, Array]]:
    """The arrays of a state dict, by layer and parameter.

    Raises:
        SpecError: torch is not installed.
        WeightsError: the file cannot be read, or is no plain state dict.
    """
    torch = import_optional("torch", "torch")
    if not path.is_file():
        raise WeightsError(f"{path} does not exist; name the file of weights with --weights")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about formats that are refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "weights_only" in str(error):
            raise WeightsError(f"{path} holds more than tensors (a whole module?); {_REMEDY}") from None
        raise WeightsError(f"{path} is not a readable state dict ({_first(error)}); {_REMEDY}") from None
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} is not a readable state dict ({_first(error)}); {_REMEDY}") from None
    arrays = _arrays(torch, content, path)
    for prefix in _PREFIXES:
        if arrays and all(key.startswith(prefix) for key in arrays):
            arrays = {key.removeprefix(prefix): array for key, array in arrays.items()}
    return by_layer({key: decimal(array, f"{path}: '{key}'") for key, array in arrays.items()})


def _first(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _arrays(torch: Any, content: object, path: Path) -> dict[str, Numbers]:
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path} holds a {type(content).__name__}, not a state dict; {_REMEDY}")
    inner = next((key for key, value in content.items() if isinstance(value, Mapping)), None)
    if inner is not None:
        raise WeightsError(
            f"{path} is a checkpoint ({_listed(map(str, content))}), not a state dict; save the part with "
            f"the weights alone: torch.save(checkpoint['{inner}'], ...)"
        )
    arrays = {}
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise WeightsError(f"{path}: '{key}' is of type {type(value).__name__}, no tensor; {_REMEDY}")
        if key.endswith(f".{_UNUSED}"):
            continue
        try:
            tensor = value.detach()
            arrays[key] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)
        except (TypeError, RuntimeError) as error:
            raise WeightsError(f"{path}: '{key}' cannot be read ({_first(error)}); {_REMEDY}") from None
    return arrays


def check_keys(graph: Graph, arrays: Mapping[str, Mapping[str, Array]], path: Path) -> None:
    """Compare the keys of a state dict with the layers of a graph.

    Raises:
        WeightsError: naming the keys without a layer and the layers without a key.
    """
    wanted = {f"{node.name}.{p.name}" for node in graph.nodes for p in graph.owned(node)}
    found = {
        f"{layer}.{name}" for layer, group in arrays.items() if layer not in graph.dropped for name in group
    }
    missing = [key for key in wanted if key not in found]
    extra = [key for key in found if key not in wanted]
    if missing or extra:
        parts = [f"not in the spec: {_listed(sorted(extra))}"] if extra else []
        parts += [f"missing: {_listed(sorted(missing))}"] if missing else []
        raise WeightsError(
            f"{path}: its keys are not those of the spec ({'; '.join(parts)}); give each layer the "
            "name of its module, 'features.0' for the key 'features.0.weight'"
        )


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in listed[:_SHOWN]) + more
