"""Children who may enter: for each bed a row of newcomers, of whom the flow of children takes as many as it needs.

Everything about a newcomer is keyed by bed and place in the row, so one home's affairs never change another's
children.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import gammaincinv, ndtr, ndtri

from missingmodels.simulate.chance import exponential, key_of, normal, uniform
from missingmodels.simulate.homes import DAYS_PER_YEAR, Sector

if TYPE_CHECKING:
    from missingmodels.scenario import Children, Scenario

ELSEWHERE = -1  # an authority outside a sector of one
ROW_LIMIT = 4096
ADULT_DAYS = 6574  # 18 years hold 6,574 days at least
YOUNGEST_YEARS, OLDEST_YEARS = 6.0, 17.9
BAND_EDGES_DAYS = np.array([1, 8, 31, 92, 183, 366, 731, 1827, 3000], dtype=float)


class Pool(NamedTuple):
    """N = B * K newcomers, K for each bed, and the beds' first occupants.

    ``number`` (N,) keys a child's chance, the same however long the rows are; ``need`` and ``propensity`` (N,) standard
    normal; ``first_length`` and ``age`` (N,) in days: first stay, and age on arrival; ``in_area`` and ``authority``
    (N,); ``first_gap`` (B,) days until a bed that is empty at first is taken; ``lengths`` (L,) quantiles of stay;
    ``filled`` and ``elapsed`` (B,): whether the bed is filled at first, and for how long by then.
    """

    number: np.ndarray
    need: np.ndarray
    first_length: np.ndarray
    age: np.ndarray
    first_gap: np.ndarray
    in_area: np.ndarray
    authority: np.ndarray
    propensity: np.ndarray
    lengths: np.ndarray
    filled: np.ndarray
    elapsed: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What stays with a child, for C children."""

    male: np.ndarray
    uasc: np.ndarray
    exploitation_risk: np.ndarray
    not_in_education: np.ndarray
    prior_missing: np.ndarray
    family_pull: np.ndarray
    emergency: np.ndarray
    first_in_care: np.ndarray
    need_score: np.ndarray
    frailty: np.ndarray


def _length_quantiles(spec: Children, points: int = 1024) -> np.ndarray:
    """(points,) days of stay at evenly spaced probabilities: log-uniform within the published bands."""
    shares = np.array(spec.stay_band_shares)
    edges = np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    log_days = np.interp((np.arange(points) + 0.5) / points, edges, np.log(BAND_EDGES_DAYS))
    return spec.stay_scale * np.exp(log_days)


def draw_pool(scenario: Scenario, sector: Sector, in_a_row: int, seed: int) -> Pool:
    """``in_a_row`` newcomers for every bed."""
    spec, homes = scenario.children, scenario.homes
    bed = np.repeat(np.arange(sector.bed_home.size), in_a_row)
    turn = np.tile(np.arange(in_a_row), sector.bed_home.size)
    home = sector.bed_home[bed]

    def chance(name: str) -> np.ndarray:
        return uniform(key_of(seed, "children", name), bed, turn)

    lengths = _length_quantiles(spec)
    length = lengths[(chance("length of stay") * lengths.size).astype(np.int64)]
    met = _already_there(scenario, sector, seed)
    length[turn == 0] = np.where(met.filled, met.length, length[turn == 0])
    age = _age_days(scenario.children, chance("age"), length)
    age[turn == 0] = np.where(met.filled, met.age, age[turn == 0])
    first_gap = exponential(key_of(seed, "children", "gap"), np.arange(sector.bed_home.size))
    in_area = chance("area") >= spec.out_of_area_share
    own = sector.authority[home]
    others = homes.authorities - 1
    other = (own + 1 + np.floor(chance("authority") * others).astype(np.int64)) % max(homes.authorities, 1)
    return Pool(
        number=ROW_LIMIT * bed + turn,
        need=normal(key_of(seed, "children", "need_score"), bed, turn),
        first_length=np.maximum(np.ceil(length), 1).astype(np.int64),
        age=age,
        first_gap=1 + np.floor(first_gap * empty_days(scenario)).astype(np.int64),
        in_area=in_area,
        authority=np.where(in_area, own, other if others else ELSEWHERE),
        propensity=_propensity(scenario, sector.match[home], normal(key_of(seed, "children", "propensity"), bed, turn)),
        lengths=lengths,
        filled=met.filled,
        elapsed=np.floor(met.elapsed * met.length).astype(np.int64) * met.filled,
    )


class _Met(NamedTuple):
    """First occupants of the beds (B,): whether there is one, length of the stay and age at its start in days, and the
    part of it gone by.
    """

    filled: np.ndarray
    length: np.ndarray
    age: np.ndarray
    elapsed: np.ndarray


def _already_there(scenario: Scenario, sector: Sector, seed: int) -> _Met:
    """A settled sector: of all stays, first or later ones, long ones are met more often, on any of their days."""
    bed = np.arange(sector.bed_home.size)
    _, length, age = _careers(scenario.children)
    weight = np.cumsum(length) / length.sum()
    met = np.minimum(np.searchsorted(weight, uniform(key_of(seed, "children", "stay met"), bed)), length.size - 1)
    return _Met(
        filled=uniform(key_of(seed, "children", "filled"), bed) < scenario.homes.occupancy,
        length=length[met],
        age=np.floor(age[met]).astype(np.int64),
        elapsed=uniform(key_of(seed, "children", "elapsed"), bed),
    )


def empty_days(scenario: Scenario) -> float:
    """Mean days until a newcomer takes an empty bed, so that the sector holds its occupancy.

    Moves do not change how many are in the sector; with E empty beds N / T children leave it a day and E / g arrive.
    """
    total, _, _ = _careers(scenario.children)
    return total * (1 - scenario.homes.occupancy) / scenario.homes.occupancy


@lru_cache(maxsize=64)
def _careers(spec: Children) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean days that a child is in the sector; and every stay of many children: days, and age in days at its start.

    The same numbers for every seed: a property of the settings.
    """
    lengths, people = _length_quantiles(spec), np.arange(4096)

    def draw_length(turn: int) -> np.ndarray:
        chance = uniform(key_of(0, "careers", "length"), people, turn)
        return lengths[(chance * lengths.size).astype(np.int64)]

    length = draw_length(0)
    age = _age_days(spec, uniform(key_of(0, "careers", "age"), people), length).astype(float)
    found, turn = [], 0
    while people.size:
        length = np.minimum(np.ceil(length), ADULT_DAYS - age)
        found.append((length, age))
        moves = uniform(key_of(0, "careers", "moves"), people, turn) < spec.move_share
        kept = moves & (age + length < ADULT_DAYS - 1)
        people, age, turn = people[kept], (age + length)[kept], turn + 1
        length = draw_length(turn)
    stay, started = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return float(stay.sum() / 4096), stay, started


def _age_days(spec: Children, chance: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Age on arrival: normal, and young enough that the first stay ends before 18."""
    mean, sd = spec.age_at_entry_mean_years, spec.age_at_entry_sd_years
    most = np.clip((ADULT_DAYS - length) / DAYS_PER_YEAR, YOUNGEST_YEARS + 0.5, OLDEST_YEARS)
    low, high = ndtr((YOUNGEST_YEARS - mean) / sd), ndtr((most - mean) / sd)
    years = mean + sd * ndtri(low + chance * (high - low))
    return np.floor(years * DAYS_PER_YEAR).astype(np.int64)


def _propensity(scenario: Scenario, match: np.ndarray, own: np.ndarray) -> np.ndarray:
    """A child's standing among children, correlated with that of the home by the dial of homophily."""
    tie = scenario.dials.homophily
    return tie * match + np.sqrt(1 - tie**2) * own if tie else own


def draw_traits(scenario: Scenario, pool: Pool, child: np.ndarray, in_a_row: int, seed: int) -> Traits:
    """Traits of the children that are used; ``child`` indexes the pool."""
    spec = scenario.children
    bed, turn = child // in_a_row, child % in_a_row

    def flag(name: str, probability: float | np.ndarray) -> np.ndarray:
        return (uniform(key_of(seed, "children", name), bed, turn) < probability).astype(np.int64)

    return Traits(
        male=flag("male", spec.male_share),
        uasc=flag("uasc", spec.uasc_share),
        exploitation_risk=flag("exploitation_risk", spec.exploitation_risk_share),
        not_in_education=flag("education", spec.not_in_education_share),
        prior_missing=flag("prior_missing", spec.prior_missing_share),
        family_pull=flag("family_pull", spec.family_pull_share),
        emergency=flag("emergency", spec.emergency_share),
        first_in_care=flag("first_in_care", spec.first_in_care_share),
        need_score=pool.need[child],
        frailty=_frailty(scenario, ndtr(pool.propensity[child])),
    )


def _frailty(scenario: Scenario, rank: np.ndarray) -> np.ndarray:
    """Multipliers of mean 1 by rank in (0, 1): a low-risk class at the bottom, and a gamma or log-normal above it."""
    shape, sd, low = scenario.onset.frailty_shape, scenario.onset.frailty_sd_log, scenario.onset.low_risk_share

    def drawn(rank: np.ndarray) -> np.ndarray:
        return np.exp(sd * ndtri(rank) - sd**2 / 2) if sd else gammaincinv(shape, rank) / shape

    if low == 0:
        return drawn(rank)
    ratio = scenario.onset.low_risk_ratio
    above = drawn(np.clip((rank - low) / (1 - low), 1e-300, 1))
    return np.where(rank < low, ratio, above) / (low * ratio + 1 - low)
