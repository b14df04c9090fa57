"""Count parameters and multiply-adds."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.model.ops.conv2d import Conv2d
from sheetcnn.teaching.exercises.question import AskedNumber, Question


def make(rng: np.random.Generator, model: Model) -> Question:
    """Of a convolution of the model, or of one like it."""
    graph = model.graph
    layers = [n for n in graph.nodes if isinstance(n.op, Conv2d) and n.op.groups == 1 and n.op.bias]
    if layers and rng.integers(2):
        node = layers[int(rng.integers(len(layers)))]
        maps, filters = graph.input_shapes(node)[0].channels, graph.shapes[node.name].channels
        kh, kw = model.params[node.owner]["weight"].shape[2:]
        high, wide = graph.shapes[node.name].dims[1:]
        named = f"The layer {node.name} of {graph.name}"
    else:
        maps, filters = int(rng.choice([1, 2, 3, 4, 8])), int(rng.choice([2, 4, 5, 8, 10, 16]))
        kh = kw = int(rng.choice([1, 3, 5]))
        high = wide = int(rng.choice([4, 6, 8, 10, 12]))
        named = "A convolution"
    slice_, kernels = kh * kw, filters * maps * kh * kw
    words = (
        f"{named} reads {maps} maps and has {filters} kernels of {kh}×{kw} with a bias each; its result has "
        f"{high}×{wide} pixels.",
        "How many parameters does it have, and how many multiplications of a weight with a value does it do?",
    )
    each = kernels + filters * maps
    mistakes = [("bias", kernels), ("one_channel", filters * slice_ + filters), ("bias_each", each)]
    parameters = AskedNumber("parameters", kernels + filters, 1.0, 0, mistakes)
    mistakes = [("pixels", kernels), ("one_channel", filters * slice_ * high * wide)]
    adds = AskedNumber("multiply-adds", kernels * high * wide, 1.0, 0, mistakes)
    solution = (
        f"{filters} × {maps} × {kh} × {kw} + {filters} = {kernels + filters:,} parameters; "
        f"{kernels:,} weights × {high} × {wide} pixels = {kernels * high * wide:,} multiply-adds"
    )
    return Question("counting", "Count", words, (), (parameters, adds), solution)
