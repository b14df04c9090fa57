"""What the command line shows: progress bars, tables, reports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from sheetcnn.teaching.exercises.grading import Grades
    from sheetcnn.workbook.inspect import Inspection
    from sheetcnn.workbook.verify import Report

SHOWN_DIFFERENCES = 20


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None] | None]:
    """The same for work in several stages, of which some cannot tell how far they are (a total of 0)."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda stage, done, total: bar.update(
            task, description=stage, completed=done, total=total or None
        )


def print_table(table: Table) -> None:
    """Print a table, as wide as the terminal is."""
    from rich.console import Console

    # In a pipe nothing is cut to the width of a terminal that is not there.
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def grades_table(grades: Grades) -> Table:
    """One line per student, and the files that belong to nobody."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(grades.title), title_justify="left")
    for column in ("name", "file", "right", "note"):
        table.add_column(column)
    for row in grades.rows:  # as they stand: a name may hold what rich would read as a style
        cells = (row.name, row.file, f"{row.right} of {len(grades.heads)}", row.note)
        table.add_row(*map(Text, cells))
    return table


def layout_words(layout: str, reason: str) -> str:
    """Which layout it is and, if it was chosen, why."""
    return f"layout: {layout}" + (f" ({reason})" if reason else "")


def inspection_table(found: Inspection) -> Table:
    """One line per layer, and the sums."""
    from rich.table import Table

    table = Table(title=found.name, title_justify="left")
    table.add_column("layer")
    table.add_column("kind")
    table.add_column("output shape")
    for column in ("parameters", "multiply-adds", "formulas", "sheets", "longest formula"):
        table.add_column(column, justify="right")
    for layer in found.layers:
        shape = "×".join(map(str, layer.shape))
        numbers = (layer.parameters, layer.multiply_adds, layer.formulas, layer.sheets, layer.longest_formula)
        table.add_row(layer.name, layer.kind, shape, *(f"{n:,}" if n else "" for n in numbers))
    table.add_section()
    totals = (found.parameters, found.multiply_adds, found.formulas, found.sheets, found.longest_formula)
    table.add_row("whole workbook", "", "", *(f"{n:,}" for n in totals))
    return table


def print_report(workbook: Path, report: Report) -> None:
    """What `verify` found, with the first cells that differ."""
    cells = "1 cell differs" if report.different == 1 else f"{report.different:,} cells differ"
    verdict = "agrees with NumPy" if report.ok else f"does NOT agree: {cells}"
    click.echo(f"{workbook}: {verdict}")
    click.echo(
        f"{report.calculator} recalculated {report.formulas:,} formulas, {report.errors} of them errors; "
        f"largest difference {report.max_abs_error:.2g}"
    )
    for d in report.differences[:SHOWN_DIFFERENCES]:
        note = "" if d.reason == "value" else f"  ({d.reason})"
        click.echo(f"  {d.sheet}!{d.cell}: expected {d.expected!r}, found {d.found!r}{note}")
    if report.different > SHOWN_DIFFERENCES:
        click.echo(f"  ... and {report.different - SHOWN_DIFFERENCES:,} more")
    if report.ok and report.prediction:
        click.echo(f"prediction: {report.prediction}")


def size_words(size: int) -> str:
    """`1.5 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"
