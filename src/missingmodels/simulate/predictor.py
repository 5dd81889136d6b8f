"""The part of the log intensity that does not depend on what happens: child, arrival, structure, home, period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from missingmodels.provenance import stream
from missingmodels.simulate.roster import DAYS_PER_YEAR, Roster
from missingmodels.simulate.staffing import Staffing, lead_periods, mean_on_duty, turnover_at

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

# Covariates are counted from these values, so that ``rate_per_year`` speaks of an ordinary child in an ordinary home.
AGE_CENTRE_YEARS = 14.5
STAFF_RATIO_CENTRE = -0.2
TURNOVER_CENTRE = 0.29


def draw_effects(scenario: Scenario, children: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Home effects (H,), home-period effects (H, T) and frailties (C,)."""
    homes, periods = scenario.homes.count, -(-scenario.days // scenario.period_days)
    spec = scenario.onset
    home = spec.home_sd * stream(seed, "home_effect").standard_normal(homes)
    shock = spec.home_period_sd * stream(seed, "home_period_effect").standard_normal((homes, periods))
    shape = spec.frailty_shape
    return home, shock, stream(seed, "frailty").gamma(shape, 1 / shape, children)


def raw_intercept(scenario: Scenario) -> float:
    """Log intensity per day where every raw covariate is 0."""
    spec = scenario.onset
    centred = (
        spec.age_years * AGE_CENTRE_YEARS
        + spec.staff_ratio_between * STAFF_RATIO_CENTRE
        + spec.turnover_between * TURNOVER_CENTRE
    )
    return float(np.log(spec.rate_per_year / DAYS_PER_YEAR) - centred)


def fixed_log_intensity(
    scenario: Scenario, roster: Roster, staffing: Staffing, home: np.ndarray, shock: np.ndarray
) -> np.ndarray:
    """(C, D) log intensity without own history, peers and frailty; 0 where the child is in no home."""
    spec = scenario.onset
    child, day = np.nonzero(roster.residence >= 0)
    where = roster.residence[child, day]
    period = day // scenario.period_days
    age = (period * scenario.period_days - roster.birth[child]) / DAYS_PER_YEAR
    since = day - _arrival(roster)[child, day]
    out = np.zeros(roster.residence.shape)
    out[child, day] = (
        raw_intercept(scenario)
        + spec.age_years * age
        + spec.male * roster.male[child]
        + spec.need_score * roster.need_score[child]
        + spec.exploitation_risk * roster.exploitation_risk[child]
        + spec.out_of_area * roster.out_of_area[child]
        + np.select([since < 7, since < 28, since < 90], [spec.arrival_0_6, spec.arrival_7_27, spec.arrival_28_89], 0.0)
        + _structure(scenario, roster, staffing, child, day, where, period)
        + home[where]
        + shock[where, period]
    )
    return out


def _arrival(roster: Roster) -> np.ndarray:
    """(C, D) first day of the stay that the child is in."""
    days = roster.residence.shape[1]
    grid = np.zeros(roster.residence.shape, dtype=np.int64)
    for child, start, end in zip(roster.stay_child, roster.stay_start, roster.stay_end, strict=True):
        grid[child, max(start, 0) : min(end, days)] = start
    return grid


def _structure(
    scenario: Scenario,
    roster: Roster,
    staffing: Staffing,
    child: np.ndarray,
    day: np.ndarray,
    where: np.ndarray,
    period: np.ndarray,
) -> np.ndarray:
    """The H2 part for each resident-day: staff ratio, turnover and mix, each split between and within homes."""
    spec = scenario.onset
    ratio = _staff_ratio(scenario, roster, staffing)[where, period]
    starts = np.arange(period.max() + 1) * scenario.period_days
    turnover = np.column_stack([turnover_at(staffing, int(start)) for start in starts])[where, period]
    mix = _need_of_others(roster, child, day, where)
    total = np.zeros(child.size)
    for values, between_effect, within_effect in (
        (ratio, spec.staff_ratio_between, spec.staff_ratio_within),
        (turnover, spec.turnover_between, spec.turnover_within),
        (mix, spec.mix_need_between, spec.mix_need_within),
    ):
        between, within = _split(values, where, roster.places.size)
        total += between_effect * between + within_effect * within
    return total


def _staff_ratio(scenario: Scenario, roster: Roster, staffing: Staffing) -> np.ndarray:
    """(H, T) log of staff on duty over residents in the period before; NaN in the first, and after an empty one."""
    periods = -(-scenario.days // scenario.period_days)
    homes = roster.places.size
    child, day = np.nonzero(roster.residence >= 0)
    cell = roster.residence[child, day] * periods + day // scenario.period_days
    residents = np.bincount(cell, minlength=homes * periods).reshape(homes, periods) / scenario.period_days
    on_duty = mean_on_duty(staffing, scenario.period_days)[:, lead_periods(scenario.period_days) :]
    ratio = np.full((homes, periods), np.nan)
    before = residents[:, :-1]
    ratio[:, 1:] = np.log(np.divide(on_duty[:, :-1], before, out=np.full(before.shape, np.nan), where=before > 0))
    return ratio


def _need_of_others(roster: Roster, child: np.ndarray, day: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Mean need of the other residents on each resident-day; NaN where there is none."""
    days = roster.residence.shape[1]
    cell = where.astype(np.int64) * days + day
    need = roster.need_score[child]
    total = np.bincount(cell, need, minlength=roster.places.size * days)
    others = np.bincount(cell, minlength=roster.places.size * days)[cell] - 1
    return np.divide(total[cell] - need, others, out=np.full(child.size, np.nan), where=others > 0)


def _split(values: np.ndarray, where: np.ndarray, homes: int) -> tuple[np.ndarray, np.ndarray]:
    """Between-home mean over resident-days and the deviation from it.

    A day on which the value is not defined stands at its home's mean, a home without any value at the mean of all.
    """
    known = ~np.isnan(values)
    total = np.bincount(where[known], values[known], homes)
    count = np.bincount(where[known], minlength=homes)
    overall = values[known].mean() if known.any() else 0.0
    mean = np.divide(total, count, out=np.full(homes, overall), where=count > 0)
    between = mean[where]
    return between, np.where(known, values - between, 0.0)
