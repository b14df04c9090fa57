"""The digits example: small, accurate, and the same as the starter."""

from __future__ import annotations

import re
from pathlib import Path

import digits_reference as digits
import numpy as np
import pytest
import yaml
from conftest import Cli
from safetensors.numpy import load_file

import sheetcnn
from sheetcnn.model.engine import run
from sheetcnn.model.graph import Model

LEAST_ACCURACY = 0.97
MOST_BYTES = 50_000
WEIGHTS = digits.EXAMPLE / "digits.safetensors"


@pytest.fixture(scope="module")
def model() -> Model:
    return sheetcnn.load(digits.SPEC)


@pytest.fixture(scope="module")
def held_out() -> tuple[np.ndarray, np.ndarray]:
    with np.load(digits.EXAMPLE / "heldout.npz", allow_pickle=False) as file:
        return file["images"], file["labels"]


def test_held_out_accuracy(model: Model, held_out: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = held_out
    assert images.shape == (360, 8, 8)  # a fifth of the 1797 images
    assert sorted(set(labels.tolist())) == list(range(10))
    predicted = np.array([run(model, image[None].astype(float)).prediction for image in images])
    right = int((predicted == labels).sum())
    assert right / len(labels) >= LEAST_ACCURACY
    # The example's own page states the number that was measured.
    readme = (digits.EXAMPLE / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"\*\*(\d+) of (\d+) held-out images", re.sub(r"\s+", " ", readme))
    assert stated
    assert (int(stated[1]), int(stated[2])) == (right, len(labels))


def test_weights_are_few_and_small(model: Model) -> None:
    assert WEIGHTS.stat().st_size < MOST_BYTES
    stored = load_file(WEIGHTS)
    assert sum(array.size for array in stored.values()) == 666
    for name, array in digits.weights().items():
        layer, _, parameter = name.partition(".")
        np.testing.assert_array_equal(model.params[layer][parameter], array)


def test_the_network_is_the_one_that_is_asked_for() -> None:
    """Two convolutions, two poolings and one dense layer, on 8x8 images."""
    spec = yaml.safe_load(digits.SPEC.read_text(encoding="utf-8"))
    kinds = [layer["kind"] for layer in spec["layers"]]
    assert kinds == ["conv2d", "max_pool", "conv2d", "max_pool", "flatten", "dense", "softmax"]
    assert (spec["input"]["channels"], spec["input"]["height"], spec["input"]["width"]) == (1, 8, 8)
    assert spec["labels"] == [str(n) for n in range(10)]


def test_there_are_two_images_of_each_digit() -> None:
    labels = [re.search(r"_label(\d)", image.stem)[1] for image in digits.IMAGES]  # type: ignore[index]
    assert sorted(labels) == sorted("00112233445566778899")


@pytest.mark.parametrize("image", digits.IMAGES, ids=lambda image: image.stem)
def test_an_image_is_predicted_right(
    image: Path, model: Model, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    label = image.stem.partition("_label")[2]
    result = sheetcnn.predict(model, image)
    assert result.label == label
    expected = digits.forward(digits.weights(), digits.pixels(image))
    np.testing.assert_allclose(result.output, expected["softmax"], rtol=1e-12, atol=1e-12)
    # The image was held out, and its label is the true one.
    same = (held_out[0] == digits.pixels(image)).all(axis=(1, 2))
    assert held_out[1][same].tolist() == [int(label)]


def test_init_lays_out_the_example(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "digits"
    done = cli("init", "digits", folder)
    assert (done.status, done.err) == (0, "")
    written = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    wanted = [digits.SPEC, WEIGHTS, *digits.IMAGES]
    assert written == {p.relative_to(digits.EXAMPLE): p.read_bytes() for p in wanted}
    assert len(written) == 22


def test_what_init_says_next_works(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("init", "digits", "mine")
    hint = re.search(r"next: sheetcnn (.+)", done.out)
    assert hint
    assert cli(*hint[1].split()).status == 0
    (book,) = tmp_path.glob("*.xlsx")
    assert cli("verify", book).status == 0
