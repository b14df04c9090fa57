"""`sheetcnn predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sheetcnn.cli.options import input_option, json_option, load_model, resize_option
from sheetcnn.cli.output import print_prediction

if TYPE_CHECKING:
    from sheetcnn import Model


@click.command()
@load_model
@input_option
@resize_option
@json_option
def predict(model: Model, image: Path, resize: bool, as_json: bool) -> None:
    """Run MODEL on an image in NumPy, without a workbook."""
    import sheetcnn

    print_prediction(model, sheetcnn.predict(model, image, resize=resize), as_json=as_json)
