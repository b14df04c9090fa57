"""`sheetcnn init`."""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.options import PATH
from sheetcnn.cli.output import print_names, print_starter


@click.command()
@click.argument("starter", required=False)
@click.argument("directory", type=PATH, required=False)
def init(starter: str | None, directory: Path | None) -> None:
    """Copy the files of a starter network into a new directory.

    Without the name of a STARTER, list all starters. DIRECTORY is by default named like the starter.
    """
    import sheetcnn

    if starter is None:
        print_names(sheetcnn.list_starters())
    else:
        directory = directory or Path(starter)
        print_starter(starter, directory, sheetcnn.init(starter, directory))
