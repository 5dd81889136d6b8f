"""Measures and events as columns of days. Nothing of today or later can enter one: a measure acts from the day after
it was known, an event from the day after it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.config import from_mapping
from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.formula import Call, Fact, FormulaFault, Name, read_formula
from missingmodels.frame.columns.arrays import numbers, places, texts
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.happened import recorded_from
from missingmodels.frame.columns.of_peers.peer_events import peers_of_day
from missingmodels.frame.columns.today import Shifts, leavers, mean_on_shift, shifts_today
from missingmodels.intervals import expand, to_day
from missingmodels.plan import MISSING, Exposure
from missingmodels.tables.own import NAMED
from missingmodels.tables.own_rules import IDS, unit_of

FAR = 2**30  # days: a measure without a later one stands, unless the formula says for how long
PLACE = "docs/own_variables.md"


def fact_of(name: str) -> Call | None:
    """The call that a column's name is, if it is a dated fact."""
    if "(" not in name or not name.endswith(")"):
        return None
    try:
        terms = read_formula(name).terms
    except FormulaFault:  # a name in backquotes may be any text
        return None
    factor = terms[0].factors[0] if len(terms) == 1 and len(terms[0].factors) == 1 else None
    return factor.call if isinstance(factor, Fact) else None


def fact_columns(days: Days, needed: Iterable[str]) -> Mapping[str, np.ndarray]:
    """(N,) columns of the dated facts that are needed, by their names.

    Raises ConfigInvalid for a name that the tables do not hold, or one of several units without ``of``; CannotAnswer
    for a column that does not vary.
    """
    calls = {name: call for name in sorted(needed) if (call := fact_of(name)) is not None}
    columns: dict[str, np.ndarray] = {}
    for name, call in calls.items():
        columns[name] = _MAKERS[call.function](days, call)
        known = columns[name][~np.isnan(columns[name])]
        if not known.size or known.max() == known.min():
            raise CannotAnswer(
                f"{name} {'is ' + format(known[0], 'g') if known.size else 'is unrecorded'} on every day at risk",
                where="formula",
                remedy="choose another window, give the values of more days, or take it out of the formula",
            )
    return columns


def _peers(days: Days, call: Call) -> np.ndarray:
    """(N,) what happened to the other residents from ``first`` to ``last`` days ago."""
    last = int(dict(call.options)["last"])
    if last > days.settings.burn_in_days:
        raise ConfigInvalid(
            f"{call.text} looks back for longer than frame.burn_in_days = {days.settings.burn_in_days}, so early "
            "windows are unknown",
            where="formula",
            remedy="ask for a shorter window, or a longer burn-in",
        )
    asked = from_mapping({"primary": call.text, "beside": ()}, Exposure)
    values = peers_of_day(days, asked)
    since = recorded_from(days.tables, "events", asked.event)
    return values if since is None else np.where(days.day - last < since, np.nan, values)


def unit_asked(days: Days, call: Call) -> tuple[str, pd.DataFrame]:
    """Whom the rows of a fact are of, and those rows. Raises ConfigInvalid where the tables hold none or several."""
    table = "measures" if call.function == "measure" else "events"
    frame, named = days.tables[table], NAMED[table]
    assert isinstance(call.argument, Name)
    what, asked = call.argument.name, dict(call.options).get("of")
    rows = frame[(frame[named] == what).fillna(False).to_numpy(dtype=bool)]
    units = unit_of(rows)
    # an event of a child stays the child's wherever it happened
    units = units.replace({"stay": "child"}) if table == "events" else units
    held = sorted(set(units))
    if asked is None and len(held) > 1:
        raise ConfigInvalid(
            f"{table} hold {what} of {' and of '.join(held)}",
            where=call.text,
            remedy=f'say which: of="{held[0]}"',
        )
    unit = str(asked or (held[0] if held else ""))
    if unit not in held:
        known = ", ".join(sorted(frame[named].dropna().unique())) or "none"
        raise ConfigInvalid(
            f"the tables hold no {what}{f' of a {asked}' if asked else ''} among their {table}",
            where=call.text,
            remedy=f"{table} held: {known}; {PLACE} says how to add some",
        )
    return unit, rows[(units == unit).to_numpy(dtype=bool)]


# events


def _event(days: Days, call: Call) -> np.ndarray:
    """(N,) events on the days from ``first`` to ``last`` ago: any, or how many."""
    risk, options = days.risk, dict(call.options)
    first, last = int(options["first"]), int(options["last"])
    if call.argument.text == MISSING:
        rows = days.tables["missing_episodes"]
        rows = rows[rows["category"].isin(days.settings.categories).to_numpy(dtype=bool)]
        unit, starts = "child", rows["start_date"]
    else:
        unit, rows = unit_asked(days, call)
        starts = rows["day"]
    at = rows["child_id"] if unit == "child" else rows["home_id"]
    ids = risk.child_ids if unit == "child" else risk.home_ids
    units, day = places(ids, at), to_day(starts) - risk.first_day
    counts = _in_window(units, day, len(ids), risk.days, first, last)
    values = days.taken(counts) if unit == "child" else days.of_home_days(counts)
    values = values.astype(float) if call.function == "event_count" else (values > 0).astype(float)
    since = recorded_from(days.tables, "events", call.argument.text)
    if since is not None:
        values[days.day - last < since] = np.nan
    elif last > days.settings.burn_in_days and (not day.size or day.min() > days.settings.burn_in_days - last):
        raise ConfigInvalid(
            f"{call.text} looks back for longer than frame.burn_in_days = {days.settings.burn_in_days}, and no event "
            "of the kind is that old, so early windows are unknown",
            where="formula",
            remedy="ask for a shorter window, a longer burn-in, or declare recorded_from: from when they were written",
        )
    return values


def _in_window(unit: np.ndarray, day: np.ndarray, units: int, days: int, first: int, last: int) -> np.ndarray:
    """(U, D) number of events from ``first`` to ``last`` days ago; those before day 0 count too."""
    total = np.zeros((units, days + last + 1), dtype=np.int32)
    held = (unit >= 0) & (day >= -last) & (day < days)
    np.add.at(total, (unit[held], day[held] + last + 1), 1)
    np.cumsum(total, axis=1, out=total)
    today = np.arange(days) + last
    return np.asarray(total[:, today - first + 1] - total[:, today - last])


# measures


LEFT_DAYS = 28  # that an adult who left counts for, unless a formula says otherwise


@dataclass(frozen=True, kw_only=True)
class _Spans:
    """On which days which value acts: ``row`` of the measures and ``day``, (K,) each, no day of one unit twice."""

    row: np.ndarray
    day: np.ndarray


def _measure(days: Days, call: Call) -> np.ndarray:
    """(N,) the latest value known at least ``lag`` days before, NaN where none is or it is older than ``days``."""
    unit, rows = unit_asked(days, call)
    options = dict(call.options)
    rows = rows.reset_index(drop=True)
    who = options.get("who", "all")
    if who == "on_shift" and unit not in ("pair", "staff"):
        raise ConfigInvalid(f"{call.text}: only values of staff can be asked of who is on shift", where="formula")
    if who == "left" and unit != "pair":
        raise ConfigInvalid(
            f"{call.text}: only values of a child with staff can be asked of who has left", where="formula"
        )
    if "part" in options and unit != "home":
        raise ConfigInvalid(f"{call.text}: only a value of homes differs between and within them", where="formula")
    of = rows.groupby([*IDS], dropna=False, sort=False).ngroup().to_numpy()
    value = numbers(rows["value"])
    if who == "left":
        spans = _acting(rows, of, days, int(options.get("lag", 1)), FAR)
        return _left(days, rows, spans, value, int(options.get("days", LEFT_DAYS)))
    spans = _acting(rows, of, days, int(options.get("lag", 1)), int(options.get("days", FAR)))
    if unit in ("pair", "staff"):
        return _of_staff(days, rows, spans, value, pair=unit == "pair", on_shift=who == "on_shift" or unit == "staff")
    ids = {"child": days.risk.child_ids, "stay": days.risk.child_ids, "home": days.risk.home_ids}
    if unit == "authority":
        names = sorted(set(rows["authority"].dropna()))
        grid = _filled(places(names, rows["authority"]), spans, value, (len(names), days.risk.days))
        of = days.of_children(places(names, days.tables["children"]["authority"]))
        return np.where(of >= 0, grid[np.maximum(of, 0), days.day], np.nan)
    at = places(ids[unit], rows["home_id"] if unit == "home" else rows["child_id"])
    if unit == "stay":  # only while the child lives in that home
        home = places(days.risk.home_ids, rows["home_id"])
        lived = days.risk.residence[at[spans.row], spans.day] == home[spans.row]
        spans = _Spans(row=spans.row[lived], day=spans.day[lived])
    grid = _filled(at, spans, value, (len(ids[unit]), days.risk.days))
    if unit != "home":
        return days.taken(grid)
    between = _between(grid, days.risk.period_days)
    return days.of_home_days({"": grid, "between": between, "within": grid - between}[str(options.get("part", ""))])


def _between(grid: np.ndarray, period_days: int) -> np.ndarray:
    """(H, D) mean of a home's values as its periods began, up to the one of the day: of its past alone."""
    starts = grid[:, ::period_days]
    known = ~np.isnan(starts)
    total, count = np.cumsum(np.where(known, starts, 0.0), axis=1), np.cumsum(known, axis=1)
    mean = np.divide(total, count, out=np.full(starts.shape, np.nan), where=count > 0)
    return np.repeat(mean, period_days, axis=1)[:, : grid.shape[1]]


def _acting(rows: pd.DataFrame, of: np.ndarray, days: Days, lag: int, holds: int) -> _Spans:
    """When each value acts: from ``lag`` days after it was known, until another of the same unit, ``of`` (rows,), does.

    No longer than ``holds`` days after it was known. A value whose span ended before it was known, as that of a month
    told at its end, stands till then; one whose span goes on ends ``lag`` days after the span does, when that was
    known.
    """
    known, start = (days.offsets(rows[name], 0) for name in ("known_date", "start_date"))
    end = days.offsets(rows["end_date"], FAR)
    first = np.maximum(known + lag, start)
    last = known + holds + 1
    last = np.where(end > known, np.minimum(last, np.maximum(end, known) + lag), last)
    order = np.lexsort((start, known, first, of))
    first, last, of = first[order], last[order], of[order]
    followed = of[1:] == of[:-1]
    last[:-1][followed] = np.minimum(last[:-1], first[1:])[followed]
    row, day = expand(np.maximum(first, 0), np.minimum(last, days.risk.days))
    return _Spans(row=order[row], day=day)


def _filled(unit: np.ndarray, spans: _Spans, value: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(U, D) the value that acts."""
    grid = np.full(shape, np.nan)
    held = unit[spans.row] >= 0
    grid[unit[spans.row][held], spans.day[held]] = value[spans.row[held]]
    return grid


def _of_staff(
    days: Days, rows: pd.DataFrame, spans: _Spans, value: np.ndarray, *, pair: bool, on_shift: bool
) -> np.ndarray:
    """(N,) mean of values of staff: of all that a child has one with, or of who is on the day's shifts in the home."""
    staff = sorted({name for name in texts(rows["staff_id"]) if name})
    person = places(staff, rows["staff_id"])
    if not pair:
        shifts = shifts_today(days)
        grid = _filled(person, spans, value, (len(staff), days.risk.days))
        who = places(staff, pd.Series(shifts.staff, dtype=object))
        return mean_on_shift(days, shifts, np.where(who >= 0, grid[np.maximum(who, 0), shifts.day], np.nan))
    child = places(days.risk.child_ids, rows["child_id"])
    held = child[spans.row] >= 0
    row, day = spans.row[held], spans.day[held]
    cell = child[row] * days.risk.days + day
    size = days.risk.residence.size
    keep = ~np.isnan(value[row])
    if not on_shift:
        return days.taken(_mean(cell[keep], value[row][keep], size))
    present = _present(shifts_today(days), staff, days)
    home = days.risk.residence.ravel()[cell]
    here = np.isin((np.maximum(home, 0) * days.risk.days + day) * len(staff) + person[row], present) & (home >= 0)
    some = np.bincount(cell[keep], minlength=size) > 0
    mean = _mean(cell[keep & here], value[row][keep & here], size)
    # nobody on shift of those whom the child has a value with: none of it is there today
    return days.taken(np.where(np.isnan(mean) & some, 0.0, mean))


def _left(days: Days, rows: pd.DataFrame, spans: _Spans, value: np.ndarray, window: int) -> np.ndarray:
    """(N,) 1 where an adult with whom the child had a value above 0 left the home's staff ``window`` days ago or less.

    0 where the child has, or had, a value with any adult; NaN before. Who stays on in another contract has not left.
    """
    shape = days.risk.residence.shape
    child, day = places(days.risk.child_ids, rows["child_id"])[spans.row], spans.day
    held = (child >= 0) & ~np.isnan(value[spans.row])
    first = np.full(shape[0], shape[1])
    np.minimum.at(first, child[held], day[held])
    out = np.where(np.arange(shape[1]) >= first[:, None], 0.0, np.nan)
    staff = np.array(texts(rows["staff_id"]), dtype=object)[spans.row]
    tied = held & (value[spans.row] > 0)
    for home, person, gone in leavers(days):
        for one in child[tied & (day == gone - 1) & (staff == person)]:
            lately = slice(gone + 1, gone + 1 + window)
            here = days.risk.residence[one, lately] == home
            out[one, lately] = np.where(here, 1.0, out[one, lately])
    return days.taken(out)


def _present(shifts: Shifts, staff: list[str], days: Days) -> np.ndarray:
    who = places(staff, pd.Series(shifts.staff, dtype=object))
    held = who >= 0
    return np.unique((shifts.home[held] * days.risk.days + shifts.day[held]) * len(staff) + who[held])


def _mean(cell: np.ndarray, value: np.ndarray, size: int) -> np.ndarray:
    count = np.bincount(cell, minlength=size)
    return np.divide(np.bincount(cell, value, size), count, out=np.full(size, np.nan), where=count > 0)


_MAKERS: Mapping[str, Callable[[Days, Call], np.ndarray]] = {
    "measure": _measure,
    "event": _event,
    "event_count": _event,
    "peers": _peers,
}
