"""Residents whom the data do not see: how many there may be, and how they count as peers. Plain arrays.

Notation page, "Unseen peers". H homes, D days, K candidates, Q hidden places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from missingmodels.frame.columns.lives import Unseen, any_onset, home_sums
from missingmodels.frame.lately import SimulatedDays, share_of
from missingmodels.frame.riskset import NO_HOME, RiskSet

# Own history as bits, bit L for an onset L days ago: lags 1 to 7 and 8 to 28, as ``own_history`` has them.
_RECENT_WEEK = sum(1 << lag for lag in range(1, 8))
_BEFORE_IT = sum(1 << lag for lag in range(8, 29))
BANDS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class UnseenModel:
    """What one draw of the model of the visible says of a child whom nobody sees.

    Attributes
    ----------
    filled_share : F, the share of hidden places that hold a child
    stay_days : L, mean length of a stay
    home_log_rate : (H, T) effects of homes and their periods, v + w
    donor_start, donor_count : (H,) where the donors of a home lie in ``donor_log_rate``
    donor_log_rate : log rate of a visible child's day, its history, peers and home left out
    frailty : draws so many frailties u of children of whom nothing is known, by the law of the model
    history : log rate ratios of ``own_1_7``, ``own_8_28`` and the arrival bands, by column name
    peer, no_peers : log rate ratios of one unit of the exposure, and of living alone
    witnessed : whether an onset counts for those who saw it, or for whoever lives there
    """

    filled_share: float
    stay_days: float
    home_log_rate: np.ndarray
    donor_start: np.ndarray
    donor_count: np.ndarray
    donor_log_rate: np.ndarray
    frailty: Callable[[int, np.random.Generator], np.ndarray]
    history: Mapping[str, float]
    exposure: str
    peer: float
    no_peers: float
    window_days: int
    witnessed: bool


def visible_residents(risk: RiskSet) -> np.ndarray:
    """(H, D) residents in the data."""
    return home_sums(risk.residence, risk.residence != NO_HOME, len(risk.home_ids)).astype(np.int64)


def hidden_places(risk: RiskSet) -> np.ndarray:
    """(H, D) registered places that no visible child holds; 0 where places are not recorded."""
    return np.where(risk.occupancy_recorded, np.maximum(risk.occupancy - visible_residents(risk), 0), 0)


def all_recent(risk: RiskSet, window_days: int) -> Unseen:
    """The upper bound: every hidden place holds a child, and each had an onset on every day before."""
    hidden = hidden_places(risk)
    others = visible_residents(risk) + hidden - 1
    each = (*hidden.shape, window_days)
    return Unseen(
        residents=hidden,
        recent=hidden,
        count=np.broadcast_to(hidden[..., None], each),
        share=np.broadcast_to((hidden * share_of(others))[..., None], each),
    )


def none_recent(risk: RiskSet, window_days: int) -> Unseen:
    """The lower bound: every hidden place holds a child, and none had an onset lately."""
    hidden = hidden_places(risk)
    none = np.zeros_like(hidden)
    never = np.broadcast_to(none[..., None], (*hidden.shape, window_days))
    return Unseen(residents=hidden, recent=none, count=never, share=never)


def coverage_bands(risk: RiskSet) -> dict[str, float]:
    """Share of the home-days with a visible resident by coverage, visible residents over places."""
    seen = visible_residents(risk) > 0
    values = risk.coverage[seen]
    total = max(values.size, 1)
    shares, low = {}, 0.0
    for high in BANDS:
        inside = (values > low) & (values <= high)
        shares[f"over {low:g} to {high:g}"] = float(inside.sum() / total)
        low = high
    return shares | {"unrecorded": float(np.isnan(values).sum() / total)}


def filled_share(risk: RiskSet, occupancy: float) -> float:
    """F: share of hidden places that hold a child if a share ``occupancy`` of all places does.

    Over all days of the homes held, also those without a visible child: a home is fuller than the average on the days
    when it is known to hold one.
    """
    known = risk.occupancy_recorded
    places = risk.occupancy[known].sum()
    seen = visible_residents(risk)[known].sum() / max(places, 1)
    return float(np.clip((occupancy - seen) / max(1 - seen, 1e-9), 0.0, 1.0))


def with_places(risk: RiskSet) -> tuple[RiskSet, float]:
    """The risk set without the days in homes whose places are not recorded, and the share of days at risk they are.

    How many may live there unseen is not known, so their days can be neither bounded nor modelled.
    """
    at, days = np.maximum(risk.residence, 0), np.arange(risk.days)
    unknown = (risk.days_at_risk > 0) & ~risk.occupancy_recorded[at, days]
    share = float(risk.days_at_risk[unknown].sum() / max(risk.days_at_risk.sum(), 1e-9))
    kept = np.where(unknown, 0.0, risk.days_at_risk)
    held = replace(
        risk,
        days_at_risk=kept,
        onset=risk.onset & ~unknown,
        joint=risk.joint & ~unknown,
        same_day_repeats=np.where(unknown, 0, risk.same_day_repeats),
    )
    return held, share


def mean_stay_days(risk: RiskSet) -> float:
    """L: resident-days over the ends of stays that the span holds."""
    before, after = risk.residence[:, :-1], risk.residence[:, 1:]
    ends = ((before != NO_HOME) & (before != after)).sum()
    return float((risk.residence != NO_HOME).sum() / max(ends, 1))


def turnover_chances(filled_share: float, stay_days: float) -> tuple[float, float, float]:
    """Chances a day that a child leaves, that an empty place is filled, and that one just left is filled again at once.

    The last is above 0 only where a share so near 1 needs it: with every empty place filled within a day, L / (L + 1)
    are.
    """
    leaves = 1 / max(stay_days, 1.0)
    empty = 1 - filled_share
    comes = min(leaves * filled_share / empty, 1.0) if empty > 0 else 1.0
    again = max(1 - empty / (filled_share * leaves), 0.0) if filled_share > 0 else 0.0
    return leaves, comes, again


def visible_recent(risk: RiskSet, window_days: int) -> np.ndarray:
    """(H, D) visible residents with an onset in the window before the day."""
    recent = any_onset(risk.onset_anywhere, first_lag=1, last_lag=window_days) & (risk.residence != NO_HOME)
    return home_sums(risk.residence, recent, len(risk.home_ids)).astype(np.int64)


def exposure_to(exposure: str, recent: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Exposure to so many recent peers of that share, of the shape of ``recent``. ValueError for one that these do not
    give.
    """
    if exposure == "peer_presence":
        return (recent > 0).astype(float)
    if exposure == "peer_count":
        return recent.astype(float)
    if exposure == "peer_density":
        return np.asarray(share, dtype=float)
    raise ValueError(f"{exposure} is not made of counts of peers")


def simulate_unseen(risk: RiskSet, model: UnseenModel, *, candidates: int, rng: np.random.Generator) -> list[Unseen]:
    """K histories of the unseen, day by day, from the model of the visible and what the visible did.

    A hidden place is filled and emptied at random, so that a share F is filled and stays last L days on average. Who
    comes has the covariates of a visible child of the same home and a frailty of its own; absences themselves are
    taken as short beside a stay.
    """
    hidden, visible = hidden_places(risk), visible_residents(risk)
    home, rank = _places(hidden, model.donor_count)
    if not home.size:
        return [none_recent(risk, model.window_days)] * candidates
    state = _State(model, home, candidates, rng)
    days = SimulatedDays(risk, model, visible, visible_recent(risk, model.window_days), candidates)
    for day in range(hidden.shape[1]):
        state.turn_over()
        present = state.filled & (rank < hidden[home, day])
        others = days.begin(day, state, present)
        recent, share = days.peers(day, state, present, others)
        eta = model.home_log_rate[home, day // risk.cell_days] + state.log_rate()
        eta += model.peer * exposure_to(model.exposure, recent, share) + model.no_peers * (others == 0)
        onset = present & (rng.random(present.shape) < -np.expm1(-np.exp(eta)))
        days.end(day, state, onset, others)
        state.happen(onset)
    return days.histories()


class _State:
    """Who is in each hidden place, (K, Q), and their days so far."""

    def __init__(self, model: UnseenModel, home: np.ndarray, candidates: int, rng: np.random.Generator) -> None:
        shape = (candidates, home.size)
        self.model, self.place, self.home, self.rng = model, home, np.broadcast_to(home, shape), rng
        self.leaves, self.comes, self.again = turnover_chances(model.filled_share, model.stay_days)
        self.filled = rng.random(shape) < model.filled_share
        self.here = np.full(shape, 10_000)
        self.since_onset = np.full(shape, 10_000)
        self.share = np.zeros(shape)  # what the child was of the others on its last onset
        self.history = np.zeros(shape, dtype=np.int64)
        self.own = np.zeros(shape)
        self._meet(np.ones(shape, dtype=bool))

    def turn_over(self) -> None:
        draw = self.rng.random(self.filled.shape)
        left = self.filled & (draw < self.leaves)
        # of those who leave, the same draw tells whose place is filled again at once
        came = (~self.filled & (draw < self.comes)) | (left & (draw < self.leaves * self.again))
        self.filled = (self.filled & ~left) | came
        self.here += 1
        self.since_onset += 1
        self.history = (self.history << 1) & (_RECENT_WEEK | _BEFORE_IT)
        self.here[came], self.since_onset[came], self.history[came] = 0, 10_000, 0
        self._meet(came)

    def _meet(self, new: np.ndarray) -> None:
        """Frailty and covariates of newcomers."""
        home = self.home[new]
        frailty = np.maximum(self.model.frailty(home.size, self.rng), 1e-300)
        pick = (self.rng.random(home.size) * self.model.donor_count[home]).astype(np.int64)
        self.own[new] = np.log(frailty) + self.model.donor_log_rate[self.model.donor_start[home] + pick]

    def log_rate(self) -> np.ndarray:
        effect = self.model.history
        eta = self.own + effect.get("own_1_7", 0.0) * ((self.history & _RECENT_WEEK) > 0)
        eta += effect.get("own_8_28", 0.0) * ((self.history & _BEFORE_IT) > 0)
        bands = [effect.get(f"arrival_band[{band}]", 0.0) for band in ("0-6", "7-27", "28-89")]
        return eta + np.select([self.here < 7, self.here < 28, self.here < 90], bands, default=0.0)

    def happen(self, onset: np.ndarray) -> None:
        self.since_onset[onset] = 0
        self.history |= onset


def _places(hidden: np.ndarray, donors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Home and rank of each hidden place of homes with a visible child at risk; nobody else is a peer of any."""
    most = np.where(donors > 0, hidden.max(axis=1, initial=0), 0)
    home = np.repeat(np.arange(most.size), most)
    rank = np.arange(home.size) - np.repeat(np.cumsum(most) - most, most)
    return home, rank
