"""Home structure (H2): staffing of the period before, turnover of the year before, and the mix of residents.

Specification, section 4. Every variable is a value for each resident-day, NaN where unrecorded or undefined.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from missingmodels.frame.columns.arrays import numbers, places, rows_of, texts
from missingmodels.frame.columns.lives import Lives
from missingmodels.frame.columns.shifts import hours_from_shifts
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import UNRECORDED_DAY, overlap, to_day
from missingmodels.tables import Tables
from missingmodels.tables.contract import CARE_ROLES

TURNOVER_DAYS = 365
SHORTEST_SPAN_DAYS = 90  # a shorter record gives a yearly rate made of one or two people
HOURS_PER_DAY = 24
MIX = ("mix_need", "mix_spread", "mix_age_spread", "mix_out_of_area", "new_admission_7d", "size")


def staff_measures(tables: Tables, risk: RiskSet) -> dict[str, np.ndarray]:
    """(H, T) ``staff_ratio``, ``agency_share``, ``turnover`` and ``turnover_short`` as known when a period starts.

    Hours come from the totals of periods; where none cover a period, from the shifts of a rota that does.
    """
    on_duty, by_agency = _on_duty(tables, risk)
    residents = _mean_residents(risk)
    shape = residents.shape
    ratio, share = np.full(shape, np.nan), np.full(shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio[:, 1:] = np.log(on_duty[:, :-1] / residents[:, :-1])
        share[:, 1:] = by_agency[:, :-1] / on_duty[:, :-1]
    ratio[~np.isfinite(ratio)] = np.nan
    turnover, short = _turnover(tables, risk)
    return {"staff_ratio": ratio, "agency_share": share, "turnover": turnover, "turnover_short": short}


def mix_measures(tables: Tables, risk: RiskSet, wanted: Collection[str] = MIX) -> dict[str, np.ndarray]:
    """(C, D) measures of who else lives in the home on the day, those of ``wanted`` that are such."""
    children, lives = tables["children"], risk.lives
    held = rows_of(children["child_id"], risk.child_ids)[lives.place // risk.days]
    measures: dict[str, np.ndarray] = {}
    if {"mix_need", "mix_spread"} & set(wanted):
        need = children["need_score"].to_numpy(dtype=float)[held]
        measures["mix_spread"], measures["mix_need"] = _spread_and_others(need, lives)
    if "mix_age_spread" in wanted:
        birth = to_day(children["birth_date"])[held] - risk.first_day
        measures["mix_age_spread"], _ = _spread_and_others(-birth / 365.25, lives)
    if "mix_out_of_area" in wanted:
        _, measures["mix_out_of_area"] = _spread_and_others(lives.taken(risk.out_of_area), lives)
    if "new_admission_7d" in wanted:
        measures["new_admission_7d"] = lives.others(lives.taken(risk.since_arrival) < 7) > 0
    if "size" in wanted:
        occupancy = np.where(risk.occupancy_recorded, risk.occupancy, np.nan)
        measures["size"] = occupancy.ravel()[lives.cell]
    return {name: lives.grid(values, np.nan) for name, values in measures.items() if name in wanted}


def _spread_and_others(values: np.ndarray, lives: Lives) -> tuple[np.ndarray, np.ndarray]:
    """(N,) spread of a child's value over the residents of the day, and its mean over the others."""
    known = ~np.isnan(values)
    held = np.where(known, values, 0.0)
    n, total, square = (lives.sums(one)[lives.cell] for one in (known, held, held**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(square / n - (total / n) ** 2, 0.0)
        others = (total - held) / (n - known)
    return np.where(n > 1, np.sqrt(variance), np.nan), np.where(n - known > 0, others, np.nan)


def split_from_past(
    values: np.ndarray, cell: np.ndarray, shape: tuple[int, int], *, undefined: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) each: a home's mean over its resident-days in the periods before, and each day's deviation from it.

    ``cell`` (N,) is home and period in the flat (H, T) grid of ``shape``. In a home's first period with a value each
    day stands at its own, those without one at that period's mean; before it both are NaN, but for days on which the
    value is ``undefined``: they stand at the mean of all homes' resident-days. Days without a value deviate by 0.
    """
    size, unknown = shape[0] * shape[1], np.isnan(values)
    held = np.where(unknown, 0.0, values)
    total = np.bincount(cell, held, size).reshape(shape)
    count = np.bincount(cell, ~unknown, size).reshape(shape)
    before, days_before = (np.pad(part.cumsum(axis=1), ((0, 0), (1, 0)))[:, :-1] for part in (total, count))
    first = (days_before == 0) & (count > 0)
    before, days_before = np.where(first, total, before), np.where(first, count, days_before)
    mean = np.divide(before, days_before, out=np.full(shape, np.nan), where=days_before > 0)
    between = np.where(first.ravel()[cell] & ~unknown, values, mean.ravel()[cell])
    if not unknown.all():
        between[np.isnan(between) & undefined] = values[~unknown].mean()
    return between, np.where(unknown, np.where(np.isnan(between), np.nan, 0.0), values - between)


def split_between_within(
    values: np.ndarray, home: np.ndarray, homes: int, *, undefined: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) each: a home's mean over its resident-days and each day's deviation from it; days without a value deviate by
    0.

    A home whose days are all ``undefined`` (nobody else lives there) stands at the mean of all homes' resident-days;
    one whose value is unrecorded throughout has mean NaN.
    """
    unknown = np.isnan(values)
    if not unknown.any():
        total, count = np.bincount(home, values, homes), np.bincount(home, np.ones(home.size), homes)
        mean = np.divide(total, count, out=np.full(homes, np.nan), where=count > 0)
        if undefined.any():
            mean[np.bincount(home, ~undefined, homes) == 0] = values.mean()
        between = mean[home]
        return between, values - between
    known = ~unknown
    total = np.bincount(home, np.where(known, values, 0.0), homes)
    count = np.bincount(home, known, homes)
    mean = np.divide(total, count, out=np.full(homes, np.nan), where=count > 0)
    lone = np.bincount(home, ~undefined, homes) == 0
    if known.any():
        mean[lone] = values[known].mean()
    between = mean[home]
    return between, np.where(known, values - between, np.where(np.isnan(between), np.nan, 0.0))


def _mean_residents(risk: RiskSet) -> np.ndarray:
    """(H, T) mean occupancy, a cut-short last period by its own length; NaN where it is unrecorded on any day."""
    occupancy = np.where(risk.occupancy_recorded, risk.occupancy, np.nan)
    starts = np.arange(risk.periods) * risk.period_days
    length = np.diff(np.append(starts, risk.days))
    return np.add.reduceat(occupancy, starts, axis=1) / length


def _on_duty(tables: Tables, risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    """(H, T) mean care staff on duty in a period, and of those agency and bank staff; NaN where nothing covers it."""
    hours, agency, covered = _hours(tables, risk)
    worked, temporary, rota, length = hours_from_shifts(tables, risk)
    whole = HOURS_PER_DAY * risk.period_days
    shifts = np.where(rota, worked / length, np.nan), np.where(rota, temporary / length, np.nan)
    return np.where(covered, hours / whole, shifts[0]), np.where(covered, agency / whole, shifts[1])


def _hours(tables: Tables, risk: RiskSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(H, T) worked and agency hours and whether the period is wholly covered; hours spread evenly over their span."""
    frame = tables["staff_periods"]
    worked, temporary = numbers(frame["worked_hours"]), numbers(frame["agency_hours"])
    start = np.arange(risk.periods)[None, :] * risk.period_days
    home = places(risk.home_ids, frame["home_id"])
    first = (to_day(frame["start_date"]) - risk.first_day)[:, None]
    last = (to_day(frame["end_date"]) - risk.first_day)[:, None]
    shared = overlap(first, last, start, start + risk.period_days)
    part = shared / np.maximum(last - first, 1)
    held = (home >= 0) & ~np.isnan(worked)

    def by_home(values: np.ndarray) -> np.ndarray:
        total = np.zeros((len(risk.home_ids), risk.periods))
        np.add.at(total, home[held], values[held])
        return total

    def spread_over(values: np.ndarray) -> np.ndarray:
        # an unrecorded total makes only the periods that it touches unrecorded
        return by_home(np.where(part > 0, part * values[:, None], 0.0))

    hours, agency = spread_over(worked), spread_over(temporary)
    return hours, agency, by_home(shared.astype(float)) >= risk.period_days


def _turnover(tables: Tables, risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    """(H, T) permanent leavers in the year before over mean headcount, per year, and whether the record is shorter."""
    people, short_people = _turnover_from_spells(tables["staff_spells"], risk)
    totals, short_totals = _turnover_from_periods(tables["staff_periods"], risk)
    by_people = ~np.isnan(people)
    return np.where(by_people, people, totals), np.where(by_people, short_people, short_totals)


def _per_year(leavers: np.ndarray, headcount: np.ndarray, span_days: np.ndarray) -> np.ndarray:
    """Leavers over mean headcount, per year; NaN on a record too short to say."""
    enough = (headcount > 0) & (span_days >= SHORTEST_SPAN_DAYS)
    return np.divide(leavers * TURNOVER_DAYS, headcount * span_days, out=np.full(leavers.shape, np.nan), where=enough)


def _turnover_from_spells(frame: pd.DataFrame, risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    home, start, last = _contracts(frame, risk)
    start = start - risk.first_day
    end = np.where(last == UNRECORDED_DAY, risk.days + TURNOVER_DAYS, last - risk.first_day)
    held = home >= 0
    home, start, end = home[held], start[held], end[held]
    first_seen = np.full(len(risk.home_ids), risk.days)
    np.minimum.at(first_seen, home, start)
    out = np.full((len(risk.home_ids), risk.periods), np.nan)
    short = np.zeros(out.shape)
    for period in range(risk.periods):
        to = period * risk.period_days
        since = np.maximum(to - TURNOVER_DAYS, first_seen)
        left = (end >= since[home]) & (end < to)
        days = overlap(start, end, since[home], np.full(home.size, to))
        posts = np.bincount(home, days, out.shape[0])
        leavers = np.bincount(home, left, out.shape[0])
        span = np.maximum(to - since, 0)
        out[:, period] = _per_year(leavers, posts / np.maximum(span, 1), span)
        short[:, period] = span < TURNOVER_DAYS
    return out, short


def _contracts(frame: pd.DataFrame, risk: RiskSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Home (-1: not held), start and end day of care staff's permanent spells; a person's that touch in a home joined.

    So a renewed contract is no leaver. A spell whose job is unrecorded counts as care. The end is ``UNRECORDED_DAY``
    where none is recorded.
    """
    contracts = zip(texts(frame["employment"]), texts(frame["role"]), strict=True)
    held = np.flatnonzero([kind == "permanent" and role in (None, *CARE_ROLES) for kind, role in contracts])
    home = places(risk.home_ids, frame["home_id"])[held]
    staff = np.unique(np.array([text or "" for text in texts(frame["staff_id"])])[held], return_inverse=True)[1]
    start, end = to_day(frame["start_date"])[held], to_day(frame["end_date"])[held]
    order = np.lexsort((start, staff, home))
    home, staff, start, end = home[order], staff[order], start[order], end[order]
    touches = np.zeros(home.size, dtype=bool)
    touches[1:] = (home[1:] == home[:-1]) & (staff[1:] == staff[:-1]) & (home[1:] >= 0)
    touches[1:] &= (end[:-1] != UNRECORDED_DAY) & (start[1:] <= end[:-1])
    return home[~touches], start[~touches], end[np.append(~touches, True)[1:]]


def _turnover_from_periods(frame: pd.DataFrame, risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    headcount, gone = numbers(frame["permanent_headcount"]), numbers(frame["permanent_leavers"])
    home = places(risk.home_ids, frame["home_id"])
    first = to_day(frame["start_date"]) - risk.first_day
    last = to_day(frame["end_date"]) - risk.first_day
    held = (home >= 0) & ~np.isnan(headcount) & ~np.isnan(gone)
    headcount, gone = headcount[held], gone[held]
    out = np.full((len(risk.home_ids), risk.periods), np.nan)
    short = np.zeros(out.shape)
    for period in range(risk.periods):
        to = period * risk.period_days
        shared = overlap(first, last, np.full(first.size, to - TURNOVER_DAYS), np.full(first.size, to))[held]
        part = shared / np.maximum(last - first, 1)[held]
        leavers = np.bincount(home[held], part * gone, out.shape[0])
        people = np.bincount(home[held], shared * headcount, out.shape[0])
        days = np.bincount(home[held], shared, out.shape[0])
        out[:, period] = _per_year(leavers, people / np.maximum(days, 1), days)
        short[:, period] = days < TURNOVER_DAYS
    return out, short
