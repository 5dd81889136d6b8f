"""Peer exposure (H1) and own history, from grids of children by days. Plain arrays. Specification, sections 2 and 3."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from missingmodels.intervals import expand

Grid = np.ndarray


@dataclass(frozen=True, kw_only=True)
class TieSpans:
    """Undirected ties between children ``a`` and ``b`` on days ``[start, end)``, all (N,)."""

    a: np.ndarray
    b: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strength: np.ndarray


def any_onset(onset: Grid, *, first_lag: int, last_lag: int) -> Grid:
    """(C, D) whether an onset falls on day d - last_lag … d - first_lag, both ends included."""
    children, days = onset.shape
    total = np.zeros((children, days + 1), dtype=np.int32)
    np.cumsum(onset, axis=1, out=total[:, 1:])
    day = np.arange(days)
    upto = np.clip(day - first_lag + 1, 0, days)
    since = np.clip(day - last_lag, 0, days)
    return total[:, upto] > total[:, since]


def fading(onset: Grid, *, kernel_days: float) -> Grid:
    """(C, D) sum of exp(-(d - s) / kernel_days) over a child's onset days s before day d, from day 0 on."""
    out = np.zeros(onset.shape)
    step = np.exp(-1 / kernel_days)
    for day in range(1, onset.shape[1]):
        out[:, day] = step * (out[:, day - 1] + onset[:, day - 1])
    return out


@dataclass(frozen=True, kw_only=True)
class Lives:
    """The N child-days on which a child lives in a home, in the order of the flat (C, D) grid.

    ``place`` (N,) in that grid, ``home`` (N,) and ``cell`` (N,) in the flat (H, D) grid.
    """

    place: np.ndarray
    home: np.ndarray
    cell: np.ndarray
    homes: int
    shape: tuple[int, int]

    @classmethod
    def of(cls, residence: Grid, homes: int) -> Lives:
        """Of a (C, D) grid of homes, -1 for none."""
        place = np.flatnonzero(residence.ravel() >= 0)
        home = residence.ravel()[place].astype(np.int64)
        days = residence.shape[1]
        return cls(place=place, home=home, cell=home * days + place % days, homes=homes, shape=residence.shape)

    def taken(self, grid: Grid) -> np.ndarray:
        """(N,) of a (C, D) grid."""
        return grid.ravel()[self.place]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """(H * D,) sums of (N,) over the residents of a home on a day."""
        return np.bincount(self.cell, values, self.homes * self.shape[1])

    def others(self, values: np.ndarray) -> np.ndarray:
        """(N,) sums over the other residents."""
        return np.asarray(self.sums(values)[self.cell] - values)

    def grid(self, values: np.ndarray, elsewhere: float = 0.0) -> Grid:
        """(C, D) of (N,)."""
        out = np.full(self.shape[0] * self.shape[1], elsewhere)
        out[self.place] = values
        return out.reshape(self.shape)


def home_sums(residence: Grid, values: Grid, homes: int) -> Grid:
    """(H, D) sum of a child-day value over the residents of each home."""
    lives = Lives.of(residence, homes)
    return lives.sums(lives.taken(values)).reshape(homes, -1)


def peer_exposures(  # noqa: PLR0913
    residence: Grid,
    onset: Grid,
    *,
    window_days: int,
    occupancy: np.ndarray,
    occupancy_recorded: np.ndarray,
    known_days: Grid,
    ties: TieSpans | None = None,
    kernel_days: float | None = None,
    kernel_known_days: float = 0.0,
    lives: Lives | None = None,
    unseen: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, Grid]:
    """Exposure of every child on every day to the recent onsets of the others in the home.

    ``residence`` (C, D) is -1 where a child is in no home, and there every exposure is 0. ``occupancy`` (H, D) divides
    the density, which is NaN where ``occupancy_recorded`` is False. A peer with fewer than ``window_days`` of record
    counts as unseen, as does any who may live there unrecorded: ``peers_unseen`` is 1 on such days, and the other
    exposures are lower bounds. ``peer_network`` is given only with ``ties``; with ``kernel_days`` (τ) ``peer_kernel``,
    and ``kernel_unseen``, which asks ``kernel_known_days`` of record of every peer. ``lives`` is that of the residence,
    if it is at hand. ``unseen`` states the residents who are not in the data and how many of them are recent, (H, D)
    each: they are then peers like any, in the exposures that count, and occupancy is all residents.
    """
    lives = lives or Lives.of(residence, occupancy.shape[0])
    recent = any_onset(onset, first_lag=1, last_lag=window_days)
    others_recent = lives.others(lives.taken(recent))
    others_visible = lives.others(np.ones(lives.place.size))
    others = occupancy.ravel()[lives.cell] - 1
    recorded = occupancy_recorded.ravel()[lives.cell]
    known = lives.taken(known_days)
    if unseen is not None:
        others = np.where(recorded, others_visible + unseen[0].ravel()[lives.cell], others)
        others_recent = others_recent + unseen[1].ravel()[lives.cell]
        others_visible = np.where(recorded, others, others_visible)

    def any_unseen(least_days: float) -> np.ndarray:
        return (lives.others(known < least_days) > 0) | (others > others_visible) | ~recorded

    out = {
        "peer_presence": others_recent > 0,
        "peer_count": others_recent,
        "peer_density": np.where(recorded, others_recent / np.maximum(others, 1), np.nan),
        "no_peers": (others == 0) & recorded,
        "peers_unseen": any_unseen(window_days),
    }
    if ties is not None:
        out["peer_network"] = lives.taken(_network_exposure(residence, recent & (residence >= 0), ties))
    if kernel_days is not None:
        out["kernel_unseen"] = any_unseen(kernel_known_days)
        out["peer_kernel"] = lives.others(lives.taken(fading(onset, kernel_days=kernel_days)))
    return {name: lives.grid(values) for name, values in out.items()}


def _network_exposure(residence: Grid, recent: Grid, ties: TieSpans) -> Grid:
    """(C, D) share of a child's tie strength that goes to recent peers in the same home; 0 without such ties."""
    children, days = residence.shape
    tie, day = expand(np.maximum(ties.start, 0), np.minimum(ties.end, days))
    a, b, strength = ties.a[tie], ties.b[tie], ties.strength[tie]
    together = (residence[a, day] == residence[b, day]) & (residence[a, day] >= 0)
    a, b, day, strength = a[together], b[together], day[together], strength[together]

    def summed(weights_to_a: np.ndarray, weights_to_b: np.ndarray) -> Grid:
        size = children * days
        total = np.bincount(a * days + day, weights_to_a, size) + np.bincount(b * days + day, weights_to_b, size)
        return total.reshape(children, days)

    reached = summed(strength * recent[b, day], strength * recent[a, day])
    weight = summed(strength, strength)
    return np.divide(reached, weight, out=np.zeros(weight.shape), where=weight > 0)


def own_history(onset: Grid, since_arrival: Grid, known_days: Grid) -> dict[str, Grid]:
    """(C, D) each: own recent onsets, the band of days since arrival (as its index in ``ARRIVAL_BANDS``) and unknown
    history.
    """
    band = np.array([1, 2, 3, 0], dtype=np.int8)[np.digitize(since_arrival, (7, 28, 90))]
    return {
        "own_1_7": any_onset(onset, first_lag=1, last_lag=7).astype(float),
        "own_8_28": any_onset(onset, first_lag=8, last_lag=28).astype(float),
        "arrival_band": band,
        "history_unknown": (known_days < 28).astype(float),
    }


# The settled child is the reference, so that each band's coefficient speaks of the time after arrival.
ARRIVAL_BANDS = ("90+", "0-6", "7-27", "28-89")
