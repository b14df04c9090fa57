"""How the cost of a workbook grows with its cells: from 10 thousand to 5 million.

Convolutions in the interleaved layout with formulas shared and plain, and weights. Each size is
written in a process of its own. A rate counts formula cells (numbers on sheets of weights) per CPU second
of the whole writing, which has a fixed part of some hundredths of a second: the parts of an empty
workbook. `--plot FILE.png` draws the rates and the bytes per cell.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from common import Aim, Report, arguments, child, peak_mb, show

MAPS, INPUTS, WIDTH = 48, 3, 1000
# Cells, height and width of 48 maps, and rows of 1000 weights. A row has room for 48 maps of 340 pixels.
SIZES = {"10 k": (14, 10), "50 k": (32, 50), "200 k": (65, 200), "1 M": (144, 1000), "5 M": (323, 5000)}
QUICK = ("10 k", "50 k", "200 k")
SERIES = {"shared": "formulas, shared", "plain": "formulas, plain", "weights": "weights"}
FLAT_FROM = "200 k"
"""Below, the fixed part counts."""


def main() -> None:
    """Measure and print; with `--child` write one workbook and print what it took."""
    parser = arguments(__doc__, rounds=3, output=True)
    parser.add_argument("--plot", type=Path, help="draw a picture of it")
    parser.add_argument("--child", nargs=2, metavar=("SERIES", "CELLS"), help="write one workbook")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    sizes = QUICK if options.quick else tuple(SIZES)
    report = measured(1 if options.quick else options.rounds, sizes)
    show(report, as_json=options.json, output=options.output)
    if options.plot:
        draw(report.data, options.plot)


def measure(series: str, cells: str) -> dict[str, float]:
    """Write one workbook in this process."""
    import workload

    from sheetcnn.xlsx.write import write_book

    size, rows = SIZES[cells]
    weights = series == "weights"
    book = workload.weights(rows, WIDTH) if weights else workload.interleaved(INPUTS, MAPS, size)
    grids = [grid for sheet in book.sheets for grid in sheet.grids if weights or grid.formula is not None]
    count = sum(grid.height * grid.width for grid in grids)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "book.xlsx"
        before = peak_mb()
        wall, cpu = time.perf_counter(), time.process_time()
        write_book(book, path, share=series == "shared")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {
            "cells": count,
            "seconds": wall,
            "cpu_seconds": cpu,
            "bytes": path.stat().st_size,
            "grown_mb": peak_mb() - before,
        }


def measured(rounds: int, sizes: tuple[str, ...]) -> Report:
    """Let the sizes take turns."""
    runs: dict[str, dict[str, list[dict[str, float]]]] = {
        series: {cells: [] for cells in sizes} for series in SERIES
    }
    for _ in range(rounds):
        for series, of in runs.items():
            for cells, found in of.items():
                found.append(child(__file__, "--child", series, cells))
    data = {
        series: [{key: median(run[key] for run in found) for key in found[0]} for found in of.values()]
        for series, of in runs.items()
    }
    rows, aims = [], []
    for series, points in data.items():
        for point in points:
            count = point["cells"]
            rows.append(
                [
                    SERIES[series],
                    f"{count:,.0f}",
                    f"{count / point['seconds']:,.0f}",
                    f"{count / point['cpu_seconds']:,.0f}",
                    f"{point['bytes'] / count:.1f}",
                    f"{point['bytes'] / 1e6:.2f}",
                    f"{point['grown_mb']:.0f}",
                ]
            )
        flat = points[sizes.index(FLAT_FROM) :]
        rates = [point["cells"] / point["cpu_seconds"] for point in flat]
        each = [point["bytes"] / point["cells"] for point in flat]
        what = f"{SERIES[series]}, {FLAT_FROM} to {sizes[-1]} cells"
        aims += [
            Aim(f"{what}: slowest rate, against the first", 0.8, min(rates) / rates[0], "", True),
            Aim(f"{what}: most bytes per cell, times the least", 1.25, max(each) / min(each), "", False),
        ]
    header = ["cells of", "cells", "cells/s", "per CPU second", "bytes/cell", "file, MB", "memory grown, MB"]
    return Report("growth", [(f"Median of {rounds}", header, rows)], aims, data=data)


def draw(data: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw the two curves of each series."""
    from chart import Line, chart

    def lines(of: str) -> list[Line]:
        return [
            Line(
                SERIES[series],
                [
                    (
                        point["cells"],
                        point["cells"] / point["cpu_seconds"] / 1e6
                        if of == "rate"
                        else point["bytes"] / point["cells"],
                    )
                    for point in points
                ],
            )
            for series, points in data.items()
        ]

    panels = [
        ("million cells per CPU second", lines("rate")),
        ("bytes per cell in the file", lines("bytes")),
    ]
    chart(panels, "cells in the workbook", path)


if __name__ == "__main__":
    main()
