"""`sheetcnn extract`."""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.options import output_option, workbook_argument
from sheetcnn.cli.output import print_extracted


@click.command()
@workbook_argument
@output_option("Directory to write to.", required=True)
def extract(workbook: Path, output: Path) -> None:
    """Write the spec, weights and images of WORKBOOK back to files.

    Weights and images are those in the cells, edited or not.
    """
    import sheetcnn

    print_extracted(workbook, sheetcnn.extract(workbook, output))
