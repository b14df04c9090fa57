"""Every text on a sheet has a translation, which fills the same places."""

from __future__ import annotations

from string import Formatter
from typing import Any

import pytest
from casebook import golden, network
from cases import CASES
from test_interleaved import many

import sheetcnn
from sheetcnn.errors import SpecError
from sheetcnn.importers.starters import starters
from sheetcnn.languages import ENGLISH, LANGUAGES, Language, language, text
from sheetcnn.pages.registry import OPTIONAL
from sheetcnn.sheets.layout import Options
from sheetcnn.workbook.plan import make_plan

OTHERS = [code for code in LANGUAGES if code != "en"]
LOOKS: list[dict[str, Any]] = [
    {"layout": layout, "relu": relu} for layout in ("planar", "interleaved") for relu in ("fused", "separate")
]


def places(template: str) -> set[str]:
    """The named places of a template, with their formats."""
    return {f"{name}:{form}" for _, name, form, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_on_a_sheet_is_left_untranslated(code: str) -> None:
    say = language(code)
    say.missing.clear()
    models = [sheetcnn.load(starters()[name]) for name in ("conv_demo", "tiny_vgg", "mobilenet")] + [many()]
    for model in models:
        for look in LOOKS:
            make_plan(model.graph, Options(language=code, pages=OPTIONAL, **look))
    assert say.missing == set()


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("kind", CASES)
def test_no_kind_of_layer_is_left_untranslated(kind: str, code: str) -> None:
    say = language(code)
    say.missing.clear()
    for case in CASES[kind]:
        inputs, params, _ = golden(case)
        model, _ = network(case, inputs, params)
        for look in LOOKS[1:3]:
            make_plan(model.graph, Options(language=code, pages=("trace", "gallery"), **look))
    assert say.missing == set()


@pytest.mark.parametrize("code", OTHERS)
def test_translations_fill_the_same_places(code: str) -> None:
    messages = language(code).messages
    assert len(messages) > 300
    for template, translation in messages.items():
        assert places(template) == places(translation), template


def test_a_text_is_said_again_with_its_values() -> None:
    german = Language("de", {"{n} maps": "{n} Karten", "sum over {what}": "Summe über {what}"})
    maps = text("{n} maps", n=3)
    assert (maps, german(maps)) == ("3 maps", "3 Karten")
    assert german(text("sum over {what}", what=maps)) == "Summe über 3 Karten"
    assert ENGLISH(text("sum over {what}", what=maps)) == "sum over 3 maps"
    assert german("3 × 3") == "3 × 3"
    assert german.missing == set()
    assert german("unknown words") == "unknown words"
    assert german.missing == {"unknown words"}


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SpecError, match="there is no language 'fr'; there are en, de"):
        language("fr")
