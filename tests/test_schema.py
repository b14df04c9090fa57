"""The JSON Schema of a spec: what the reader takes it must take, what the reader refuses it must refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import digits_reference as digits
import pytest
import yaml
from cases import ALL_CASES
from conftest import Cli


class SchemaError(Exception):
    """Why a value does not conform."""


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_NOTES = {"$schema", "$defs", "title", "description", "default"}


def conform(value: object, schema: Mapping[str, Any], whole: Mapping[str, Any], path: str = "") -> None:
    """A JSON Schema validator for the words that the schema may use; an unknown one is an error."""
    for word, rule in schema.items():
        wrong = ""
        if word in _NOTES:
            continue
        if word == "$ref":
            place: Any = whole
            for step in rule.removeprefix("#/").split("/"):
                place = place[step]
            conform(value, place, whole, path)
        elif word in ("anyOf", "oneOf"):
            fits = sum(_conforms(value, part, whole, path) for part in rule)
            if not (fits == 1 if word == "oneOf" else fits):
                wrong = f"{value!r} fits {fits} of {len(rule)}"
        elif word == "type":
            fit = isinstance(value, _TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
            wrong = "" if fit else f"is no {rule}"
        elif word in ("const", "enum"):
            wrong = "" if value in ([rule] if word == "const" else rule) else f"is not {rule}"
        elif word == "required":
            wrong = ", ".join(set(rule) - value.keys()) if isinstance(value, dict) else ""
        elif word == "additionalProperties":
            extra = value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else ()
            if rule is not False:
                for key in extra:
                    conform(value[key], rule, whole, f"{path}.{key}")
                continue
            wrong = f"has {', '.join(extra)}" if extra else ""
        elif word == "properties":
            for key in (value.keys() & rule.keys()) if isinstance(value, dict) else ():
                conform(value[key], rule[key], whole, f"{path}.{key}")
        elif word in ("items", "prefixItems"):
            for n, item in enumerate(value if isinstance(value, list) else ()):
                if word == "items":
                    conform(item, rule, whole, f"{path}[{n}]")
                elif n < len(rule):
                    conform(item, rule[n], whole, f"{path}[{n}]")
        elif word == "maxProperties":
            wrong = f"has {len(value)}" if isinstance(value, dict) and len(value) > rule else ""
        elif word in ("minItems", "maxItems"):
            size = len(value) if isinstance(value, list) else rule
            wrong = f"has {size}" if (size < rule if word == "minItems" else size > rule) else ""
        elif word in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
            if isinstance(value, int | float):
                below = value < rule or (value == rule and word == "exclusiveMinimum")
                above = value > rule or (value == rule and word == "exclusiveMaximum")
                wrong = f"is {value}" if (below if word.lower().endswith("minimum") else above) else ""
        elif word == "pattern":
            wrong = "" if not isinstance(value, str) or re.search(rule, value) else f"is {value}"
        else:
            raise AssertionError(f"the schema uses {word}; teach it to this test")
        if wrong:
            raise SchemaError(f"{path or 'the spec'}: {word}: {wrong}")


def _conforms(value: object, schema: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> bool:
    try:
        conform(value, schema, whole, path)
    except SchemaError:
        return False
    return True


@pytest.fixture
def schema(cli: Cli) -> dict[str, Any]:
    done = cli("schema")
    assert (done.status, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def digits_spec() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(digits.SPEC.read_text(encoding="utf-8"))
    return found


def test_the_digits_spec_conforms_to_the_schema(schema: dict[str, Any]) -> None:
    conform(digits_spec(), schema, schema)


def test_every_case_of_every_layer_conforms_to_the_schema(schema: dict[str, Any]) -> None:
    source = {"channels": 1, "height": 1, "width": 1}
    for case in ALL_CASES:
        conform({"input": source, "layers": [{**case.layer, "name": "layer"}]}, schema, schema)


Change = tuple[tuple[str | int, ...], object]
GONE = object()

WRONG: dict[str, Change] = {
    "no_input": (("input",), GONE),
    "no_layers": (("layers",), GONE),
    "empty_layers": (("layers",), []),
    "unknown_key": (("layer",), []),
    "unknown_input_key": (("input", "depth"), 1),
    "no_height": (("input", "height"), GONE),
    "text_for_a_number": (("input", "height"), "8"),
    "no_pixels": (("input", "width"), 0),
    "one_label": (("labels",), "yes"),
    "unknown_kind": (("layers", 0, "kind"), "conv2"),
    "no_kind": (("layers", 0, "kind"), GONE),
    "unknown_option": (("layers", 0, "kernelsize"), 3),
    "no_filters": (("layers", 0, "filters"), GONE),
    "negative_filters": (("layers", 0, "filters"), -4),
    "fractional_stride": (("layers", 0, "stride"), 1.5),
    "three_paddings": (("layers", 0, "padding"), [1, 1, 1]),
    "unknown_padding": (("layers", 0, "padding"), "full"),
    "unknown_activation": (("layers", 0, "activation"), "rleu"),
    "activation_of_a_pooling": (("layers", 1, "activation"), "relu"),
    "name_with_a_space": (("layers", 0, "name"), "conv 1"),
    "one_input": (("layers", 1, "inputs"), "conv1"),
    "one_output": (("outputs",), "softmax"),
}

RIGHT: dict[str, Change] = {
    "as_it_is": (("name",), "digits"),
    "no_name": (("name",), GONE),
    "no_labels": (("labels",), GONE),
    "a_mean_for_all": (("input", "mean"), 0.5),
    "a_mean_for_each": (("input", "mean"), [0.5]),
    "two_strides": (("layers", 0, "stride"), [1, 1]),
    "four_paddings": (("layers", 0, "padding"), [1, 1, 1, 1]),
    "one_padding": (("layers", 0, "padding"), 1),
    "no_activation": (("layers", 0, "activation"), None),
    "an_activation_with_options": (
        ("layers", 0, "activation"),
        {"kind": "leaky_relu", "negative_slope": 0.2},
    ),
    "named_inputs": (("layers", 1, "inputs"), ["conv1"]),
    "named_outputs": (("outputs",), ["softmax"]),
    "no_stride": (("layers", 1, "stride"), None),
}


def changed(where: tuple[str | int, ...], value: object) -> dict[str, Any]:
    spec = deepcopy(digits_spec())
    place: Any = spec
    for step in where[:-1]:
        place = place[step]
    if value is GONE:
        del place[where[-1]]
    else:
        place[where[-1]] = value
    return spec


def status(cli: Cli, spec: object, folder: Path) -> int:
    path = folder / "spec.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return cli("inspect", path).status


@pytest.mark.parametrize("name", WRONG)
def test_what_reader_and_schema_refuse(name: str, schema: dict[str, Any], cli: Cli, tmp_path: Path) -> None:
    spec = changed(*WRONG[name])
    with pytest.raises(SchemaError):
        conform(spec, schema, schema)
    assert status(cli, spec, tmp_path) == 2


@pytest.mark.parametrize("name", RIGHT)
def test_what_reader_and_schema_take(name: str, schema: dict[str, Any], cli: Cli, tmp_path: Path) -> None:
    spec = changed(*RIGHT[name])
    conform(spec, schema, schema)
    assert status(cli, spec, tmp_path) == 0


def test_the_schema_itself_is_valid(schema: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(digits_spec())
