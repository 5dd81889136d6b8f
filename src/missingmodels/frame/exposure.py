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


def home_sums(residence: Grid, values: Grid, homes: int) -> Grid:
    """(H, D) sum of a child-day value over the residents of each home."""
    days = residence.shape[1]
    child, day = np.nonzero(residence >= 0)
    cell = residence[child, day].astype(np.int64) * days + day
    return np.bincount(cell, values[child, day].astype(float), homes * days).reshape(homes, days)


def peer_exposures(
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
    unseen: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, Grid]:
    """Exposure of every child on every day to the recent onsets of the others in the home.

    ``residence`` (C, D) is -1 where a child is in no home, and there every exposure is 0. ``occupancy`` (H, D) divides
    the density, which is NaN where ``occupancy_recorded`` is False. A peer with fewer than ``window_days`` of record
    counts as unseen, as does any who may live there unrecorded: ``peers_unseen`` is 1 on such days, and the other
    exposures are lower bounds. ``peer_network`` is given only with ``ties``; with ``kernel_days`` (τ) ``peer_kernel``,
    and ``kernel_unseen``, which asks ``kernel_known_days`` of record of every peer. ``unseen`` states the residents who
    are not in the data and how many of them are recent, (H, D) each: they are then peers like any, in the exposures
    that count, and occupancy is all residents.
    """
    homes, days = occupancy.shape
    lives, column = residence >= 0, np.arange(days)[None, :]
    recent = any_onset(onset, first_lag=1, last_lag=window_days) & lives
    others_recent = home_sums(residence, recent, homes)[residence, column] - recent
    others_visible = home_sums(residence, lives, homes)[residence, column] - 1
    others = occupancy[residence, column] - 1
    recorded = occupancy_recorded[residence, column]
    if unseen is not None:
        others = np.where(recorded, others_visible + unseen[0][residence, column], others)
        others_recent = others_recent + unseen[1][residence, column]
        others_visible = np.where(recorded, others, others_visible)

    def any_unseen(least_days: float) -> Grid:
        unknown = (known_days < least_days) & lives
        others_unknown = home_sums(residence, unknown, homes)[residence, column] - unknown
        return (others_unknown > 0) | (others > others_visible) | ~recorded

    out = {
        "peer_presence": others_recent > 0,
        "peer_count": others_recent,
        "peer_density": np.where(recorded, others_recent / np.maximum(others, 1), np.nan),
        "no_peers": (others == 0) & recorded,
        "peers_unseen": any_unseen(window_days),
    }
    if ties is not None:
        out["peer_network"] = network_exposure(residence, recent, ties)
    if kernel_days is not None:
        faded = fading(onset, kernel_days=kernel_days) * lives
        out["kernel_unseen"] = any_unseen(kernel_known_days)
        out["peer_kernel"] = home_sums(residence, faded, homes)[residence, column] - faded
    return {name: np.where(lives, values, 0).astype(float) for name, values in out.items()}


def network_exposure(residence: Grid, recent: Grid, ties: TieSpans) -> Grid:
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
    """Own recent onsets, the band of days since arrival (as its index in ``ARRIVAL_BANDS``) and unknown history."""
    band = np.select([since_arrival < 7, since_arrival < 28, since_arrival < 90], [1, 2, 3], default=0)
    return {
        "own_1_7": any_onset(onset, first_lag=1, last_lag=7).astype(float),
        "own_8_28": any_onset(onset, first_lag=8, last_lag=28).astype(float),
        "arrival_band": band,
        "history_unknown": (known_days < 28).astype(float),
    }


# The settled child is the reference, so that each band's coefficient speaks of the time after arrival.
ARRIVAL_BANDS = ("90+", "0-6", "7-27", "28-89")
