"""Run a sector: newcomers and staff are drawn, the flow of children settles, and their days are lived one by one.

Plain arrays throughout, so that power studies need no tables; ``world.py`` gives the same run its labels and dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from missingmodels.simulate.arrange import children_of, homes_of
from missingmodels.simulate.days.episodes import Episodes, room_for
from missingmodels.simulate.days.flow import (
    EMPTY,
    EPISODES,
    SHORT,
    STAYS,
    Beds,
    State,
    Stays,
    as_beds,
    start_flow,
)
from missingmodels.simulate.days.intensity import LOGGED, no_past
from missingmodels.simulate.days.intervene import AS_IT_IS, Do
from missingmodels.simulate.days.links import no_links
from missingmodels.simulate.days.loops import live, settle
from missingmodels.simulate.entrants import ROW_LIMIT, Pool, Traits, draw_pool, draw_traits
from missingmodels.simulate.homes import Sector, draw_sector
from missingmodels.simulate.settings import effects_of, rules_of, settings_of
from missingmodels.simulate.slow import Residents, Structure, period_effects, structure_of
from missingmodels.simulate.staffing import Staffing, draw_staffing, lead_periods
from missingmodels.simulate.strain import strain_of

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

SETTLING_DAYS = 365
EXIT_ROUNDS = 3


class _Log(NamedTuple):
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
    stays_before : as ``stays``, those of the same children that ended before day 0; former ties come from them
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
    stays_before: Stays
    episodes: Episodes
    log: _Log
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
    rules = rules_of(scenario, in_a_row, seed)
    residents, used = _undisturbed(scenario, beds, pool, rules)
    if residents is None:
        return None
    effects_by_period = period_effects(scenario, sector.places.size, seed)
    needed = np.arange(pool.age.size) if rules.exit_per_episode else used
    traits = draw_traits(scenario, pool, needed, in_a_row, seed)
    settings = settings_of(scenario, staffing.first_day, seed, influence=do.contagion, logging=bool(log))
    children = children_of(scenario, pool, needed, traits, seed)
    # where episodes end stays, who lives where follows from them, and the structure of homes from that in turn; where
    # staffing answers to them each round puts right a period more, until a world has the staff that its episodes leave
    least, feeds_back = EXIT_ROUNDS if rules.exit_per_episode else 1, scenario.dials.feeds_back
    most = least + (effects_by_period.shape[1] if feeds_back else 0)
    for done in range(1, most + 1):
        structure = structure_of(
            scenario, sector, staffing, residents, staff_added=do.staff_added, turnover_set=do.turnover_set
        )
        homes = homes_of(scenario, sector, staffing, structure, residents, effects_by_period, do, seed)
        effects = effects_of(scenario, do.contagion)
        lived = _lived(scenario, beds, pool, rules, children, homes, settings, effects, residents, log)
        if lived is None:
            return None
        state, record, episodes, kept, residents = lived
        strain = staffing.strain
        if feeds_back:
            rows, lead = int(state.counts[EPISODES]), lead_periods(scenario)
            strain = strain_of(episodes, rows, strain, lead, scenario.period_days)
        settled = np.array_equal(strain, staffing.strain)
        if settled and done >= least:
            break
        if not settled and done < most:
            staffing = draw_staffing(scenario, sector, seed, strain)
    child, stays, before, first_stay = _in_view(record, int(state.counts[STAYS]), scenario.days)
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
        stays_before=before,
        episodes=_observed(episodes, int(state.counts[EPISODES]), where),
        log=_Log(where[kept.child[: kept.rows[0]]], kept.day[: kept.rows[0]], kept.columns,
                kept.values[: kept.rows[0]], kept.rows),
        resident_days=int(residents.days.sum()),
        first_stay=first_stay,
        earlier_stays=np.bincount(before.child, minlength=child.size),
    )  # fmt: skip


def _lived(
    scenario: Scenario,
    beds: Beds,
    pool: Pool,
    rules: Any,
    children: Any,
    homes: Any,
    settings: Any,
    effects: Any,
    expected: Residents,
    log: tuple[str, ...],
) -> tuple[State, Stays, Episodes, _Log, Residents] | None:
    """Live every day once; None if newcomers ran out. Room for episodes and for what is seen grows with them."""
    first, rows = -scenario.lead_days, int(expected.days.sum())
    capacity, seen_at_once = rows // 16 + 1024, 2 * pool.age.size + 1024
    while True:
        state, record = start_flow(beds, pool, rules, first - SETTLING_DAYS)
        past = no_past(pool.age.size, seen_at_once if settings.witnessed else 1)
        links = no_links(pool.age.size, 8 * record.child.size if settings.outside else 1)
        episodes = room_for(capacity)
        # no more children can live in a sector than it has beds
        most = scenario.days * beds.bed_home.size
        kept = _room_for_log(log, min(2 * rows, most) if rules.exit_per_episode else rows)
        days, mix = np.zeros_like(expected.days), np.zeros((beds.opened.size, 2))
        live(
            first - SETTLING_DAYS, first, scenario.days,
            beds, pool, rules, state, record, children, homes, past, links, settings, effects, episodes, kept,
            np.zeros(len(LOGGED)), np.zeros(beds.bed_home.size, dtype=np.int64), days, mix,
        )  # fmt: skip
        if state.counts[SHORT]:
            return None
        if state.counts[EPISODES] <= capacity and not past.witness.full[0]:
            return state, record, episodes, kept, _residents(days, mix)
        capacity = max(capacity, int(state.counts[EPISODES]) + 1)
        seen_at_once *= 2 if past.witness.full[0] else 1


def _residents(days: np.ndarray, mix: np.ndarray) -> Residents:
    overall = mix[:, 0].sum() / max(mix[:, 1].sum(), 1)
    mean = np.divide(mix[:, 0], mix[:, 1], out=np.full(mix.shape[0], overall), where=mix[:, 1] > 0)
    return Residents(days=days, mix_mean=mean)


def _undisturbed(scenario: Scenario, beds: Beds, pool: Pool, rules: Any) -> tuple[Residents | None, np.ndarray]:
    """Who lives where when no episode ends a stay; None if newcomers ran out."""
    first = -scenario.lead_days - SETTLING_DAYS
    state, record = start_flow(beds, pool, rules, first)
    homes, periods = beds.opened.size, -(-scenario.days // scenario.period_days)
    days, mix = np.zeros((homes, periods)), np.zeros((homes, 2))
    settle(first, scenario.days, scenario.period_days, beds, pool, rules, state, record, days, mix)
    if state.counts[SHORT]:
        return None, np.zeros(0, dtype=np.int64)
    return _residents(days, mix), np.unique(record.child[: state.counts[STAYS]])


def _room_for_log(names: tuple[str, ...], rows: int) -> _Log:
    rows = rows if names else 0
    return _Log(
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows, dtype=np.int64),
        np.array([LOGGED.index(name) for name in names], dtype=np.int64),
        np.zeros((rows, len(names))),
        np.zeros(1, dtype=np.int64),
    )


def _in_view(record: Stays, count: int, days: int) -> tuple[np.ndarray, Stays, Stays, np.ndarray]:
    """Children with a stay that touches the observed span, and those stays by child and start.

    With them their stays that ended before, and the first day of each child's first stay.
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
    gone = np.flatnonzero(known & (end <= 0))
    before = Stays(place[gone], record.home[gone], start[gone], end[gone])
    return seen, Stays(position[order], record.home[held], start[held], end[held]), before, first


def _observed(episodes: Episodes, count: int, where: np.ndarray) -> Episodes:
    """Episodes that begin in the observed span, by child and day."""
    held = np.flatnonzero(episodes.day[:count] >= 0)
    child = where[episodes.child[held]]
    order = np.lexsort((episodes.day[held], child))
    held = held[order]
    return Episodes(child[order], *(column[held] for column in episodes[1:]))
