"""Writes docs/cli.md: the help of every command, as `sheetcnn COMMAND --help` shows it.

Run `python docs/make_cli.py` after a change of the command line; a test checks that the page is up to
date.
"""

from __future__ import annotations

from pathlib import Path

import click

from sheetcnn.cli.main import main as sheetcnn

PAGE = Path(__file__).resolve().parent / "cli.md"
WIDTH = 90
"""Columns of the help, whatever terminal this runs in."""

TOP = """\
# The command line

`python -m sheetcnn` does the same as `sheetcnn`. {help}

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


def help_of(command: click.Command, name: str) -> str:
    """The help of a command."""
    group = click.Context(sheetcnn, info_name="sheetcnn", **sheetcnn.context_settings)
    width = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    return command.get_help(click.Context(command, group, name, **width))


def first_sentence(command: click.Command) -> str:
    """What a command does, on one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def page() -> str:
    """The whole page."""
    commands = sheetcnn.commands
    rows = [f"| [`{name}`](#{name}) | {first_sentence(command)} |" for name, command in commands.items()]
    about = " ".join((sheetcnn.help or "").split("\n\n")[-1].split())
    text = TOP.format(help=about, commands="\n".join(rows))
    for name, command in commands.items():
        text += SECTION.format(name=name, help=help_of(command, name))
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
