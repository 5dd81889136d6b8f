"""The flow of children through beds, day by day: stays end, children move or leave, newcomers arrive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled, draw, draw_normal
from missingmodels.simulate.entrants import ADULT_DAYS, Pool
from missingmodels.simulate.homes import Sector

EMPTY = -1
WAIT_DAYS = 14
TRIES = 16
# places in ``State.counts``
WAITING, STAYS, SHORT, EPISODES = 0, 1, 2, 3


class Beds(NamedTuple):
    """The homes as the loops need them (see ``Sector``)."""

    bed_home: np.ndarray
    first_bed: np.ndarray
    authority_first_bed: np.ndarray
    authority: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    match: np.ndarray


class Rules(NamedTuple):
    """Settings and keys of the flow."""

    move_share: float
    homophily: float
    exit_per_episode: float
    in_a_row: int
    length_key: np.uint64
    move_key: np.uint64
    bed_key: np.uint64
    match_key: np.uint64
    gap_key: np.uint64
    gap_mean: float


class State(NamedTuple):
    """Where everybody is. Beds (B,), children of the pool (N,), waiting list and counters."""

    occupant: np.ndarray
    start: np.ndarray
    end: np.ndarray
    stay: np.ndarray
    broke_down: np.ndarray
    next_arrival: np.ndarray
    next_turn: np.ndarray
    vacancies: np.ndarray
    birth: np.ndarray
    stays: np.ndarray
    number: np.ndarray
    wait_child: np.ndarray
    wait_home: np.ndarray
    wait_until: np.ndarray
    counts: np.ndarray


class Stays(NamedTuple):
    """Stays so far, (capacity,) each; the first ``counts[STAYS]`` hold."""

    child: np.ndarray
    home: np.ndarray
    start: np.ndarray
    end: np.ndarray


def as_beds(sector: Sector) -> Beds:
    """The part of a sector that the loops need."""
    return Beds(
        sector.bed_home,
        sector.first_bed,
        sector.authority_first_bed,
        sector.authority,
        sector.opened,
        sector.closed,
        sector.match,
    )


def start_flow(beds: Beds, pool: Pool, rules: Rules, first_day: int) -> tuple[State, Stays]:
    """Beds filled as the pool says, on ``first_day``."""
    size, children = beds.bed_home.size, pool.age.size
    first = np.arange(size) * rules.in_a_row
    opened = beds.opened[beds.bed_home]
    filled = pool.filled & (opened < first_day)
    start = np.maximum(first_day - pool.elapsed, opened)  # nobody has lived in a home for longer than it is open
    adult = start - pool.age[first] + ADULT_DAYS
    state = State(
        occupant=np.where(filled, first, EMPTY),
        start=start,
        end=np.maximum(np.minimum(start + pool.first_length[first], adult), first_day + 1),
        stay=np.zeros(size, dtype=np.int64),
        broke_down=np.zeros(size, dtype=np.bool_),
        next_arrival=np.where(filled, 0, np.maximum(first_day, opened) + pool.first_gap),
        next_turn=filled.astype(np.int64),
        vacancies=np.zeros(size, dtype=np.int64),
        birth=np.zeros(children, dtype=np.int64),
        stays=np.zeros(children, dtype=np.int64),
        number=pool.number,
        wait_child=np.zeros(children, dtype=np.int64),
        wait_home=np.zeros(children, dtype=np.int64),
        wait_until=np.zeros(children, dtype=np.int64),
        counts=np.zeros(4, dtype=np.int64),
    )
    capacity = 2 * children + 16
    record = Stays(*(np.zeros(capacity, dtype=np.int64) for _ in range(4)))
    held = np.flatnonzero(filled)
    child = first[held]
    state.birth[child] = state.start[held] - pool.age[child]
    state.stays[child] = 1
    state.stay[held] = np.arange(held.size)
    state.counts[STAYS] = held.size
    for column, values in zip(record, (child, beds.bed_home[held], state.start[held], state.end[held]), strict=True):
        column[: held.size] = values
    return state, record


@compiled
def flow_day(day, beds, pool, rules, state, record):
    """One morning: stays that end today end, waiting children find beds, newcomers arrive."""
    for bed in range(beds.bed_home.size):
        if state.occupant[bed] != EMPTY and (state.end[bed] <= day or day >= beds.closed[beds.bed_home[bed]]):
            _leave(day, bed, beds, pool, rules, state, record)
    _place_waiting(day, beds, pool, rules, state, record)
    for bed in range(beds.bed_home.size):
        if state.occupant[bed] == EMPTY and state.next_arrival[bed] <= day:
            home = beds.bed_home[bed]
            if beds.opened[home] <= day < beds.closed[home]:
                turn = state.next_turn[bed]
                if turn >= rules.in_a_row:
                    state.counts[SHORT] = 1
                    continue
                state.next_turn[bed] = turn + 1
                child = bed * rules.in_a_row + turn
                state.birth[child] = day - pool.age[child]
                _arrive(day, bed, child, pool.first_length[child], beds, state, record)


@compiled
def _leave(day, bed, beds, pool, rules, state, record):
    """The child in ``bed`` goes: to another home if a move is wanted, or out of the sector."""
    child, home = state.occupant[bed], beds.bed_home[bed]
    record.end[state.stay[bed]] = day
    must = state.broke_down[bed] or day >= beds.closed[home]
    state.occupant[bed] = EMPTY
    state.broke_down[bed] = False
    # a fresh gap at each vacancy: without memory, so a bed that a move fills meanwhile owes nothing
    state.vacancies[bed] += 1
    gap = -np.log(draw(rules.gap_key, bed, state.vacancies[bed])) * rules.gap_mean
    state.next_arrival[bed] = day + 1 + int(gap)
    if day - state.birth[child] >= ADULT_DAYS - 1:
        return
    if must or draw(rules.move_key, state.number[child], state.stays[child]) < rules.move_share:
        waiting = state.counts[WAITING]
        state.wait_child[waiting] = child
        state.wait_home[waiting] = home
        state.wait_until[waiting] = day + WAIT_DAYS
        state.counts[WAITING] = waiting + 1


@compiled
def _arrive(day, bed, child, length, beds, state, record):
    """``child`` takes ``bed`` for ``length`` days, at the longest until 18."""
    row = state.counts[STAYS]
    if row >= record.child.size:
        state.counts[SHORT] = 1
        return
    end = min(day + max(length, 1), state.birth[child] + ADULT_DAYS)
    state.occupant[bed] = child
    state.start[bed] = day
    state.end[bed] = end
    state.stay[bed] = row
    state.stays[child] += 1
    record.child[row] = child
    record.home[row] = beds.bed_home[bed]
    record.start[row] = day
    record.end[row] = end
    state.counts[STAYS] = row + 1


@compiled
def _place_waiting(day, beds, pool, rules, state, record):
    """Each waiting child looks at a few beds, in the own authority if it is to stay there."""
    kept = 0
    for place in range(state.counts[WAITING]):
        child, left = state.wait_child[place], state.wait_home[place]
        number = state.number[child]
        low, high = 0, beds.bed_home.size
        if pool.in_area[child]:
            low = beds.authority_first_bed[pool.authority[child]]
            high = beds.authority_first_bed[pool.authority[child] + 1]
        best, score, aim = -1, 1e300, 0.0
        if rules.homophily > 0.0:
            # so that the home that is nearest to the aim stands in the correlation asked for
            chance = draw_normal(rules.match_key, number, day + 40_000)
            aim = rules.homophily * pool.propensity[child] + np.sqrt(1.0 - rules.homophily**2) * chance
        for attempt in range(TRIES):
            where = draw(rules.bed_key, number, 64 * (day + 40_000) + attempt)
            bed = low + int(where * (high - low))
            home = beds.bed_home[bed]
            if (
                state.occupant[bed] != EMPTY
                or home == left
                or not (beds.opened[home] <= day < beds.closed[home])
                or (not pool.in_area[child] and beds.authority[home] == pool.authority[child])
            ):
                continue
            distance = abs(beds.match[home] - aim)
            if distance < score:
                best, score = bed, distance
            if rules.homophily == 0.0:
                break
        if best >= 0 and day < state.birth[child] + ADULT_DAYS:
            point = draw(rules.length_key, number, state.stays[child]) * pool.lengths.size
            length = int(np.ceil(pool.lengths[int(point)]))
            _arrive(day, best, child, length, beds, state, record)
        elif day < state.wait_until[place] and day < state.birth[child] + ADULT_DAYS:
            state.wait_child[kept] = child
            state.wait_home[kept] = left
            state.wait_until[kept] = state.wait_until[place]
            kept += 1
    state.counts[WAITING] = kept
