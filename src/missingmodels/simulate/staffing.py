"""Staff as people in posts, on a rota of 12-hour shifts, from which hours, agency cover and presence are counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled, draw, exponential, key_of, normal, uniform
from missingmodels.simulate.homes import DAYS_PER_YEAR, Sector
from missingmodels.simulate.strain import days_until, leaving_factor, sickness

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

LEAD_DAYS = 400  # people are known for over a year before the process starts, so that turnover looks back 365 days
SHIFT_HOURS = 12
MOST_POSTS = 63  # who is on shift is kept as bits of one word
WORKED, AGENCY, SICK, UNFILLED = 0, 1, 2, 3
HOMES_AT_A_TIME = 200


class _Shifts(NamedTuple):
    """Shifts, one a row: home, day, whether by night, kind (worked, agency, sick, unfilled) and person.

    ``person`` is the spell of the post's holder, or the place on the rota of an agency worker. ``rows`` (1,) hold.
    """

    home: np.ndarray
    day: np.ndarray
    night: np.ndarray
    kind: np.ndarray
    person: np.ndarray
    rows: np.ndarray

    @classmethod
    def room_for(cls, rows: int) -> _Shifts:
        """Room for so many rows."""
        return cls(*(np.zeros(size, dtype=np.int64) for size in (rows, rows, rows, rows, rows, 1)))


@dataclass(frozen=True, kw_only=True)
class Staffing:
    """Staff of H homes on days from ``first_day`` on, in Q periods of the rota, at least one before the observed span.

    Attributes
    ----------
    spell_home, spell_start, spell_end : (N,) one a person, by post and start; an end at the last day means in post
    first_spell, first_post : spells of each post, and posts of each home (offsets)
    disengaged, trained : (N,) 0 or 1
    period_start : (Q,)
    worked_hours, agency_hours, strain : (H, Q); the last, the home's onsets in the period before
    on_shift : (H, D) bit p is set when the holder of the home's post p works on that day
    disengaged_share, inexperienced_share, untrained_share : (H, D) of those on the day's shifts
    """

    spell_home: np.ndarray
    spell_start: np.ndarray
    spell_end: np.ndarray
    first_spell: np.ndarray
    first_post: np.ndarray
    disengaged: np.ndarray
    trained: np.ndarray
    first_day: int
    period_start: np.ndarray
    worked_hours: np.ndarray
    agency_hours: np.ndarray
    strain: np.ndarray
    on_shift: np.ndarray
    disengaged_share: np.ndarray
    inexperienced_share: np.ndarray
    untrained_share: np.ndarray


def draw_staffing(scenario: Scenario, sector: Sector, seed: int, strain: np.ndarray | None = None) -> Staffing:
    """People, rota and hours of every home, under the strain (H, Q) of the onsets before; none if it is left out."""
    spec, period = scenario.staff, scenario.period_days
    posts = np.clip(np.round(spec.people_per_place * sector.places), 1, MOST_POSTS).astype(np.int64)
    first_post = np.concatenate([[0], np.cumsum(posts)])
    lead = lead_periods(scenario)
    first_day, periods = -lead * period, lead + -(-scenario.days // period)
    strain = np.zeros((posts.size, periods)) if strain is None else strain
    post, number, start, end = _people(scenario, sector, posts, strain, seed)
    first_spell = np.searchsorted(post, np.arange(first_post[-1] + 1))
    disengaged = uniform(key_of(seed, "staff", "engagement"), post, number) < spec.disengaged_share
    trained = uniform(key_of(seed, "staff", "training"), post, number) < spec.trained_share
    home, days = np.arange(sector.places.size), periods * period
    hours = np.zeros((2, home.size, periods))
    on_shift = np.zeros((home.size, days), dtype=np.uint64)
    shares = np.zeros((3, home.size, days), dtype=np.float32)
    posts_of = _Posts(first_post, first_spell, start, end, disengaged, trained)
    found = _Found(hours, on_shift, shares, np.zeros(MOST_POSTS, dtype=np.int64), _Shifts.room_for(0))
    rota(_plan_of(scenario, sector, first_day, strain, seed), posts_of, found, 0, home.size)
    return Staffing(
        spell_home=np.searchsorted(first_post, post, side="right") - 1,
        spell_start=start,
        spell_end=end,
        first_spell=first_spell,
        first_post=first_post,
        disengaged=disengaged,
        trained=trained,
        first_day=first_day,
        period_start=first_day + period * np.arange(periods),
        worked_hours=hours[0],
        agency_hours=hours[1],
        strain=strain,
        on_shift=on_shift,
        disengaged_share=shares[0],
        inexperienced_share=shares[1],
        untrained_share=shares[2],
    )


def lead_periods(scenario: Scenario) -> int:
    """Periods of the rota before day 0."""
    return 1 + -(-scenario.lead_days // scenario.period_days)


def _shifts_a_day(scenario: Scenario, sector: Sector, periods: int, seed: int) -> np.ndarray:
    """(H, Q) planned shifts of 12 hours a day."""
    spec, home = scenario.staff, np.arange(sector.places.size)
    between, within = spec.between_sd_log, spec.within_sd_log
    level = spec.on_duty_per_place * np.exp(
        between * normal(key_of(seed, "staff", "level"), home)[:, None]
        + within * normal(key_of(seed, "staff", "level in period"), home[:, None], np.arange(periods))
        - (between**2 + within**2) / 2
    )
    return 2 * level * sector.places[:, None]


def shifts_of(scenario: Scenario, sector: Sector, staffing: Staffing, seed: int) -> Iterator[_Shifts]:
    """Every shift of the rota that the hours were counted from, some homes at a time: millions for a nation."""
    days = staffing.on_shift.shape[1]
    plan = _plan_of(scenario, sector, staffing.first_day, staffing.strain, seed)
    posts = _Posts(*(getattr(staffing, name) for name in _Posts._fields))
    wanted = plan.shifts_a_day
    hours, on_shift = np.zeros((2, *wanted.shape)), np.zeros_like(staffing.on_shift)
    shares = np.zeros((3, *on_shift.shape), dtype=np.float32)
    for first in range(0, sector.places.size, HOMES_AT_A_TIME):
        last = min(first + HOMES_AT_A_TIME, sector.places.size)
        room = _Shifts.room_for(int(days * np.ceil(wanted[first:last].max(axis=1) + 3).sum()))
        found = _Found(hours, on_shift, shares, np.zeros(MOST_POSTS, dtype=np.int64), room)
        rota(plan, posts, found, first, last)
        rows = room.rows[0]
        yield _Shifts._make([*(column[:rows] for column in room[:-1]), room.rows])


def _people(
    scenario: Scenario, sector: Sector, posts: np.ndarray, strain: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Post, running number, start and end of every person: tenures and vacancies one after the other in each post."""
    spec = scenario.staff
    home = np.repeat(np.arange(posts.size), posts)
    opens = np.maximum(sector.opened, -LEAD_DAYS - scenario.lead_days)[home]
    closes = np.minimum(sector.closed, scenario.days)[home]
    sd = spec.turnover_between_sd_log
    spread = np.exp(sd * normal(key_of(seed, "staff", "turnover"), np.arange(posts.size)) - sd**2 / 2)
    leaving = np.maximum(spec.turnover_per_year * spread, 1e-6)[home] / DAYS_PER_YEAR
    keys = [key_of(seed, "staff", name) for name in ("tenure", "vacancy", "seniority")]
    factor = leaving_factor(scenario.dials.leaving_per_episode, strain)
    rota_from = -lead_periods(scenario) * scenario.period_days
    open_posts = np.arange(home.size)
    # the first holder of each post was hired before the record, though not before the home opened
    hired = opens - np.ceil(exponential(keys[2], open_posts) / leaving).astype(np.int64)
    clock = np.maximum(hired, np.minimum(sector.opened[home], opens))
    found, number = [], 0
    while open_posts.size:
        start = clock[open_posts]
        # tenure is without memory, so a first holder's remaining time counts from the start of the record
        known = np.maximum(start, opens[open_posts])
        tenure = exponential(keys[0], open_posts, number) / leaving[open_posts]
        if scenario.dials.leaving_per_episode:
            tenure = days_until(known, tenure, home[open_posts], factor, rota_from, scenario.period_days)
        end = np.minimum(known + np.ceil(tenure).astype(np.int64), closes[open_posts])
        found.append((open_posts, np.full(open_posts.size, number), start, end))
        gap = np.floor(exponential(keys[1], open_posts, number) * spec.vacancy_mean_days).astype(np.int64)
        clock[open_posts] = end + gap
        open_posts = open_posts[clock[open_posts] < closes[open_posts]]
        number += 1
    post, numbers, start, end = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((start, post))
    return post[order], numbers[order], start[order], end[order]


class _Posts(NamedTuple):
    """Posts of homes, spells of posts and who holds them (see ``Staffing``)."""

    first_post: np.ndarray
    first_spell: np.ndarray
    spell_start: np.ndarray
    spell_end: np.ndarray
    disengaged: np.ndarray
    trained: np.ndarray


class _Plan(NamedTuple):
    """What a rota is to cover: (H, Q) shifts a day and share away, the days on which each home is open, and chances."""

    shifts_a_day: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    first_day: int
    period: int
    night_share: float
    sickness_share: np.ndarray
    agency_cover_share: float
    new_starter_days: float
    key: np.uint64


class _Found(NamedTuple):
    """What a rota fills: ``hours`` (2, H, Q), ``on_shift`` (H, D), ``shares`` (3, H, D), room, and shifts if any."""

    hours: np.ndarray
    on_shift: np.ndarray
    shares: np.ndarray
    current: np.ndarray
    shifts: _Shifts


def _plan_of(scenario: Scenario, sector: Sector, first_day: int, strain: np.ndarray, seed: int) -> _Plan:
    spec = scenario.staff
    return _Plan(
        shifts_a_day=_shifts_a_day(scenario, sector, strain.shape[1], seed),
        opens=np.maximum(sector.opened, first_day),
        closes=np.minimum(sector.closed, scenario.days),
        first_day=first_day,
        period=scenario.period_days,
        night_share=spec.night_share,
        sickness_share=sickness(spec.sickness_share, scenario.dials.sick_per_episode, strain),
        agency_cover_share=spec.agency_cover_share,
        new_starter_days=float(spec.new_starter_days),
        key=key_of(seed, "staff", "rota"),
    )


@compiled
def rota(plan, staff, found, first_home, last_home):
    """Fill the shifts of homes ``first_home`` to ``last_home`` day by day from their posts in turn.

    Agency staff cover some of the gaps. One row a shift goes into ``found.shifts`` if it has room for any.
    """
    first_post, first_spell, spell_end, current = staff.first_post, staff.first_spell, staff.spell_end, found.current
    key, period, shifts = plan.key, plan.period, found.shifts
    night, cover, new_days = plan.night_share, plan.agency_cover_share, plan.new_starter_days
    for h in range(first_home, last_home):
        posts = first_post[h + 1] - first_post[h]
        for p in range(posts):
            current[p] = first_spell[first_post[h] + p]
        turn = 0
        for day in range(plan.opens[h], plan.closes[h]):
            column = day - plan.first_day
            q = column // period
            wanted, sick = plan.shifts_a_day[h, q], plan.sickness_share[h, q]
            chance = draw(key, h, 2 * column)
            by_day = max(1, int(wanted * (1 - night) + chance))
            slots = by_day + max(1, int(wanted * night + chance))
            worked, agency, uneasy, fresh, untrained = 0, 0, 0, 0, 0
            for slot in range(slots):
                post = first_post[h] + turn
                spell = current[turn]
                while spell < first_spell[post + 1] - 1 and spell_end[spell] <= day:
                    spell += 1
                current[turn] = spell
                chance = draw(key, 1024 * h + slot, 2 * column + 1)
                held = staff.spell_start[spell] <= day < spell_end[spell] and slot < posts
                if held and chance >= sick:
                    kind = WORKED
                    worked += 1
                    uneasy += staff.disengaged[spell]
                    untrained += not staff.trained[spell]
                    fresh += day - staff.spell_start[spell] < new_days
                    found.on_shift[h, column] |= np.uint64(1) << np.uint64(turn)
                elif (chance / sick if held else chance) < cover:
                    kind = AGENCY
                    agency += 1
                else:
                    kind = SICK if held else UNFILLED
                if shifts.home.size:
                    row = shifts.rows[0]
                    shifts.home[row] = h
                    shifts.day[row] = day
                    shifts.night[row] = slot >= by_day
                    shifts.kind[row] = kind
                    shifts.person[row] = spell if kind != AGENCY else slot
                    shifts.rows[0] = row + 1
                turn = (turn + 1) % posts
            found.hours[0, h, q] += 12.0 * (worked + agency)
            found.hours[1, h, q] += 12.0 * agency
            if worked + agency > 0:
                found.shares[0, h, column] = (uneasy + agency) / (worked + agency)
                found.shares[1, h, column] = (fresh + agency) / (worked + agency)
                found.shares[2, h, column] = (untrained + agency) / (worked + agency)
