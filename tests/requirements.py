"""What to do about a test whose program or package is not installed here, or is to be hidden.

SHEETCNN_REQUIRE is a list with commas, such as `libreoffice,gnumeric,torch`: a test that finds one of them
missing fails. It is set where everything is meant to be installed, so that nothing is left out by mistake.

SHEETCNN_HIDE is such a list too: the tests, and the programs that they start, run as if these were not
installed. So it can be seen on a machine that has everything what a newcomer sees.
"""

from __future__ import annotations

import os
import sys

import pytest

PROGRAMS = {
    "libreoffice": "SHEETCNN_LIBREOFFICE",
    "uno": "SHEETCNN_LIBREOFFICE_PYTHON",
    "gnumeric": "SHEETCNN_GNUMERIC",
    "validator": "SHEETCNN_OOXML_VALIDATOR",
}
"""Optional programs, and the variable that overrides where each is looked for."""

PACKAGES = ("torch", "onnx", "keras", "h5py", "jsonschema", "typst")
"""Optional packages."""

WHAT = {
    "libreoffice": "LibreOffice",
    "uno": "LibreOffice through UNO",
    "gnumeric": "Gnumeric",
    "validator": "the Open XML validator",
    "torch": "PyTorch",
    "onnx": "ONNX",
    "keras": "Keras",
}
"""How they are named in a sentence."""

_MISSING = " is not installed"


def require(name: str, found: bool) -> None:
    """Skips the running test, or the module being imported, if `name` was not found.

    Fails it instead if SHEETCNN_REQUIRE lists the name.
    """
    if found:
        return
    if name in listed("SHEETCNN_REQUIRE"):
        pytest.fail(f"{name}{_MISSING}, and SHEETCNN_REQUIRE lists it")
    pytest.skip(f"{name}{_MISSING}", allow_module_level=True)


def missing(reason: str) -> str | None:
    """The name of what was not installed, from the reason of a skip; None if that was another."""
    name = reason.removeprefix("Skipped: ").removesuffix(_MISSING)
    return name if name in PROGRAMS or name in PACKAGES else None


def listed(variable: str) -> set[str]:
    """The names that an environment variable lists.

    Raises:
        pytest.UsageError: there is no such program or package.
    """
    names = {word.strip() for word in os.environ.get(variable, "").split(",")} - {""}
    unknown = names.difference(PROGRAMS, PACKAGES)
    if unknown:
        known = ", ".join((*PROGRAMS, *PACKAGES))
        raise pytest.UsageError(f"{variable} lists {', '.join(sorted(unknown))}; there are {known}")
    return names


def hide() -> None:
    """Lets no finder, in this process or in one that it starts, find what SHEETCNN_HIDE lists."""
    for name in listed("SHEETCNN_HIDE"):
        if name in PROGRAMS:
            os.environ[PROGRAMS[name]] = "hidden by SHEETCNN_HIDE"
        else:
            sys.modules[name] = None  # type: ignore[assignment]  # to import it fails, to look for it finds none
