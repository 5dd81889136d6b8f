"""Run a sector: newcomers and staff are drawn, the flow of children settles, and their days are lived one by one.

Plain arrays throughout, so that power studies need no tables; ``world.py`` gives the same run its labels and dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from missingmodels.simulate.arrange import children_of, homes_of
from missingmodels.simulate.chance import compiled
from missingmodels.simulate.entrants import ROW_LIMIT, Pool, Traits, draw_pool, draw_traits
from missingmodels.simulate.episodes import Episodes, room_for
from missingmodels.simulate.flow import (
    EMPTY,
    EPISODES,
    SHORT,
    STAYS,
    Beds,
    Stays,
    as_beds,
    flow_day,
    start_flow,
)
from missingmodels.simulate.homes import Sector, draw_sector
from missingmodels.simulate.intensity import LOGGED, no_past
from missingmodels.simulate.intervene import AS_IT_IS, Do
from missingmodels.simulate.links import locate, no_links, part_and_locate
from missingmodels.simulate.process import risk_day
from missingmodels.simulate.settings import effects_of, rules_of, settings_of
from missingmodels.simulate.slow import Residents, Structure, period_effects, structure_of
from missingmodels.simulate.staffing import Staffing, draw_staffing

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

SETTLING_DAYS = 365


class Log(NamedTuple):
    """Resident-days of the observed span: child (R,), day (R,), values (R, k) of some of ``LOGGED``."""

    child: np.ndarray
    day: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Run:
    """All that happened in a sector.

    Attributes
    ----------
    child : (C,) position in the pool of every child with a stay that ends after day 0 and begins before the last
    traits : of those children, in that order
    stays, episodes : columns of equal length, with children as positions in ``child``
    log : with children as positions in ``child``; empty if nothing was logged
    first_stay, earlier_stays : (C,) first day of a child's first stay, and how many stays ended before day 0
    """

    scenario: Scenario
    seed: int
    sector: Sector
    staffing: Staffing
    structure: Structure
    period_effects: np.ndarray
    child: np.ndarray
    number: np.ndarray
    birth: np.ndarray
    in_area: np.ndarray
    authority: np.ndarray
    traits: Traits
    stays: Stays
    episodes: Episodes
    log: Log
    resident_days: int
    first_stay: np.ndarray
    earlier_stays: np.ndarray


def run_sector(scenario: Scenario, seed: int, *, do: Do = AS_IT_IS, log: tuple[str, ...] = ()) -> Run:
    """Run a scenario. ``log`` names the columns of ``LOGGED`` to keep for every resident-day.

    The same scenario and seed meet the same chance under every intervention ``do``.
    """
    sector = draw_sector(scenario, seed)
    staffing = draw_staffing(scenario, sector, seed)
    beds = as_beds(sector)
    in_a_row = 8 + (scenario.days + scenario.lead_days) // 90
    while True:
        pool = draw_pool(scenario, sector, in_a_row, seed)
        found = _settle_and_live(scenario, sector, staffing, beds, pool, in_a_row, seed, do, log)
        if found is not None:
            return found
        in_a_row *= 2  # newcomers ran out somewhere: longer rows hold the same children first
        if in_a_row > ROW_LIMIT:
            raise ValueError("stays are so short that beds use up thousands of children; raise children.stay_scale")


def _settle_and_live(
    scenario: Scenario,
    sector: Sector,
    staffing: Staffing,
    beds: Beds,
    pool: Pool,
    in_a_row: int,
    seed: int,
    do: Do,
    log: tuple[str, ...],
) -> Run | None:
    rules, first = rules_of(scenario, in_a_row, seed), -scenario.lead_days
    residents, used = _undisturbed(scenario, beds, pool, rules)
    if residents is None:
        return None
    structure = structure_of(
        scenario, sector, staffing, residents, staff_added=do.staff_added, turnover_set=do.turnover_set
    )
    effects_by_period = period_effects(scenario, sector.places.size, seed)
    needed = np.arange(pool.age.size) if rules.exit_per_episode else used
    traits = draw_traits(scenario, pool, needed, in_a_row, seed)
    settings = settings_of(scenario, staffing.first_day, seed, influence=do.contagion, logging=bool(log))
    homes = homes_of(scenario, sector, staffing, structure, residents, effects_by_period, do, seed)
    children = children_of(scenario, pool, needed, traits)
    rows = int(residents.days.sum())
    capacity = rows // 16 + 1024
    while True:
        state, record = start_flow(beds, pool, rules, first - SETTLING_DAYS)
        past, links = no_past(pool.age.size), no_links(pool.age.size, 8 * record.child.size if settings.outside else 1)
        episodes, kept = room_for(capacity), _room_for_log(log, 2 * rows if rules.exit_per_episode else rows)
        effects = effects_of(scenario, do.contagion)
        live(
            first - SETTLING_DAYS, first, scenario.days,
            beds, pool, rules, state, record, children, homes, past, links, settings, effects, episodes, kept,
            np.zeros(len(LOGGED)), np.zeros(int(sector.places.max()), dtype=np.int64),
        )  # fmt: skip
        if state.counts[SHORT]:
            return None
        if state.counts[EPISODES] <= capacity:
            break
        capacity = int(state.counts[EPISODES]) + 1
    child, stays, first_stay, earlier = _in_view(record, int(state.counts[STAYS]), scenario.days)
    where = np.full(pool.age.size, EMPTY)
    where[child] = np.arange(child.size)
    held = np.searchsorted(needed, child)
    return Run(
        scenario=scenario,
        seed=seed,
        sector=sector,
        staffing=staffing,
        structure=structure,
        period_effects=effects_by_period,
        child=child,
        number=pool.number[child],
        birth=state.birth[child],
        in_area=pool.in_area[child],
        authority=pool.authority[child],
        traits=Traits(**{name: values[held] for name, values in vars(traits).items()}),
        stays=stays,
        episodes=_observed(episodes, int(state.counts[EPISODES]), where),
        log=Log(where[kept.child[: kept.rows[0]]], kept.day[: kept.rows[0]], kept.columns,
                kept.values[: kept.rows[0]], kept.rows),
        resident_days=rows,
        first_stay=first_stay,
        earlier_stays=earlier,
    )  # fmt: skip


def _undisturbed(scenario: Scenario, beds: Beds, pool: Pool, rules: Any) -> tuple[Residents | None, np.ndarray]:
    """Who lives where when no episode ends a stay; None if newcomers ran out."""
    first = -scenario.lead_days - SETTLING_DAYS
    state, record = start_flow(beds, pool, rules, first)
    homes, periods = beds.opened.size, -(-scenario.days // scenario.period_days)
    days, mix = np.zeros((homes, periods)), np.zeros((homes, 2))
    settle(first, scenario.days, scenario.period_days, beds, pool, rules, state, record, days, mix)
    if state.counts[SHORT]:
        return None, np.zeros(0, dtype=np.int64)
    overall = mix[:, 0].sum() / max(mix[:, 1].sum(), 1)
    mean = np.divide(mix[:, 0], mix[:, 1], out=np.full(homes, overall), where=mix[:, 1] > 0)
    used = np.unique(record.child[: state.counts[STAYS]])
    return Residents(days=days, mix_mean=mean), used


@compiled
def settle(first, last, period, beds, pool, rules, state, record, days, mix):
    """The flow alone; adds up resident-days by home and period and the mean need of others on each."""
    for day in range(first, last):
        flow_day(day, beds, pool, rules, state, record)
        if day < 0:
            continue
        for home in range(beds.first_bed.size - 1):
            residents, need = 0, 0.0
            for bed in range(beds.first_bed[home], beds.first_bed[home + 1]):
                if state.occupant[bed] != EMPTY:
                    residents += 1
                    need += pool.need[state.occupant[bed]]
            days[home, day // period] += residents
            if residents > 1:
                # each resident's mean of the others, summed over residents, is the sum of needs
                mix[home, 0] += need
                mix[home, 1] += residents


@compiled
def live(
    start, first, last, beds, pool, rules, state, record, children, homes, past, links, settings, effects, episodes,
    log, out, begins,
):  # fmt: skip
    """Every day from ``start``: beds change hands, and from ``first`` on onsets are drawn."""
    for day in range(start, last):
        if settings.outside:
            part_and_locate(day, beds, state, links, settings)
        flow_day(day, beds, pool, rules, state, record)
        if settings.outside:
            locate(beds, state, links)
        if day >= first:
            risk_day(
                day, beds, children, homes, state, past, links, settings, rules, effects, episodes, log, out, begins
            )


def _room_for_log(names: tuple[str, ...], rows: int) -> Log:
    rows = rows if names else 0
    return Log(
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows, dtype=np.int64),
        np.array([LOGGED.index(name) for name in names], dtype=np.int64),
        np.zeros((rows, len(names))),
        np.zeros(1, dtype=np.int64),
    )


def _in_view(record: Stays, count: int, days: int) -> tuple[np.ndarray, Stays, np.ndarray, np.ndarray]:
    """Children with a stay that touches the observed span, and those stays by child and start.

    With them the first day of each child's first stay, and how many of its stays ended before.
    """
    child, start, end = record.child[:count], record.start[:count], record.end[:count]
    held = np.flatnonzero((end > 0) & (start < days))
    seen, position = np.unique(child[held], return_inverse=True)
    order = np.lexsort((start[held], position))
    held = held[order]
    place = np.minimum(np.searchsorted(seen, child), seen.size - 1)
    known = (seen[place] == child) if seen.size else np.zeros(count, dtype=bool)
    first = np.full(seen.size, days)
    np.minimum.at(first, place[known], start[known])
    earlier = np.bincount(place[known & (end <= 0)], minlength=seen.size)
    return seen, Stays(position[order], record.home[held], start[held], end[held]), first, earlier


def _observed(episodes: Episodes, count: int, where: np.ndarray) -> Episodes:
    """Episodes that begin in the observed span, by child and day."""
    held = np.flatnonzero(episodes.day[:count] >= 0)
    child = where[episodes.child[held]]
    order = np.lexsort((episodes.day[held], child))
    held = held[order]
    return Episodes(child[order], *(column[held] for column in episodes[1:]))
