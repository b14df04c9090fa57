"""Functions of one value, and those over the channels.

Most are a row of a table: the layer kind, and the option that each of ONNX's attributes becomes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import Call, Entry, scalar
from sheetcnn.importers.onnx.proto import count
from sheetcnn.importers.onnx.views import View
from sheetcnn.shape import Shape


def elementwise(kind: str, **options: tuple[str, float]) -> Entry:
    """A row: the kind, and for each of its options ONNX's attribute and that one's default."""

    def rule(call: Call) -> View:
        given = {option: call.number(*attribute) for option, attribute in options.items()}
        return call.after(call.plain(), kind, **given)

    return Entry(rule)


def gelu(call: Call) -> View:
    """Gelu."""
    return call.after(call.plain(), "gelu", approximate=call.text("approximate", "none"))


LARGEST = 3.4028e38
_NAMED_CLIPS: Mapping[tuple[float | None, float | None], str] = {(0, 6): "relu6", (0, None): "relu"}


def clip(call: Call) -> View:
    """Clip: `relu6` and `relu` where the bounds are theirs."""
    low, high = (_bound(call, n, name) for n, name in ((1, "min"), (2, "max")))
    if (low, high) == (None, None):
        return call.view()
    named = _NAMED_CLIPS.get((low, high))
    if named:
        return call.after(call.plain(), named)
    return call.after(call.plain(), "clip", min=low, max=high)


def _bound(call: Call, n: int, name: str) -> float | None:
    """A bound from an input, or from the attribute of older opsets; None where there is none."""
    value = scalar(call.constant(n)) if call.has(n) else call.number(name, np.nan)
    # The greatest float32 stands for no bound, too.
    return value if abs(value) < LARGEST else None


def prelu(call: Call) -> View:
    """PRelu with one slope for all channels or one for each."""
    view, slope = call.plain(), call.constant(1)
    channels = call.shape(view).channels
    if slope.size == 1:
        return call.after(view, "prelu", {"weight": slope.reshape(1)}, shared=True)
    padded = (1,) * (len(view.dims) - slope.ndim) + slope.shape
    if slope.size != channels or len(padded) != len(view.dims) or padded[view.axis] != channels:
        raise RefusalError(
            f"has slopes of shape {slope.shape}; one, or one for each channel can be expressed"
        )
    return call.after(view, "prelu", {"weight": slope.reshape(channels)})


def softmax(kind: str) -> Entry:
    """Softmax and LogSoftmax along an axis; before opset 13 along all from that axis on."""

    def rule(call: Call) -> View:
        view, rank = call.view(), len(call.view().dims)
        axis = call.axis(-1 if call.opset >= 13 else 1, rank)
        pixels = count(view.dims[axis + 1 :])
        if axis == view.axis and rank <= 4 and (call.opset >= 13 or (pixels == 1 and not view.last)):
            return call.after(call.build.settle(view), kind)
        view = call.build.rows(view)
        end = axis + 1 if call.opset >= 13 else rank
        before, size, behind = count(view.dims[:axis]), count(view.dims[axis:end]), count(view.dims[end:])
        # Where the axis is not the first, the maps are turned so that it is, and back again.
        shape = Shape((before, size, behind))
        if before > 1:
            turned = call.build.once(
                call.build.reshaped(view.tensor, shape, view.name), "permute", {"order": [1, 0, 2]}
            )
            tensor = call.layer("permute", [call.layer(kind, [turned])], None, "back", order=[1, 0, 2])
        else:
            flat = Shape.vector(size) if behind == 1 else Shape((size, behind, 1))
            tensor = call.layer(kind, [call.build.reshaped(view.tensor, flat, view.name)])
        return View(tensor, view.dims, name=f"{call.node.name}/shape")

    return Entry(rule)


def dropout(call: Call) -> View:
    """Dropout, which does nothing here."""
    if call.has(2) and bool(call.constant(2).item()):
        raise RefusalError("input training_mode=True; export the model in evaluation mode")
    rate = scalar(call.constant(1)) if call.has(1) else call.number("ratio", 0.5)
    return call.after(call.plain(), "dropout", rate=rate if 0 <= rate < 1 else None)


def swish(call: Call) -> View:
    """Swish."""
    return call.after(call.plain(), "silu")


TABLE: Mapping[str, Entry] = {
    "Relu": elementwise("relu"),
    "LeakyRelu": elementwise("leaky_relu", negative_slope=("alpha", 0.01)),
    "Elu": elementwise("elu", alpha=("alpha", 1.0)),
    "Celu": elementwise("celu", alpha=("alpha", 1.0)),
    "Selu": elementwise("selu", alpha=("alpha", 1.6732632423543772), gamma=("gamma", 1.0507009873554805)),
    "Sigmoid": elementwise("sigmoid"),
    "HardSigmoid": elementwise("hard_sigmoid", alpha=("alpha", 0.2), beta=("beta", 0.5)),
    "HardSwish": elementwise("hard_swish"),
    "Mish": elementwise("mish"),
    "Softplus": elementwise("softplus"),
    "Softsign": elementwise("softsign"),
    "Tanh": elementwise("tanh"),
    "Exp": elementwise("exp"),
    "Abs": elementwise("abs"),
    "Neg": elementwise("negative"),
    "Sqrt": elementwise("sqrt"),
    "Swish": Entry(swish, {"alpha": (1.0,)}),
    "Gelu": Entry(gelu, {"approximate": ("none", "tanh")}),
    "Clip": Entry(clip),
    "PRelu": Entry(prelu),
    "Softmax": softmax("softmax"),
    "LogSoftmax": softmax("log_softmax"),
    "Dropout": Entry(dropout),
}
