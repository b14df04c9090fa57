"""What the command line prints: progress bars, tables, reports."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from sheetcnn import Built, ClassSet, Extracted, Grades, Inspection, Model, Report, Result

MOST_DIFFERENCES = 20
"""Lines of a report about cells that differ."""
MOST_CLASSES = 10
"""Lines of a prediction."""


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
def progress_steps() -> Iterator[Callable[[str, int, int], None] | None]:
    """The same for work in several steps, some of which do not know how much there is (a total of 0)."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(
            task, description=step, completed=done, total=total or None
        )


def print_json(value: object) -> None:
    """Print JSON on one line."""
    click.echo(json.dumps(value))


def print_names(described: list[tuple[str, str]]) -> None:
    """Print names, each with a line about it."""
    width = max(len(name) for name, _ in described) + 2
    for name, line in described:
        click.echo(f"{name:{width}}{line}")


def print_built(path: Path, built: Built) -> None:
    """Print what `build` wrote."""
    size = describe_size(built.size)
    click.echo(f"{path}: {built.sheets} sheets, {built.formulas:,} formulas, {size}")
    click.echo(describe_layout(built.layout, built.reason))
    if built.result.label:
        click.echo(f"prediction: {built.result.label}")


def print_starter(starter: str, directory: Path, files: list[Path]) -> None:
    """Print what `init` wrote, and the command to continue with."""
    click.echo(f"{directory}: {len(files)} files")
    spec = next(f for f in files if f.suffix == ".yaml")
    image = next((f for f in files if f.suffix == ".png"), None)
    if image is not None:
        click.echo(f"next: sheetcnn build {spec} --input {image} -o {starter}.xlsx")


def print_prediction(model: Model, result: Result, *, as_json: bool) -> None:
    """Print the output of a model: the prediction and the greatest values."""
    labels = model.graph.labels or tuple(str(n) for n in range(result.output.shape[0]))
    if as_json:
        values = result.output.tolist()
        found = {"prediction": result.label, "index": result.prediction, "labels": labels, "output": values}
        print_json(found)
        return
    if result.prediction is None:
        click.echo(f"output: {'×'.join(map(str, result.output.shape))} values (use --json to print them)")
        return
    click.echo(f"prediction: {result.label}")
    flat = result.output.reshape(-1)
    for index in flat.argsort(kind="stable")[::-1][:MOST_CLASSES]:
        click.echo(f"{flat[index]:9.4f}  {labels[index]}")


def print_inspection(found: Inspection) -> None:
    """Print a line per layer, and the sums."""
    from rich.table import Table

    table = Table(title=found.name, title_justify="left")
    for column in ("layer", "kind", "output shape"):
        table.add_column(column)
    for column in ("parameters", "multiply-adds", "formulas", "sheets", "longest formula"):
        table.add_column(column, justify="right")
    for layer in found.layers:
        shape = "×".join(map(str, layer.shape))
        numbers = (layer.parameters, layer.multiply_adds, layer.formulas, layer.sheets, layer.longest_formula)
        table.add_row(layer.name, layer.kind, shape, *(f"{n:,}" if n else "" for n in numbers))
    table.add_section()
    totals = (found.parameters, found.multiply_adds, found.formulas, found.sheets, found.longest_formula)
    table.add_row("whole workbook", "", "", *(f"{n:,}" for n in totals))
    _print_table(table)
    click.echo(describe_layout(found.layout, found.reason))
    click.echo(f"estimated file size: {describe_size(found.file_size)}")
    for fit in found.fits:
        click.echo(f"{fit.program}: {'fits' if fit.fits else 'does not fit: ' + fit.reason}")


def print_report(workbook: Path, report: Report) -> None:
    """Print the verdict of `verify`, with the first cells that differ."""
    cells = "1 cell differs" if report.different == 1 else f"{report.different:,} cells differ"
    verdict = "agrees with NumPy" if report.ok else f"does NOT agree: {cells}"
    click.echo(f"{workbook}: {verdict}")
    click.echo(
        f"{report.calculator} recalculated {report.formulas:,} formulas, {report.errors} of them errors; "
        f"largest difference {report.max_abs_error:.2g}"
        + ("; it agrees with other pixels and weights too" if report.passes > 1 and report.ok else "")
    )
    for d in report.differences[:MOST_DIFFERENCES]:
        notes = [d.reason] if d.reason != "value" else []
        notes += ["with other pixels and weights"] if d.varied else []
        note = f"  ({', '.join(notes)})" if notes else ""
        click.echo(f"  {d.sheet}!{d.cell}: expected {d.expected!r}, found {d.found!r}{note}")
    if report.different > MOST_DIFFERENCES:
        click.echo(f"  ... and {report.different - MOST_DIFFERENCES:,} more")
    if report.ok and report.prediction:
        click.echo(f"prediction: {report.prediction}")


def print_extracted(workbook: Path, found: Extracted) -> None:
    """Print the files that `extract` wrote, and the command that builds from them."""
    for path, changed in (
        (found.spec, False),
        (found.weights, found.weights_changed),
        (found.image, found.input_changed),
        *((sample, False) for sample in found.samples),
    ):
        click.echo(f"{path}  (changed since the workbook was built)" if changed else str(path))
    click.echo(f"next: sheetcnn build {shlex.join(found.arguments)} -o {workbook.stem}_again.xlsx")


def print_class_set(directory: Path, made: ClassSet) -> None:
    """Print the exercises that were written, and the command to grade them."""
    students, key = len(made.workbooks), made.key.with_suffix(".json")
    click.echo(f"{directory}: {students} {'workbook' if students == 1 else 'workbooks'} with worksheets")
    click.echo(f"answer key, not for students: {made.key} and {key}")
    click.echo(f"to grade submissions: sheetcnn grade DIRECTORY --key {key}")


def print_grades(directory: Path, grades: Grades) -> None:
    """Print a line per student, and the files that belong to no student."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(grades.title), title_justify="left")
    for column in ("name", "file", "right", "note"):
        table.add_column(column)
    for row in grades.rows:  # as Text: a name may hold what rich would read as a style
        cells = (row.name, row.file, f"{row.right} of {len(grades.heads)}", row.note)
        table.add_row(*map(Text, cells))
    _print_table(table)
    click.echo(f"{directory / 'grades.csv'}, {directory / 'grades.xlsx'}")


def _print_table(table: Table) -> None:
    from rich.console import Console

    # In a pipe nothing is cut to the width of a terminal that is not there.
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def describe_layout(layout: str, reason: str) -> str:
    """Which layout it is and, if it was chosen automatically, why."""
    return f"layout: {layout}" + (f" ({reason})" if reason else "")


def describe_size(size: float) -> str:
    """`1.5 MB`."""
    if size < 1000:
        return f"{size:.0f} bytes"
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} GB"
