"""IronCalc: a calculator that is installed with sheetcnn and runs inside this process.

Every formula is computed when asked to; cached values play no part. Documentation:
https://docs.ironcalc.com/programming/python-bindings.html
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sheetcnn.calculators.base import Calculator, Progress, Recalculated, check_inputs, failure
from sheetcnn.calculators.process import closed
from sheetcnn.errors import CalculatorError, WorkbookError
from sheetcnn.shape import Array
from sheetcnn.xlsx.parse import unescape
from sheetcnn.xlsx.read import CellError, CellValues, Value

if TYPE_CHECKING:
    import ironcalc


_ABSOLUTE = b'Target="/xl/'


class IronCalc(Calculator):
    """Runs workbooks through the `ironcalc` package."""

    name = "ironcalc"
    title = "IronCalc"

    def available(self) -> bool:
        """Whether the package can be imported."""
        return importlib.util.find_spec("ironcalc") is not None

    def missing(self) -> str:
        """How it is installed."""
        return "install it with: pip install ironcalc"

    def version(self) -> str:
        """The version of the package."""
        try:
            return importlib.metadata.version("ironcalc")
        except importlib.metadata.PackageNotFoundError as error:
            raise CalculatorError(f"IronCalc is not installed; {self.missing()}") from error

    def recalculate(self, paths: Sequence[Path], progress: Progress | None = None) -> list[Recalculated]:
        """Loads each workbook and evaluates it."""
        check_inputs(paths)
        results = []
        for done, path in enumerate(paths):
            if progress is not None:
                progress(f"{self.title} recalculates", done, len(paths) if done else 0)
            results.append(self._recalculate(path))
        return results

    def _recalculate(self, path: Path) -> Recalculated:
        try:
            import ironcalc
        except ImportError as error:
            raise CalculatorError(
                f"IronCalc cannot be imported ({error}); {self.missing()}, or use another calculator"
            ) from error
        try:
            with _silence(), _loadable(path) as file:
                model = ironcalc.load_from_xlsx(str(file), "en", "UTC", "en")
                model.evaluate()
        except Exception as error:
            raise failure(self.title, path, str(error)) from error
        except BaseException as error:
            # What Rust calls a panic arrives as a BaseException of a class that cannot be imported.
            if type(error).__name__ == "PanicException":
                raise failure(self.title, path, f"it panicked: {error}") from error
            raise
        return _Evaluated(path, model)


@contextmanager
def _loadable(path: Path) -> Iterator[Path]:
    """The workbook, or a copy of it that IronCalc can load.

    It finds the notes of a sheet by a relative path alone, and openpyxl writes absolute ones.
    """
    with zipfile.ZipFile(path) as package:
        links = [n for n in package.namelist() if n.startswith("xl/worksheets/_rels/")]
        if not any(_ABSOLUTE in package.read(name) for name in links):
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="sheetcnn-") as directory:
            copy = Path(directory) / path.name
            with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
                for name in package.namelist():
                    with package.open(name) as source, target.open(name, "w", force_zip64=True) as out:
                        if name in links:
                            out.write(source.read().replace(_ABSOLUTE, b'Target="../'))
                        else:
                            shutil.copyfileobj(source, out)
            yield copy


@contextmanager
def _silence() -> Iterator[None]:
    """Drop what is written to this process's output meanwhile.

    IronCalc prints a line for each formula without a cached value, and what it panics about, straight
    to the file descriptors, in between a report that another program may be reading.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program with windows has none
            stream.flush()
    with ExitStack() as stack:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, nowhere)
        for descriptor in (1, 2):
            try:
                kept = os.dup(descriptor)
            except OSError:  # closed, so nothing can be written there
                continue
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, descriptor)
            os.dup2(nowhere, descriptor)
        yield


class _Evaluated(Recalculated):
    """A model in memory."""

    def __init__(self, path: Path, model: ironcalc.Model) -> None:
        self._path = path
        self._model: ironcalc.Model | None = model
        names = [sheet["name"] for sheet in model.get_worksheets_properties()]
        self._sheets = {name: index for index, name in enumerate(names)}

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> CellValues:
        """Asks the model, cell by cell."""
        model, index = self._open(sheet)
        ask = model.get_cell_value
        rows: CellValues = [
            [ask(index, r, c) for c in range(col, col + width)] for r in range(row, row + height)
        ]
        for r, values in enumerate(rows, row):
            for n, value in enumerate(values):
                # An error and a text that reads like one are the same string; only the type differs. Texts
                # come as the file holds them, `_x005F_x41_`.
                if isinstance(value, str):
                    if value.startswith("#"):
                        value = _error_or_text(model, index, r, col + n, value)
                    values[n] = unescape(value) if isinstance(value, str) else value
        return rows

    def numbers(self, sheet: str, row: int, col: int, height: int, width: int) -> Array:
        """Asks the model too, which has no question for many cells; no object outlives its row."""
        model, index = self._open(sheet)
        ask, columns = model.get_cell_value, range(col, col + width)
        found = np.full((height, width), np.nan)
        for i in range(height):
            line = [ask(index, row + i, c) for c in columns]
            found[i] = [value if type(value) is float else math.nan for value in line]
        return found

    def _open(self, sheet: str) -> tuple[ironcalc.Model, int]:
        """The model, and the number of a sheet."""
        if self._model is None:
            raise closed(self._path)
        index = self._sheets.get(sheet)
        if index is None:
            raise WorkbookError(f'{self._path}: IronCalc found no sheet "{sheet}"; build the workbook anew')
        return self._model, index

    def close(self) -> None:
        """Drops the model."""
        self._model = None


def _error_or_text(model: ironcalc.Model, sheet: int, row: int, col: int, value: str) -> Value:
    kind = model.get_cell_type(sheet, row, col)
    return CellError(value) if kind == type(kind).ErrorValue else value
