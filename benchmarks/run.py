"""Runs all benchmarks, each in a process of its own, and prints one report."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from common import machine

# Whether each knows --quick; the others take --rounds 1 for it.
SCRIPTS = {
    "write.py": True,
    "floor.py": True,
    "growth.py": True,
    "start.py": False,
    "size.py": False,
    "pages.py": True,
}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--quick", action="store_true", help="one run of each: a look, not a measurement")
    options = parser.parse_args()
    here = machine()
    if not options.json:
        print(", ".join(f"{name} {found}" for name, found in here.items()), end="\n\n", flush=True)
    reports = []
    for script, knows_quick in SCRIPTS.items():
        command = [sys.executable, str(Path(__file__).parent / script)]
        command += ["--json"] * options.json
        command += (["--quick"] if knows_quick else ["--rounds", "1"]) * options.quick
        if options.json:
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            reports.append(json.loads(done.stdout))
        else:
            print(f"## {script}\n", flush=True)
            subprocess.run(command, check=True)
            print(flush=True)
    if options.json:
        print(json.dumps({"machine": here, "reports": reports}, indent=2))


if __name__ == "__main__":
    main()
