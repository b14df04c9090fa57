"""How well `sheetcnn.inspect` foretells the size of a file, and which constants would do it better.

Builds networks of different make with random weights, and fits the constants of
`sheetcnn.workbook.inspect` (its names that begin with BYTES_PER_) to the real sizes by least squares on the
relative errors. The error of a fit is also given for networks that were left out of it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from common import Report, arguments, show

import sheetcnn
from sheetcnn.importers.spec.parse import parse
from sheetcnn.model.graph import Graph, Model
from sheetcnn.workbook import inspect

Numbers = npt.NDArray[np.float64]
Layer = dict[str, object]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=1)
    options = parser.parse_args()
    show(measured(), as_json=options.json)


def conv(filters: int, kernel: int = 3, **more: object) -> Layer:
    """A convolution, 'same' and with ReLU unless `more` says otherwise."""
    layer: Layer = {"kind": "conv2d", "filters": filters, "kernel_size": kernel}
    return layer | {"padding": "same", "activation": "relu"} | more


def dense(units: int, **more: object) -> Layer:
    """A dense layer."""
    return {"kind": "dense", "units": units, **more}


POOL: Layer = {"kind": "max_pool", "kernel_size": 2}
AVERAGE: Layer = {"kind": "avg_pool", "kernel_size": 2}
FLATTEN: Layer = {"kind": "flatten"}
SOFTMAX: Layer = {"kind": "softmax"}
NETWORKS: dict[str, tuple[tuple[int, int, int], list[Layer]]] = {
    "digits": ((1, 8, 8), [conv(4), POOL, conv(8), POOL, FLATTEN, dense(10), SOFTMAX]),
    "one small layer": ((1, 6, 6), [conv(2)]),
    "one big layer": ((3, 128, 128), [conv(8)]),
    "1x1 kernels": ((3, 64, 64), [conv(16, 1), conv(16, 1)]),
    "LeNet": (
        (1, 32, 32),
        [
            *(conv(6, 5, padding="valid", activation="tanh"), AVERAGE),
            *(conv(16, 5, padding="valid", activation="tanh"), AVERAGE),
            *(FLATTEN, dense(120, activation="tanh"), dense(84, activation="tanh"), dense(10), SOFTMAX),
        ],
    ),
    "CIFAR": (
        (3, 32, 32),
        [conv(16), conv(16), POOL, conv(32), POOL, FLATTEN, dense(64, activation="relu"), dense(10), SOFTMAX],
    ),
    "wide": ((3, 16, 16), [conv(48), conv(48)]),
    "strides": (
        (3, 64, 64),
        [conv(16, 5, stride=2), conv(32, stride=2), FLATTEN, dense(10), SOFTMAX],
    ),
    "signed": ((3, 48, 48), [conv(8, activation=None), conv(8, activation="sigmoid")]),
    "normalised": (
        (3, 40, 40),
        [conv(12, bias=False, activation=None), {"kind": "batch_norm", "activation": "relu"}, POOL, conv(12)],
    ),
    "pooling": (
        (8, 48, 48),
        [{"kind": "max_pool", "kernel_size": 3, "stride": 1, "padding": "same"}, AVERAGE],
    ),
    "mostly weights": ((1, 16, 16), [FLATTEN, dense(256, activation="relu"), dense(64), SOFTMAX]),
    "depthwise": ((3, 56, 56), [conv(12, 1), conv(12, groups=12), conv(6, 1)]),
    "many sheets": ((1, 8, 8), [conv(64), POOL, conv(96, 1), FLATTEN, dense(10), SOFTMAX]),
}


def model(name: str, seed: int) -> tuple[Model, Numbers]:
    """A network with random weights of the usual size, and random pixels."""
    (channels, height, width), layers = NETWORKS[name]
    source = {"channels": channels, "height": height, "width": width, "divide": 255}
    graph = parse({"name": name, "input": source, "layers": layers}, name)
    random = np.random.default_rng(seed)
    weights: dict[str, dict[str, Numbers]] = {}
    for node in graph.nodes:
        for parameter in graph.parameters(node):
            fan_in = max(1, int(np.prod(parameter.shape[1:])))
            values = random.normal(0, (2 / fan_in) ** 0.5, parameter.shape)
            if parameter.name == "running_var":
                values = 0.5 + abs(values)
            # Trained weights are float32 numbers.
            weights.setdefault(node.name, {})[parameter.name] = values.astype(np.float32).astype(np.float64)
    pixels = random.integers(0, 256, graph.source_shape.dims).astype(np.float64)
    return Model.of(graph, weights), pixels


def constants() -> dict[str, float]:
    """The constants of the estimate as they stand."""
    return {name: value for name, value in vars(inspect).items() if name.startswith("BYTES_PER_")}


def counts(graph: Graph, relu: Any) -> list[float]:
    """What each constant is multiplied with: the estimate when that constant is 1 and the others 0."""
    found = []
    for name in constants():
        ones: dict[str, Any] = {other: float(other == name) for other in constants()}
        with patch.multiple(inspect, **ones):
            found.append(float(sheetcnn.inspect(graph, relu=relu).file_size))
    return found


def fitted(features: Numbers, sizes: Numbers) -> Numbers:
    """The constants, none below 0, that make the relative errors least in the sum of squares."""
    scaled = features / sizes[:, None]
    kept = list(range(features.shape[1]))
    while True:
        answer = np.zeros(features.shape[1])
        answer[kept] = np.linalg.lstsq(scaled[:, kept], np.ones(len(sizes)), rcond=None)[0]
        if (answer >= 0).all():
            return answer
        kept.remove(int(answer.argmin()))


def measured() -> Report:
    """Build every network both ways and compare."""
    built: list[tuple[str, int, int, list[float]]] = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "network.xlsx"
        for seed, name in enumerate(NETWORKS):
            network, pixels = model(name, seed)
            for relu in ("fused", "separate"):
                made = sheetcnn.build(network, pixels, path, relu=relu)
                foretold = sheetcnn.inspect(network, relu=relu).file_size
                built.append((f"{name}, {relu}", made.size, foretold, counts(network.graph, relu)))
    features = np.array([row[3] for row in built])
    sizes = np.array([row[1] for row in built], dtype=np.float64)
    best = fitted(features, sizes)
    left_out = np.empty(len(built))
    for n in range(0, len(built), 2):  # both ways of one network are left out together
        others = np.arange(len(built)) // 2 != n // 2
        left_out[n : n + 2] = features[n : n + 2] @ fitted(features[others], sizes[others])
    errors = {
        "now": np.array([row[2] for row in built]) / sizes - 1,
        "fitted": features @ best / sizes - 1,
        "left out": left_out / sizes - 1,
    }
    rows = [
        [name, f"{size / 1e3:,.0f}", *(f"{error[n]:+.0%}" for error in errors.values())]
        for n, (name, size, _, _) in enumerate(built)
    ]
    return Report(
        "size",
        [
            ("Real sizes, and errors of the estimate", ["network", "kB", *errors], rows),
            (
                "Root mean square and largest error",
                ["", *errors],
                [
                    ["root mean square", *(f"{np.sqrt((e**2).mean()):.1%}" for e in errors.values())],
                    ["largest", *(f"{abs(e).max():.1%}" for e in errors.values())],
                ],
            ),
            (
                "Constants",
                ["constant", "now", "fitted"],
                [[n, f"{v:g}", f"{b:.3g}"] for (n, v), b in zip(constants().items(), best, strict=True)],
            ),
        ],
        [],
        data={
            "constants": constants(),
            "fitted": dict(zip(constants(), best.tolist(), strict=True)),
            "networks": [{"name": n, "size": s, "estimate": e, "counts": c} for n, s, e, c in built],
            "errors": {name: error.tolist() for name, error in errors.items()},
        },
    )


if __name__ == "__main__":
    main()
