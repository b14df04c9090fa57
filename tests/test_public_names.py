"""The public interface is one table: `__all__`, `dir`, what type checkers see, and docs/api.md agree."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

import sheetcnn
import sheetcnn.errors
from sheetcnn.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import make_api  # noqa: E402 - found through the line above

NAMES = [name for name in sheetcnn.__all__ if name != "__version__"]
TYPES = [name for name in NAMES if isinstance(getattr(sheetcnn, name), type)]


def seen_by_type_checkers() -> dict[str, str]:
    """What `__init__` imports for type checkers: each name and its module."""
    tree = ast.parse(Path(sheetcnn.__file__).read_text(encoding="utf-8"))
    (block,) = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    imports = [n for n in block.body if isinstance(n, ast.ImportFrom)]
    assert len(imports) == len(block.body)
    # Type checkers re-export only what is imported `as` itself.
    return {alias.asname or "": str(n.module) for n in imports for alias in n.names if alias.asname}


def test_the_table_and_the_imports_of_type_checkers_are_the_same() -> None:
    table = {name: module for module, names in sheetcnn._MODULES.items() for name in names}
    assert seen_by_type_checkers() == table
    assert dir(sheetcnn) == sorted([*table, "__version__"])


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_the_definition_of_its_module(name: str) -> None:
    found = getattr(sheetcnn, name)
    assert found.__module__ == seen_by_type_checkers()[name]
    assert found is getattr(import_module(found.__module__), name)
    assert found.__doc__


@pytest.mark.parametrize("name", [name for name in TYPES if is_dataclass(getattr(sheetcnn, name))])
def test_a_public_type_documents_its_attributes(name: str) -> None:
    # Without the indentation, which Python takes off a docstring from 3.13 on.
    documented = re.findall(r"^ {4}(\w+): ", inspect.getdoc(getattr(sheetcnn, name)) or "", re.MULTILINE)
    assert documented == [field.name for field in fields(getattr(sheetcnn, name))]


def test_every_error_is_public_and_drawn_in_the_tree() -> None:
    errors = {n for n, e in vars(sheetcnn.errors).items() if isinstance(e, type)}
    assert errors == {name for name in TYPES if issubclass(getattr(sheetcnn, name), Exception)}
    _, _, tree = (sheetcnn.errors.__doc__ or "").partition("::\n\n")
    drawn = [line for line in tree.splitlines() if line.strip().split(" ")[0] in errors]
    assert len(drawn) == len(errors)
    for line in drawn:
        error = getattr(sheetcnn, line.split()[0])
        assert len(line) - len(line.lstrip()) == 2 * (len(error.mro()) - 3) + 4, "its depth in the tree"


def test_every_command_is_a_function_of_the_same_name() -> None:
    assert {name for name in COMMANDS if name not in NAMES} == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_have_every_name(name: str) -> None:
    page = make_api.PAGE.read_text(encoding="utf-8")
    assert f"\n### {name}\n" in page or re.search(
        rf"^ +{name}\b", page.partition("## Errors")[2], re.MULTILINE
    )


def test_the_page_is_up_to_date() -> None:
    assert make_api.PAGE.read_text(encoding="utf-8") == make_api.page(), "run python docs/make_api.py"


def test_run_is_a_deprecated_name_of_predict() -> None:
    with pytest.warns(DeprecationWarning, match="predict"):
        assert sheetcnn.run is sheetcnn.predict
    assert "run" not in sheetcnn.__all__


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'biuld'"):
        sheetcnn.biuld  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("statement", ["import sheetcnn", "import sheetcnn.cli.main"])
def test_importing_is_cheap(statement: str) -> None:
    """Nothing heavy is imported before it is used."""
    code = f"import sys; {statement}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"numpy", "pydantic", "openpyxl", "rich", "yaml", "sheetcnn.api"})
    if statement == "import sheetcnn":
        assert {n for n in loaded if n.startswith("sheetcnn")} == {"sheetcnn", "sheetcnn._version"}
