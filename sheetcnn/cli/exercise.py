"""`sheetcnn exercise` and `sheetcnn grade`."""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.options import PATH, load_model, loading, mendable
from sheetcnn.cli.output import grades_table, print_table


@click.command()
@loading
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the numbers drawn.")
@click.option("--count", type=int, help="Of questions; default: one of each kind.")
@click.option(
    "--kinds",
    metavar="NAME,...",
    help="Of questions: pixel, size, counting, field, which, pool, formula, softmax, model_pixel; "
    "default: all that the model allows.",
)
@click.option(
    "--roster", type=PATH, help="A .csv file with a column of names: a variant for each student, and one key."
)
@click.option("-o", "--output", type=PATH, required=True, help="A new directory for the files.")
@mendable
def exercise(
    model: Path,
    weights: Path | None,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    seed: int,
    count: int | None,
    kinds: str | None,
    roster: Path | None,
    output: Path,
) -> None:
    """Write exercises about MODEL: a worksheet, a workbook that checks what is typed, and the answers.

    The workbook recognises usual mistakes and says them as hints. Needs the extra sheetcnn[handouts].
    """
    import sheetcnn

    chosen = None if kinds is None else [kind.strip() for kind in kinds.split(",")]
    loaded = load_model(model, weights, input_shape, fold_batch_norm)
    made = sheetcnn.exercise(loaded, output, seed=seed, count=count, kinds=chosen, roster=roster)
    students = len(made.workbooks)
    click.echo(f"{output}: {students} {'workbook' if students == 1 else 'workbooks'} with worksheets")
    click.echo(f"the answers, for you alone: {made.key} and {made.key.with_suffix('.json')}")
    click.echo(f"when they come back: sheetcnn grade DIRECTORY --key {made.key.with_suffix('.json')}")


@click.command()
@click.argument("directory", type=PATH)
@click.option("--key", type=PATH, help="The teacher's key.json; default: that of the directory.")
@mendable
def grade(directory: Path, key: Path | None) -> None:
    """Grade the workbooks in DIRECTORY that came back, and write grades.csv and grades.xlsx there."""
    import sheetcnn

    grades = sheetcnn.grade(directory, key)
    print_table(grades_table(grades))
    click.echo(f"{directory / 'grades.csv'}, {directory / 'grades.xlsx'}")
