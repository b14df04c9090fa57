"""The command line: the group, the list of its commands, and how it reports errors.

Each command is a file of this package with a function of the same name; it is imported when it is needed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from sheetcnn._version import __version__
from sheetcnn.errors import SheetCnnError

COMMANDS = (
    *("init", "inspect", "build", "verify", "predict", "convert", "extract", "schema"),
    *("handout", "lesson", "exercise", "grade"),
)
"""In the order of the help."""


class _Commands(click.Group):
    """Imports a command when it is needed, and turns errors into a message and exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"sheetcnn.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SheetCnnError as error:
            message = str(error)
        except KeyboardInterrupt:
            message = "interrupted; nothing was written"
        click.echo(f"sheetcnn: {message}", err=True)
        sys.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sheetcnn")
def main() -> None:
    """Compile a convolutional neural network into a spreadsheet that computes it.

    Exit status: 0 for success, 1 if a workbook does not agree with NumPy (verify), 2 for invalid input.
    """
