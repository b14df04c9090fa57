"""The worksheet, and the teacher's key, as documents."""

from __future__ import annotations

from collections.abc import Sequence

from sheetcnn.teaching.exercises.question import MISTAKES, Asked, Question
from sheetcnn.teaching.paper.document import Answers, Block, Document, Heading, PageBreak, Table, Text


def worksheet(title: str, name: str, questions: Sequence[Question]) -> Document:
    """What a student gets on paper."""
    blocks: list[Block] = [
        Heading(title, 1),
        Text(f"Name: {name}" if name else "Name: ______________________"),
    ]
    for n, question in enumerate(questions, 1):
        blocks.append(Heading(f"{n}. {question.title}"))
        blocks += [Text(words) for words in question.words]
        blocks += question.shown
        labels = "    ".join(f"{asked.label}: ______________" for asked in question.asked)
        blocks += [Text(labels), Answers(1)]
    return Document(title, blocks)


def number(value: float, asked: Asked) -> str:
    """An answer as it is written down."""
    text = f"{value:.2f}" if asked.unit < 0.25 else f"{value:,g}" if value % 1 else f"{value:,.0f}"
    return text.replace("-", "−")


def key(title: str, sets: Sequence[tuple[str, Sequence[Question]]]) -> Document:
    """What the teacher gets: every student's answers, how they come about, and what mistakes give."""
    blocks: list[Block] = [Heading(f"{title}: answers", 1)]
    for n, (name, questions) in enumerate(sets):
        if n:
            blocks.append(PageBreak())
        if name:
            blocks.append(Heading(name))
        rows = []
        for m, question in enumerate(questions, 1):
            for asked in question.asked:
                hints = "; ".join(f"{number(v, asked)}: {MISTAKES[mistake]}" for mistake, v in asked.distinct)
                rows.append((f"{m}. {question.title}", asked.label, number(asked.answer, asked), hints))
        blocks.append(
            Table(("question", "asked", "answer", "usual mistakes"), rows, (2,), (1.3, 1, 0.8, 3.4))
        )
        blocks += [Text(f"{m}. {question.solution}", small=True) for m, question in enumerate(questions, 1)]
    return Document(f"{title}: answers", blocks)
