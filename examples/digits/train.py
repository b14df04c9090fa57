"""Trains the digits example and writes everything that the example is made of.

Run `python examples/digits/train.py`; it needs PyTorch, scikit-learn, Pillow and safetensors, takes
about ten seconds on one core, and writes the same bytes every time with the same versions of these.

The held-out fifth plays no part in training: it is only used for the accuracy that is printed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

HERE = Path(__file__).resolve().parent
SEED = 0
EPOCHS = 200
BATCH = 64
LEARNING_RATE = 0.02
WEIGHT_DECAY = 0.01
# Each training image is turned, scaled and shifted a little, anew in every epoch.
MAX_TURN = 0.1  # radians, about 6 degrees
MAX_SCALE = 0.1  # 10 %
MAX_SHIFT = 0.3  # pixels
IMAGES_PER_DIGIT = 2

SPEC = """\
# A small CNN for scikit-learn's 8x8 handwritten digits: 666 parameters.
# The weights are in digits.safetensors; train.py writes both files.
name: digits
input: {channels: 1, height: 8, width: 8, divide: 255}
labels: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
notes: {accuracy: "ACCURACY", images: "scikit-learn's handwritten digits"}
layers:
  - {kind: conv2d, name: conv1, filters: 4, kernel_size: 3, padding: same, activation: relu}
  - {kind: max_pool, name: pool1, kernel_size: 2}
  - {kind: conv2d, name: conv2, filters: 8, kernel_size: 3, padding: same, activation: relu}
  - {kind: max_pool, name: pool2, kernel_size: 2}
  - {kind: flatten, name: flatten}
  - {kind: dense, name: fc, units: 10}
  - {kind: softmax, name: softmax}
"""


def make_network() -> nn.Sequential:
    """Return the untrained network of `SPEC`: (N, 1, 8, 8) -> logits (N, 10), named alike."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 4, 3, padding="same"),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(4, 8, 3, padding="same"),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(8 * 2 * 2, 10),
        )
    )


def load_split() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Return training images (N, 8, 8), held-out images, training labels (N,), held-out labels."""
    digits = load_digits()
    # The grey levels 0..16 become 0..255, so that the images can be saved and looked at.
    images = np.rint(digits.images * 255 / 16).astype(np.uint8)
    labels = digits.target.astype(np.int64)
    train, held, train_labels, held_labels = train_test_split(
        images, labels, test_size=0.2, stratify=labels, random_state=SEED
    )
    return train, held, train_labels, held_labels


def as_input(images: NDArray[np.uint8]) -> Tensor:
    """Turn images (N, 8, 8) of bytes into the network's input (N, 1, 8, 8) in 0..1."""
    return torch.from_numpy(images[:, None].astype(np.float32) / 255)


def jitter(batch: Tensor, max_shift: float = MAX_SHIFT) -> Tensor:
    """Turn, scale and shift (by at most `max_shift` pixels) every image of (N, 1, H, W), at random."""
    n, _, height, width = batch.shape

    def uniform(limit: float) -> Tensor:
        return (torch.rand(n) * 2 - 1) * limit

    turn, scale = uniform(MAX_TURN), 1 + uniform(MAX_SCALE)
    cosine, sine = torch.cos(turn) * scale, torch.sin(turn) * scale
    # affine_grid measures shifts in half widths.
    shift_x, shift_y = uniform(max_shift * 2 / width), uniform(max_shift * 2 / height)
    rows = [torch.stack([cosine, -sine, shift_x], 1), torch.stack([sine, cosine, shift_y], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
    return F.grid_sample(batch, grid, align_corners=False)


def train(network: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """Fit the network to inputs (N, 1, 8, 8) and labels (N,), in place."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * math.ceil(len(inputs) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(inputs)).split(BATCH):
            loss = F.cross_entropy(network(jitter(inputs[chosen])), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


@torch.no_grad()
def predict(network: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the most likely digit of every image: (N, 8, 8) -> (N,)."""
    return network(as_input(images)).argmax(1).numpy()


def write_images(images: NDArray[np.uint8], labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> None:
    """Save the first two rightly classified held-out images (8, 8) of every digit as PNG files."""
    folder = HERE / "images"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*_label*.png"):
        old.unlink()
    right = labels == predicted
    chosen = [i for digit in range(10) for i in np.flatnonzero(right & (labels == digit))[:IMAGES_PER_DIGIT]]
    for number, i in enumerate(chosen):
        Image.fromarray(images[i]).save(folder / f"{number:02d}_label{labels[i]}.png")


def main() -> None:
    """Train, measure and write the example's files next to this script."""
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # sums in a fixed order; the network is too small to gain from more

    images, held_images, labels, held_labels = load_split()
    network = make_network()
    train(network, as_input(images), torch.from_numpy(labels))

    predicted = predict(network, held_images)
    right = int((predicted == held_labels).sum())
    print(f"held-out accuracy: {right} of {len(held_labels)} = {right / len(held_labels):.2%}")

    accuracy = f"{100 * right / len(held_labels):.1f} % of {len(held_labels)} held-out digits"
    spec = SPEC.replace("ACCURACY", accuracy)
    (HERE / "digits.yaml").write_text(spec, encoding="utf-8", newline="\n")
    (HERE / "digits.safetensors").write_bytes(save(network.state_dict()))
    np.savez_compressed(HERE / "heldout.npz", images=held_images, labels=held_labels.astype(np.uint8))
    write_images(held_images, held_labels, predicted)


if __name__ == "__main__":
    main()
