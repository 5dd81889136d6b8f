"""Ties between children who live together: one strength for each pair and each span of shared residence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from missingmodels.provenance import stream
from missingmodels.simulate.roster import Roster


@dataclass(frozen=True, kw_only=True)
class Ties:
    """Undirected ties: children ``a`` < ``b``, span ``[start, end)``, strength > 0. All of one length."""

    a: np.ndarray
    b: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strength: np.ndarray


def draw_ties(roster: Roster, seed: int) -> Ties:
    """A log-normal strength (median 1) for every pair that shares a home, for as long as they do."""
    first, second = _pairs_in_same_home(roster)
    start = np.maximum(np.maximum(roster.stay_start[first], roster.stay_start[second]), 0)
    end = np.minimum(roster.stay_end[first], roster.stay_end[second])
    a, b = roster.stay_child[first], roster.stay_child[second]
    keep = (end > start) & (a != b) & (start < roster.residence.shape[1])
    a, b, start, end = np.minimum(a, b)[keep], np.maximum(a, b)[keep], start[keep], end[keep]
    order = np.lexsort((start, b, a))
    strength = np.round(np.exp(0.5 * stream(seed, "ties").standard_normal(a.size)), 4)
    return Ties(a=a[order], b=b[order], start=start[order], end=end[order], strength=strength)


def _pairs_in_same_home(roster: Roster) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs of stays in the same home, each pair once."""
    order = np.argsort(roster.stay_home, kind="stable")
    sizes = np.bincount(roster.stay_home, minlength=roster.places.size)
    starts = np.cumsum(sizes) - sizes
    firsts, seconds = [], []
    for begin, size in zip(starts, sizes, strict=True):
        i, j = np.triu_indices(size, 1)
        firsts.append(order[begin + i])
        seconds.append(order[begin + j])
    return np.concatenate(firsts), np.concatenate(seconds)
