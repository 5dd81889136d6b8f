"""Who lives where: homes, beds filled in turn, children, moves. Plain arrays; day 0 is the first observed day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.intervals import expand
from missingmodels.provenance import stream

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

DAYS_PER_YEAR = 365.25
ADULT_YEARS = 18
WARM_UP_DAYS = 3650  # beds turn over for ten years before day 0, so that day 0 finds a settled sector
MOVE_WITHIN_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Homes (H), stays (N) and children (C); stays and covariates as arrays.

    Attributes
    ----------
    places : (H,) registered places
    stay_child, stay_home, stay_start, stay_end : (N,) stays, sorted by child and start, ``[start, end)``
    birth : (C,) day of birth
    male, exploitation_risk, out_of_area, emergency, first_in_care : (C,) 0 or 1
    need_score : (C,) standard normal
    residence : (C, D) home of each child on each observed day, -1 for none
    """

    places: np.ndarray
    private: np.ndarray
    stay_child: np.ndarray
    stay_home: np.ndarray
    stay_start: np.ndarray
    stay_end: np.ndarray
    birth: np.ndarray
    male: np.ndarray
    need_score: np.ndarray
    exploitation_risk: np.ndarray
    out_of_area: np.ndarray
    emergency: np.ndarray
    first_in_care: np.ndarray
    residence: np.ndarray


def draw_roster(scenario: Scenario, seed: int) -> Roster:
    """Homes, children and stays of a sector."""
    rng = stream(seed, "homes")
    shares = np.array(scenario.homes.place_shares)
    places = 1 + rng.choice(shares.size, size=scenario.homes.count, p=shares / shares.sum())
    private = rng.random(places.size) < scenario.homes.private_share
    home, start, end, birth = _fill_beds(scenario, places, seed)
    child = _move_children(scenario, home, start, end, birth, seed)
    keep = end > 0
    label, child = np.unique(child[keep], return_inverse=True)
    home, start, end, birth = home[keep], start[keep], end[keep], birth[label]
    order = np.lexsort((start, child))
    child, home, start, end = child[order], home[order], start[order], end[order]
    return Roster(
        places=places,
        private=private,
        stay_child=child,
        stay_home=home,
        stay_start=start,
        stay_end=end,
        birth=birth,
        residence=residence_grid(child, home, start, end, children=label.size, days=scenario.days),
        **_covariates(scenario, label.size, seed),
    )


def residence_grid(
    child: np.ndarray, home: np.ndarray, start: np.ndarray, end: np.ndarray, *, children: int, days: int
) -> np.ndarray:
    """(C, D) home of each child on each day in ``[0, days)``, -1 where the child is in none."""
    grid = np.full((children, days), -1, dtype=np.int32)
    stay, day = expand(np.maximum(start, 0), np.minimum(end, days))
    grid[child[stay], day] = home[stay]
    return grid


def _fill_beds(scenario: Scenario, places: np.ndarray, seed: int) -> tuple[np.ndarray, ...]:
    """Stays of every bed one after the other: home, start, end, and the birth day of each stay's child."""
    rng = stream(seed, "stays")
    bed_home = np.repeat(np.arange(places.size), places)
    occupancy = scenario.homes.occupancy
    age, stay = _draw_stays(scenario, rng, 4000)
    gap_mean = float(stay.mean()) * (1 - occupancy) / occupancy
    clock = -WARM_UP_DAYS + rng.uniform(0, stay.mean() + gap_mean, bed_home.size)
    found: list[tuple[np.ndarray, ...]] = []
    open_beds = np.arange(bed_home.size)
    while open_beds.size:
        age, stay = _draw_stays(scenario, rng, open_beds.size)
        start = np.floor(clock[open_beds]).astype(np.int64)
        end = start + np.maximum(np.ceil(stay).astype(np.int64), 1)
        found.append((bed_home[open_beds], start, end, start - np.floor(age * DAYS_PER_YEAR).astype(np.int64)))
        clock[open_beds] = end + rng.exponential(gap_mean, open_beds.size)
        open_beds = open_beds[clock[open_beds] < scenario.days]
    home, start, end, birth = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return home, start, np.minimum(end, eighteenth_birthday(scenario, birth)), birth


def eighteenth_birthday(scenario: Scenario, birth: np.ndarray) -> np.ndarray:
    """Day of the 18th birthday by the calendar; 29 February becomes 1 March."""
    first = np.datetime64(scenario.start_date, "D")
    born = first + birth.astype("timedelta64[D]")
    month = born.astype("datetime64[M]")
    adult = (month + np.timedelta64(12 * ADULT_YEARS, "M")).astype("datetime64[D]") + (born - month)
    return (adult - first).astype(np.int64)


def _draw_stays(scenario: Scenario, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Age at entry in years and length of stay in days; a stay ends at the latest on the 18th birthday."""
    spec = scenario.children
    age = np.clip(rng.normal(spec.age_at_entry_mean_years, spec.age_at_entry_sd_years, size), 6.0, 17.7)
    sigma = np.sqrt(2 * np.log(spec.stay_mean_days / spec.stay_median_days))
    stay = spec.stay_median_days * np.exp(sigma * rng.standard_normal(size))
    return age, np.minimum(stay, (ADULT_YEARS - age) * DAYS_PER_YEAR)


def _move_children(
    scenario: Scenario, home: np.ndarray, start: np.ndarray, end: np.ndarray, birth: np.ndarray, seed: int
) -> np.ndarray:
    """The child of every stay. A stay that another follows within days may hand its child on; ``end`` is cut at 18.

    Returns labels such that the smallest stay index of a child is its label, so ``birth[label]`` is the child's.
    """
    rng = stream(seed, "moves")
    wants = rng.random(home.size) < scenario.children.move_share
    child = np.arange(home.size)
    taken = np.zeros(home.size, dtype=bool)
    by_start = np.argsort(start, kind="stable")
    starts = start[by_start]
    adults = eighteenth_birthday(scenario, birth)
    for stay in np.argsort(end, kind="stable"):
        day = end[stay]
        if not wants[stay] or day >= scenario.days or day <= -MOVE_WITHIN_DAYS:
            continue
        first, last = np.searchsorted(starts, [day, day + MOVE_WITHIN_DAYS])
        for candidate in by_start[first:last]:
            adult = adults[child[stay]]
            if taken[candidate] or home[candidate] == home[stay] or start[candidate] >= adult:
                continue
            taken[candidate] = True
            child[candidate] = child[stay]
            end[candidate] = min(end[candidate], adult)
            break
    return child


def _covariates(scenario: Scenario, children: int, seed: int) -> dict[str, np.ndarray]:
    spec = scenario.children

    def share(name: str, probability: float) -> np.ndarray:
        return (stream(seed, "children", name).random(children) < probability).astype(np.int64)

    return {
        "male": share("male", spec.male_share),
        "exploitation_risk": share("exploitation_risk", spec.exploitation_risk_share),
        "out_of_area": share("out_of_area", spec.out_of_area_share),
        "emergency": share("emergency", spec.emergency_share),
        "first_in_care": share("first_in_care", spec.first_in_care_share),
        "need_score": stream(seed, "children", "need_score").standard_normal(children),
    }
