"""`sheetcnn lesson`."""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.options import output_option
from sheetcnn.cli.output import print_names


@click.command()
@click.argument("name", required=False)
@output_option("Workbook (.xlsx) or page (.pdf, .html or .md) to write.", show_default="NAME.xlsx")
def lesson(name: str | None, output: Path | None) -> None:
    """Write a lesson: a small live workbook, or its page for print.

    Without the NAME of a lesson, list all lessons.
    """
    import sheetcnn

    if name is None:
        print_names(sheetcnn.list_lessons())
    else:
        output = output or Path(f"{name}.xlsx")
        sheetcnn.lesson(name, output)
        click.echo(output)
