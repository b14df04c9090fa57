"""The last sheet: what built the file and from what, so that it explains itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import numpy as np

from sheetcnn._version import __version__
from sheetcnn.model.graph import Model
from sheetcnn.pages.site import PageSite
from sheetcnn.shape import Array
from sheetcnn.sheets import theme
from sheetcnn.sheets.sheet_plan import SheetPlan
from sheetcnn.xlsx.book import Cell

NAME = "about"
FORMAT = 2
"""Of this sheet; raised when an older sheetcnn could not read it any more."""
PIECE = 30_000
"""Characters of the spec per cell, below the 32,767 that a cell holds."""
KEY_COLUMN, VALUE_COLUMN = 1, 2


def digest(arrays: Mapping[str, Array]) -> str:
    """The SHA-256 of named arrays: names, shapes and float64 values, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], dtype="<f8")
        total.update(f"{name}{array.shape}".encode())
        total.update(array.reshape(-1).data)  # not tobytes(), a copy of what may be 300 MB
    return total.hexdigest()


def weights_digest(model: Model) -> str:
    """The digest of all weights of a model."""
    return digest(
        {f"{layer}.{name}": a for layer, group in model.params.items() for name, a in group.items()}
    )


def images_digest(images: Sequence[Array]) -> str:
    """The digest of the images that a workbook is built from."""
    return digest({f"sample {n}" if n else "input": image for n, image in enumerate(images)})


def sheets(site: PageSite) -> Iterator[SheetPlan]:
    """The page."""
    layout = site.layout
    page = SheetPlan(NAME, tab="page")
    page.format.column_widths |= {KEY_COLUMN: 18, VALUE_COLUMN: 110}
    page.cells += [
        Cell(1, 1, "About this file", theme.TITLE),
        Cell(
            2,
            1,
            "sheetcnn verify reads the rows below to check this workbook; leave them as they are.",
            theme.SUBTITLE,
        ),
    ]
    rows = [
        ("format", str(FORMAT)),
        ("built by", f"sheetcnn {__version__}"),
        ("network", layout.graph.name),
        ("options", json.dumps(asdict(layout.options))),
        ("weights sha256", site.provenance.weights),
        ("input sha256", site.provenance.images),
    ]
    rows += [("spec", site.spec[n : n + PIECE]) for n in range(0, len(site.spec), PIECE)]
    for n, (key, value) in enumerate(rows, 4):
        page.cells.append(Cell(n, KEY_COLUMN, key, theme.TEXT))
        page.cells.append(Cell(n, VALUE_COLUMN, value, theme.TEXT))
    yield page
