"""A declared mapping: one TOML file that says how columns of any rectangular layout become a table of the contract.

observed_from = "2022-04-01"          # only where the mapping makes a data set of its own
observed_to = "2023-04-01"

[[tables]]
table = "interviews"
file = "interviews.xlsx"              # beside the mapping
sheet = "RHI"                         # of a workbook with several
dates_checked = true                  # only where a workbook seems to have swapped day and month, and has not
dates = "D/M/YYYY"                    # only where dates are written in none of the usual ways
[tables.columns.child_id]
from = "Child Unique ID"
[tables.columns.offered]
from = "Interview offered?"
meaning = "offered after this episode, as the team recorded it"
codes = { "Offered" = true, "Not Offered (Missing Again)" = false }
otherwise = "unrecorded"              # or "set_aside"; what to do with words that no code names

Columns of one's own are declared beside the table's, and mapped like any other; ``join = true`` puts them into the
table that is there, by id, in place of replacing it. Measures and events may come from several files:

[[tables]]
table = "children"
file = "assessments.xlsx"
join = true
[tables.declare.adhd]
kind = "yes/no"
meaning = "a diagnosis of ADHD at entry"
[tables.columns.child_id]
from = "Child"
[tables.columns.adhd]
from = "ADHD?"

Of an identifier, ``crosswalk = "ids.csv"`` names a file of two columns, the identifier in this file and that in the
tables; a row whose identifier it lacks is set aside.
"""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.extract.readers.dates import declared
from missingmodels.tables.columns import Table
from missingmodels.tables.contract import TABLES
from missingmodels.tables.joining import FILLED, JOINED_BY
from missingmodels.tables.own import DATED, NAMED, WITH_COLUMNS, Own, read_declared, with_own

COLUMN_KEYS = ("from", "value", "meaning", "codes", "otherwise", "part", "hours_until", "count", "crosswalk")
TABLE_KEYS = ("table", "file", "sheet", "dates_checked", "dates", "columns", "declare", "join")
SOURCES = ("from", "value", "count")
PARTS = ("date", "hour")
OTHERWISE = ("unrecorded", "set_aside")


@dataclass(frozen=True, kw_only=True)
class MappedColumn:
    """Where a column's values come from.

    Attributes
    ----------
    source : column of the file; blank where ``value`` or ``count`` says it
    value : one value for every row
    codes : word of the file to value, compared without case and outer space; ``otherwise`` is for all other words
    part : ``date`` or ``hour`` of a cell that holds both
    hours_until : column with the moment until which hours are counted, from ``source``
    count : number the rows of one key, from 0, in file order
    crosswalk : file of two columns, the identifier in this file and that in the tables
    """

    source: str = ""
    value: Any = None
    codes: Mapping[str, Any] = field(default_factory=dict)
    otherwise: str = "unrecorded"
    part: str = ""
    hours_until: str = ""
    count: bool = False
    crosswalk: Path | None = None


@dataclass(frozen=True, kw_only=True)
class TableMapping:
    """How one file, or sheet, becomes one table; ``dates_checked`` and ``dates`` as in ``read_ssda903``."""

    table: str
    file: Path
    sheet: str
    columns: Mapping[str, MappedColumn]
    dates_checked: bool = False
    dates: str | None = None
    own: tuple[Own, ...] = ()
    join: bool = False

    @property
    def spec(self) -> Table:
        """The table as the file gives it: of one that is joined, its identifiers and columns of one's own alone."""
        whole = with_own(self.table, {self.table: self.own} if self.table in WITH_COLUMNS else {})
        if self.table in DATED and self.own:
            names = tuple(one.name for one in self.own)
            named = NAMED[self.table]
            columns = tuple(replace(c, allowed=names) if c.name == named else c for c in whole.columns)
            return replace(whole, columns=columns)
        if not self.join:
            return whole
        own = {one.name for one in self.own}
        kept = tuple(c for c in whole.columns if c.name in own or (c.name in whole.key and c.name in self.columns))
        return replace(whole, columns=kept, key=tuple(name for name in whole.key if name in self.columns))


@dataclass(frozen=True, kw_only=True)
class DataMapping:
    """All tables of a mapping, and the span observed, blank where it is that of the tables it goes into."""

    tables: Sequence[TableMapping]
    observed_from: str
    observed_to: str
    name: str


def read_mapping(path: Path | str) -> DataMapping:
    """Read a mapping. Raises InputError for a file that is none, ConfigInvalid naming every fault in it at once."""
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        remedy = "name a mapping's TOML file; `missingmodels import mapping --draft FILE` proposes one"
        raise InputError("there is no such mapping", where=str(path), remedy=remedy) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the mapping cannot be read as TOML ({error})", where=str(path)) from error
    faults = [f"{key}: not known{_near(key, _TOP)}" for key in raw if key not in _TOP]
    span = [_day(raw.get(key, ""), key, faults) for key in ("observed_from", "observed_to")]
    entries = raw.get("tables")
    if not isinstance(entries, list) or not entries:
        faults.append("tables: at least one [[tables]] is needed")
        entries = []
    tables = [table for at, entry in enumerate(entries, start=1) if (table := _table(entry, at, path.parent, faults))]
    names = [table.table for table in tables]
    faults += [
        f"{name}: {names.count(name)} [[tables]] are of this table, which is made of one file: put the rows into one"
        for name in dict.fromkeys(names)
        if names.count(name) > 1 and name not in DATED
    ]
    if faults:
        raise ConfigInvalid(
            "the mapping cannot be used:\n  " + "\n  ".join(faults), where=str(path), remedy="correct the keys named"
        )
    return DataMapping(tables=tables, observed_from=span[0], observed_to=span[1], name=path.name)


_TOP = ("tables", "observed_from", "observed_to")


def _day(value: Any, key: str, faults: list[str]) -> str:
    """A day as ISO text, blank if none is given; TOML has days of its own, too."""
    if value == "":
        return ""
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        faults.append(f"{key}: {value!r} is no day, write it as 2022-04-01")
        return ""


def _table(entry: Any, at: int, folder: Path, faults: list[str]) -> TableMapping | None:
    place = f"tables {at}"
    if not isinstance(entry, dict):
        faults.append(f"{place}: not a table")
        return None
    faults += [f"{place}, {key}: not known{_near(key, TABLE_KEYS)}" for key in entry if key not in TABLE_KEYS]
    name = str(entry.get("table", ""))
    if name not in TABLES:
        faults.append(f"{place}, table: {name!r} is not one of {', '.join(TABLES)}{_near(name, TABLES)}")
        return None
    if not isinstance(entry.get("file"), str):
        faults.append(f"{place}, file: the name of a .csv or .xlsx file is needed")
    own = _declared(entry, name, faults)
    declared_here = {name: own} if name in WITH_COLUMNS else {}
    place, known = f"{name}", {column.name: column for column in with_own(name, declared_here).columns}
    columns: dict[str, MappedColumn] = {}
    held = entry.get("columns", {})
    if not isinstance(held, dict):
        faults.append(f"{place}, columns: write [tables.columns.NAME] for each column of the table")
        return None
    for column, spec in held.items():
        if column not in known:
            faults.append(f"{place}.{column}: no such column{_near(column, known)}")
        elif (made := _column(spec, f"{place}.{column}", known[column].kind, folder, faults)) is not None:
            columns[column] = made
    join = entry.get("join", False) is True
    faults += _misjoined(name, entry, own, columns, held) if "join" in entry else []
    given = (*held, *FILLED.get(name, ()))
    lacking = [column.name for column in known.values() if column.required and column.name not in given]
    unmapped = [one.name for one in own if name in WITH_COLUMNS and one.name not in held]
    if unmapped:
        faults.append(f"{place}: declared and not mapped: {', '.join(unmapped)}")
    if lacking and not join:
        faults.append(
            f"{place}: required columns are not mapped: {', '.join(lacking)} (give from, or value for all rows)"
        )
    return TableMapping(
        table=name,
        file=folder / str(entry.get("file", "")),
        sheet=str(entry.get("sheet", "")),
        columns=columns,
        dates_checked=entry.get("dates_checked", False) is True,
        dates=_form(entry.get("dates"), place, faults),
        own=own,
        join=join,
    )


def _declared(entry: Mapping[str, Any], table: str, faults: list[str]) -> tuple[Own, ...]:
    held = entry.get("declare", {})
    if table in DATED and not held:
        faults.append(f"{table}, declare: say what each name means: [tables.declare.NAME] meaning = …")
    if not isinstance(held, dict):
        faults.append(f"{table}, declare: write [tables.declare.NAME] for each column of your own")
        return ()
    try:
        return read_declared(table, held, place=f"{table}, declare") if held else ()
    except ConfigInvalid as error:
        faults.append(f"{error.what} ({error.remedy})")
        return ()


def _misjoined(
    table: str,
    entry: Mapping[str, Any],
    own: Sequence[Own],
    columns: Mapping[str, MappedColumn],
    held: Mapping[str, Any],
) -> list[str]:
    """Why a file cannot be joined by id."""
    if not isinstance(entry["join"], bool):
        return [f"{table}, join: write true or false"]
    if not entry["join"]:
        return []
    if table not in WITH_COLUMNS:
        return [f"{table}, join: only {', '.join(WITH_COLUMNS)} take columns by id"]
    faults = [] if own else [f"{table}, join: declare the columns of your own, [tables.declare.NAME]"]
    keys = JOINED_BY[table]
    ids = [name for name in held if name not in {one.name for one in own}]
    if ids and not any(set(key) == set(ids) for key in keys):
        faults.append(f"{table}, join: map {' or '.join(' + '.join(key) for key in keys)} and your own, nothing else")
    if not ids:
        faults.append(f"{table}, join: map {' or '.join(' + '.join(key) for key in keys)}, by which rows are joined")
    return faults


def _form(text: Any, place: str, faults: list[str]) -> str | None:
    """How dates are written, as ``--dates`` says it."""
    if text is None:
        return None
    try:
        declared(str(text))
    except InputError as error:
        faults.append(f"{place}, dates: {error.what}, {error.remedy}")
        return None
    return str(text)


def _column(spec: Any, place: str, kind: str, folder: Path, faults: list[str]) -> MappedColumn | None:  # noqa: C901
    if not isinstance(spec, dict):
        faults.append(f"{place}: write [tables.columns.…] with from or value")
        return None
    faults += [f"{place}, {key}: not known{_near(key, COLUMN_KEYS)}" for key in spec if key not in COLUMN_KEYS]
    if sum(key in spec for key in SOURCES) != 1:
        faults.append(f"{place}: give exactly one of {', '.join(SOURCES)}")
    for key, allowed in (("part", PARTS), ("otherwise", OTHERWISE)):
        if key in spec and spec[key] not in allowed:
            faults.append(f"{place}, {key}: {spec[key]!r} is not one of {', '.join(allowed)}")
    if not isinstance(spec.get("codes", {}), dict):
        faults.append(f"{place}, codes: write {{ word = value, … }}")
        return None
    for key in ("from", "meaning", "hours_until", "crosswalk"):
        if not isinstance(spec.get(key, ""), str):
            faults.append(f"{place}, {key}: {spec[key]!r} is no text")
    if any(isinstance(value, list | dict) for value in (spec.get("value"), *spec.get("codes", {}).values())):
        faults.append(f"{place}: value and codes give one text, number, flag or day, not several")
    if "hours_until" in spec and kind != "real":
        faults.append(f"{place}, hours_until: the column holds no number of hours")
    if "count" in spec and kind != "whole":
        faults.append(f"{place}, count: the column holds no whole number")
    if "crosswalk" in spec and kind != "text":
        faults.append(f"{place}, crosswalk: the column holds no identifier")
    return MappedColumn(
        source=str(spec.get("from", "")),
        value=spec.get("value"),
        codes={str(word).strip().casefold(): value for word, value in spec.get("codes", {}).items()},
        otherwise=str(spec.get("otherwise", "unrecorded")),
        part=str(spec.get("part", "")),
        hours_until=str(spec.get("hours_until", "")),
        count=bool(spec.get("count", False)),
        crosswalk=folder / str(spec["crosswalk"]) if spec.get("crosswalk") else None,
    )


def _near(name: str, known: Any) -> str:
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1)
    return f", did you mean {close[0]!r}?" if close else ""
