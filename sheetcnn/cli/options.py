"""What several commands share: arguments and options, and how an error is told."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sheetcnn.errors import SheetCnnError, SpecError

if TYPE_CHECKING:
    from sheetcnn.model.graph import Model

PATH = click.Path(path_type=Path)


def fail(message: str) -> NoReturn:
    """Say what has to be mended, and end with exit status 2."""
    click.echo(f"sheetcnn: {message}", err=True)
    sys.exit(2)


def mendable(command: Callable[..., None]) -> Callable[..., None]:
    """Turn an error that the user can mend into one message and exit status 2."""

    @functools.wraps(command)
    def wrapper(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except SheetCnnError as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("interrupted; nothing was written")

    return wrapper


def _three_sizes(
    context: click.Context, option: click.Parameter, value: str | None
) -> tuple[int, int, int] | None:
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
        raise click.BadParameter(f"{error}, or all, none") from None


input_shape_option = click.option(
    "--input-shape",
    metavar="C,H,W",
    callback=_three_sizes,
    help="For an ONNX file that leaves its input's size open.",
)
fold_option = click.option(
    "--fold-batch-norm", is_flag=True, help="Fold batch normalisation into the layer before it."
)


def loading(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and the options that say which model to load."""
    for option in (
        fold_option,
        input_shape_option,
        click.option(
            "--weights",
            type=PATH,
            help="Of a spec: .safetensors, .npz or a PyTorch state dict; default: the file beside the spec.",
        ),
        click.argument("model", type=PATH),
    ):
        command = option(command)
    return command


def load_model(
    model: Path, weights: Path | None, input_shape: tuple[int, int, int] | None, fold: bool
) -> Model:
    """Load the model that the options of `loading` name."""
    import sheetcnn

    return sheetcnn.load(model, weights, input_shape=input_shape, fold_batch_norm=fold)


input_option = click.option(
    "--input", "image", type=PATH, required=True, help="Image: .png, .jpg, .npy, .csv ..."
)
resize_option = click.option("--resize", is_flag=True, help="Scale an image of another size.")
relu_option = click.option(
    "--relu",
    type=click.Choice(["fused", "separate"]),
    default="fused",
    show_default=True,
    help="separate: each pre-activation grid stands beside its activation.",
)
layout_option = click.option(
    "--layout",
    type=click.Choice(["auto", "planar", "interleaved"]),
    default="auto",
    show_default=True,
    help="planar: a sheet per feature map; interleaved: a sheet per layer, for big networks; "
    "auto: planar while it fits.",
)
target_option = click.option(
    "--target",
    type=click.Choice(["excel", "libreoffice", "sheets"]),
    default="excel",
    show_default=True,
    help="The program whose limits the workbook keeps to (sheets: Google Sheets).",
)


class _PagesOption(click.Option):
    """`--pages`, whose help lists what there is only when it is asked for: that takes imports."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        from sheetcnn.pages.registry import OPTIONAL

        self.help = (
            f"The pages that explain, besides overview and about: {', '.join(OPTIONAL)}; all or none. "
            "Default: all that fit the network's size."
        )
        return super().get_help_record(ctx)


pages_option = click.option("--pages", cls=_PagesOption, metavar="NAME,...", callback=_page_names)
language_option = click.option(
    "--language",
    type=click.Choice(["en", "de"]),
    default="en",
    show_default=True,
    help="Of the texts in the workbook.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
