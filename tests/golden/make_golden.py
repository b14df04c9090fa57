"""Writes the golden arrays: inputs, parameters and PyTorch's output of every case.

Run `python tests/golden/make_golden.py KIND` after a change of a kind in `cases.py` or `torch_reference.py`:
it writes the file of that kind and touches no other. Without KIND all are computed, and what would change is
said before it is written. Each case is seeded by its id, so a new case leaves the arrays of the others as
they are. One file per kind, `<kind>.safetensors`: keys `<id>/input0`, `<id>/param/<name>` and `<id>/output`.

PyTorch and its MKL choose their instructions by the processor, and the last digit of exponentials and of
matrix products depends on them; they are told to use none but those that every processor has, in one thread.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Read when PyTorch is imported.
os.environ |= {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cases import ALL_CASES, CASES, Case  # noqa: E402 - found through the line above
from torch_reference import make_inputs, parameters, reference  # noqa: E402

Arrays = Mapping[str, NDArray[Any]]


def golden(case: Case) -> Arrays:
    """Return the arrays of one case by key."""
    rng = np.random.default_rng(zlib.crc32(case.id.encode()))
    inputs = make_inputs(case, rng)
    params = parameters(case.layer, case.inputs, rng)
    output = reference(case.layer, inputs, params)
    if not np.isfinite(output).all():
        raise ValueError(f"{case.id}: the reference is not finite; change the case")
    return {
        # `make_inputs` rounds to float32, so this loses nothing.
        **{f"{case.id}/input{i}": x.astype(np.float32) for i, x in enumerate(inputs)},
        **{f"{case.id}/param/{name}": p for name, p in params.items()},
        f"{case.id}/output": output,
    }


def change(before: Arrays, after: Arrays) -> str:
    """What differs between two files, in words."""
    new, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    both = [(before[key], after[key]) for key in before.keys() & after.keys()]
    other = [(a, b) for a, b in both if a.shape != b.shape or not np.array_equal(a, b)]
    apart = [np.abs(a - b).max() for a, b in other if a.shape == b.shape]
    by = f", by {max(apart):.1e} at the most" if apart else ""
    return f"{new} arrays new, {gone} gone, {len(other)} changed{by}"


def main(kinds: Sequence[str]) -> None:
    """Write the files of some kinds; without any, of all, and remove those of kinds that are gone."""
    torch.set_num_threads(1)
    ids = [case.id for case in ALL_CASES]
    repeated = {i for i in ids if ids.count(i) > 1}
    unknown = set(kinds) - set(CASES)
    if repeated or unknown:
        raise SystemExit(f"ids used twice: {sorted(repeated)}; kinds without cases: {sorted(unknown)}")
    changed: dict[Path, bytes] = {}
    for kind in kinds or CASES:
        path = HERE / f"{kind}.safetensors"
        data = save({key: array for case in CASES[kind] for key, array in golden(case).items()})
        before = path.read_bytes() if path.exists() else b""
        if data != before:
            print(f"{kind}: {change(load(before) if before else {}, load(data))}")
            changed[path] = data
    gone = [] if kinds else [path for path in HERE.glob("*.safetensors") if path.stem not in CASES]
    for path in gone:
        print(f"{path.stem}: no such kind any more, its file is removed")
    for path, data in changed.items():
        path.write_bytes(data)
    for path in gone:
        path.unlink()
    print(f"{len(changed)} of {len(kinds or CASES)} files written")


if __name__ == "__main__":
    main(sys.argv[1:])
