"""Who is on a home's shifts today: care staff on duty by the rota as it was worked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from missingmodels.frame.columns.arrays import places, texts
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.shifts import AGENCY, NOT_ON_DUTY
from missingmodels.intervals import expand, to_day

NEW_DAYS = 182  # in post for fewer days, and a person counts as new
KNOWN_SHIFTS = 10  # days shared, from which a child knows a person
ROTA_DAYS = 28  # of a rota, before which nobody could be known


@dataclass(frozen=True, kw_only=True)
class Shifts:
    """S shifts worked on duty in homes of the risk set, by the day on which they start. All (S,).

    ``row`` is that of ``staff_shifts``.
    """

    row: np.ndarray
    home: np.ndarray
    day: np.ndarray
    staff: np.ndarray
    agency: np.ndarray
    agency_recorded: np.ndarray


def shifts_today(days: Days) -> Shifts:
    """The shifts that the tables hold; none without a rota."""
    frame, risk = days.tables["staff_shifts"], days.risk
    home = places(risk.home_ids, frame["home_id"])
    day = frame["start_time"].to_numpy("datetime64[D]").astype(np.int64) - risk.first_day
    held = (home >= 0) & (day >= 0) & (day < risk.days)
    held &= (frame["status"] == "worked").to_numpy(dtype=bool)
    held &= ~frame["shift_type"].isin(NOT_ON_DUTY).to_numpy(dtype=bool)
    staff = np.array(texts(frame["staff_id"]), dtype=object)
    return Shifts(
        row=np.flatnonzero(held),
        home=home[held],
        day=day[held],
        staff=staff[held],
        agency=frame["employment"].isin(AGENCY).to_numpy(dtype=bool)[held],
        agency_recorded=frame["employment"].notna().to_numpy(dtype=bool)[held],
    )


def mean_on_shift(days: Days, shifts: Shifts, values: np.ndarray) -> np.ndarray:
    """(N,) mean of a value (S,) over the day's shifts in the home, those without one left out; NaN where none has."""
    known = ~np.isnan(values)
    cell = shifts.home * days.risk.days + shifts.day
    size = len(days.risk.home_ids) * days.risk.days
    total = np.bincount(cell[known], values[known], size)
    count = np.bincount(cell[known], minlength=size)
    mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    return days.of_home_days(mean.reshape(-1, days.risk.days))


def agency_on_shift(days: Days) -> np.ndarray:
    """(N,) share of today's shifts that agency and bank staff work."""
    shifts = shifts_today(days)
    return mean_on_shift(days, shifts, np.where(shifts.agency_recorded, shifts.agency, np.nan))


def new_staff_on_shift(days: Days) -> np.ndarray:
    """(N,) share of today's shifts by people in post for under 182 days, or of agencies and banks.

    Left out is who has no contract on record.
    """
    shifts, spells = shifts_today(days), days.tables["staff_spells"]
    home = places(days.risk.home_ids, spells["home_id"])
    start = to_day(spells["start_date"]) - days.risk.first_day
    held: dict[tuple[int, str], list[int]] = {}
    for at, person, since in zip(home.tolist(), texts(spells["staff_id"]), start.tolist(), strict=True):
        held.setdefault((at, person or ""), []).append(since)
    # a person's contracts that follow each other are one time in post: the first of them counts
    first = {key: min(since) for key, since in held.items()}
    pairs = zip(shifts.home.tolist(), shifts.staff.tolist(), strict=True)
    since = np.array([first.get((at, person), np.nan) for at, person in pairs], dtype=float)
    fresh = np.where(np.isnan(since), np.nan, (shifts.day - since < NEW_DAYS).astype(float))
    return mean_on_shift(days, shifts, np.where(shifts.agency, 1.0, fresh))


def leavers(days: Days) -> list[tuple[int, str, int]]:
    """Home, person and first day gone of everyone who left a home's staff; who goes on in another contract has not."""
    spells = days.tables["staff_spells"]
    home = places(days.risk.home_ids, spells["home_id"])
    start, end = (days.offsets(spells[name], days.risk.days + 1) for name in ("start_date", "end_date"))
    held: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for at, person, since, until in zip(
        home.tolist(), texts(spells["staff_id"]), start.tolist(), end.tolist(), strict=True
    ):
        if at >= 0 and person:
            held.setdefault((at, person), []).append((since, until))
    return [
        (at, person, until)
        for (at, person), contracts in held.items()
        for _, until in contracts
        if 0 < until < days.risk.days and not any(since <= until < later for since, later in contracts)
    ]


def known_staff_on_shift(days: Days) -> np.ndarray:
    """(N,) share of today's shifts by people with whom the child has shared ``KNOWN_SHIFTS`` days before.

    A day is shared where the person starts a shift in the home that the child lives in and is not missing from. NaN on
    the first 28 days of a home's rota, before which nobody could be known.
    """
    risk, shifts = days.risk, shifts_today(days)
    present = risk.days_at_risk > 0
    child, day = np.nonzero(risk.residence >= 0)
    cell = risk.residence[child, day].astype(np.int64) * risk.days + day
    by_cell = np.argsort(cell, kind="stable")
    at = shifts.home * risk.days + shifts.day
    first, last = (np.searchsorted(cell[by_cell], at, side=side) for side in ("left", "right"))
    shift, pick = expand(first, last)
    who = child[by_cell][pick]
    person = np.unique(shifts.staff, return_inverse=True)[1][shift]
    on = shifts.day[shift]
    met = present[who, on].astype(np.int64)
    order = np.lexsort((on, person, who))
    pair = who[order] * (person.max(initial=0) + 1) + person[order]
    starts = np.flatnonzero(np.append(True, pair[1:] != pair[:-1])) if pair.size else np.zeros(0, dtype=np.int64)
    before = np.cumsum(met[order]) - met[order]
    before -= np.repeat(before[starts], np.diff(np.append(starts, pair.size)))
    known = np.zeros(who.size)
    known[order] = before >= KNOWN_SHIFTS
    size = risk.residence.size
    cells = who * risk.days + on
    count = np.bincount(cells, minlength=size)
    share = np.divide(np.bincount(cells, known, size), count, out=np.full(size, np.nan), where=count > 0)
    since = np.full(len(risk.home_ids), risk.days)
    np.minimum.at(since, shifts.home, shifts.day)
    found = days.taken(share)
    found[days.day < since[days.home] + ROTA_DAYS] = np.nan
    return found
