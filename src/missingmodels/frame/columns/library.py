"""Every column that a formula may name and that belongs to a child, a stay, a home or the calendar, by its name.

What the register says of each stands in ``vocabulary``. Peers, home structure and dated facts have modules of their
own. No column of a day reads what happened on that day or later, but for who was on the day's shifts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from missingmodels.frame.columns.arrays import numbers, places, scores, texts
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.holidays import school_holiday
from missingmodels.frame.columns.of_peers.elsewhere import authority_recent, outside_recent
from missingmodels.frame.columns.of_peers.exposure import ARRIVAL_BANDS, any_onset, arrival_bands
from missingmodels.frame.columns.today import agency_on_shift, known_staff_on_shift, new_staff_on_shift
from missingmodels.intervals import UNRECORDED_DAY, expand, to_day

DAYS_PER_YEAR = 365.25
CHANGE_DAYS = 182  # for how long a change of social worker counts as recent
KNOWN_DAYS = 28
SEASONS = ("winter", "spring", "summer", "autumn")
UNRECORDED = "unrecorded"  # a level of its own, the last

type Values = np.ndarray | pd.Categorical
type Maker = Callable[[Days], Values]


def as_category(values: pd.Series, levels: tuple[str, ...] = ()) -> pd.Categorical:
    """Texts as levels, the reference first: those given, or all, the commonest first. Blanks are a level, the last."""
    held = values.to_numpy(dtype=object, na_value=None)
    names = list(levels) or _by_number(values.dropna())
    blank = any(value is None for value in held)
    names += [UNRECORDED] if blank and UNRECORDED not in names else []
    return pd.Categorical([UNRECORDED if value is None else value for value in held], categories=names, ordered=True)


def _by_number(values: pd.Series) -> list[str]:
    counts = values.value_counts()
    return sorted(map(str, counts.index), key=lambda name: (-counts[name], name))


def _flag(name: str) -> Maker:
    return lambda days: days.of_children(numbers(days.tables["children"][name]))


def _age_years(days: Days) -> Values:
    birth = to_day(days.tables["children"]["birth_date"]) - days.risk.first_day
    return np.asarray((days.period_start - days.of_children(birth)) / DAYS_PER_YEAR)


def _uasc(days: Days) -> Values:
    people = days.tables["children"]
    since = days.of_children(to_day(people["uasc_from"]))
    until = days.of_children(to_day(people["uasc_to"]))
    today = days.period_start + days.risk.first_day
    over = (until != UNRECORDED_DAY) & (until <= today)
    return ((since != UNRECORDED_DAY) & (since <= today) & ~over).astype(float)


def _own_onset(first_lag: int, last_lag: int) -> Maker:
    def made(days: Days) -> Values:
        return days.taken(any_onset(days.risk.onset_anywhere, first_lag=first_lag, last_lag=last_lag)).astype(float)

    return made


def _arrival_band(days: Days) -> Values:
    codes = arrival_bands(days.taken(days.risk.since_arrival))
    return pd.Categorical.from_codes(codes, categories=list(ARRIVAL_BANDS), ordered=True)


def _past_episodes(days: Days) -> Values:
    """Counted to the period's start, so that it is a step a period."""
    before, seen = np.zeros(len(days.risk.child_ids)), days.risk.missing
    episodes = days.tables["missing_episodes"]
    child = places(days.risk.child_ids, episodes["child_id"])
    early = (to_day(episodes["start_date"]) < days.risk.first_day) & (child >= 0)
    early &= episodes["category"].isin(days.settings.categories).to_numpy(dtype=bool)
    np.add.at(before, child[early], 1)
    total = np.concatenate([np.zeros((seen.shape[0], 1)), np.cumsum(seen, axis=1)], axis=1)
    return np.asarray(before[days.child] + total[days.child, days.period_start])


def _concurrent_missing(days: Days) -> Values:
    """1 where another resident is missing as the day begins, also if back in the course of it."""
    risk, episodes = days.risk, days.tables["missing_episodes"]
    child = places(risk.child_ids, episodes["child_id"])
    held = (child >= 0) & episodes["category"].isin(days.settings.categories).to_numpy(dtype=bool)
    start = days.offsets(episodes["start_date"], risk.days)[held]
    end = days.offsets(episodes["end_date"], risk.days)[held]
    episode, day = expand(np.maximum(start + 1, 0), np.minimum(end + 1, risk.days))
    away = np.zeros(risk.residence.shape, dtype=bool)
    away[child[held][episode], day] = True
    lives = risk.lives
    return days.taken(lives.grid((lives.others(lives.taken(away).astype(float)) > 0).astype(float)))


def _social_worker_change(days: Days) -> Values:
    """1 where the child's social worker changed on one of the 182 days before; NaN for a child without any."""
    risk, spells = days.risk, days.tables["social_worker_spells"]
    child = places(risk.child_ids, spells["child_id"])
    start = days.offsets(spells["start_date"], 0)
    who = np.array([text or "" for text in texts(spells["social_worker_id"])])
    order = np.lexsort((start, child))
    child, start, who = child[order], start[order], who[order]
    changed = np.zeros(child.size, dtype=bool)
    changed[1:] = (child[1:] == child[:-1]) & (who[1:] != who[:-1])
    changed &= child >= 0
    spell, day = expand(np.maximum(start[changed] + 1, 0), np.minimum(start[changed] + 1 + CHANGE_DAYS, risk.days))
    grid = np.zeros(risk.residence.shape)
    grid[child[changed][spell], day] = 1.0
    grid[~np.isin(np.arange(len(risk.child_ids)), child)] = np.nan
    return days.taken(grid)


def _after(days: Days, frame: pd.DataFrame, *, happened: str, onset: str, value: str) -> Values:
    """(N,) of the latest of things that happened to children, on the 28 days after it up to their next onset; else 0.

    ``onset`` names the start of the episode that it belongs to.
    """
    child, day = places(days.risk.child_ids, frame["child_id"]), days.offsets(frame[happened], 0)
    order = np.lexsort((day, child))
    held = order[child[order] >= 0]
    last = np.minimum(day + KNOWN_DAYS, _next_onset(days, child, days.offsets(frame[onset], 0)))[held] + 1
    child, day, values = child[held], day[held], numbers(frame[value])[held]
    followed = child[1:] == child[:-1]
    last[:-1][followed] = np.minimum(last[:-1], day[1:] + 1)[followed]
    row, at = expand(np.maximum(day + 1, 0), np.minimum(last, days.risk.days))
    grid = np.zeros(days.risk.residence.shape)
    grid[child[row], at] = values[row]
    return days.taken(grid)


def _next_onset(days: Days, child: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The child's first onset after the day; a day beyond the span without one."""
    who, when = np.nonzero(days.risk.missing)
    span = days.risk.days
    key = np.append(who * span + when, np.iinfo(np.int64).max)
    at = np.searchsorted(key, child * span + np.maximum(day + 1, 0))
    same = np.append(who, -1)[at] == child
    return np.where(same, np.append(when, span)[at], 2 * span)


def _recent_interview(days: Days) -> Values:
    """Quality of the latest interview held on one of the 28 days before and since the last onset; 0 without one."""
    frame = days.tables["interviews"].dropna(subset=["interview_date"])
    return _after(days, frame, happened="interview_date", onset="episode_start_date", value="quality")


def _recent_sanction(days: Days) -> Values:
    """1 on the 28 days after a return that was met with a sanction, up to the next onset."""
    frame = days.tables["missing_episodes"].dropna(subset=["end_date"])
    frame = frame[~frame["end_is_censored"].fillna(False).astype(bool)]
    return _after(days, frame, happened="end_date", onset="start_date", value="sanctioned")


def _manager_absent(days: Days) -> Values:
    """1 where no manager's contract covers the day before; NaN for a home of which none is on record."""
    risk, frame = days.risk, days.tables["staff_spells"]
    frame = frame[(frame["role"] == "manager").fillna(False).to_numpy(dtype=bool)]
    home = places(risk.home_ids, frame["home_id"])
    start, end = days.offsets(frame["start_date"], 0), days.offsets(frame["end_date"], risk.days)
    spell, day = expand(np.maximum(start + 1, 0), np.minimum(end + 1, risk.days))
    grid = np.ones((len(risk.home_ids), risk.days))
    grid[~np.isin(np.arange(grid.shape[0]), home)] = np.nan
    held = home[spell] >= 0
    grid[home[spell][held], day[held]] = 0.0
    return days.of_home_days(grid)


def _friday_saturday(days: Days) -> Values:
    return np.isin((days.day + days.risk.first_day + 3) % 7, (4, 5)).astype(float)


def _weekend(days: Days) -> Values:
    return ((days.day + days.risk.first_day + 3) % 7 >= 5).astype(float)  # day 0, 1970-01-01, is a Thursday


def _season(days: Days) -> Values:
    date = (days.day + days.risk.first_day).astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64) % 12
    season = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0])[month]
    return pd.Categorical.from_codes(season, categories=list(SEASONS), ordered=True)


def _trend_years(days: Days) -> Values:
    return np.asarray((days.day // days.risk.cell_days * days.risk.cell_days) / DAYS_PER_YEAR)


COLUMNS: Mapping[str, Maker] = {
    "age_years": _age_years,
    "male": lambda days: days.of_children(scores(days.tables["children"]["sex"], {"M": 1.0, "F": 0.0})),
    "need_score": _flag("need_score"),
    "exploitation_risk": _flag("exploitation_risk"),
    "disability": _flag("disability"),
    "in_education": _flag("in_education"),
    "prior_missing": _flag("prior_missing"),
    "emergency": lambda days: days.of_children(
        scores(days.tables["children"]["entry_route"], {"emergency": 1.0, "planned": 0.0})
    ),
    "ethnicity": lambda days: days.of_children(as_category(days.tables["children"]["ethnicity"])),
    "uasc": _uasc,
    "out_of_area": lambda days: days.taken(days.risk.out_of_area),
    "well_matched": lambda days: days.of_stays(numbers(days.tables["placements"]["well_matched"])),
    "distance_miles": lambda days: days.of_stays(numbers(days.tables["placements"]["distance_miles"])),
    "places": lambda days: days.of_homes(numbers(days.tables["homes"]["places"])),
    "sector": lambda days: days.of_homes(as_category(days.tables["homes"]["sector"])),
    "home_type": lambda days: days.of_homes(as_category(days.tables["homes"]["home_type"])),
    "own_1_7": _own_onset(1, 7),
    "own_8_28": _own_onset(8, 28),
    "arrival_band": _arrival_band,
    "history_unknown": lambda days: (days.taken(days.risk.known_days) < KNOWN_DAYS).astype(float),
    "past_episodes": _past_episodes,
    "concurrent_missing": _concurrent_missing,
    "outside_recent": outside_recent,
    "authority_recent": authority_recent,
    "social_worker_change": _social_worker_change,
    "recent_interview": _recent_interview,
    "recent_sanction": _recent_sanction,
    "manager_absent": _manager_absent,
    "agency_on_shift": agency_on_shift,
    "new_staff_on_shift": new_staff_on_shift,
    "known_staff_on_shift": known_staff_on_shift,
    "weekend": _weekend,
    "friday_saturday": _friday_saturday,
    "season": _season,
    "school_holiday": school_holiday,
    "trend_years": _trend_years,
}
