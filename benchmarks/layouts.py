"""The planar layout against the interleaved one, by how many channels a layer has.

One convolution with 3x3 kernels, 'same' padding and ReLU from C to C channels of 28x28 pixels, with
random weights, is built in both layouts; then IronCalc and LibreOffice open the file, recalculate all of
it and hand back the values. Every step is a process of its own, and the two layouts take turns.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from common import Report, arguments, child, peak_mb, show

LAYOUTS = ("planar", "interleaved")
CHANNELS = (8, 16, 32, 64, 128, 256)
SIZE = 28
CALCULATORS = ("ironcalc", "libreoffice")


def main() -> None:
    """Measure and print; with `--child` do one step and print what it took."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--quick", action="store_true", help="one run, and up to 32 channels only")
    parser.add_argument("--output", type=Path, help="write the numbers to this file as JSON too")
    parser.add_argument("--child", nargs=3, metavar=("STEP", "CHANNELS", "BOOK"), help="one step")
    parser.add_argument("--layout", choices=LAYOUTS, help="of --child")
    options = parser.parse_args()
    if options.child:
        step, channels, book = options.child
        if step == "build":
            print(json.dumps(build(int(channels), options.layout, Path(book))))
        else:
            print(json.dumps(recalculate(step, Path(book))))
        return
    report = measured(1 if options.quick else options.rounds, CHANNELS[:3] if options.quick else CHANNELS)
    if options.output:
        options.output.write_text(report.as_json() + "\n")
    show(report, as_json=options.json)


def build(channels: int, layout: Any, path: Path) -> dict[str, Any]:
    """Build the workbook in this process."""
    import numpy as np

    import sheetcnn
    from sheetcnn.errors import LimitError
    from sheetcnn.importers.spec.parse import parse
    from sheetcnn.model.graph import Model

    layer = {"name": "conv1", "kind": "conv2d", "filters": channels, "kernel_size": 3, "padding": "same"}
    graph = parse(
        {
            "name": "layouts",
            "input": {"channels": channels, "height": SIZE, "width": SIZE},
            "layers": [layer | {"activation": "relu"}],
        },
        "layouts",
    )
    random = np.random.default_rng(0)
    weights = random.normal(0, 0.1, (channels, channels, 3, 3)).astype(np.float32)
    from sheetcnn.importers.weights import decimal

    model = Model.of(
        graph, {"conv1": {"weight": decimal(weights), "bias": random.integers(-9, 9, channels) / 8}}
    )
    image = random.integers(0, 256, (channels, SIZE, SIZE)).astype(np.float64)
    start = time.perf_counter()
    try:
        built = sheetcnn.build(model, image, path, layout=layout)
    except LimitError as error:
        return {"refused": str(error)}
    return {
        "seconds": time.perf_counter() - start,
        "mb": peak_mb(),
        "bytes": built.size,
        "formulas": channels * SIZE * SIZE,
        "sheets": built.sheets,
    }


def recalculate(calculator: str, path: Path) -> dict[str, float]:
    """Open, recalculate and hand back the values."""
    from sheetcnn.calculators import get

    found = get(calculator)
    start = time.perf_counter()
    (values,) = found.recalculate([path])
    seconds = time.perf_counter() - start
    values.close()
    program = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    return {"seconds": seconds, "mb": peak_mb() if calculator == "ironcalc" else program}


def measured(rounds: int, widths: tuple[int, ...]) -> Report:
    """Let the layouts take turns."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for channels in widths:
            for _ in range(rounds):
                for layout in LAYOUTS:
                    runs = found.setdefault(f"{channels} {layout}", [])
                    if runs and "refused" in runs[-1]["build"]:
                        continue
                    path = Path(folder) / f"{layout}.xlsx"
                    run = {"build": child(__file__, "--child", "build", channels, path, "--layout", layout)}
                    if "refused" not in run["build"]:
                        for calculator in CALCULATORS:
                            run[calculator] = child(__file__, "--child", calculator, channels, path)
                    runs.append(run)
    rows = []
    for channels in widths:
        by_layout = {layout: _medians(found[f"{channels} {layout}"]) for layout in LAYOUTS}
        for layout, medians in by_layout.items():
            rows.append([f"{channels}, {layout}", *_row(medians)])
        if all(by_layout.values()):
            ratios = [
                f"{by_layout['planar'][key] / by_layout['interleaved'][key]:.1f}x" if key != "sheets" else ""
                for key in KEYS
            ]
            rows.append(["planar / interleaved", *ratios])
    remarks = [
        f"{key}: {runs[0]['build']['refused']}"
        for key, runs in found.items()
        if "refused" in runs[0]["build"]
    ]
    header = [
        "channels, layout",
        "sheets",
        "build, s",
        "file, MB",
        "IronCalc, s",
        "MB",
        "LibreOffice, s",
        "MB",
    ]
    title = f"A 3x3 convolution from C to C channels of {SIZE}x{SIZE} pixels, medians of {rounds}"
    return Report("layouts", [(title, header, rows)], [], remarks, found)


KEYS = ("sheets", "build", "bytes", "ironcalc", "ironcalc mb", "libreoffice", "libreoffice mb")


def _medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The medians of the figures of one layout; none where it is refused."""
    if "refused" in runs[0]["build"]:
        return {}
    places = (
        *(("build", "sheets"), ("build", "seconds"), ("build", "bytes")),
        *((calculator, what) for calculator in CALCULATORS for what in ("seconds", "mb")),
    )
    return {key: median(run[a][b] for run in runs) for key, (a, b) in zip(KEYS, places, strict=True)}


def _row(medians: dict[str, float]) -> list[str]:
    if not medians:
        return ["refused", *[""] * (len(KEYS) - 1)]
    sheets, build_s, size, iron, iron_mb, office, office_mb = (medians[key] for key in KEYS)
    return [
        f"{sheets:.0f}",
        f"{build_s:.2f}",
        f"{size / 1e6:.2f}",
        f"{iron:.2f}",
        f"{iron_mb:.0f}",
        f"{office:.1f}",
        f"{office_mb:.0f}",
    ]


if __name__ == "__main__":
    main()
