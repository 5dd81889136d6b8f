"""One SSDA903 return, or a regional pool of many, as working frames: columns, dates and years judged, nothing settled.

An ordinary return carries neither the authority nor the year. A regional pool has both in its columns LA and YEAR (the
end year), with dates in ISO form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.authorities import judge_authorities
from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.readers.containers import read_container
from missingmodels.extract.readers.dates import declared
from missingmodels.extract.readers.source_table import SourceTable, require_unswapped
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.dates import judge_dates, working_frame
from missingmodels.extract.returns.year import Year, end_year, pooled_years, spread_years
from missingmodels.extract.words import Words
from missingmodels.tables.judgement import Judgement
from missingmodels.tables.store import RETURN_FORMAT
from missingmodels.writing import MANIFEST


@dataclass(frozen=True, kw_only=True)
class Return:
    """What one container holds, ready to be combined with others.

    Attributes
    ----------
    frames : a working frame a table (header, episodes, missing, perhaps uasc), with ``authority``, ``year`` (the end
        year of the return that a row came in) and the dates read
    years : end years, in order; one, unless it is a pool
    pooled : whether the files themselves say authority and year of each row
    judged : what is to be said of its authorities and of words in columns of codes
    files : digest by file; ``rows`` the row numbers read, by file
    """

    frames: Mapping[str, pd.DataFrame]
    years: tuple[int, ...]
    pooled: bool
    judged: tuple[Judgement, ...]
    files: Mapping[str, str]
    rows: Mapping[str, Sequence[int]]
    notes: tuple[str, ...]
    where: str

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(frame):,}" for name, frame in self.frames.items())
        return f"Return of {', '.join(map(str, self.years))} from {self.where}\n  rows: {rows}"


def read_return(
    path: Path | str,
    *,
    authority: str | None = None,
    year: Year | None = None,
    set_aside_bad_dates: bool = False,
    dates_checked: bool = False,
    dates: str | None = None,
    words: Words | None = None,
) -> Return:
    """Read one return or pool without settling it; see ``read_ssda903`` for the arguments and errors.

    Raises ImportFault where the files are those of several years.
    """
    read = read_returns(
        path,
        authority=authority,
        year=year,
        set_aside_bad_dates=set_aside_bad_dates,
        dates_checked=dates_checked,
        dates=dates,
        words=words,
    )
    if len(read) > 1:
        raise ImportFault(
            f"its files are those of {len(read)} years", where=str(path), remedy="read them with read_returns"
        )
    return read[0]


def read_returns(
    path: Path | str,
    *,
    authority: str | None = None,
    year: Year | None = None,
    set_aside_bad_dates: bool = False,
    dates_checked: bool = False,
    dates: str | None = None,
    words: Words | None = None,
) -> list[Return]:
    """Read a return, or all of a folder whose files name their years, without settling them."""
    path = Path(path)
    if authority is not None and not authority.strip():
        raise ImportFault("the authority is blank", where=str(path), remedy="give the authority's code")
    form = declared(dates)
    groups = layout.by_year(read_container(path, layout.NAMES))
    if len(groups) > 1 and year is not None:
        raise ImportFault(
            f"a year was given, but the files name {len(groups)} years: {', '.join(groups)}",
            where=str(path),
            remedy="leave the year out, or put the files of each year into a folder of their own",
        )
    made = []
    for named, files in groups.items():
        sources = layout.recognise(files)
        for table, file in sources.items():
            require_unswapped(file, layout.DATES[table], checked=dates_checked)
        notes = [note for table, file in sources.items() for note in (*layout.notes_on(file, table), *file.notes)]
        read = {name: working_frame(file, name, form, words or Words()) for name, file in sources.items()}
        notes += [note for _, told, _, _ in read.values() for note in told]
        frames = judge_dates(
            {name: frame for name, (frame, *_) in read.items()},
            units={file.name: file.unit for file in sources.values()},
            tolerant=set_aside_bad_dates,
        )
        where = f"{path} ({named})" if len(groups) > 1 else str(path)
        serial = any(numbers for *_, numbers in read.values())
        frames, years, pooled = _place(
            frames, sources, path=path, where=where, authority=authority, year=year, serial=serial
        )
        children = {table: frame[frame["CHILD"] != ""] for table, frame in frames.items()}
        authorities = sorted({word for frame in children.values() for word in frame["authority"].unique()})
        left = [file.name for file in files if file.name not in {source.name for source in sources.values()}]
        made.append(
            Return(
                frames=frames,
                years=years,
                pooled=pooled,
                judged=(
                    *judge_authorities(authorities, simulated=_is_exported(path)),
                    *(judgement for _, _, told, _ in read.values() for judgement in told),
                ),
                files={file.name: file.digest for file in sources.values()},
                rows={file.name: file.frame["row"].to_numpy() for file in sources.values()},
                notes=(*notes, *([f"files left unread: {', '.join(left)}"] if left else [])),
                where=where,
            )
        )
    return made


def _is_exported(path: Path) -> bool:
    """Whether a return's folder says that the simulator exported it, whose authorities are in no register."""
    manifest = path / MANIFEST
    try:
        held = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else None
    except (OSError, ValueError):
        return False
    return isinstance(held, dict) and held.get("format") == RETURN_FORMAT


def _place(
    frames: Mapping[str, pd.DataFrame],
    sources: Mapping[str, SourceTable],
    *,
    path: Path,
    where: str,
    authority: str | None,
    year: Year | None,
    serial: bool,
) -> tuple[dict[str, pd.DataFrame], tuple[int, ...], bool]:
    """The frames with ``authority`` and ``year`` of every row, the years, and whether each row said its own."""
    by_year, by_authority = (_held_by_all(frames, column, where=where) for column in ("YEAR", "LA"))
    if by_year:
        if year is not None:
            raise ImportFault(
                f"year {year} was given, but the files have a YEAR column", where=where, remedy="leave the year out"
            )
        placed = pooled_years(frames, where=where)
        years = sorted({int(y) for frame in placed.values() for y in frame["year"].unique()})
    elif isinstance(year, tuple):
        placed, years = spread_years(frames, year, where=where), [*range(year[0], year[1] + 1)]
    else:
        names = [path.resolve().name, *(file.name for file in sources.values())]
        end = end_year(frames, where=where, names=names, given=year, serial=serial)
        placed, years = {table: frame.assign(year=end) for table, frame in frames.items()}, [end]
    named = _name_authority(placed, by_authority, authority, where=where)
    return named, tuple(years), (by_year and by_authority) or isinstance(year, tuple)


def _held_by_all(frames: Mapping[str, pd.DataFrame], column: str, *, where: str) -> bool:
    held = [table for table, frame in frames.items() if column in frame]
    if held and len(held) < len(frames):
        lacking = [table for table in frames if table not in held]
        raise ImportFault(
            f"{', '.join(held)} have a column {column} but {', '.join(lacking)} have none",
            where=where,
            remedy=f"export all tables from the pool with {column}, or none",
        )
    return bool(held)


def _name_authority(
    frames: Mapping[str, pd.DataFrame], by_column: bool, given: str | None, *, where: str
) -> dict[str, pd.DataFrame]:
    if not by_column:
        if given is None:
            raise ImportFault("the files do not say their authority", where=where, remedy="give the authority's code")
        return {table: frame.assign(authority=given.strip()) for table, frame in frames.items()}
    blank = {table: frame.loc[(frame["CHILD"] != "") & (frame["LA"] == ""), "row"] for table, frame in frames.items()}
    faults = [f"{table}: rows {', '.join(map(str, rows[:FAULTS_SHOWN]))}" for table, rows in blank.items() if len(rows)]
    if faults:
        raise ImportFault("LA is blank in " + "; ".join(faults), where=where, remedy="fill LA in, or drop the column")
    named = sorted({name for frame in frames.values() for name in frame.loc[frame["CHILD"] != "", "LA"].unique()})
    if given is not None and len(named) > 1:
        raise ImportFault(
            f"authority {given!r} was given, but LA names {len(named)}: {', '.join(named[:FAULTS_SHOWN])}",
            where=where,
            remedy="leave the authority out, so that LA is used",
        )
    return {table: frame.assign(authority=given.strip() if given else frame["LA"]) for table, frame in frames.items()}
