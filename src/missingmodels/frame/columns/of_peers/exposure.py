"""Peer exposure (H1) and own history, from grids of children by days. Plain arrays. Specification, sections 2 and 3."""

from __future__ import annotations

import numpy as np

from missingmodels.frame.columns.lives import Grid, PeerGrids, any_onset
from missingmodels.frame.columns.of_peers.unwitnessed import unwitnessed_exposures
from missingmodels.frame.columns.of_peers.witnessed import witnessed_exposures


def peer_exposures(given: PeerGrids, *, witnessed: bool) -> dict[str, Grid]:
    """(C, D) exposures of every child on every day to the recent onsets of others, 0 where a child is in no home.

    ``witnessed`` tells by which of the two definitions. ``peers_unseen`` is 1 where an onset may be lacking that would
    count, and the others are then lower bounds; density is NaN where the occupancy that it divides by is unrecorded.
    ``peer_network`` is given only with ties, ``peer_kernel`` and ``kernel_unseen`` only with ``kernel_days``.
    """
    found = witnessed_exposures(given) if witnessed else unwitnessed_exposures(given)
    found["peer_presence"] = found["peer_count"] > 0
    return {name: given.lives.grid(values) for name, values in found.items()}


def own_history(onset: Grid, since_arrival: Grid, known_days: Grid) -> dict[str, Grid]:
    """(C, D) each: own recent onsets, the band of days since arrival (as its index in ``ARRIVAL_BANDS``) and unknown
    history.
    """
    return {
        "own_1_7": any_onset(onset, first_lag=1, last_lag=7).astype(float),
        "own_8_28": any_onset(onset, first_lag=8, last_lag=28).astype(float),
        "arrival_band": arrival_bands(since_arrival),
        "history_unknown": (known_days < 28).astype(float),
    }


def arrival_bands(since_arrival: np.ndarray) -> np.ndarray:
    """(N,) the band of days since arrival, as its index in ``ARRIVAL_BANDS``."""
    return np.array([1, 2, 3, 0], dtype=np.int8)[np.digitize(since_arrival, (7, 28, 90))]


# The settled child is the reference, so that each band's coefficient speaks of the time after arrival.
ARRIVAL_BANDS = ("90+", "0-6", "7-27", "28-89")
