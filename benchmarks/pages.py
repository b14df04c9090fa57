"""What the pages that explain add to a workbook: to the time of building it and to its file.

A network of the shape of CNN Explainer's Tiny VGG at its full size, 64x64 pixels in colour, four
convolutions of ten filters, with random weights, is built without pages, with each sort of page alone, and
with all of them. Every build is a process of its own; they take turns, and the times are of the build alone.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from common import Aim, Report, arguments, child, show

CONV = {"kind": "conv2d", "filters": 10, "kernel_size": 3, "activation": "relu"}
POOL = {"kind": "max_pool", "kernel_size": 2}
SPEC = {
    "name": "tiny_vgg",
    "input": {"channels": 3, "height": 64, "width": 64, "divide": 255},
    "layers": [
        {"name": "conv1_1"} | CONV,
        {"name": "conv1_2"} | CONV,
        {"name": "pool1"} | POOL,
        {"name": "conv2_1"} | CONV,
        {"name": "conv2_2"} | CONV,
        {"name": "pool2"} | POOL,
        {"name": "flatten", "kind": "flatten"},
        {"name": "output", "kind": "dense", "units": 10},
        {"name": "softmax", "kind": "softmax"},
    ],
}
MOST_SECONDS, MOST_SHARE = 1.0, 0.15


def main() -> None:
    """Measure and print; with `--child` build once and print what it took."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--quick", action="store_true", help="one run of each")
    parser.add_argument("--output", type=Path, help="write the numbers to this file as JSON too")
    parser.add_argument("--child", nargs=2, metavar=("PAGES", "BOOK"), help="one build")
    options = parser.parse_args()
    if options.child:
        pages, book = options.child
        print(json.dumps(build(pages, Path(book))))
        return
    report = measured(1 if options.quick else options.rounds)
    show(report, as_json=options.json, output=options.output)


def build(pages: str, path: Path) -> dict[str, Any]:
    """Build the workbook in this process, once to warm up and once measured."""
    import numpy as np

    import sheetcnn
    from sheetcnn.importers.spec.parse import parse
    from sheetcnn.importers.weights import decimal
    from sheetcnn.model.graph import Model
    from sheetcnn.pages.registry import OPTIONAL

    graph = parse(SPEC, "tiny_vgg")
    random = np.random.default_rng(0)
    params = {
        node.name: {p.name: decimal(random.normal(0, 0.2, p.shape).astype(np.float32)) for p in owned}
        for node in graph.nodes
        if (owned := graph.owned(node))
    }
    model = Model.of(graph, params)
    image = random.integers(0, 256, (3, 64, 64)).astype(np.float64)
    chosen = tuple(p for p in OPTIONAL if pages == "all" or p == pages)
    for _ in range(2):
        start = time.perf_counter()
        built = sheetcnn.build(model, image, path, layout="planar", pages=chosen)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "bytes": built.size, "formulas": built.formulas, "sheets": built.sheets}


def measured(rounds: int) -> Report:
    """Let the builds take turns."""
    from sheetcnn.pages.registry import OPTIONAL

    kinds = ("none", *OPTIONAL, "all")
    found: dict[str, Any] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for kind in kinds:
                found[kind].append(child(__file__, "--child", kind, Path(folder) / "book.xlsx"))
    middle = {
        kind: {key: median(run[key] for run in runs) for key in runs[0]} for kind, runs in found.items()
    }
    base = middle["none"]
    rows = []
    for kind, values in middle.items():
        rows.append(
            [
                kind,
                f"{values['sheets']:.0f}",
                f"{values['formulas']:,.0f}",
                f"{values['seconds']:.2f}",
                f"{values['seconds'] - base['seconds']:+.2f}",
                f"{values['bytes'] / 1e6:.2f}",
                f"{values['bytes'] / base['bytes'] - 1:+.1%}",
            ]
        )
    header = ["pages", "sheets", "formulas", "build, s", "more, s", "file, MB", "more"]
    title = f"Tiny VGG at 64x64x3, medians of {rounds}"
    more = middle["all"]["seconds"] - base["seconds"]
    share = middle["all"]["bytes"] / base["bytes"] - 1
    aims = [
        Aim("all pages: seconds more", MOST_SECONDS, more, "s", least=False),
        Aim("all pages: share of the file more", MOST_SHARE, share, "", least=False),
    ]
    return Report("pages", [(title, header, rows)], aims, [], found)


if __name__ == "__main__":
    main()
