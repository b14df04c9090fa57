"""Arguments and options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sheetcnn.errors import SpecError

PATH = click.Path(path_type=Path)
Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def _shape(context: click.Context, option: click.Parameter, value: str | None) -> tuple[int, int, int] | None:
    """`3,224,224` as numbers."""
    if value is None:
        return None
    parts = value.replace("x", ",").split(",")
    if len(parts) != 3 or not all(p.strip().isdigit() and int(p) for p in parts):
        raise click.BadParameter(f"{value!r} is not channels, height, width, such as 3,224,224")
    channels, height, width = (int(p) for p in parts)
    return channels, height, width


def _page_names(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """`input,trace` as names of pages."""
    from sheetcnn.pages.registry import OPTIONAL, check_pages

    if value is None:
        return None
    if value in ("all", "none"):
        return OPTIONAL if value == "all" else ()
    try:
        return check_pages([name.strip() for name in value.split(",")])
    except SpecError as error:
        raise click.BadParameter(f"{error}, all, none") from None


workbook_argument = click.argument("workbook", type=PATH)
model_argument = click.argument("model", type=PATH)
weights_option = click.option(
    "--weights",
    type=PATH,
    show_default="the file beside the spec",
    help="Weights of a spec: .safetensors, .npz or a PyTorch state dict.",
)
input_shape_option = click.option(
    "--input-shape",
    metavar="C,H,W",
    callback=_shape,
    help="Input shape of an ONNX file that leaves it open.",
)
fold_option = click.option(
    "--fold-batch-norm", is_flag=True, help="Fold batch normalisation into the layer before it."
)


def together(*options: Decorator) -> Decorator:
    """Arguments and options as one decorator, in the order of the help."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


model_options = together(model_argument, weights_option, input_shape_option, fold_option)
"""The argument and the options that say which model to load."""


def load_model(command: Callable[..., None]) -> Callable[..., None]:
    """The same, for a command that is called with the model loaded."""

    @functools.wraps(command)
    def loaded(
        model: Path, weights: Path | None, input_shape: Any, fold_batch_norm: bool, **options: Any
    ) -> None:
        import sheetcnn

        read = sheetcnn.load(model, weights, input_shape=input_shape, fold_batch_norm=fold_batch_norm)
        command(read, **options)

    return model_options(loaded)


def choice_option(name: str, choices: tuple[str, ...], what: str) -> Decorator:
    """One word of several, by default the first; `what` is the help, which explains each."""
    return click.option(
        name, type=click.Choice(choices), metavar="NAME", default=choices[0], show_default=True, help=what
    )


def output_option(what: str, **settings: Any) -> Decorator:
    """Where to write; `what` is the help, which names the file or directory."""
    return click.option("-o", "--output", type=PATH, help=what, **settings)


input_option = click.option(
    "--input", "image", type=PATH, required=True, help="Image: .png, .jpg, .npy, .csv ..."
)
resize_option = click.option("--resize", is_flag=True, help="Scale an image of another size.")
layout_options = together(
    choice_option(
        "--layout",
        ("auto", "planar", "interleaved"),
        "Layout: planar (a sheet per feature map), interleaved (a sheet per layer, for big networks) or "
        "auto (planar while it fits).",
    ),
    choice_option(
        "--target",
        ("excel", "libreoffice", "sheets"),
        "Program whose limits apply: excel, libreoffice or sheets (Google Sheets).",
    ),
    choice_option(
        "--relu",
        ("fused", "separate"),
        "Pre-activations: fused into the formulas of a layer, or separate, in grids of their own.",
    ),
)
"""How a workbook is laid out."""
samples_option = click.option(
    "--samples",
    type=PATH,
    multiple=True,
    help="Another image to choose in the workbook, or a directory of images; may be repeated.",
)


class _PagesOption(click.Option):
    """`--pages`, whose help lists what there is only when it is asked for: that takes imports."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        from sheetcnn.pages.registry import OPTIONAL

        self.help = f"Explanatory pages: {', '.join(OPTIONAL)}; or all, or none."
        return super().get_help_record(ctx)


pages_option = click.option(
    "--pages",
    cls=_PagesOption,
    metavar="NAME,...",
    callback=_page_names,
    show_default="all that suit the network",
)


def language_option(what: str, **settings: Any) -> Decorator:
    """The language of what is written."""
    return click.option(
        "--language",
        type=click.Choice(["en", "de"]),
        metavar="NAME",
        help=f"Language of the {what}: en or de.",
        **settings,
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
