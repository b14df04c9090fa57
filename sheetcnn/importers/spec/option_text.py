"""What an option allows, in words, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "up to",
    "exclusiveMaximum": "below",
}


def allowed_text(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(allowed_text(s) for s in schema["anyOf"]))
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{word}"' for word in schema["enum"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        text = "a whole number" if kind == "integer" else "a number"
        bounds = [f"{words} {schema[key]:g}" for key, words in _BOUNDS.items() if key in schema]
        return " ".join([text, *bounds])
    if kind == "array":
        return str(schema.get("description", "a list of numbers"))
    words = {"boolean": "true or false", "string": "a text", "null": "nothing"}
    return words.get(str(kind), "something else")


def allowed_words(schema: Mapping[str, Any]) -> list[str]:
    """The words that an option takes, if it takes words."""
    found = [str(schema["const"])] if "const" in schema else list(schema.get("enum", []))
    for part in schema.get("anyOf", []):
        found += allowed_words(part)
    return found
