"""One authority's SSDA903 return of one year to Tables, with a ledger of every row.

It may be a folder or a .zip of CSV files, an Excel workbook with a sheet a table, or the XML return. None carries the
authority or the year; dates only, no times. Nothing is written to disk and no value is changed without a line in the
ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract import layout903 as layout
from missingmodels.extract.absences import missing_episodes_of, settle_missing
from missingmodels.extract.children903 import children_of, one_row_a_child, settle_header, settle_uasc
from missingmodels.extract.containers import read_container
from missingmodels.extract.csv_files import date_faults, dates
from missingmodels.extract.ledger import FAULTS_SHOWN, Ledger, follow, in_play, ledger_of, set_aside
from missingmodels.extract.placements import home_key, homes_of, placements_of, settle_episodes
from missingmodels.extract.source_table import SourceTable
from missingmodels.extract.year903 import end_year
from missingmodels.tables import Tables, make_tables, require_valid

PREFIX = {"header": "header", "episodes": "epi", "missing": "mis", "uasc": "uasc"}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Tables and what became of every source row."""

    tables: Tables
    ledger: Ledger


def read_ssda903(
    path: Path | str, *, authority: str, year: int | None = None, set_aside_bad_dates: bool = False
) -> Imported:
    """Read one return.

    Parameters
    ----------
    path : folder or .zip of CSV files, .xlsx workbook or .xml return, with the header, episodes and missing
        tables and perhaps uasc, one file or sheet each; more is ignored
    authority : code of the authority that made the return
    year : the return's end year (2018 = 1 April 2017 to 31 March 2018); inferred from the dates if not given
    set_aside_bad_dates : set rows whose dates cannot be read aside instead of refusing the return

    Ledger and errors name the file, or the sheet and its row, or the XML element and its number in the file.

    Raises InputError for a path that holds no such files, ImportFault for all that keeps these files
    from being a return: absent tables or columns, unreadable dates, contradicting header rows, a year that
    does not fit. TablesInvalid would be a fault of this package.
    """
    path = Path(path)
    if not authority.strip():
        raise ImportFault("the authority is blank", where=str(path), remedy="give the authority's code")
    files = read_container(path)
    sources = layout.recognise(files)
    frames = {name: _working_frame(file, name) for name, file in sources.items()}
    units = {file.name: file.unit for file in sources.values()}
    frames = _judge_dates(frames, units=units, tolerant=set_aside_bad_dates)
    names = [path.resolve().name, *(file.name for file in sources.values())]
    end = end_year(frames, where=str(path), names=names, given=year)
    first, last = pd.Timestamp(end - 1, 4, 1), pd.Timestamp(end, 4, 1)
    frames, made = _settle(frames, authority=authority.strip(), first=first, last=last)
    ledger = ledger_of(list(frames.values()), notes=_notes(files, sources, frames, end))
    ledger.reconcile({file.name: file.frame["row"].tolist() for file in sources.values()})
    _require_sums(frames, made)
    origin = {
        "kind": "ssda903",
        "authority": authority.strip(),
        "year": end,
        "files": {file.name: file.digest for file in sources.values()},
    }
    tables = make_tables(made, observed_from=first, observed_to=last, origin=origin)
    require_valid(tables, where=str(path))
    return Imported(tables=tables, ledger=ledger)


def _working_frame(file: SourceTable, table: str) -> pd.DataFrame:
    frame = follow(layout.needed_columns(file, table), file=file.name, table=table)
    spans = {
        "header": ("birth",),
        "episodes": ("start", "end"),
        "missing": ("start", "end"),
        "uasc": ("until",),
    }
    return frame.assign(**{new: dates(frame[old]) for new, old in zip(spans[table], layout.DATES[table], strict=True)})


def _judge_dates(
    frames: Mapping[str, pd.DataFrame], *, units: Mapping[str, str], tolerant: bool
) -> dict[str, pd.DataFrame]:
    """Refuse unreadable dates, all in one error, or set their rows aside: none may ever be read as open."""
    judged, lines = {}, []
    for table, frame in frames.items():
        # A row without a child is set aside anyway, for instance a line of totals.
        named = frame[frame["CHILD"] != ""]
        faults = date_faults(named, layout.DATES[table], required=layout.DATES_REQUIRED[table])
        file = frame["file"].iloc[0] if len(frame) else ""
        lines += [
            f"{file} {units[file]} {row}, {column}: " + (f"{value!r} is not a date" if value else "is blank")
            for row, column, value in faults.itertuples(index=False)
        ]
        frame = set_aside(frame, frame["CHILD"] == "", "child_blank", "CHILD is blank")
        judged[table] = set_aside(
            frame,
            frame["row"].isin(faults["row"]),
            f"{PREFIX[table]}_bad_date",
            "a date is blank or not DD/MM/YYYY",
        )
    if lines and not tolerant:
        shown = "\n  ".join(lines[:FAULTS_SHOWN])
        more = f" (the first {FAULTS_SHOWN} are listed)" if len(lines) > FAULTS_SHOWN else ""
        raise ImportFault(
            f"{len(lines)} date{'' if len(lines) == 1 else 's'} cannot be read{more}\n  {shown}",
            remedy="correct them in the source as DD/MM/YYYY, or set_aside_bad_dates to leave the rows out",
        )
    return judged


def _settle(
    frames: Mapping[str, pd.DataFrame], *, authority: str, first: pd.Timestamp, last: pd.Timestamp
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The working frames with every row's fate, and the Tables' frames."""
    header = one_row_a_child(frames["header"], [name for name in layout.NEEDED["header"] if name != "CHILD"])
    birth = header[in_play(header)].set_index("CHILD")["birth"]
    episodes = settle_episodes(frames["episodes"], birth=birth, first=first, last=last)
    placements = placements_of(episodes)
    if placements.empty:
        reasons = episodes["reason"].value_counts().to_dict()
        raise ImportFault(
            f"no placement is left of {len(episodes)} episode rows; set aside: {reasons}",
            remedy="check that header and episodes belong together and that the year is right",
        )
    header = settle_header(header, episodes=episodes)
    missing = settle_missing(
        frames["missing"], birth=birth, episodes=episodes, placements=placements, first=first, last=last
    )
    settled = {"header": header, "episodes": episodes, "missing": missing}
    entered = placements.groupby("child_id")["start_date"].min()
    recorded_from = entered.where(entered > first, first)
    if "uasc" in frames:
        settled["uasc"] = settle_uasc(frames["uasc"], recorded_from=recorded_from)
    made = {
        "children": children_of(header, settled.get("uasc"), authority=authority, recorded_from=recorded_from),
        "placements": placements,
        "missing_episodes": missing_episodes_of(missing),
        "homes": homes_of(episodes, first=first),
    }
    return {name: frame.sort_values("row") for name, frame in settled.items()}, made


def _require_sums(frames: Mapping[str, pd.DataFrame], made: Mapping[str, pd.DataFrame]) -> None:
    """Rows still in play and rows of the Tables must be as many."""
    pairs = {"header": "children", "episodes": "placements", "missing": "missing_episodes"}
    for source, table in pairs.items():
        used = int(in_play(frames[source]).sum())
        if used != len(made[table]):
            raise ImportFault(
                f"{used} rows of {source} were used or repaired but {table} has {len(made[table])}",
                remedy="this is a fault of missingmodels, not of the files: please report it",
            )


def _notes(
    files: list[SourceTable], sources: Mapping[str, SourceTable], frames: Mapping[str, pd.DataFrame], year: int
) -> list[str]:
    notes = [f"return of {year - 1}/{year % 100:02d}"]
    for table, file in sources.items():
        notes += [*layout.notes_on(file, table), *file.notes]
    read = {file.name for file in sources.values()}
    others = [file.name for file in files if file.name not in read]
    if others:
        notes.append(f"files left unread: {', '.join(others)}")
    if len(frames["missing"]) and not (frames["missing"]["category"] == "A").any():
        notes.append("no missing row is A (away without authorisation): the authority may record M only")
    return notes + [f"{count} {what}" for what, count in _oddities(frames).items() if count]


def _oddities(frames: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """Counts of what was accepted but deserves a question to whoever made the return."""
    episodes, header = frames["episodes"], frames["header"]
    strange = sorted(set(episodes["PLACE"]) - layout.PLACES - {""})
    weak = home_key(episodes)[1] & episodes["PLACE"].isin(layout.HOMES_BY_URN)
    return {
        "episodes have a REC but no DEC: open, unless a later episode follows": int(
            ((episodes["DEC"] == "") & (episodes["REC"] != "")).sum()
        ),
        "episodes in a home without URN: known by postcode only": int((weak & in_play(episodes)).sum()),
        f"PLACE codes are not known and were kept: {', '.join(strange)}": len(strange),
        "children have a SEX that is not 1, 2, M, F or U: unrecorded": int(
            (in_play(header) & (header["SEX"] != "") & ~header["SEX"].isin(layout.SEX)).sum()
        ),
    }
