"""What the workbook and the handouts say, in the reader's language.

English stands where it is said, as a template with named places: `text("{n} input maps", n=3)`. The result
is an ordinary text that also remembers its template, so that a `Language` can say it again: it looks the
template up in its catalogue (`de.yaml`, `de_*.yaml`: English template to translation) and fills the same
places.
A text without places needs no `text(...)`: it is its own template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sheetcnn.errors import SpecError

LANGUAGES = ("en", "de")
"""English first; the others have catalogues beside this file whose names begin with the code."""


class Text(str):
    """English words that remember how they were put together. Made by `text`."""

    template: str
    values: Mapping[str, object]


def text(template: str, **values: object) -> Text:
    """English words from a template with named places.

    Args:
        template: as for `str.format`: `"{n} input maps"`.
        values: of the places; those that are a `Text` are translated too, others stay as they are.
    """
    made = Text(template.format(**values))
    made.template, made.values = template, values
    return made


@cache
def read_texts(module: str, name: str = "") -> dict[str, Any]:
    """The English texts of a module: the YAML file beside it of its own name, or of another.

    Args:
        module: its `__file__`.
        name: of the file, without its ending.
    """
    import yaml

    path = Path(module)
    found: dict[str, Any] = yaml.safe_load(path.with_name(f"{name or path.stem}.yaml").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Language:
    """Says texts in one language.

    Attributes:
        code: `en`, `de`.
        messages: English template to translation; empty for English.
        missing: the templates that were asked for and have no translation.
    """

    code: str = "en"
    messages: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    missing: set[str] = field(default_factory=set, repr=False, compare=False)

    def __call__(self, words: str, **values: object) -> str:
        """The words in this language.

        Args:
            words: a `Text`, or a template whose places `values` fill.
            values: as for `text`.
        """
        if isinstance(words, Text):
            template, values = words.template, dict(words.values)
        else:
            template = words
        if self.code != "en":
            values = {k: self(v) if isinstance(v, Text) else v for k, v in values.items()}
            found = self.messages.get(template)
            if found is not None:
                template = found
            elif _WORD.search(_PLACE.sub("", template)):
                self.missing.add(template)
        return template.format(**values) if values or isinstance(words, Text) else template


_PLACE, _WORD = re.compile(r"\{[^}]*\}"), re.compile(r"[^\W\d_]{2}")
"""A template without a word, such as `3 × 3` or `{n}`, reads the same in every language."""

ENGLISH = Language()


@cache
def language(code: str) -> Language:
    """The language of that code.

    Raises:
        SpecError: if there is none; names those that there are.
    """
    if code not in LANGUAGES:
        raise SpecError(f"there is no language '{code}'; there are {', '.join(LANGUAGES)}")
    return ENGLISH if code == "en" else Language(code, _catalogue(code))


def _catalogue(code: str) -> Mapping[str, str]:
    import yaml

    found: dict[str, str] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.startswith(code) and file.name.endswith(".yaml"):
            found |= yaml.safe_load(file.read_text(encoding="utf-8"))
    return found
