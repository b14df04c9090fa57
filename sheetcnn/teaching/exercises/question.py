"""What an exercise is made of: questions with asked numbers, each with the numbers that usual mistakes give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sheetcnn.languages import read_texts
from sheetcnn.model.graph import Model
from sheetcnn.teaching.paper.document import Figures, Table

MISTAKES: Mapping[str, str] = read_texts(__file__, "mistakes")["mistakes"]
"""What a hint says when the number typed is the one that a mistake gives."""


@dataclass(frozen=True)
class AskedNumber:
    """A number to be found.

    Attributes:
        label: of its cell.
        answer: the right one, a multiple of `unit`.
        unit: numbers are compared as multiples of it.
        slack: how many units beside the answer still count as right.
        mistakes: what each usual mistake gives instead, by its name in `MISTAKES`.
    """

    label: str
    answer: float
    unit: float = 0.5
    slack: int = 0
    mistakes: Sequence[tuple[str, float]] = ()

    def units(self, number: float) -> int:
        """A number as a multiple of the unit, halves away from 0."""
        return int(np.sign(number) * np.floor(abs(number) / self.unit + 0.5))

    @property
    def distinct(self) -> list[tuple[str, float]]:
        """The mistakes whose number is not taken for right, nor for that of a mistake before."""
        taken = {self.units(self.answer) + n for n in range(-self.slack, self.slack + 1)}
        found = []
        for name, number in self.mistakes:
            if self.units(number) not in taken:
                taken.add(self.units(number))
                found.append((name, float(number)))
        return found

    def judge(self, number: float) -> str:
        """`right`, `wrong`, or the name of the mistake that gives this number."""
        typed = self.units(number)
        if abs(typed - self.units(self.answer)) <= self.slack:
            return "right"
        return next((name for name, given in self.distinct if self.units(given) == typed), "wrong")


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        kind: its kind, from the table of kinds.
        title: in a few words.
        words: what is asked, a sentence each.
        exhibits: what it is asked about: figures and tables.
        numbers: that are asked.
        solution: how the answer comes about, for the key.
    """

    kind: str
    title: str
    words: Sequence[str]
    exhibits: Sequence[Figures | Table]
    numbers: Sequence[AskedNumber]
    solution: str


Maker = Callable[[np.random.Generator, Model], Question]
"""Makes a question of a kind, with numbers of its own; the model gives layers and real numbers."""

TRIES = 400


def with_distinct_mistakes(make: Callable[[], Question], least: int = 1) -> Question:
    """The first of many tries whose asked numbers all have at least so many distinct mistakes.

    Args:
        make: draws a question.
        least: mistakes that must be told apart for every asked number.
    """
    best, most = make(), -1
    for _ in range(TRIES):
        question = make()
        fewest = min(len(a.distinct) for a in question.numbers)
        if fewest > most:
            best, most = question, fewest
        if fewest >= least:
            return question
    return best


@dataclass(frozen=True)
class Kind:
    """A kind of question.

    Attributes:
        make: draws one.
        least: mistakes that must be told apart for every asked number; 0 takes what comes.
    """

    make: Maker
    least: int = 0

    def draw(self, rng: np.random.Generator, model: Model) -> Question:
        """A question from a generator of random numbers."""
        if not self.least:
            return self.make(rng, model)
        return with_distinct_mistakes(lambda: self.make(rng, model), self.least)
