"""Runs of calls that are one layer. PyTorch has no operator for local response normalisation.

Its definition, `x / (k + alpha * mean of x² over neighbouring channels) ** beta`, is traced as a square,
padding and average pooling along the channels of a view, a product, a sum, a power and a quotient.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from sheetcnn.importers.torch.program import AtenCall, TorchProgram, ValueName

LRN = "sheetcnn.lrn"
_RESPONSE = (
    ("mul",),
    ("view", "reshape", "unsqueeze"),
    ("pad", "constant_pad_nd"),
    ("avg_pool3d", "avg_pool2d"),
    ("squeeze",),
    ("view", "reshape", "mul"),
    ("mul", "add"),
    ("add", "pow"),
    ("pow", "div"),
    ("div",),
)


def fuse_patterns(program: TorchProgram) -> TorchProgram:
    """The program with its local response normalisations as calls of `sheetcnn.lrn`."""
    calls: list[AtenCall] = []
    rest = list(program.calls)
    while rest:
        length, call = _response(rest)
        calls.append(call)
        rest = rest[length:]
    return replace(program, calls=tuple(calls))


def _response(calls: Sequence[AtenCall]) -> tuple[int, AtenCall]:
    """How many calls from here on are one layer, and that layer; or 1 and the first call itself."""
    for length in (10, 9):  # with a view back to maps, or without (rows)
        run = calls[:length]
        if len(run) == length and (found := _match(run)):
            return length, found
    return 1, calls[0]


def _match(run: Sequence[AtenCall]) -> AtenCall | None:
    names = [call.operator for call in run]
    known = [names[n] in _RESPONSE[n] for n in range(5)]
    if not all(known) or names[-4:] != ["mul", "add", "pow", "div"]:
        return None
    source = run[0].args[0]
    chained = all(
        isinstance(after.args[0], ValueName) and after.args[0].name == before.results[0]
        for before, after in itertools.pairwise(run[:-1])
    )
    divided = run[-1].args[0] == source and run[-1].args[1] == ValueName(run[-2].results[0])
    if not (chained and divided and run[0].args[1] == source):
        return None
    kernel = run[3].args[1]
    size = kernel[0] if isinstance(kernel, list) else kernel
    alpha, k, beta = (call.args[1] for call in run[-4:-1])
    return replace(run[-1], target=LRN, args=(source, size, alpha, beta, k), kwargs={})
