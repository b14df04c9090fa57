"""`sheetcnn build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sheetcnn.cli.options import (
    input_option,
    language_option,
    layout_options,
    load_model,
    output_option,
    pages_option,
    resize_option,
    samples_option,
)
from sheetcnn.cli.output import print_built, progress_bar

if TYPE_CHECKING:
    from sheetcnn import Model


@click.command()
@load_model
@input_option
@resize_option
@layout_options
@samples_option
@pages_option
@language_option("workbook", default="en", show_default=True)
@output_option("Workbook to write (.xlsx).", required=True)
def build(model: Model, image: Path, output: Path, **options: Any) -> None:
    """Write the workbook that computes MODEL on an image.

    MODEL is a layer spec (.yaml, .json, .toml), a directory that holds one, or a whole model: .onnx,
    .pt2 (PyTorch), .keras or .h5.
    """
    import sheetcnn

    with progress_bar(f"writing {output.name}") as progress:
        built = sheetcnn.build(model, image, output, progress=progress, **options)
    print_built(output, built)
