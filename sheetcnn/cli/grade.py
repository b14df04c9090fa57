"""`sheetcnn grade`."""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.options import PATH
from sheetcnn.cli.output import print_grades


@click.command()
@click.argument("directory", type=PATH)
@click.option(
    "--key", type=PATH, show_default="key.json in DIRECTORY", help="Answer key that sheetcnn exercise wrote."
)
def grade(directory: Path, key: Path | None) -> None:
    """Grade the submissions in DIRECTORY.

    Submissions are the workbooks of sheetcnn exercise, filled in, under any names. Writes grades.csv and
    grades.xlsx there.
    """
    import sheetcnn

    print_grades(directory, sheetcnn.grade(directory, key))
