"""The days of an observed residence lived again: once as they are, once with no exposure to peers, by one chance.

Both arms meet the same number for a child on a day, so a prevented episode is prevented by what it rests on and by
nothing else. Plain arrays; what a rate is made of is the caller's affair.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled, draw
from missingmodels.simulate.days.witness import Witness, forget_all, no_witness, recent_peers, see

PRESENCE, COUNT, DENSITY = 0, 1, 2
NEVER = -1_000_000
OWN_STATES = 4  # an own onset 1-7 days ago or not, and 8-28 days ago or not


class Days(NamedTuple):
    """Whole numbers of a run, and days as ``frame.forward.ForwardDays`` has them: N of residents, F of episodes.

    ``window`` in days; ``kind`` of exposure; ``from_day`` and ``count_from``. ``away`` (E,) is the law of days away.
    ``fixed_place`` (F,) is where among the N the child stands on that day, -1 for nowhere.
    """

    window: int
    witnessed: bool
    kind: int
    from_day: int
    count_from: int
    first: np.ndarray
    child: np.ndarray
    home: np.ndarray
    spell: np.ndarray
    risk: np.ndarray
    others: np.ndarray
    away: np.ndarray
    fixed_first: np.ndarray
    fixed_child: np.ndarray
    fixed_place: np.ndarray


class _Past(NamedTuple):
    """By arm and child, (2, C): day of the last onset, onsets of the days before ``seen`` as bits, day of return.

    ``witness`` holds what children saw in the arm as it is; in the other it would act on nobody.
    """

    last: np.ndarray
    bits: np.ndarray
    seen: np.ndarray
    back: np.ndarray
    witness: Witness


def no_past(children: int, room: int = 0) -> _Past:
    """Room for the past of so many children, and for so many seen to leave lately."""
    last, bits, seen, back = (np.zeros((2, children), dtype=np.int64) for _ in range(4))
    return _Past(last, bits, seen, back, no_witness(children, room))


@compiled
def live_again(days, log_rate, slope, chance, keys, past, expected, made):
    """Expected onsets of both arms, ``expected`` (K, 2), in K runs: column 0 as it is, 1 with the exposure held at 0.

    ``log_rate``, ``slope`` and ``chance`` (4, R) by own state and spell: log intensity a day without exposure, what a
    unit of exposure adds, and the chance of an onset on a whole day at risk without it. ``keys`` (K, 2) are streams of
    onsets and of days away. ``made`` (N,) is set to the onsets drawn in the first run as it is; none if it is empty.
    A day adds its chance of an onset given what went before, which has the mean of a count of onsets and less spread.
    """
    made[:] = False
    for run in range(keys.shape[0]):
        shown = made if run == 0 else made[:0]
        past.last[:] = NEVER
        past.bits[:] = 0
        past.seen[:] = 0
        past.back[:] = NEVER
        forget_all(past.witness)
        expected[run, 0] = 0.0
        expected[run, 1] = 0.0
        for day in range(days.first.size - 1):
            if day >= days.from_day:
                _one_day(day, days, log_rate, slope, chance, keys[run], past, expected[run], shown)
            for k in range(days.fixed_first[day], days.fixed_first[day + 1]):
                for arm in range(2):
                    _remember(arm, days.fixed_child[k], day, past)
                if days.witnessed and days.fixed_place[k] >= 0:
                    _seen_fixed(days.fixed_place[k], day, days, past)


@compiled
def _one_day(day, days, log_rate, slope, chance, keys, past, expected, made):
    low, stop = days.first[day], days.first[day + 1]
    while low < stop:
        high, recent = low, 0
        while high < stop and days.home[high] == days.home[low]:
            recent += past.last[0, days.child[high]] >= day - days.window
            high += 1
        for k in range(low, high):
            if days.risk[k] == 0.0:
                continue
            child = days.child[k]
            met = draw(keys[0], child, day)
            if days.witnessed:
                others, share, _ = recent_peers(child, day, days.window, past.witness)
            else:
                others = recent - (past.last[0, child] >= day - days.window)
                share = others / days.others[k]
            exposure = float(others)
            if days.kind == PRESENCE:
                exposure = 1.0 if others > 0 else 0.0
            elif days.kind == DENSITY:
                exposure = share
            for arm in range(2):
                if past.back[arm, child] > day:
                    continue
                risk = min(days.risk[k], 0.5) if past.back[arm, child] == day else days.risk[k]
                own, at = _own(arm, child, day, past), days.spell[k]
                p = chance[own, at]
                if risk < 1.0 or (arm == 0 and exposure > 0.0):
                    rate = log_rate[own, at] + (slope[own, at] * exposure if arm == 0 else 0.0)
                    p = -np.expm1(-risk * np.exp(rate))
                if day >= days.count_from:
                    expected[arm] += p
                if met < p:
                    _begin(arm, child, day, days, keys, past)
                    if arm == 0 and made.size:
                        made[k] = True
        for k in range(low, high if days.witnessed else low):  # when all are drawn: what is seen counts from tomorrow
            if past.last[0, days.child[k]] == day:
                _seen(k, low, high, day, days, past)
        low = high


@compiled
def _seen(place, low, high, day, days, past):
    """The others of the home, at ``low`` to ``high``, see the child at ``place`` leave."""
    for k in range(low, high):
        if k != place:
            see(days.child[k], days.child[place], day, 1.0 / days.others[place], 0.0, past.witness)


@compiled
def _seen_fixed(place, day, days, past):
    """As ``_seen``, of an onset that stays as it was."""
    low, high = place, place + 1
    while low > days.first[day] and days.home[low - 1] == days.home[place]:
        low -= 1
    while high < days.first[day + 1] and days.home[high] == days.home[place]:
        high += 1
    _seen(place, low, high, day, days, past)


@compiled
def _own(arm, child, day, past):
    """Own state today: 1 for an onset 1-7 days ago, 2 for one 8-28 days ago, 3 for both."""
    lag = day - past.seen[arm, child]
    bits = past.bits[arm, child] << lag if lag < 29 else 0
    return (1 if bits & 0xFE else 0) + (2 if bits & 0x1FFFFF00 else 0)


@compiled
def _remember(arm, child, day, past):
    """An onset today: bit 0 is today, bit n the day n days ago."""
    lag = day - past.seen[arm, child]
    bits = past.bits[arm, child] << lag if lag < 29 else 0
    past.bits[arm, child] = (bits | 1) & 0x1FFFFFFF
    past.seen[arm, child] = day
    past.last[arm, child] = day


@compiled
def _begin(arm, child, day, days, keys, past):
    _remember(arm, child, day, past)
    past.back[arm, child] = NEVER
    if days.away.size:
        length = days.away[int(draw(keys[1], child, day) * days.away.size)]
        if length > 0:
            past.back[arm, child] = day + length
