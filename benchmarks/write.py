"""How fast workbooks are written, how big they are, and how much memory that takes.

The same workbooks are written by sheetcnn with plain and with shared formulas, by openpyxl (write-only)
and by XlsxWriter (constant_memory): a convolution over 3 maps with bias and ReLU in the planar layout,
one over 64 maps in the interleaved layout, and a sheet of weights. Each run is a process of its own; the
writers take turns, and a ratio is the median of the ratios within a turn. All but openpyxl, which
cannot, write the value of each formula too. The time that the other two need to make the formulas'
texts is not counted against them; sheetcnn's includes it. sheetcnn has threads that compress; CPU time
counts all of them, so that the aims, which go by it, owe nothing to a second core.
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
    "interleaved": ("interleaved", (64, 192, 56)),
    "weights": ("weights", (1152, 1024)),
    "tiny planar": ("planar", (2, 6)),
    "tiny interleaved": ("interleaved", (2, 3, 6)),
    "million": ("planar", (40, 160)),
    "maps64": ("interleaved", (64, 64, 28)),
}
COMPARED: dict[str, tuple[str, tuple[str, ...]]] = {
    "planar": ("planar, 3 -> 8 maps of 160x160: {cells:,} formulas", tuple(NAMES)),
    "interleaved": (
        "interleaved, 64 -> 192 maps of 56x56: {cells:,} formulas",
        ("plain", "shared", "openpyxl"),
    ),
    "weights": ("a sheet of weights, 1152 x 1024: {cells:,} numbers", ("shared", "openpyxl")),
}
SHEETCNN_BOOKS = {
    "million": "planar, 3 -> 40 maps of 160x160",
    "maps64": "interleaved, 64 -> 64 maps of 28x28",
}
WANTED = (
    ("planar", "plain", 3, "planar, plain formulas"),
    ("planar", "shared", 8, "planar, shared formulas"),
    ("interleaved", "shared", 20, "interleaved, shared formulas"),
)
"""How many times as fast as openpyxl write-only."""


def main() -> None:
    """Measure and print; with `--child` write one workbook and print what it took."""
    parser = arguments(__doc__, rounds=5, output=True)
    parser.add_argument("--child", nargs=2, metavar=("WRITER", "BOOK"), help="write one workbook")
    parser.add_argument("--keep", type=Path, help="where --child writes it; by default nothing is kept")
    options = parser.parse_args()
    if options.child:
        writer, book = options.child
        print(json.dumps(measure(writer, book, options.keep)))
        return
    same_formulas()
    report = measured(1 if options.quick else options.rounds)
    show(report, as_json=options.json, output=options.output)


def measure(writer: str, book: str, output: Path | None) -> dict[str, float]:
    """Write one workbook in this process."""
    import workload

    kind, sizes = BOOKS[book]
    content = getattr(workload, kind)(*sizes)
    grids = [g for s in content.sheets for g in s.grids if kind == "weights" or g.formula is not None]
    cells = sum(g.height * g.width for g in grids)
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
            line: list[Any] = [None] * max(col + (g.width - 1) * g.col_step for col, g, _ in parts)
            for col, grid, i in parts:
                places = slice(col - 1, col + (grid.width - 1) * grid.col_step, grid.col_step)
                line[places] = texts[id(grid)].row(i) if id(grid) in texts else _values(grid, i)
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


def _values(grid: Any, i: int) -> list[float | None]:
    """The numbers of a row; None for cells that are left out."""
    return [None if value != value else value for value in grid.values[i].tolist()]


def same_formulas() -> None:
    """Make sure, on a small workbook, that every writer writes the same formulas and values.

    Raises:
        SystemExit: if one does not.
    """
    from subprocess import run

    with tempfile.TemporaryDirectory() as directory:
        for kind, count in {"planar": 2 * 6 * 6, "interleaved": 3 * 6 * 6}.items():
            book = f"tiny {kind}"
            paths = {name: Path(directory) / f"{book} {name}.xlsx" for name in COMPARED[kind][1]}
            for name, path in paths.items():
                child(__file__, "--child", name, book, "--keep", path)
            # In a process of its own: a parent must stay small (see common).
            code = f"import write; write.compare({[str(p) for p in paths.values()]!r}, {count})"
            if run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=False).returncode:
                break
        else:
            return
    raise SystemExit("the writers do not write the same formulas; a comparison would mean nothing")


def compare(paths: list[str], count: int) -> None:
    """Raise if the workbooks do not hold the same `count` formulas, numbers and values."""
    formulas, values = _content(paths[0], values=False), _content(paths[0], values=True)
    assert sum(isinstance(formula, str) for formula in formulas.values()) == count
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
    turns = [(book, name) for book, (_, writers) in COMPARED.items() for name in writers]
    turns += [(book, name) for book in SHEETCNN_BOOKS for name in ("plain", "shared")]
    runs: dict[tuple[str, str], list[dict[str, float]]] = {turn: [] for turn in turns}
    for _ in range(rounds):
        for (book, name), found in runs.items():
            found.append(child(__file__, "--child", name, book))
    results = {turn: Measured(found) for turn, found in runs.items()}
    aims = [
        Aim(
            f"{what}, speed of openpyxl write-only",
            wanted,
            results[book, name].times_faster(results[book, BASE], "cpu_seconds"),
            "x",
            True,
        )
        for book, name, wanted, what in WANTED
    ]
    for name in ("plain", "shared"):
        peak = results["million", name].middle("peak_mb")
        aims.append(Aim(f"peak memory for a million {name} formulas", 100, peak, "MB", False))
    header = ["cells/s", "per CPU second", "file, MB", "peak memory, MB"]
    tables = []
    for book, (title, writers) in COMPARED.items():
        base = results[book, BASE]
        rows = []
        for name in writers:
            found = results[book, name]
            times = (f"{found.times_faster(base, key):.2f}" for key in ("seconds", "cpu_seconds"))
            rows.append([NAMES[name], *_figures(found), *times])
        title = title.format(cells=int(base.runs[0]["cells"])) + f", median of {rounds}"
        tables.append((title, ["writer", *header, "times as fast", "by CPU time"], rows))
    more = [
        [
            f"{title}, {name}",
            f"{results[book, name].runs[0]['cells']:,.0f}",
            *_figures(results[book, name]),
        ]
        for book, title in SHEETCNN_BOOKS.items()
        for name in ("plain", "shared")
    ]
    tables.append(("sheetcnn on other workbooks", ["workbook", "formulas", *header], more))
    million = results["million", "shared"]
    before, peak = million.middle("peak_before_mb"), million.middle("peak_mb")
    return Report(
        "write",
        tables,
        aims,
        [
            f"Peak memory before writing a million formulas (Python, NumPy, the numbers): {before:.0f} MB; "
            f"after: {peak:.0f} MB."
        ],
        {f"{book}, {name}": found for (book, name), found in runs.items()},
    )


def _figures(found: Measured) -> list[str]:
    rates = (f"{found.rate(key):,.0f}" for key in ("seconds", "cpu_seconds"))
    return [*rates, f"{found.middle('bytes') / 1e6:.2f}", f"{found.middle('peak_mb'):.0f}"]


if __name__ == "__main__":
    main()
