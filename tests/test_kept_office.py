"""A LibreOffice that is kept open: it recalculates, and whatever happens to it, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import rawbook
from requirements import require

from sheetcnn.calculators import libreoffice, office
from sheetcnn.calculators.libreoffice import LibreOffice
from sheetcnn.calculators.office import Keeper, Office, OfficeError, find_python
from sheetcnn.errors import CalculatorError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no LibreOffice is kept open on Windows")

FORM = "Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,-1"


@pytest.fixture(scope="module")
def programs() -> tuple[Path, Path]:
    """A Python that has the module `uno`, and `soffice`."""
    program = LibreOffice().find()
    require("libreoffice", program is not None)
    assert program is not None
    python = find_python(program)
    require("uno", python is not None)
    assert python is not None
    return python, program


@pytest.fixture
def keeper(programs: tuple[Path, Path]) -> Iterator[Keeper]:
    kept = Keeper(*programs, "LibreOffice", libreoffice._write_profile)
    yield kept
    kept.close()


@pytest.fixture
def fresh_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever LibreOffice this process keeps, others are started, with new profiles."""
    for name in ("_keeper_with", "_profile"):
        monkeypatch.setattr(libreoffice, name, cache(getattr(libreoffice, name).__wrapped__))


def book(path: Path, formula: str = "6*7") -> Path:
    data = f'<row r="1"><c r="A1"><f>{formula}</f><v>-1</v></c></row>'
    return rawbook.book(path, {"s": data})


def value(keeper: Keeper, path: Path, formula: str = "6*7", timeout: float = 60) -> str | None:
    """What the kept LibreOffice makes of a formula; None if it does nothing."""
    source, out = book(path / "a.xlsx", formula), path / "a.csv"
    written = path / "a-s.csv"
    written.unlink(missing_ok=True)
    done = keeper.convert(FORM, [(source, out)], 1, timeout, lambda: None)
    return written.read_text().strip() if done else None


def group(keeper: Keeper) -> int:
    """The process group of the kept LibreOffice."""
    assert keeper._office is not None
    return keeper._office._process.pid


def members(group: int) -> list[int]:
    """The processes of a group that still run."""
    listed = subprocess.run(["ps", "-eo", "pid,pgid,stat"], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()[1:]]
    return [int(pid) for pid, pgid, state in rows if int(pgid) == group and state[0] != "Z"]


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def profile(keeper: Keeper) -> Path:
    assert keeper._office is not None
    return Path(str(keeper._office._process.args[3]))  # type: ignore[index]


def test_one_start_for_many_calls_and_nothing_is_left(keeper: Keeper, tmp_path: Path) -> None:
    assert value(keeper, tmp_path) == "42"
    first, directory = group(keeper), profile(keeper)
    assert len(members(first)) >= 2  # the helper and LibreOffice
    assert value(keeper, tmp_path, "2+3") == "5"
    assert group(keeper) == first
    keeper.close()
    assert not members(first)
    assert not directory.exists()
    assert value(keeper, tmp_path) == "42"  # again when needed


def test_it_is_started_anew_before_it_holds_too_much(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "_MOST_SHEETS", 2)
    seen = []
    for _ in range(4):
        assert value(keeper, tmp_path) == "42"
        seen.append(group(keeper))
    assert seen[0] == seen[1] != seen[2] == seen[3]
    assert not members(seen[0])


def test_a_crash_between_two_calls(keeper: Keeper, tmp_path: Path) -> None:
    assert value(keeper, tmp_path) == "42"
    first, directory = group(keeper), profile(keeper)
    for pid in members(first):
        if pid != first:
            os.kill(pid, signal.SIGKILL)
    assert value(keeper, tmp_path, "2+3") in ("5", None)  # None: the caller starts LibreOffice by itself
    assert value(keeper, tmp_path, "3+4") == "7"
    assert group(keeper) != first
    assert not members(first)
    assert not directory.exists()


def test_the_helper_is_killed(keeper: Keeper, tmp_path: Path) -> None:
    assert value(keeper, tmp_path) == "42"
    first, directory = group(keeper), profile(keeper)
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: first not in members(first))
    assert value(keeper, tmp_path, "3+4") in ("7", None)
    assert value(keeper, tmp_path, "3+4") == "7"
    assert not members(first)
    assert not directory.exists()


def test_one_that_hangs_is_stopped(keeper: Keeper, tmp_path: Path) -> None:
    assert value(keeper, tmp_path) == "42"
    first, directory = group(keeper), profile(keeper)
    for pid in members(first):
        if pid != first:
            os.kill(pid, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(CalculatorError, match="LibreOffice was stopped after 1 seconds; allow more time"):
        value(keeper, tmp_path, timeout=1)
    assert time.monotonic() - started < 20
    assert not members(first)
    assert not directory.exists()
    assert value(keeper, tmp_path) == "42"


def test_an_interrupt_stops_it(keeper: Keeper, tmp_path: Path) -> None:
    assert value(keeper, tmp_path) == "42"
    first = group(keeper)
    for pid in members(first):
        if pid != first:
            os.kill(pid, signal.SIGSTOP)

    def interrupt() -> None:
        raise KeyboardInterrupt

    files = [(book(tmp_path / "a.xlsx"), tmp_path / "a.csv")]
    with pytest.raises(KeyboardInterrupt):
        keeper.convert(FORM, files, 1, 60, interrupt)
    assert not members(first)


def test_it_ends_when_it_idles(
    programs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Office(*programs, "LibreOffice", libreoffice._write_profile, idle=0.2)
    kept.convert(FORM, [(book(tmp_path / "a.xlsx"), tmp_path / "a.csv")], 1, 60, lambda: None)
    assert wait_until(lambda: not members(kept._process.pid))
    assert wait_until(lambda: not kept.fresh)
    kept.close()
    with pytest.raises(OfficeError):
        kept.convert(FORM, [(book(tmp_path / "b.xlsx"), tmp_path / "b.csv")], 1, 60, lambda: None)


ORPHAN = """
import os, signal, sys
from pathlib import Path
from sheetcnn import calculators
from sheetcnn.calculators import libreoffice
(result,) = calculators.get("libreoffice").recalculate([Path(sys.argv[1])])
with result:
    assert result.block("s", 1, 1, 1, 1) == [[42.0]]
program = calculators.get("libreoffice").program()
print(libreoffice._keeper(program)._office._process.pid, flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["ends", "killed"])
def test_it_goes_with_the_process_that_it_belongs_to(
    how: str, programs: tuple[Path, Path], tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN, str(book(tmp_path / "a.xlsx")), how],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if how == "killed" else 0), done.stderr
    first = int(done.stdout)
    assert wait_until(lambda: not members(first))
    assert wait_until(lambda: not list(temporary.glob("sheetcnn-office-*")))


@pytest.mark.parametrize("python", [Path(sys.executable), Path("/nowhere/at all"), Path("/bin/false")])
def test_without_uno_nothing_is_kept(programs: tuple[Path, Path], python: Path, tmp_path: Path) -> None:
    if (
        python == Path(sys.executable)
        and subprocess.run([python, "-c", "import uno"], check=False).returncode == 0
    ):
        pytest.skip("this Python has uno")
    kept = Keeper(python, programs[1], "LibreOffice", libreoffice._write_profile)
    assert value(kept, tmp_path) is None
    assert value(kept, tmp_path) is None


def test_where_the_python_is(programs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(office.VARIABLE, "none")
    assert find_python(programs[1]) is None
    monkeypatch.setenv(office.VARIABLE, sys.executable)
    assert find_python(programs[1]) == Path(sys.executable)
    monkeypatch.delenv(office.VARIABLE)
    assert find_python(Path("/nowhere/soffice")) is None


def test_one_that_does_not_recalculate_is_found_out(
    programs: tuple[Path, Path], fresh_start: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that says "never recalculate": the workbook with the wrong cached value tells."""
    used = []
    convert = Keeper.convert

    def note(self: Keeper, *arguments: object) -> bool:
        used.append(convert(self, *arguments))  # type: ignore[arg-type]
        return used[-1]

    monkeypatch.setattr(Keeper, "convert", note)
    never = [(path, name, "1" if "Recalc" in name else what) for path, name, what in libreoffice._SETTINGS]
    monkeypatch.setattr(libreoffice, "_SETTINGS", never)
    with pytest.raises(CalculatorError, match=r"does not recalculate: .* 42 still shows 13\.0"):
        LibreOffice().recalculate([book(tmp_path / "a.xlsx")])
    assert used == [True, True]


def test_it_reads_no_other_file(keeper: Keeper, tmp_path: Path) -> None:
    """A workbook from anywhere must not learn what stands in another: the value that it brought stays."""
    other = book(tmp_path / "other.xlsx", "6*7")
    keeper.convert("Calc MS Excel 2007 XML:", [(other, tmp_path / "secret.xlsx")], 1, 60, lambda: None)
    link = "xl/externalLinks/{}externalLink1.xml{}"
    sheet = '<row r="1"><c r="A1"><f>[1]s!A1+1</f><v>-1</v></c></row>'
    parts = rawbook.parts({"s": sheet})
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "</Types>",
        f'<Override PartName="/{link.format("", "")}" ContentType="{rawbook.SPREADSHEET}.externalLink+xml"/>'
        "</Types>",
    )
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="rId9" Type="{rawbook.RELATIONS}/externalLink" '
        'Target="externalLinks/externalLink1.xml"/></Relationships>',
    )
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        "</workbook>", '<externalReferences><externalReference r:id="rId9"/></externalReferences></workbook>'
    )
    parts[link.format("", "")] = (
        f'<externalLink xmlns="{rawbook.MAIN}"><externalBook xmlns:r="{rawbook.RELATIONS}" r:id="rId1">'
        '<sheetNames><sheetName val="s"/></sheetNames><sheetDataSet><sheetData sheetId="0"><row r="1">'
        '<cell r="A1"><v>5</v></cell></row></sheetData></sheetDataSet></externalBook></externalLink>'
    )
    secret = (tmp_path / "secret.xlsx").as_uri()
    parts[link.format("_rels/", ".rels")] = (
        f'<Relationships xmlns="{rawbook.PACKAGE}/relationships"><Relationship Id="rId1" Target="{secret}" '
        f'TargetMode="External" Type="{rawbook.RELATIONS}/externalLinkPath"/>'
        "</Relationships>"
    )
    source = rawbook.write(tmp_path / "a.xlsx", parts)
    assert keeper.convert(FORM, [(source, tmp_path / "a.csv")], 1, 60, lambda: None)
    assert (tmp_path / "a-s.csv").read_text().strip() == "6"
