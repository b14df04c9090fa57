"""`sheetcnn verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sheetcnn.cli.options import choice_option, json_option, workbook_argument
from sheetcnn.cli.output import print_json, print_report, progress_steps


@click.command()
@workbook_argument
@choice_option(
    "--calculator",
    ("ironcalc", "libreoffice", "gnumeric"),
    "Program that recalculates: ironcalc, libreoffice or gnumeric.",
)
@click.option("--quick", is_flag=True, help="Verify once, with the pixels and weights as they are.")
@json_option
def verify(workbook: Path, calculator: str, quick: bool, as_json: bool) -> None:
    """Recalculate WORKBOOK and compare every formula with NumPy.

    Weights and input are read from the cells of the workbook, so an edited kernel still agrees. A workbook
    that agrees is verified three times more, in copies with other pixels and weights, because a broken
    formula may have the right value by accident. The environment variables SHEETCNN_LIBREOFFICE and
    SHEETCNN_GNUMERIC name programs that are not found by themselves.
    """
    from dataclasses import asdict

    import sheetcnn

    with progress_steps() as progress:
        report = sheetcnn.verify(workbook, calculator, quick=quick, progress=progress)
    if as_json:
        print_json(asdict(report))
    else:
        print_report(workbook, report)
    sys.exit(0 if report.ok else 1)
