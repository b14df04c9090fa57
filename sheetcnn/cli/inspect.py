"""`sheetcnn inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sheetcnn.cli.options import (
    fold_option,
    input_shape_option,
    json_option,
    layout_options,
    model_argument,
    pages_option,
)
from sheetcnn.cli.output import print_inspection, print_json


@click.command()
@model_argument
@input_shape_option
@fold_option
@layout_options
@pages_option
@json_option
def inspect(model: Path, as_json: bool, **options: Any) -> None:
    """Print the sizes of the workbook of MODEL without building it.

    A spec needs no weights for this.
    """
    from dataclasses import asdict

    import sheetcnn

    found = sheetcnn.inspect(model, **options)
    if as_json:
        print_json(asdict(found))
    else:
        print_inspection(found)
