"""The public functions, with plain paths and arrays; `sheetcnn` itself offers them lazily.

Over 400 lines, most of them docstrings: the whole interface is to be read in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sheetcnn.files import AnyPath
from sheetcnn.importers import load as _load
from sheetcnn.importers.images import Image, all_images, image_name, pixels_of
from sheetcnn.importers.spec import save as _save
from sheetcnn.languages import language as _language
from sheetcnn.model import engine as _engine
from sheetcnn.model.graph import Graph, Model
from sheetcnn.pages.input import sample_names
from sheetcnn.sheets.layout import Options, ReluName, Target
from sheetcnn.teaching.kinds import KINDS
from sheetcnn.workbook import build as _build
from sheetcnn.workbook import extract as _extract
from sheetcnn.workbook import inspect as _inspect
from sheetcnn.workbook import verify as _verify
from sheetcnn.workbook.auto_layout import LayoutChoice

if TYPE_CHECKING:
    import torch

    from sheetcnn.teaching.exercises.classset import ClassSet
    from sheetcnn.teaching.exercises.grading import Grades
    from sheetcnn.teaching.paper.files import Format


def load(
    path: AnyPath,
    weights: AnyPath | None = None,
    *,
    input_shape: tuple[int, int, int] | None = None,
    fold_batch_norm: bool = False,
) -> Model:
    """Load a model from files.

    Args:
        path: a layer spec (.yaml, .json, .toml), a directory that holds exactly one, or a whole model:
            .onnx (needs `sheetcnn[onnx]`), .pt2 (`sheetcnn[torch]`), .keras, .h5 (`sheetcnn[keras]`).
        weights: the weights of a spec: .safetensors or .npz with `<layer>.weight`, `<layer>.bias` in
            PyTorch's shapes, or a PyTorch state dict (.pt, .pth); by default the .safetensors or .npz
            beside the spec with the same name.
        input_shape: `(C, H, W)`, for an ONNX file that does not fix the size of its input.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Returns:
        The graph, with the shape of every tensor, and the weights in float64.

    Raises:
        SpecError: the spec cannot be read or is invalid.
        ShapeError: layers do not fit together.
        WeightsError: arrays are missing, superfluous, of the wrong shape or not finite.
        UnsupportedError: the file holds layers that sheetcnn cannot express; it lists them all.
    """
    arrays = None if weights is None else Path(weights)
    return _load.load_model(Path(path), arrays, input_shape, fold_batch_norm=fold_batch_norm)


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
        name: name of the network; by default the name of the class.
        labels: names of the classes.
        fold_batch_norm: fold each batch normalisation into the layer before it.

    Raises:
        UnsupportedError: the module holds operations that sheetcnn cannot express; it lists them all.
    """
    return _load.load_module(module, example_input, name=name, labels=labels, fold_batch_norm=fold_batch_norm)


def convert(model: Model, directory: AnyPath) -> tuple[Path, Path]:
    """Write a model as a readable spec (.yaml) with its weights (.safetensors) beside it.

    Args:
        model: from `load` or `from_torch`.
        directory: where to write; created if it does not exist.

    Returns:
        The paths of the spec and the weights.

    Raises:
        OutputError: a file of that name exists already, or cannot be written.
    """
    return _save.save(model, Path(directory))


def schema() -> dict[str, Any]:
    """The JSON Schema of a layer spec, for completion and validation in an editor."""
    from sheetcnn.importers.spec.schema import json_schema

    return json_schema()


def list_starters() -> list[tuple[str, str]]:
    """The name of every starter network, and a line about it."""
    from sheetcnn.importers.starters import describe

    return list(describe().items())


def init(starter: str, directory: AnyPath | None = None) -> list[Path]:
    """Copy the files of a starter network (spec, weights, images) into a new directory.

    Args:
        starter: one of `list_starters()`.
        directory: must not exist yet, or be empty; by default named like the starter.

    Returns:
        The files written.

    Raises:
        SpecError: there is no such starter.
        OutputError: the directory is not empty, or cannot be written.
    """
    from sheetcnn.importers.starters import copy_starter

    return copy_starter(starter, Path(directory or starter))


def predict(model: Model, image: Image, *, resize: bool = False) -> _engine.Result:
    """Run a model on an image in NumPy, in float64.

    Args:
        model: from `load` or `from_torch`.
        image: a path (.png, .jpg, .npy, .csv ...) or raw pixels: `(C, H, W)`, or `(H, W)` for one channel.
        resize: scale an image file of another size.

    Returns:
        Every activation by name, the output and the prediction.

    Raises:
        ImageError: the image cannot be read or does not fit the network's input.
    """
    return _engine.run(model, pixels_of(image, model.graph.source_shape, resize=resize))


def build(
    model: Model,
    image: Image,
    path: AnyPath,
    *,
    layout: LayoutChoice = "auto",
    target: Target = "excel",
    relu: ReluName = "fused",
    samples: Sequence[Image] = (),
    pages: Sequence[str] | None = None,
    language: str = "en",
    resize: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> _build.Built:
    """Write the workbook that computes a model on an image.

    Args:
        model: from `load` or `from_torch`.
        image: as for `predict`; its pixels can be changed in the workbook afterwards.
        path: the .xlsx file to write; an existing file is replaced atomically.
        layout: `planar` (a sheet per feature map, for learning), `interleaved` (a sheet per layer, for big
            networks), or `auto`: planar while it fits.
        target: the program whose limits the workbook respects: `excel`, `libreoffice` or `sheets`.
        relu: `fused` computes ReLU inside the formula of a layer; `separate` shows pre-activations in a
            grid of their own.
        samples: more images to choose from in the workbook; a directory stands for all images in it,
            except `image` itself.
        pages: names of the explanatory pages, as the help of `sheetcnn build` lists them; by default all that
            suit the size of the network.
        language: language of the workbook, `en` or `de`.
        resize: scale image files of another size.
        progress: called with the number of sheets written and the number of all sheets.

    Returns:
        Figures about the workbook, and the result of the engine.

    Raises:
        ImageError: an image does not fit, or there are samples but no page `input`.
        SpecError: there is no such language.
        LimitError: the network does not fit into a workbook; nothing is written then.
        OutputError: the file cannot be written.
    """
    _language(language)
    images = all_images(image, samples)
    pixels = [pixels_of(one, model.graph.source_shape, resize=resize) for one in images]
    names = sample_names([image_name(one) for one in images])
    wanted = None if pages is None else tuple(pages)
    options = Options(relu, target=target, pages=wanted, language=language, samples=names)
    return _build.build(
        model, pixels[0], Path(path), options, samples=pixels[1:], layout=layout, progress=progress
    )


def inspect(
    model: Model | Graph | AnyPath,
    *,
    input_shape: tuple[int, int, int] | None = None,
    fold_batch_norm: bool = False,
    layout: LayoutChoice = "auto",
    target: Target = "excel",
    relu: ReluName = "fused",
    pages: Sequence[str] | None = None,
) -> _inspect.Inspection:
    """Count what the workbook of a model would hold, without building it.

    Args:
        model: a model, its graph, or what `load` takes; a spec needs no weights.
        input_shape: as for `load`.
        fold_batch_norm: as for `load`.
        layout: as for `build`.
        target: as for `build`.
        relu: as for `build`.
        pages: as for `build`.

    Raises:
        SpecError, ShapeError, WeightsError, UnsupportedError: as `load`.
    """
    if isinstance(model, Model):
        graph = model.graph
    elif isinstance(model, Graph):
        graph = model
    else:
        graph = _load.load_graph(Path(model), input_shape, fold_batch_norm=fold_batch_norm)
    wanted = None if pages is None else tuple(pages)
    return _inspect.inspect(graph, Options(relu, target=target, pages=wanted), layout=layout)


def verify(
    path: AnyPath,
    calculator: str = "ironcalc",
    *,
    quick: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> _verify.Report:
    """Recalculate a workbook with a spreadsheet program, and compare every formula cell with NumPy.

    A workbook that agrees is verified three times more, in copies with other pixels and weights, because a
    broken formula may have the right value by accident.

    Args:
        path: a workbook written by sheetcnn; it may have been edited since.
        calculator: the program: `ironcalc`, `libreoffice` or `gnumeric`.
        quick: leave out the passes with other pixels and weights.
        progress: called with the current step, how much of it is done, and how much there is (0: unknown).

    Returns:
        Counts, the largest errors, and every cell that does not agree.

    Raises:
        WorkbookError: the file is damaged or was not built by sheetcnn.
        CalculatorError: the calculator is missing or fails.
    """
    return _verify.verify(Path(path), calculator, KINDS, quick=quick, progress=progress)


def extract(path: AnyPath, directory: AnyPath) -> _extract.Extracted:
    """Write the spec, the weights and the images of a workbook back to files.

    Args:
        path: a workbook written by sheetcnn; weights and pixels may have been edited since.
        directory: where to write; created if it does not exist.

    Returns:
        The files, and whether weights or input were changed.

    Raises:
        WorkbookError: the file is damaged or was not built by sheetcnn.
        OutputError: a file of that name exists already, or cannot be written.
    """
    return _extract.extract(Path(path), Path(directory), KINDS)


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
        source: a model, what `load` takes, or a workbook (.xlsx) that `build` wrote. The handout of a
            workbook uses the weights in its cells, and the image that is chosen or painted in it.
        path: the file to write: .pdf (needs `sheetcnn[handouts]`), .html or .md.
        image: as for `predict`; required unless `source` is a workbook.
        weights: as for `load`.
        input_shape: as for `load`.
        fold_batch_norm: as for `load`.
        resize: scale an image file of another size.
        pixel: the value of a convolution to work through: `conv2:3,4,5` (layer, map, row, column, counted
            from 1), or a layer alone for its most active pixel; by default that of the last convolution.
        language: language of the handout, `en` or `de`; by default English, or the language of the workbook.
        form: `pdf`, `html` or `md`; by default the ending of `path`.

    Raises:
        SpecError: there is no such pixel or language, or no image was given; and what `load` raises.
        ImageError: the image cannot be read or has another shape.
        WorkbookError: the workbook is damaged or was not built by sheetcnn.
        OutputError: typst is not installed, or the file cannot be written.
    """
    from sheetcnn.teaching.handouts.handout import write_handout

    write_handout(
        source,
        Path(path),
        image=image,
        weights=None if weights is None else Path(weights),
        input_shape=input_shape,
        fold_batch_norm=fold_batch_norm,
        resize=resize,
        pixel=pixel,
        language=language,
        form=form,
    )


def list_lessons() -> list[tuple[str, str]]:
    """The name of every lesson and the question it answers, in teaching order."""
    from sheetcnn.teaching.lessons import lesson_lines

    return list(lesson_lines())


def lesson(name: str, path: AnyPath) -> None:
    """Write a lesson: a small live workbook, or its page for print.

    Args:
        name: one of `list_lessons()`.
        path: the file to write: .xlsx for the workbook; .pdf (needs `sheetcnn[handouts]`), .html or .md
            for the page, which has the questions and, on a page of their own, the answers.

    Raises:
        SpecError: there is no such lesson.
        OutputError: the path has another ending, or the file cannot be written.
    """
    from sheetcnn.teaching.lessons import write_lesson

    write_lesson(name, Path(path))


def exercise(
    model: Model | AnyPath,
    directory: AnyPath,
    *,
    seed: int = 1,
    count: int | None = None,
    kinds: Sequence[str] | None = None,
    roster: AnyPath | Sequence[str] | None = None,
) -> ClassSet:
    """Write exercises: a worksheet (PDF), a workbook that checks the answers typed, and the answer key.

    Args:
        model: a model, or what `load` takes; some questions are about its layers and weights.
        directory: where to write; must not exist yet, or be empty.
        seed: seed of the random numbers; the same seed gives the same files, byte for byte.
        count: number of questions; by default one of each kind.
        kinds: kinds of questions: `pixel`, `size`, `counting`, `field`, `which`, `pool`, `formula`,
            `softmax`, `model_pixel`; by default all that the model allows.
        roster: a CSV file with a column of names, or the names: each student gets a variant of their own.

    Raises:
        SpecError: there is no such kind, the count is out of range, or the roster is invalid.
        OutputError: the directory is not empty, cannot be written, or typst is not installed.
    """
    from sheetcnn.teaching.exercises.classset import student_names, write_class_set

    return write_class_set(
        model if isinstance(model, Model) else load(model),
        Path(directory),
        seed=seed,
        count=count,
        kinds=kinds,
        names=student_names(roster),
    )


def grade(directory: AnyPath, key: AnyPath | None = None) -> Grades:
    """Grade the submissions in a directory, and write the table of grades there.

    Args:
        directory: holds the submitted workbooks, under any names; gets `grades.csv` and `grades.xlsx`.
        key: the `key.json` that `exercise` wrote; by default the one in the directory.

    Returns:
        A row for each student of the roster, then one for each file that belongs to no student.

    Raises:
        SpecError: the directory or the key is missing or damaged.
        OutputError: the table cannot be written.
    """
    from sheetcnn.teaching.exercises import grading

    grades = grading.grade(Path(directory), None if key is None else Path(key))
    grading.write_grades(grades, Path(directory))
    return grades
