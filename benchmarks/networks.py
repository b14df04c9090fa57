"""Full-size AlexNet, GoogLeNet and MobileNet v1 as workbooks: built, recalculated, compared.

For each network, in processes of their own: `sheetcnn build`, then `sheetcnn verify` with LibreOffice and
with IronCalc, which recalculate every formula and compare it with NumPy; and the output of NumPy with that
of onnxruntime or PyTorch. Weights and biases are random (see `models.py`).

With `--quarter` the networks have a quarter of the channels and a smaller image; the tests run that.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Aim, Report, child, show
from watch import Watched, watch

HERE = Path(__file__).resolve().parent
NAMES = ("alexnet", "googlenet", "mobilenet_v1")
CALCULATORS = ("libreoffice", "ironcalc")
PROGRAMS = {"libreoffice": "soffice.bin"}
"""What a calculator is called that is a program of its own; others work within `sheetcnn verify`."""

MIB = (1 << 20) / 1e6  # megabytes in one
BUILD_AIMS = {"alexnet": (120, 1536 * MIB), "googlenet": (60, 1024 * MIB), "mobilenet_v1": (60, 1024 * MIB)}
"""Seconds, and memory in megabytes."""
LIBREOFFICE_AIM = (240, 12 * 1024 * MIB)
MEMORY_SHARE = 0.8
"""Of the machine's memory; a recalculation that needs more is stopped, and said to be."""

HEADER = (
    *("network", "formula cells", "weights", "file, MB", "build, s", "MB"),
    *("LibreOffice, s", "MB", "IronCalc, s", "MB", "verify, s", "largest difference"),
)


def main() -> None:
    """Measure and print; exit status 1 if anything does not agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=NAMES, action="append", help="a network (may be given again)")
    parser.add_argument("--calculator", choices=CALCULATORS, action="append", help="likewise; default: both")
    parser.add_argument("--quarter", action="store_true", help="a quarter of the channels, a smaller image")
    parser.add_argument("--output", type=Path, help="write the numbers to this file as JSON too")
    parser.add_argument("--keep", type=Path, help="a folder where models and workbooks are left")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="sheetcnn-scale-") as scratch:
        for name in options.only or NAMES:
            folder = (options.keep or Path(scratch)) / name
            results[name] = measured(name, folder, options.calculator or CALCULATORS, quarter=options.quarter)
            report = reported(results, quarter=options.quarter)
            if options.output:  # after each network: a run takes long
                options.output.write_text(report.as_json() + "\n")
    show(report, as_json=options.json)
    sys.exit(0 if all(result["agrees"] for result in results.values()) else 1)


@dataclass(frozen=True)
class FailedError(Exception):
    """A step that came to no result."""

    step: str
    watched: Watched

    def __str__(self) -> str:
        return f"{self.step}: exit status {self.watched.status}\n{self.watched.errors}{self.watched.output}"


def measured(name: str, folder: Path, calculators: Sequence[str], *, quarter: bool) -> dict[str, Any]:
    """Build one network and let the calculators recalculate it."""
    _print_now(f"{name}: making the model")
    folder.mkdir(parents=True, exist_ok=True)
    made = child(str(HERE / "models.py"), name, folder, *["--quarter"] * quarter)
    reference = child(str(HERE / "reference.py"), made["model"], made["image"], *made["options"])
    book = folder / f"{name}.xlsx"
    _print_now(f"{name}: building")
    options = ["--input", made["image"], *made["options"], "--layout", "interleaved", "-o", book]
    built = _step("build", "build", made["model"], *options)
    found: dict[str, Any] = {
        "weights": reference["weights"],
        "bytes": book.stat().st_size,
        "build": {"seconds": built.seconds, "cpu": built.cpu, "mb": built.mb},
        "reference": reference,
        "calculators": {},
    }
    for calculator in calculators:
        _print_now(f"{name}: {calculator}")
        found["calculators"][calculator] = _verified(book, calculator)
    done = [result for result in found["calculators"].values() if "refused" not in result]
    found["formulas"] = max((result["formulas"] for result in done), default=0)
    found["difference"] = max((result["difference"] for result in done), default=0.0)
    found["agrees"] = reference["agrees"] and bool(done) and all(result["agrees"] for result in done)
    return found


def _step(step: str, *arguments: object, most_mb: float = float("inf")) -> Watched:
    watched = watch([sys.executable, "-m", "sheetcnn", *arguments], most_mb=most_mb)
    if watched.status not in (0, 1):
        raise FailedError(step, watched)
    return watched


def _verified(book: Path, calculator: str) -> dict[str, Any]:
    """What recalculating and comparing took, and what came of it."""
    most = _memory() * MEMORY_SHARE
    try:
        watched = _step(
            f"verify with {calculator}", "verify", book, "--calculator", calculator, "--json", most_mb=most
        )
    except FailedError as error:
        if error.watched.status < 0 and error.watched.mb > most:
            return {"refused": f"needs more than {most / 1000:.0f} GB of memory"}
        raise
    report = json.loads(watched.output)
    program = watched.child(PROGRAMS.get(calculator, ""))
    return {
        "calculator": report["calculator"],
        # Of a calculator within the process only the whole is known.
        "seconds": program.seconds if program else watched.seconds,
        "cpu": program.cpu if program else watched.cpu,
        "mb": program.peak if program else watched.mb,
        "verify": {"seconds": watched.seconds, "mb": watched.mb},
        "formulas": report["formulas"],
        "compared": report["compared"],
        "errors": report["errors"],
        "difference": report["max_abs_error"],
        "layers": len(report["layers"]),
        "differences": report["differences"][:10],
        "agrees": report["ok"] and report["compared"] == report["formulas"],
    }


def _memory() -> float:
    """The machine's memory in megabytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


def reported(results: Mapping[str, Mapping[str, Any]], *, quarter: bool) -> Report:
    """The table and, at full size, the aims."""
    rows, aims, remarks = [], [], []
    for name, found in results.items():
        calculators = found["calculators"]
        shown = [_row_texts(calculators.get(calculator)) for calculator in CALCULATORS]
        verify = calculators.get("libreoffice", {}).get("verify")
        rows.append(
            [
                name,
                f"{found['formulas']:,}",
                f"{found['weights']:,}",
                f"{found['bytes'] / 1e6:,.1f}",
                f"{found['build']['seconds']:.1f}",
                f"{found['build']['mb']:,.0f}",
                *(text for pair in shown for text in pair),
                f"{verify['seconds']:.1f}" if verify else "",
                f"{found['difference']:.1e}",
            ]
        )
        reference = found["reference"]
        verdict = "agrees" if found["agrees"] else "does NOT agree"
        remarks.append(
            f"{name}: {verdict}; relative difference of NumPy's output from {reference['by']}: "
            f"{reference['difference']:.1e}"
        )
        used = {"build": found["build"], **{e: r for e, r in calculators.items() if "refused" not in r}}
        shares = ", ".join(f"{what} {took['cpu']:.1f} s" for what, took in used.items())
        remarks.append(f"{name}: processor time: {shares}")
        remarks += [
            f"{name}: {calculator} {result['refused']}"
            for calculator, result in calculators.items()
            if "refused" in result
        ]
        if not quarter:
            aims += _aims(name, found)
    size = "a quarter of the size" if quarter else "full size"
    return Report("networks", [(f"Networks at {size}", HEADER, rows)], aims, remarks, dict(results))


def _row_texts(result: Mapping[str, Any] | None) -> tuple[str, str]:
    if result is None or "refused" in result:
        return "", ""
    return f"{result['seconds']:.1f}", f"{result['mb']:,.0f}"


def _aims(name: str, found: Mapping[str, Any]) -> list[Aim]:
    wanted = [(f"{name}, build", BUILD_AIMS[name], found["build"])]
    libreoffice = found["calculators"].get("libreoffice", {"refused": ""})
    if "refused" not in libreoffice:
        wanted.append((f"{name}, LibreOffice", LIBREOFFICE_AIM, libreoffice))
    return [
        aim
        for what, (seconds, mb), took in wanted
        for aim in (
            Aim(f"{what}, time", seconds, took["seconds"], "s", least=False),
            Aim(f"{what}, memory", round(mb), took["mb"], "MB", least=False),
        )
    ]


def _print_now(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
