"""`sheetcnn convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sheetcnn.cli.options import load_model, output_option

if TYPE_CHECKING:
    from sheetcnn import Model


@click.command()
@load_model
@output_option("Directory to write to.", required=True)
def convert(model: Model, output: Path) -> None:
    """Write MODEL as a readable spec with its weights beside it.

    The files are NAME.yaml and NAME.safetensors, after the name of the network.
    """
    import sheetcnn

    for path in sheetcnn.convert(model, output):
        click.echo(path)
