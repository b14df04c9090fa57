"""Writes docs/api.md: every public name with its signature and docstring.

Run `python docs/make_api.py` after a change of the public interface; a test checks that the page is up to
date.
"""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from pathlib import Path
from textwrap import dedent, fill

import sheetcnn
import sheetcnn.errors

PAGE = Path(__file__).resolve().parent / "api.md"

TOP = """\
# The Python interface

Everything here is an attribute of `sheetcnn` and public; what is not here is private and may change in any
release. That goes for modules below `sheetcnn` too: import from `sheetcnn` itself. Attributes that a class
documents are public with it. The [command line](cli.md) is the same functions.

```python
import sheetcnn

model = sheetcnn.load("digits.yaml")
built = sheetcnn.build(model, "seven.png", "digits.xlsx")
report = sheetcnn.verify("digits.xlsx", "libreoffice")
```
"""
ERRORS = """
## Errors

Every error that sheetcnn raises on purpose is a `SheetCnnError`. Its message names the file, layer, sheet or
cell, the value that is invalid, and the remedy.

```text
{tree}
```
"""


def signature(name: str) -> str:
    """`load(path, weights=None, *, input_shape=None)`, without the types."""
    found = inspect.signature(getattr(sheetcnn, name))
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values()]
    empty = inspect.Signature.empty
    return name + str(found.replace(parameters=plain, return_annotation=empty))


def described(name: str, first: str = "") -> str:
    """A name with its docstring."""
    return f"\n### {name}\n\n```text\n{first}{inspect.getdoc(getattr(sheetcnn, name))}\n```\n"


def function(name: str) -> str:
    """A function with its signature and docstring."""
    call = fill(signature(name), 100, subsequent_indent="    ", break_on_hyphens=False)
    return described(name, f"{call}\n\n")


def page() -> str:
    """The whole page."""
    names = [name for names in sheetcnn._MODULES.values() for name in names]
    functions = [name for name in names if inspect.isfunction(getattr(sheetcnn, name))]
    types = [name for name in names if is_dataclass(getattr(sheetcnn, name))]
    _, _, tree = (sheetcnn.errors.__doc__ or "").partition("::\n\n")
    tree = dedent(tree.partition("\n\n")[0])
    parts = [TOP, "\n## Functions\n", *map(function, functions), "\n## Types\n", *map(described, types)]
    return "".join([*parts, ERRORS.format(tree=tree)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
