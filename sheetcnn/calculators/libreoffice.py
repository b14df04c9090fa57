"""LibreOffice without a window: one start converts many workbooks.

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
from pathlib import Path

from sheetcnn.calculators.base import Recalculated, check_inputs
from sheetcnn.calculators.canary import check_canary, write_canary
from sheetcnn.calculators.process import (
    Finished,
    Program,
    close_all,
    newest_first,
    on_path,
    program_files,
    read_back,
    run,
)
from sheetcnn.errors import CalculatorError

_SETTINGS = (
    # 0 is "always recalculate".
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", "0"),
    # A workbook may come from anywhere: no macros, no links to elsewhere.
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
)
_RESTART = 81  # the exit status that asks for another start, after the first one with a new profile
_FILTER = "xlsx:Calc MS Excel 2007 XML"


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
        profile = _profile(_scratch_parent(program))
        with tempfile.TemporaryDirectory(prefix="sheetcnn-", dir=profile.directory) as scratch, profile.lock:
            finished = run(
                [program, profile.argument, "--version"], title=self.title, timeout=60, scratch=Path(scratch)
            )
        match = re.search(r"LibreOffice\w* ([0-9][0-9.]*)", finished.output)
        if match is None:
            raise CalculatorError(f"{self.title} does not tell its version; it said:\n{finished.said}")
        return match[1]

    def recalculate(self, paths: Sequence[Path]) -> list[Recalculated]:
        """Converts copies of all workbooks in one start and reads what comes out."""
        program = self.program()
        check_inputs(paths)
        if not paths:
            return []
        profile = _profile(_scratch_parent(program))
        results: list[Recalculated] = []
        try:
            with tempfile.TemporaryDirectory(prefix="sheetcnn-", dir=profile.directory) as folder:
                scratch = Path(folder)
                # Copies, because results are named after inputs, and lock files appear beside them.
                copies = [scratch / "canary.xlsx", *(scratch / f"{n}.xlsx" for n in range(len(paths)))]
                write_canary(copies[0])
                for path, copy in zip(paths, copies[1:], strict=True):
                    shutil.copyfile(path, copy)
                finished = self._convert(program, profile, copies, scratch / "out")
                written = [scratch / "out" / copy.name for copy in copies]
                for path, result in zip([copies[0], *paths], written, strict=True):
                    results.append(read_back(self.title, path, result, profile.directory, finished))
            check_canary(self.title, results[0])
        except BaseException:
            close_all(results)
            raise
        results.pop(0).close()
        return results

    def _convert(self, program: Path, profile: _Profile, copies: Sequence[Path], out: Path) -> Finished:
        out.mkdir()
        command: list[str | Path] = [program, profile.argument, "--headless", "--norestore", "--nologo"]
        command += ["--nolockcheck", "--convert-to", _FILTER, "--outdir", out, *copies]
        for _ in range(2):
            with profile.lock:  # a second start with the same profile would hand its work to the first
                finished = run(
                    command,
                    title=self.title,
                    timeout=self.timeout * (len(copies) - 1),
                    scratch=out.parent,
                    environment={"SAL_USE_VCLPLUGIN": "svp"},
                )
            if finished.status != _RESTART:
                break
        return finished


class _Profile:
    """A profile that says "always recalculate", in a directory that goes with this process."""

    def __init__(self, parent: Path | None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sheetcnn-libreoffice-", dir=parent))
        weakref.finalize(self, shutil.rmtree, self.directory, ignore_errors=True)
        self.lock = threading.Lock()
        self.argument = f"-env:UserInstallation={(self.directory / 'profile').as_uri()}"
        settings = self.directory / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True)
        items = "".join(
            f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse">'
            f"<value>{value}</value></prop></item>"
            for path, name, value in _SETTINGS
        )
        settings.write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<oor:items xmlns:oor="http://openoffice.org/2001/registry">' + items + "</oor:items>\n",
            encoding="utf-8",
        )


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
