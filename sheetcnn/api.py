"""The public functions, with plain paths and arrays; `sheetcnn` itself offers them lazily.

Over 400 lines, most of them docstrings: the whole interface is to be read in one place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sheetcnn.errors import SpecError
from sheetcnn.importers.images import image_files, read_image
from sheetcnn.importers.load import load_model
from sheetcnn.importers.spec import save as _save
from sheetcnn.languages import language as _language
from sheetcnn.model import engine as _engine
from sheetcnn.model import passes as _passes
from sheetcnn.model.graph import Graph, Model
from sheetcnn.pages.input import sample_names
from sheetcnn.sheets.layout import Options, PageName, ReluName, Target
from sheetcnn.workbook import build as _build
from sheetcnn.workbook import extract as _extract
from sheetcnn.workbook import inspect as _inspect
from sheetcnn.workbook import verify as _verify
from sheetcnn.workbook.auto_layout import LayoutChoice

if TYPE_CHECKING:
    import torch

    from sheetcnn.teaching.exercises.classset import ClassSet
    from sheetcnn.teaching.exercises.grading import Grades
    from sheetcnn.teaching.handouts.handout import Format

AnyPath = str | os.PathLike[str]
Image = AnyPath | npt.ArrayLike


def load(
    path: AnyPath,
    weights: AnyPath | None = None,
    *,
    input_shape: tuple[int, int, int] | None = None,
    fold_batch_norm: bool = False,
) -> Model:
    """Load a model.

    Args:
        path: a layer spec (.yaml, .json, .toml), a directory that holds exactly one, or a whole model:
            .onnx (needs `sheetcnn[onnx]`), .pt2 (`sheetcnn[torch]`), .keras, .h5 (`sheetcnn[keras]`).
        weights: for a spec: .safetensors or .npz with `<layer>.weight`, `<layer>.bias` in PyTorch's
            shapes, or a PyTorch state dict (.pt, .pth); by default the .safetensors or .npz beside the
            spec with the same name.
        input_shape: `(C, H, W)`, for an ONNX file that leaves the size of its input open.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Returns:
        The graph, with the shape of every tensor, and the weights in float64.

    Raises:
        SpecError: the spec cannot be read or says something that is not allowed.
        ShapeError: layers do not fit together.
        WeightsError: arrays are missing, superfluous, of the wrong shape or not finite.
        UnsupportedError: the file holds layers that sheetcnn cannot express; it lists them all.
    """
    model = load_model(Path(path), None if weights is None else Path(weights), input_shape)
    return _passes.fold_batch_norm(model) if fold_batch_norm else model


def from_torch(
    module: torch.nn.Module,
    example_input: object,
    *,
    name: str | None = None,
    labels: Sequence[str] = (),
    fold_batch_norm: bool = False,
) -> Model:
    """Import a PyTorch module through `torch.export` (needs `sheetcnn[torch]`).

    Args:
        module: it is exported in evaluation mode, and left as it was.
        example_input: a tensor or array `(1, C, H, W)` or `(C, H, W)`; only its shape matters.
        name: of the network; by default the class's name.
        labels: of the classes.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Raises:
        UnsupportedError: the module holds operations that sheetcnn cannot express; it lists them all.
    """
    from sheetcnn.importers.torch import from_torch as read

    model = _passes.share_weights(read(module, example_input, name=name, labels=tuple(labels)))
    model = _passes.fuse_activations(model)
    return _passes.fold_batch_norm(model) if fold_batch_norm else model


def convert(model: Model, directory: AnyPath) -> tuple[Path, Path]:
    """Write a model as a readable spec (.yaml) with its weights (.safetensors) beside it.

    Args:
        model: from `load` or `from_torch`.
        directory: made if it is missing.

    Returns:
        The two files.

    Raises:
        OutputError: a file of that name exists already, or cannot be written.
    """
    return _save.save(model, Path(directory))


def run(model: Model, image: Image, *, resize: bool = False) -> _engine.Result:
    """Run a model in NumPy, in float64.

    Args:
        model: from `load`.
        image: a path (.png, .jpg, .npy, .csv ...) or raw pixels: `(C, H, W)`, or `(H, W)` for one channel.
        resize: scale an image file of another size.

    Returns:
        Every activation by name, the output and the prediction.

    Raises:
        ImageError: the image cannot be read or does not fit the network's input.
    """
    return _engine.run(model, _pixels(model, image, resize=resize))


def build(
    model: Model,
    image: Image,
    path: AnyPath,
    *,
    layout: LayoutChoice = "auto",
    target: Target = "excel",
    relu: ReluName = "fused",
    samples: Sequence[Image] = (),
    pages: Sequence[PageName] | None = None,
    language: str = "en",
    resize: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> _build.Built:
    """Write the workbook that computes a model on an image.

    Args:
        model: from `load`.
        image: as for `run`; its pixels can be changed in the workbook afterwards.
        path: of the .xlsx file; what stands there is replaced only when all is written.
        layout: `planar` (a sheet per feature map, for learning), `interleaved` (a sheet per layer, for big
            networks), or `auto`: planar while it fits.
        target: the program whose limits the workbook keeps to: `excel`, `libreoffice` or `sheets`.
        relu: `separate` writes each pre-activation grid beside its activation.
        samples: more images, which can be chosen in the workbook; a directory stands for all images in it,
            and the file `image` is passed over.
        pages: the pages that explain, besides `overview` and `about`: `input`, `gallery`, `trace`,
            `receptive`, `changes`, `notes`; by default all that fit the network's size.
        language: of the texts, `en` or `de`.
        resize: scale image files of another size.
        progress: called with the sheets written and the sheets in all.

    Returns:
        What was written, with the engine's result.

    Raises:
        ImageError: an image does not fit, or there are samples and no page `input`.
        SpecError: there is no such language.
        LimitError: the network does not fit into a workbook; nothing is written then.
        OutputError: the file cannot be written.
    """
    _language(language)
    given = [image, *(sample for sample in _several(samples) if not _same_file(sample, image))]
    pixels = [_pixels(model, one, resize=resize) for one in given]
    names = sample_names([Path(n).stem if isinstance(n, str | os.PathLike) else "image" for n in given])
    wanted = None if pages is None else tuple(pages)
    options = Options(relu, target=target, pages=wanted, language=language, samples=names)
    return _build.build(
        model, pixels[0], Path(path), options, samples=pixels[1:], layout=layout, progress=progress
    )


def verify(
    path: AnyPath,
    calculator: str = "ironcalc",
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> _verify.Report:
    """Let a calculator recalculate a workbook, and compare every formula cell with NumPy.

    Args:
        path: of a workbook that sheetcnn built; weights and pixels may have been changed since.
        calculator: `ironcalc`, `libreoffice` or `gnumeric`.
        progress: called with what is being done, how much of it is done, and how much there is (0: nobody
            knows).

    Returns:
        Counts, greatest errors, and every cell that does not agree.

    Raises:
        WorkbookError: the file is damaged or was not built by sheetcnn.
        CalculatorError: the calculator is missing or fails.
    """
    return _verify.verify(Path(path), calculator, progress=progress)


def extract(path: AnyPath, directory: AnyPath) -> _extract.Extracted:
    """Read the spec, the weights and the input of a workbook back into files: the way back.

    Args:
        path: of a workbook that sheetcnn built; weights and pixels may have been changed since.
        directory: for the files; made if it is missing.

    Returns:
        The files, and whether weights or input were changed.

    Raises:
        WorkbookError: the file is damaged or was not built by sheetcnn.
        OutputError: a file of that name exists already, or cannot be written.
    """
    return _extract.extract(Path(path), Path(directory))


def inspect(
    model: Model | Graph,
    *,
    layout: LayoutChoice = "auto",
    target: Target = "excel",
    relu: ReluName = "fused",
    pages: Sequence[PageName] | None = None,
) -> _inspect.Inspection:
    """Count what the workbook of a model would hold, without building it.

    Args:
        model: from `load`, or a graph without weights.
        layout: as for `build`.
        target: as for `build`.
        relu: as for `build`.
        pages: as for `build`.
    """
    wanted = None if pages is None else tuple(pages)
    graph = model.graph if isinstance(model, Model) else model
    return _inspect.inspect(graph, Options(relu, target=target, pages=wanted), layout=layout)


def handout(
    source: Model | AnyPath,
    path: AnyPath,
    *,
    image: Image | None = None,
    weights: AnyPath | None = None,
    input_shape: tuple[int, int, int] | None = None,
    fold_batch_norm: bool = False,
    resize: bool = False,
    pixel: str | None = None,
    language: str | None = None,
    form: Format | None = None,
) -> None:
    """Write a printable handout: diagram, maps, worked layers, receptive field, glossary.

    Args:
        source: a model, what `load` takes, or a workbook (.xlsx) that `build` wrote. Of a workbook the
            weights that stand in it count, and the image that is chosen or painted.
        path: of the file to write: .pdf (needs `sheetcnn[handouts]`), .html or .md.
        image: as for `build`; needed unless `source` is a workbook.
        weights: as for `load`.
        input_shape: as for `load`.
        fold_batch_norm: as for `load`.
        resize: scale an image of another size.
        pixel: of a convolution, to be worked: `conv2:3,4,5` (layer, map, row, column, counted from 1), or a
            layer alone for its most active pixel. By default that of the last convolution.
        language: `en`, `de`; of a workbook by default its own.
        form: `pdf`, `html` or `md`; by default the name's end says it.

    Raises:
        SpecError: there is no such pixel or language, or no image was given; and what `load` raises.
        ImageError: the image cannot be read or has another shape.
        WorkbookError: the workbook is damaged, or was not built by sheetcnn.
        OutputError: typst is not installed, or the file cannot be written.
    """
    from sheetcnn.teaching.handouts.handout import handout_of_model, handout_of_workbook, write_document

    if not isinstance(source, Model) and Path(source).suffix.lower() == ".xlsx":
        given = None
        if image is not None:
            given = _pixels_of(_extract.saved(Path(source))[0].layout.graph, image, resize=resize)
        document = handout_of_workbook(Path(source), given, pixel=pixel, code=language)
    else:
        model = source
        if not isinstance(model, Model):
            model = load(model, weights, input_shape=input_shape, fold_batch_norm=fold_batch_norm)
        if image is None:
            raise SpecError("a handout of a model needs an image: name one with --input")
        pixels = _pixels(model, image, resize=resize)
        document = handout_of_model(model, pixels, pixel=pixel, code=language or "en")
    write_document(document, Path(path), form)


def list_lessons() -> list[tuple[str, str]]:
    """Every lesson's name and what question it answers, in the order to take them."""
    from sheetcnn.teaching.lessons import lesson_lines

    return list(lesson_lines())


def lesson(name: str, path: AnyPath) -> None:
    """Write a lesson: a small live workbook, or its page for print.

    Args:
        name: one of `list_lessons()`.
        path: of the file to write: .xlsx for the workbook; .pdf (needs `sheetcnn[handouts]`), .html or .md
            for the page, with the questions, and the answers on a page of their own.

    Raises:
        SpecError: there is no such lesson.
        OutputError: the name ends in none of these, or the file cannot be written.
    """
    from sheetcnn.teaching.handouts.handout import SUFFIXES, write_document
    from sheetcnn.teaching.lessons import build_lesson, find_lesson, lesson_document

    found, target = find_lesson(name), Path(path)
    if target.suffix.lower() in SUFFIXES:
        write_document(lesson_document(found), target)
    else:
        build_lesson(found, target)


def exercise(
    model: Model | AnyPath,
    directory: AnyPath,
    *,
    seed: int = 1,
    count: int | None = None,
    kinds: Sequence[str] | None = None,
    roster: AnyPath | Sequence[str] | None = None,
) -> ClassSet:
    """Write exercises: a worksheet (PDF), a workbook that checks what is typed, and the teacher's key.

    Args:
        model: a model, or what `load` takes: some questions are about its layers and numbers.
        directory: for the files; must not exist yet, or be empty.
        seed: of the numbers drawn; the same seed gives the same bytes.
        count: of questions; by default one of each kind.
        kinds: of questions: `pixel`, `size`, `counting`, `field`, `which`, `pool`, `formula`, `softmax`,
            `model_pixel`; by default all that the model allows.
        roster: a CSV file with a column of names, or the names: each student gets a variant of their own.

    Raises:
        SpecError: there is no such kind, the count is out of range, or the roster is faulty.
        OutputError: the directory holds files already, cannot be written, or typst is not installed.
    """
    from sheetcnn.teaching.exercises.classset import read_roster, write_class_set

    if not isinstance(model, Model):
        model = load(model)
    names = list(roster or ()) if not isinstance(roster, str | os.PathLike) else read_roster(Path(roster))
    return write_class_set(model, Path(directory), seed=seed, count=count, kinds=kinds, names=names)


def grade(directory: AnyPath, key: AnyPath | None = None) -> Grades:
    """Grade the exercises that came back, and write the table beside them.

    Args:
        directory: with the returned workbooks, under whatever names; `grades.csv` and `grades.xlsx` go there.
        key: the `key.json` that `exercise` wrote; by default that of the directory.

    Returns:
        A row for each student of the roster, then one for each file that belongs to nobody.

    Raises:
        SpecError: the directory or the key is missing or damaged.
        OutputError: the table cannot be written.
    """
    from sheetcnn.teaching.exercises.grading import grade as graded
    from sheetcnn.teaching.exercises.grading import write_grades

    grades = graded(Path(directory), None if key is None else Path(key))
    write_grades(grades, Path(directory))
    return grades


def _several(samples: Sequence[Image]) -> list[Image]:
    """The samples, with a directory's images in its place."""
    found: list[Image] = []
    for sample in samples:
        if isinstance(sample, str | os.PathLike) and Path(sample).is_dir():
            found += image_files(Path(sample))
        else:
            found.append(sample)
    return found


def _same_file(a: Image, b: Image) -> bool:
    """Whether two images are one file, such as the input among the images of its directory."""
    if not isinstance(a, str | os.PathLike) or not isinstance(b, str | os.PathLike):
        return False
    return Path(a).resolve() == Path(b).resolve()


def _pixels(model: Model, image: Image, *, resize: bool) -> npt.NDArray[np.float64]:
    return _pixels_of(model.graph, image, resize=resize)


def _pixels_of(graph: Graph, image: Image, *, resize: bool) -> npt.NDArray[np.float64]:
    shape = graph.source_shape
    if isinstance(image, str | os.PathLike):
        return read_image(Path(image), shape, resize=resize)
    pixels = np.asarray(image, dtype=np.float64)
    return pixels[None] if pixels.ndim == 2 and shape.channels == 1 else pixels
