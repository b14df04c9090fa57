"""The writer alone: values made late, rows taken one by one, threads that compress, what errors leave."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from sheetcnn.errors import OutputError
from sheetcnn.formulas.expr import Rect, Ref, call
from sheetcnn.formulas.render import render
from sheetcnn.shape import Array
from sheetcnn.xlsx import deflate, write
from sheetcnn.xlsx.book import Book, Cell, Grid, Sheet, Style
from sheetcnn.xlsx.deflate import Deflater
from sheetcnn.xlsx.stream import SheetWriter
from sheetcnn.xlsx.write import write_book

PLAIN, BOLD = Style(), Style(bold=True)
WINDOW = call("SUM", Rect("source", 1, 1, 2, 2, row_i=1, col_j=3))
"""Moves a row down with each row: shared formulas."""
STRIDED = call("SUM", Rect("source", 1, 1, 2, 2, row_i=2, col_j=3))
"""Moves two rows down: plain formulas."""


def grid(values: Array, row: int = 1, col: int = 1, **more: object) -> Grid:
    return Grid(row, col, *values.shape, PLAIN, values, **more)  # type: ignore[arg-type]


def noise(*shape: int) -> Array:
    return np.random.default_rng(0).normal(size=shape)


def books(*sheets: Sheet) -> Book:
    return Book("test", [Sheet("source", [Cell(1, 1, 1.0)]), *sheets])


def large(values: Array | Callable[[], Array] | None = None) -> Book:
    """A sheet of some megabytes, which several threads compress."""
    shape = (600, 200)
    numbers = noise(*shape) if values is None else values
    return books(Sheet("large", grids=[Grid(1, 1, *shape, PLAIN, numbers)]))


def read(path: Path, *, values: bool = True) -> dict[str, dict[tuple[int, int], object]]:
    return {
        sheet.title: {
            (cell.row, cell.column): cell.value
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        }
        for sheet in load_workbook(path, data_only=values).worksheets
    }


def deflating() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "deflate" in thread.name]


# --- Values -------------------------------------------------------------------------------------


def test_values_that_are_functions_are_made_for_their_sheet_alone(tmp_path: Path) -> None:
    made: list[weakref.ref[Array]] = []

    def make() -> Array:
        assert all(ref() is None for ref in made), "an earlier sheet's array is still held"
        array = noise(20, 3)
        made.append(weakref.ref(array))
        return array

    sheets = [Sheet(f"sheet_{n}", grids=[Grid(1, 1, 20, 3, PLAIN, make)]) for n in range(3)]
    sheets.append(Sheet("shared", grids=[Grid(1, 1, 20, 3, PLAIN, make, WINDOW)]))
    askew = call("SUM", Ref(None, 9, 9, row_j=1))
    sheets.append(Sheet("loose", grids=[Grid(1, 1, 20, 3, PLAIN, make, askew)]))
    write_book(books(*sheets), tmp_path / "a.xlsx")
    assert len(made) == 5, "each once"
    assert read(tmp_path / "a.xlsx")["sheet_2"][20, 3] == noise(20, 3)[19, 2]


def test_values_below_each_other_are_let_go_of_in_turn(tmp_path: Path) -> None:
    made: list[weakref.ref[Array]] = []

    def make() -> Array:
        assert all(ref() is None for ref in made)
        array = noise(5, 2)
        made.append(weakref.ref(array))
        return array

    grids = [Grid(1 + 5 * n, 1, 5, 2, PLAIN, make) for n in range(4)]
    write_book(books(Sheet("tall", grids=grids)), tmp_path / "a.xlsx")
    assert len(made) == 4


def test_a_view_is_never_copied_whole(tmp_path: Path) -> None:
    weight = noise(7, 30)
    path = tmp_path / "a.xlsx"
    write_book(books(Sheet("w", grids=[grid(weight.T)])), path)
    cells = read(path)["w"]
    assert [cells[i + 1, j + 1] for i in range(30) for j in range(7)] == weight.T.ravel().tolist()
    wide = np.lib.stride_tricks.as_strided(weight, (2_000, 500), (0, 8 * 0), writeable=False)
    writer = SheetWriter(Sheet("w", grids=[grid(wide)]), {PLAIN: 0})
    tracemalloc.start()
    length = sum(map(len, writer.rows()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > 2_000 * 500 * 20
    assert peak < 2_000_000, "the array itself would be 8 MB"


class MadeRows:
    """Numbers that exist a row at a time."""

    def __getitem__(self, row: int) -> Array:
        return np.array([row, row / 4, np.nan])


def test_rows_made_one_by_one(tmp_path: Path) -> None:
    rows = Grid(3, 2, 19, 3, PLAIN, MadeRows())
    write_book(books(Sheet("made", grids=[rows, grid(noise(19, 2), 3, 6)])), tmp_path / "a.xlsx")
    cells = read(tmp_path / "a.xlsx")["made"]
    assert [(cells[r, 2], cells[r, 3]) for r in (3, 10, 11, 21)] == [(0, 0), (7, 1.75), (8, 2), (18, 4.5)]
    assert all((r, 4) not in cells for r in range(3, 22))


@st.composite
def sheets(draw: st.DrawFn) -> tuple[Sheet, dict[tuple[int, int], tuple[float, str | None]]]:
    """Interleaved grids of several sorts with holes, cells among them, and what must stand where."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    height, count = draw(st.integers(1, 19)), draw(st.integers(1, 4))
    step = draw(st.integers(count, count + 1))
    holes = draw(st.sampled_from([0.0, 0.2, 0.9, 1.0]))
    expected: dict[tuple[int, int], tuple[float, str | None]] = {}
    grids = []
    for k in range(count):
        width = draw(st.integers(1, 5))
        formula = draw(st.sampled_from([None, WINDOW, STRIDED]))
        row_step = draw(st.integers(1, 2))
        values = np.array([[rng.uniform(-9, 9) for _ in range(width)] for _ in range(height)])
        values[np.array([[rng.random() < holes for _ in range(width)] for _ in range(height)])] = np.nan
        grids.append(
            Grid(
                4, 2 + k, height, width, draw(st.sampled_from([PLAIN, BOLD])), values, formula, row_step, step
            )
        )
        pattern = None if formula is None else render(formula, "drawn")
        for i, j in np.ndindex(height, width):
            if not np.isnan(values[i, j]):
                place = 4 + i * row_step, 2 + k + j * step
                expected[place] = values[i, j], None if pattern is None else "=" + pattern.text(i, j)
    cells = []
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(1, 12)), draw(st.sampled_from([1, 3 + 5 * step + count]))
        if place not in expected:
            expected[place] = 0.5, None
            cells.append(Cell(*place, 0.5))
    return Sheet("drawn", cells, draw(st.permutations(grids))), expected


@given(sheets(), st.booleans())
def test_every_cell_stands_where_it_should(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[Sheet, dict[tuple[int, int], tuple[float, str | None]]],
    share: bool,
) -> None:
    sheet, expected = drawn
    path = tmp_path_factory.getbasetemp() / "drawn.xlsx"
    write_book(books(sheet), path, share=share)
    assert read(path)["drawn"] == {place: value for place, (value, _) in expected.items()}
    formulas = {place: formula or value for place, (value, formula) in expected.items()}
    assert read(path, values=False)["drawn"] == formulas


def test_the_bound_of_a_sheet_is_one() -> None:
    smallest = np.full((40, 30), -1.2345678901234567e-308)
    grids = [
        grid(smallest, 1, 1),
        grid(smallest, 1, 31, formula=STRIDED),
        grid(smallest, 41, 1, formula=WINDOW),
    ]
    writer = SheetWriter(Sheet("bound", grids=grids), {PLAIN: 0})
    bound, length = writer.most, sum(map(len, writer.rows()))
    assert length < bound < 1.3 * length


# --- Compression --------------------------------------------------------------------------------


@pytest.fixture(params=["size", "speed", "speed, without isal"])
def fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether sheets are compressed for speed."""
    how: str = request.param
    if how == "speed" and deflate.isal_zlib is None:
        pytest.skip("isal is not made for this machine")
    if how == "speed, without isal":
        monkeypatch.setattr(deflate, "isal_zlib", None)
    return how != "size"


@pytest.mark.parametrize("sizes", [[], [0], [5], [100_000, 3], [40_000] * 9, [10, 10, 70_000, 10]])
def test_chunks_become_one_stream(sizes: list[int], fast: bool) -> None:
    rng = random.Random(3)
    chunks = [bytes(rng.choices(b"0123456789<>", k=size)) for size in sizes]
    streams = set()
    for workers in (1, 3):
        with ThreadPoolExecutor(workers) as pool:
            deflater = Deflater(pool, workers, fast=fast)
            stream = b"".join([deflater.compress(chunk) for chunk in chunks]) + deflater.flush()
        assert zlib.decompress(stream, -zlib.MAX_WBITS) == b"".join(chunks)
        streams.add(stream)
    assert len(streams) == 1


def test_the_same_bytes_whatever_the_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    monkeypatch.setattr(write, "_LARGE", 0 if fast else 1 << 40)
    written = []
    for n, workers in enumerate((1, 1, 2, 5)):
        monkeypatch.setattr(write, "threads", lambda workers=workers: workers)
        path = tmp_path / f"{n}.xlsx"
        write_book(large(), path)
        written.append(path.read_bytes())
    assert len(set(written)) == 1
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        part = package.getinfo("xl/worksheets/sheet2.xml")
        assert part.file_size > 10 * write._CHUNK, "several chunks were compressed"
    assert not deflating()


# --- What errors leave --------------------------------------------------------------------------


class Boom(BaseException):
    """Nothing in the program knows it."""


class Failing:
    """Rows of which a late one raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __getitem__(self, row: int) -> Array:
        if row == 500:
            raise self.error
        return noise(200)


def check_nothing_is_left(path: Path, before: bytes) -> None:
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path], "no half file"
    assert not deflating(), "no thread"


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyboardInterrupt(), Boom()], ids=lambda e: type(e).__name__
)
def test_an_error_while_formatting(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "book.xlsx"
    write_book(books(), path)
    before = path.read_bytes()
    with pytest.raises(type(error)):
        write_book(large(Failing(error)), path)  # type: ignore[arg-type]
    check_nothing_is_left(path, before)

    def make() -> Array:
        raise error

    with pytest.raises(type(error)):
        write_book(large(make), path)
    check_nothing_is_left(path, before)


def test_an_error_on_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "book.xlsx"
    write_book(books(), path)
    before = path.read_bytes()
    real, calls = deflate.deflated, []

    def scarce(chunk: bytes, before: bytes, *, last: bool) -> bytes:
        calls.append(threading.current_thread().name)
        if "deflate" in calls[-1] and len(chunk) > write._CHUNK // 2:
            raise MemoryError
        return real(chunk, before, last=last)

    monkeypatch.setattr(deflate, "deflated", scarce)
    monkeypatch.setattr(deflate, "deflated_fast", scarce)
    with pytest.raises(MemoryError):
        write_book(large(), path)
    assert any("deflate" in name for name in calls)
    check_nothing_is_left(path, before)


def test_an_interrupt_while_waiting_for_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "book.xlsx"
    write_book(books(), path)
    before = path.read_bytes()
    real, slept = deflate.deflated, threading.Event()

    def slow(chunk: bytes, before: bytes, *, last: bool) -> bytes:
        if "deflate" in threading.current_thread().name and not slept.is_set():
            slept.set()
            time.sleep(0.2)
            signal.raise_signal(signal.SIGINT)  # Python runs the handler on the main thread, which waits
        return real(chunk, before, last=last)

    monkeypatch.setattr(deflate, "deflated", slow)
    monkeypatch.setattr(deflate, "deflated_fast", slow)
    # A process that a shell starts in the background ignores the signal.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_book(large(), path)
    finally:
        signal.signal(signal.SIGINT, handler)
    check_nothing_is_left(path, before)


FULL_DISK = """
import resource, sys
from pathlib import Path
from test_writer import deflating, large, OutputError, write_book
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    write_book(large(), Path(sys.argv[1]))
except OutputError as error:
    print(error, deflating())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a process's files")
def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_book(books(), path)
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == f"{path} cannot be written: File too large []\n", done.stderr
    assert not done.stderr
    check_nothing_is_left(path, before)


ENDLESS = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell starts in the background
from test_writer import Book, Grid, PLAIN, Sheet, noise, write_book

class Endless:
    def __getitem__(self, row):
        if row == 100:
            print("going", flush=True)
        return noise(500)

grid = Grid(1, 1, 1_000_000, 500, PLAIN, Endless())
write_book(Book("endless", [Sheet("s", grids=[grid])]), Path(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGINT for one process")
def test_ctrl_c(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_book(books(), path)
    before = path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(path)],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert said.strip().endswith("KeyboardInterrupt")
    check_nothing_is_left(path, before)


def test_a_disk_full_when_the_file_is_opened(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_book(large(), tmp_path / "missing" / "book.xlsx")
    assert not deflating()
