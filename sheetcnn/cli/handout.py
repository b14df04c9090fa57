"""`sheetcnn handout`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sheetcnn.cli.options import PATH, loading, mendable, resize_option

if TYPE_CHECKING:
    from sheetcnn.teaching.handouts.handout import Format


@click.command()
@loading
@click.option(
    "--input", "image", type=PATH, help="Image; of a workbook, instead of the one that is chosen in it."
)
@resize_option
@click.option(
    "--pixel",
    metavar="LAYER:MAP,ROW,COLUMN",
    help="Of a convolution, to be worked. Default: the most active one of the last convolution.",
)
@click.option(
    "--language", type=click.Choice(["en", "de"]), help="Default: English, or the workbook's own language."
)
@click.option(
    "--format", "form", type=click.Choice(["pdf", "html", "md"]), help="Default: by the output's name."
)
@click.option("-o", "--output", type=PATH, required=True, help="The file to write: .pdf, .html or .md.")
@mendable
def handout(
    model: Path,
    weights: Path | None,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    image: Path | None,
    resize: bool,
    pixel: str | None,
    language: str | None,
    form: Format | None,
    output: Path,
) -> None:
    """Write a printable handout of MODEL, or of a workbook (.xlsx): diagram, maps, worked layers, glossary.

    Every number is the one that the network computes. A PDF needs the extra sheetcnn[handouts].
    """
    import sheetcnn

    sheetcnn.handout(
        model,
        output,
        image=image,
        weights=weights,
        input_shape=input_shape,
        fold_batch_norm=fold_batch_norm,
        resize=resize,
        pixel=pixel,
        language=language,
        form=form,
    )
    click.echo(f"{output}")
