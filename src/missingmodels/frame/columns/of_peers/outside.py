"""Exposure along ties beyond the home, from grids of children by days. Plain arrays. Specification, section 3."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from missingmodels.frame.columns.lives import Grid, TieSpans, any_onset
from missingmodels.frame.columns.of_peers.witnessed import Witnessed
from missingmodels.intervals import count, expand

TIE_DAYS_AT_ONCE = 2_000_000  # about 100 MB: a sector's ties unfold to far more days than its children live


def outside_exposures(
    residence: Grid,
    onset: Grid,
    *,
    window_days: int,
    known_days: Grid,
    ties: TieSpans,
    witnessed: Witnessed | None = None,
) -> dict[str, Grid]:
    """Exposure of every child on every day to the recent onsets of tied children who live in another home that day.

    Where a tie lives is told by residence, not by its kind: co-residents are no outside peers, and neither is a child
    who lives in no home. Ties of several kinds between two children add up in ``outside_network`` and are one peer to
    the others. ``outside_density`` divides by the tied peers; without any, all are 0 and ``no_outside_ties`` is 1. A
    tied peer with fewer than ``window_days`` of record is unseen: ``outside_unseen`` is 1, and the others are lower
    bounds. Each (C, D), 0 where a child is in no home.
    """
    shape, lives = residence.shape, residence >= 0
    size = residence.size
    recent = any_onset(onset, first_lag=1, last_lag=window_days)
    unseen = known_days < window_days
    names = ("reached", "weight", "recent", "tied", "unseen")
    total = {name: np.zeros(size) for name in names}
    for a, b, day, strength in _tie_days(residence, ties):
        of_b, of_a = recent[b, day], recent[a, day]
        if witnessed is not None:
            of_b = of_b & ~witnessed.counts(a, b, day, window_days)
            of_a = of_a & ~witnessed.counts(b, a, day, window_days)
        total["reached"] += _to_both(a, b, day, strength * of_b, strength * of_a, shape)
        total["weight"] += _to_both(a, b, day, strength, strength, shape)
        # one peer however many kinds of tie: both ends' cells together are the pair on the day
        first = np.unique((a * shape[0] + b) * shape[1] + day, return_index=True)[1]
        a, b, day = a[first], b[first], day[first]
        total["recent"] += _to_both(a, b, day, of_b[first], of_a[first], shape)
        total["tied"] += _to_both(a, b, day, np.ones(a.size), np.ones(a.size), shape)
        total["unseen"] += _to_both(a, b, day, unseen[b, day], unseen[a, day], shape)
    out = {
        "outside_presence": total["recent"] > 0,
        "outside_count": total["recent"],
        "outside_density": total["recent"] / np.maximum(total["tied"], 1),
        "outside_network": np.divide(total["reached"], total["weight"], out=np.zeros(size), where=total["weight"] > 0),
        "no_outside_ties": total["tied"] == 0,
        "outside_unseen": total["unseen"] > 0,
    }
    return {name: np.where(lives, values.reshape(shape), 0).astype(float) for name, values in out.items()}


def _to_both(
    a: np.ndarray, b: np.ndarray, day: np.ndarray, to_a: np.ndarray, to_b: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """(C * D,) sums of what each tie-day brings to either end."""
    size = shape[0] * shape[1]
    return np.bincount(a * shape[1] + day, to_a, size) + np.bincount(b * shape[1] + day, to_b, size)


def _tie_days(residence: Grid, ties: TieSpans) -> Iterator[tuple[np.ndarray, ...]]:
    """Days on which the two of a tie (a < b) live in different homes, some pairs at a time, never parting a pair."""
    low, high = np.minimum(ties.a, ties.b), np.maximum(ties.a, ties.b)
    order = np.lexsort((high, low))
    low, high, strength = low[order], high[order], ties.strength[order]
    start, end = np.maximum(ties.start[order], 0), np.minimum(ties.end[order], residence.shape[1])
    pair = np.cumsum(np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))) - 1 if low.size else low
    days_of_pair = np.bincount(pair, count(start, end))
    part = (np.cumsum(days_of_pair) - days_of_pair) // TIE_DAYS_AT_ONCE
    edges = np.flatnonzero(np.diff(part[pair])) + 1
    for rows in np.split(np.arange(low.size), edges):
        tie, day = expand(start[rows], end[rows])
        tie = rows[tie]
        here, there = residence[low[tie], day], residence[high[tie], day]
        apart = (here >= 0) & (there >= 0) & (here != there)
        tie, day = tie[apart], day[apart]
        yield low[tie].astype(np.int64), high[tie].astype(np.int64), day, strength[tie]
