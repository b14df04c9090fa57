"""The page of the command line is what the commands say of themselves."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import pytest

from sheetcnn.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import make_cli  # noqa: E402 - found through the line above

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """The page, cut at its headings."""
    _, *parts = PAGE.split("\n## ")
    return {part.partition("\n")[0]: part for part in parts}


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_page_is_up_to_date(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word; where lines break is up to the version of click, not to the terminal."""
    monkeypatch.setenv("COLUMNS", columns)
    assert PAGE.split() == make_cli.page().split(), "run python docs/make_cli.py"


def test_every_command_and_option_is_on_the_page() -> None:
    assert set(sections()) == set(COMMANDS)
    for name, command in make_cli.commands().items():
        assert f"[`{name}`](#{name})" in PAGE
        words = sections()[name].split()
        for parameter in command.params:
            assert isinstance(parameter, click.Argument | click.Option)
            if isinstance(parameter, click.Argument):
                assert any(str(parameter.name).upper() in word for word in words)
            else:
                assert all(f" {option}" in sections()[name] for option in parameter.opts)
                assert parameter.help, f"{name} {parameter.opts[0]} has no help"
                assert " ".join(parameter.help.split()) in " ".join(words)


def test_every_command_says_what_it_does() -> None:
    for name, command in make_cli.commands().items():
        assert command.help, name
        assert command.help.split("\n\n")[0].rstrip().endswith("."), name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_fits_its_columns(name: str) -> None:
    """In 80 columns: no option is so long that its help starts on the next line, no summary is cut off."""
    command = make_cli.commands()[name]
    context = click.Context(command, make_cli.group_context(), name, terminal_width=80)
    options = command.get_help(context).partition("Options:\n")[2].splitlines()
    assert options
    for line in options:
        if line.startswith("  -"):
            assert re.fullmatch(r"  -.+?  +[A-Z].*", line), f"{line!r}: a capital letter, on the same line"
    summary = command.get_short_help_str(80 - 6 - max(map(len, COMMANDS)))
    assert not summary.endswith("..."), "the first sentence is longer than the list of commands is wide"


def test_the_readme_leads_to_pages_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)", readme) if "://" not in t]
    assert "docs/cli.md" in targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
