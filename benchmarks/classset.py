"""A class set: thirty worksheets, thirty workbooks and the key, made by `sheetcnn exercise`.

Of the digits network, with every kind of question, in a process of its own; beside it the time that a single
student's set takes.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from common import ROOT, Aim, Report, arguments, child, show

STUDENTS, MOST_SECONDS = 30, 60.0


def main() -> None:
    """Measure and print; with `--child` make one set and print what it took."""
    parser = arguments(__doc__, rounds=3, output=True)
    parser.add_argument("--child", type=int, metavar="STUDENTS", help="one set")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(make_set(options.child)))
        return
    rounds = 1 if options.quick else options.rounds
    found = {n: [child(__file__, "--child", n) for _ in range(rounds)] for n in (1, STUDENTS)}
    medians = {n: median(run["seconds"] for run in runs) for n, runs in found.items()}
    rows = [[str(n), f"{seconds:.2f}", f"{seconds / medians[1]:.1f}x"] for n, seconds in medians.items()]
    title = f"Exercises with every kind of question, medians of {rounds}"
    aims = [Aim(f"a class set of {STUDENTS}", MOST_SECONDS, medians[STUDENTS], "s", least=False)]
    report = Report("classset", [(title, ["students", "s", "against one"], rows)], aims, [], found)
    show(report, as_json=options.json, output=options.output)


def make_set(students: int) -> dict[str, float]:
    """Make a set in this process, start-up included but for the interpreter's own."""
    start = time.perf_counter()
    import sheetcnn

    names = [f"Student {n}" for n in range(1, students + 1)]
    with tempfile.TemporaryDirectory() as folder:
        sheetcnn.exercise(ROOT / "examples" / "digits", Path(folder) / "set", roster=names)
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main()
