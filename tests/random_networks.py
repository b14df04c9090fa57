"""Random networks of the basic layers, one after the other, with every option that they have.

The shapes are worked out here, by a rule of its own, so that a network that is refused, or has another
shape, is an error and not just drawn again. (`random_graphs` draws all kinds, with branches, and asks
sheetcnn what fits.)

A further kind is one entry in `KINDS`; one that reads several tensors says so in `inputs`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sheetcnn.importers.spec.parse import parse
from sheetcnn.model.graph import Model
from sheetcnn.shape import Array

Layer = dict[str, Any]
Shape = tuple[int, ...]
Draw = random.Random
Drawn = tuple[Layer, Shape, dict[str, Shape]]
"""The options of a layer, the shape of its result, and those of its parameters."""

LARGEST = 10
"""Height and width of a map; each value is a formula."""


@dataclass(frozen=True)
class Kind:
    """How layers of a kind are drawn.

    `draw` takes the shapes that the layer reads, and answers None where the kind does not fit them.
    """

    draw: Callable[[Draw, list[Shape]], Drawn | None]
    inputs: int = 1
    weight: int = 1
    """How often it is drawn, against the others."""


def _activation(draw: Draw) -> Layer:
    choices: list[Any] = ["absent", None, "relu", "relu", "relu", "sigmoid", "tanh"]
    choices += [{"kind": "leaky_relu", "negative_slope": draw.choice([0.1, 1.5, -0.5, 0.0])}, "leaky_relu"]
    chosen = draw.choice(choices)
    return {} if chosen == "absent" else {"activation": chosen}


def _pair(draw: Draw, low: int, high: int) -> tuple[Any, tuple[int, int]]:
    """A size as a spec says it, one number or two, and both numbers."""
    first, second = draw.randint(low, high), draw.randint(low, high)
    return (first, (first, first)) if draw.random() < 0.5 else ([first, second], (first, second))


def _padding(
    draw: Draw, size: tuple[int, int], extent: tuple[int, int], stride: tuple[int, int], most: tuple[int, int]
) -> tuple[Any, list[tuple[int, int]]]:
    """Padding as a spec says it, and the pixels before and after along y and x."""
    form = draw.choice(["same", "valid", "number", "sides", "none"])
    if form == "same":
        totals = [
            max((math.ceil(n / s) - 1) * s + k - n, 0) for n, k, s in zip(size, extent, stride, strict=True)
        ]
        return "same", [(total // 2, total - total // 2) for total in totals]
    if form == "number":
        number = draw.randint(0, min(most))
        return number, [(number, number)] * 2
    if form == "sides":
        sides = [draw.randint(0, most[n // 2]) for n in range(4)]
        return sides, [(sides[0], sides[1]), (sides[2], sides[3])]
    return ("valid" if form == "valid" else 0), [(0, 0)] * 2


def _count(size: int, around: tuple[int, int], extent: int, stride: int, *, ceil_mode: bool = False) -> int:
    """How many windows fit; by ceil_mode a last one that starts on a pixel or before may overhang."""
    whole = size + sum(around)
    starts = range(0, whole, stride)
    fits = [s for s in starts if s + extent <= whole]
    if ceil_mode and fits and fits[-1] + extent < whole and fits[-1] + stride < around[0] + size:
        return len(fits) + 1
    return len(fits)


def _windows(
    draw: Draw, shape: Shape, *, pooling: bool, dilated: bool
) -> tuple[Layer, tuple[int, int]] | None:
    """Options of a layer with windows, and how many fit along y and x."""
    size = (shape[1], shape[2])
    kernel, kernels = _pair(draw, 1, 4)
    stride, strides = _pair(draw, 1, 3)
    dilation, dilations = _pair(draw, 1, 2) if dilated and draw.random() < 0.5 else (1, (1, 1))
    extent = ((kernels[0] - 1) * dilations[0] + 1, (kernels[1] - 1) * dilations[1] + 1)
    # Of pooling, each window must hold a pixel.
    most = ((kernels[0] - 1), (kernels[1] - 1)) if pooling else (3, 3)
    padding, around = _padding(draw, size, extent, strides, most)
    ceil_mode = pooling and draw.random() < 0.4
    counts = [_count(size[n], around[n], extent[n], strides[n], ceil_mode=ceil_mode) for n in (0, 1)]
    if not all(1 <= count <= LARGEST for count in counts):
        return None
    if pooling and not all(
        any(0 <= w * strides[n] - around[n][0] + t * dilations[n] < size[n] for t in range(kernels[n]))
        for n in (0, 1)
        for w in range(counts[n])
    ):
        return None
    layer: Layer = {"kernel_size": kernel, "padding": padding}
    if not pooling or draw.random() < 0.8:
        layer["stride"] = stride
    elif strides != kernels:
        return None  # without a stride it is the kernel size
    if dilations != (1, 1):
        layer["dilation"] = dilation
    if pooling:
        layer["ceil_mode"] = ceil_mode
    return layer, (counts[0], counts[1])


def _conv2d(draw: Draw, inputs: list[Shape]) -> Drawn | None:
    (shape,) = inputs
    drawn = _windows(draw, shape, pooling=False, dilated=True) if len(shape) == 3 else None
    if drawn is None:
        return None
    layer, counts = drawn
    groups = draw.choice([g for g in range(1, shape[0] + 1) if shape[0] % g == 0])
    filters = groups * draw.randint(1, max(1, 4 // groups))
    bias = draw.random() < 0.7
    layer |= {"filters": filters, "groups": groups, "bias": bias, **_activation(draw)}
    kh, kw = np.broadcast_to(layer["kernel_size"], 2).tolist()
    parameters: dict[str, Shape] = {"weight": (filters, shape[0] // groups, kh, kw)}
    return layer, (filters, *counts), parameters | ({"bias": (filters,)} if bias else {})


def _pool(kind: str) -> Callable[[Draw, list[Shape]], Drawn | None]:
    def make(draw: Draw, inputs: list[Shape]) -> Drawn | None:
        (shape,) = inputs
        is_max = kind == "max_pool"
        drawn = _windows(draw, shape, pooling=True, dilated=is_max) if len(shape) == 3 else None
        if drawn is None:
            return None
        layer, counts = drawn
        if not is_max:
            layer["count_include_pad"] = draw.random() < 0.5
        return layer, (shape[0], *counts), {}

    return make


def _global_avg_pool(draw: Draw, inputs: list[Shape]) -> Drawn | None:
    (shape,) = inputs
    return ({}, (shape[0], 1, 1), {}) if len(shape) == 3 and shape[1] * shape[2] > 1 else None


def _dense(draw: Draw, inputs: list[Shape]) -> Drawn | None:
    (shape,) = inputs
    if len(shape) == 3:
        return None
    units, bias = draw.randint(1, 8), draw.random() < 0.7
    parameters: dict[str, Shape] = {"weight": (units, *shape)} | ({"bias": (units,)} if bias else {})
    return {"units": units, "bias": bias, **_activation(draw)}, (units,), parameters


def _flatten(draw: Draw, inputs: list[Shape]) -> Drawn | None:
    size = math.prod(inputs[0])
    rare = len(inputs[0]) == 1 and draw.random() < 0.8  # of a vector it changes nothing
    return ({}, (size,), {}) if size <= 60 and not rare else None


def _batch_norm(draw: Draw, inputs: list[Shape]) -> Drawn | None:
    names = ("weight", "bias", "running_mean", "running_var")
    layer = {"epsilon": draw.choice([1e-5, 1e-3, 0.5]), **_activation(draw)}
    return layer, inputs[0], dict.fromkeys(names, inputs[0][:1])


def _same_shape(**options: Callable[[Draw], Any]) -> Callable[[Draw, list[Shape]], Drawn | None]:
    return lambda draw, inputs: ({name: make(draw) for name, make in options.items()}, inputs[0], {})


KINDS: dict[str, Kind] = {
    "conv2d": Kind(_conv2d, weight=5),
    "max_pool": Kind(_pool("max_pool"), weight=3),
    "avg_pool": Kind(_pool("avg_pool"), weight=3),
    "global_avg_pool": Kind(_global_avg_pool),
    "dense": Kind(_dense, weight=6),
    "flatten": Kind(_flatten, weight=2),
    "batch_norm": Kind(_batch_norm, weight=2),
    "relu": Kind(_same_shape()),
    "leaky_relu": Kind(_same_shape(negative_slope=lambda draw: draw.choice([0.01, 0.3, 1.5, -1.0]))),
    "sigmoid": Kind(_same_shape()),
    "tanh": Kind(_same_shape()),
    "softmax": Kind(_same_shape()),
    "dropout": Kind(_same_shape(rate=lambda draw: draw.choice([0.0, 0.25]))),
}


@dataclass(frozen=True)
class Network:
    """A network with all that is needed to run it, and the shape that each tensor must have."""

    spec: dict[str, Any]
    params: dict[str, dict[str, Array]]
    image: Array
    relu: str
    shapes: dict[str, Shape] = field(default_factory=dict)

    def model(self) -> Model:
        return Model.of(parse(self.spec, self.spec["name"]), self.params)


def _source(draw: Draw) -> tuple[dict[str, Any], Shape]:
    channels, height, width = draw.randint(1, 3), draw.randint(1, 8), draw.randint(1, 8)
    source: dict[str, Any] = {"channels": channels, "height": height, "width": width}
    if draw.random() < 0.5:
        source["divide"] = 2
    if draw.random() < 0.3:
        source["mean"] = [draw.choice([0.0, 0.25, -0.5]) for _ in range(channels)]
    if draw.random() < 0.3:
        source["std"] = draw.choice([0.5, [0.5 + n for n in range(channels)]])
    return source, (channels, height, width)


def draw_network(seed: int) -> Network:
    """Random network number `seed`, always the same."""
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    source, shape = _source(draw)
    tensors: list[tuple[str, Shape]] = [("input", shape)]
    layers: list[Layer] = []
    params: dict[str, dict[str, Array]] = {}
    names = [name for name, kind in KINDS.items() for _ in range(kind.weight)]
    wanted = draw.randint(2, 7)
    while len(layers) < wanted:
        kind = draw.choice(names)
        # A chain: each layer reads the one before. Branches would be chosen here.
        reads = tensors[-KINDS[kind].inputs :]
        drawn = KINDS[kind].draw(draw, [shape for _, shape in reads])
        if drawn is None:
            continue
        options, shape, parameters = drawn
        name = f"{kind}_{len(layers) + 1}"
        layers.append({"kind": kind, "name": name, "inputs": [read for read, _ in reads], **options})
        tensors.append((name, shape))
        if parameters:
            params[name] = {key: _parameter(key, size, rng) for key, size in parameters.items()}
    image = rng.standard_normal(tensors[0][1])
    spec = {"name": f"network_{seed}", "input": source, "layers": layers}
    return Network(spec, params, image, draw.choice(["fused", "separate"]), dict(tensors))


def _parameter(name: str, shape: Shape, rng: np.random.Generator) -> Array:
    """Variances are positive, and kernels keep results near 1."""
    if name == "running_var":
        return rng.uniform(0.2, 3.0, shape)
    return rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))
