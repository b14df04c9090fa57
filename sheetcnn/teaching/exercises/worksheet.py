"""The worksheet, and the teacher's key, as documents."""

from __future__ import annotations

from collections.abc import Sequence

from sheetcnn.teaching.exercises.question import MISTAKES, AskedNumber, Question
from sheetcnn.teaching.paper.document import (
    AnswerLines,
    Document,
    DocumentPart,
    Heading,
    PageBreak,
    Paragraph,
    Table,
)


def worksheet(title: str, name: str, questions: Sequence[Question]) -> Document:
    """What a student gets on paper."""
    parts: list[DocumentPart] = [
        Heading(title, 1),
        Paragraph(f"Name: {name}" if name else "Name: ______________________"),
    ]
    for n, question in enumerate(questions, 1):
        parts.append(Heading(f"{n}. {question.title}"))
        parts += [Paragraph(words) for words in question.words]
        parts += question.exhibits
        labels = "    ".join(f"{asked.label}: ______________" for asked in question.numbers)
        parts += [Paragraph(labels), AnswerLines(1)]
    return Document(title, parts)


def number(value: float, asked: AskedNumber) -> str:
    """An answer as it is written down."""
    text = f"{value:.2f}" if asked.unit < 0.25 else f"{value:,g}" if value % 1 else f"{value:,.0f}"
    return text.replace("-", "−")


def answer_key(title: str, sets: Sequence[tuple[str, Sequence[Question]]]) -> Document:
    """What the teacher gets: every student's answers, how they come about, and what mistakes give."""
    parts: list[DocumentPart] = [Heading(f"{title}: answers", 1)]
    for n, (name, questions) in enumerate(sets):
        if n:
            parts.append(PageBreak())
        if name:
            parts.append(Heading(name))
        rows = []
        for m, question in enumerate(questions, 1):
            for asked in question.numbers:
                hints = "; ".join(f"{number(v, asked)}: {MISTAKES[mistake]}" for mistake, v in asked.distinct)
                rows.append((f"{m}. {question.title}", asked.label, number(asked.answer, asked), hints))
        parts.append(Table(("question", "asked", "answer", "usual mistakes"), rows, (2,), (1.3, 1, 0.8, 3.4)))
        parts += [
            Paragraph(f"{m}. {question.solution}", small=True) for m, question in enumerate(questions, 1)
        ]
    return Document(f"{title}: answers", parts)
