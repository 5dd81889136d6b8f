"""Homes and children in the form that the compiled loops take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from missingmodels.simulate.adults import adult_days
from missingmodels.simulate.chance import key_of, normal
from missingmodels.simulate.days.intensity import Children, Homes
from missingmodels.simulate.days.intervene import Do
from missingmodels.simulate.entrants import Pool, Traits
from missingmodels.simulate.homes import Sector
from missingmodels.simulate.own import own_log_rate
from missingmodels.simulate.slow import Residents, Structure, raw_intercept, shocks, slow_log_rate
from missingmodels.simulate.staffing import Staffing

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario


def homes_of(
    scenario: Scenario,
    sector: Sector,
    staffing: Staffing,
    structure: Structure,
    residents: Residents,
    effects: np.ndarray,
    do: Do,
    seed: int,
) -> Homes:
    """Homes as the loops need them; ``do`` acts on influence here, on staff and turnover in ``structure``."""
    c, away, after = scenario.contagion, scenario.away, scenario.aftermath
    lead = np.full((sector.places.size, -(-scenario.lead_days // scenario.period_days)), c.log_rate_ratio)
    moderated = c.log_rate_ratio - c.short_staffing * structure.staff_ratio_within
    authority = normal(key_of(seed, "interviews", "authority"), sector.authority)
    areas = int(sector.area[-1]) + 1
    return Homes(
        slow=slow_log_rate(scenario, sector, structure, effects, seed),
        contagion=do.contagion * np.hstack([lead, moderated]),
        shock=_added(shocks(scenario, sector.authority, seed), adult_days(scenario, sector, staffing, seed)),
        mix_mean=residents.mix_mean,
        on_shift=staffing.on_shift,
        uneasy=staffing.disengaged_share,
        fresh=staffing.inexperienced_share,
        untrained=staffing.untrained_share,
        first_post=staffing.first_post,
        first_spell=staffing.first_spell,
        spell_end=staffing.spell_end,
        offered=expit(logit(after.offered_share) + after.offered_between_sd * authority),
        away=np.log(away.protocol) * sector.protocol,
        summer=_summer(scenario),
        area=sector.area,
        first_home=np.searchsorted(sector.area, np.arange(areas + 1)),
    )


def _added(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The sum of two (H, D) grids, of which either may be the empty (0, 0)."""
    if not (first.size and second.size):
        return first if first.size else second
    return first + second


def _summer(scenario: Scenario) -> np.ndarray:
    """(D,) 1 on the days of June, July and August, from the first day of the process on."""
    day = np.arange(-scenario.lead_days, scenario.days).astype("timedelta64[D]")
    month = (np.datetime64(scenario.start_date, "D") + day).astype("datetime64[M]").astype(np.int64) % 12
    return ((month >= 5) & (month <= 7)).astype(np.int64)


def children_of(scenario: Scenario, pool: Pool, needed: np.ndarray, traits: Traits, seed: int) -> Children:
    """Arrays over the whole pool, zero for children who are not needed."""
    spec, more = scenario.onset, scenario.mechanisms
    outside = ~pool.in_area[needed]
    with np.errstate(divide="ignore"):
        fixed = raw_intercept(scenario) + np.log(traits.frailty)
    fixed = fixed + spec.male * traits.male + spec.need_score * traits.need_score
    fixed = fixed + spec.exploitation_risk * traits.exploitation_risk + spec.out_of_area * outside
    fixed = fixed + more.uasc * traits.uasc + more.prior_missing * traits.prior_missing
    fixed = fixed + more.family_pull * traits.family_pull + more.emergency * traits.emergency
    fixed = fixed + own_log_rate(scenario, "children", pool.number[needed], seed)

    def over_pool(values: np.ndarray) -> np.ndarray:
        out = np.zeros(pool.age.size)
        out[needed] = values
        return out

    return Children(
        fixed=over_pool(fixed),
        need=pool.need,
        exploited=over_pool(traits.exploitation_risk),
        out_of_school=over_pool(traits.not_in_education),
        family=over_pool(traits.family_pull),
        emergency=over_pool(traits.emergency),
        outside_area=over_pool(outside),
    )
