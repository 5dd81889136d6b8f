"""Files of a home's staff to the contract's tables: rotas of shifts, contracts, or totals over periods.

Times are local (Europe/London) as a rota shows them; a shift that ends before it starts ends the next day. No message
prints the name of a person, nor a column that may be headed by one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.crosswalk import Crosswalk
from missingmodels.extract.ledger import FAULTS_SHOWN, Ledger, follow, in_play, ledger_of, merge, remark, set_aside
from missingmodels.extract.mapped.judge import judge_staff
from missingmodels.extract.ofsted.layout import plain, urn_key
from missingmodels.extract.readers.cells import ids_with_nulls_blank, named, nulls_blank, visible
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.extract.readers.dates import Form, column_dates, declared, open_ends_blank
from missingmodels.extract.readers.source_table import SourceTable, require_unswapped, table_of
from missingmodels.extract.readers.workbook import WORKBOOKS, read_workbook
from missingmodels.extract.returns.identity import require_whole_ids
from missingmodels.extract.staff import layout
from missingmodels.extract.staff.shift_times import shift_times
from missingmodels.extract.staff.wide_rota import CELL, RotaShape, long_rota
from missingmodels.extract.staff.words import coded, job_codes, require_known, shift_types, words_shown
from missingmodels.extract.words import Words
from missingmodels.tables.judgement import Judgement

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
    """One of the contract's staff tables, and what became of every row of the files or sheets it was made of.

    Attributes
    ----------
    frame : the table's columns, with the ``uid`` by which the ledger's working frame knew each row
    digests : by file or sheet
    judged : what is to be said of the ids of staff in all of the files
    """

    name: str
    frame: pd.DataFrame
    ledger: Ledger
    digests: Mapping[str, str]
    judged: tuple[Judgement, ...] = ()

    @property
    def file(self) -> str:
        """The files' names, for a message."""
        return ", ".join(self.digests)


def read_staffing(
    path: Path | str | Sequence[Path | str],
    *,
    status: Status | None = None,
    dates_checked: bool = False,
    dates: str | None = None,
    words: Words | None = None,
    rota: RotaShape | None = None,
    same_staff: Crosswalk | None = None,
) -> list[StaffTable]:
    """The staff tables in .csv files and workbooks: one of each kind, whatever files and sheets its rows come from.

    Parameters
    ----------
    status : what the shifts are where no column says it: ``planned`` (a rota) or ``worked``
    dates_checked, dates : as in ``read_ssda903``
    words : what local words of shift types, contracts and jobs mean
    rota : how a rota is laid out that has people across
    same_staff : which ids are one worker

    A planned shift is folded into the worked one of the same person and start. Rows whose home, person or time cannot
    be read are set aside; a shift of agency or bank staff without a name, or under a word that stands for nobody, is a
    person of its own.

    Raises InputError for a path that is no such file, ImportFault if no sheet of a file has the columns of a rota, of
    contracts or of period totals, if nothing says whether shifts were planned or worked, or for words of shift types
    and contracts that are not known, which are shown.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    form, own, same = declared(dates), words or Words(), same_staff or Crosswalk()
    parts: dict[str, list[tuple[SourceTable, pd.DataFrame, list[str]]]] = {}
    left: list[str] = []
    for each in map(Path, paths):
        tables = _sheets(each, layout.NAMES if rota is None else layout.NAMES | rota.columns)
        if rota is not None:
            tables = [part for table in tables for part in long_rota(table, rota, status=status, form=form)]
        found = [(table, shape, columns) for table in tables for shape, columns in _shape_of(table)]
        if not found:
            raise _shapeless(tables, where=each.name)
        read = {table.name for table, _, _ in found}
        left += [f"{t.name}: no rota, contracts or totals, its {len(t.frame)} rows left unread"
                 for t in tables if t.name not in read]  # fmt: skip
        for table, shape, columns in found:
            dated = (columns.get(fact, "") for fact in ("date", "start", "end"))
            require_unswapped(table, dated, checked=dates_checked)
            frame, notes = _judged(table, shape, columns, status, form, own, same)
            parts.setdefault(shape.table, []).append((table, frame, notes))
    shapes = {shape.table: shape for shape in (layout.SHIFTS, layout.SPELLS, layout.PERIODS)}
    made = [_joined(shapes[name], held, left) for name, held in parts.items()]
    people = [each.frame["staff_id"] for each in made if "staff_id" in each.frame]
    alike = tuple(judge_staff(pd.concat(people), alone=same.alone)) if people else ()
    return [dataclasses.replace(each, judged=alike) for each in made]


def _shapeless(tables: Sequence[SourceTable], *, where: str) -> ImportFault:
    """No sheet is one of staff. Columns that are not known may be headed by people's names, and are only counted."""
    wanted = "; ".join(
        f"{s.table}: {', '.join(s.columns[fact][0] for fact in s.compulsory)}"
        for s in (layout.SHIFTS, layout.SPELLS, layout.PERIODS)
    )
    columns = [name for table in tables for name in table.columns]
    known = [name for name in dict.fromkeys(columns) if name.replace("_", " ") in layout.NAMES]
    others = len(set(columns) - set(known))
    return ImportFault(
        f"no sheet has the columns of staffing, only {', '.join(known[:FAULTS_SHOWN]) or 'none that is known'}"
        + (f" and {others} that are not" if others else ""),
        where=where,
        remedy=f"name the columns as one of these has them — {wanted}; or declare a rota with people across: "
        "--rota SHAPE.toml",
    )


def _sheets(path: Path, names: frozenset[str]) -> list[SourceTable]:
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy="name a .csv or .xlsx file of staff")
    if path.suffix.lower() == ".csv":
        grid = csv_grid(path.read_bytes(), name=path.name, label=path.name)
        return [table_of(grid, comma_separated=True, names=names)]
    if path.suffix.lower() in WORKBOOKS:
        return [table_of(grid, comma_separated=False, names=names) for grid in read_workbook(path)]
    raise InputError("this is neither a .csv nor an .xlsx file", where=str(path), remedy="export it as one of them")


def _shape_of(table: SourceTable) -> list[tuple[layout.Shape, dict[str, str]]]:
    """The shape that a sheet has, with the column of each fact; none if it has none. Shifts have times of day."""
    held = {plain(column).replace("_", " "): column for column in reversed(table.columns)}
    for shape in (layout.SHIFTS, layout.SPELLS, layout.PERIODS):
        found = {f: next((held[a] for a in aliases if a in held), "") for f, aliases in shape.columns.items()}
        if all(found[fact] for fact in shape.compulsory):
            return [(shape, {fact: column for fact, column in found.items() if column})]
    return []


def _judged(
    table: SourceTable,
    shape: layout.Shape,
    columns: Mapping[str, str],
    status: Status | None,
    form: Form | None,
    own: Words,
    same: Crosswalk,
) -> tuple[pd.DataFrame, list[str]]:
    """The working frame of one sheet, its rows judged one by one, and notes."""
    held = {fact: table.frame[columns[fact]] if fact in columns else "" for fact in shape.columns}
    frame = follow(table.frame[["row"]].assign(**held), file=table.name, table=shape.table)
    notes = [*table.notes]
    if table.unit != CELL:
        notes.append(f"{table.name}: " + ", ".join(f"{fact} from {name}" for fact, name in columns.items()))
    for fact in shape.columns:
        words, cleared = visible(frame[fact].astype("str"))
        identifier = fact in ("home", "staff")
        frame[fact] = ids_with_nulls_blank(words) if identifier else nulls_blank(words)
        if identifier and cleared.any():
            notes.append(f"{table.name}: invisible characters were removed from {int(cleared.sum())} cells of {fact}")
    frame = frame.assign(home=urn_key(frame["home"].astype(str)))
    if "staff" in shape.columns:
        frame["staff"] = same.apply(frame["staff"].str.replace(r"\.0$", "", regex=True))
        require_whole_ids(frame["staff"], frame["row"], where=table.name, column="staff id")
        if named(frame["staff"]).any():
            notes.append(f"{table.name}: staff go by name; with --key names become keyed hashes")
    if shape is layout.SHIFTS:
        frame, more = _shifts(frame, columns, status, form, own, where=table.name)
    elif shape is layout.SPELLS:
        frame, more = _spells(frame, form, own, where=table.name)
    else:
        frame, more = _periods(frame, columns, form)
    return frame, [*notes, *more]


def _joined(
    shape: layout.Shape, parts: Sequence[tuple[SourceTable, pd.DataFrame, list[str]]], left: Sequence[str]
) -> StaffTable:
    """One table of all sheets of a shape: rows numbered through, then rows of one key made one."""
    names = [table.name for table, _, _ in parts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ImportFault(f"{', '.join(twice)} were given twice", remedy="name each file once, or rename one of them")
    frame = pd.concat([each for _, each, _ in parts], ignore_index=True)
    frame = frame.assign(uid=np.arange(len(frame), dtype="int64"))
    frame, notes = _unnamed(frame, shape)
    when = "start_time" if shape is layout.SHIFTS else "start_date"
    order = ["home", *(["staff"] if "staff" in shape.columns else []), when]
    # The worked shift stands before the planned one it fulfilled.
    first = frame["state"] == "planned" if shape is layout.SHIFTS else pd.Series(False, index=frame.index)
    frame = frame.assign(later=first).sort_values([*order, "later", "uid"])
    frame, made = _keyed(frame, shape)
    ledger = ledger_of([frame], notes=[*(note for _, _, told in parts for note in told), *notes, *left])
    ledger.reconcile({table.name: table.frame["row"].tolist() for table, _, _ in parts})
    return StaffTable(
        name=shape.table, frame=made, ledger=ledger, digests={table.name: table.digest for table, _, _ in parts}
    )


def _unnamed(frame: pd.DataFrame, shape: layout.Shape) -> tuple[pd.DataFrame, list[str]]:
    """The frame with a person of its own for every row of a home and start that has no name."""
    if "staff" not in shape.columns:
        return frame, []
    when = "start_time" if shape is layout.SHIFTS else "start_date"
    placeholder = frame["staff"].map(plain).isin(layout.NOBODY)
    hired = frame["employment"].isin(["agency", "bank"])
    which = in_play(frame) & (placeholder | ((frame["staff"] == "") & hired))
    blank = in_play(frame) & (frame["staff"] == "") & ~which
    frame = set_aside(frame, blank, "staff_blank", "staff is blank, and the contract is neither agency nor bank")
    if not which.any():
        return frame, []
    rows = frame[which]
    state = rows["state"] if "state" in rows else pd.Series("", index=rows.index)
    nth = rows.groupby([rows["home"], rows[when], state], dropna=False).cumcount() + 1
    kind = rows["employment"].where(hired, "unnamed")
    frame["staff"] = frame["staff"].mask(which, (kind + " " + nth.astype(str)).reindex(frame.index))
    frame = remark(frame, which, "nobody is named: counted as a person of its own")
    return frame, [f"{int(which.sum())} rows name nobody: each counts as a person of its own"]


def _shifts(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    status: Status | None,
    form: Form | None,
    own: Words,
    *,
    where: str,
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
    frame = _required(frame, layout.SHIFTS)
    frame = set_aside(frame, state.isna(), "status_unknown", "the status is neither planned nor worked")
    frame, notes = shift_times(frame, with_date="date" in columns, form=form)
    hours = (frame["end_time"] - frame["start_time"]).dt.total_seconds() / 3600
    frame = set_aside(frame, hours <= 0, "end_before_start", "it does not end after its start")
    frame = set_aside(frame, hours > LONGEST_SHIFT_HOURS, "too_long", f"longer than {LONGEST_SHIFT_HOURS} hours")
    kind = shift_types(frame["shift_type"], own.of("shift"))
    require_known(frame, "shift_type", kind, where=where)
    contract = coded(frame["employment"], layout.EMPLOYMENT, own.of("contract"))
    contract = contract.mask(frame["employment"].map(plain).isin(layout.NOT_STAFF), "")
    require_known(frame, "employment", contract, where=where)
    return frame.assign(state=state, shift_type=kind, employment=contract), notes


def _required(frame: pd.DataFrame, shape: layout.Shape) -> pd.DataFrame:
    """Set rows aside that lack what they must hold; a person's name is judged when all rows are known."""
    for fact in shape.required:
        if fact != "staff":
            frame = set_aside(frame, frame[fact] == "", f"{fact}_blank", f"{fact} is blank")
    return frame


def _spells(frame: pd.DataFrame, form: Form | None, own: Words, *, where: str) -> tuple[pd.DataFrame, list[str]]:
    frame = _required(frame, layout.SPELLS)
    frame, notes = _dated(frame, form, required=("start",))
    volunteer = frame["employment"].map(plain).isin(layout.NOT_STAFF)
    frame = set_aside(frame, volunteer, "not_staff", "volunteers and students are no staff")
    contract = coded(frame["employment"], layout.EMPLOYMENT, own.of("contract"))
    require_known(frame, "employment", contract, where=where)
    job = job_codes(frame["role"], own.of("role"))
    other = in_play(frame) & (job == "other")
    more = []
    if other.any():
        shown = words_shown(frame.loc[other, "role"], people=frame["staff"])
        more.append(
            f"{where}: {int(other.sum())} rows have a job that is none of care's and do not count in turnover, unless "
            f"[role] in --words says otherwise: {shown}"
        )
    frame = frame.assign(
        employment=contract,
        role=job,
        leave_reason=frame["leave_reason"].map(plain).map(lambda text: layout.by_keyword(text, layout.LEAVE_REASONS)),
        fte=pd.to_numeric(frame["fte"], errors="coerce"),
    )
    off = in_play(frame) & (frame["fte"].notna() & ~frame["fte"].between(0, 2))
    frame = remark(frame, off, "fte outside 0 to 2: unrecorded")
    frame = frame.assign(fte=frame["fte"].mask(off))
    return set_aside(frame, frame["end_date"] <= frame["start_date"], "end_before_start"), [*notes, *more]


def _periods(frame: pd.DataFrame, columns: Mapping[str, str], form: Form | None) -> tuple[pd.DataFrame, list[str]]:
    frame = _required(frame, layout.PERIODS)
    frame, notes = _dated(frame, form, required=("start", "end"))
    # People write the last day of a period, the contract the day after it.
    frame = frame.assign(end_date=frame["end_date"] + pd.Timedelta(days=1))
    notes = [*notes, "period ends are taken as the last day that the totals count"]
    frame, more = _people(frame, columns)
    for name in layout.NUMBERS:
        number = pd.to_numeric(frame[name].str.replace(",", "", regex=False), errors="coerce")
        bad = (frame[name] != "") & (number.isna() | (number < 0))
        frame = set_aside(frame, bad, "bad_number", f"{name} is no number from 0 on")
        frame[name] = number
    over = in_play(frame) & (frame["agency_hours"] > frame["worked_hours"])
    frame = set_aside(frame, over, "agency_above_worked", "agency hours are more than hours worked")
    return set_aside(frame, frame["end_date"] <= frame["start_date"], "end_before_start"), [*notes, *more]


def _people(frame: pd.DataFrame, columns: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """Totals of people, in persons where all that the file has are in persons, else in full-time equivalents.

    Turnover is leavers over staff in post, so either unit serves, and a mixture of both does not.
    """
    persons = {name for name in layout.PEOPLE if name in columns}
    equivalents = {name for name in layout.PEOPLE if f"{name}_fte" in columns}
    if not equivalents or persons >= equivalents:
        unread = [columns[f"{name}_fte"] for name in layout.PEOPLE if name in equivalents]
        return frame, [f"persons are counted, so left unread: {', '.join(unread)}"] if unread else []
    taken = {name: frame[f"{name}_fte"] if name in equivalents else "" for name in layout.PEOPLE}
    unread = [columns[name] for name in layout.PEOPLE if name in persons]
    told = [f"totals of staff are full-time equivalents: {', '.join(columns[f'{name}_fte'] for name in equivalents)}"]
    return frame.assign(**taken), told + ([f"left unread, as in another unit: {', '.join(unread)}"] if unread else [])


def _dated(frame: pd.DataFrame, form: Form | None, *, required: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    for fact in ("start", "end"):
        optional = fact not in required
        text, opened = open_ends_blank(frame[fact], form) if optional else (frame[fact], {})
        day, found = column_dates(text, form)
        notes.append(f"{fact} read as {found.name}" + (f", {sum(opened.values())} as open" if opened else ""))
        frame = frame.assign(**{fact: text, f"{fact}_date": day})
        bad = day.isna() & ((text != "") | (not optional))
        frame = set_aside(frame, bad, "bad_date", f"{fact} is blank or not {found.name}")
    return frame, notes


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
    made = live[[*KEPT[shape.table], "uid"]].rename(columns=names)
    for column in ("shift_type", "employment", "role", "leave_reason"):
        if column in made:
            made[column] = made[column].where(made[column] != "")
    return frame.sort_values("uid"), made.reset_index(drop=True)
