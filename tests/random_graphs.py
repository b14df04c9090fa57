"""Random networks with branches: any layer kind, several inputs, paths that part and meet again.

`graph(seed)` always gives the same spec. A new layer kind needs one entry in `MAPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from sheetcnn.errors import SheetCnnError
from sheetcnn.importers.spec.parse import parse
from sheetcnn.model.graph import Model
from sheetcnn.shape import Array

Layer = dict[str, Any]
Shape = tuple[int, ...]

MOST_CHANNELS = 8
MOST_PIXELS = 100


def pick(rng: Generator, *choices: Any) -> Any:
    """One of the choices, as it is (NumPy would make it a scalar of its own)."""
    return choices[int(rng.integers(len(choices)))]


def activation(rng: Generator) -> Any:
    """An activation for a layer that takes one; mostly none or ReLU."""
    return pick(
        rng, None, None, "relu", "relu", "tanh", "silu", {"kind": "leaky_relu", "negative_slope": 0.2}
    )


def _conv(rng: Generator, shape: Shape) -> Layer:
    groups = pick(rng, *(g for g in range(1, shape[0] + 1) if shape[0] % g == 0))
    size = int(rng.integers(1, 4))
    return {
        "kind": "conv2d",
        "filters": groups * int(rng.integers(1, max(2, MOST_CHANNELS // groups))),
        "kernel_size": pick(rng, size, [size, int(rng.integers(1, 4))]),
        "stride": pick(rng, 1, 1, 2, [1, 2]),
        "padding": pick(rng, "same", "valid", 1, [0, 1, 2, 0]),
        "dilation": pick(rng, 1, 1, 2, [1, 2]),
        "groups": groups,
        "bias": bool(rng.integers(2)),
        "activation": activation(rng),
    }


def _pool(kind: str) -> Callable[[Generator, Shape], Layer]:
    def make(rng: Generator, shape: Shape) -> Layer:
        size = int(rng.integers(1, 4))
        layer: Layer = {
            "kind": kind,
            "kernel_size": size,
            "stride": int(rng.integers(1, 4)),
            "padding": int(rng.integers(0, size // 2 + 1)),
            "ceil_mode": bool(rng.integers(2)),
        }
        if kind == "avg_pool":
            layer["count_include_pad"] = bool(rng.integers(2))
        return layer

    return make


def _transposed(rng: Generator, shape: Shape) -> Layer:
    return {
        "kind": "conv_transpose2d",
        "filters": int(rng.integers(1, 4)),
        "kernel_size": int(rng.integers(1, 4)),
        "stride": pick(rng, 1, 2),
        "activation": activation(rng),
    }


def _plain(kind: str, **options: Any) -> Callable[[Generator, Shape], Layer]:
    return lambda rng, shape: {"kind": kind, **options}


def _pad(rng: Generator, shape: Shape) -> Layer:
    return {
        "kind": "pad",
        "padding": [int(n) for n in rng.integers(0, 3, 4)],
        "mode": pick(rng, "constant", "reflect", "edge"),
    }


def _slice(rng: Generator, shape: Shape) -> Layer:
    return {
        "kind": "slice_channels",
        "start": int(rng.integers(0, shape[0])),
        "step": int(rng.integers(1, 3)),
    }


MAPS: dict[str, Callable[[Generator, Shape], Layer]] = {
    "conv2d": _conv,
    "conv2d again": _conv,  # the layer that networks are made of
    "depthwise_conv2d": lambda rng, shape: {
        "kind": "depthwise_conv2d",
        "kernel_size": 3,
        "padding": "same",
        "multiplier": pick(rng, 1, 2),
    },
    "conv_transpose2d": _transposed,
    "max_pool": _pool("max_pool"),
    "avg_pool": _pool("avg_pool"),
    "adaptive_avg_pool": _plain("adaptive_avg_pool", output_size=[2, 3]),
    "global_avg_pool": _plain("global_avg_pool"),
    "global_max_pool": _plain("global_max_pool"),
    "batch_norm": lambda rng, shape: {"kind": "batch_norm", "activation": activation(rng)},
    "instance_norm": _plain("instance_norm", epsilon=0.1),
    "group_norm": _plain("group_norm", groups=1, epsilon=0.1),
    "layer_norm": lambda rng, shape: {
        "kind": "layer_norm",
        "axes": pick(rng, "all", "channels"),
        "epsilon": 0.1,
    },
    "lrn": _plain("lrn", size=3, alpha=0.5),
    "prelu": _plain("prelu"),
    "affine": _plain("affine"),
    "pad": _pad,
    "crop": _plain("crop", crop=[0, 1, 1, 0]),
    "upsample": lambda rng, shape: {
        "kind": "upsample",
        "scale": pick(rng, 2, [1, 2], 1.5),
        "mode": pick(rng, "nearest", "bilinear"),
    },
    "permute": lambda rng, shape: {"kind": "permute", "order": pick(rng, [0, 2, 1], [1, 0, 2], [2, 1, 0])},
    "slice_channels": _slice,
    "channel_shuffle": _plain("channel_shuffle", groups=2),
    "softmax": _plain("softmax"),
    "gelu": _plain("gelu"),
    "sigmoid": _plain("sigmoid"),
    "hard_swish": _plain("hard_swish"),
    "dropout": _plain("dropout"),
}
"""What may follow feature maps; a layer that does not fit is drawn again."""

MERGES = ("add", "multiply", "subtract", "maximum", "minimum", "average", "concat")


class _Drawing:
    """A network while it is being drawn."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        channels, height, width = int(self.rng.integers(1, 4)), *self.rng.integers(3, 8, 2).tolist()
        self.spec: dict[str, Any] = {
            "name": f"random_{seed}",
            "input": {"channels": channels, "height": height, "width": width},
            "layers": [],
        }
        if seed % 3 == 0:
            self.spec["input"] |= {"divide": 2.0, "mean": 0.25}
        self.shapes: dict[str, Shape] = {"input": (channels, height, width)}
        self.unread = ["input"]

    def put(self, layer: Layer, *reads: str) -> str | None:
        """Add a layer, if it fits and stays small; returns its name."""
        name = f"{layer['kind']}_{len(self.spec['layers']) + 1}"
        layers = [*self.spec["layers"], {**layer, "name": name, "inputs": list(reads)}]
        try:
            shape = parse({**self.spec, "layers": layers}, "drawing").shapes[name].dims
        except SheetCnnError:
            return None
        if len(shape) == 3 and (shape[0] > MOST_CHANNELS or shape[1] * shape[2] > MOST_PIXELS):
            return None
        self.spec["layers"] = layers
        self.shapes[name] = shape
        self.unread = [n for n in self.unread if n not in reads] + [name]
        return name

    def step(self) -> None:
        """One more layer, a merge of what fits together, or two branches that meet again."""
        maps = [name for name, shape in self.shapes.items() if len(shape) == 3]
        source = pick(self.rng, *maps[-3:])
        way = self.rng.random()
        if way < 0.25:
            fits = [name for name in maps if self.shapes[name] == self.shapes[source]]
            self.put({"kind": pick(self.rng, *MERGES)}, source, pick(self.rng, *fits))
        elif way < 0.3:
            # Blocks of pixels need four channels, or an even height and width.
            first: Layer = {"kind": "conv2d", "filters": 4, "kernel_size": 1}
            then = "depth_to_space"
            if self.rng.integers(2):
                first, then = {"kind": "upsample", "scale": 2}, "space_to_depth"
            name = self.put(first, source)
            if name:
                self.put({"kind": then, "block": 2, "mode": pick(self.rng, "crd", "dcr")}, name)
        elif way < 0.55:
            filters = int(self.rng.integers(1, 4))
            branches = [
                self.put({"kind": "conv2d", "filters": filters, "kernel_size": k, "padding": "same"}, source)
                for k in (1, 3)
            ]
            self.put({"kind": pick(self.rng, *MERGES)}, *(b for b in branches if b))
        else:
            make = MAPS[pick(self.rng, *MAPS)]
            self.put(make(self.rng, self.shapes[source]), source)

    def finish(self) -> dict[str, Any]:
        """Flatten all that nothing reads yet, and classify it."""
        ends = []
        for name in list(self.unread):
            if len(self.shapes[name]) == 3:
                ends.append(self.put({"kind": "flatten"}, name) or name)
            else:
                ends.append(name)
        joined = ends[0] if len(ends) == 1 else self.put({"kind": "concat"}, *ends)
        self.put({"kind": "dense", "units": 3}, joined or ends[0])
        self.put({"kind": "softmax"}, self.unread[-1])
        return self.spec


def graph(seed: int) -> dict[str, Any]:
    """The spec of random network number `seed`."""
    drawing = _Drawing(seed)
    steps = int(drawing.rng.integers(3, 8))
    for _ in range(10 * steps):
        if len(drawing.spec["layers"]) >= steps:
            break
        drawing.step()
    return drawing.finish()


def model(seed: int) -> tuple[Model, Array, Mapping[str, Any]]:
    """Random network number `seed` with random weights, an image for it, and its spec."""
    spec = graph(seed)
    parsed = parse(spec, spec["name"])
    rng = np.random.default_rng(seed)
    params: dict[str, dict[str, Array]] = {}
    for node in parsed.nodes:
        for parameter in parsed.owned(node):
            array = rng.normal(size=parameter.shape) * 0.5
            if parameter.name == "running_var":
                array = np.abs(array) + 0.5
            params.setdefault(node.name, {})[parameter.name] = array
    return Model.of(parsed, params), rng.normal(size=parsed.source_shape.dims), spec
