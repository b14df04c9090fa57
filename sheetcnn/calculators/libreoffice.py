"""LibreOffice without a window: one start converts many workbooks, and small ones need none (`office.py`).

By default LibreOffice trusts the values cached in an .xlsx file, and it ignores `fullCalcOnLoad`. What
makes it recalculate is a setting, so it runs with a profile of its own that holds this setting. That
also keeps the user's profile, and a LibreOffice that is open, out of the matter.
"""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from sheetcnn.calculators import canary, separated
from sheetcnn.calculators.base import Input, Progress, Recalculated, check_inputs
from sheetcnn.calculators.office import Keeper, find_python
from sheetcnn.calculators.process import (
    Finished,
    Program,
    close_all,
    closed,
    newest_first,
    on_path,
    program_files,
    read_back,
    run,
    wrote_nothing,
)
from sheetcnn.errors import CalculatorError, WorkbookError
from sheetcnn.shape import Array
from sheetcnn.xlsx.read import CellError, CellTable, CellValues, Value
from sheetcnn.xlsx.table import TableCache

_SETTINGS = (
    # 0 is "always recalculate".
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", "0"),
    # With threads LibreOffice looks for dependencies within each group of formulas first, over and over:
    # on 600,000 formulas of an interleaved layout that takes over ten minutes instead of 13 seconds.
    ("/org.openoffice.Office.Calc/Formula/Calculation", "UseThreadedCalculationForFormulaGroups", "false"),
    # Values are written as in English, whatever the language of the machine.
    ("/org.openoffice.Setup/L10N", "ooLocale", "en-US"),
    ("/org.openoffice.Setup/L10N", "ooSetupSystemLocale", "en-US"),
    # A workbook may come from anywhere: no macros, no links to elsewhere.
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
)
_RESTART = 81  # the exit status that asks for another start, after the first one with a new profile
_XLSX = "xlsx:Calc MS Excel 2007 XML"
_CSV = f"csv:Text - txt - csv (StarCalc):{separated.OPTIONS}"

_MOST_KEPT = 2**27
"""Bytes of workbooks beyond which LibreOffice is started for them alone: it gives back only some memory
when it closes a workbook, and its start does not matter then."""

_MOST_CSV = (4, 2**30)
"""Values are written no further than this many times the size of the workbook, plus this many bytes. A cell
of a sheet takes more room in a workbook, but a stray cell far out makes the values of a sheet huge."""


class LibreOffice(Program):
    """Runs workbooks through `soffice`."""

    name = "libreoffice"
    title = "LibreOffice"
    variable = "SHEETCNN_LIBREOFFICE"

    def places(self) -> Iterable[Path]:
        """Where `soffice` usually is on Linux, macOS and Windows."""
        app = Path("Applications/LibreOffice.app/Contents/MacOS/soffice")
        return [
            *on_path("soffice", "libreoffice"),
            *(Path(folder) / "soffice" for folder in ("/usr/bin", "/usr/local/bin")),
            *newest_first(Path("/opt"), "libreoffice*/program/soffice"),
            Path("/snap/bin/libreoffice"),
            "/" / app,
            Path.home() / app,
            *program_files("LibreOffice*/program/soffice.com"),  # the one that waits and prints
        ]

    def install_hint(self) -> str:
        """How LibreOffice is installed."""
        return "install LibreOffice (https://www.libreoffice.org; Debian: apt install libreoffice-calc-nogui)"

    def version(self) -> str:
        """The version that `soffice` reports."""
        program = self.program()
        return _version(program, program.stat().st_mtime_ns)

    def _ask_version(self, program: Path) -> str:
        profile = _profile(_scratch_parent(program))
        with tempfile.TemporaryDirectory(prefix="sheetcnn-", dir=profile.directory) as scratch, profile.lock:
            finished = run(
                [program, profile.argument, "--version"], title=self.title, timeout=60, scratch=Path(scratch)
            )
        match = re.search(r"LibreOffice\w* ([0-9][0-9.]*)", finished.output)
        if match is None:
            raise CalculatorError(f"{self.title} does not tell its version; it said:\n{finished.said}")
        return match[1]

    def recalculate(self, paths: Sequence[Path], progress: Progress | None = None) -> list[Recalculated]:
        """Lets copies of all workbooks be recalculated in one start, and reads the values that it writes.

        They are written as comma-separated values, which takes about two thirds of the time of an .xlsx
        file and half the memory. Where that does not do (`separated.py`), .xlsx files are written.
        """
        program = self.program()
        inputs = check_inputs(paths)
        if not paths:
            return []
        profile = _profile(_scratch_parent(program))
        results: list[Recalculated] = []
        try:
            with tempfile.TemporaryDirectory(prefix="sheetcnn-", dir=profile.directory) as folder:
                job = _Job(self, program, profile, Path(folder), inputs, progress)
                separate = job.write_values()
                others = [n for n in range(len(inputs)) if n not in separate]
                again = dict(zip(others, job.write_workbooks(others), strict=True)) if others else {}
                for n, book in enumerate(inputs):
                    if n in again:
                        results.append(again.pop(n))
                    else:
                        results.append(_Values(self, book, job.copies[n], separate[n], profile))
        except BaseException:
            close_all(results)
            raise
        return results


class _TooMuchError(Exception):
    """The values would fill the disk."""


class _Job:
    """Some workbooks on their way through LibreOffice, in a directory of their own.

    Copies are converted, because results are named after inputs, and lock files appear beside them.
    """

    def __init__(
        self,
        calculator: LibreOffice,
        program: Path,
        profile: _Profile,
        scratch: Path,
        inputs: Sequence[Input],
        progress: Progress | None,
    ) -> None:
        self._calculator = calculator
        self._program = program
        self._profile = profile
        self._scratch = scratch
        self._inputs = inputs
        self._progress = progress
        self._canary = scratch / "canary.xlsx"
        canary.write_canary(self._canary)
        self.copies = [scratch / f"{n}.xlsx" for n in range(len(inputs))]
        for book, copy in zip(inputs, self.copies, strict=True):
            shutil.copyfile(book.path, copy)

    def write_values(self) -> dict[int, dict[str, Path]]:
        """The files of all sheets of each workbook whose values came out as they should."""
        out = self._scratch / "values"
        try:
            times, more = _MOST_CSV
            most = times * sum(book.size for book in self._inputs) + more
            finished = self._convert(_CSV, self.copies, out, self._inputs, most)
        except _TooMuchError:
            return {}
        written = {file.name: file for file in out.iterdir()}
        found = {}
        for n, book in enumerate(self._inputs):
            files = {sheet: written.get(f"{n}-{sheet}.csv") for sheet in book.sheets}
            if None not in files.values():
                found[n] = {sheet: file for sheet, file in files.items() if file is not None}
        if finished.status:  # the last file that it wrote may be incomplete
            first = next((n for n in range(len(self._inputs)) if n not in found), len(self._inputs) - 1)
            raise wrote_nothing(self._calculator.title, self._inputs[first], finished)
        proof = written.get(canary.CSV_NAME)
        # Before version 7.2 only the first sheet is written, and the values of another language may differ.
        if proof is None or proof.read_bytes().strip() != canary.CSV:
            return {}
        for n, book in enumerate(self._inputs):
            if not any(name.startswith(f"{n}-") for name in written):
                raise wrote_nothing(self._calculator.title, book, finished)
        return found

    def write_workbooks(self, chosen: Sequence[int]) -> list[Recalculated]:
        """Some of the workbooks, recalculated and written as such."""
        out = self._scratch / "workbooks"
        inputs = [self._inputs[n] for n in chosen]
        finished = self._convert(_XLSX, [self.copies[n] for n in chosen], out, inputs, None)
        books = [*check_inputs([self._canary]), *inputs]
        names = [self._canary.name, *(self.copies[n].name for n in chosen)]
        title, parent = self._calculator.title, self._profile.directory
        results: list[Recalculated] = []
        try:
            for book, name in zip(books, names, strict=True):
                results.append(read_back(title, book, out / name, parent, finished))
            canary.check_canary(title, results[0])
        except BaseException:
            close_all(results)
            raise
        results.pop(0).close()
        return results

    def _convert(
        self, form: str, copies: Sequence[Path], out: Path, inputs: Sequence[Input], most: int | None
    ) -> Finished:
        """Lets LibreOffice convert, and stops it when it has written more than `most` bytes."""
        out.mkdir()
        look = partial(self._look, out, inputs, most)
        if sum(book.size for book in inputs) <= _MOST_KEPT and (keeper := _keeper(self._program)):
            ending, _, kept_form = form.partition(":")
            files = [(file, out / f"{file.stem}.{ending}") for file in (self._canary, *copies)]
            sheets = sum(len(book.sheets) for book in inputs)
            if keeper.convert(kept_form, files, sheets, self._calculator.allowed(inputs), look):
                look()
                return Finished(0, "", "")
            shutil.rmtree(out)
            out.mkdir()
        command: list[str | Path] = [self._program, self._profile.argument, "--headless", "--norestore"]
        command += ["--nologo", "--nolockcheck", "--convert-to", form, "--outdir", out]
        command += [self._canary, *copies]
        for _ in range(2):
            with self._profile.lock:  # a second start with the same profile would hand its work to the first
                finished = run(
                    command,
                    title=self._calculator.title,
                    timeout=self._calculator.allowed(inputs),
                    scratch=self._scratch,
                    environment={"SAL_USE_VCLPLUGIN": "svp"},
                    look=look,
                )
            if finished.status != _RESTART:
                break
        look()
        return finished

    def _look(self, out: Path, inputs: Sequence[Input], most: int | None) -> None:
        """Tells how far LibreOffice is, and stops it before it fills the disk."""
        sizes = [_size(file) for file in out.iterdir()]
        if most is not None and sum(sizes) > most:
            raise _TooMuchError
        if self._progress is not None:
            total = sum(len(book.sheets) for book in inputs)
            done = len(sizes) - 2  # but the canary, and the one that is being written
            writes = 0 < done <= total
            stage = "writes values" if writes else "loads and recalculates"
            self._progress(f"{self._calculator.title} {stage}", done if writes else 0, total if writes else 0)


def _size(file: Path) -> int:
    """In bytes; 0 if it went away meanwhile."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


class _Values(Recalculated):
    """The values of a workbook in one file a sheet, and a copy of it for questions that they leave open."""

    def __init__(
        self, calculator: LibreOffice, book: Input, copy: Path, files: dict[str, Path], profile: _Profile
    ) -> None:
        self._calculator = calculator
        self._book = book
        directory = Path(tempfile.mkdtemp(prefix="sheetcnn-", dir=profile.directory))
        # Also when nobody closes it: at the latest at the end of this process.
        self._clean = weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
        self._copy = Path(shutil.move(copy, directory / copy.name))
        self._files = {
            sheet: Path(shutil.move(file, directory / f"{n}.csv"))
            for n, (sheet, file) in enumerate(files.items())
        }
        self._tables = TableCache(lambda sheet: separated.read_separated(self._files[sheet], sheet))
        self._exact: Recalculated | None = None

    def block(self, sheet: str, row: int, col: int, height: int, width: int) -> CellValues:
        """Looks the cells up; where one reads like an error, in a workbook that tells what it is."""
        table = self._table(sheet)
        if table is not None:
            block = table.block(row, col, height, width)
            if not table.others or not any(isinstance(v, CellError) for line in block for v in line):
                return block
        return self._again().block(sheet, row, col, height, width)

    def numbers(self, sheet: str, row: int, col: int, height: int, width: int) -> Array:
        """Looks the numbers up."""
        table = self._table(sheet)
        if table is not None:
            return table.numbers(row, col, height, width)
        return self._again().numbers(sheet, row, col, height, width)

    def glance(self, sheet: str, row: int, col: int) -> Value | None:
        """Looks the cell up."""
        table = self._table(sheet)
        return table.value(row, col) if table is not None else self._again().glance(sheet, row, col)

    def close(self) -> None:
        """Removes the files."""
        if self._exact is not None:
            self._exact.close()
        self._clean()

    def _table(self, sheet: str) -> CellTable | None:
        """The values of a sheet; None if they cannot be understood."""
        if not self._clean.alive:
            raise closed(self._book.path)
        if sheet not in self._files:
            raise WorkbookError(f'{self._book.path}: there is no sheet "{sheet}"; build the workbook anew')
        try:
            return self._tables.table(sheet)
        except separated.UnclearError:
            return None

    def _again(self) -> Recalculated:
        """The workbook as LibreOffice writes it."""
        if self._exact is None:
            program = self._calculator.program()
            profile = _profile(_scratch_parent(program))
            with tempfile.TemporaryDirectory(prefix="sheetcnn-", dir=profile.directory) as folder:
                copied = Input(self._copy, self._book.sheets, self._book.size)
                job = _Job(self._calculator, program, profile, Path(folder), [copied], None)
                (self._exact,) = job.write_workbooks([0])
        return self._exact


class _Profile:
    """A profile that says "always recalculate", in a directory that goes with this process."""

    def __init__(self, parent: Path | None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sheetcnn-libreoffice-", dir=parent))
        weakref.finalize(self, shutil.rmtree, self.directory, ignore_errors=True)
        self.lock = threading.Lock()
        self.argument = _write_profile(self.directory)


def _write_profile(directory: Path) -> str:
    """Writes a profile with our settings, and returns the argument that names it."""
    settings = directory / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    settings.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">' + items + "</oor:items>\n",
        encoding="utf-8",
    )
    return f"-env:UserInstallation={(directory / 'profile').as_uri()}"


def _keeper(program: Path) -> Keeper | None:
    """Who keeps a LibreOffice open in this process; None where that cannot be done."""
    python = find_python(program)
    return None if python is None else _keeper_with(python, program)


@functools.cache
def _keeper_with(python: Path, program: Path) -> Keeper:
    return Keeper(python, program, LibreOffice.title, _write_profile)


@functools.cache
def _profile(parent: Path | None) -> _Profile:
    """The profile of this process: the first start with it takes longer than the others."""
    return _Profile(parent)


def _scratch_parent(program: Path) -> Path | None:
    """Where files are that the program can see; None for the usual temporary directory."""
    if program.is_relative_to("/snap"):  # a snap has a /tmp of its own
        common = Path.home() / "snap" / "libreoffice" / "common"
        common.mkdir(parents=True, exist_ok=True)
        return common
    return None


@functools.cache
def _version(program: Path, changed: int) -> str:
    """Asked once for each program, as every start takes a third of a second (and again if it `changed`)."""
    return LibreOffice()._ask_version(program)
