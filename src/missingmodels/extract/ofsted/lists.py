"""Ofsted's lists of children's homes, published or given to authorities, with a ledger of every row.

A list is a snapshot: it says what was registered on its date. Addresses, names and inspections are left unread.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.ledger import Ledger, follow, in_play, ledger_of, remark, repair, set_aside
from missingmodels.extract.ofsted import layout
from missingmodels.extract.ofsted.registration import is_none
from missingmodels.extract.readers.cells import ids_with_nulls_blank, nulls_blank, quotable, visible_text
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.extract.readers.dates import dates
from missingmodels.extract.readers.source_table import HEADER_WITHIN, Grid, SourceTable, require_unswapped, table_of
from missingmodels.extract.readers.workbook import WORKBOOKS, read_workbook

TITLE_DATE = r"\bas at (\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]+),? (20\d\d)\b"
FACTS = ("authority", "sector", "places", "provision_type", "registered_from", "closed_on")
TYPES = {
    **dict.fromkeys(("urn", "authority", "sector", "provision_type", "owner"), "string"),
    **{"places": "Int64", "short_break_only": "boolean", "multi_building": "boolean"},
    **dict.fromkeys(("registered_from", "closed_on", "list_date"), "datetime64[s]"),
}


@dataclass(frozen=True, kw_only=True)
class OfstedList:
    """One list.

    Attributes
    ----------
    frame : one row a children's home: ``urn``, ``authority`` (a name, as the list has it), ``sector`` (the homes
        table's codes), ``places``, ``provision_type``, ``owner``, ``short_break_only``, ``multi_building``,
        ``registered_from``, ``closed_on`` (first day no longer registered) and ``list_date``
    ledger : one line a row of the file: used, repaired, or set aside with the reason
    list_date : the day whose state the list gives
    name, digest : the file
    """

    frame: pd.DataFrame
    ledger: Ledger
    list_date: pd.Timestamp
    name: str
    digest: str


def read_ofsted_list(path: Path | str, *, list_date: str | None = None, dates_checked: bool = False) -> OfstedList:
    """Read one list: the published CSV of 2023, 2024 or 2025, or a workbook given to authorities.

    Parameters
    ----------
    list_date : ``YYYY-MM-DD``; needed where no title says "as at 31 March 2024", else it must agree with it
    dates_checked : as in ``read_ssda903``

    Sheets without a URN and a type of provision are set aside row by row. A list without any children's home is
    read: its frame has no rows.

    Raises InputError for a path that is no such file, ImportFault if no sheet is a list of providers, if the
    date is not known, or if it contradicts the title.
    """
    path = Path(path)
    grids = _grids(path)
    heads = {grid.name: _header_line(grid) for grid in grids}
    if all(at is None for at in heads.values()):
        raise ImportFault(
            "no sheet has a URN and a type of provision among its column names",
            where=path.name,
            remedy=f"name Ofsted's list of providers; the type's column is {' or '.join(layout.ALIASES['type'])}",
        )
    day = _list_date([line for grid in grids for line in grid.lines[: heads[grid.name] or 0]], list_date, path.name)
    frames, notes, rows = [], [f"{path.name}: list of {day.date().isoformat()}, {grids[0].encoding}"], {}
    for grid in grids:
        at = heads[grid.name]
        table = table_of(_from_line(grid, at or 0), comma_separated=path.suffix.lower() == ".csv")
        rows[grid.name] = table.frame["row"].tolist()
        if at is None:
            frames.append(_unread(table))
            continue
        columns = _columns(table)
        require_unswapped(table, (columns.get(fact, "") for fact in ("registered", "closed")), checked=dates_checked)
        notes += [*table.notes, f"{grid.name}: " + ", ".join(f"{fact} from {c}" for fact, c in columns.items())]
        above = _above(grid, at)
        rows[grid.name] += above["row"].tolist()
        titles = [str(n) for n, line in enumerate(grid.lines[:at], start=1) if sum(map(bool, line)) == 1]
        notes += [f"{grid.name}: titles above the column names, rows {', '.join(titles)}"] if titles else []
        frames += [_judge(_facts(table, columns), day), above]
    whole = _set_doubles_aside(pd.concat(frames, ignore_index=True))
    ledger = ledger_of([whole], notes=[*notes, *_oddities(whole)])
    ledger.reconcile(rows)
    return OfstedList(frame=_result(whole, day), ledger=ledger, list_date=day, name=path.name, digest=grids[0].digest)


def _grids(path: Path) -> list[Grid]:
    remedy = "name one of Ofsted's lists, as .csv or .xlsx"
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy=remedy)
    if path.suffix.lower() == ".csv":
        return [csv_grid(path.read_bytes(), name=path.name, label=path.name)]
    if path.suffix.lower() in WORKBOOKS:
        return read_workbook(path)
    raise InputError("this is neither a .csv nor an .xlsx file", where=str(path), remedy=remedy)


def _header_line(grid: Grid) -> int | None:
    """The line of the column names, None if no line near the top has all that are compulsory."""
    for at, line in enumerate(grid.lines[:HEADER_WITHIN]):
        names = {layout.plain(cell) for cell in line}
        if all(names & set(layout.ALIASES[fact]) for fact in layout.COMPULSORY):
            return at
    return None


def _above(grid: Grid, at: int) -> pd.DataFrame:
    """Lines above the column names that are no title: of several cells, so perhaps a home's, and nothing names them."""
    rows = [row for row, line in enumerate(grid.lines[:at], start=1) if sum(map(bool, line)) > 1]
    frame = follow(pd.DataFrame({"row": rows}, dtype="int64"), file=grid.name, table="homes")
    every = pd.Series(True, index=frame.index)
    return set_aside(frame, every, "above_column_names", "it stands above the line that names the columns")


def _from_line(grid: Grid, at: int) -> Grid:
    """The grid without the title above its column names; rows keep their numbers."""
    return replace(grid, lines=[[""]] * at + [[" ".join(c.split()) for c in grid.lines[at]], *grid.lines[at + 1 :]])


def _list_date(titles: Sequence[Sequence[str]], given: str | None, where: str) -> pd.Timestamp:
    words = " ".join(cell for line in titles for cell in line)
    told = {_titled(*match) for match in re.findall(TITLE_DATE, " ".join(words.split()), re.IGNORECASE)}
    day = None if given is None else _given(given)
    if len(told) > 1 or (day and told and told != {day}):
        named = " and ".join(sorted(str(found.date()) for found in told))
        raise ImportFault(
            f"the title says as at {named}" + (f", but list_date is {day.date()}" if day else ""),
            where=where,
            remedy="give the date in the title, or leave list_date out",
        )
    if told or day:
        return day or told.pop()
    raise ImportFault(
        "no title says the date of the list",
        where=where,
        remedy=f"give the day it was drawn: --homes {where}@YYYY-MM-DD, in Python list_date",
    )


def _titled(day: str, month: str, year: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(dt.datetime.strptime(f"{day} {month[:3]} {year}", "%d %b %Y"))
    except ValueError as error:
        raise ImportFault(f"the title's date, {day} {month} {year}, is no date", remedy="correct the title") from error


def _given(text: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(dt.date.fromisoformat(text.strip()))
    except ValueError as error:
        raise ImportFault(f"list_date {text!r} is not a date", remedy="write it as YYYY-MM-DD") from error


def _columns(table: SourceTable) -> dict[str, str]:
    """Which column of the sheet holds each fact; facts without a column are left out."""
    held = {layout.plain(column): column for column in reversed(table.columns)}
    found = {fact: next((held[a] for a in aliases if a in held), None) for fact, aliases in layout.ALIASES.items()}
    return {fact: column for fact, column in found.items() if column is not None}


def _facts(table: SourceTable, columns: Mapping[str, str]) -> pd.DataFrame:
    """A working frame of the facts as text; ``None`` where the sheet has no such column."""
    held = table.frame
    frame = pd.DataFrame(
        {fact: held[columns[fact]] if fact in columns else pd.Series("", index=held.index) for fact in layout.ALIASES}
    )
    urn = ids_with_nulls_blank(frame["urn"].map(visible_text).astype("str"))
    frame = frame.apply(nulls_blank).assign(urn=urn).astype(object)
    for fact in ("short_break", "multi_building"):
        if fact not in columns:
            frame[fact] = None
    frame["urn"] = layout.urn_key(frame["urn"])
    return follow(frame.assign(row=held["row"]), file=table.name, table="homes")


def _judge(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Give every row its fate, and the facts their codes."""
    frame = frame.assign(
        provision_type=layout.provision_of(frame["type"], frame["subtype"]),
        sector_code=frame["sector"].map(layout.plain).map(layout.SECTORS),
        count=pd.to_numeric(frame["places"].where(frame["places"].str.fullmatch(r"0*[1-9]\d{0,3}").astype(bool))),
        registered_from=dates(frame["registered"]),
        closed_on=dates(frame["closed"]),
    )
    none = frame[["sector", "places", "registered", "closed"]].map(lambda text: layout.plain(text) in layout.NONE_WORDS)
    frame = set_aside(frame, is_none(frame["urn"]), "no_urn", "the URN is blank, or a word for none")
    kind = frame["type"].where(frame["type"] != "", "blank")
    frame = remark(frame, in_play(frame) & (frame["provision_type"] == ""), "type: " + kind)
    frame = set_aside(frame, frame["provision_type"] == "", "not_a_childrens_home")
    for text, read in (("registered", "registered_from"), ("closed", "closed_on")):
        # An unreadable closing date must not be taken for a home that is open.
        bad = in_play(frame) & frame[read].isna() & ~none[text]
        frame = remark(frame, bad, frame[text].map(quotable) + f" in the column of the date {text} is not DD/MM/YYYY")
        frame = set_aside(frame, bad, "bad_date")
    frame = set_aside(frame, frame["closed_on"] <= frame["registered_from"], "closed_before_registered")
    frame = _close_by_status(frame, day)
    frame = remark(
        frame, in_play(frame) & frame["sector_code"].isna() & ~none["sector"], "sector not known: unrecorded"
    )
    frame = remark(frame, in_play(frame) & frame["count"].isna() & ~none["places"], "places unreadable: unrecorded")
    late = in_play(frame) & (frame["registered_from"] > day)
    frame = remark(frame, late, "registered after the list's date")
    return remark(frame, in_play(frame) & ~frame["urn"].str.fullmatch(layout.USUAL_URN).astype(bool), "unusual URN")


def _close_by_status(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """A home whose status is closed but that has no date was closed by the list's date at the latest."""
    which = in_play(frame) & frame["status"].map(layout.plain).isin(layout.CLOSED_STATUS) & frame["closed_on"].isna()
    after = pd.Series(f"closed {day:%d/%m/%Y}", index=frame.index)
    frame = repair(frame, which, "closed_without_date", before="closed blank, status " + frame["status"], after=after)
    return frame.assign(closed_on=frame["closed_on"].mask(which, day))


def _set_doubles_aside(frame: pd.DataFrame) -> pd.DataFrame:
    """Of rows with one URN the first stands; the ledger says where another differs from it."""
    live = frame[in_play(frame)] if len(frame) else frame
    facts = ["authority", "sector_code", "count", "provision_type", "registered_from", "closed_on"]
    for _, rows in live[live["urn"].duplicated(keep=False)].groupby("urn", sort=False):
        kept = rows.iloc[0]
        for label, row in rows.iloc[1:].iterrows():
            pairs = zip(FACTS, facts, strict=True)
            # Blank cells contradict nothing: a sheet may leave a column to another.
            both = [(name, kept[fact], row[fact]) for name, fact in pairs if _held(kept[fact]) and _held(row[fact])]
            differs = [name for name, first, other in both if first != other]
            which = pd.Series(frame.index == label, index=frame.index)
            detail = f"{kept['file']} row {kept['row']} is kept" + (f", other {', '.join(differs)}" if differs else "")
            frame = set_aside(frame, which, "duplicate_differs" if differs else "duplicate", detail)
    return frame


def _held(value: object) -> bool:
    return not pd.isna(value) and value != ""


def _unread(table: SourceTable) -> pd.DataFrame:
    frame = follow(table.frame[["row"]], file=table.name, table="homes")
    every = pd.Series(True, index=frame.index)
    return set_aside(frame, every, "not_a_provider_sheet", "the sheet has no URN or no type of provision")


def _oddities(frame: pd.DataFrame) -> list[str]:
    live = frame[in_play(frame)]
    strange = sorted(set(live.loc[live["detail"].str.contains("sector not known", regex=False), "sector"]))
    suspended = int(live["status"].fillna("").map(layout.plain).eq("suspended").sum())
    counts = {
        f"sectors not known: {', '.join(strange)}": len(strange),
        "homes are suspended and stay in use": suspended,
        "homes have no readable number of places": int(live["count"].isna().sum()),
        "rows used have no registration date": int(live["registered_from"].isna().sum()),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def _result(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    live = frame[in_play(frame)]
    yes = {
        fact: live[fact].map(lambda text: None if text is None else layout.plain(text) not in layout.NO_WORDS)
        for fact in ("short_break", "multi_building")
    }
    made = pd.DataFrame(
        {
            "urn": live["urn"],
            "authority": live["authority"].where(live["authority"] != ""),
            "sector": live["sector_code"],
            "places": live["count"],
            "provision_type": live["provision_type"],
            "owner": live["owner"].where(live["owner"] != ""),
            "short_break_only": yes["short_break"],
            "multi_building": yes["multi_building"],
            "registered_from": live["registered_from"],
            "closed_on": live["closed_on"],
            "list_date": day,
        }
    )
    return made.astype(TYPES).reset_index(drop=True)
