"""MobileNet v1 with random weights, for measuring what a big network takes.

The architecture is that of Howard et al. (2017), table 1: a convolution, 13 depthwise separable
convolutions, global average pooling and a dense layer, batch normalisation and ReLU after each
convolution. The weights are not trained: a workbook of this network recognises nothing, but as each
weight is another number, a swapped channel or a wrong reference changes the output.

Run `python examples/mobilenet/mobilenet_v1.py mobilenet_v1.pt2`; it needs PyTorch. Then
`sheetcnn build mobilenet_v1.pt2 --fold-batch-norm --input photo.png --resize -o mobilenet_v1.xlsx`.
"""

from __future__ import annotations

import argparse
import math
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn

SIZE = 224
CLASSES = 1000
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
"""Filters and stride of each depthwise separable convolution."""


class MobileNetV1(nn.Module):
    """MobileNet v1: (N, 3, H, W) -> probabilities (N, classes)."""

    def __init__(self, *, width: float = 1.0, classes: int = CLASSES) -> None:
        """Make the layers.

        Args:
            width: factor of the numbers of channels, the paper's alpha.
            classes: how many.
        """
        super().__init__()
        channels = int(32 * width)
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv=_normalised(nn.Conv2d(3, channels, 3, 2, padding=1, bias=False))
        )
        for n, (full, stride) in enumerate(BLOCKS, 1):
            filters = int(full * width)
            depthwise = nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False)
            layers[f"dw{n}"] = _normalised(depthwise)
            layers[f"pw{n}"] = _normalised(nn.Conv2d(channels, filters, 1, bias=False))
            channels = filters
        self.features = nn.Sequential(layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """The probabilities of the classes."""
        x = self.pool(self.features(x))
        return torch.softmax(self.fc(torch.flatten(x, 1)), dim=1)


def _normalised(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(conv.out_channels), relu=nn.ReLU()))


def random_network(
    *, width: float = 1.0, classes: int = CLASSES, size: int = SIZE, seed: int = 0
) -> MobileNetV1:
    """The network with random weights and statistics, in evaluation mode.

    The statistics of the normalisations are those of a few random images, changed a little at random, so
    that values stay in one range through all layers, half of them become 0, and few maps are dead.

    Args:
        width: as for `MobileNetV1`.
        classes: likewise.
        size: height and width of the images.
        seed: of all random numbers.
    """
    network = MobileNetV1(width=width, classes=classes)
    random = torch.Generator().manual_seed(seed)
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            gain = 1 if isinstance(part, nn.Linear) else 2  # a ReLU halves the mean square
            _fill(part.weight, random, math.sqrt(gain / part.weight[0].numel()))
            _fill(part.bias, random, 0.2)
        elif isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0  # the statistics become those of the images below
            _fill(part.weight, random, 0.1, mean=1.0)
            _fill(part.bias, random, 0.2)
    with torch.no_grad():
        network.train()(torch.randn(4, 3, size, size, generator=random))
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None  # for mypy
            assert part.running_var is not None
            spread = part.running_var.sqrt()
            part.running_mean += 0.2 * spread * torch.randn(spread.shape, generator=random)
            part.running_var *= 0.8 + 0.4 * torch.rand(spread.shape, generator=random)
    return network.eval()


def _fill(array: Tensor | None, random: torch.Generator, spread: float, mean: float = 0.0) -> None:
    if array is not None:
        array.data.copy_(mean + spread * torch.randn(array.shape, generator=random))


def main() -> None:
    """Export the network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("output", type=Path, help="a .pt2 file")
    options = parser.parse_args()
    exported = torch.export.export(random_network(), (torch.zeros(1, 3, SIZE, SIZE),))
    torch.export.save(exported, options.output)


if __name__ == "__main__":
    main()
