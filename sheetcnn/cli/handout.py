"""`sheetcnn handout`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sheetcnn.cli.options import PATH, language_option, model_options, output_option, resize_option


@click.command()
@model_options
@click.option(
    "--input",
    "image",
    type=PATH,
    show_default="the one chosen in the workbook",
    help="Image: .png, .jpg, .npy, .csv ...",
)
@resize_option
@click.option(
    "--pixel",
    metavar="NAME:M,R,C",
    show_default="the most active one of the last convolution",
    help="Pixel of a convolution to work through: layer, map, row, column.",
)
@language_option("handout", show_default="en, or that of the workbook")
@click.option(
    "--format",
    "form",
    type=click.Choice(["pdf", "html", "md"]),
    metavar="NAME",
    show_default="the ending of the output",
    help="Format of the handout: pdf, html or md.",
)
@output_option("Handout to write (.pdf, .html or .md).", required=True)
def handout(model: Path, output: Path, **options: Any) -> None:
    """Write a printable handout of MODEL or of a workbook (.xlsx).

    It has the network as a diagram, its maps, worked layers and a glossary; every number is the one that
    the network computes. A PDF needs the extra sheetcnn[handouts].
    """
    import sheetcnn

    sheetcnn.handout(model, output, **options)
    click.echo(output)
