"""The one family of errors that sheetcnn raises on purpose.

Every message names the thing (file, layer, sheet, cell), the number that is wrong and what to do
about it. The command line prints the message and exits with status 2; nothing else is caught.
"""

from __future__ import annotations


class SheetCnnError(Exception):
    """Base of all errors that a user of the library can cause and mend."""


class SpecError(SheetCnnError):
    """A layer spec that cannot be read, or says something that is not allowed."""


class WeightsError(SheetCnnError):
    """Weights that are missing, superfluous, of the wrong shape or not finite."""


class ShapeError(SheetCnnError):
    """Layers whose shapes do not fit together."""


class ImageError(SheetCnnError):
    """An input image that cannot be read or does not fit the network's input."""


class LimitError(SheetCnnError):
    """A network that does not fit into a workbook of the chosen spreadsheet program."""


class WorkbookError(SheetCnnError):
    """A workbook that is damaged, or was not built by sheetcnn."""


class CalculatorError(SheetCnnError):
    """A calculator that is missing or failed to recalculate a workbook."""


class UnsupportedError(SheetCnnError):
    """A model that holds something sheetcnn cannot express; lists every such node."""


class OutputError(SheetCnnError):
    """A file or directory that cannot be written."""
