"""`sheetcnn lesson`."""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.options import PATH, mendable


@click.command()
@click.argument("name", required=False)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="The file to write: .xlsx for the lesson (the default), .pdf, .html or .md for its page.",
)
@mendable
def lesson(name: str | None, output: Path | None) -> None:
    """Write the lesson NAME as a small live workbook, or its page for print.

    Without a name, list the lessons.
    """
    import sheetcnn

    if name is None:
        for known, line in sheetcnn.list_lessons():
            click.echo(f"{known:12} {line}")
        return
    output = output or Path(f"{name}.xlsx")
    sheetcnn.lesson(name, output)
    click.echo(f"{output}")
