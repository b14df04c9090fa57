"""Trains the starter networks, and writes their weights and sample images.

Run `python templates/train.py [NAME ...]`; it needs PyTorch, scikit-learn, Pillow, PyYAML and
safetensors, takes a few minutes on one core, and writes the same bytes every time with the same versions
of these. Each network is made from its own spec, `<name>/<name>.yaml`, so what is trained is what the
workbook computes.

The digits, and which of them are held out, are those of `examples/digits`. The held-out fifth plays no
part in training: it is only used for the accuracy that is printed.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from PIL import Image
from prepare import prepare
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parent / "examples" / "digits" / "train.py"
SEED = 0
BATCH = 64


@dataclass(frozen=True)
class Training:
    """How a network is trained: with AdamW, and one cycle of the learning rate."""

    epochs: int = 100
    learning_rate: float = 0.01
    weight_decay: float = 0.01


TRAINED: dict[str, Training] = {
    "lenet5": Training(learning_rate=0.003),
    "tiny_vgg": Training(),
    "alexnet": Training(),
    "inception": Training(epochs=150, learning_rate=0.02),
    "mobilenet": Training(epochs=200, learning_rate=0.02),
    "resnet": Training(epochs=150, learning_rate=0.02),
    "squeezenet": Training(epochs=150, learning_rate=0.02),
    "densenet": Training(learning_rate=0.02),
}


# --- From a spec to a module --------------------------------------------------------------------

Layer = Mapping[str, Any]


class Add(nn.Module):
    """The sum of several tensors."""

    def forward(self, *tensors: Tensor) -> Tensor:
        """Add them."""
        return torch.stack(tensors).sum(0)


class Concat(nn.Module):
    """The channels of several tensors, one after the other."""

    def forward(self, *tensors: Tensor) -> Tensor:
        """Concatenate them."""
        return torch.cat(tensors, 1)


def _conv(layer: Layer, filters: int, channels: int, groups: int) -> nn.Module:
    stride, padding, bias = layer.get("stride", 1), layer.get("padding", 0), layer.get("bias", True)
    return nn.Conv2d(channels, filters, layer["kernel_size"], stride, padding, groups=groups, bias=bias)


def _conv2d(layer: Layer, channels: int) -> nn.Module:
    return _conv(layer, layer["filters"], channels, layer.get("groups", 1))


def _depthwise_conv2d(layer: Layer, channels: int) -> nn.Module:
    return _conv(layer, channels, channels, channels)


def _pool(kind: Callable[..., nn.Module], layer: Layer, channels: int) -> nn.Module:
    return kind(layer["kernel_size"], layer.get("stride"), layer.get("padding", 0))


def _lrn(layer: Layer, channels: int) -> nn.Module:
    return nn.LocalResponseNorm(layer["size"], layer["alpha"], layer["beta"], layer["k"])


@dataclass(frozen=True)
class Kind:
    """How a layer kind becomes a module.

    Attributes:
        make: the module, given the layer and the channels of its (first) input.
        options: the spec's options that `make` knows.
    """

    make: Callable[[Layer, int], nn.Module]
    options: tuple[str, ...] = ()


_WINDOW = ("kernel_size", "stride", "padding")
KINDS: dict[str, Kind] = {
    "conv2d": Kind(_conv2d, ("filters", *_WINDOW, "groups", "bias")),
    "depthwise_conv2d": Kind(_depthwise_conv2d, (*_WINDOW, "bias")),
    "max_pool": Kind(partial(_pool, nn.MaxPool2d), _WINDOW),
    "avg_pool": Kind(partial(_pool, nn.AvgPool2d), _WINDOW),
    "global_avg_pool": Kind(lambda layer, channels: nn.AdaptiveAvgPool2d(1)),
    "flatten": Kind(lambda layer, channels: nn.Flatten()),
    "dense": Kind(lambda layer, channels: nn.Linear(channels, layer["units"]), ("units",)),
    "batch_norm": Kind(lambda layer, channels: nn.BatchNorm2d(channels)),
    "lrn": Kind(_lrn, ("size", "alpha", "beta", "k")),
    "dropout": Kind(lambda layer, channels: nn.Dropout(layer["rate"]), ("rate",)),
    "add": Kind(lambda layer, channels: Add()),
    "concat": Kind(lambda layer, channels: Concat()),
    # The loss has the softmax in it, and the greatest value stays the greatest without.
    "softmax": Kind(lambda layer, channels: nn.Identity()),
}
ACTIVATIONS: dict[str | None, Callable[[Tensor], Tensor]] = {
    None: lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
    "tanh": torch.tanh,
}


class Network(nn.Module):
    """The network that a spec describes: pixels `(N, C, H, W)` -> logits `(N, classes)`."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__()
        source = spec["input"]
        self.divide = source.get("divide", 1)
        self.layers = nn.ModuleDict()
        self.wiring: list[tuple[str, list[str], str | None]] = []
        # A blank image goes through the layers as they are made, and shows their shapes.
        values = {"input": torch.zeros(1, source["channels"], source["height"], source["width"])}
        before = "input"
        for layer in spec["layers"]:
            kind, name, inputs = KINDS[layer["kind"]], layer["name"], layer.get("inputs", [before])
            unknown = layer.keys() - {"kind", "name", "inputs", "activation", *kind.options}
            if unknown:
                raise ValueError(f"layer '{name}': train.py does not know the options {sorted(unknown)}")
            self.layers[name] = kind.make(layer, values[inputs[0]].shape[1]).eval()
            self.wiring.append((name, inputs, layer.get("activation")))
            values[name] = self.layers[name](*(values[i] for i in inputs))
            before = name

    def forward(self, pixels: Tensor) -> Tensor:
        """Compute every layer in the order of the spec."""
        values = {"input": pixels / self.divide}
        for name, inputs, activation in self.wiring:
            values[name] = ACTIVATIONS[activation](self.layers[name](*(values[i] for i in inputs)))
        return values[self.wiring[-1][0]]


# --- Training -----------------------------------------------------------------------------------


def read_spec(name: str) -> dict[str, Any]:
    """Read the spec of a starter."""
    spec: dict[str, Any] = yaml.safe_load((HERE / name / f"{name}.yaml").read_text(encoding="utf-8"))
    return spec


def load_digits_example() -> ModuleType:
    """Import the script of the digits example, for its split and its random changes to images."""
    found = importlib.util.spec_from_file_location("digits_example", DIGITS)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def as_pixels(images: NDArray[np.uint8], spec: Mapping[str, Any]) -> Tensor:
    """Turn digits (N, 8, 8) into a network's input (N, 1, H, W)."""
    prepared = prepare(images, spec["input"]["height"], spec["input"]["width"])
    return torch.from_numpy(prepared[:, None].astype(np.float32))


def train(
    network: Network, pixels: Tensor, labels: Tensor, how: Training, change: Callable[[Tensor], Tensor]
) -> None:
    """Fit the network to pixels (N, 1, H, W) and labels (N,), in place.

    Args:
        network: the network.
        pixels: of the training images.
        labels: their digits.
        how: the settings.
        change: applied to every batch of pixels, so that no image is seen twice alike.
    """
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay)
    steps = how.epochs * math.ceil(len(pixels) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=how.learning_rate, total_steps=steps)
    for _ in range(how.epochs):
        for chosen in torch.randperm(len(pixels)).split(BATCH):
            loss = F.cross_entropy(network(change(pixels[chosen])), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()


@torch.no_grad()
def predict(network: Network, pixels: Tensor) -> NDArray[np.int64]:
    """Return the most likely digit of every image."""
    return network(pixels).argmax(1).numpy()


# --- Files --------------------------------------------------------------------------------------


def write_weights(name: str, arrays: Mapping[str, Tensor]) -> None:
    """Write a starter's weights."""
    (HERE / name / f"{name}.safetensors").write_bytes(save(dict(arrays)))


def write_images(name: str, images: Mapping[str, NDArray[np.uint8]]) -> None:
    """Write a starter's images by the stems of their names, in place of those that are there."""
    folder = HERE / name / "images"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for stem, image in images.items():
        Image.fromarray(image).save(folder / f"{stem}.png")


def make_trained(name: str, digits: ModuleType) -> None:
    """Train one network, print its accuracy, write its files."""
    torch.manual_seed(SEED)
    spec = read_spec(name)
    network = Network(spec)
    images, held_images, labels, held_labels = digits.load_split()
    # As far as in the digits example, measured on the picture: larger images are shifted by more pixels.
    jitter = partial(digits.jitter, max_shift=digits.MAX_SHIFT * spec["input"]["width"] / images.shape[2])
    train(network, as_pixels(images, spec), torch.from_numpy(labels), TRAINED[name], jitter)

    # Without PyTorch's count of training steps.
    arrays = {k: a for k, a in network.layers.state_dict().items() if not k.endswith("num_batches_tracked")}
    write_weights(name, arrays)

    held = as_pixels(held_images, spec)
    right = predict(network, held) == held_labels
    count = sum(array.numel() for array in arrays.values())
    print(f"{name}: {count:,} parameters, {right.sum()} of {len(right)} right = {right.mean():.2%}")

    # The first held-out image of every digit that the network gets right.
    chosen = {digit: np.flatnonzero(right & (held_labels == digit))[0] for digit in range(10)}
    shown = held[:, 0].numpy().astype(np.uint8)
    write_images(name, {f"{digit:02d}_label{digit}": shown[i] for digit, i in chosen.items()})


def make_conv_demo() -> None:
    """Write weights and an image of small whole numbers."""
    rng = np.random.default_rng(SEED)
    weight = rng.integers(-1, 2, (2, 3, 3, 3)).astype(np.float32)
    bias = np.array([1, 0], dtype=np.float32)
    arrays = {"conv.weight": torch.from_numpy(weight), "conv.bias": torch.from_numpy(bias)}
    write_weights("conv_demo", arrays)
    # Red, green and blue of 0 to 2: all but black to the eye, but these are numbers to calculate with.
    write_images("conv_demo", {"pixels": rng.integers(0, 3, (5, 5, 3)).astype(np.uint8)})


def main() -> None:
    """Make the starters that are named, or all."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # sums in a fixed order; the networks are too small to gain from more
    names = sys.argv[1:] or [*TRAINED, "conv_demo"]
    digits = load_digits_example()
    for name in names:
        if name == "conv_demo":
            make_conv_demo()
        else:
            make_trained(name, digits)


if __name__ == "__main__":
    main()
