"""How long the command line takes as a whole process: `--help`, and building the digits example."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from statistics import median

from common import ROOT, Aim, Report, arguments, show

DIGITS = ROOT / "examples" / "digits"


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, rounds=9).parse_args()
    show(measured(options.rounds), as_json=options.json)


def measured(rounds: int) -> Report:
    """Run the commands in turns."""
    image = min((DIGITS / "images").glob("*.png"))
    script = Path(sysconfig.get_path("scripts")) / ("sheetcnn.exe" if os.name == "nt" else "sheetcnn")
    sheetcnn = [str(script)] if script.exists() else [sys.executable, "-m", "sheetcnn"]
    with tempfile.TemporaryDirectory() as directory:
        workbook = str(Path(directory) / "digits.xlsx")
        spec = str(DIGITS / "digits.yaml")
        build = [sys.executable, "-m", "sheetcnn", "build", spec, "--input", str(image), "-o", workbook]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "sheetcnn --help": [*sheetcnn, "--help"],
            "sheetcnn build digits.yaml": build,
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        cpu: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            _seconds(command)  # fills the caches of the disk and of compiled modules
        for _ in range(rounds):
            for name, command in commands.items():
                seconds, busy = _seconds(command)
                times[name].append(seconds)
                cpu[name].append(busy)
    rows = [
        [name, *(f"{seconds:.3f}" for seconds in (median(t), min(t), max(t), median(cpu[name])))]
        for name, t in times.items()
    ]
    aims = [
        Aim("sheetcnn --help", 0.3, median(times["sheetcnn --help"]), "s", least=False),
        Aim("building the digits example", 2, median(times["sheetcnn build digits.yaml"]), "s", least=False),
    ]
    header = ["whole process", "median, s", "least, s", "most, s", "CPU time, s"]
    return Report(
        "start",
        [(f"Start-up, {rounds} runs of each", header, rows)],
        aims,
        data={"seconds": times, "cpu_seconds": cpu},
    )


def _seconds(command: list[str]) -> tuple[float, float]:
    """How long a process took, and how long it kept a processor busy."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
