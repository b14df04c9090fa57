"""PyTorch: modules in memory, `.pt2` files, and state dicts beside a spec.

A module is traced by `torch.export`; a `.pt2` file is the same, saved. Either becomes a `TorchProgram` (plain
data), whose calls the `TorchTranslator` translates with tables from ATen operators to layers. Layers keep
the names of their modules (`features.0`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sheetcnn.importers.torch.activations import ACTIVATIONS
from sheetcnn.importers.torch.arithmetic import ARITHMETIC
from sheetcnn.importers.torch.constant_folding import FOLDS
from sheetcnn.importers.torch.exported import export
from sheetcnn.importers.torch.layers import LAYERS
from sheetcnn.importers.torch.norms import NORMS
from sheetcnn.importers.torch.patterns import fuse_patterns
from sheetcnn.importers.torch.program import TorchProgram, eliminate_dead_calls
from sheetcnn.importers.torch.pt2 import read_program
from sheetcnn.importers.torch.shape_ops import SHAPE_OPS, VIEWS
from sheetcnn.importers.torch.state import check_keys, read_state_dict
from sheetcnn.importers.torch.translator import OperatorTables, TorchTranslator
from sheetcnn.model.graph import Model

__all__ = ["check_keys", "from_torch", "read_pt2", "read_state_dict"]

_TABLES = OperatorTables(
    {**LAYERS, **NORMS, **ACTIVATIONS, **ARITHMETIC, **SHAPE_OPS}, FOLDS, frozenset(VIEWS)
)


def from_torch(
    module: Any, example_input: Any, *, name: str | None = None, labels: Sequence[str] = ()
) -> Model:
    """Import a module.

    Args:
        module: a `torch.nn.Module`; it is traced in eval mode, and its own mode restored.
        example_input: a tensor or array of shape `(1, C, H, W)` or `(C, H, W)`; its values do not matter.
        name: of the network, by default that of the module's class.
        labels: of the classes.

    Raises:
        SpecError: torch is not installed, or these are no module and no tensor.
        UnsupportedError: the module cannot be traced, or something in it cannot be expressed; lists each.
    """
    program = export(module, example_input)
    kind = type(module).__name__
    return _model(program, name or kind, kind, labels)


def read_pt2(path: Path) -> Model:
    """Import a program that `torch.export.save` wrote. Nothing in the file is executed or unpickled.

    Raises:
        SpecError: the file cannot be read, is damaged or of another version.
        WeightsError: it holds weights as pickles.
        UnsupportedError: something in it cannot be expressed; lists each.
    """
    return _model(read_program(path), path.stem, str(path))


def _model(program: TorchProgram, name: str, where: str, labels: Sequence[str] = ()) -> Model:
    return TorchTranslator(fuse_patterns(eliminate_dead_calls(program)), _TABLES, where).model(name, labels)
