"""`sheetcnn inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sheetcnn.cli.options import (
    fold_option,
    input_shape_option,
    json_option,
    layout_option,
    model_argument,
    pages_option,
    relu_option,
    target_option,
)
from sheetcnn.cli.output import print_inspection, print_json

if TYPE_CHECKING:
    from sheetcnn.sheets.layout import ReluName, Target
    from sheetcnn.workbook.auto_layout import LayoutChoice


@click.command()
@model_argument
@input_shape_option
@fold_option
@layout_option
@target_option
@relu_option
@pages_option
@json_option
def inspect(
    model: Path,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    layout: LayoutChoice,
    target: Target,
    relu: ReluName,
    pages: tuple[str, ...] | None,
    as_json: bool,
) -> None:
    """Print the sizes of the workbook of MODEL without building it.

    A spec needs no weights for this.
    """
    from dataclasses import asdict

    import sheetcnn

    found = sheetcnn.inspect(
        model,
        input_shape=input_shape,
        fold_batch_norm=fold_batch_norm,
        layout=layout,
        target=target,
        relu=relu,
        pages=pages,
    )
    if as_json:
        print_json(asdict(found))
    else:
        print_inspection(found)
