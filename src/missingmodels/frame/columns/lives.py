"""Grids of children by days, the child-days lived in homes, and sums over a home's residents. Plain arrays."""

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


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Residents of each home who are not in the data, and the recent ones among them.

    Attributes
    ----------
    residents, recent : (H, D) how many live there, and how many of those had an onset in the window before
    count : (H, D, w) how many had an onset there on the last 1, 2, … w days, whether or not they live there still
    share : (H, D, w) sum of 1 / (residents - 1) over those, each by the day of its latest such onset
    """

    residents: np.ndarray
    recent: np.ndarray
    count: np.ndarray
    share: np.ndarray


@dataclass(frozen=True, kw_only=True)
class PeerGrids:
    """What exposures to peers are made of.

    Attributes
    ----------
    residence : (C, D) home of each child, -1 for none
    onset : (C, D)
    window_days : how long an onset counts
    first_day : from how many days after its own
    occupancy, occupancy_recorded : (H, D) residents, and whether they are recorded; else the visible ones stand there
    known_days : (C, D) days of the child's own record before the day
    lives : of the residence
    ties : for exposures along ties
    kernel_days, kernel_known_days : τ of the kernel, and how many days of record it asks of each peer
    unseen : residents who are not in the data; they are then peers like any, and occupancy is all residents
    """

    residence: Grid
    onset: Grid
    window_days: int
    occupancy: np.ndarray
    occupancy_recorded: np.ndarray
    known_days: Grid
    lives: Lives
    first_day: int = 1
    ties: TieSpans | None = None
    kernel_days: float | None = None
    kernel_known_days: float = 0.0
    unseen: Unseen | None = None


def tie_days(residence: Grid, ties: TieSpans) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Children a and b, day and strength of every day on which the two of a tie live in one home, (M,) each."""
    tie, day = expand(np.maximum(ties.start, 0), np.minimum(ties.end, residence.shape[1]))
    a, b = ties.a[tie], ties.b[tie]
    together = (residence[a, day] == residence[b, day]) & (residence[a, day] >= 0)
    return a[together], b[together], day[together], ties.strength[tie][together]
