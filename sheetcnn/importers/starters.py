"""The starter networks that ship with sheetcnn: a spec, trained weights and images each."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

from sheetcnn.errors import OutputError, SpecError

_PACKAGE = Path(__file__).parent.parent
# In the wheel all starters lie in the package; in a checkout, where the project keeps them.
_PLACES = (_PACKAGE / "templates", _PACKAGE.parent / "templates", _PACKAGE.parent / "examples")
_SUFFIXES = (".yaml", ".safetensors", ".png", ".npy")


def starters() -> dict[str, Path]:
    """The directory of every starter by its name."""
    found: dict[str, Path] = {}
    for place in _PLACES:
        if place.is_dir():
            for directory in sorted(place.iterdir()):
                if (directory / f"{directory.name}.yaml").is_file():
                    found.setdefault(directory.name, directory)
    return found


def describe() -> dict[str, str]:
    """One line about every starter: the comment at the top of its spec."""
    lines = {}
    for name, directory in starters().items():
        with (directory / f"{name}.yaml").open(encoding="utf-8") as file:
            lines[name] = file.readline().removeprefix("#").strip()
    return lines


def copy_starter(name: str, directory: Path) -> list[Path]:
    """Copy a starter's spec, weights and images into a new (or empty) directory.

    Args:
        name: of the starter.
        directory: made if it is missing.

    Returns:
        The files written.

    Raises:
        SpecError: there is no such starter.
        OutputError: the directory holds something already, or cannot be written.
    """
    known = starters()
    if name not in known:
        near = difflib.get_close_matches(name.lower(), known, 1, 0.4)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise SpecError(f"there is no starter '{name}'{hint} (there are {', '.join(known)})")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise OutputError(f"{directory} exists and is not an empty directory; name a new one")
    source = known[name]
    written = []
    try:
        for file in sorted(source.rglob("*")):
            if file.suffix in _SUFFIXES:
                target = directory / file.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                written.append(target)
    except OSError as error:
        raise OutputError(f"{directory} cannot be written: {error.strerror}") from None
    return written
