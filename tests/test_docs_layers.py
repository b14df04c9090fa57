"""The page of the layers is what the code says."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))

import make_layers


def test_the_page_of_layers_is_up_to_date() -> None:
    written = make_layers.PAGE.read_text(encoding="utf-8")
    assert written == make_layers.page(), "run python docs/make_layers.py"
    assert written.count("\n## ") == sum(op.in_spec for op in make_layers.OPS.values())
