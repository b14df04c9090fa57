"""sheetcnn compiles a convolutional neural network into a spreadsheet that computes it.

::

    import sheetcnn

    model = sheetcnn.load("digits.yaml")
    built = sheetcnn.build(model, "seven.png", "digits.xlsx")
    report = sheetcnn.verify("digits.xlsx")

Names are imported when they are first used, so that `import sheetcnn` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sheetcnn._version import __version__
from sheetcnn.errors import SheetCnnError

if TYPE_CHECKING:
    from sheetcnn.api import (
        build,
        convert,
        exercise,
        extract,
        from_torch,
        grade,
        handout,
        inspect,
        lesson,
        list_lessons,
        load,
        run,
        verify,
    )

_LAZY = (
    *("build", "convert", "exercise", "extract", "from_torch", "grade", "handout", "inspect", "lesson"),
    *("list_lessons", "load", "run", "verify"),
)

__all__ = [
    "SheetCnnError",
    "__version__",
    "build",
    "convert",
    "exercise",
    "extract",
    "from_torch",
    "grade",
    "handout",
    "inspect",
    "lesson",
    "list_lessons",
    "load",
    "run",
    "verify",
]


def __getattr__(name: str) -> object:
    """Import a public function when it is first used."""
    if name in _LAZY:
        from importlib import import_module

        function = getattr(import_module("sheetcnn.api"), name)
        globals()[name] = function
        return function
    raise AttributeError(f"module 'sheetcnn' has no attribute '{name}'")
