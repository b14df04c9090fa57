"""Writes the Keras files of the tests, with an input and Keras's own outputs beside each.

Run `KERAS_BACKEND=torch python tests/data/make_keras.py` with Keras 3 and PyTorch installed. The tests
that read the files need neither.
"""

from __future__ import annotations

import sys
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from keras_networks import NETWORKS, network  # noqa: E402 - found through the line above


def packed(path: Path) -> None:
    """Compress a .keras file, and give it a fixed date; Keras itself does neither."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in sorted(archive.namelist())}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def compact(path: Path) -> None:
    """Rewrite an .h5 file in HDF5's newer, smaller form."""
    smaller = path.with_suffix(".tmp")
    with h5py.File(path) as old, h5py.File(smaller, "w", libver="latest") as new:
        copied(old, new)
    smaller.replace(path)


def copied(old: h5py.Group, new: h5py.Group) -> None:
    """Copy a group into another, with small attributes."""
    for key, value in old.attrs.items():
        if not key.endswith("_names"):  # lists that the importer does not need
            new.attrs[key] = np.bytes_(value.encode()) if key != "model_config" else value
    for key, item in old.items():
        if isinstance(item, h5py.Group):
            copied(item, new.create_group(key))
        else:
            new.create_dataset(key, data=item[()], track_times=False)


def main() -> None:
    """Write every network as .keras, and some as .h5 too."""
    for name in NETWORKS:
        model, x, outputs = network(name)
        path = HERE / f"{name}.keras"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the older format
            model.save(path)
            if name in ("sequential", "branches"):
                model.save(path.with_suffix(".h5"))
                compact(path.with_suffix(".h5"))
        packed(path)
        arrays = {f"output{n}": y[0] for n, y in enumerate(outputs)}
        np.savez_compressed(path.with_suffix(".npz"), input=x[0], **arrays)


if __name__ == "__main__":
    main()
