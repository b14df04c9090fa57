"""`sheetcnn exercise`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sheetcnn.cli.options import PATH, load_model, output_option
from sheetcnn.cli.output import print_class_set

if TYPE_CHECKING:
    from sheetcnn import Model


@click.command()
@load_model
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="N",
    default=1,
    show_default=True,
    help="Seed of the random numbers.",
)
@click.option("--count", type=int, metavar="N", show_default="one of each kind", help="Number of questions.")
@click.option(
    "--kinds",
    metavar="NAME,...",
    show_default="all that the model allows",
    help="Kinds of questions: pixel, size, counting, field, which, pool, formula, softmax, model_pixel.",
)
@click.option("--roster", type=PATH, help="CSV file of student names; each gets a variant.")
@output_option("New directory to write to.", required=True)
def exercise(model: Model, kinds: str | None, output: Path, **options: Any) -> None:
    """Write exercises about MODEL: worksheets, workbooks and a key.

    A workbook checks the answers typed into it, and gives a hint where it recognises a common mistake. Needs
    the extra sheetcnn[handouts].
    """
    import sheetcnn

    chosen = None if kinds is None else [kind.strip() for kind in kinds.split(",")]
    made = sheetcnn.exercise(model, output, kinds=chosen, **options)
    print_class_set(output, made)
