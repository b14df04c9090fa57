"""Every bad input to `build` ends in one message that names the thing, the number and the remedy: status 2.

What stood at the output's path stays there byte for byte, and nothing is left beside it.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import digits_reference as digits
import numpy as np
import pytest
from conftest import Cli
from PIL import Image
from refusals import STOOD_THERE, Folder, refused

_WHOLE = (digits.EXAMPLE / "digits.safetensors").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_folder_is_well_before_it_is_spoilt(folder: Folder, cli: Cli) -> None:
    assert cli(*folder.build()).status == 0
    assert cli("verify", folder.output).status == 0
    assert [p.name for p in folder.out.iterdir()] == ["book.xlsx"]


Spoil = Callable[[Folder], object]
BAD: dict[str, tuple[Spoil, tuple[str, ...]]] = {}


def bad(name: str, *words: str) -> Callable[[Spoil], Spoil]:
    """List a way to spoil the folder, with what the message must say."""

    def listed(spoil: Spoil) -> Spoil:
        assert name not in BAD
        BAD[name] = (spoil, words)
        return spoil

    return listed


def bad_spec(name: str, changes: Mapping[tuple[str | int, ...], object], *words: str) -> None:
    bad(name, "tiny.json", *words)(lambda f: f.spec(changes))


def bad_arrays(name: str, changes: Mapping[str, Any], *words: str) -> None:
    bad(name, "tiny.npz", *words)(lambda f: f.arrays(changes))


def _unlink(*names: str) -> Spoil:
    return lambda f: [(f.path / name).unlink() for name in names]


def _directory(name: str) -> Spoil:
    return lambda f: [(f.path / name).unlink(), (f.path / name).mkdir()]


def _renamed(suffix: str, content: str | bytes) -> Spoil:
    """The spec in another file format."""

    def spoil(f: Folder) -> None:
        f.model = f.path / f"tiny{suffix}"
        f.model.write_bytes(content.encode() if isinstance(content, str) else content)

    return spoil


def _image(name: str, content: bytes | np.ndarray | None) -> Spoil:
    def spoil(f: Folder) -> None:
        f.image = f.path / name
        if isinstance(content, np.ndarray):
            np.save(f.image, content)
        elif content is not None:
            f.image.write_bytes(content)

    return spoil


def _output(*parts: str) -> Spoil:
    def spoil(f: Folder) -> None:
        f.output = f.out.joinpath(*parts)

    return spoil


# Files.
bad("no_spec", "tiny.json", "does not exist")(_unlink("tiny.json"))
bad("no_image", "tiny.png", "does not exist", "--input")(_unlink("tiny.png"))
bad("no_weights", "tiny.json", "tiny.safetensors", "tiny.npz", "--weights")(_unlink("tiny.npz"))
bad("spec_is_a_directory", "tiny.json", "holds 0 specs", "name one")(_directory("tiny.json"))
bad("image_is_a_directory", "tiny.png", "is a directory", "--input")(_directory("tiny.png"))
bad("spec_is_a_text", "tiny.txt", ".yaml", ".json", ".toml")(_renamed(".txt", "name: tiny"))
bad("image_path_too_long", "cannot be read", "--input")(_image("a" * 400 + ".png", None))
bad("image_below_a_file", "cannot be read", "--input")(_image("tiny.json/image.png", None))

# The form of the spec.
bad("broken_yaml", "tiny.yaml", "cannot be parsed", "line 2")(_renamed(".yaml", "name: a\nlayers: [1, 2\n"))
bad("broken_json", "tiny.json", "cannot be parsed", "line 2")(
    _renamed(".json", '{"name": "a",\n "layers": }')
)
bad("broken_toml", "tiny.toml", "cannot be parsed", "line 2")(_renamed(".toml", "name = 1\nlayers = ]\n"))
bad("key_given_twice", "tiny.yaml", "name", "twice")(_renamed(".yaml", "name: a\nname: b\n"))
bad("not_utf8", "tiny.yaml", "UTF-8", "byte 6")(_renamed(".yaml", b"name: \xff\xfe"))
bad("empty_spec", "tiny.yaml", "found nothing", "a mapping")(_renamed(".yaml", ""))
bad("a_list", "tiny.yaml", "found ['a']", "a mapping")(_renamed(".yaml", "[a]"))
bad("deep_yaml", "tiny.yaml", "cannot be parsed")(_renamed(".yaml", "[" * 5000))
bad("a_tag", "tiny.yaml", "cannot be parsed")(_renamed(".yaml", "!!python/object/apply:os.getcwd []"))

# What the spec says.
bad_spec("unknown_key", {("layer",): []}, "layer: unknown key", "did you mean 'layers'?", "allowed are")
bad_spec("unknown_input_key", {("input", "heigth"): 4}, "input.heigth", "did you mean 'height'?")
bad_spec(
    "unknown_option",
    {("layers", 0, "kernelsize"): 3},
    *("layers[0] (conv1).kernelsize", "did you mean 'kernel_size'?"),
)
bad_spec("unknown_kind", {("layers", 1, "kind"): "maxpool"}, "layers[1].kind", "did you mean 'max_pool'?")
bad_spec(
    "unknown_activation", {("layers", 0, "activation"): "rleu"}, "(conv1).activation", "did you mean 'relu'?"
)
bad_spec("unknown_padding", {("layers", 0, "padding"): "smae"}, "(conv1).padding", "did you mean 'same'?")
bad_spec("no_filters_at_all", {("layers", 0, "filters"): 0}, "(conv1).filters", "found 0", "at least 1")
bad_spec("a_word_for_a_size", {("layers", 0, "kernel_size"): "three"}, "kernel_size", "'three'", "whole")
bad_spec("a_fraction", {("layers", 0, "stride"): 1.5}, "(conv1).stride", "1.5", "a whole number")
bad_spec("three_sides", {("layers", 0, "padding"): [1, 1, 1]}, "padding", "[1, 1, 1]", "[top, bottom,")
bad_spec("true_for_a_size", {("layers", 0, "stride"): True}, "(conv1).stride", "True", "a whole number")
bad_spec("missing_option", {("layers", 3): {"kind": "dense", "name": "fc"}}, "(fc).units", "missing")
bad_spec("missing_kind", {("layers", 3): {"name": "fc"}}, "layers[3].kind", "missing", "dense")
bad_spec("no_layers", {("layers",): []}, "layers", "at least one")
bad_spec("no_pixels", {("input", "width"): 0}, "input.width", "found 0", "at least 1")
bad_spec("two_means", {("input", "mean"): [0.1, 0.2]}, "input.mean", "2 values", "1 channels")
bad_spec("no_deviation", {("input", "std"): 0}, "input.std", "found 0", "above 0")
bad_spec("same_name_twice", {("layers", 3, "name"): "conv1"}, "conv1", "two layers", "its own name")
bad_spec("the_inputs_name", {("layers", 0, "name"): "input"}, "layers[0]", "input", "choose another")
bad_spec("a_name_with_spaces", {("layers", 0, "name"): "conv 1"}, "layers[0].name", "conv 1", "letters")
bad_spec("unknown_input", {("layers", 1, "inputs"): ["conv9"]}, "pool1", "conv9", "conv1")
bad_spec("own_input", {("layers", 1, "inputs"): ["pool1"]}, "pool1", "cycles")
bad_spec("cycle", {("layers", 0, "inputs"): ["pool1"]}, "depends on its own result", "cycles")
bad_spec("two_inputs", {("layers", 1, "inputs"): ["conv1", "conv1"]}, "pool1", "takes 1 input", "has 2")
bad_spec("unknown_output", {("outputs",): ["last"]}, "outputs", "last", "softmax")

# Labels: texts that a spreadsheet could take for more.
for _name, _label, *_words in (
    ("formula", "=1+1", "reads as a formula", "begin it with another"),
    ("plus", "+A1", "reads as a formula"),
    ("at", "@x", "reads as a formula"),
    ("markup", "<b>", "reads as markup", "leave out '<'"),
    ("bell", "a\x07", "control character", "leave it out"),
    ("newline", "a\nb", "control character"),
    ("delete", "a\x7f", "control character"),
    ("noncharacter", "a\ufffe", "control character"),
    ("escape", "a_x0041_", "escape sequence", "leave it out"),
    ("empty", "", "is empty"),
    ("long", "x" * 101, "101 characters", "100"),
    ("true", True, "found True", "in quotes"),
):
    bad_spec(f"label_{_name}", {("labels", 1): _label}, "labels[1]", *_words)
bad_spec("two_labels", {("labels",): ["a", "b"]}, "labels", "there are 2", "give 3")
bad_spec("labels_as_a_text", {("labels",): "abc"}, "labels", "'abc'", "a list")
bad_spec("name_as_a_formula", {("name",): "=1+1"}, "name", "reads as a formula")

# Shapes.
bad_spec(
    "kernel_over_map",
    {("layers", 0, "kernel_size"): 9, ("layers", 0, "padding"): "valid"},
    *("'conv1'", "height 9", "height 4", "smaller kernel_size"),
)
bad_spec("dense_on_maps", {("layers", 2): {"kind": "relu"}}, "'fc'", "2×2×2", "flatten")
bad_spec("pooling_a_vector", {("layers", 3): {"kind": "max_pool", "kernel_size": 2}}, "max_pool", "8 values")
bad_spec("groups", {("layers", 0, "groups"): 2}, "'conv1'", "1 input channels", "2 groups")
bad_spec("all_padding", {("layers", 1, "padding"): 9}, "'pool1'", "only padding", "less padding")


# Weights.
def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


bad_arrays("shape", {"conv1.weight": np.zeros((2, 1, 3, 4))}, "conv1.weight", "(2, 1, 3, 4)", "(2, 1, 3, 3)")
bad_arrays("shape_swapped", {"fc.weight": np.zeros((8, 3))}, "'fc.weight'", "(8, 3)", "(3, 8)")
bad_arrays("missing", {"fc.bias": None}, "'fc.bias' is missing", "(3,)")
bad_arrays("superfluous", {"fc2.bias": np.zeros(3)}, "'fc2.bias'", "no layer", "fc.bias")
bad_arrays("nan", {"fc.bias": np.array([1, np.nan, np.nan])}, "'fc.bias'", "2 values", "NaN", "export")
bad_arrays("infinity", {"conv1.bias": np.array([-np.inf, 0])}, "'conv1.bias'", "1 values", "infinity")
bad_arrays("text", {"fc.bias": np.array(["a", "b", "c"])}, "'fc.bias'", "<U1", "real numbers")
bad_arrays("complex", {"fc.bias": np.zeros(3, complex)}, "'fc.bias'", "complex128", "real numbers")
bad_arrays("pickled", {"fc.bias": np.array([{}, {}, {}])}, "pickled", "numpy.savez")
bad("truncated_npz", "tiny.npz", "not a readable .npz file", "numpy.savez")(
    lambda f: f.weights.write_bytes(f.weights.read_bytes()[:-100])
)
bad("npy_as_npz", "tiny.npz", "not a readable .npz file")(lambda f: f.weights.write_bytes(_npy()))
bad("text_as_npz", "tiny.npz", "not a readable .npz file")(lambda f: f.weights.write_bytes(b"weights"))


def _safetensors(content: bytes) -> Spoil:
    return lambda f: [f.weights.unlink(), (f.path / "tiny.safetensors").write_bytes(content)]


for _name, _content in (("truncated", _WHOLE[:-9]), ("text", b"weights"), ("empty", b"")):
    bad(f"{_name}_safetensors", "tiny.safetensors", "not a readable .safetensors file", "export")(
        _safetensors(_content)
    )
bad("weights_of_another_network", "tiny.safetensors", "'conv2.")(_safetensors(_WHOLE))


# Images.
def _png(height: int, width: int) -> Spoil:
    pixels = np.zeros((height, width), np.uint8)
    return lambda f: Image.fromarray(pixels).save(f.image)


bad("image_size", "tiny.png", "5×6", "4×4", "--resize")(_png(5, 6))
bad("array_size", "a.npy", "3×4", "4×4", "--resize")(_image("a.npy", np.zeros((3, 4))))
bad("array_channels", "a.npy", "3 channels", "has 1")(_image("a.npy", np.zeros((3, 4, 4))))
bad("array_of_nan", "a.npy", "not finite", "NaN")(_image("a.npy", np.full((4, 4), np.nan)))
bad("array_of_text", "a.npy", "numbers")(_image("a.npy", np.full((4, 4), "a")))
bad("pickled_array", "a.npy", "not a readable .npy file")(_image("a.npy", np.full((4, 4), None)))
bad("table_of_words", "a.csv", "'grey'")(_image("a.csv", b"1,2\n3,grey\n"))
bad("ragged_table", "a.csv", "not a table")(_image("a.csv", b"1,2\n3\n"))
bad("empty_table", "a.csv", "is empty")(_image("a.csv", b"\n"))
bad("text_as_image", "a.png", "not a readable image")(_image("a.png", b"a picture"))
bad("empty_image", "a.jpg", "not a readable image")(_image("a.jpg", b""))
bad("truncated_image", "tiny.png", "not a readable image")(
    lambda f: f.image.write_bytes(f.image.read_bytes()[:-30])
)
bad("npz_as_npy", "a.npy", "one array")(lambda f: [_image("a.npy", f.weights.read_bytes())(f)])

# Limits.
bad("formula_too_long", "'conv'", "8,192", "Excel", "use the interleaved layout")(
    lambda f: [
        f.network(300, 3, 3, {"kind": "conv2d", "name": "conv", "filters": 1, "kernel_size": 3}),
        f.options.extend(["--layout", "planar"]),
    ]
)
bad("too_many_columns", "layer 'input'", "17,000", "16,384", "smaller input")(
    lambda f: f.network(1, 1, 17_000, {"kind": "max_pool", "name": "pool", "kernel_size": [1, 17_000]})
)
bad("overflow", "'conv'", "1.8e308", "no cell", "check the weights")(
    lambda f: [
        f.network(1, 1, 1, {"kind": "conv2d", "name": "conv", "filters": 1, "kernel_size": 1}),
        np.savez(f.weights, **{"conv.weight": np.full((1, 1, 1, 1), 1e200), "conv.bias": np.zeros(1)}),
        np.save(f.image, np.full((1, 1, 1), 1e200)),
    ]
)

# Output.
bad("not_xlsx", "book.xls", ".xlsx")(_output("book.xls"))
bad("no_ending", "book", ".xlsx")(_output("book"))
bad("no_directory", "book.xlsx", "does not exist", "create it")(_output("none", "book.xlsx"))
bad("output_is_a_directory", "dir.xlsx", "is a directory", "name a file")(
    lambda f: [(f.out / "dir.xlsx").mkdir(), _output("dir.xlsx")(f)]
)
bad("output_below_a_file", "book.xlsx", "does not exist")(_output("book.xlsx", "book.xlsx"))
bad("output_name_too_long", "cannot be written", "too long")(_output("a" * 300 + ".xlsx"))


@pytest.mark.parametrize("name", BAD)
def test_build_refuses(name: str, folder: Folder, cli: Cli) -> None:
    spoil, words = BAD[name]
    spoil(folder)
    refused(cli, folder, words, *folder.build())


@pytest.mark.parametrize("name", [n for n, (_, words) in BAD.items() if "tiny.json" in words])
def test_inspect_refuses_the_same_specs(name: str, folder: Folder, cli: Cli) -> None:
    spoil, words = BAD[name]
    spoil(folder)
    if name == "no_weights":
        assert cli("inspect", folder.model).status == 0
    else:
        refused(cli, folder, words, "inspect", folder.model)


def test_resize_is_offered_and_works(folder: Folder, cli: Cli) -> None:
    _png(9, 13)(folder)
    refused(cli, folder, ("--resize", "9×13", "4×4"), *folder.build())
    assert cli(*folder.build(), "--resize").status == 0
    assert cli("verify", folder.output).status == 0
    assert cli("predict", folder.model, "--input", folder.image, "--resize").status == 0


@pytest.mark.parametrize("name", ["tiny.json", "tiny.npz", "tiny.png"])
def test_a_file_that_may_not_be_read(name: str, tmp_path: Path, cli: Cli) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no such modes")
    folder = Folder(tmp_path)
    assert cli(*folder.build()).status == 0  # after this, all that is needed has been imported
    folder.output.write_bytes(STOOD_THERE)
    path = folder.path / name
    path.chmod(0)
    with _not_root(tmp_path):
        refused(cli, folder, (name, "cannot be read", "ermission"), *folder.build())


@contextmanager
def _not_root(path: Path) -> Iterator[None]:
    """Root may read everything, so for a while this process is nobody (who may enter `path`)."""
    if os.geteuid():
        yield
        return
    entered = [p for p in (path, *path.parents) if not p.stat().st_mode & 0o001]
    modes = [p.stat().st_mode for p in entered]
    for p in entered:
        p.chmod(p.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for p, mode in zip(entered, modes, strict=True):
            p.chmod(mode)


class _Full:
    """A disk that is full after so many parts of the package were opened for writing."""

    def __init__(self, error: BaseException, left: int) -> None:
        self.error, self.left = error, left
        self.open = zipfile.ZipFile.open

    def __call__(self, package: zipfile.ZipFile, *args: Any, **options: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return self.open(package, *args, **options)


@pytest.mark.parametrize("left", [0, 2])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), ("book.xlsx", "cannot be written", "No space left")),
        (KeyboardInterrupt(), ("interrupted", "nothing was written")),
    ],
    ids=["full", "interrupted"],
)
def test_writing_that_ends_half_way(
    error: BaseException,
    words: tuple[str, ...],
    left: int,
    folder: Folder,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = zipfile.ZipFile.open
    full = _Full(error, left)

    def open_part(package: zipfile.ZipFile, *args: Any, **options: Any) -> Any:
        # Only the output lies on the full disk; openpyxl makes the skeleton in memory.
        written = package.filename is not None and package.mode == "w"
        return (full if written else opened)(package, *args, **options)

    monkeypatch.setattr(zipfile.ZipFile, "open", open_part)
    refused(cli, folder, words, *folder.build())
    assert full.left < 0
