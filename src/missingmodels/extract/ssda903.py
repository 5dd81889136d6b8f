"""SSDA903 returns to Tables, with a ledger of every row: one return, several, or a regional pool.

A return may be a folder or a .zip of CSV files, an Excel workbook with a sheet a table, or the XML. It carries neither
the authority nor the year; a pool has both. Dates only, no times. Nothing is written to disk and no value is changed
without a line in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.extract.combine903 import Imported, combine_returns
from missingmodels.extract.containers import SUFFIXES
from missingmodels.extract.placements import HomeBy
from missingmodels.extract.return903 import Return, read_return

__all__ = ["Imported", "Return", "combine_returns", "read_return", "read_ssda903", "returns_in"]


def read_ssda903(
    path: Path | str | Sequence[Path | str],
    *,
    authority: str | None = None,
    year: int | None = None,
    set_aside_bad_dates: bool = False,
    home_by: HomeBy = "urn",
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
    home_by : what a home is, see ``combine_returns``

    Ledger and errors name the file, or the sheet and its row, or the XML element and its number in the file.

    Raises InputError for a path that holds no such files, ImportFault for all that keeps these files
    from being returns: absent tables or columns, unreadable dates, a year that does not fit, comes twice or is
    left out. TablesInvalid would be a fault of this package.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    found = [each for given in paths for each in returns_in(Path(given))]
    if year is not None and len(found) != 1:
        raise InputError(
            f"year {year} was given with {len(found)} returns",
            remedy="leave the year out, or read each with read_return and join them with combine_returns",
        )
    return combine_returns(
        [read_return(each, authority=authority, year=year, set_aside_bad_dates=set_aside_bad_dates) for each in found],
        home_by=home_by,
    )


def returns_in(path: Path) -> list[Path]:
    """The returns at a path: itself, or, of a folder without CSV files, the folders and containers in it, by name."""
    if not path.is_dir():
        return [path]
    held = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    if any(each.suffix.lower() == ".csv" for each in held):
        return [path]
    inside = [each for each in held if each.is_dir() or each.suffix.lower() in SUFFIXES]
    return inside or [path]
