"""Staff: people in posts, who leave and are replaced, and hours on duty by home and 28-day period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.provenance import stream
from missingmodels.simulate.roster import DAYS_PER_YEAR

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

LEAD_DAYS = 400  # staffing is known for over a year before day 0, so that turnover looks back 365 days


@dataclass(frozen=True, kw_only=True)
class Staffing:
    """Staff of H homes.

    Attributes
    ----------
    spell_home, spell_start, spell_end : one a person; an end at or after the last day means still in post
    period_start : (Q,) first day of each period, from ``lead_periods`` before day 0
    worked_hours, agency_hours : (H, Q)
    posts : (H,) permanent posts, each filled at all times
    """

    spell_home: np.ndarray
    spell_start: np.ndarray
    spell_end: np.ndarray
    period_start: np.ndarray
    worked_hours: np.ndarray
    agency_hours: np.ndarray
    posts: np.ndarray


def draw_staffing(scenario: Scenario, places: np.ndarray, seed: int) -> Staffing:
    """People and hours of every home; hours vary about a home's own level."""
    spec, period = scenario.homes, scenario.period_days
    rng = stream(seed, "staff_hours")
    lead = lead_periods(period)
    periods = lead + -(-scenario.days // period)
    level = spec.staff_on_duty_per_place * np.exp(spec.staff_between_sd_log * rng.standard_normal(places.size))
    wobble = np.exp(spec.staff_within_sd_log * rng.standard_normal((places.size, periods)))
    hours = 24 * period * places[:, None] * level[:, None] * wobble
    share = (
        rng.beta(2, 2 / max(spec.agency_share, 1e-6) - 2, hours.shape) if spec.agency_share else np.zeros(hours.shape)
    )
    posts = np.maximum(np.round(spec.staff_per_place * places), 1).astype(np.int64)
    home, start, end = _people(scenario, posts, seed)
    return Staffing(
        spell_home=home,
        spell_start=start,
        spell_end=end,
        period_start=period * (np.arange(periods) - lead),
        worked_hours=np.round(hours, 1),
        agency_hours=np.round(hours * share, 1),
        posts=posts,
    )


def _people(scenario: Scenario, posts: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One spell a person: each post sees leavers at its home's own yearly rate and is filled again the same day."""
    rng = stream(seed, "staff_people")
    spec = scenario.homes
    first = -lead_periods(scenario.period_days) * scenario.period_days
    span = scenario.days - first
    spread = np.exp(
        spec.turnover_between_sd_log * rng.standard_normal(posts.size) - spec.turnover_between_sd_log**2 / 2
    )
    post_home = np.repeat(np.arange(posts.size), posts)
    leavers = rng.poisson((spec.turnover_per_year * spread)[post_home] * span / DAYS_PER_YEAR)
    post = np.repeat(np.arange(post_home.size), leavers)
    day = first + 1 + np.floor(rng.random(post.size) * (span - 1)).astype(np.int64)
    post, day = np.unique(np.column_stack([post, day]), axis=0).T  # two leavers of one post on a day are one
    hired = first - np.floor(rng.exponential(730, post_home.size)).astype(np.int64) - 1
    start = np.concatenate([hired, day])
    owner = np.concatenate([np.arange(post_home.size), post])
    order = np.lexsort((start, owner))
    start, owner = start[order], owner[order]
    end = np.append(start[1:], scenario.days)
    end[np.append(owner[1:] != owner[:-1], True)] = scenario.days
    return post_home[owner], start, end


def lead_periods(period_days: int) -> int:
    """Whole periods before day 0 for which staffing is known."""
    return -(-LEAD_DAYS // period_days)


def mean_on_duty(staffing: Staffing, period_days: int) -> np.ndarray:
    """(H, Q) mean care staff on duty in each period."""
    return staffing.worked_hours / (24 * period_days)


def turnover_at(staffing: Staffing, day: int) -> np.ndarray:
    """(H,) leavers in the 365 days before ``day`` over posts."""
    left = (staffing.spell_end >= day - 365) & (staffing.spell_end < day)
    return np.bincount(staffing.spell_home[left], minlength=staffing.posts.size) / staffing.posts
