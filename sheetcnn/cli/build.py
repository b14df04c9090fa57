"""`sheetcnn build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sheetcnn.cli.options import (
    input_option,
    language_option,
    layout_option,
    load_model,
    output_option,
    pages_option,
    relu_option,
    resize_option,
    samples_option,
    target_option,
)
from sheetcnn.cli.output import print_built, progress_bar

if TYPE_CHECKING:
    from sheetcnn import Model
    from sheetcnn.sheets.layout import ReluName, Target
    from sheetcnn.workbook.auto_layout import LayoutChoice


@click.command()
@load_model
@input_option
@resize_option
@layout_option
@target_option
@relu_option
@samples_option
@pages_option
@language_option("workbook", default="en", show_default=True)
@output_option("Workbook to write (.xlsx).", required=True)
def build(
    model: Model,
    image: Path,
    resize: bool,
    layout: LayoutChoice,
    target: Target,
    relu: ReluName,
    samples: tuple[Path, ...],
    pages: tuple[str, ...] | None,
    language: str,
    output: Path,
) -> None:
    """Write the workbook that computes MODEL on an image.

    MODEL is a layer spec (.yaml, .json, .toml), a directory that holds one, or a whole model: .onnx,
    .pt2 (PyTorch), .keras or .h5.
    """
    import sheetcnn

    with progress_bar(f"writing {output.name}") as progress:
        built = sheetcnn.build(
            model,
            image,
            output,
            layout=layout,
            target=target,
            relu=relu,
            samples=samples,
            pages=pages,
            language=language,
            resize=resize,
            progress=progress,
        )
    print_built(output, built)
