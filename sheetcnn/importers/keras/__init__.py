"""Keras 3: `.keras` files and whole-model `.h5` files (also those of Keras 2), read with h5py alone.

The configuration is taken apart into a flat list of layer calls (`network`), the arrays are found by the
rules of the two formats (`stores`), and the `KerasTranslator` goes over the calls with a table from
classes of layers to their rules.
"""

from __future__ import annotations

from pathlib import Path

from sheetcnn.errors import SpecError
from sheetcnn.importers.graph_builder import GraphBuilder
from sheetcnn.importers.keras.activations import ACTIVATIONS
from sheetcnn.importers.keras.files import open_model
from sheetcnn.importers.keras.layers import LAYERS
from sheetcnn.importers.keras.network import MODELS, flatten_models
from sheetcnn.importers.keras.norms import NORMS
from sheetcnn.importers.keras.shape_ops import SHAPE_OPS
from sheetcnn.importers.keras.stores import StoreError
from sheetcnn.importers.keras.translator import KerasTranslator
from sheetcnn.model.graph import Model

__all__ = ["read_keras"]

_TABLE = {**LAYERS, **NORMS, **ACTIVATIONS, **SHAPE_OPS}


def read_keras(path: Path) -> Model:
    """Import a model that `model.save` wrote. Nothing in the file is executed.

    Raises:
        SpecError: the file cannot be read or is damaged, or h5py is not installed.
        WeightsError: it holds weights only, or weights of other shapes.
        UnsupportedError: something in it cannot be expressed; lists each layer.
    """
    with open_model(path) as saved:
        kind = str(saved.config.get("class_name"))
        if kind not in MODELS or ">" in str(saved.config.get("registered_name") or ""):
            builder = GraphBuilder()
            builder.refuse(
                kind, str(saved.config["config"].get("name", path.stem)), "a model with code of its own"
            )
            builder.check(str(path))
        try:
            network = flatten_models(saved.config, saved.store)
            name = str(saved.config["config"].get("name") or path.stem)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            reason = (
                str(error) if type(error) in (ValueError, StoreError) else f"{type(error).__name__}: {error}"
            )
            raise SpecError(f"{path}: its configuration is damaged or not known: {reason}") from None
        return KerasTranslator(network, _TABLE, saved.version).model(name, str(path))
