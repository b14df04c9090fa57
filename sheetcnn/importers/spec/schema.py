"""The JSON Schema of a spec, for completion and checks in an editor."""

from __future__ import annotations

from typing import Any

from sheetcnn.importers.spec.parse import MOST_NOTES, NAME, InputSpec
from sheetcnn.model.ops import ACTIVATIONS, OPS

_STRING = {"type": "string"}
_STRINGS = {"type": "array", "items": _STRING}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    definitions: dict[str, Any] = {}
    activations: list[Any] = [{"enum": [*ACTIVATIONS, None]}]
    for kind, function in ACTIVATIONS.items():
        fields = function.model_json_schema()["properties"] if function.model_fields else {}
        if fields:
            activations.append(_object({"kind": {"const": kind}, **fields}, ["kind"]))
    layers = []
    for kind, layer in OPS.items():
        if not layer.in_spec:
            continue
        schema = layer.model_json_schema()
        properties = {
            "kind": {"const": kind, "description": layer.title},
            "name": {**_STRING, "pattern": f"^{NAME.pattern}$", "description": "unique; names its sheets"},
            "inputs": {**_STRINGS, "description": "default: the layer before"},
            "weights": {**_STRING, "description": "a layer whose weights it uses, instead of its own"},
            **schema.get("properties", {}),
        }
        if layer.takes_activation:
            properties["activation"] = {"$ref": "#/$defs/activation"}
        definitions[kind] = _object(properties, ["kind", *schema.get("required", [])])
        layers.append({"$ref": f"#/$defs/{kind}"})
    definitions["activation"] = {"anyOf": activations}
    definitions["input"] = InputSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sheetcnn layer spec",
        **_object(
            {
                "name": {**_STRING, "description": "of the network"},
                "input": {"$ref": "#/$defs/input"},
                "labels": {**_STRINGS, "description": "one per output value"},
                "notes": {
                    "type": "object",
                    "additionalProperties": _STRING,
                    "maxProperties": MOST_NOTES,
                    "description": "what is known about the network, for its notes: accuracy, source ...",
                },
                "layers": {"type": "array", "minItems": 1, "items": {"oneOf": layers}},
                "outputs": {**_STRINGS, "description": "default: the last layer"},
            },
            ["input", "layers"],
        ),
        "$defs": definitions,
    }


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
