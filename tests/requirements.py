"""What to do about a test whose program or package is not installed here."""

from __future__ import annotations

import os

import pytest


def require(name: str, found: bool) -> None:
    """Skips the running test, or the module being imported, if `name` was not found.

    Fails it instead if SHEETCNN_REQUIRE lists the name.

    SHEETCNN_REQUIRE is a list with commas, such as `libreoffice,gnumeric,torch,validator`. It is set
    where everything is meant to be installed, so that nothing is left out there by mistake.
    """
    if found:
        return
    required = {word.strip() for word in os.environ.get("SHEETCNN_REQUIRE", "").split(",")}
    if name in required:
        pytest.fail(f"{name} is not installed, and SHEETCNN_REQUIRE lists it")
    pytest.skip(f"{name} is not installed", allow_module_level=True)
