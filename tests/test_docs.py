"""The documentation agrees with the program: commands, files, links, and the tree of the design."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import get_args

import click
import pytest

import sheetcnn
from sheetcnn import calculators
from sheetcnn.cli.main import COMMANDS
from sheetcnn.languages import LANGUAGES
from sheetcnn.sheets.layout import ReluName, Target
from sheetcnn.teaching.paper.files import Format
from sheetcnn.workbook.auto_layout import LayoutChoice

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
        make_cli.help_of(command, name)  # some options make their help when it is shown
        for parameter in command.params:
            assert isinstance(parameter, click.Argument | click.Option)
            if isinstance(parameter, click.Argument):
                assert any(str(parameter.name).upper() in word for word in words)
            else:
                assert all(f" {option}" in sections()[name] for option in parameter.opts)
                parameter.get_help_record(click.Context(command))  # some make their help when asked for it
                assert parameter.help, f"{name} {parameter.opts[0]} has no help"
                assert " ".join(parameter.help.split()) in " ".join(words)


def test_every_command_says_what_it_does() -> None:
    for name, command in make_cli.commands().items():
        assert command.help, name
        assert command.help.split("\n\n")[0].rstrip().endswith("."), name


def choices(command: str, option: str) -> tuple[str, ...]:
    """What an option accepts."""
    (found,) = [p for p in make_cli.commands()[command].params if p.name == option]
    assert isinstance(found.type, click.Choice)
    assert isinstance(found, click.Option)
    assert all(re.search(rf"\b{choice}\b", found.help or "") for choice in found.type.choices)
    return tuple(found.type.choices)


def test_the_choices_of_options_are_those_of_the_library(tmp_path: Path) -> None:
    """Written out in the command line, so that its help needs no import; here they are compared."""
    for command in ("build", "handout"):
        assert choices(command, "language") == LANGUAGES
    assert choices("verify", "calculator") == calculators.NAMES
    assert choices("build", "layout") == get_args(LayoutChoice)
    assert choices("build", "target") == get_args(Target)
    assert choices("build", "relu") == get_args(ReluName)
    assert choices("handout", "form") == get_args(Format)
    (kinds,) = [p for p in make_cli.commands()["exercise"].params if p.name == "kinds"]
    assert isinstance(kinds, click.Option)
    with pytest.raises(sheetcnn.SpecError) as refused:
        sheetcnn.exercise(ROOT / "examples" / "digits", tmp_path, kinds=["none"])
    known = str(refused.value).partition("there are ")[2]
    assert "pixel, " in known
    assert f": {known}." in (kinds.help or "")


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


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pages
def test_links_lead_to_files_that_exist(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


@pages
def test_the_modules_that_a_page_names_exist(page: Path) -> None:
    """Paths in code spans, such as `sheets/theme.py`, are below sheetcnn/ or below the project.

    Recipes call what is to be written `my_...`.
    """
    found = re.findall(r"`([\w./-]+(?:\.py|/))`", page.read_text(encoding="utf-8"))
    spans = [span for span in found if "my_" not in span]
    known = (ROOT, ROOT / "sheetcnn", page.parent)
    assert [s for s in spans if not any((place / s).exists() for place in known)] == []


@pages
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """`sheetcnn COMMAND --option` in blocks of code, and every `make TARGET`."""
    text = page.read_text(encoding="utf-8")
    commands = make_cli.commands()
    for block in re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            found = re.match(r"(?:\S+[/\\])?sheetcnn (.+)", line)
            if found is None:
                continue
            name, *words = shlex.split(found[1], comments=True)
            assert name in commands, line
            known = {option for parameter in commands[name].params for option in parameter.opts}
            assert {w.partition("=")[0] for w in words if re.match("-[a-z-]", w)} <= known, line
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_the_tree_of_the_design_is_the_tree_on_disk() -> None:
    """Every directory of modules and every module at the top, with a line about each."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    found = re.search(r"^```text\nsheetcnn/\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    listed, above = [], [""]
    for line in found[1].splitlines():
        entry = re.fullmatch(r"((?:  )+)(\S+)  +\S.*", line)
        assert entry is not None, f"{line!r} has no description"
        above[len(entry[1]) // 2 :] = [entry[2] if entry[2].endswith("/") else ""]
        listed.append("".join(above[: len(entry[1]) // 2]) + entry[2])
    package = ROOT / "sheetcnn"
    directories = {path.parent.relative_to(package) for path in package.rglob("*.py")} - {Path()}
    modules = {path.name for path in package.glob("*.py")}
    assert sorted(listed) == sorted(modules | {f"{d.as_posix()}/" for d in directories})
    assert listed == sorted(listed, key=lambda name: (not name.endswith("/"), name)), "directories first"


def test_the_readme_leads_to_the_pages_of_the_docs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"\]\(([^)#]+)", readme))
    assert {"docs/cli.md", "docs/api.md", "docs/design.md", "CONTRIBUTING.md"} <= targets
