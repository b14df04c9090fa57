"""Writes a document into a file, in the format that its name or the user says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sheetcnn.errors import OutputError
from sheetcnn.files import replacing
from sheetcnn.teaching.paper.document import Document
from sheetcnn.teaching.paper.html import html
from sheetcnn.teaching.paper.markdown import markdown
from sheetcnn.teaching.paper.pdf import pdf

Format = Literal["pdf", "html", "md"]
SUFFIXES: dict[str, Format] = {".pdf": "pdf", ".html": "html", ".htm": "html", ".md": "md"}


def write_document(document: Document, path: Path, form: Format | None = None) -> None:
    """Write a document; the format follows from the name's end where it is not given.

    Raises:
        OutputError: if the name ends in none of the formats, Typst is needed and missing, or the file cannot
            be written; what stood there stays then.
    """
    chosen = form or SUFFIXES.get(path.suffix.lower())
    if chosen is None:
        raise OutputError(f"{path}: a handout's name ends in .pdf, .html or .md; or say --format")
    if chosen == "pdf":
        content = pdf(document)
    else:
        content = (html if chosen == "html" else markdown)(document).encode()
    with replacing(path) as part:
        part.write_bytes(content)
