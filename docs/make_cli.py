"""Writes docs/cli.md: the help of every command, as `sheetcnn COMMAND --help` shows it.

Run `python docs/make_cli.py` after a change of the command line; a test checks that the page is up to
date.
"""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.main import COMMANDS
from sheetcnn.cli.main import main as sheetcnn

PAGE = Path(__file__).resolve().parent / "cli.md"
WIDTH = 90
"""Columns of the help, whatever terminal this runs in."""

TOP = """\
# The command line

`python -m sheetcnn` is the same as `sheetcnn`. Every command is [a function of the library](api.md) of the
same name. {help}

| command | what it does |
|---|---|
{commands}
"""
SECTION = """
## {name}

```text
{help}
```
"""


def group_context() -> click.Context:
    """The context of `sheetcnn` itself."""
    return click.Context(sheetcnn, info_name="sheetcnn", **sheetcnn.context_settings)


def commands() -> dict[str, click.Command]:
    """Every command by name, in the order of the help."""
    found = {name: sheetcnn.get_command(group_context(), name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def help_of(command: click.Command, name: str) -> str:
    """The help of a command."""
    group = group_context()
    width = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    return command.get_help(click.Context(command, group, name, **width))


def first_sentence(command: click.Command) -> str:
    """What a command does, on one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def page() -> str:
    """The whole page."""
    rows = [f"| [`{name}`](#{name}) | {first_sentence(command)} |" for name, command in commands().items()]
    about = " ".join((sheetcnn.help or "").split("\n\n")[-1].split())
    text = TOP.format(help=about, commands="\n".join(rows))
    for name, command in commands().items():
        text += SECTION.format(name=name, help=help_of(command, name))
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
