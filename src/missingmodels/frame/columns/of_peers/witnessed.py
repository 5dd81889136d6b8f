"""Peer exposure by what each child was there to see. Plain arrays. Specification, section 3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from missingmodels.frame.columns.lives import Grid, Lives, PeerGrids, TieSpans, any_onset, fading, tie_days
from missingmodels.intervals import expand


@dataclass(frozen=True, kw_only=True)
class Witnessed:
    """N onsets, each seen by one child, by witness, by whose onset it was, and by day.

    Attributes
    ----------
    child, other, day : (N,) the witness, the child with the onset, and its day
    cell : (N,) home and day of the onset, in the flat (H, D) grid
    shape : of the (C, D) grid
    """

    child: np.ndarray
    other: np.ndarray
    day: np.ndarray
    cell: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def of(cls, lives: Lives, onset: Grid) -> Witnessed:
        """Of a (C, D) grid of onsets, those outside homes seen by nobody."""
        days = lives.shape[1]
        at = np.flatnonzero(lives.taken(onset))
        watched = np.zeros(lives.homes * days, dtype=bool)
        watched[lives.cell[at]] = True
        there = np.flatnonzero(watched[lives.cell])  # of all child-days only those of homes and days with an onset
        there = there[np.argsort(lives.cell[there], kind="stable")]
        cells, wanted = lives.cell[there], lives.cell[at]
        which, place = expand(np.searchsorted(cells, wanted, side="left"), np.searchsorted(cells, wanted, side="right"))
        who = lives.place[there[place]] // days
        whose = lives.place[at] // days
        seen = who != whose[which]
        which, who = which[seen], who[seen]
        child, other, day = who.astype(np.int64), whose[which].astype(np.int64), lives.place[at][which] % days
        order = np.lexsort((day, other, child))
        return cls(child=child[order], other=other[order], day=day[order], cell=wanted[which][order], shape=lives.shape)

    @cached_property
    def pair(self) -> np.ndarray:
        """(N,) witness and other as one number, ascending."""
        return self.child * self.shape[0] + self.other

    def days_after(self, window_days: int, *, once: bool, first_day: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Which of the N counts on which day, (M,) each, from ``first_day`` to ``window_days`` after its own.

        With ``once`` a child counts once on a day, by the latest of its onsets that were seen.
        """
        last = np.minimum(self.day + window_days, self.shape[1] - 1)
        if once and self.day.size:
            again = np.append(self.pair[1:] == self.pair[:-1], False)
            last[again] = np.minimum(last[again], self.day[1:][again[:-1]] + first_day - 1)
        return expand(self.day + first_day, np.maximum(last, self.day + first_day - 1) + 1)

    def counts(self, child: np.ndarray, other: np.ndarray, day: np.ndarray, window_days: int) -> np.ndarray:
        """(M,) whether ``other`` is a recent peer of ``child`` on ``day``."""
        if not self.day.size:
            return np.zeros(child.size, dtype=bool)
        days, pair = self.shape[1], child * self.shape[0] + other
        at = np.searchsorted(self.pair * days + self.day, pair * days + day, side="left") - 1
        found = np.maximum(at, 0)
        return (at >= 0) & (self.pair[found] == pair) & (self.day[found] >= day - window_days)


def witnessed_exposures(given: PeerGrids) -> dict[str, np.ndarray]:
    """(N,) exposures of the child-days lived in homes, which ``exposure.peer_exposures`` names and adds to."""
    lives, window = given.lives, given.window_days
    seen = Witnessed.of(lives, given.onset)
    others_visible = lives.others(np.ones(lives.place.size))
    recorded = given.occupancy_recorded.ravel()[lives.cell]
    others = given.occupancy.ravel()[lives.cell] - 1
    count, share = np.zeros(lives.place.size), np.zeros(lives.place.size)
    if given.unseen is not None:
        others = np.where(recorded, others_visible + given.unseen.residents.ravel()[lives.cell], others)
        others_visible = np.where(recorded, others, others_visible)
        count, share = _of_unseen(lives, given)
    on_cell = np.zeros(lives.homes * lives.shape[1])
    on_cell[lives.cell] = others
    # ascending, so that equal sets of shares have equal sums whoever's they are
    which, day = seen.days_after(window, once=True, first_day=given.first_day)
    left = on_cell[seen.cell]
    order = np.argsort(left[which], kind="stable")
    place, size = (seen.child[which] * lives.shape[1] + day)[order], lives.shape[0] * lives.shape[1]
    count = count + np.bincount(place, minlength=size)[lives.place]
    share = share + np.bincount(place, 1 / left[which[order]], size)[lives.place]
    unrecorded = _within(lives, ~recorded, window)
    out = {
        "peer_count": count,
        "peer_density": np.where(unrecorded, np.nan, share),
        "no_peers": (others == 0) & recorded,
        "peers_unseen": _unseen(given, others > others_visible, recorded, window),
    }
    if given.ties is not None:
        part = _tie_shares(given, seen, given.ties)
        place = seen.child[which] * lives.shape[1] + day
        out["peer_network"] = np.bincount(place, part[which], size)[lives.place]
    if given.kernel_days is not None:
        behind = lives.grid(lives.others(lives.taken(given.onset)))
        out["peer_kernel"] = lives.taken(fading(behind, kernel_days=given.kernel_days))
        memory = int(np.ceil(given.kernel_known_days))
        out["kernel_unseen"] = _unseen(given, others > others_visible, recorded, memory)
    return out


def _within(lives: Lives, flag: np.ndarray, days: int) -> np.ndarray:
    """(N,) whether any of the child's days in homes among so many before this one has the flag."""
    if not flag.any():
        return np.zeros(flag.size, dtype=bool)
    return np.asarray(lives.taken(any_onset(lives.grid(flag), first_lag=1, last_lag=days)))


def _unseen(given: PeerGrids, hidden: np.ndarray, recorded: np.ndarray, days: int) -> np.ndarray:
    """(N,) whether an onset may be lacking that would count."""
    lives = given.lives
    # a day is on record if on the next one something is known; of the last day nobody asks
    known = np.ones(lives.shape, dtype=bool)
    known[:, :-1] = given.known_days[:, 1:] > 0
    unknown = ~lives.taken(known)
    lacking = hidden | ~recorded
    today = lives.place % lives.shape[1]
    before = lacking | (lives.others(unknown) > 0) if unknown.any() else lacking
    return np.asarray((today < days) | hidden | ~recorded | _within(lives, before, days))


def _of_unseen(lives: Lives, given: PeerGrids) -> tuple[np.ndarray, np.ndarray]:
    """(N,) each: recent peers among residents who are not in the data, and the sum of their shares.

    A child saw those of a home who left while it lived there: of each run of its days in one home within the window,
    those with an onset on the days of the run.
    """
    unseen, days = given.unseen, lives.shape[1]
    assert unseen is not None
    count, share = np.zeros(lives.place.size), np.zeros(lives.place.size)
    today, flat = lives.place % days, given.residence.ravel()
    run_home, run_lag = np.full(today.size, -1), np.ones(today.size, dtype=np.int64)
    for lag in range(1, given.window_days + 2):
        home = np.full(today.size, -1)
        inside = (today >= lag) & (lag <= given.window_days)
        home[inside] = flat[lives.place[inside] - lag]
        over = np.flatnonzero((home != run_home) & (run_home >= 0))
        at = (run_home[over], today[over] - run_lag[over] + 1, lag - run_lag[over] - 1)
        count[over] += unseen.count[at]
        share[over] += unseen.share[at]
        run_lag = np.where(home != run_home, lag, run_lag)
        run_home = home
    return count, share


def _tie_shares(given: PeerGrids, seen: Witnessed, ties: TieSpans) -> np.ndarray:
    """(N,) share of the witness's strength of ties to the others of the home on the day that the child who left had."""
    children, days = seen.shape
    a, b, day, strength = tie_days(given.residence, ties)
    child, other = np.concatenate([a, b]).astype(np.int64), np.concatenate([b, a]).astype(np.int64)
    day, strength = np.concatenate([day, day]), np.concatenate([strength, strength])
    total = np.bincount(child * days + day, strength, children * days)
    asked = np.unique(seen.child * days + seen.day)
    held = np.isin(child * days + day, asked)
    key = (child[held] * children + other[held]) * days + day[held]
    keys, at = np.unique(key, return_inverse=True)
    summed = np.bincount(at, strength[held], keys.size)
    wanted = seen.pair * days + seen.day
    place = np.minimum(np.searchsorted(keys, wanted), max(keys.size - 1, 0))
    if not keys.size:
        return np.zeros(wanted.size)
    return np.where(keys[place] == wanted, summed[place] / total[seen.child * days + seen.day].clip(min=1e-300), 0.0)
