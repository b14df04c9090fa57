"""A pixel of the model itself, to be computed in the spreadsheet: its own weights, with two decimals."""

from __future__ import annotations

import numpy as np

from sheetcnn.model.graph import Model
from sheetcnn.model.ops.conv2d import Conv2d
from sheetcnn.teaching.exercises.question import AskedNumber, Question
from sheetcnn.teaching.paper.document import Figure, side_by_side

MOST_CHANNELS = 4


def is_possible(model: Model) -> bool:
    """Whether the model has a convolution with few enough input channels."""
    return bool(_layers(model))


def _layers(model: Model) -> list[str]:
    graph = model.graph
    return [
        n.name
        for n in graph.nodes
        if isinstance(n.op, Conv2d)
        and not n.weights
        and n.op.groups == 1
        and "bias" in model.params[n.name]
        and model.params[n.name]["weight"].shape[1] <= MOST_CHANNELS
        and max(model.params[n.name]["weight"].shape[2:]) <= 5
    ]


def make(rng: np.random.Generator, model: Model) -> Question:
    """Windows of random numbers under the slices of one of the model's kernels."""
    names = _layers(model)
    name = names[int(rng.integers(len(names)))]
    node = model.graph.by_name[name]
    weight = np.round(model.params[name]["weight"], 2)
    n = int(rng.integers(len(weight)))
    kernel, bias = weight[n], round(float(model.params[name]["bias"][n]), 2)
    windows = np.round(rng.uniform(0, 2, kernel.shape) * rng.integers(0, 2, kernel.shape), 2)
    parts = [float((w * k).sum()) for w, k in zip(windows, kernel, strict=True)]
    z, relu = sum(parts) + bias, node.activation is not None and node.activation.title == "ReLU"

    def after(value: float) -> float:
        return max(0.0, value) if relu else value

    flipped = float((windows * kernel[:, ::-1, ::-1]).sum()) + bias
    mistakes = [("bias", after(sum(parts))), ("flipped", after(flipped))]
    if relu:
        mistakes += [("relu", z), ("relu_each", after(sum(max(0.0, p) for p in parts) + bias))]
    if len(parts) > 1:
        mistakes.append(("one_channel", after(parts[0] + bias)))
    words = (
        f"These are windows on the {len(parts)} input maps of {name}, and the slices of its kernel {n + 1} "
        f"with two decimals. Its bias is {bias:g}.".replace("-", "−"),
        f"What does {name} compute" + (", after ReLU?" if relu else "?") + " (two decimals)",
    )
    exhibits = tuple(
        side_by_side(
            Figure(f"window {c + 1}", windows[c], "sequential", 2, side=5.5),
            Figure(f"slice {c + 1}", kernel[c], "diverging", 2, side=5.5, sign="×"),
        )
        for c in range(len(parts))
    )
    listed = " + ".join(f"{p:.3f}" for p in (*parts, bias)).replace("-", "−")
    solution = f"{listed} = {z:.3f}".replace("-", "−") + (f"; after ReLU {after(z):.3f}" if relu else "")
    asked = (AskedNumber(f"pixel of {name}", after(z), 0.01, 1, mistakes),)
    return Question("model_pixel", f"A pixel of {name}, with a spreadsheet", words, exhibits, asked, solution)
