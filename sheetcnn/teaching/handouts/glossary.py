"""A page of terms."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.languages import read_texts
from sheetcnn.teaching.handouts.context import HandoutContext
from sheetcnn.teaching.paper.document import DocumentPart, Heading, PageBreak, Terms


def glossary(handout: HandoutContext) -> Iterator[DocumentPart]:
    """One page."""
    say = handout.say
    yield PageBreak()
    yield Heading(say("Terms"))
    yield Terms([(say(term), say(meaning)) for term, meaning in read_texts(__file__)["terms"].items()])
