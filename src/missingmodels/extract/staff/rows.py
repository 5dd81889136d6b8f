"""The rows of one sheet of staff judged one by one: shifts of a rota, contracts, or totals over periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import in_play, remark, set_aside
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.cells import amounts
from missingmodels.extract.readers.dates import Form, column_dates, open_ends_blank
from missingmodels.extract.staff import layout
from missingmodels.extract.staff.shift_times import shift_times
from missingmodels.extract.staff.words import coded, job_codes, require_known, shift_types, words_shown
from missingmodels.extract.words import Words

Status = Literal["planned", "worked"]
NOBODY = "nobody"  # of a planned shift nobody came
# More hours than a double night shift: a wrong date, or a row that stands for a week.
LONGEST_SHIFT_HOURS = 26


def shifts(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    status: Status | None,
    form: Form | None,
    own: Words,
    *,
    where: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of a rota, their times, kinds and contracts read, and notes. Raises ImportFault for words not known."""
    if "status" not in columns and status is None:
        raise ImportFault(
            "no column says whether the shifts were planned or worked",
            where=where,
            remedy="say so with --status planned or --status worked",
        )
    state = pd.Series(status, index=frame.index, dtype=object)
    if "status" in columns:
        state = coded(frame["status"], layout.STATUS, {w: code or NOBODY for w, code in own.of("status").items()})
        frame = set_aside(frame, state == NOBODY, "not_worked", "the status says that nobody came")
    frame = _required(frame, layout.SHIFTS)
    frame = set_aside(frame, state == "", "status_blank", "the status is blank")
    require_known(frame, "status", state, where=where)
    frame, notes = shift_times(frame, with_date="date" in columns, form=form)
    hours = (frame["end_time"] - frame["start_time"]).dt.total_seconds() / 3600
    frame = set_aside(frame, hours <= 0, "end_before_start", "it does not end after its start")
    frame = set_aside(frame, hours > LONGEST_SHIFT_HOURS, "too_long", f"longer than {LONGEST_SHIFT_HOURS} hours")
    kind = shift_types(frame["shift_type"], {w: code or NOBODY for w, code in own.of("shift").items()})
    frame = set_aside(frame, kind == NOBODY, "not_worked", "by the words file nobody was on duty")
    require_known(frame, "shift_type", kind, where=where)
    contract = coded(frame["employment"], layout.EMPLOYMENT, own.of("contract"))
    contract = contract.mask(frame["employment"].map(plain).isin(layout.NOT_STAFF), "")
    require_known(frame, "employment", contract, where=where)
    return frame.assign(state=state, shift_type=kind, employment=contract), notes


def spells(frame: pd.DataFrame, form: Form | None, own: Words, *, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows of contracts, their dates, jobs and hours read, and notes. Raises ImportFault for words not known."""
    frame = _required(frame, layout.SPELLS)
    frame, notes = _dated(frame, form, required=("start",))
    volunteer = frame["employment"].map(plain).isin(layout.NOT_STAFF)
    frame = set_aside(frame, volunteer, "not_staff", "volunteers and students are no staff")
    contract = coded(frame["employment"], layout.EMPLOYMENT, own.of("contract"))
    require_known(frame, "employment", contract, where=where)
    job = job_codes(frame["role"], own.of("role"))
    require_known(frame, "role", job, where=where)
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
        leave_reason=frame["leave_reason"]
        .map(plain)
        .map(lambda text: layout.by_keyword(text, layout.LEAVE_REASONS, "other")),
        fte=amounts(frame["fte"]),
        said=frame["fte"],
    )
    off = in_play(frame) & (frame["said"] != "") & ~frame["fte"].between(0, 2)
    frame = remark(frame, off, "fte is no number from 0 to 2: unrecorded")
    frame = frame.assign(fte=frame["fte"].mask(off)).drop(columns="said")
    return set_aside(frame, frame["end_date"] <= frame["start_date"], "end_before_start"), [*notes, *more]


def periods(frame: pd.DataFrame, columns: Mapping[str, str], form: Form | None) -> tuple[pd.DataFrame, list[str]]:
    """Rows of totals over periods, their dates and numbers read, and notes."""
    frame = _required(frame, layout.PERIODS)
    frame, notes = _dated(frame, form, required=("start", "end"))
    # People write the last day of a period, the contract the day after it.
    frame = frame.assign(end_date=frame["end_date"] + pd.Timedelta(days=1))
    notes = [*notes, "period ends are taken as the last day that the totals count"]
    frame, more = _people(frame, columns)
    for name in layout.NUMBERS:
        number = amounts(frame[name])
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


def _required(frame: pd.DataFrame, shape: layout.Shape) -> pd.DataFrame:
    """Set rows aside that lack what they must hold; a person's name is judged when all rows are known."""
    for fact in shape.required:
        if fact != "staff":
            frame = set_aside(frame, frame[fact] == "", f"{fact}_blank", f"{fact} is blank")
    return frame
