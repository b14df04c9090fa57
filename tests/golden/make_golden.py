"""Writes the golden arrays: inputs, parameters and PyTorch's output of every case.

Run `python tests/golden/make_golden.py` after a change of `cases.py` or `torch_reference.py`. Each
case is seeded by its id, so a new case leaves the arrays of the others as they are. One file per
kind, `<kind>.safetensors`, with the keys `<id>/input0`, `<id>/param/<name>` and `<id>/output`.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cases import ALL_CASES, CASES, Case  # noqa: E402 - found through the line above
from torch_reference import make_inputs, parameters, reference  # noqa: E402


def golden(case: Case) -> dict[str, NDArray[Any]]:
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


def main() -> None:
    """Write the file of every kind, and remove files of kinds that are gone."""
    torch.set_num_threads(1)
    ids = [case.id for case in ALL_CASES]
    repeated = {i for i in ids if ids.count(i) > 1}
    if repeated:
        raise ValueError(f"ids used twice: {sorted(repeated)}")
    for kind, cases in CASES.items():
        arrays = {key: array for case in cases for key, array in golden(case).items()}
        (HERE / f"{kind}.safetensors").write_bytes(save(arrays))
    for path in HERE.glob("*.safetensors"):
        if path.stem not in CASES:
            path.unlink()
    print(f"{len(ids)} cases of {len(CASES)} kinds")


if __name__ == "__main__":
    main()
