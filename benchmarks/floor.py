"""What a workbook costs beyond the compression of its bytes.

A workbook is written, and then the same parts, already made, are only compressed, by one thread and in
the same process: with zlib at the level that sheetcnn uses for size, at zlib's own default, and with
what sheetcnn itself used for each part (large ones go to isal, which is several times as fast as zlib).
Ratios go by CPU time: the writer has several threads.
"""

from __future__ import annotations

import json
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from common import Aim, Report, arguments, child, show

_MAPS = (64, 192, 56)
BOOKS: dict[str, tuple[str, str, tuple[int, ...], bool]] = {
    "planar, plain": ("planar, 3 -> 16 maps of 160x160, plain", "planar", (16, 160), False),
    "planar, shared": ("planar, 3 -> 16 maps of 160x160, shared", "planar", (16, 160), True),
    "interleaved, plain": (
        "interleaved, 64 -> 192 maps of 56x56, plain",
        "interleaved",
        (64, 192, 56),
        False,
    ),
    "interleaved, shared": (
        "interleaved, 64 -> 192 maps of 56x56, shared",
        "interleaved",
        (64, 192, 56),
        True,
    ),
    "weights": ("weights, 2304 x 1024", "weights", (2304, 1024), True),
}
FLOORS = {"own": "the same compressors", "level": "zlib, level 4, filtered", "default": "zlib, level 6"}
AIM = "level"
_CHUNK = 1 << 18


def main() -> None:
    """Measure and print; with `--child` measure one workbook and print what it took."""
    parser = arguments(__doc__, rounds=5, output=True)
    parser.add_argument("--child", metavar="BOOK", choices=BOOKS, help="one workbook")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child)))
        return
    report = measured(1 if options.quick else options.rounds)
    show(report, as_json=options.json, output=options.output)


def measure(book: str) -> dict[str, float]:
    """Write one workbook, then compress its parts alone."""
    import workload

    from sheetcnn.xlsx import deflate, write

    _, kind, sizes, share = BOOKS[book]
    content = getattr(workload, kind)(*sizes)
    used: list[bool] = []

    class Noting(deflate.Deflater):
        """Notes for which parts speed counted more than size."""

        def __init__(self, *args: Any, fast: bool) -> None:
            used.append(fast and deflate.isal_zlib is not None)
            super().__init__(*args, fast=fast)

    write.Deflater = Noting  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "book.xlsx"
        wall, cpu = time.perf_counter(), time.process_time()
        write.write_book(content, path, share=share)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        with zipfile.ZipFile(path) as package:
            parts = [package.read(name) for name in package.namelist()]
        size = path.stat().st_size

    def for_size() -> Any:
        return zlib.compressobj(deflate.LEVEL, zlib.DEFLATED, -15, 8, deflate.STRATEGY)

    def fast() -> Any:
        return deflate.isal_zlib.compressobj(deflate.FAST_LEVEL, zlib.DEFLATED, -15)

    def default() -> Any:
        return zlib.compressobj(6, zlib.DEFLATED, -15)

    makers = {
        "own": [fast if large else for_size for large in used],
        "level": [for_size] * len(parts),
        "default": [default] * len(parts),
    }
    floors = {name: _compressing(parts, each) for name, each in makers.items()}
    return {
        "cells": sum(grid.height * grid.width for sheet in content.sheets for grid in sheet.grids),
        "xml_bytes": sum(map(len, parts)),
        "bytes": size,
        "seconds": wall,
        "cpu_seconds": cpu,
        **{f"{name}_seconds": seconds for name, (seconds, _) in floors.items()},
        **{f"{name}_bytes": length for name, (_, length) in floors.items()},
    }


def _compressing(parts: list[bytes], makers: list[Callable[[], Any]]) -> tuple[float, int]:
    """CPU seconds and bytes."""
    start, length = time.process_time(), 0
    for part, make in zip(parts, makers, strict=True):
        compressor = make()
        for at in range(0, len(part), _CHUNK):
            length += len(compressor.compress(part[at : at + _CHUNK]))
        length += len(compressor.flush())
    return time.process_time() - start, length


def measured(rounds: int) -> Report:
    """Let the workbooks take turns."""
    runs: dict[str, list[dict[str, float]]] = {book: [] for book in BOOKS}
    for _ in range(rounds):
        for book, found in runs.items():
            found.append(child(__file__, "--child", book))
    rows, aims = [], []
    for book, found in runs.items():
        first = found[0]
        ratios = {
            name: median(run["cpu_seconds"] / run[f"{name}_seconds"] for run in found) for name in FLOORS
        }
        rows.append(
            [
                BOOKS[book][0],
                f"{first['xml_bytes'] / 1e6:.1f}",
                f"{first['bytes'] / 1e6:.2f}",
                f"{first['level_bytes'] / 1e6:.2f}",
                f"{median(run['seconds'] for run in found):.2f}",
                f"{median(run['cpu_seconds'] for run in found):.2f}",
                *(f"{median(run[f'{name}_seconds'] for run in found):.2f}" for name in FLOORS),
                *(f"{ratio:.2f}" for ratio in ratios.values()),
            ]
        )
        aims.append(Aim(f"{book}: writing, against {FLOORS[AIM]} alone", 3, ratios[AIM], "x", False))
    header = ["workbook", "XML, MB", "file, MB", "by zlib, MB", "seconds", "CPU seconds"]
    header += [f"only {name}" for name in FLOORS.values()]
    header += [f"ratio to {name}" for name in FLOORS.values()]
    title = f"Writing, and only compressing the same bytes (CPU seconds), median of {rounds}"
    return Report("floor", [(title, header, rows)], aims, data=runs)


if __name__ == "__main__":
    main()
