# ruff: noqa: E402 - what needs torch is imported after the check that it is there
"""Each PyTorch layer and operator on its own: what the importer makes of it against PyTorch."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from requirements import require

require("torch", importlib.util.find_spec("torch") is not None)

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from sheetcnn.errors import SpecError, UnsupportedError
from sheetcnn.importers.torch import from_torch
from sheetcnn.model.engine import run

# PyTorch computes in float32 with about 7 digits; these sums have up to a few hundred terms.
SINGLE = 1e-5


class Calls(nn.Module):
    """A module that calls one function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


class Standardised(nn.Conv2d):
    """A convolution that computes its kernel from its weights."""

    def forward(self, x: Any) -> Any:
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        kernel = (self.weight - mean) / (self.weight.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, torch.mul(kernel, 0.5).add(kernel, alpha=0.25), self.bias)


def randomised(module: nn.Module, seed: int = 7) -> nn.Module:
    """Random statistics and random affine parameters, so that none can be left out unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    for name, array in [*module.named_buffers(), *module.named_parameters()]:
        last = name.rpartition(".")[2]
        with torch.no_grad():
            if last == "running_var":
                array.uniform_(0.5, 2.0, generator=generator)
            elif last in ("running_mean", "bias") or (last == "weight" and array.dim() == 1):
                array.uniform_(-1.0, 1.0, generator=generator)
    return module


def agree(module: nn.Module, shape: tuple[int, ...], kinds: list[str] | None = None) -> None:
    """The import computes what the module computes."""
    if len(shape) == 2:  # (1, C, L) is taken for (C, H, W) unless a layer for rows is there
        module = nn.Sequential(nn.Conv1d(shape[0], shape[0], 1), module)
        kinds = None if kinds is None else ["conv1d", *kinds]
    randomised(module).eval()
    x = torch.randn((1, *shape), generator=torch.Generator().manual_seed(1))
    model = from_torch(module, x)
    if kinds is not None:
        assert [node.op.kind for node in model.graph.nodes] == kinds
    image = x[0].numpy()
    image = image[:, None] if image.ndim == 2 else image[None, None] if image.ndim == 1 else image
    result = run(model, image)
    with torch.no_grad():
        expected = module(x)
    for name, wanted in zip(
        model.graph.outputs, [expected] if isinstance(expected, torch.Tensor) else expected, strict=True
    ):
        found = result.activations[name]
        array = (wanted[0] if wanted.dim() > 1 else wanted).numpy()
        if array.ndim == 2:  # a row of L values per channel
            array = array[:, None]
        np.testing.assert_allclose(found, array, rtol=SINGLE, atol=SINGLE)


MAPS = (4, 7, 6)
MODULES: dict[str, tuple[Any, tuple[int, ...], list[str]]] = {
    "conv": (nn.Conv2d(4, 6, 3), MAPS, ["conv2d"]),
    "conv_options": (
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), groups=2, bias=False),
        MAPS,
        ["conv2d"],
    ),
    "conv_same": (nn.Conv2d(4, 6, (4, 3), padding="same", dilation=2), (4, 9, 9), ["conv2d"]),
    "conv_valid": (nn.Conv2d(4, 6, 3, padding="valid"), MAPS, ["conv2d"]),
    "conv_reflect": (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), MAPS, ["pad", "conv2d"]),
    "conv_replicate": (nn.Conv2d(4, 6, 3, padding=1, padding_mode="replicate"), MAPS, ["pad", "conv2d"]),
    "depthwise": (nn.Conv2d(4, 4, 3, padding=1, groups=4), MAPS, ["depthwise_conv2d"]),
    "depthwise_multiplier": (nn.Conv2d(4, 12, 3, stride=2, groups=4), MAPS, ["depthwise_conv2d"]),
    "conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), (4, 11), ["conv1d"]),
    "conv1d_same": (nn.Conv1d(4, 6, 4, padding="same"), (4, 11), ["conv1d"]),
    "transposed": (nn.ConvTranspose2d(4, 6, 3), MAPS, ["conv_transpose2d"]),
    "transposed_options": (
        nn.ConvTranspose2d(
            4, 6, (3, 4), stride=(2, 3), padding=(1, 2), output_padding=(1, 0), groups=2, bias=False
        ),
        MAPS,
        ["conv_transpose2d"],
    ),
    "transposed_1d": (nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1), (4, 9), ["conv_transpose2d"]),
    "weight_norm": (weight_norm(nn.Conv2d(4, 6, 3)), MAPS, ["conv2d"]),
    "spectral_norm": (spectral_norm(nn.Conv2d(4, 6, 3)), MAPS, ["conv2d"]),
    "standardised": (Standardised(4, 6, 3), MAPS, ["conv2d"]),
    "linear": (nn.Sequential(nn.Flatten(), nn.Linear(168, 5)), MAPS, ["flatten", "dense"]),
    "linear_vector": (nn.Linear(9, 5, bias=False), (9,), ["flatten", "dense"]),
    "batch_norm": (nn.BatchNorm2d(4, eps=1e-3), MAPS, ["batch_norm"]),
    "batch_norm_plain": (nn.BatchNorm2d(4, affine=False), MAPS, ["batch_norm"]),
    "batch_norm_1d": (nn.BatchNorm1d(9), (9,), ["flatten", "batch_norm"]),
    "batch_norm_rows": (nn.BatchNorm1d(4), (4, 11), ["batch_norm"]),
    "instance_norm": (nn.InstanceNorm2d(4, affine=True), MAPS, ["instance_norm"]),
    "instance_norm_plain": (nn.InstanceNorm2d(4), MAPS, ["instance_norm"]),
    "instance_norm_tracked": (nn.InstanceNorm2d(4, track_running_stats=True), MAPS, ["batch_norm"]),
    "group_norm": (nn.GroupNorm(2, 4), MAPS, ["group_norm"]),
    "group_norm_plain": (nn.GroupNorm(2, 4, affine=False), MAPS, ["group_norm"]),
    "layer_norm": (nn.LayerNorm(MAPS), MAPS, ["layer_norm"]),
    "layer_norm_no_bias": (nn.LayerNorm(MAPS, bias=False), MAPS, ["layer_norm"]),
    "layer_norm_vector": (nn.LayerNorm(9), (9,), ["flatten", "layer_norm"]),
    "layer_norm_rows": (nn.LayerNorm((4, 11)), (4, 11), ["layer_norm"]),
    "lrn": (nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=2.0), (6, 5, 4), ["lrn"]),
    "lrn_even": (nn.LocalResponseNorm(4, alpha=0.5), (6, 5, 4), ["lrn"]),
    "lrn_rows": (nn.LocalResponseNorm(3, alpha=0.5), (6, 5), ["lrn"]),
    "max_pool": (nn.MaxPool2d(2), MAPS, ["max_pool"]),
    "max_pool_options": (
        nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), ceil_mode=True),
        MAPS,
        ["max_pool"],
    ),
    "max_pool_1d": (nn.MaxPool1d(3, stride=2, padding=1), (4, 11), ["max_pool"]),
    "avg_pool": (nn.AvgPool2d(3, stride=2, padding=1), MAPS, ["avg_pool"]),
    "avg_pool_uncounted": (
        nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
        MAPS,
        ["avg_pool"],
    ),
    "avg_pool_1d": (nn.AvgPool1d(3, stride=2, padding=1), (4, 11), ["avg_pool"]),
    "adaptive_one": (nn.AdaptiveAvgPool2d(1), MAPS, ["global_avg_pool"]),
    "adaptive": (nn.AdaptiveAvgPool2d((3, 4)), MAPS, ["adaptive_avg_pool"]),
    "adaptive_1d": (nn.AdaptiveAvgPool1d(3), (4, 11), ["adaptive_avg_pool"]),
    "adaptive_max_one": (nn.AdaptiveMaxPool2d(1), MAPS, ["global_max_pool"]),
    "adaptive_max": (nn.AdaptiveMaxPool2d((4, 3)), (4, 8, 6), ["max_pool"]),
    "relu": (nn.ReLU(), MAPS, ["relu"]),
    "relu_in_place": (nn.ReLU(inplace=True), MAPS, ["relu"]),
    "relu6": (nn.ReLU6(), MAPS, ["relu6"]),
    "hardtanh": (nn.Hardtanh(-0.5, 0.7), MAPS, ["clip"]),
    "hardswish": (nn.Hardswish(), MAPS, ["hard_swish"]),
    "hardsigmoid": (nn.Hardsigmoid(), MAPS, ["hard_sigmoid"]),
    "silu": (nn.SiLU(), MAPS, ["silu"]),
    "gelu": (nn.GELU(), MAPS, ["gelu"]),
    "gelu_tanh": (nn.GELU("tanh"), MAPS, ["gelu"]),
    "elu": (nn.ELU(0.7), MAPS, ["elu"]),
    "selu": (nn.SELU(), MAPS, ["selu"]),
    "celu": (nn.CELU(0.7), MAPS, ["celu"]),
    "leaky_relu": (nn.LeakyReLU(0.2), MAPS, ["leaky_relu"]),
    "rrelu": (nn.RReLU(0.1, 0.3), MAPS, ["leaky_relu"]),
    "prelu": (nn.PReLU(), MAPS, ["prelu"]),
    "prelu_channels": (nn.PReLU(4), MAPS, ["prelu"]),
    "mish": (nn.Mish(), MAPS, ["mish"]),
    "softplus": (nn.Softplus(2.0, 1.5), MAPS, ["softplus"]),
    "softsign": (nn.Softsign(), MAPS, None),
    "sigmoid": (nn.Sigmoid(), MAPS, ["sigmoid"]),
    "log_sigmoid": (nn.LogSigmoid(), MAPS, None),
    "tanh": (nn.Tanh(), MAPS, ["tanh"]),
    "tanhshrink": (nn.Tanhshrink(), MAPS, ["tanh", "subtract"]),
    "threshold": (nn.Threshold(0.0, 0.0), MAPS, ["relu"]),
    "glu": (nn.GLU(dim=1), MAPS, None),
    "softmax": (nn.Softmax(dim=1), MAPS, ["softmax"]),
    "softmax_2d": (nn.Softmax2d(), MAPS, ["softmax"]),
    "softmax_vector": (nn.Softmax(dim=-1), (9,), ["flatten", "softmax"]),
    "log_softmax": (nn.LogSoftmax(dim=1), (9,), ["flatten", "log_softmax"]),
    "dropout": (nn.Sequential(nn.Dropout2d(0.3), nn.ReLU()), MAPS, ["dropout", "relu"]),
    "alpha_dropout": (nn.Sequential(nn.AlphaDropout(0.3), nn.ReLU()), MAPS, ["dropout", "relu"]),
    "identity": (nn.Identity(), MAPS, ["dropout"]),
    "pixel_shuffle": (nn.PixelShuffle(2), (8, 3, 2), ["depth_to_space"]),
    "pixel_unshuffle": (nn.PixelUnshuffle(2), (3, 4, 6), ["space_to_depth"]),
    "channel_shuffle": (nn.ChannelShuffle(2), (6, 3, 2), ["channel_shuffle"]),
    "nearest": (nn.Upsample(scale_factor=2), MAPS, ["upsample"]),
    "nearest_size": (nn.Upsample(size=(10, 9)), MAPS, ["upsample"]),
    "nearest_rows": (nn.Upsample(scale_factor=2), (4, 5), ["upsample"]),
    "bilinear": (nn.Upsample(scale_factor=(2, 1.5), mode="bilinear"), MAPS, ["upsample"]),
    "bilinear_size": (nn.Upsample(size=(10, 4), mode="bilinear"), MAPS, ["upsample"]),
    "bilinear_corners": (nn.Upsample(size=(10, 4), mode="bilinear", align_corners=True), MAPS, ["upsample"]),
    "linear_rows": (nn.Upsample(scale_factor=2, mode="linear"), (4, 5), ["upsample"]),
    "zero_pad": (nn.ZeroPad2d((1, 2, 3, 0)), MAPS, ["pad"]),
    "constant_pad": (nn.ConstantPad2d((1, 0, 2, 1), -1.5), MAPS, ["pad"]),
    "reflection_pad": (nn.ReflectionPad2d((1, 2, 3, 0)), MAPS, ["pad"]),
    "replication_pad": (nn.ReplicationPad2d(2), MAPS, ["pad"]),
    "constant_pad_1d": (nn.ConstantPad1d((1, 2), 0.5), (4, 5), ["pad"]),
}

FUNCTIONS: dict[str, tuple[Any, tuple[int, ...], list[str] | None]] = {
    "mean": (lambda x: x.mean([2, 3]), MAPS, ["global_avg_pool", "flatten"]),
    "mean_kept": (lambda x: x.mean((-1, -2), keepdim=True), MAPS, ["global_avg_pool"]),
    "mean_rows": (lambda x: x.mean(2, keepdim=True), MAPS, ["avg_pool"]),
    "mean_columns": (lambda x: x.mean(3), MAPS, None),
    "mean_1d": (lambda x: x.mean(-1), (4, 9), ["global_avg_pool", "flatten"]),
    "mean_channels": (lambda x: x.mean(1, keepdim=True), MAPS, ["permute", "avg_pool", "permute"]),
    "max_channels": (lambda x: x.max(1, keepdim=True)[0], MAPS, ["permute", "max_pool", "permute"]),
    "amax": (lambda x: x.amax((2, 3)), MAPS, ["global_max_pool", "flatten"]),
    "sum": (lambda x: x.sum((2, 3)), MAPS, ["global_avg_pool", "affine", "flatten"]),
    "flatten": (lambda x: torch.flatten(x, 1), MAPS, ["flatten"]),
    "view": (lambda x: x.view(x.size(0), -1), MAPS, ["flatten"]),
    "view_one": (lambda x: x.mean((2, 3), keepdim=True).view(-1), MAPS, ["global_avg_pool", "flatten"]),
    "reshape": (lambda x: x.reshape(1, 2, 14, 6), MAPS, ["reshape"]),
    "view_back": (lambda x: x.view(1, 4, 42).view(1, 4, 7, 6).relu(), MAPS, None),
    "unflatten": (lambda x: x.unflatten(1, (3, 3)).unsqueeze(1), (9,), ["flatten", "reshape"]),
    "squeeze": (lambda x: x.mean((2, 3), keepdim=True).squeeze(-1).squeeze(-1), MAPS, None),
    "permute": (lambda x: x.permute(0, 3, 1, 2), MAPS, ["permute"]),
    "transpose_flatten": (lambda x: x.permute(0, 2, 3, 1).flatten(1), MAPS, ["permute", "flatten"]),
    "shuffle": (
        lambda x: x.view(1, 2, 2, 7, 6).transpose(1, 2).reshape(1, 4, 7, 6),
        MAPS,
        ["channel_shuffle"],
    ),
    "shuffle_rows": (
        lambda x: x.view(1, 2, 3, 5).transpose(1, 2).reshape(1, 6, 5),
        (6, 5),
        ["channel_shuffle"],
    ),
    "depth_to_space": (
        lambda x: x.view(1, 2, 2, 2, 3, 2).permute(0, 1, 4, 2, 5, 3).reshape(1, 2, 6, 4),
        (8, 3, 2),
        ["depth_to_space"],
    ),
    "space_to_depth": (
        lambda x: x.view(1, 3, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(1, 12, 2, 3),
        (3, 4, 6),
        ["space_to_depth"],
    ),
    "grouped_permutation": (
        lambda x: x.view(1, 6, 2, 6).permute(0, 2, 1, 3).reshape(1, 4, 3, 6),
        (4, 3, 6),
        None,
    ),
    "channels_last_and_back": (
        lambda x: x.permute(0, 2, 3, 1).relu().permute(0, 3, 1, 2).tanh(),
        MAPS,
        ["relu", "tanh"],
    ),
    "movedim": (lambda x: x.movedim(1, -1).movedim(-1, 1).relu(), MAPS, ["relu"]),
    "slice_channels": (lambda x: x[:, 1:3], MAPS, ["slice_channels"]),
    "slice_step": (lambda x: x[:, ::2], MAPS, ["slice_channels"]),
    "slice_maps": (lambda x: x[:, :, 1:-2, 2:], MAPS, ["crop", "crop"]),
    "slice_every_second": (lambda x: x[:, :, ::2, 1::3], MAPS, ["max_pool", "crop", "max_pool"]),
    "narrow": (lambda x: x.narrow(1, 1, 2), MAPS, ["slice_channels"]),
    "select": (lambda x: x[:, 2].unsqueeze(1), MAPS, None),
    "chunk": (lambda x: torch.cat(x.chunk(3, 1)[::-1], 1), (7, 2, 2), None),
    "split": (lambda x: tuple(part.relu() for part in x.split([1, 3], 1)), MAPS, None),
    "split_even": (lambda x: torch.split(x, 2, 1)[1], MAPS, ["slice_channels"]),
    "cat": (lambda x: torch.cat([x, x.relu()], 1), MAPS, ["relu", "concat"]),
    "cat_rows": (lambda x: torch.cat([x, x.relu()], 2), MAPS, None),
    "cat_columns": (lambda x: torch.cat([x, x.relu()], -1), MAPS, None),
    "cat_vectors": (lambda x: torch.cat([x.relu(), x.tanh()], 1), (9,), None),
    "add": (lambda x: x + x.relu(), MAPS, ["relu", "add"]),
    "add_alpha": (lambda x: torch.add(x, x.relu(), alpha=0.5), MAPS, ["relu", "affine", "add"]),
    "add_in_place": (lambda x: x.tanh().add_(x).relu_(), MAPS, ["tanh", "add", "relu"]),
    "add_number": (lambda x: x + 1.5, MAPS, ["affine"]),
    "subtract": (lambda x: x - x.relu(), MAPS, ["relu", "subtract"]),
    "subtract_number": (lambda x: 3 - (x - 1), MAPS, ["affine", "affine"]),
    "multiply": (lambda x: x * x.sigmoid(), MAPS, ["sigmoid", "multiply"]),
    "multiply_broadcast": (lambda x: x * x.mean((2, 3), keepdim=True), MAPS, ["global_avg_pool", "multiply"]),
    "multiply_expanded": (lambda x: x * x.mean((2, 3), keepdim=True).expand_as(x), MAPS, None),
    "multiply_spatial": (lambda x: x * x.mean(1, keepdim=True).sigmoid(), MAPS, None),
    "multiply_number": (lambda x: 2 * x * -0.5, MAPS, ["affine", "affine"]),
    "multiply_channels": (lambda x: x * torch.tensor([1.0, 2, 3, 4])[:, None, None], MAPS, ["affine"]),
    "divide": (lambda x: x / (x.abs() + 1), MAPS, ["abs", "affine", "divide"]),
    "divide_number": (lambda x: (x / 4).div(0.5), MAPS, ["affine", "affine"]),
    "maximum": (lambda x: torch.maximum(x, -x), MAPS, ["negative", "maximum"]),
    "minimum": (lambda x: torch.minimum(x, x * x), MAPS, ["multiply", "minimum"]),
    "square": (lambda x: x.square() + x**2, MAPS, ["multiply", "multiply", "add"]),
    "square_root": (lambda x: torch.sqrt(x.abs()), MAPS, ["abs", "sqrt"]),
    "exp": (torch.exp, MAPS, ["exp"]),
    "clamp": (lambda x: x.clamp(-0.5, 0.25), MAPS, ["clip"]),
    "clamp_min": (lambda x: x.clamp(min=0), MAPS, ["relu"]),
    "clamp_six": (lambda x: x.clamp(0, 6), MAPS, ["relu6"]),
    "clamp_max": (lambda x: x.clamp(max=0.25), MAPS, ["clip"]),
    "relu_functional": (lambda x: F.relu(x, inplace=True), MAPS, ["relu"]),
    "softsign": (F.softsign, MAPS, None),
    "nearest_exact": (lambda x: F.interpolate(x, (5, 10), mode="nearest-exact"), MAPS, ["upsample"]),
    "nearest_fraction": (lambda x: F.interpolate(x, scale_factor=1.5), MAPS, ["upsample"]),
    "bilinear_fraction": (lambda x: F.interpolate(x, scale_factor=1.3, mode="bilinear"), MAPS, ["upsample"]),
    "pad_circumference": (lambda x: F.pad(x, (1, 1, 0, 2)), MAPS, ["pad"]),
    "pad_negative": (lambda x: F.pad(x, (-1, 2, 0, -3)), MAPS, ["crop", "pad"]),
    "pad_channels": (lambda x: F.pad(x, (0, 0, 0, 0, 1, 2)), MAPS, ["conv2d"]),
    "contiguous": (lambda x: x.contiguous().clone().relu(), MAPS, ["relu"]),
    "to_double": (lambda x: x.double().relu().float(), MAPS, ["relu"]),
    "several_outputs": (lambda x: (x.relu(), x.tanh().mean((2, 3))), MAPS, None),
    "input_twice": (lambda x: x + x, MAPS, ["add"]),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    module, shape, kinds = MODULES[name]
    agree(module, shape, kinds)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    function, shape, kinds = FUNCTIONS[name]
    agree(Calls(function), shape, kinds)


def test_what_is_changed_in_place_is_changed_under_its_older_name() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.tanh()
        z = y.relu_()
        return y + z * 2

    agree(Calls(function), MAPS, ["tanh", "relu", "affine", "add"])


def test_a_changed_part_is_refused() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.tanh()
        y[:, :2].relu_()
        return y

    with pytest.raises(UnsupportedError, match="changes a part of a tensor"):
        from_torch(Calls(function), torch.zeros(1, *MAPS))


REFUSED: dict[str, tuple[Any, tuple[int, ...], list[str]]] = {
    "rnn": (nn.LSTM(6, 4), (7, 6), ["lstm"]),
    "attention": (nn.TransformerEncoderLayer(6, 2), (7, 6), ["scaled_dot_product_attention"]),
    "several": (
        Calls(lambda x: torch.cumsum(x.relu().erfinv(), 1).sort(1)[0].tanh()),
        MAPS,
        ["erfinv", "cumsum", "sort"],
    ),
    "softmax_of_rows": (nn.Softmax(dim=3), MAPS, ["softmax"]),
    "divisor": (nn.AvgPool2d(2, divisor_override=3), MAPS, ["divisor_override"]),
    "circular": (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), MAPS, ["circular"]),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), MAPS, ["upsample_bicubic2d"]),
    "batch_statistics": (nn.BatchNorm2d(4, track_running_stats=False), MAPS, ["normalises by the batch"]),
    "pixelwise_constant": (Calls(lambda x: x + torch.ones(7, 6)), MAPS, ["one per channel"]),
    "max_indices": (nn.AdaptiveMaxPool2d((3, 4)), MAPS, ["does not divide"]),
    "constant_output": (Calls(lambda x: (x.relu(), torch.ones(2))), MAPS, ["output"]),
    "power": (Calls(lambda x: x**3), MAPS, ["pow"]),
    "windows": (
        Calls(lambda x: x.view(1, 4, 2, 4, 2, 4).permute(0, 2, 4, 1, 3, 5).reshape(4, 4, 4, 4).relu()),
        (4, 8, 8),
        ["relu"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_expressed_is_listed(name: str) -> None:
    module, shape, words = REFUSED[name]
    with pytest.raises(UnsupportedError) as caught:
        from_torch(module, torch.zeros(1, *shape))
    for word in words:
        assert word in str(caught.value)


def test_every_unsupported_call_is_listed_with_its_module() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Hardshrink(), nn.ReLU())
            self.up = nn.Upsample(scale_factor=2, mode="bicubic")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.up(self.body(x)).roll(1, 2)

    with pytest.raises(UnsupportedError) as caught:
        from_torch(Net(), torch.zeros(1, *MAPS))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("Net: 3 layers cannot be expressed")
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "aten.hardshrink 'body.1'",
        "aten.upsample_bicubic2d.vec 'up'",
        "aten.roll 'roll'",
    ]


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 3, 8, 8), (5, 3, 8, 8)])
def test_the_batch_may_be_left_out(shape: tuple[int, ...]) -> None:
    model = from_torch(nn.Conv2d(3, 4, 3), np.zeros(shape))
    assert model.graph.source_shape.dims == (3, 8, 8)


def test_rows_without_batch() -> None:
    assert from_torch(nn.Conv1d(3, 4, 3), torch.zeros(1, 3, 8)).graph.source_shape.dims == (3, 1, 8)


def test_the_mode_of_each_part_is_restored() -> None:
    module = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Dropout(), nn.BatchNorm2d(1))
    module.train()
    module[2].eval()
    from_torch(module, torch.zeros(1, 1, 4, 4))
    assert [part.training for part in module] == [True, True, False]
    assert module.training


def test_name_and_labels() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    model = from_torch(module, torch.zeros(1, 1, 2, 2), name="tiny", labels=("no", "yes"))
    assert (model.graph.name, model.graph.labels) == ("tiny", ("no", "yes"))
    assert from_torch(module, torch.zeros(1, 1, 2, 2)).graph.name == "Sequential"


@pytest.mark.parametrize(
    ("module", "example"),
    [
        (lambda x: x, torch.zeros(1, 1, 4, 4)),
        (nn.ReLU(), torch.zeros(3)),
        (nn.ReLU(), "digits.png"),
        (nn.ReLU(), torch.zeros(1, 0, 4, 4)),
    ],
)
def test_wrong_arguments(module: Any, example: Any) -> None:
    with pytest.raises(SpecError):
        from_torch(module, example)


def test_a_module_that_cannot_be_traced() -> None:
    with pytest.raises(UnsupportedError, match=r"torch\.export cannot trace it"):
        from_torch(nn.Conv2d(5, 2, 3), torch.zeros(1, 3, 8, 8))
    with pytest.raises(UnsupportedError, match=r"torch\.export cannot trace it"):
        from_torch(Calls(lambda x: x if x.sum() > 0 else -x), torch.zeros(1, 3, 8, 8))
