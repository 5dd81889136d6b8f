"""SSDA903 returns to Tables, with a ledger of every row: one return, several, or a regional pool.

A return may be a folder or a .zip of CSV files, an Excel workbook with a sheet a table, or the XML. It carries neither
the authority nor the year; a pool has both. Dates only, no times. Nothing is written to disk and no value is changed
without a line in the ledger.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.extract.readers.containers import OLD_WORKBOOKS, SUFFIXES, read_container
from missingmodels.extract.readers.csv_fast import csv_columns
from missingmodels.extract.readers.workbook import WORKBOOKS
from missingmodels.extract.readers.zip_files import others_in
from missingmodels.extract.returns.layout import NAMES, claims_table
from missingmodels.extract.returns.one_return import Return, read_return, read_returns
from missingmodels.extract.returns.placements import HomeBy
from missingmodels.extract.returns.together.combine import Identities, Imported, combine_returns
from missingmodels.extract.returns.year import NAMED_YEAR, Year
from missingmodels.tables.judgement import require_rules
from missingmodels.writing import MANIFEST

__all__ = [
    "Identities",
    "Imported",
    "Return",
    "Source",
    "combine_returns",
    "dated",
    "read_return",
    "read_ssda903",
    "returns_in",
]

Source = Path | str | tuple[Path | str, Year | None]


def read_ssda903(  # noqa: PLR0913
    path: Path | str | Sequence[Source],
    *,
    authority: str | None = None,
    year: Year | None = None,
    set_aside_bad_dates: bool = False,
    dates_checked: bool = False,
    dates: str | None = None,
    home_by: HomeBy = "urn",
    said: Identities | None = None,
    accept: Collection[str] = (),
) -> Imported:
    """Read one return, or several years' of one authority, or a pool.

    Parameters
    ----------
    path : folder or .zip of CSV files, .xlsx workbook or .xml return, with the header, episodes and missing
        tables and perhaps uasc, one file or sheet each; more is ignored. A folder of such folders or files is
        read as the returns of its years, and so is one whose files name them (``2018_episodes.csv``); a sequence as all
        that it names, each alone or with its year
    authority : code of the authority that made the returns; left out for a pool, whose LA column names it. For
        returns of several authorities use ``read_return`` and ``combine_returns``
    year : the return's end year (2018 = 1 April 2017 to 31 March 2018); inferred from the dates if not given.
        Only for a single return. First and last end year, where one file is an extract of several
    set_aside_bad_dates : set rows whose dates cannot be read aside instead of refusing the return; not where a word
        for "no end" would take the open spans with it
    dates_checked : somebody has checked the columns of a workbook in which day and month seem to be swapped, and they
        are right; without it they are refused
    dates : how dates are written, such as ``DD-MON-YY`` or ``D/M/YYYY``, where it is none of the usual ways
    home_by : what a home is; ``said`` crosswalks and words; ``accept`` rules accepted: see ``combine_returns``

    Ledger and errors name the file, or the sheet and its row, or the XML element and its number in the file.

    Raises InputError for a path that holds no such files, ImportFault for all that keeps these files
    from being returns: absent tables or columns, unreadable dates, a year that does not fit, comes twice or is
    left out. TablesInvalid would be a fault of this package.
    """
    require_rules(accept)
    sources: Sequence[Source] = [path] if isinstance(path, str | Path) else list(path)
    asked = [(each, None) if isinstance(each, str | Path) else each for each in sources]
    paths = [given for given, _ in asked]
    found = [(each, own) for given, own in asked for each in returns_in(Path(given))]
    several = [str(given) for given, own in asked if own is not None and len(returns_in(Path(given))) > 1]
    if several:
        raise InputError(
            f"a year was given with {', '.join(several)}, which holds several returns",
            remedy="name each return with its year, or leave the year out",
        )
    if year is not None and len(found) != 1:
        raise InputError(
            f"year {year} was given with {len(found)} returns", remedy="give each return its year: RETURN@2018"
        )
    read = [
        each
        for place, own in found
        for each in read_returns(
            place,
            authority=authority,
            year=year if own is None else own,
            set_aside_bad_dates=set_aside_bad_dates,
            dates_checked=dates_checked,
            dates=dates,
            words=said.words if said else None,
        )
    ]
    imported = combine_returns(read, home_by=home_by, said=said, accept=accept)
    left = [f"left unread in {path}: {', '.join(names)}" for path, names in _left_unread(paths)]
    ledger = dataclasses.replace(imported.ledger, notes=(*imported.ledger.notes, *left))
    return dataclasses.replace(imported, ledger=ledger)


def dated(text: str) -> tuple[str, Year | None]:
    """A return's path and the year after a last ``@`` of its name, if there is one.

    ``@2018``, ``@2017-18`` and ``@2017-2018`` are the return that ends on 31 March 2018; ``@2013..2018`` is one extract
    of the returns that end in those years.
    """
    path, at, year = text.rpartition("@")
    if not at or Path(text).exists():
        return text, None
    if found := re.fullmatch(r"(\d{4})\.\.(\d{4})", year):
        return path, (int(found[1]), int(found[2]))
    if found := re.fullmatch(r"(\d{4})(?:[-/](\d{4}|\d{2}))?", year):
        first, second = int(found[1]), found[2]
        if second is None:
            return path, first
        if int(second) % 100 == (first + 1) % 100:
            return path, first + 1
    raise InputError(f"{year!r} after @ is no year", where=text, remedy="write RETURN@2018, or EXTRACT@2013..2018")


def returns_in(path: Path) -> list[Path]:
    """The returns at a path: itself, or, of a folder without a return's CSV files, the folders and containers in it.

    Raises InputError if a return there is in a format that cannot be read: without it a year would be left out.
    """
    held = _held(path)
    inside = [each for each in held if each.is_dir() or each.suffix.lower() in SUFFIXES]
    inside = [each for each in inside if not _is_stray(each)] if len(inside) > 1 else inside
    files = [each for each in held if _is_csv(each)]
    # a list of remarks beside the folders of years is no return
    dated = bool(inside) and all(re.search(NAMED_YEAR, each.name) for each in inside)
    if not path.is_dir() or (files and (not inside or any(_claims_table(each, whole=dated) for each in files))):
        return [path]
    old = [each.name for each in held if each.suffix.lower() in OLD_WORKBOOKS]
    if inside and old:
        raise InputError(
            f"{', '.join(old)} cannot be read, and may be returns",
            where=str(path),
            remedy="save them as .xlsx, or take them out of the folder if they are none",
        )
    nested = [each for each in inside if each.is_dir() and not any(_is_csv(held) for held in _held(each))]
    return [found for each in inside for found in (returns_in(each) if each in nested else [each])] or [path]


def _is_stray(path: Path) -> bool:
    """Whether what lies beside returns is none: its name says no year, and it holds no table of a return."""
    if re.search(NAMED_YEAR, path.name):
        return False
    if path.is_dir():
        return not any(_is_csv(each) or each.suffix.lower() in (*SUFFIXES, *OLD_WORKBOOKS) for each in _held(path))
    if path.suffix.lower() not in WORKBOOKS:
        return False
    return not any(claims_table(table.columns, table.label) for table in read_container(path, NAMES))


def _claims_table(path: Path, *, whole: bool = False) -> bool:
    """Whether a file is a table of a return; beside folders named by years only a whole one, not its name alone."""
    return claims_table(csv_columns(path, NAMES), "" if whole else path.name)


def _held(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    # the manifest of an exported return is no part of it, nor the lock of an open workbook
    return sorted(each for each in path.iterdir() if not each.name.startswith((".", "~$")) and each.name != MANIFEST)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv" and path.is_file()


def _left_unread(paths: Sequence[Path | str]) -> list[tuple[str, list[str]]]:
    """What folders and zips hold beside what was read, by their names."""
    found = []
    for given in map(Path, paths):
        used = set(returns_in(given))
        for folder in dict.fromkeys([given, *used]):
            read = [each for each in _held(folder) if each not in used and not (folder in used and _is_csv(each))]
            found.append((folder.name, [each.name for each in read]))
        found += [(each.name, others_in(each)) for each in sorted(used) if each.suffix.lower() == ".zip"]
    return [(name, left) for name, left in found if left]
