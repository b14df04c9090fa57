"""Opens a `.keras` or whole-model `.h5` file: its configuration, and its arrays.

A `.keras` file is read in memory, without unpacking anything to disk. Nothing in a file is executed:
the configuration is JSON, and layers that hold Python code are refused later.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sheetcnn.errors import SpecError, WeightsError
from sheetcnn.importers.graph_builder import import_optional
from sheetcnn.importers.keras.stores import NamedStore, NumberedStore, Store, StoreError, h5py_errors
from sheetcnn.importers.model_archive import LARGEST_TEXT, ModelArchive

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
_REMEDY = "save the model again with model.save('model.keras')"


@dataclass(frozen=True)
class SavedModel:
    """A saved model.

    Attributes:
        config: its class and configuration.
        store: of its arrays.
        version: of the Keras that saved it, "" if not known.
    """

    config: Mapping[str, Any]
    store: Store
    version: str


@contextmanager
def open_model(path: Path) -> Iterator[SavedModel]:
    """Open a file; the arrays can be read as long as it is open.

    Raises:
        SpecError: it cannot be read or is damaged, or h5py is not installed.
        WeightsError: it holds weights only.
    """
    h5py = import_optional("h5py", "keras")
    try:
        if path.suffix.lower() == ".keras":
            with ModelArchive(path, _REMEDY) as archive:
                config = archive.json(CONFIG)
                metadata = archive.json(METADATA) if METADATA in archive.names else {}
                version = str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else ""
                if WEIGHTS not in archive.names:
                    raise archive.damaged(f"it holds no {WEIGHTS}")
                content = archive.read(WEIGHTS)
            with _hdf5(h5py, io.BytesIO(content), path, f"{WEIGHTS}: ") as file:
                yield SavedModel(_mapping(config, path), NumberedStore(file), version)
        else:
            with _hdf5(h5py, path, path, "") as file:
                try:
                    with h5py_errors():
                        saved = _whole_model(file, path)
                except StoreError as error:
                    raise SpecError(f"{path} is damaged ({error}); {_REMEDY}") from None
                yield saved
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror or error}") from None


def _hdf5(h5py: Any, source: Any, path: Path, where: str) -> Any:
    if isinstance(source, Path) and not source.is_file():
        raise SpecError(f"{path} does not exist; name a .keras or .h5 file")
    try:
        return h5py.File(source, "r")
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise SpecError(f"{path} is damaged or no Keras file ({where}{error}); {_REMEDY}") from None


def _whole_model(file: Any, path: Path) -> SavedModel:
    text = file.attrs.get("model_config")
    if text is None:
        raise WeightsError(f"{path} holds weights only, not the model; {_REMEDY}")
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    try:
        config = json.loads(text) if len(text) <= LARGEST_TEXT else None
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path}: its model_config cannot be parsed ({error}); {_REMEDY}") from None
    if "model_weights" not in file:
        raise WeightsError(f"{path} holds no weights; {_REMEDY}")
    version = file.attrs.get("keras_version", "")
    version = version.decode() if isinstance(version, bytes) else str(version)
    return SavedModel(_mapping(config, path), NamedStore(file["model_weights"]), version)


def _mapping(config: object, path: Path) -> Mapping[str, Any]:
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise SpecError(f"{path}: its configuration is not that of a model; {_REMEDY}")
    return config
