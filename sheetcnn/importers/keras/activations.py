"""Activations: as the option of a layer, as layers of their own, and as operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sheetcnn.importers.graph_builder import Activation, RefusalError
from sheetcnn.importers.keras.network import LayerCall
from sheetcnn.importers.keras.translator import KerasTensor, KerasTranslator, LayerRule
from sheetcnn.model.ops import OPS

_OWN_NAMES = {"swish": "silu", "hard_silu": "hard_swish", "exponential": "exp"}
_OPTIONS = {"leaky_relu": {"negative_slope": 0.2}, "hard_tanh": {"min": -1.0, "max": 1.0}}
NAMED_ACTIVATIONS = {
    name: Activation("clip" if name == "hard_tanh" else _OWN_NAMES.get(name, name), _OPTIONS.get(name, {}))
    for name in (
        *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "sigmoid"),
        *("tanh", "hard_tanh", "hard_sigmoid", "hard_silu", "hard_swish", "softplus", "softsign"),
        "exponential",
    )
}
"""Keras's names of functions of one value."""
SOFTMAX = ("softmax", "log_softmax")
_LINEAR = (None, "linear")


def configured_activation(t: KerasTranslator, value: Any) -> Activation | str | None:
    """The activation that a configuration names; "softmax" and "log_softmax" as texts.

    Raises:
        RefusalError: for an unknown one.
    """
    if isinstance(value, dict):
        kind, config = value.get("class_name"), value.get("config")
        if kind in _LAYER_ACTIVATIONS and isinstance(config, dict):
            return _LAYER_ACTIVATIONS[kind](config)
        value = config if isinstance(config, str) else kind
    if value in _LINEAR:
        return None
    if value in SOFTMAX:
        return str(value)
    if value == "hard_sigmoid" and t.version.startswith(("1.", "2.")):
        return Activation("hard_sigmoid", {"alpha": 0.2})  # its slope before Keras 3
    if value not in NAMED_ACTIVATIONS:
        raise RefusalError(f"the activation {value!r}; known are {', '.join((*NAMED_ACTIVATIONS, *SOFTMAX))}")
    return NAMED_ACTIVATIONS[value]


def layer_with_activation(
    t: KerasTranslator, call: LayerCall, kind: str, inputs: Any, params: Any, **options: Any
) -> KerasTensor:
    """Add a layer with the activation that its configuration names, as an option where it can be one."""
    function = configured_activation(t, call.config.get("activation"))
    own = function if isinstance(function, Activation) and OPS[kind].takes_activation else None
    made = t.layer(call, kind, inputs, params, activation=own, **options)
    if function is None or own is not None:
        return made
    part = function if isinstance(function, str) else function.kind
    return add_activation(t, call, made, function, part)


def add_activation(
    t: KerasTranslator, call: LayerCall, x: KerasTensor, function: Activation | str, part: str = ""
) -> KerasTensor:
    """Add an activation as a layer."""
    if isinstance(function, Activation):
        return t.layer(call, function.kind, x, part=part, **function.options)
    if t.axis(x, -1) != 0:
        raise RefusalError(f"{function} along the columns of maps (channels_first)")
    return t.layer(call, function, t.in_keras_order(x), part=part)


# Layers.


def _activation(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    function = configured_activation(t, call.config.get("activation"))
    return xs[0] if function is None else add_activation(t, call, xs[0], function)


def _relu(config: Mapping[str, Any]) -> Activation:
    slope, most = config.get("negative_slope") or 0, config.get("max_value")
    if config.get("threshold"):
        raise RefusalError("a ReLU with a threshold")
    if slope and most is not None:
        raise RefusalError("a ReLU with both negative_slope and max_value")
    if slope:
        return Activation("leaky_relu", {"negative_slope": float(slope)})
    if most is None:
        return Activation("relu", {})
    return Activation("relu6", {}) if most == 6 else Activation("clip", {"min": 0.0, "max": float(most)})


def _leaky_relu(config: Mapping[str, Any]) -> Activation:
    slope = config.get("negative_slope", config.get("alpha", 0.3))
    return Activation("leaky_relu", {"negative_slope": float(slope)})


_LAYER_ACTIVATIONS: dict[str, Callable[[Mapping[str, Any]], Activation]] = {
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": lambda config: Activation("elu", {"alpha": float(config.get("alpha", 1.0))}),
}


def _activation_layer(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    return add_activation(t, call, xs[0], _LAYER_ACTIVATIONS[call.kind](call.config))


def _softmax(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    axis = call.config.get("axis", -1)
    listed = axis if isinstance(axis, list) else [axis]
    if [t.axis(xs[0], n) for n in listed] != [0]:
        raise RefusalError(f"it works along axis {axis}; known is that of the channels")
    return t.layer(call, "softmax", xs[0])


def _prelu(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    x = xs[0]
    alpha = call.store.arrays(["alpha"])["alpha"]
    if alpha.size == 1:
        return t.layer(call, "prelu", x, {"weight": alpha.reshape(1)}, shared=True)
    if alpha.size != x.shape.channels or (
        alpha.ndim > 1 and alpha.shape[0 if t.channels_first else -1] != alpha.size
    ):
        raise RefusalError("it has a slope for each pixel; share them: shared_axes=[1, 2]")
    return t.layer(call, "prelu", x, {"weight": t.in_graph_order(x, alpha.reshape(-1))})


_OPERATIONS = {
    **{kind: kind.lower() for kind in ("Relu", "Relu6", "Sigmoid", "Silu", "Tanh", "Softplus", "Softsign")},
    **{kind: kind.lower() for kind in ("Selu", "Mish")},
    **{f"Hard{kind}": f"hard_{kind.lower()}" for kind in ("Sigmoid", "Silu", "Tanh")},
    "Exp": "exponential",
}


def _operation(t: KerasTranslator, call: LayerCall, xs: list[KerasTensor]) -> KerasTensor:
    extra = [key for key in (*call.config, *call.kwargs) if key not in ("name", "dtype")]
    if len(call.args) != 1 or extra:
        raise RefusalError(f"an operation with options ({', '.join(extra) or 'arguments'})")
    return add_activation(t, call, xs[0], NAMED_ACTIVATIONS[_OPERATIONS[call.kind]])


ACTIVATIONS: dict[str, LayerRule] = {
    "Activation": LayerRule(_activation, keeps_order=True),
    **dict.fromkeys(_LAYER_ACTIVATIONS, LayerRule(_activation_layer, keeps_order=True)),
    "PReLU": LayerRule(_prelu, keeps_order=True),
    "Softmax": LayerRule(_softmax),
    **dict.fromkeys(_OPERATIONS, LayerRule(_operation, keeps_order=True)),
}
"""Layers and operations that are activations."""
