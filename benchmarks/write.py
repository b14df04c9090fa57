"""How fast workbooks are written, how big they are, and how much memory that takes.

The same workbook, a convolution over 3 maps of 160x160 with bias and ReLU, is written by sheetcnn with
plain and with shared formulas, by openpyxl (write-only) and by XlsxWriter (constant_memory). Each run
is a process of its own; the writers take turns, and a ratio is the median of the ratios within a turn.
All but openpyxl, which cannot, write the value of each formula too. The time that the other two need
to make the formulas' texts is not counted against them; sheetcnn's includes it. All writers run on one
thread, so on an idle machine CPU time is the time that it takes; on a busy one it is the fairer
measure, and the aims go by it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from common import Aim, Report, arguments, child, peak_mb, show

if TYPE_CHECKING:
    from sheetcnn.xlsx.book import Book

Writer = Callable[["Book", Path], float]
"""Writes a book to a path and returns the seconds that do not count."""

BASE = "openpyxl"
NAMES = {
    "plain": "sheetcnn, plain formulas",
    "shared": "sheetcnn, shared formulas",
    "openpyxl": "openpyxl write-only, no values",
    "xlsxwriter": "XlsxWriter constant_memory",
}
BOOKS: dict[str, tuple[str, tuple[int, ...]]] = {
    "planar": ("planar", (8, 160)),
    "tiny": ("planar", (2, 6)),
    "million": ("planar", (40, 160)),
    "maps64": ("interleaved", (64, 64, 28)),
    "maps192": ("interleaved", (64, 192, 56)),
}
SHEETCNN_BOOKS = {
    "million": "planar, 3 -> 40 maps of 160x160",
    "maps64": "interleaved, 64 -> 64 maps of 28x28",
    "maps192": "interleaved, 64 -> 192 maps of 56x56",
}


def main() -> None:
    """Measure and print; with `--child` write one workbook and print what it took."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--child", nargs=2, metavar=("WRITER", "BOOK"), help="write one workbook")
    parser.add_argument("--output", type=Path, help="of --child; by default nothing is kept")
    options = parser.parse_args()
    if options.child:
        writer, book = options.child
        print(json.dumps(measure(writer, book, options.output)))
        return
    same_formulas()
    report = measured(options.rounds)
    show(report, as_json=options.json)


def measure(writer: str, book: str, output: Path | None) -> dict[str, float]:
    """Write one workbook in this process."""
    import workload

    kind, sizes = BOOKS[book]
    content = getattr(workload, kind)(*sizes)
    cells = sum(g.height * g.width for s in content.sheets for g in s.grids if g.formula is not None)
    write = _writer(writer)
    with tempfile.TemporaryDirectory() as directory:
        path = output or Path(directory) / "book.xlsx"
        before = peak_mb()
        wall, cpu = time.perf_counter(), time.process_time()
        aside = write(content, path)
        wall, cpu = time.perf_counter() - wall - aside, time.process_time() - cpu - aside
        return {
            "cells": cells,
            "seconds": wall,
            "cpu_seconds": cpu,
            "bytes": path.stat().st_size,
            "peak_mb": peak_mb(),
            "peak_before_mb": before,
        }


def _writer(name: str) -> Writer:
    if name in ("plain", "shared"):
        from sheetcnn.xlsx.write import write_book

        def ours(book: Book, path: Path) -> float:
            write_book(book, path, share=name == "shared")
            return 0.0

        return ours
    if name == "openpyxl":
        import openpyxl  # noqa: F401  (its import is not timed, nor is sheetcnn's)

        return _openpyxl
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: F401

    return _xlsxwriter


def _openpyxl(book: Book, path: Path) -> float:
    from openpyxl import Workbook
    from workload import Texts, rows_of

    aside = 0.0
    workbook = Workbook(write_only=True)
    for sheet in book.sheets:
        worksheet = workbook.create_sheet(sheet.name)
        texts = {id(g): Texts(g, sheet.name) for g in sheet.grids if g.formula is not None}
        written = 0
        for row, parts in rows_of(sheet):
            for _ in range(row - written - 1):
                worksheet.append([])
            written = row
            start = time.perf_counter()
            line: list[Any] = []
            for col, grid, i in parts:
                line += [None] * (col - 1 - len(line))
                line += texts[id(grid)].row(i) if id(grid) in texts else _values(grid, i)
            aside += time.perf_counter() - start
            worksheet.append(line)
    workbook.save(path)
    return aside


def _xlsxwriter(book: Book, path: Path) -> float:
    import xlsxwriter
    from workload import Texts, rows_of

    aside = 0.0
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    for sheet in book.sheets:
        worksheet = workbook.add_worksheet(sheet.name)
        texts = {id(g): Texts(g, sheet.name) for g in sheet.grids if g.formula is not None}
        for row, parts in rows_of(sheet):
            for col, grid, i in parts:
                start = time.perf_counter()
                values = _values(grid, i)
                formulas = texts[id(grid)].row(i) if id(grid) in texts else None
                aside += time.perf_counter() - start
                if formulas is None:
                    for j, value in enumerate(values):
                        worksheet.write_number(row - 1, col - 1 + j, value)
                else:
                    for j, (formula, value) in enumerate(zip(formulas, values, strict=True)):
                        worksheet.write_formula(row - 1, col - 1 + j, formula, None, value)
    workbook.close()
    return aside


def _values(grid: Any, i: int) -> list[float]:
    values: list[float] = grid.values[i].tolist()
    return values


def same_formulas() -> None:
    """Make sure, on a small workbook, that every writer writes the same formulas and values.

    Raises:
        SystemExit: if one does not.
    """
    from subprocess import run

    with tempfile.TemporaryDirectory() as directory:
        paths = {name: Path(directory) / f"{name}.xlsx" for name in NAMES}
        for name, path in paths.items():
            child(__file__, "--child", name, "tiny", "--output", path)
        # In a process of its own: a parent must stay small (see common).
        code = f"import write; write.compare({[str(p) for p in paths.values()]!r})"
        done = run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=False)
    if done.returncode:
        raise SystemExit("the writers do not write the same formulas; a comparison would mean nothing")


def compare(paths: list[str]) -> None:
    """Raise if the workbooks do not hold the same formulas, numbers and values."""
    formulas, values = _content(paths[0], values=False), _content(paths[0], values=True)
    assert sum(isinstance(formula, str) for formula in formulas.values()) == 2 * 6 * 6
    for path in paths[1:]:
        _compare(formulas, _content(path, values=False))
        if "openpyxl" not in path:
            _compare(values, _content(path, values=True))


def _compare(one: dict[tuple[str, str], Any], other: dict[tuple[str, str], Any]) -> None:
    assert one.keys() == other.keys()
    for place, content in one.items():
        # openpyxl and XlsxWriter write 16 digits, of the 17 that some numbers need.
        same = content == other[place] or isclose(content, other[place], rel_tol=1e-15)
        assert same, f"{place}: {content}, {other[place]}"


def _content(path: str, *, values: bool) -> dict[tuple[str, str], Any]:
    from openpyxl import load_workbook

    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in load_workbook(path, data_only=values).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


@dataclass(frozen=True)
class Measured:
    """The runs of one writer on one workbook."""

    runs: list[dict[str, float]]

    def middle(self, key: str) -> float:
        """The median of one figure."""
        return median(run[key] for run in self.runs)

    def rate(self, key: str = "seconds") -> float:
        """Formula cells per second, or per CPU second."""
        return self.runs[0]["cells"] / self.middle(key)

    def times_faster(self, other: Measured, key: str = "seconds") -> float:
        """The median of the ratios within the turns."""
        return median(b[key] / a[key] for a, b in zip(self.runs, other.runs, strict=True))


def measured(rounds: int) -> Report:
    """Let the writers take turns."""
    writers: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    alone: dict[tuple[str, str], list[dict[str, float]]] = {
        (book, name): [] for book in SHEETCNN_BOOKS for name in ("plain", "shared")
    }
    for _ in range(rounds):
        for name, runs in writers.items():
            runs.append(child(__file__, "--child", name, "planar"))
        for (book, name), runs in alone.items():
            runs.append(child(__file__, "--child", name, book))
    results = {name: Measured(runs) for name, runs in writers.items()}
    others = {key: Measured(runs) for key, runs in alone.items()}
    base = results[BASE]
    cells = int(base.runs[0]["cells"])
    aims = [
        Aim(
            "plain formulas, speed of openpyxl write-only",
            3,
            results["plain"].times_faster(base, "cpu_seconds"),
            "x",
            True,
        ),
        Aim(
            "shared formulas, speed of openpyxl write-only",
            8,
            results["shared"].times_faster(base, "cpu_seconds"),
            "x",
            True,
        ),
    ]
    for name in ("plain", "shared"):
        peak = others["million", name].middle("peak_mb")
        aims.append(Aim(f"peak memory for a million {name} formulas", 100, peak, "MB", False))
    keys = ("seconds", "cpu_seconds")
    versus = ("times as fast", "by CPU time")
    comparison = [
        [NAMES[name], *_figures(found), *(f"{found.times_faster(base, key):.2f}" for key in keys)]
        for name, found in results.items()
    ]
    header = ["formula cells/s", "per CPU second", "file, MB", "peak memory, MB"]
    more = [
        [f"{SHEETCNN_BOOKS[book]}, {name}", f"{found.runs[0]['cells']:,.0f}", *_figures(found)]
        for (book, name), found in others.items()
    ]
    million = others["million", "shared"]
    before, peak = million.middle("peak_before_mb"), million.middle("peak_mb")
    return Report(
        "write",
        [
            (
                f"{cells:,} formulas over 3 channels, median of {rounds}",
                ["writer", *header, *versus],
                comparison,
            ),
            ("sheetcnn on other workbooks", ["workbook", "formulas", *header], more),
        ],
        aims,
        [
            f"Peak memory before writing a million formulas (Python, NumPy, the numbers): {before:.0f} MB; "
            f"after: {peak:.0f} MB."
        ],
        {
            "planar": {name: found.runs for name, found in results.items()},
            **{f"{book}, {name}": found.runs for (book, name), found in others.items()},
        },
    )


def _figures(found: Measured) -> list[str]:
    rates = (f"{found.rate(key):,.0f}" for key in ("seconds", "cpu_seconds"))
    return [*rates, f"{found.middle('bytes') / 1e6:.2f}", f"{found.middle('peak_mb'):.0f}"]


if __name__ == "__main__":
    main()
