"""A rota with people, or days, across: a declared shape turns its cells into rows of shifts, one source table a column.

A TOML file declares it:

[rota]
across = "people"                     # or "days", with a column for the person
home = "Home"                         # a column; or home_id = "SC000001" for all rows
week = "Week commencing"              # a column with a day of the week meant
day = "Shift"                         # people across: the column that names the day (Mon, Monday, or a date)
staff = "Name"                        # days across: the column that names the person; columns Mon, Tue, … hold shifts
[rota.cells]                          # words in cells other than 08:00-22:00
"SI" = "22:00-08:00 sleep_in"
"OFF" = ""                            # no shift
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from missingmodels.errors import ConfigInvalid, ImportFault, InputError
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.dates import Form, column_dates
from missingmodels.extract.readers.source_table import SourceTable, column_name
from missingmodels.extract.staff.layout import SHIFT_TYPE
from missingmodels.extract.staff.words import words_shown

KEYS = ("across", "home", "home_id", "week", "day", "staff", "cells")
TIMES = r"(\d{1,2}[:.]?\d{2})\s*(?:-|–|to)\s*(\d{1,2}[:.]?\d{2})(?:\s+(.+))?"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CELL = "cell"  # what the rows of a source table made here are


@dataclass(frozen=True, kw_only=True)
class RotaShape:
    """How a rota is laid out: column names in capitals, blank where there is none, and cells by word."""

    across: str
    home: str = ""
    home_id: str = ""
    week: str = ""
    day: str = ""
    staff: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it names, in capitals."""
        return frozenset({self.home, self.week, self.day, self.staff} - {""})


def read_rota_shape(path: Path | str) -> RotaShape:
    """Read a declared shape. Raises InputError for a file that is none, ConfigInvalid naming every fault at once."""
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the rota's shape cannot be read as TOML ({error})", where=str(path)) from error
    held = raw.get("rota")
    if not isinstance(held, dict):
        raise ConfigInvalid("it has no [rota]", where=str(path), remedy=f"[rota] with {', '.join(KEYS)}")
    faults = [f"rota.{key}: not known" for key in held if key not in KEYS]
    text = {key: str(held.get(key, "")) for key in KEYS if key != "cells"}
    if text["across"] not in ("people", "days"):
        faults.append('rota.across: "people" or "days"')
    if bool(text["home"]) == bool(text["home_id"]):
        faults.append("rota.home or rota.home_id: give one of them")
    needed = "day" if text["across"] == "people" else "staff"
    faults += [f"rota.{needed}: it is needed with across = {text['across']!r}"] if not text[needed] else []
    cells = held.get("cells", {})
    for word, meaning in cells.items() if isinstance(cells, dict) else ():
        found = re.fullmatch(TIMES, str(meaning))
        if meaning and (not found or (found[3] and plain(found[3]) not in (*SHIFT_TYPE, *SHIFT_TYPE.values()))):
            faults.append(f'rota.cells, {word!r}: write "22:00-08:00 sleep_in", or "" for no shift')
    if faults:
        raise ConfigInvalid("the rota's shape cannot be used:\n  " + "\n  ".join(faults), where=str(path))
    names = {key: column_name(text[key]) for key in ("home", "week", "day", "staff")}
    return RotaShape(
        across=text["across"],
        home_id=text["home_id"],
        cells={plain(str(word)): str(meaning) for word, meaning in cells.items()},
        **names,
    )


def long_rota(table: SourceTable, shape: RotaShape, *, status: str | None, form: Form | None) -> list[SourceTable]:
    """One source table of shifts for each person, or each day, that stands across.

    Rows keep their numbers, and the tables are named by the place of the column, never by who heads it. Blank cells are
    no rows; cells that are no shift have the status ``unfilled``.

    Raises ImportFault for an absent column, no status, and cells that are neither times nor declared, which are shown.
    """
    absent = sorted(shape.columns - set(table.columns))
    if absent:
        raise ImportFault(f"it lacks the column {', '.join(absent)}", where=table.name, remedy="correct [rota]")
    if status is None:
        raise ImportFault(
            "nothing says whether the shifts were planned or worked",
            where=table.name,
            remedy="say so with --status planned or --status worked",
        )
    across = [name for name in table.columns if name not in shape.columns]
    if shape.across == "days":
        across = [name for name in across if _weekday(name) is not None]
    held = table.frame
    home = held[shape.home] if shape.home else pd.Series(shape.home_id, index=held.index)
    people = [*across] if shape.across == "people" else held[shape.staff].tolist()
    _require_cells(table, across, shape, people)
    made = []
    for nth, name in enumerate(across, start=1):
        filled = held[name] != ""
        said = held.loc[filled, name].map(lambda cell: shape.cells.get(plain(cell), cell))
        parts = said.str.extract(f"^{TIMES}$")
        day = held[shape.day] if shape.across == "people" else pd.Series(name, index=held.index)
        frame = pd.DataFrame(
            {
                "HOME": home[filled],
                "STAFF": name if shape.across == "people" else held.loc[filled, shape.staff],
                "DATE": _days(held, day, shape, form)[filled],
                "START": parts[0].fillna("00:00"),
                "END": parts[1].fillna("00:00"),
                "TYPE": parts[2].fillna("").str.replace("_", " "),
                "STATUS": parts[0].notna().map({True: status, False: "unfilled"}),
            }
        ).astype("str")
        what = "person" if shape.across == "people" else "day"
        made.append(
            SourceTable(
                name=f"{table.name}, {what} {nth}",
                label=table.label,
                encoding=table.encoding,
                digest=table.digest,
                frame=frame.assign(row=held.loc[filled, "row"]).reset_index(drop=True),
                unit=CELL,
                notes=table.notes if nth == 1 else (),
            )
        )
    return made


def _days(held: pd.DataFrame, day: pd.Series, shape: RotaShape, form: Form | None) -> pd.Series:
    """The day of each row as ISO text: the weekday in the week named, or the date written; blank if neither."""
    found, _ = column_dates(day, form)
    if shape.week:
        week, _ = column_dates(held[shape.week], form)
        place = pd.to_numeric(day.map(_weekday))
        ahead = (place - week.dt.day_of_week) % 7
        found = found.fillna(week + pd.to_timedelta(ahead, unit="D"))
    return found.dt.strftime("%Y-%m-%d").fillna("")


def _weekday(text: str) -> int | None:
    start = plain(text)[:3]
    return DAYS.index(start) if start in DAYS else None


def _require_cells(table: SourceTable, across: list[str], shape: RotaShape, people: list[str]) -> None:
    cells = pd.concat([table.frame[name] for name in across], ignore_index=True)
    known = (cells == "") | cells.map(plain).isin(shape.cells) | cells.str.fullmatch(TIMES).astype(bool)
    if not known.all():
        raise ImportFault(
            f"{int((~known).sum())} cells are neither times (08:00-22:00) nor declared: "
            + words_shown(cells[~known], people=people),
            where=table.name,
            remedy='say what they mean in [rota.cells]: "SI" = "22:00-08:00 sleep_in", or "" for no shift',
        )
