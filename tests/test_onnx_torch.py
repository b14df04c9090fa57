"""Networks built in PyTorch with random weights, exported to ONNX, against PyTorch itself."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import kinds
from requirements import require

from sheetcnn.importers.onnx import read_onnx
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model

# Both compute the same sums; PyTorch in float64 here, but the file holds the weights in float32.
CLOSE = 1e-5


@pytest.fixture(autouse=True)
def _needs() -> None:
    for name in ("onnx", "torch"):
        require(name, importlib.util.find_spec(name) is not None)


def mobilenet() -> Any:
    """Inverted residuals as in MobileNetV2: expansion, depthwise, projection, ReLU6."""
    from torch import nn

    def unit(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[Any]:
        return [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
        ]

    class Residual(nn.Module):  # type: ignore[misc]  # (torch has no types for mypy)
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            wide = inputs * 4
            self.layers = nn.Sequential(
                *unit(inputs, wide, 1),
                nn.ReLU6(),
                *unit(wide, wide, 3, stride, wide),
                nn.ReLU6(),
                *unit(wide, outputs, 1),
            )
            self.short = stride == 1 and inputs == outputs

        def forward(self, x: Any) -> Any:
            return x + self.layers(x) if self.short else self.layers(x)

    return nn.Sequential(
        *unit(3, 8, 3, 2),
        nn.ReLU6(),
        Residual(8, 8, 1),
        Residual(8, 12, 2),
        Residual(12, 12, 1),
        *unit(12, 32, 1),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32, 10),
    )


def resnet() -> Any:
    """Residual blocks with a projection where the size changes."""
    import torch
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.project = (
                nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
                if stride > 1
                else nn.Identity()
            )

        def forward(self, x: Any) -> Any:
            y = torch.relu(self.bn1(self.conv1(x)))
            return torch.relu(self.bn2(self.conv2(y)) + self.project(x))

    class Network(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
            self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2), Block(16, 16, 1))
            self.pool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(16, 10)

        def forward(self, x: Any) -> Any:
            y = self.pool(self.blocks(self.stem(x)))
            return torch.softmax(self.fc(y.view(y.size(0), -1)), dim=1)

    return Network()


def mixture() -> Any:
    """What the others have not: shuffled channels, excitation, several norms, resizing, slices."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Network(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=2, dilation=2)
            self.group, self.instance = nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True)
            self.squeeze, self.excite = nn.Linear(8, 4), nn.Linear(4, 8)
            self.prelu = nn.PReLU(8)
            self.up = nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1)
            self.shuffle = nn.PixelShuffle(2)
            self.norm, self.wide, self.narrow = nn.LayerNorm(8), nn.Linear(8, 16), nn.Linear(16, 8)
            self.head = nn.Conv2d(10, 5, 1)

        def forward(self, x: Any) -> Any:
            x = functional.silu(self.group(self.conv(x)))
            b, c, h, w = x.shape
            x = x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)
            s = torch.sigmoid(self.excite(functional.hardswish(self.squeeze(x.mean((2, 3))))))
            x = self.prelu(self.instance(x * s[:, :, None, None]))
            pixels = self.norm(x.permute(0, 2, 3, 1))
            x = x + self.narrow(functional.gelu(self.wide(pixels))).permute(0, 3, 1, 2)
            big = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            small = functional.interpolate(self.up(x)[:, :2], size=(h * 2, w * 2), mode="nearest")
            whole = torch.cat([self.shuffle(x), functional.leaky_relu(small, 0.2), big[:, 2:]], 1)
            first, second = self.head(functional.pad(whole, (1, 0, 0, 1), mode="reflect")).split((2, 3), 1)
            return functional.log_softmax(torch.cat([first, functional.mish(second)], 1).flatten(1), 1)

    return Network()


def _module(make: Callable[[], Any], shape: tuple[int, int, int]) -> tuple[Any, np.ndarray, np.ndarray]:
    """A module, an image and PyTorch's output for it."""
    import torch

    torch.manual_seed(11)
    module = make()
    # Statistics and affine parts that are not the identity.
    for parameter in module.parameters():
        if parameter.ndim == 1:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    image = torch.rand(1, *shape)
    module.train()
    with torch.no_grad():
        for _ in range(3):
            module(torch.rand(4, *shape))
        module.eval()
        expected = module.double()(image.double())[0].numpy()
    return module.float(), image[0].numpy(), expected


def _export(module: Any, image: np.ndarray, path: Path, **options: Any) -> Model:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this exporter is to be replaced by one that needs onnxscript
        torch.onnx.export(module, (torch.tensor(image)[None],), str(path), dynamo=False, **options)
    return read_onnx(path, tuple(int(n) for n in image.shape) if options.get("dynamic_axes") else None)  # type: ignore[arg-type]


@pytest.mark.parametrize("opset", [11, 13, 17, 20])
@pytest.mark.parametrize("make", [mobilenet, resnet, mixture], ids=lambda make: make.__name__)
def test_export_agrees_with_pytorch(make: Callable[[], Any], opset: int, tmp_path: Path) -> None:
    module, image, expected = _module(make, (3, 20, 24))
    model = _export(module, image, tmp_path / "model.onnx", opset_version=opset)
    found = run(model, image.astype(np.float64)).output
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("make", [mobilenet, resnet], ids=lambda make: make.__name__)
def test_dynamic_axes_and_separate_batch_norm_agree(make: Callable[[], Any], tmp_path: Path) -> None:
    import torch

    module, image, expected = _module(make, (3, 20, 24))
    model = _export(
        module,
        image,
        tmp_path / "model.onnx",
        opset_version=17,
        dynamic_axes={"x": {0: "batch", 2: "height", 3: "width"}},
        input_names=["x"],
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
    )
    assert "batch_norm" in kinds(model)
    np.testing.assert_allclose(run(model, image.astype(np.float64)).output, expected, rtol=CLOSE, atol=CLOSE)
