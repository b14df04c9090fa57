"""Keras networks with random weights, for the tests of the Keras importer.

Import this before anything else imports keras: it chooses PyTorch as the back end.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Keras's own, about the packages that it uses
    import keras
    from keras import layers as L  # noqa: N812 - as Keras's own examples do


def randomised(model: Any, seed: int = 5) -> Any:
    """Random weights everywhere, and positive variances, so that none can be left out unnoticed."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        positive = "variance" in variable.path
        if not np.issubdtype(keras.ops.convert_to_numpy(variable).dtype, np.floating):
            continue
        size = 0.5 if len(variable.shape) > 1 else 1.0
        values = rng.uniform(0.5, 2.0, variable.shape) if positive else rng.normal(0, size, variable.shape)
        variable.assign(values.astype(np.float32))
    return model


def sequential() -> Any:
    """Strides, pools and 'same' at odd sizes, a flatten of maps, and softmax at the end."""
    return keras.Sequential(
        [
            keras.Input((9, 8, 2)),
            L.Rescaling(1 / 255, offset=-0.5),
            L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            L.MaxPooling2D(2, strides=1, padding="same"),
            L.Conv2D(5, (2, 3), padding="valid", use_bias=False),
            L.BatchNormalization(),
            L.LeakyReLU(negative_slope=0.1),
            L.Dropout(0.4),
            L.Flatten(),
            L.Dense(6, activation="tanh"),
            L.Dense(3, activation="softmax", name="probabilities"),
        ],
        name="small",
    )


def branches() -> Any:
    """Branches, a layer used twice, a model within the model, merges and operations, two outputs."""
    x = image = keras.Input((8, 8, 3), name="image")
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="stem")(x)
    shared = L.Conv2D(4, 3, padding="same", name="shared")
    one = shared(x)
    two = shared(L.Activation("silu")(one))
    x = L.Add(name="sum")([one, two]) * 0.5
    inner = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
            L.BatchNormalization(scale=False),
            L.ReLU(max_value=6.0),
            L.Conv2D(4, 1, name="stem"),
        ],
        name="inner",
    )
    x = inner(x)
    squeezed = L.GlobalAveragePooling2D(keepdims=True)(x)
    squeezed = L.Dense(4, activation="sigmoid", name="gate")(squeezed)
    x = L.Multiply(name="gated")([x, squeezed])
    other = L.SeparableConv2D(6, 3, padding="same", name="separable")(x)
    x = L.Concatenate(name="joined")([x, L.PReLU(shared_axes=[1, 2])(other)])
    features = L.Flatten()(L.AveragePooling2D(2, padding="same")(x))
    pooled = L.GlobalMaxPooling2D()(x)
    classes = L.Dense(3, activation="softmax", name="classes")(L.Dropout(0.5)(features))
    return keras.Model(image, [classes, L.Dense(2, name="sizes")(pooled)], name="branches")


def rows() -> Any:
    """One-dimensional layers."""
    return keras.Sequential(
        [
            keras.Input((12, 3)),
            L.ZeroPadding1D((1, 2)),
            L.Conv1D(4, 3, strides=2, padding="causal", activation="gelu"),
            L.MaxPooling1D(2),
            L.LayerNormalization(),
            L.Conv1D(5, 2, padding="same"),
            L.GlobalAveragePooling1D(),
            L.Dense(2),
        ],
        name="rows",
    )


def reordered() -> Any:
    """Values that are reshaped in Keras's order, and go on as maps."""
    x = vector = keras.Input((4, 3, 6))
    x = L.Reshape((2, 6, 6))(x)
    x = L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="elu")(x)
    x = L.Permute((2, 1, 3))(L.Cropping2D(((1, 0), (2, 1)))(x))
    x = L.UpSampling2D(2, interpolation="bilinear")(x)
    x = L.Reshape((-1,))(x)
    return keras.Model(vector, L.Activation("softsign")(x), name="reordered")


NETWORKS: dict[str, Callable[[], Any]] = {
    "sequential": sequential,
    "branches": branches,
    "rows": rows,
    "reordered": reordered,
}


def network(name: str) -> tuple[Any, np.ndarray, list[np.ndarray]]:
    """A network, an input and its outputs, with the batch."""
    model = randomised(NETWORKS[name]())
    x = np.random.default_rng(3).normal(0, 1, (1, *model.input_shape[1:])).astype(np.float32)
    found = model(x, training=False)
    outputs = found if isinstance(found, list | tuple) else [found]
    return model, x, [keras.ops.convert_to_numpy(y) for y in outputs]
