"""Files of a home's staff to the contract's tables: a rota of shifts, contracts, or totals over periods.

Times are local (Europe/London) as a rota shows them; a shift that ends before it starts ends the next day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract import staffing_layout as layout
from missingmodels.extract.csv_files import csv_grid
from missingmodels.extract.dates import column_dates
from missingmodels.extract.ledger import FAULTS_SHOWN, Ledger, follow, in_play, ledger_of, merge, remark, set_aside
from missingmodels.extract.ofsted_layout import plain, urn_key
from missingmodels.extract.shift_times import shift_times
from missingmodels.extract.source_table import SourceTable, require_unswapped, table_of
from missingmodels.extract.workbook import WORKBOOKS, read_workbook

Status = Literal["planned", "worked"]
# More hours than a double night shift: a wrong date, or a row that stands for a week.
LONGEST_SHIFT_HOURS = 26
KEPT = {
    "staff_shifts": ["home", "staff", "start_time", "end_time", "shift_type", "employment", "state"],
    "staff_spells": ["home", "staff", "start_date", "end_date", "role", "employment", "fte", "leave_reason"],
    "staff_periods": ["home", "start_date", "end_date", *layout.NUMBERS],
}


@dataclass(frozen=True, kw_only=True)
class StaffTable:
    """One of the contract's staff tables, with the ``row`` each came from, and what became of every row of its file."""

    name: str
    frame: pd.DataFrame
    ledger: Ledger
    file: str
    digest: str


def read_staffing(path: Path | str, *, status: Status | None = None, dates_checked: bool = False) -> list[StaffTable]:
    """The staff tables in a .csv file or a workbook, one a sheet.

    Parameters
    ----------
    status : what the shifts are where no column says it: ``planned`` (a rota) or ``worked``
    dates_checked : as in ``read_ssda903``

    A planned shift is folded into the worked one of the same person and start. Rows whose home, person or time cannot
    be read are set aside.

    Raises InputError for a path that is no such file, ImportFault if no sheet has the columns of a rota, of contracts
    or of period totals, or if nothing says whether shifts were planned or worked.
    """
    path = Path(path)
    tables = _sheets(path)
    found = [(table, shape, columns) for table in tables for shape, columns in _shape_of(table)]
    if not found:
        wanted = "; ".join(
            f"{s.table}: {', '.join(s.columns[fact][0] for fact in s.compulsory)}"
            for s in (layout.SHIFTS, layout.SPELLS, layout.PERIODS)
        )
        raise ImportFault(
            f"no sheet has the columns of staffing, only {', '.join(tables[0].columns[:FAULTS_SHOWN]) or 'none'}",
            where=path.name,
            remedy=f"name the columns as one of these has them — {wanted}",
        )
    for table, _, columns in found:
        require_unswapped(table, (columns.get(fact, "") for fact in ("date", "start", "end")), checked=dates_checked)
    return [_read(table, shape, columns, status) for table, shape, columns in found]


def _sheets(path: Path) -> list[SourceTable]:
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy="name a .csv or .xlsx file of staff")
    if path.suffix.lower() == ".csv":
        return [table_of(csv_grid(path.read_bytes(), name=path.name, label=path.name), comma_separated=True)]
    if path.suffix.lower() in WORKBOOKS:
        return [table_of(grid, comma_separated=False) for grid in read_workbook(path)]
    raise InputError("this is neither a .csv nor an .xlsx file", where=str(path), remedy="export it as one of them")


def _shape_of(table: SourceTable) -> list[tuple[layout.Shape, dict[str, str]]]:
    """The shape that a sheet has, with the column of each fact; none if it has none. Shifts have times of day."""
    held = {plain(column).replace("_", " "): column for column in reversed(table.columns)}
    for shape in (layout.SHIFTS, layout.SPELLS, layout.PERIODS):
        named = {f: next((held[a] for a in aliases if a in held), "") for f, aliases in shape.columns.items()}
        if all(named[fact] for fact in shape.compulsory):
            return [(shape, {fact: column for fact, column in named.items() if column})]
    return []


def _read(table: SourceTable, shape: layout.Shape, columns: dict[str, str], status: Status | None) -> StaffTable:
    held = {fact: table.frame[columns[fact]] if fact in columns else "" for fact in shape.columns}
    frame = follow(table.frame[["row"]].assign(**held), file=table.name, table=shape.table)
    frame = frame.assign(home=urn_key(frame["home"].astype(str)))
    for fact in ("staff",) if "staff" in shape.columns else ():
        frame[fact] = frame[fact].str.replace(r"\.0$", "", regex=True)
    for fact in shape.required:
        frame = set_aside(frame, frame[fact] == "", f"{fact}_blank", f"{fact} is blank")
    notes = [*table.notes, f"{table.name}: " + ", ".join(f"{fact} from {name}" for fact, name in columns.items())]
    if shape is layout.SHIFTS:
        frame, more = _shifts(frame, columns, status, where=table.name)
    elif shape is layout.SPELLS:
        frame, more = _spells(frame)
    else:
        frame, more = _periods(frame)
    frame, made = _keyed(frame, shape)
    ledger = ledger_of([frame], notes=[*notes, *more])
    ledger.reconcile({table.name: table.frame["row"].tolist()})
    return StaffTable(name=shape.table, frame=made, ledger=ledger, file=table.name, digest=table.digest)


def _shifts(
    frame: pd.DataFrame, columns: dict[str, str], status: Status | None, *, where: str
) -> tuple[pd.DataFrame, list[str]]:
    if "status" not in columns and status is None:
        raise ImportFault(
            "no column says whether the shifts were planned or worked",
            where=where,
            remedy="say so with --status planned or --status worked",
        )
    words = frame["status"].map(plain)
    state = words.map(layout.STATUS) if "status" in columns else pd.Series(status, index=frame.index)
    frame = set_aside(frame, words.isin(layout.NOT_WORKED), "not_worked", "the status says that nobody came")
    frame = set_aside(frame, state.isna(), "status_unknown", "the status is neither planned nor worked")
    frame, notes = shift_times(frame, with_date="date" in columns)
    hours = (frame["end_time"] - frame["start_time"]).dt.total_seconds() / 3600
    frame = set_aside(frame, hours <= 0, "end_before_start", "it does not end after its start")
    frame = set_aside(frame, hours > LONGEST_SHIFT_HOURS, "too_long", f"longer than {LONGEST_SHIFT_HOURS} hours")
    kind, more = _coded(frame, "shift_type", layout.SHIFT_TYPE)
    contract, most = _coded(frame, "employment", layout.EMPLOYMENT)
    known = contract.where(contract.isin(["permanent", "bank", "agency"]), "")
    frame = frame.assign(state=state, shift_type=kind, employment=known)
    # The worked shift stands before the planned one it fulfilled.
    frame = frame.sort_values(
        ["home", "staff", "start_time", "state", "uid"], ascending=[True, True, True, False, True]
    )
    return frame, [*notes, *more, *most]


def _spells(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    frame, notes = _dated(frame, required=("start",))
    contract, more = _coded(frame, "employment", layout.EMPLOYMENT)
    frame = frame.assign(
        employment=contract,
        role=frame["role"].map(plain).map(lambda text: layout.by_keyword(text, layout.ROLES)),
        leave_reason=frame["leave_reason"].map(plain).map(lambda text: layout.by_keyword(text, layout.LEAVE_REASONS)),
        fte=pd.to_numeric(frame["fte"], errors="coerce"),
    )
    other = int((frame["role"] == "other").sum())
    more += [f"{other} rows have a job that is none of care's: they do not count in turnover"] if other else []
    known = frame["employment"].isin(["permanent", "bank", "agency"])
    frame = set_aside(frame, ~known, "employment_unknown", "the contract is neither permanent, bank nor agency")
    off = in_play(frame) & (frame["fte"].notna() & ~frame["fte"].between(0, 2))
    frame = remark(frame, off, "fte outside 0 to 2: unrecorded")
    frame = frame.assign(fte=frame["fte"].mask(off))
    frame = set_aside(frame, frame["end_date"] <= frame["start_date"], "end_before_start")
    return frame.sort_values(["home", "staff", "start_date", "uid"]), [*notes, *more]


def _periods(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    frame, notes = _dated(frame, required=("start", "end"))
    # People write the last day of a period, the contract the day after it.
    frame = frame.assign(end_date=frame["end_date"] + pd.Timedelta(days=1))
    notes = [*notes, "period ends are taken as the last day that the totals count"]
    for name in layout.NUMBERS:
        number = pd.to_numeric(frame[name].str.replace(",", "", regex=False), errors="coerce")
        bad = (frame[name] != "") & (number.isna() | (number < 0))
        frame = set_aside(frame, bad, "bad_number", f"{name} is no number from 0 on")
        frame[name] = number
    over = in_play(frame) & (frame["agency_hours"] > frame["worked_hours"])
    frame = set_aside(frame, over, "agency_above_worked", "agency hours are more than hours worked")
    frame = set_aside(frame, frame["end_date"] <= frame["start_date"], "end_before_start")
    return frame.sort_values(["home", "start_date", "uid"]), notes


def _dated(frame: pd.DataFrame, *, required: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    for fact in ("start", "end"):
        day, form = column_dates(frame[fact])
        notes.append(f"{fact} read as {form}")
        frame = frame.assign(**{f"{fact}_date": day})
        bad = day.isna() & ((frame[fact] != "") | (fact in required))
        frame = set_aside(frame, bad, "bad_date", f"{fact} is blank or not {form}")
    return frame, notes


def _coded(frame: pd.DataFrame, fact: str, codes: dict[str, str]) -> tuple[pd.Series, list[str]]:
    """Codes of a column's words; a word that is not known becomes ``other``, and is told once, in its own column."""
    words = frame[fact].map(plain)
    code = words.map(codes).where(words != "", "").fillna("other")
    strange = int((in_play(frame) & (code == "other")).sum())
    return code, [f"{strange} rows have a {fact.replace('_', ' ')} that is not known"] if strange else []


def _set_differing_aside(frame: pd.DataFrame, key: list[str], kept: list[str], *, totals: bool) -> pd.DataFrame:
    """Rows of one key that say something else than the first; of totals the first, too."""
    live = frame[in_play(frame)]
    live = live[live.duplicated(key, keep=False)]
    if live.empty:
        return frame
    facts = live[kept].astype(object)
    facts = facts.where(facts.notna(), "")
    firsts = facts.groupby([live[name] for name in key], sort=False).transform("first")
    apart = facts != firsts
    what = apart.apply(lambda line: "other " + ", ".join(apart.columns[line]), axis=1)
    uid = live.groupby(key, sort=False)["uid"].transform("first")
    differs = apart.any(axis=1)
    which = differs.groupby(uid).transform("any") if totals else differs
    row = live["row"].groupby(uid).transform("first").astype(str)
    told = ("row " + row + " has the same start, " + what).where(
        differs, "a later row has the same start, other totals"
    )
    hit = which.reindex(frame.index, fill_value=False)
    frame = remark(frame, hit, told.reindex(frame.index)[hit])
    return set_aside(frame, hit, "same_start_differs")


def _keyed(frame: pd.DataFrame, shape: layout.Shape) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame with rows of one key made one, and the contract's table of what stands.

    Rows that say the same are merged. Where they differ nothing says which is right: of a person's the first stands and
    the others are set aside, of totals none stands, since part of a home's hours would be taken for all.
    """
    when = "start_time" if shape is layout.SHIFTS else "start_date"
    key = ["home", *(["staff"] if "staff" in shape.columns else []), when]
    live = frame[in_play(frame)]
    again = live.duplicated(key)
    first = live.groupby(key, sort=False)["uid"].transform("first")
    which = again.reindex(frame.index, fill_value=False)
    if shape is layout.SHIFTS:
        fulfilled = which & (frame["state"] == "planned")
        frame = merge(frame, fulfilled, "planned_and_worked", into=first.reindex(frame.index))
    frame = _set_differing_aside(frame, key, KEPT[shape.table], totals=shape is layout.PERIODS)
    frame = merge(frame, which, "same_start", into=first.reindex(frame.index))
    live = frame[in_play(frame)]
    names = {"home": "home_id", "staff": "staff_id", "state": "status"}
    kept = KEPT[shape.table]
    made = live[[*kept, "row"]].rename(columns=names)
    for column in ("shift_type", "employment", "role", "leave_reason"):
        if column in made:
            made[column] = made[column].where(made[column] != "")
    return frame.sort_values("uid"), made.reset_index(drop=True)
