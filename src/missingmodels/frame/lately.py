"""Who had an onset in a home lately, by how many days ago, as simulated days go by. Plain arrays.

Of K candidates, H homes, and lags of 1 … w days. A child stands once in a home, at its latest onset there, also when
it has gone. Specification, section 3; notation page, "Unseen peers".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from missingmodels.frame.columns.lives import Unseen
from missingmodels.frame.riskset import RiskSet

if TYPE_CHECKING:
    from missingmodels.frame.unseen import UnseenModel


class _State(Protocol):
    """Hidden places: the home of each (Q,), and (K, Q) days since the child came and since its latest onset.

    ``share`` (K, Q) is what the child was of the others on that onset.
    """

    place: np.ndarray
    here: np.ndarray
    since_onset: np.ndarray
    share: np.ndarray


class _Lately:
    """Children by the days since their latest onset in a home, and the sums of their shares: (K, H, w) each."""

    def __init__(self, candidates: int, homes: int, window_days: int) -> None:
        self.count = np.zeros((candidates, homes, window_days), dtype=np.int64)
        self.share = np.zeros((candidates, homes, window_days))

    def within(self) -> tuple[np.ndarray, np.ndarray]:
        """(K, H, w) with an onset on the last 1, 2, … w days, and their shares."""
        return self.count.cumsum(axis=2), self.share.cumsum(axis=2)

    def forget(self, candidate: np.ndarray, home: np.ndarray, lag: np.ndarray, share: np.ndarray) -> None:
        """Take out children who have another onset today, by the lag of the one before; one beyond w stands nowhere."""
        held = lag <= self.count.shape[2]
        at = (candidate[held], home[held], lag[held] - 1)
        np.subtract.at(self.count, at, 1)
        np.subtract.at(self.share, at, share[held])
        self.share[self.count == 0] = 0.0  # no trace of rounding

    def next_day(self, candidate: np.ndarray, home: np.ndarray, share: np.ndarray) -> None:
        """The day is over, and these had an onset on it."""
        for held in (self.count, self.share):
            held[:, :, 1:] = held[:, :, :-1].copy()
            held[:, :, 0] = 0
        np.add.at(self.count[:, :, 0], (candidate, home), 1)
        np.add.at(self.share[:, :, 0], (candidate, home), share)


class _VisibleOnsets:
    """The onsets of visible residents by day, each with the day of that child's onset before it in the same home."""

    def __init__(self, risk: RiskSet) -> None:
        at = np.flatnonzero(risk.lives.taken(risk.onset_anywhere))
        child, day = np.divmod(risk.lives.place[at], risk.days)
        home = risk.lives.home[at]
        order = np.lexsort((day, home, child))
        child, home, day = child[order], home[order], day[order]
        before = np.full(day.size, -1)
        same = (child[1:] == child[:-1]) & (home[1:] == home[:-1])
        before[1:][same] = day[:-1][same]
        order = np.argsort(day, kind="stable")
        self.home, self.before = home[order], before[order]
        self.first = np.searchsorted(day[order], np.arange(risk.days + 1))

    def on(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Home of each onset of the day, and the day of the one before it, -1 for none."""
        rows = slice(self.first[day], self.first[day + 1])
        return self.home[rows], self.before[rows]


def share_of(others: np.ndarray) -> np.ndarray:
    """(N,) what one child is of so many others; of none, whom nobody sees, nothing."""
    return np.where(others > 0, 1 / np.maximum(others, 1), 0.0)


class SimulatedDays:
    """What is kept of the simulated days, (K, H, D) and by lag, and who is a recent peer of whom on a day."""

    def __init__(
        self, risk: RiskSet, model: UnseenModel, visible: np.ndarray, recent: np.ndarray, candidates: int
    ) -> None:
        self.model, self.visible, self.seen_recent = model, visible, recent
        shape = (candidates, *visible.shape)
        self.residents, self.recent = np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.int16)
        kept = (*shape, model.window_days) if model.witnessed else (*shape, 0)
        self.count, self.share = np.zeros(kept, dtype=np.int16), np.zeros(kept, dtype=np.float32)
        self.onsets = _VisibleOnsets(risk)
        self.unseen, self.seen = (_Lately(candidates, visible.shape[0], model.window_days) for _ in range(2))

    def begin(self, day: int, state: _State, present: np.ndarray) -> np.ndarray:
        """(K, Q) how many others live with each as the day begins; residents and recent ones are written down."""
        recent = present & (state.since_onset <= self.model.window_days)
        bounds = np.flatnonzero(np.append(True, state.place[1:] != state.place[:-1]))
        homes = state.place[bounds]
        self.residents[:, homes, day] = np.add.reduceat(present, bounds, axis=1, dtype=np.int16)
        self.recent[:, homes, day] = np.add.reduceat(recent, bounds, axis=1, dtype=np.int16)
        if self.model.witnessed:
            self.count[:, :, day], self.share[:, :, day] = self.unseen.within()
        return np.asarray(self.visible[state.place, day] + self.residents[:, state.place, day] - 1)

    def peers(self, day: int, state: _State, present: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(K, Q) recent peers of each unseen child, visible ones among them, and their share."""
        window, home = self.model.window_days, state.place
        if not self.model.witnessed:
            own = present & (state.since_onset <= window)
            recent = self.seen_recent[home, day] + self.recent[:, home, day] - own
            return recent, recent / np.maximum(others, 1)
        count, share = (a + b for a, b in zip(self.seen.within(), self.unseen.within(), strict=True))
        lag = np.minimum(state.here, window)
        at = (np.arange(lag.shape[0])[:, None], home, np.maximum(lag, 1) - 1)
        own = state.since_onset <= lag
        recent = np.where(lag > 0, count[at] - own, 0)
        return recent, np.where(recent > 0, share[at] - own * state.share, 0.0)

    def end(self, day: int, state: _State, onset: np.ndarray, others: np.ndarray) -> None:
        """The onsets of the day, for those who come after it."""
        if not self.model.witnessed:
            return
        candidate, place = np.nonzero(onset)
        home = state.place[place]
        self.unseen.forget(candidate, home, state.since_onset[onset], state.share[onset])
        state.share[onset] = share_of(others[onset])
        self.unseen.next_day(candidate, home, state.share[onset])
        candidates = onset.shape[0]
        home, before = self.onsets.on(day)
        every, at = np.repeat(np.arange(candidates), home.size), np.tile(home, candidates)
        earlier = np.tile(before, candidates)
        lag = np.where(earlier >= 0, day - earlier, self.model.window_days + 1)
        self.seen.forget(every, at, lag, self._share(every, at, np.maximum(earlier, 0)))
        self.seen.next_day(every, at, self._share(every, at, np.full(at.size, day)))

    def _share(self, candidate: np.ndarray, home: np.ndarray, day: np.ndarray) -> np.ndarray:
        return share_of(self.visible[home, day] + self.residents[candidate, home, day] - 1)

    def histories(self) -> list[Unseen]:
        """One a candidate."""
        return [
            Unseen(residents=a.astype(np.int64), recent=b.astype(np.int64), count=c, share=d)
            for a, b, c, d in zip(self.residents, self.recent, self.count, self.share, strict=True)
        ]
