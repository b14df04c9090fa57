"""The exceptions that sheetcnn raises on purpose.

::

    Exception
      SheetCnnError
        SpecError           a layer spec or an argument is invalid
        WeightsError        weights are missing, superfluous or invalid
        ShapeError          the shapes of layers do not fit together
        UnsupportedError    a model holds layers that sheetcnn cannot express
        ImageError          an image is unreadable or does not fit the network's input
        LimitError          a network does not fit into a workbook
        WorkbookError       a workbook is damaged or was not built by sheetcnn
        CalculatorError     a calculator is missing or failed
        OutputError         a file or directory cannot be written

Every message names the thing (file, layer, sheet, cell), the value that is invalid and what to do
about it. The command line prints the message and exits with status 2; it catches nothing else.
"""

from __future__ import annotations


class SheetCnnError(Exception):
    """Base of all errors that sheetcnn raises on purpose: invalid input, or something missing."""


class SpecError(SheetCnnError):
    """A layer spec that cannot be read or is invalid, or an invalid argument."""


class WeightsError(SheetCnnError):
    """Weights that are missing, superfluous, of the wrong shape or not finite."""


class ShapeError(SheetCnnError):
    """Layers whose shapes do not fit together."""


class UnsupportedError(SheetCnnError):
    """A model with layers that sheetcnn cannot express; the message lists them all."""


class ImageError(SheetCnnError):
    """An image that cannot be read or does not fit the network's input."""


class LimitError(SheetCnnError):
    """A network that does not fit into a workbook of the chosen spreadsheet program."""


class WorkbookError(SheetCnnError):
    """A workbook that is damaged or was not built by sheetcnn."""


class CalculatorError(SheetCnnError):
    """A calculator that is missing or failed to recalculate a workbook."""


class OutputError(SheetCnnError):
    """A file or directory that cannot be written."""
