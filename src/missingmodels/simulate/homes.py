"""Homes of a sector: size, sector, owner, authority, opening and closing. Plain arrays, homes in order of authority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from missingmodels.provenance import stream
from missingmodels.simulate.chance import exponential, key_of, normal, uniform

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

DAYS_PER_YEAR = 365.25
LONG_AGO = -20_000
NEVER = 1_000_000
TYPES = ("childrens_home", "special_school", "secure")
SECTORS = ("private", "local_authority", "voluntary", "health")


@dataclass(frozen=True, kw_only=True)
class Sector:
    """H homes and their B beds.

    Attributes
    ----------
    type_of_home : (H,) index into ``TYPES``
    places, kind, owner, authority, area : (H,) places, index into ``SECTORS``, and index of owner, authority, area
    opened, closed : (H,) first day and day after the last; ``LONG_AGO`` and ``NEVER`` where it does not matter
    match : (H,) standard normal, the propensity that children matched by homophily share
    restrictiveness, warmth, community : (H,) standard normal
    protocol : (H,) 0 or 1, shares children's profiles by a protocol
    home_effect, authority_effect, owner_effect : (H,) log rate
    bed_home, first_bed, authority_first_bed : (B,), (H + 1,), (A + 1,)
    """

    places: np.ndarray
    kind: np.ndarray
    type_of_home: np.ndarray
    owner: np.ndarray
    authority: np.ndarray
    area: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    match: np.ndarray
    restrictiveness: np.ndarray
    warmth: np.ndarray
    community: np.ndarray
    protocol: np.ndarray
    home_effect: np.ndarray
    authority_effect: np.ndarray
    owner_effect: np.ndarray
    bed_home: np.ndarray
    first_bed: np.ndarray
    authority_first_bed: np.ndarray


def draw_sector(scenario: Scenario, seed: int) -> Sector:
    """The homes of a scenario."""
    spec, dials = scenario.homes, scenario.dials
    authority = _authorities(scenario, seed)
    home = np.arange(authority.size)
    opened, closed = _open_days(scenario, authority.size, seed)
    kind, places = _sizes(scenario, home, seed)
    owner = _owners(scenario, kind, authority, seed)
    area = home // spec.homes_per_area
    first_bed = np.concatenate([[0], np.cumsum(places)])

    def standard(name: str, index: np.ndarray = home) -> np.ndarray:
        return normal(key_of(seed, "homes", name), index)

    return Sector(
        places=places,
        kind=kind,
        type_of_home=_types(scenario, home, seed),
        owner=owner,
        authority=authority,
        area=area,
        opened=opened,
        closed=closed,
        match=standard("match"),
        restrictiveness=standard("restrictiveness"),
        warmth=standard("warmth"),
        community=standard("community", area),
        protocol=(uniform(key_of(seed, "homes", "protocol"), home) < scenario.away.protocol_share).astype(np.int64),
        home_effect=scenario.onset.home_sd * standard("effect"),
        authority_effect=dials.authority_sd * standard("authority effect", authority),
        owner_effect=dials.owner_sd * standard("owner effect", owner),
        bed_home=np.repeat(home, places),
        first_bed=first_bed,
        authority_first_bed=first_bed[np.searchsorted(authority, np.arange(spec.authorities + 1))],
    )


def _authorities(scenario: Scenario, seed: int) -> np.ndarray:
    """(H,) authority of each home, in order; authorities differ in size, and each has a home."""
    spec = scenario.homes
    openings = scenario.days * spec.openings_per_year / DAYS_PER_YEAR
    homes = spec.count + int(np.floor(spec.count * openings + uniform(key_of(seed, "homes", "openings"), 0)))
    weight = exponential(key_of(seed, "homes", "authority size"), np.arange(spec.authorities)) + 0.2
    shares = np.cumsum(weight) / weight.sum()
    spread = np.searchsorted(shares, (np.arange(homes - spec.authorities) + 0.5) / max(homes - spec.authorities, 1))
    return np.sort(np.concatenate([np.arange(spec.authorities), spread]))


def _open_days(scenario: Scenario, homes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """First day and day after the last of each home; those beyond ``count`` open in the observed span."""
    spec, home = scenario.homes, np.arange(homes)
    late = np.argsort(uniform(key_of(seed, "homes", "which open late"), home)) < homes - spec.count
    within = np.floor(uniform(key_of(seed, "homes", "opened"), home) * scenario.days).astype(np.int64)
    if spec.openings_per_year == 0:
        opened = np.full(homes, LONG_AGO)
    else:  # a sector that grows at a constant rate holds homes of exponential age
        age = exponential(key_of(seed, "homes", "age"), home) * DAYS_PER_YEAR / spec.openings_per_year
        opened = np.where(late, within, -np.floor(age).astype(np.int64) - 1)
    closed = np.full(homes, NEVER)
    if spec.closures_per_year:
        life = exponential(key_of(seed, "homes", "closing"), home) * DAYS_PER_YEAR / spec.closures_per_year
        closed = np.maximum(opened, 0) + 1 + np.floor(life).astype(np.int64)
    return opened, np.where(closed < scenario.days, closed, NEVER)


def _sizes(scenario: Scenario, home: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sector and places of each home; the sizes of a sector are the published ones tilted to its own mean."""
    spec = scenario.homes
    shares = np.array(spec.sector_shares)
    kind = np.searchsorted(np.cumsum(shares / shares.sum())[:-1], uniform(key_of(seed, "homes", "sector"), home))
    size = 1 + np.arange(len(spec.place_shares))
    base = np.array(spec.place_shares) / np.sum(spec.place_shares)
    chance = uniform(key_of(seed, "homes", "places"), home)
    places = np.ones(home.size, dtype=np.int64)
    overall = float(shares @ spec.sector_mean_places / shares.sum())
    for sector, mean in enumerate(spec.sector_mean_places):
        # means relative to the mean of all, so that the shares of sizes as a whole stay as stated
        tilted = _tilted(base, size, float(base @ size) * mean / overall)
        held = kind == sector
        places[held] = 1 + np.searchsorted(np.cumsum(tilted)[:-1], chance[held])
    return kind.astype(np.int64), places


def _types(scenario: Scenario, home: np.ndarray, seed: int) -> np.ndarray:
    shares = np.cumsum(scenario.homes.type_shares) / np.sum(scenario.homes.type_shares)
    return np.searchsorted(shares[:-1], uniform(key_of(seed, "homes", "type"), home))


def _tilted(base: np.ndarray, size: np.ndarray, mean: float) -> np.ndarray:
    """The distribution nearest to ``base`` (exponential tilting) with that mean, as near as its range allows."""
    if np.count_nonzero(base) < 2:
        return base

    def at(tilt: float) -> np.ndarray:
        weight = base * np.exp(tilt * (size - size.mean()))
        return weight / weight.sum()

    inside = np.clip(mean, at(-3.0) @ size, at(3.0) @ size)
    return at(brentq(lambda tilt: float(at(tilt) @ size - inside), -3.0, 3.0))


def _owners(scenario: Scenario, kind: np.ndarray, authority: np.ndarray, seed: int) -> np.ndarray:
    """Owner of each home: an authority owns its own; others gather under owners by a Pitman–Yor process."""
    rng = stream(seed, "owners")
    discount, strength = scenario.homes.owner_discount, scenario.homes.owner_strength
    owner = authority.copy()
    sizes: list[int] = []
    held: list[int] = []  # the owner of each home so far: picking one of these picks an owner in proportion to size
    for position in rng.permutation(np.flatnonzero(kind != SECTORS.index("local_authority"))):
        new = rng.random() * (len(held) + strength) < strength + discount * len(sizes)
        if new or not held:
            chosen = len(sizes)
            sizes.append(0)
        else:
            chosen = held[int(rng.random() * len(held))]
            while rng.random() * sizes[chosen] < discount:
                chosen = held[int(rng.random() * len(held))]
        sizes[chosen] += 1
        held.append(chosen)
        owner[position] = scenario.homes.authorities + chosen
    return owner
