"""Peer exposure by whoever lives there today, wherever they were when they left. Specification, section 3."""

from __future__ import annotations

import numpy as np

from missingmodels.frame.columns.lives import Grid, PeerGrids, TieSpans, any_onset, fading, tie_days


def unwitnessed_exposures(given: PeerGrids) -> dict[str, np.ndarray]:
    """(N,) exposures of the child-days lived in homes, which ``exposure.peer_exposures`` names and adds to."""
    lives = given.lives
    recent = any_onset(given.onset, first_lag=given.first_day, last_lag=given.window_days)
    others_recent = lives.others(lives.taken(recent))
    others_visible = lives.others(np.ones(lives.place.size))
    others = given.occupancy.ravel()[lives.cell] - 1
    recorded = given.occupancy_recorded.ravel()[lives.cell]
    known = lives.taken(given.known_days)
    if given.unseen is not None:
        others = np.where(recorded, others_visible + given.unseen.residents.ravel()[lives.cell], others)
        others_recent = others_recent + given.unseen.recent.ravel()[lives.cell]
        others_visible = np.where(recorded, others, others_visible)

    def any_unseen(least_days: float) -> np.ndarray:
        return (lives.others(known < least_days) > 0) | (others > others_visible) | ~recorded

    out = {
        "peer_count": others_recent,
        "peer_density": np.where(recorded, others_recent / np.maximum(others, 1), np.nan),
        "no_peers": (others == 0) & recorded,
        "peers_unseen": any_unseen(given.window_days),
    }
    if given.ties is not None:
        exposed = _network_exposure(given.residence, recent & (given.residence >= 0), given.ties)
        out["peer_network"] = lives.taken(exposed)
    if given.kernel_days is not None:
        out["kernel_unseen"] = any_unseen(given.kernel_known_days)
        out["peer_kernel"] = lives.others(lives.taken(fading(given.onset, kernel_days=given.kernel_days)))
    return out


def _network_exposure(residence: Grid, recent: Grid, ties: TieSpans) -> Grid:
    """(C, D) share of a child's tie strength that goes to recent peers in the same home; 0 without such ties."""
    children, days = residence.shape
    a, b, day, strength = tie_days(residence, ties)

    def summed(weights_to_a: np.ndarray, weights_to_b: np.ndarray) -> Grid:
        size = children * days
        total = np.bincount(a * days + day, weights_to_a, size) + np.bincount(b * days + day, weights_to_b, size)
        return total.reshape(children, days)

    reached = summed(strength * recent[b, day], strength * recent[a, day])
    weight = summed(strength, strength)
    return np.divide(reached, weight, out=np.zeros(weight.shape), where=weight > 0)
