"""sheetcnn compiles a convolutional neural network into a spreadsheet that computes it.

::

    import sheetcnn

    model = sheetcnn.load("digits.yaml")
    built = sheetcnn.build(model, "seven.png", "digits.xlsx")
    report = sheetcnn.verify("digits.xlsx")

The public interface is what this module offers: functions, the types that they take and return, and
errors. Everything else is private, whatever its name, and may change in any release. Names are imported
when they are first used, so `import sheetcnn` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sheetcnn._version import __version__

_MODULES = {
    "sheetcnn.api": (
        *("list_starters", "init", "load", "from_torch", "inspect", "build", "verify", "predict"),
        *("convert", "extract", "schema", "handout", "list_lessons", "lesson", "exercise", "grade"),
    ),
    "sheetcnn.model.graph": ("Model", "Graph"),
    "sheetcnn.model.engine": ("Result",),
    "sheetcnn.workbook.inspect": ("Inspection", "LayerInspection", "Fit"),
    "sheetcnn.workbook.build": ("Built",),
    "sheetcnn.workbook.report": ("Report", "LayerReport", "Difference"),
    "sheetcnn.workbook.extract": ("Extracted",),
    "sheetcnn.teaching.exercises.classset": ("ClassSet",),
    "sheetcnn.teaching.exercises.grading": ("Grades", "Graded"),
    "sheetcnn.errors": (
        *("SheetCnnError", "SpecError", "WeightsError", "ShapeError", "UnsupportedError", "ImageError"),
        *("LimitError", "WorkbookError", "CalculatorError", "OutputError"),
    ),
}
"""Every public name, by the module that defines it; docs/api.md keeps the order."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]

if TYPE_CHECKING:  # the same table in the only form that type checkers read; a test compares the two
    from sheetcnn.api import build as build
    from sheetcnn.api import convert as convert
    from sheetcnn.api import exercise as exercise
    from sheetcnn.api import extract as extract
    from sheetcnn.api import from_torch as from_torch
    from sheetcnn.api import grade as grade
    from sheetcnn.api import handout as handout
    from sheetcnn.api import init as init
    from sheetcnn.api import inspect as inspect
    from sheetcnn.api import lesson as lesson
    from sheetcnn.api import list_lessons as list_lessons
    from sheetcnn.api import list_starters as list_starters
    from sheetcnn.api import load as load
    from sheetcnn.api import predict as predict
    from sheetcnn.api import schema as schema
    from sheetcnn.api import verify as verify
    from sheetcnn.errors import CalculatorError as CalculatorError
    from sheetcnn.errors import ImageError as ImageError
    from sheetcnn.errors import LimitError as LimitError
    from sheetcnn.errors import OutputError as OutputError
    from sheetcnn.errors import ShapeError as ShapeError
    from sheetcnn.errors import SheetCnnError as SheetCnnError
    from sheetcnn.errors import SpecError as SpecError
    from sheetcnn.errors import UnsupportedError as UnsupportedError
    from sheetcnn.errors import WeightsError as WeightsError
    from sheetcnn.errors import WorkbookError as WorkbookError
    from sheetcnn.model.engine import Result as Result
    from sheetcnn.model.graph import Graph as Graph
    from sheetcnn.model.graph import Model as Model
    from sheetcnn.teaching.exercises.classset import ClassSet as ClassSet
    from sheetcnn.teaching.exercises.grading import Graded as Graded
    from sheetcnn.teaching.exercises.grading import Grades as Grades
    from sheetcnn.workbook.build import Built as Built
    from sheetcnn.workbook.extract import Extracted as Extracted
    from sheetcnn.workbook.inspect import Fit as Fit
    from sheetcnn.workbook.inspect import Inspection as Inspection
    from sheetcnn.workbook.inspect import LayerInspection as LayerInspection
    from sheetcnn.workbook.report import Difference as Difference
    from sheetcnn.workbook.report import LayerReport as LayerReport
    from sheetcnn.workbook.report import Report as Report
else:  # hidden from type checkers, which would take any misspelt name for an attribute

    def __getattr__(name):
        """Import a public name when it is first used."""
        from importlib import import_module

        if name == "run":
            import warnings

            warnings.warn("sheetcnn.run is called sheetcnn.predict now", DeprecationWarning, stacklevel=2)
            return __getattr__("predict")
        if name not in _MODULE_OF:
            raise AttributeError(f"module 'sheetcnn' has no attribute '{name}'")
        found = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
        return found


def __dir__() -> list[str]:
    return __all__
