"""Writes docs/layers.md: every layer kind with its options, its names elsewhere and a first formula.

The formulas are those of the first test case of each kind, as they stand in its workbook. Run
`python docs/make_layers.py` after a change of a layer; a test checks that the page is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "layers.md"
sys.path.insert(0, str(ROOT / "tests"))

from casebook import golden, network  # noqa: E402  (found through the line above)
from cases import CASES  # noqa: E402

from sheetcnn.formulas.render import render  # noqa: E402
from sheetcnn.importers.spec.option_text import allowed_text  # noqa: E402
from sheetcnn.model.ops import ACTIVATIONS, OPS  # noqa: E402
from sheetcnn.model.ops.base import Op  # noqa: E402
from sheetcnn.model.ops.rows import RowOp  # noqa: E402
from sheetcnn.workbook.plan import make_plan  # noqa: E402

LONGEST = 160  # characters of a formula that are shown


def first_formula(kind: str) -> str:
    """The formula of the first value of the first case that has one."""
    for case in CASES[kind]:
        inputs, params, _ = golden(case)
        model, _ = network(case, inputs, params)
        for sheet, tensor in make_plan(model.graph).tensors():
            if tensor.tensor == "layer" and tensor.formula is not None and sheet.layer == "layer":
                text = "=" + render(tensor.formula, sheet.name).text()
                return text if len(text) <= LONGEST else text[:LONGEST] + " ..."
    return ""


def options(op: type[Op]) -> list[str]:
    """One line per option: name, default, what is allowed."""
    schema = op.model_json_schema()
    lines = []
    for name, field in op.model_fields.items():
        default = "required" if field.is_required() else f"default `{_yaml(field.default)}`"
        lines.append(f"- `{name}` ({default}): {allowed_text(schema['properties'][name])}")
    if op.takes_activation:
        lines.append("- `activation` (default none): one of the activations, or a mapping with its options")
    return lines


def _definition(op: type[Op]) -> str:
    """Of a row of a table: what it computes, and where that is defined."""
    return f": {op.row.definition}. Definition: {op.row.source}" if issubclass(op, RowOp) else ""


def _yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def page() -> str:
    """The whole page."""
    lines = [
        "# Layers",
        "",
        "Generated from the code by `docs/make_layers.py`. Every layer agrees with PyTorch (or, where",
        "PyTorch has no such option, with the ONNX definition) in NumPy, and its formulas agree with",
        "NumPy in IronCalc, LibreOffice and Gnumeric, on the cases of `tests/cases.py`. Tensors are maps",
        "`(C, H, W)` or vectors `(N,)`. The formula is that of the first value in the layer's first case.",
        "",
        "Any layer may name its `inputs` (default: the layer before), and `weights`: another layer of the",
        "same options whose weights it uses, for a layer that is used twice.",
        "",
        f"Activations, which may also be a layer's `activation`: {', '.join(f'`{k}`' for k in ACTIVATIONS)}.",
        "",
        "| layer | ONNX | PyTorch | Keras |",
        "|---|---|---|---|",
    ]
    kinds = [(kind, op) for kind, op in OPS.items() if op.in_spec]
    for kind, op in kinds:
        lines.append(
            f"| [`{kind}`](#{kind}) | " + " | ".join(name or "–" for name in op.framework_names) + " |"
        )
    for kind, op in kinds:
        lines += [
            "",
            f"## {kind}",
            "",
            f"{op.title[0].upper()}{op.title[1:]}{_definition(op)}.",
            "",
            *options(op),
        ]
        formula = first_formula(kind)
        if formula:
            lines += ["", "```", formula, "```"]
        else:
            lines += ["", "It holds no formulas: its result is cells of its inputs."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
