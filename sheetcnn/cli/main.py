"""The command line: parses arguments, calls the library once, prints. Heavy imports wait until needed."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sheetcnn._version import __version__
from sheetcnn.cli.exercise import exercise, grade
from sheetcnn.cli.handout import handout
from sheetcnn.cli.lesson import lesson
from sheetcnn.cli.options import (
    PATH,
    fold_option,
    input_option,
    input_shape_option,
    json_option,
    language_option,
    layout_option,
    load_model,
    loading,
    mendable,
    pages_option,
    relu_option,
    resize_option,
    target_option,
)
from sheetcnn.cli.output import (
    inspection_table,
    layout_words,
    print_report,
    print_table,
    progress_bar,
    size_words,
    stages,
)

if TYPE_CHECKING:
    from sheetcnn.sheets.layout import PageName, ReluName, Target
    from sheetcnn.workbook.auto_layout import LayoutChoice


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sheetcnn")
def main() -> None:
    """Compile a convolutional neural network into a spreadsheet that computes it.

    Exit status: 0 all is well, 1 a workbook does not agree (verify), 2 something has to be mended first.
    """


@main.command()
@loading
@input_option
@resize_option
@layout_option
@target_option
@relu_option
@click.option(
    "--samples",
    type=PATH,
    multiple=True,
    help="More images to choose from in the workbook: a file, or a directory for all in it; may be repeated.",
)
@pages_option
@language_option
@click.option("-o", "--output", type=PATH, required=True, help="The workbook to write, ending in .xlsx.")
@mendable
def build(
    model: Path,
    weights: Path | None,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    image: Path,
    resize: bool,
    layout: LayoutChoice,
    target: Target,
    relu: ReluName,
    samples: tuple[Path, ...],
    pages: tuple[PageName, ...] | None,
    language: str,
    output: Path,
) -> None:
    """Write the workbook that computes MODEL on an image.

    MODEL is a layer spec (.yaml, .json, .toml), a directory that holds one, or a whole model: .onnx,
    .pt2 (PyTorch), .keras or .h5.
    """
    import sheetcnn

    loaded = load_model(model, weights, input_shape, fold_batch_norm)
    with progress_bar(f"writing {output.name}") as progress:
        built = sheetcnn.build(
            loaded,
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
    click.echo(f"{output}: {built.sheets} sheets, {built.formulas:,} formulas, {size_words(built.size)}")
    click.echo(layout_words(built.layout, built.reason))
    if built.result.label:
        click.echo(f"prediction: {built.result.label}")


@main.command()
@loading
@input_option
@resize_option
@json_option
@mendable
def predict(
    model: Path,
    weights: Path | None,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    image: Path,
    resize: bool,
    as_json: bool,
) -> None:
    """Run MODEL on an image in NumPy alone."""
    import sheetcnn

    loaded = load_model(model, weights, input_shape, fold_batch_norm)
    result = sheetcnn.predict(loaded, image, resize=resize)
    labels = loaded.graph.labels or tuple(str(n) for n in range(result.output.shape[0]))
    if as_json:
        values = result.output.tolist()
        answer = {
            "prediction": result.label,
            "index": result.prediction,
            "labels": list(labels),
            "output": values,
        }
        click.echo(json.dumps(answer))
        return
    if result.prediction is None:
        click.echo(f"output: {'×'.join(map(str, result.output.shape))} values (use --json to see them)")
        return
    click.echo(f"prediction: {result.label}")
    flat = result.output.reshape(-1)
    for index in flat.argsort(kind="stable")[::-1][:10]:
        click.echo(f"{flat[index]:9.4f}  {labels[index]}")


@main.command()
@click.argument("model", type=PATH)
@input_shape_option
@fold_option
@layout_option
@target_option
@relu_option
@pages_option
@json_option
@mendable
def inspect(
    model: Path,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    layout: LayoutChoice,
    target: Target,
    relu: ReluName,
    pages: tuple[PageName, ...] | None,
    as_json: bool,
) -> None:
    """Print what the workbook of MODEL would hold, without building it; a spec needs no weights."""
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
        click.echo(json.dumps(asdict(found)))
        return
    print_table(inspection_table(found))
    click.echo(layout_words(found.layout, found.reason))
    click.echo(f"estimated file size: {size_words(found.file_size)}")
    for fit in found.fits:
        click.echo(f"{fit.program}: {'fits' if fit.fits else 'does not fit: ' + fit.reason}")


@main.command()
@click.argument("workbook", type=PATH)
@click.option(
    "--calculator",
    type=click.Choice(["ironcalc", "libreoffice", "gnumeric"]),
    default="ironcalc",
    show_default=True,
    help="Which calculator recalculates.",
)
@json_option
@mendable
def verify(workbook: Path, calculator: str, as_json: bool) -> None:
    """Let a calculator recalculate WORKBOOK, and compare every formula cell with NumPy.

    Weights and input are read from the workbook's own cells, so an edited kernel still agrees.
    SHEETCNN_LIBREOFFICE and SHEETCNN_GNUMERIC name the programs where they are not found.
    """
    from dataclasses import asdict

    import sheetcnn

    with stages() as progress:
        report = sheetcnn.verify(workbook, calculator, progress=progress)
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        print_report(workbook, report)
    sys.exit(0 if report.ok else 1)


@main.command()
@mendable
def schema() -> None:
    """Print the JSON Schema of a layer spec, for completion and checks in an editor."""
    from sheetcnn.importers.spec.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@loading
@click.option("-o", "--output", type=PATH, required=True, help="Directory for the two files.")
@mendable
def convert(
    model: Path,
    weights: Path | None,
    input_shape: tuple[int, int, int] | None,
    fold_batch_norm: bool,
    output: Path,
) -> None:
    """Turn MODEL into a readable spec (.yaml) with its weights (.safetensors) beside it."""
    import sheetcnn

    spec, arrays = sheetcnn.convert(load_model(model, weights, input_shape, fold_batch_norm), output)
    click.echo(f"{spec}\n{arrays}")


@main.command()
@click.argument("workbook", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="Directory for the files.")
@mendable
def extract(workbook: Path, output: Path) -> None:
    """Read the spec, the (perhaps edited) weights and the input of WORKBOOK back into files."""
    import sheetcnn

    found = sheetcnn.extract(workbook, output)
    for path, changed in (
        (found.spec, ""),
        (found.weights, "changed since the workbook was built" if found.weights_changed else ""),
        (found.image, "changed since the workbook was built" if found.input_changed else ""),
        *((sample, "") for sample in found.samples),
    ):
        click.echo(f"{path}  ({changed})" if changed else str(path))
    click.echo(f"next: sheetcnn build {shlex.join(found.arguments)} -o {workbook.stem}_again.xlsx")


@main.command()
@click.argument("starter", required=False)
@click.argument("directory", type=PATH, required=False)
@mendable
def init(starter: str | None, directory: Path | None) -> None:
    """Lay out the files of a STARTER network in a new DIRECTORY (default: the starter's name).

    Without a name, list the starters.
    """
    from sheetcnn.importers.starters import copy_starter, describe

    if starter is None:
        for name, line in describe().items():
            click.echo(f"{name:14} {line}")
        return
    directory = directory or Path(starter)
    files = copy_starter(starter, directory)
    click.echo(f"{directory}: {len(files)} files")
    spec = next(f for f in files if f.suffix == ".yaml")
    image = next((f for f in files if f.suffix == ".png"), None)
    if image is not None:
        click.echo(f"next: sheetcnn build {spec} --input {image} -o {starter}.xlsx")


main.add_command(handout)
main.add_command(lesson)
main.add_command(exercise)
main.add_command(grade)
