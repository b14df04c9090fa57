"""Functions of one value, and those over the channels.

Most are a row of a table: the layer kind, and the option that each of ONNX's attributes becomes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sheetcnn.importers.graph_builder import RefusalError
from sheetcnn.importers.onnx.node_context import Allowed, NodeContext, OperatorRule, scalar
from sheetcnn.importers.onnx.proto import size_of
from sheetcnn.importers.onnx.views import View
from sheetcnn.shape import Shape


def elementwise(kind: str, allowed: Allowed | None = None, /, **options: tuple[str, float]) -> OperatorRule:
    """A row: the kind, and for each of its options ONNX's attribute and that one's default."""

    def translate(ctx: NodeContext) -> View:
        given = {option: ctx.float_attr(*attribute) for option, attribute in options.items()}
        return ctx.apply(ctx.elementwise_input(), kind, **given)

    return OperatorRule(translate, allowed or {})


def gelu(ctx: NodeContext) -> View:
    """Gelu."""
    return ctx.apply(ctx.elementwise_input(), "gelu", approximate=ctx.string_attr("approximate", "none"))


LARGEST = 3.4028e38
_NAMED_CLIPS: Mapping[tuple[float | None, float | None], str] = {(0, 6): "relu6", (0, None): "relu"}


def clip(ctx: NodeContext) -> View:
    """Clip: `relu6` and `relu` where the bounds are theirs."""
    low, high = (_bound(ctx, n, name) for n, name in ((1, "min"), (2, "max")))
    if (low, high) == (None, None):
        return ctx.view()
    named = _NAMED_CLIPS.get((low, high))
    if named:
        return ctx.apply(ctx.elementwise_input(), named)
    return ctx.apply(ctx.elementwise_input(), "clip", min=low, max=high)


def _bound(ctx: NodeContext, n: int, name: str) -> float | None:
    """A bound from an input, or from the attribute of older opsets; None where there is none."""
    value = scalar(ctx.constant(n)) if ctx.has(n) else ctx.float_attr(name, np.nan)
    # The greatest float32 stands for no bound, too.
    return value if abs(value) < LARGEST else None


def prelu(ctx: NodeContext) -> View:
    """PRelu with one slope for all channels or one for each."""
    view, slope = ctx.elementwise_input(), ctx.constant(1)
    channels = ctx.shape(view).channels
    if slope.size == 1:
        return ctx.apply(view, "prelu", {"weight": slope.reshape(1)}, shared=True)
    padded = (1,) * (len(view.dims) - slope.ndim) + slope.shape
    if slope.size != channels or len(padded) != len(view.dims) or padded[view.channel_axis] != channels:
        raise RefusalError(
            f"has slopes of shape {slope.shape}; one, or one for each channel can be expressed"
        )
    return ctx.apply(view, "prelu", {"weight": slope.reshape(channels)})


def softmax(kind: str) -> OperatorRule:
    """Softmax and LogSoftmax along an axis; before opset 13 along all from that axis on."""

    def translate(ctx: NodeContext) -> View:
        view, rank = ctx.view(), len(ctx.view().dims)
        axis = ctx.axis(-1 if ctx.opset >= 13 else 1, rank)
        one_pixel = size_of(view.dims[axis + 1 :]) == 1 and not view.channels_last
        if axis == view.channel_axis and rank <= 4 and (ctx.opset >= 13 or one_pixel):
            return ctx.apply(ctx.builder.materialise(view), kind)
        view = ctx.builder.contiguous(view)
        end = axis + 1 if ctx.opset >= 13 else rank
        dims = view.dims
        before, size, behind = size_of(dims[:axis]), size_of(dims[axis:end]), size_of(dims[end:])
        # Where the axis is not the first, the maps are turned so that it is, and back again.
        shape = Shape((before, size, behind))
        if before > 1:
            turned = ctx.builder.shared_layer(
                ctx.builder.reshaped(view.tensor, shape, view.name), "permute", {"order": [1, 0, 2]}
            )
            tensor = ctx.layer("permute", [ctx.layer(kind, [turned])], None, "back", order=[1, 0, 2])
        else:
            flat = Shape.vector(size) if behind == 1 else Shape((size, behind, 1))
            tensor = ctx.layer(kind, [ctx.builder.reshaped(view.tensor, flat, view.name)])
        return View(tensor, view.dims, name=f"{ctx.node.name}/shape")

    return OperatorRule(translate)


def dropout(ctx: NodeContext) -> View:
    """Dropout, which does nothing here."""
    if ctx.has(2) and bool(ctx.constant(2).item()):
        raise RefusalError("input training_mode=True; export the model in evaluation mode")
    rate = scalar(ctx.constant(1)) if ctx.has(1) else ctx.float_attr("ratio", 0.5)
    return ctx.apply(ctx.elementwise_input(), "dropout", rate=rate if 0 <= rate < 1 else None)


TABLE: Mapping[str, OperatorRule] = {
    **{kind: elementwise(kind.lower()) for kind in ("Relu", "Sigmoid", "Mish", "Softplus", "Softsign")},
    **{kind: elementwise(kind.lower()) for kind in ("Tanh", "Exp", "Abs", "Sqrt")},
    "LeakyRelu": elementwise("leaky_relu", negative_slope=("alpha", 0.01)),
    "Elu": elementwise("elu", alpha=("alpha", 1.0)),
    "Celu": elementwise("celu", alpha=("alpha", 1.0)),
    "Selu": elementwise("selu", alpha=("alpha", 1.6732632423543772), gamma=("gamma", 1.0507009873554805)),
    "HardSigmoid": elementwise("hard_sigmoid", alpha=("alpha", 0.2), beta=("beta", 0.5)),
    "HardSwish": elementwise("hard_swish"),
    "Neg": elementwise("negative"),
    "Swish": elementwise("silu", {"alpha": (1.0,)}),
    "Gelu": OperatorRule(gelu, {"approximate": ("none", "tanh")}),
    "Clip": OperatorRule(clip),
    "PRelu": OperatorRule(prelu),
    "Softmax": softmax("softmax"),
    "LogSoftmax": softmax("log_softmax"),
    "Dropout": OperatorRule(dropout),
}
