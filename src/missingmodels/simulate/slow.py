"""What changes slowly: home effects, shocks, and the structure of homes (H2) by period, between and within homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.simulate.chance import key_of, normal, uniform
from missingmodels.simulate.homes import DAYS_PER_YEAR, SECTORS, Sector
from missingmodels.simulate.own import own_log_rate
from missingmodels.simulate.staffing import Staffing

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

# Covariates are counted from these values, so that ``rate_per_year`` speaks of an ordinary child in an ordinary home.
CENTRES = {"age_years": 14.5, "staff_ratio_between": -0.2, "turnover_between": 0.29}
HOURS_PER_DAY = 24


@dataclass(frozen=True, kw_only=True)
class Residents:
    """Counts of an undisturbed run of the flow: (H, T) resident-days of each period, (H,) mean need of others.

    ``mix_mean`` is a home's mean over its resident-days, that of all homes where nobody ever lived with another.
    """

    days: np.ndarray
    mix_mean: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Structure:
    """(H, T) log staff ratio and turnover; between-home means (H,) over resident-days, and deviations (H, T)."""

    staff_ratio: np.ndarray
    turnover: np.ndarray
    staff_ratio_mean: np.ndarray
    staff_ratio_within: np.ndarray
    turnover_mean: np.ndarray
    turnover_within: np.ndarray


def structure_of(
    scenario: Scenario,
    sector: Sector,
    staffing: Staffing,
    residents: Residents,
    *,
    staff_added: float = 0.0,
    turnover_set: float | None = None,
) -> Structure:
    """Structure as it acts, with ``staff_added`` staff more on duty for each child, and turnover set if it is."""
    period = scenario.period_days
    periods = residents.days.shape[1]
    start = period * np.arange(periods)
    lead = -staffing.first_day // period
    on_duty = staffing.worked_hours[:, lead : lead + periods] / (HOURS_PER_DAY * period)
    whole = (sector.opened[:, None] <= start) & (sector.closed[:, None] >= start + period)
    ratio = np.full(on_duty.shape, np.nan)
    before = residents.days[:, :-1] / period
    known = (before > 0) & whole[:, :-1] & (on_duty[:, :-1] > 0)
    per_child = np.divide(on_duty[:, :-1], before, out=np.full(before.shape, np.nan), where=known)
    ratio[:, 1:] = np.log(per_child + staff_added)
    turnover = np.column_stack([_turnover_at(staffing, sector.places.size, int(day)) for day in start])
    if turnover_set is not None:
        turnover = np.full(turnover.shape, turnover_set)
    ratio_mean, ratio_within = split(ratio, residents.days)
    turnover_mean, turnover_within = split(turnover, residents.days)
    return Structure(
        staff_ratio=ratio,
        turnover=turnover,
        staff_ratio_mean=ratio_mean,
        staff_ratio_within=ratio_within,
        turnover_mean=turnover_mean,
        turnover_within=turnover_within,
    )


def split(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H,) mean over resident-days and (H, T) deviation, 0 where undefined; a home without days has the mean of all."""
    known = ~np.isnan(values)
    held = np.where(known, values, 0.0)
    total, days = (held * weight).sum(axis=1), (known * weight).sum(axis=1)
    overall = total.sum() / days.sum() if days.sum() > 0 else 0.0
    mean = np.divide(total, days, out=np.full(total.shape, overall), where=days > 0)
    return mean, np.where(known, values - mean[:, None], 0.0)


def period_effects(scenario: Scenario, homes: int, seed: int) -> np.ndarray:
    """(H, T) shared shocks of a home in a period, as the default model has them."""
    periods = -(-scenario.days // scenario.period_days)
    key = key_of(seed, "home_period_effect")
    return scenario.onset.home_period_sd * normal(key, np.arange(homes)[:, None], np.arange(periods))


def _lead_period_effects(scenario: Scenario, homes: int, seed: int) -> np.ndarray:
    """(H, L) shocks of the periods before the observed span."""
    periods = -(-scenario.lead_days // scenario.period_days)
    key = key_of(seed, "home_period_effect", "lead")
    return scenario.onset.home_period_sd * normal(key, np.arange(homes)[:, None], np.arange(periods))


def shocks(scenario: Scenario, authority: np.ndarray, seed: int) -> np.ndarray:
    """(H, D) shocks of any length, from the first day of the process on; (0, 0) without.

    Each home's own, and the waves that all homes share, or those of one ``authority`` (H,).
    """
    dials, days = scenario.dials, scenario.lead_days + scenario.days
    out = np.zeros((0, 0))
    if dials.shock_sd:
        homes = np.arange(authority.size)
        out = dials.shock_sd * _unit_shocks(homes, days, dials.shock_days, dials.shock_drifts, seed, "shock")
    if dials.wave_sd:
        sharing = authority if dials.wave_scope == "authority" else np.zeros_like(authority)
        which, at = np.unique(sharing, return_inverse=True)
        waves = dials.wave_sd * _unit_shocks(which, days, dials.wave_days, dials.wave_drifts, seed, "wave")
        out = waves[at] if not out.size else out + waves[at]
    return out


def _unit_shocks(units: np.ndarray, days: int, length: float, drifts: bool, seed: int, name: str) -> np.ndarray:
    """(U, D) of standard deviation 1: steps that change on days of each unit's own, or a drift."""
    key, unit = key_of(seed, name), units[:, None]
    if not drifts:
        offset = np.floor(uniform(key_of(seed, f"{name} offset"), unit) * length)
        return np.asarray(normal(key, unit, np.floor((np.arange(days) + offset) / length)))
    step = np.exp(-1 / length)
    noise = normal(key, unit, np.arange(days))
    out = np.empty(noise.shape)
    out[:, 0] = noise[:, 0]
    for day in range(1, days):
        out[:, day] = step * out[:, day - 1] + np.sqrt(1 - step**2) * noise[:, day]
    return out


def manager_absent(scenario: Scenario, homes: int, seed: int) -> np.ndarray:
    """(H, T) 1 while a home has no registered manager, for four periods at a time."""
    periods = -(-scenario.days // scenario.period_days)
    spell = np.arange(periods) // 4
    chance = uniform(key_of(seed, "homes", "manager"), np.arange(homes)[:, None], spell)
    return (chance < scenario.mechanisms.manager_absent_share).astype(float)


def raw_intercept(scenario: Scenario) -> float:
    """Log intensity per day where every raw covariate is 0."""
    spec = scenario.onset
    centred = sum(getattr(spec, name) * centre for name, centre in CENTRES.items())
    return float(np.log(spec.rate_per_year / DAYS_PER_YEAR) - centred)


def slow_log_rate(
    scenario: Scenario, sector: Sector, structure: Structure, period: np.ndarray, seed: int
) -> np.ndarray:
    """(H, L + T) log rate of everything that belongs to a home and changes with periods only, L periods before day 0.

    Before day 0 structure stands at the home's mean.
    """
    spec, more = scenario.onset, scenario.mechanisms
    constant = sector.home_effect + sector.authority_effect + sector.owner_effect
    constant = constant + spec.staff_ratio_between * structure.staff_ratio_mean
    constant = constant + spec.turnover_between * structure.turnover_mean
    constant = constant + more.restrictiveness * sector.restrictiveness + more.climate * sector.warmth
    constant = constant + more.community_pull * sector.community
    constant = constant + more.size_per_place * (sector.places - sector.places.mean())
    constant = constant + more.private_sector * (sector.kind == SECTORS.index("private"))
    constant = constant + own_log_rate(scenario, "homes", np.arange(sector.places.size), seed)
    lead = _lead_period_effects(scenario, sector.places.size, seed)
    observed = (
        constant[:, None]
        + period
        + spec.staff_ratio_within * structure.staff_ratio_within
        + spec.turnover_within * structure.turnover_within
        + more.manager_absent * manager_absent(scenario, sector.places.size, seed)
    )
    return np.hstack([constant[:, None] + lead, observed])


def _turnover_at(staffing: Staffing, homes: int, day: int) -> np.ndarray:
    """(H,) leavers in the 365 days before ``day`` over mean people in post; per year where fewer days are known.

    NaN where under 90 days are known, as in the specification's reading of a short record.
    """
    first = np.full(homes, day)
    np.minimum.at(first, staffing.spell_home, staffing.spell_start)
    since = np.maximum(day - 365, first)[staffing.spell_home]
    left = (staffing.spell_end >= since) & (staffing.spell_end < day)
    shared = np.maximum(np.minimum(staffing.spell_end, day) - np.maximum(staffing.spell_start, since), 0)
    leavers = np.bincount(staffing.spell_home, left, homes)
    person_days = np.bincount(staffing.spell_home, shared, homes)
    known = np.maximum(day - np.maximum(day - 365, first), 0)
    enough = (person_days > 0) & (known >= 90)
    return np.divide(365 * leavers, person_days, out=np.full(homes, np.nan), where=enough)
