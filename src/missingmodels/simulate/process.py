"""The daily onset process of the specification, sections 1 to 4. Plain arrays; children in rows, days in columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.provenance import stream
from missingmodels.simulate.roster import Roster
from missingmodels.simulate.ties import Ties
from missingmodels.sources import card

if TYPE_CHECKING:
    from missingmodels.scenario import Contagion, Scenario

NEVER = -(10**9)


@dataclass(frozen=True, kw_only=True)
class History:
    """What happened. All arrays are (C, D).

    Attributes
    ----------
    onset : an episode starts on that day
    return_day : day of return of the episode that starts there, else -1
    days_at_risk : 1, ½ on a return day, else 0
    exposures : the four peer exposures as they stood when the day's onsets were drawn
    """

    onset: np.ndarray
    return_day: np.ndarray
    days_at_risk: np.ndarray
    exposures: dict[str, np.ndarray]


def run_process(
    scenario: Scenario, roster: Roster, ties: Ties, log_intensity: np.ndarray, frailty: np.ndarray, seed: int
) -> History:
    """Draw every child's episodes day by day.

    ``log_intensity`` (C, D) holds everything but own history and peers; ``frailty`` (C,) multiplies the intensity.
    Chance is drawn by child and day, so the same seed meets the same chance under another setting of the effects.
    """
    residence, spec = roster.residence, scenario.onset
    children, days = residence.shape
    chance = stream(seed, "onset").random((children, days))
    away_days = draw_days_away(stream(seed, "return").random((children, days)))
    onset = np.zeros((children, days), dtype=bool)
    return_day = np.full((children, days), -1, dtype=np.int64)
    at_risk = np.zeros((children, days))
    exposures = {name: np.zeros((children, days)) for name in EXPOSURE_NAMES}
    last, back = np.full(children, NEVER), np.full(children, NEVER)
    network = _Network(ties)
    for day in range(days):
        here = np.flatnonzero(residence[:, day] >= 0)
        recent = last >= day - scenario.contagion.window_days
        seen = peers_today(residence[here, day], here, recent, roster.places.size, network.on(day))
        for name, values in seen.items():
            exposures[name][here, day] = values
        risk = np.where(back[here] > day, 0.0, np.where(back[here] == day, 0.5, 1.0))
        earlier = onset[here, max(day - 28, 0) : max(day - 7, 0)].any(axis=1)
        log_rate = (
            log_intensity[here, day]
            + spec.own_1_7 * (last[here] >= day - 7)
            + spec.own_8_28 * earlier
            + peer_effect(scenario.contagion, seen)
        )
        starts = here[chance[here, day] < -np.expm1(-risk * frailty[here] * np.exp(log_rate))]
        at_risk[here, day] = risk
        onset[starts, day] = True
        return_day[starts, day] = day + away_days[starts, day]
        last[starts] = day
        # a child who is back the same day is at risk again from the next morning
        back[starts] = np.where(away_days[starts, day] > 0, return_day[starts, day], NEVER)
    return History(onset=onset, return_day=return_day, days_at_risk=at_risk, exposures=exposures)


EXPOSURE_NAMES = ("peer_presence", "peer_count", "peer_density", "peer_network", "no_peers")


def peers_today(
    home: np.ndarray,
    here: np.ndarray,
    recent: np.ndarray,
    homes: int,
    network: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> dict[str, np.ndarray]:
    """The peer exposures of today's residents ``here``, who live in ``home``, given who was ``recent`` (C,)."""
    mine = recent[here].astype(float)
    count = np.bincount(home, mine, homes)[home] - mine
    others = np.bincount(home, minlength=homes)[home] - 1
    alone = others == 0
    a, b, strength = network
    children = recent.size
    reached = np.bincount(a, strength * recent[b], children) + np.bincount(b, strength * recent[a], children)
    weight = np.bincount(a, strength, children) + np.bincount(b, strength, children)
    return {
        "peer_presence": (count > 0).astype(float),
        "peer_count": count,
        "peer_density": count / np.maximum(others, 1),
        "peer_network": np.divide(reached[here], weight[here], out=np.zeros(here.size), where=weight[here] > 0),
        "no_peers": alone.astype(float),
    }


def peer_effect(contagion: Contagion, seen: dict[str, np.ndarray]) -> np.ndarray:
    """The log rate ratio of today's exposure."""
    return contagion.log_rate_ratio * seen[contagion.exposure]


def draw_days_away(uniform: np.ndarray) -> np.ndarray:
    """Whole days from onset to return, by the published bands; beyond a week a geometric tail of mean 8 more days."""
    same = card("duration_same_day_share").value
    short = same + card("duration_1_2_days_share").value
    week = short + card("duration_3_7_days_share").value
    tail = np.maximum((1 - uniform) / (1 - week), 1e-12)
    return np.select(
        [uniform < same, uniform < short, uniform < week],
        [
            0,
            # one night is commoner than two: the same two-to-one fall as between the neighbouring bands
            np.where((uniform - same) / (short - same) < 2 / 3, 1, 2),
            3 + np.floor(5 * (uniform - short) / (week - short)),
        ],
        default=8 + np.floor(np.log(np.minimum(tail, 1)) / np.log(1 - 1 / 9)),
    ).astype(np.int64)


class _Network:
    """Ties in force on a day, taken in order of their first day."""

    def __init__(self, ties: Ties) -> None:
        self.ties = ties

    def on(self, day: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        held = (self.ties.start <= day) & (day < self.ties.end)
        return self.ties.a[held], self.ties.b[held], self.ties.strength[held]
