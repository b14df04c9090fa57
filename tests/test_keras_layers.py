# ruff: noqa: E402 - what needs Keras is imported after the check that it is there
"""Each Keras layer on its own: saved by Keras, imported, and compared with what Keras computes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import require

require("keras", all(importlib.util.find_spec(name) is not None for name in ("keras", "torch", "h5py")))

from keras_networks import NETWORKS, L, keras, network, randomised

from sheetcnn.errors import UnsupportedError
from sheetcnn.importers.keras import read_keras
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model

# Keras computes in float32 with about 7 digits; these networks have up to ten layers.
SINGLE = 1e-5

# Keras's own warnings, about NumPy and about its older format.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

ops = keras.ops
both_formats = pytest.mark.parametrize("suffix", [".keras", ".h5"])


def saved(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def ours(array: np.ndarray, *, first: bool = False) -> np.ndarray:
    """An array of Keras in the graph's order."""
    if array.ndim == 2:
        return (array if first else array.T)[:, None]
    if array.ndim == 3:
        return array if first else np.moveaxis(array, -1, 0)
    return array


def agree(model: Any, path: Path, kinds: list[str] | None = None, *, first: bool = False) -> Model:
    randomised(model)
    imported = read_keras(saved(model, path))
    if kinds is not None:
        assert [node.op.kind for node in imported.graph.nodes] == kinds
    x = np.random.default_rng(1).normal(0, 1, (1, *model.input_shape[1:])).astype(np.float32)
    found = model(x, training=False)
    expected = [ops.convert_to_numpy(y)[0] for y in (found if isinstance(found, list) else [found])]
    image = ours(x[0], first=first)
    result = run(imported, image[None, None] if image.ndim == 1 else image)
    assert len(imported.graph.outputs) == len(expected)
    for name, array in zip(imported.graph.outputs, expected, strict=True):
        wanted = ours(array, first=first)
        np.testing.assert_allclose(result.activations[name], wanted, rtol=SINGLE, atol=SINGLE)
    return imported


MAPS = (7, 6, 4)
ROWS = (11, 4)
VECTOR = (9,)

LAYERS: dict[str, tuple[Callable[[], Any], tuple[int, ...], list[str] | None]] = {
    "conv2d": (lambda: L.Conv2D(5, 3), MAPS, ["conv2d"]),
    "conv2d_options": (
        lambda: L.Conv2D(6, (3, 2), strides=(2, 1), groups=2, use_bias=False, activation="relu"),
        MAPS,
        ["conv2d"],
    ),
    "conv2d_same": (lambda: L.Conv2D(5, 3, strides=2, padding="same"), MAPS, ["conv2d"]),
    "conv2d_same_even": (lambda: L.Conv2D(5, (4, 2), strides=(3, 2), padding="same"), MAPS, ["conv2d"]),
    "conv2d_dilated": (lambda: L.Conv2D(5, 3, dilation_rate=(2, 1), padding="same"), MAPS, ["conv2d"]),
    "conv1d": (lambda: L.Conv1D(5, 3, strides=2, padding="same"), ROWS, ["conv1d"]),
    "conv1d_causal": (lambda: L.Conv1D(5, 3, dilation_rate=2, padding="causal"), ROWS, ["conv1d"]),
    "depthwise": (lambda: L.DepthwiseConv2D(3, strides=2, padding="same"), MAPS, ["depthwise_conv2d"]),
    "depthwise_multiplier": (
        lambda: L.DepthwiseConv2D((3, 2), depth_multiplier=3, use_bias=False, activation="elu"),
        MAPS,
        ["depthwise_conv2d"],
    ),
    "separable": (
        lambda: L.SeparableConv2D(5, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh"),
        MAPS,
        ["depthwise_conv2d", "conv2d"],
    ),
    "dense": (lambda: L.Dense(5, activation="sigmoid"), VECTOR, ["flatten", "dense"]),
    "dense_no_bias": (lambda: L.Dense(5, use_bias=False), VECTOR, ["flatten", "dense"]),
    "dense_on_maps": (lambda: L.Dense(5), MAPS, ["conv2d"]),
    "dense_on_rows": (lambda: L.Dense(5), ROWS, ["conv1d"]),
    "max_pool": (lambda: L.MaxPooling2D((2, 3), strides=(1, 2)), MAPS, ["max_pool"]),
    "max_pool_same": (lambda: L.MaxPooling2D(3, strides=2, padding="same"), MAPS, ["max_pool"]),
    "max_pool_1d": (lambda: L.MaxPooling1D(3, strides=2, padding="same"), ROWS, ["max_pool"]),
    "avg_pool": (lambda: L.AveragePooling2D(2), MAPS, ["avg_pool"]),
    "avg_pool_same": (lambda: L.AveragePooling2D(3, strides=(2, 1), padding="same"), MAPS, ["avg_pool"]),
    "avg_pool_1d": (lambda: L.AveragePooling1D(3, strides=1, padding="same"), ROWS, ["avg_pool"]),
    "global_avg": (lambda: L.GlobalAveragePooling2D(), MAPS, ["global_avg_pool", "flatten"]),
    "global_avg_kept": (lambda: L.GlobalAveragePooling2D(keepdims=True), MAPS, ["global_avg_pool"]),
    "global_avg_1d": (lambda: L.GlobalAveragePooling1D(), ROWS, ["global_avg_pool", "flatten"]),
    "global_max": (lambda: L.GlobalMaxPooling2D(), MAPS, ["global_max_pool", "flatten"]),
    "global_max_1d": (lambda: L.GlobalMaxPooling1D(keepdims=True), ROWS, ["global_max_pool"]),
    "adaptive": (lambda: L.AdaptiveAveragePooling2D((3, 4)), MAPS, ["adaptive_avg_pool"]),
    "batch_norm": (lambda: L.BatchNormalization(), MAPS, ["batch_norm"]),
    "batch_norm_plain": (
        lambda: L.BatchNormalization(scale=False, center=False, epsilon=0.1),
        MAPS,
        ["batch_norm"],
    ),
    "batch_norm_center": (lambda: L.BatchNormalization(scale=False, axis=3), MAPS, ["batch_norm"]),
    "batch_norm_vector": (lambda: L.BatchNormalization(), VECTOR, ["flatten", "batch_norm"]),
    "batch_norm_rows": (lambda: L.BatchNormalization(), ROWS, ["batch_norm"]),
    "layer_norm": (lambda: L.LayerNormalization(), MAPS, ["layer_norm"]),
    "layer_norm_all": (lambda: L.LayerNormalization(axis=[1, 2, 3]), MAPS, ["layer_norm"]),
    "layer_norm_all_rows": (lambda: L.LayerNormalization(axis=[1, 2]), ROWS, ["layer_norm"]),
    "layer_norm_scale": (lambda: L.LayerNormalization(center=False), VECTOR, ["flatten", "layer_norm"]),
    "layer_norm_plain": (lambda: L.LayerNormalization(center=False, scale=False), MAPS, ["layer_norm"]),
    "group_norm": (lambda: L.GroupNormalization(2), MAPS, ["group_norm"]),
    "group_norm_each": (lambda: L.GroupNormalization(-1, scale=False), MAPS, ["group_norm"]),
    "rescaling": (lambda: L.Rescaling(1 / 127.5, offset=-1), MAPS, ["affine"]),
    "rescaling_channels": (lambda: L.Rescaling([1.0, 2.0, 3.0, 4.0]), MAPS, ["affine"]),
    "normalization": (
        lambda: L.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 0.5, 4.0]),
        MAPS,
        ["affine"],
    ),
    "normalization_trained": (lambda: L.Normalization(), MAPS, ["affine"]),
    "normalization_one": (lambda: L.Normalization(axis=None, mean=0.5, variance=0.25), MAPS, ["affine"]),
    "normalization_inverse": (
        lambda: L.Normalization(mean=0.5, variance=0.25, invert=True),
        MAPS,
        ["affine"],
    ),
    "relu": (lambda: L.ReLU(), MAPS, ["relu"]),
    "relu6": (lambda: L.ReLU(max_value=6.0), MAPS, ["relu6"]),
    "relu_one": (lambda: L.ReLU(max_value=1), MAPS, ["clip"]),
    "relu_leaky": (lambda: L.ReLU(negative_slope=0.3), MAPS, ["leaky_relu"]),
    "leaky_relu": (lambda: L.LeakyReLU(), MAPS, ["leaky_relu"]),
    "prelu": (lambda: L.PReLU(shared_axes=[1, 2]), MAPS, ["prelu"]),
    "prelu_shared": (lambda: L.PReLU(shared_axes=[1, 2, 3]), MAPS, ["prelu"]),
    "prelu_vector": (lambda: L.PReLU(), VECTOR, ["flatten", "prelu"]),
    "elu": (lambda: L.ELU(alpha=0.7), MAPS, ["elu"]),
    "softmax": (lambda: L.Softmax(), MAPS, ["softmax"]),
    "layer_as_activation": (
        lambda: L.Conv2D(3, 2, activation=L.LeakyReLU(negative_slope=0.4)),
        MAPS,
        ["conv2d"],
    ),
    "conv_softmax": (lambda: L.Conv2D(3, 2, activation="softmax"), MAPS, ["conv2d", "softmax"]),
    "zero_padding": (lambda: L.ZeroPadding2D(((1, 2), (0, 3))), MAPS, ["pad"]),
    "zero_padding_one": (lambda: L.ZeroPadding2D(1), MAPS, ["pad"]),
    "zero_padding_1d": (lambda: L.ZeroPadding1D((1, 2)), ROWS, ["pad"]),
    "cropping": (lambda: L.Cropping2D(((1, 2), (0, 3))), MAPS, ["crop"]),
    "cropping_1d": (lambda: L.Cropping1D(2), ROWS, ["crop"]),
    "upsampling": (lambda: L.UpSampling2D((2, 3)), MAPS, ["upsample"]),
    "upsampling_bilinear": (lambda: L.UpSampling2D(2, interpolation="bilinear"), MAPS, ["upsample"]),
    "upsampling_1d": (lambda: L.UpSampling1D(2), ROWS, ["upsample"]),
    "flatten": (lambda: L.Flatten(), MAPS, ["permute", "flatten"]),
    "flatten_rows": (lambda: L.Flatten(), ROWS, ["permute", "flatten"]),
    "flatten_one_map": (lambda: L.Flatten(), (4, 3, 1), ["flatten"]),
    "flatten_pixels": (lambda: L.Flatten(), (1, 1, 5), ["flatten"]),
    "reshape": (lambda: L.Reshape((-1, 2, 4)), MAPS, ["permute", "reshape", "permute"]),
    "reshape_to_vector": (lambda: L.Reshape((-1,)), MAPS, ["permute", "flatten"]),
    "reshape_from_vector": (lambda: L.Reshape((3, 1, 3)), VECTOR, ["flatten", "reshape", "permute"]),
    "reshape_to_pixel": (lambda: L.Reshape((1, 1, 9)), VECTOR, ["flatten", "reshape"]),
    "reshape_to_rows": (lambda: L.Reshape((3, 3)), VECTOR, None),
    "permute": (lambda: L.Permute((3, 1, 2)), MAPS, ["permute"]),
    "permute_rows": (lambda: L.Permute((2, 1)), ROWS, ["permute"]),
    "dropout": (lambda: L.SpatialDropout2D(0.3), MAPS, ["dropout"]),
    "gaussian_noise": (lambda: L.GaussianNoise(0.3), MAPS, ["dropout"]),
    "augmentation": (lambda: L.RandomFlip(), MAPS, ["dropout"]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, tmp_path: Path) -> None:
    make, shape, kinds = LAYERS[name]
    agree(keras.Sequential([keras.Input(shape), make()]), tmp_path / "model.keras", kinds)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("kernel", "stride"), [(1, 1), (2, 2), (3, 1), (3, 2), (4, 2), (5, 2), (4, 3), (2, 3)]
)
def test_transposed_convolutions(kernel: int, stride: int, padding: str, tmp_path: Path) -> None:
    layer = L.Conv2DTranspose(3, (kernel, 3), strides=(stride, 2), padding=padding)
    agree(keras.Sequential([keras.Input((5, 4, 2)), layer]), tmp_path / "model.keras", ["conv_transpose2d"])


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("extra", [0, 1])
def test_transposed_convolutions_with_output_padding(padding: str, extra: int, tmp_path: Path) -> None:
    layer = L.Conv2DTranspose(3, 4, strides=2, padding=padding, output_padding=extra)
    agree(keras.Sequential([keras.Input((5, 4, 2)), layer]), tmp_path / "model.keras", ["conv_transpose2d"])


def test_transposed_convolution_of_rows(tmp_path: Path) -> None:
    layer = L.Conv1DTranspose(3, 3, strides=2, padding="same")
    agree(keras.Sequential([keras.Input((5, 2)), layer]), tmp_path / "model.keras", ["conv_transpose2d"])


def test_padding_on_one_side_does_not_count_in_averages(tmp_path: Path) -> None:
    """As in TensorFlow and JAX; Keras on PyTorch repeats the edge instead."""
    model = _model(L.AveragePooling2D(2, padding="same"), (3, 3, 1))
    x = np.arange(9.0).reshape(1, 3, 3)
    imported = read_keras(saved(model, tmp_path / "model.keras"))
    wanted = [[[(0 + 1 + 3 + 4) / 4, (2 + 5) / 2], [(6 + 7) / 2, 8]]]
    np.testing.assert_array_equal(run(imported, x).output, wanted)


FUNCTIONS = (
    *(
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "swish",
        "mish",
        "sigmoid",
        "tanh",
    ),
    *(
        "hard_tanh",
        "hard_sigmoid",
        "hard_silu",
        "hard_swish",
        "softplus",
        "softsign",
        "exponential",
        "linear",
    ),
)


@pytest.mark.parametrize("name", [*FUNCTIONS, "softmax", "log_softmax"])
def test_activations(name: str, tmp_path: Path) -> None:
    layers = [keras.Input((3, 3, 2)), L.Conv2D(3, 2, activation=name), L.Activation(name)]
    agree(keras.Sequential(layers), tmp_path / "model.keras")


def test_activations_of_flattened_values(tmp_path: Path) -> None:
    layers = [
        L.Flatten(),
        L.Activation("tanh"),
        L.BatchNormalization(),
        L.PReLU(),
        L.Dropout(0.2),
        L.Dense(5),
    ]
    model = keras.Sequential([keras.Input(MAPS), *layers])
    agree(model, tmp_path / "model.keras", ["flatten", "tanh", "batch_norm", "prelu", "dropout", "dense"])


def test_dense_layers_of_as_many_units_as_values(tmp_path: Path) -> None:
    layers = [keras.Input((2, 2, 3)), L.Flatten(), L.Dense(12), L.Activation("relu"), L.Dense(12), L.ReLU()]
    agree(keras.Sequential(layers), tmp_path / "model.keras", ["flatten", "dense", "relu", "dense", "relu"])


def test_flattened_values_that_are_an_output_too(tmp_path: Path) -> None:
    x = keras.Input(MAPS)
    flat = L.Flatten()(x)
    model = keras.Model(x, [L.Dense(3)(flat), flat])
    agree(model, tmp_path / "model.keras", ["permute", "flatten", "dense"])


def test_softmax_of_flattened_values(tmp_path: Path) -> None:
    layers = [keras.Input((2, 2, 3)), L.Flatten(), L.Activation("softmax"), L.Dense(2)]
    agree(keras.Sequential(layers), tmp_path / "model.keras", ["permute", "flatten", "softmax", "dense"])


MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: L.Add()([x, y, x]),
    "subtract": lambda x, y: L.Subtract()([x, y]),
    "multiply": lambda x, y: L.Multiply()([x, y]),
    "average": lambda x, y: L.Average()([x, y]),
    "maximum": lambda x, y: L.Maximum()([x, y]),
    "minimum": lambda x, y: L.Minimum()([x, y]),
    "concatenate": lambda x, y: L.Concatenate()([x, y]),
    "concatenate_rows": lambda x, y: L.Concatenate(axis=1)([x, y]),
    "concatenate_columns": lambda x, y: L.Concatenate(axis=-2)([x, y]),
    "broadcast": lambda x, y: L.Multiply()([x, L.GlobalAveragePooling2D(keepdims=True)(y)]),
    "operators": lambda x, y: (x + y) * (x - y),
    "numbers": lambda x, y: 1.5 - x * 2 + (y - 0.25) / 4,
    "divide": lambda x, y: x / (ops.exp(y) + 1.0),
    "bounds": lambda x, y: ops.maximum(ops.minimum(x, 0.5), -0.25) + ops.maximum(y, 0.0),
    "functions": lambda x, y: ops.relu(x) + ops.sigmoid(y) + ops.silu(x),
}


@both_formats
@pytest.mark.parametrize("name", MERGES)
def test_merges(name: str, suffix: str, tmp_path: Path) -> None:
    image = keras.Input(MAPS)
    x, y = L.Conv2D(4, 1)(image), L.Conv2D(4, 1, activation="tanh")(image)
    agree(keras.Model(image, MERGES[name](x, y)), tmp_path / f"model{suffix}")


@both_formats
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str, suffix: str, tmp_path: Path) -> None:
    model, _, _ = network(name)
    agree(model, tmp_path / f"model{suffix}")


@pytest.mark.parametrize(
    ("name", "options"),
    [("MobileNetV2", {"alpha": 0.35}), ("MobileNetV3Small", {}), ("DenseNet121", {}), ("EfficientNetB0", {})],
)
def test_applications(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    """Networks of keras.applications, with the weights that they start from."""
    model = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=5, **options)
    imported = read_keras(saved(model, tmp_path / "model.keras"))
    x = np.random.default_rng(2).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    expected = ops.convert_to_numpy(model(x, training=False))[0]
    np.testing.assert_allclose(run(imported, ours(x[0])).output, expected, rtol=1e-4, atol=1e-5)


def test_channels_first(tmp_path: Path) -> None:
    first: dict[str, Any] = {"data_format": "channels_first"}
    layers = [
        keras.Input((3, 8, 7)),
        L.Conv2D(4, 3, strides=2, padding="same", **first),
        L.BatchNormalization(axis=1),
        L.PReLU(shared_axes=[2, 3]),
        L.ZeroPadding2D(((1, 0), (2, 1)), **first),
        L.MaxPooling2D(2, padding="same", **first),
        L.Permute((1, 3, 2)),
        L.GroupNormalization(2, axis=1),
        L.Flatten(**first),
        L.Dense(3),
    ]
    agree(keras.Sequential(layers), tmp_path / "model.keras", first=True)


def test_channels_first_maps_and_reshapes(tmp_path: Path) -> None:
    first: dict[str, Any] = {"data_format": "channels_first"}
    layers = [keras.Input((4, 6, 5)), L.Conv2D(4, 1, **first), L.Reshape((2, 10, 6)), L.ReLU()]
    agree(keras.Sequential(layers), tmp_path / "model.keras", first=True)


def test_a_sequential_model_built_by_its_first_call(tmp_path: Path) -> None:
    model = keras.Sequential([L.Conv2D(3, 2), L.GlobalAveragePooling2D()])
    model.build((None, 5, 5, 2))
    agree(model, tmp_path / "model.keras")


def test_models_within_models_with_the_same_names(tmp_path: Path) -> None:
    def block(name: str) -> Any:
        x = keras.Input((6, 6, 4))
        inner = keras.Sequential([L.Conv2D(4, 1, name="conv"), L.ReLU()], name="inner")
        return keras.Model(x, L.Add()([inner(x), L.Conv2D(4, 1, name="conv")(x)]), name=name)

    image = keras.Input((6, 6, 4))
    twice = block("one")
    model = keras.Model(image, twice(block("two")(twice(image))))
    for suffix in (".keras", ".h5"):
        imported = agree(model, tmp_path / f"model{suffix}")
        names = {node.name for node in imported.graph.nodes}
        assert {"one/inner/conv", "one/conv", "two/inner/conv", "two/conv", "one/conv_2"} <= names


def test_a_dead_branch_is_dropped(tmp_path: Path) -> None:
    image = keras.Input(MAPS)
    x = L.Conv2D(3, 1, name="used")(image)
    full = keras.Model(image, [x, L.Conv2D(3, 1, name="unused")(x)])
    imported = agree(keras.Model(image, full.outputs[0]), tmp_path / "model.keras")
    assert [node.name for node in imported.graph.nodes] == ["used"]


def _model(layer: Any, shape: tuple[int, ...] = MAPS) -> Any:
    return keras.Sequential([keras.Input(shape), layer])


REFUSED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "lambda": (lambda: _model(L.Lambda(lambda x: x * 2)), ["Lambda", "no such layer"]),
    "recurrent": (lambda: _model(L.LSTM(3), ROWS), ["LSTM"]),
    "attention": (
        lambda: keras.Model(x := keras.Input(ROWS), L.MultiHeadAttention(2, 3)(x, x)),
        ["MultiHeadAttention"],
    ),
    "conv3d": (lambda: _model(L.Conv3D(3, 2), (4, 4, 4, 1)), ["4×4×4×1"]),
    "threshold": (lambda: _model(L.ReLU(threshold=1.0)), ["threshold"]),
    "slope_per_pixel": (lambda: _model(L.PReLU()), ["shared_axes"]),
    "batch_norm_of_rows": (lambda: _model(L.BatchNormalization(axis=1)), ["axis 1"]),
    "layer_norm_of_rows": (lambda: _model(L.LayerNormalization(axis=1)), ["axis [1]"]),
    "softmax_of_rows": (lambda: _model(L.Softmax(axis=1)), ["axis 1"]),
    "bicubic": (lambda: _model(L.UpSampling2D(2, interpolation="bicubic")), ["bicubic"]),
    "open_size": (lambda: _model(L.Conv2D(2, 1), (None, None, 3)), ["?×?×3"]),
    "two_inputs": (
        lambda: keras.Model([a := keras.Input(MAPS), b := keras.Input(MAPS)], L.Add()([a, b])),
        ["one input"],
    ),
    "training": (
        lambda: keras.Model(x := keras.Input(MAPS), L.Dropout(0.5)(x, training=True)),
        ["training=True"],
    ),
    "operation": (lambda: keras.Model(x := keras.Input(MAPS), ops.cumsum(x, axis=1)), ["Cumsum"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_expressed_is_listed(name: str, tmp_path: Path) -> None:
    make, words = REFUSED[name]
    path = saved(make(), tmp_path / "model.keras")
    with pytest.raises(UnsupportedError) as caught:
        read_keras(path)
    for word in words:
        assert word in str(caught.value)


@keras.saving.register_keras_serializable("mine")
class Double(L.Layer):
    def call(self, x: Any) -> Any:
        return x * 2


@keras.saving.register_keras_serializable("mine")
class Net(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dense = L.Dense(2)

    def call(self, x: Any) -> Any:
        return self.dense(x)


@both_formats
def test_custom_classes(suffix: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input(MAPS), Double(name="twice"), L.ReLU()])
    with pytest.raises(UnsupportedError, match="Double 'twice'"):
        read_keras(saved(model, tmp_path / f"model{suffix}"))


def test_a_model_with_code_of_its_own(tmp_path: Path) -> None:
    model = Net()
    model(np.zeros((1, 3), np.float32))
    with pytest.raises(UnsupportedError, match="code of its own"):
        read_keras(saved(model, tmp_path / "model.keras"))
