"""SSDA903 returns to Tables, with a ledger of every row: one return, several, or a regional pool.

A return may be a folder or a .zip of CSV files, an Excel workbook with a sheet a table, or the XML. It carries neither
the authority nor the year; a pool has both. Dates only, no times. Nothing is written to disk and no value is changed
without a line in the ledger.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.extract.combine903 import Identities, Imported, combine_returns
from missingmodels.extract.containers import OLD_WORKBOOKS, SUFFIXES
from missingmodels.extract.placements import HomeBy
from missingmodels.extract.return903 import Return, read_return
from missingmodels.extract.zip_files import others_in
from missingmodels.tables.judgement import require_rules
from missingmodels.writing import MANIFEST

__all__ = ["Identities", "Imported", "Return", "combine_returns", "read_return", "read_ssda903", "returns_in"]


def read_ssda903(
    path: Path | str | Sequence[Path | str],
    *,
    authority: str | None = None,
    year: int | None = None,
    set_aside_bad_dates: bool = False,
    dates_checked: bool = False,
    home_by: HomeBy = "urn",
    said: Identities | None = None,
    accept: Collection[str] = (),
) -> Imported:
    """Read one return, or several years' of one authority, or a pool.

    Parameters
    ----------
    path : folder or .zip of CSV files, .xlsx workbook or .xml return, with the header, episodes and missing
        tables and perhaps uasc, one file or sheet each; more is ignored. A folder of such folders or files is
        read as the returns of its years; a sequence as all that it names
    authority : code of the authority that made the returns; left out for a pool, whose LA column names it. For
        returns of several authorities use ``read_return`` and ``combine_returns``
    year : the return's end year (2018 = 1 April 2017 to 31 March 2018); inferred from the dates if not given.
        Only for a single return
    set_aside_bad_dates : set rows whose dates cannot be read aside instead of refusing the return
    dates_checked : somebody has checked the columns of a workbook in which day and month seem to be swapped, and they
        are right; without it they are refused
    home_by : what a home is; ``said`` crosswalks and words; ``accept`` rules accepted: see ``combine_returns``

    Ledger and errors name the file, or the sheet and its row, or the XML element and its number in the file.

    Raises InputError for a path that holds no such files, ImportFault for all that keeps these files
    from being returns: absent tables or columns, unreadable dates, a year that does not fit, comes twice or is
    left out. TablesInvalid would be a fault of this package.
    """
    require_rules(accept)
    paths = [path] if isinstance(path, str | Path) else list(path)
    found = [each for given in paths for each in returns_in(Path(given))]
    if year is not None and len(found) != 1:
        raise InputError(
            f"year {year} was given with {len(found)} returns",
            remedy="leave the year out, or read each with read_return and join them with combine_returns",
        )
    read = [
        read_return(
            each,
            authority=authority,
            year=year,
            set_aside_bad_dates=set_aside_bad_dates,
            dates_checked=dates_checked,
        )
        for each in found
    ]
    imported = combine_returns(read, home_by=home_by, said=said, accept=accept)
    left = [f"left unread in {path}: {', '.join(names)}" for path, names in _left_unread(paths)]
    ledger = dataclasses.replace(imported.ledger, notes=(*imported.ledger.notes, *left))
    return dataclasses.replace(imported, ledger=ledger)


def returns_in(path: Path) -> list[Path]:
    """The returns at a path: itself, or, of a folder without CSV files, the folders and containers in it, by name.

    Raises InputError if a return there is in a format that cannot be read: without it a year would be left out.
    """
    held = _held(path)
    if not path.is_dir() or any(_is_csv(each) for each in held):
        return [path]
    inside = [each for each in held if each.is_dir() or each.suffix.lower() in SUFFIXES]
    old = [each.name for each in held if each.suffix.lower() in OLD_WORKBOOKS]
    if inside and old:
        raise InputError(
            f"{', '.join(old)} cannot be read, and may be returns",
            where=str(path),
            remedy="save them as .xlsx, or take them out of the folder if they are none",
        )
    return inside or [path]


def _held(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    # the manifest of an exported return is no part of it
    return sorted(each for each in path.iterdir() if not each.name.startswith(".") and each.name != MANIFEST)


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
