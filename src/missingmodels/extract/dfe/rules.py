"""The public DfE rules on a return, run in an environment of their own, and their findings as flags of the import.

The rules (PyPI: csc-validator-be-903) need Python 3.10 or 3.11 and pandas below 2, so they run as a subprocess.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.errors import InputError
from missingmodels.extract.ledger import Ledger
from missingmodels.extract.readers.zip_files import open_archive
from missingmodels.extract.returns.one_return import read_returns
from missingmodels.extract.returns.ssda903 import returns_in
from missingmodels.extract.returns.year import Year

RUNNER = Path(__file__).with_name("dfe_runner.py")
NAMED_BY = "MISSINGMODELS_DFE_PYTHON"
HOME = Path(".venv-dfe", "bin", "python")
SECONDS = 1800
ACTION = "dfe_rule"
HOW = (
    "run `make dfe-rules` in a checkout of missingmodels (it builds .venv-dfe and needs Python 3.10 or 3.11), or "
    "install csc-validator-be-903 with pandas<2 in an environment of that Python and name its interpreter in "
    f"{NAMED_BY}; without --dfe-rules the import does without them"
)


@dataclass(frozen=True, kw_only=True)
class DfeFindings:
    """What the public rules say.

    Attributes
    ----------
    flags : one line a row that a rule speaks of, in the columns of ``dq.csv``; ``rule`` is the rule's code with
        ``dfe `` before it, ``detail`` its message
    notes : rule set, how many rules ran, and which returns or rules could not be run, in sentences
    """

    flags: pd.DataFrame
    notes: tuple[str, ...]


def interpreter() -> Path:
    """The Python that has the rules. Raises InputError, saying how to get them, where there is none."""
    named = os.environ.get(NAMED_BY, "")
    places = [Path(named)] if named else [Path.cwd() / HOME, Path(__file__).resolve().parents[3] / HOME]
    for place in places:
        if place.is_file():
            return place
    what = f"{NAMED_BY} names {named!r}, which is no file" if named else "the public DfE rules are not installed"
    raise InputError(what, where="--dfe-rules", remedy=HOW)


def run_rules(
    sources: Iterable[tuple[Path | str, Year | None]],
    ledger: Ledger,
    *,
    authority: str | None,
    columns: Sequence[str],
    python: Path,
    **read_as: Any,
) -> DfeFindings:
    """Run the rules on every return of one year that is a folder or .zip of CSV files, each with the year before.

    ``sources`` are paths, each with its year if one was given; ``authority`` and ``read_as`` are as the returns were
    read with, see ``read_returns``.

    Children are named as the ledger names them. Raises InputError if the rules themselves cannot be run.
    """
    found, notes = [], []
    returns: dict[int, Path] = {}
    for path, year in ((each, year) for source, year in sources for each in returns_in(Path(source))):
        if not (path.is_dir() or path.suffix.lower() == ".zip"):
            notes.append(f"DfE rules: not run on {path.name}, which is not CSV")
            continue
        read = read_returns(path, authority=authority, year=year, **read_as)
        if len(read) > 1 or read[0].pooled:
            notes.append(f"DfE rules: not run on {path.name}, which is no return of one authority and year")
            continue
        returns[read[0].years[0]] = path
    with tempfile.TemporaryDirectory() as scratch:
        folders = {year: _folder(path, Path(scratch, str(year))) for year, path in returns.items()}
        for year, folder in sorted(folders.items()):
            said = _said(python, folder, year, folders.get(year - 1), authority)
            label = f"DfE rules on {year - 1}/{year % 100:02d} ({said['ruleset']})"
            if said["refused"]:
                notes.append(f"{label}: they could not read the return: {said['refused']}")
                continue
            notes.append(f"{label}: {len(said['ran'])} rules ran, {len(said['skipped'])} lack their tables")
            if said["crashed"]:
                notes.append(f"{label}: failed themselves: {', '.join(map(str, said['crashed']))}")
            found += [_lines(finding, year) for finding in said["findings"]]
    flags = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["table", "year", "row"])
    return DfeFindings(flags=_with_children(flags, ledger, columns), notes=tuple(notes))


def _folder(path: Path, scratch: Path) -> Path:
    """The return as a folder: itself, or what its archive holds, by plain names."""
    if path.is_dir():
        return path
    scratch.mkdir()
    with open_archive(path.read_bytes(), where=path.name) as archive:
        for info in archive.infolist():
            if info.filename.lower().endswith(".csv") and "__MACOSX" not in info.filename:
                (scratch / Path(info.filename).name).write_bytes(archive.read(info))
    return scratch


def _said(python: Path, folder: Path, year: int, previous: Path | None, authority: str | None) -> dict[str, Any]:
    command = [str(python), str(RUNNER), str(folder), "--year", str(year), "--rows", "0"]
    command += ["--previous", str(previous)] if previous else []
    command += ["--authority", authority] if authority else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True, encoding="utf-8")
        said: dict[str, Any] = json.loads(done.stdout)
        return {"ruleset": "", "refused": None, "ran": [], "skipped": [], "crashed": [], "findings": []} | said
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:] or ["it said nothing"]
        raise InputError(f"the DfE rules stopped: {last[0]}", where=str(python), remedy=HOW) from error
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise InputError(f"the DfE rules cannot be run ({error})", where=str(python), remedy=HOW) from error


def _lines(finding: dict[str, Any], year: int) -> pd.DataFrame:
    rows = pd.Series(finding["rows"], dtype="int64")
    told = {"rule": f"dfe {finding['rule']}", "table": str(finding["file"]).lower(), "year": year}
    return pd.DataFrame({"row": rows}).assign(**told, action=ACTION, detail=finding["message"])


def _with_children(flags: pd.DataFrame, ledger: Ledger, columns: Sequence[str]) -> pd.DataFrame:
    """Flags with file, child and authority of their row, as far as the ledger holds it."""
    held = ledger.frame[["table", "year", "row", "file", "child_id", "authority"]]
    joined = flags.merge(held.drop_duplicates(["table", "year", "row"]), on=["table", "year", "row"], how="left")
    return joined.reindex(columns=list(columns)).astype(object).fillna("")
