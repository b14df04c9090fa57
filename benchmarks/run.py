"""Runs all benchmarks, each in a process of its own, and prints one report."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

SCRIPTS = ("write.py", "start.py", "size.py")
PACKAGES = ("numpy", "openpyxl", "orjson", "xlsxwriter")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--quick", action="store_true", help="one run of each: a look, not a measurement")
    options = parser.parse_args()
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        **{package: version(package) for package in PACKAGES},
    }
    if not options.json:
        print(", ".join(f"{name} {found}" for name, found in machine.items()), end="\n\n", flush=True)
    reports = []
    for script in SCRIPTS:
        command = [sys.executable, str(Path(__file__).parent / script)]
        command += ["--json"] * options.json + ["--rounds", "1"] * options.quick
        if options.json:
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            reports.append(json.loads(done.stdout))
        else:
            print(f"## {script}\n", flush=True)
            subprocess.run(command, check=True)
            print(flush=True)
    if options.json:
        print(json.dumps({"machine": machine, "reports": reports}, indent=2))


if __name__ == "__main__":
    main()
