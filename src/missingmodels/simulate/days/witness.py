"""Who saw whom leave: for each child a list of the others whose onset it was there to see. Compiled.

Specification, section 3. A list holds another child once, with the latest of its onsets that was seen, and loses it
when the window is over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled

NEVER = -1_000_000


class Witness(NamedTuple):
    """One chained list a child. ``head`` (C,); ``following``, ``other``, ``day``, ``share``, ``tie`` (capacity,).

    ``share`` and ``tie`` are what the child who left was among those there: of their number, and of the strength of
    ties. ``free`` (1,) begins the chain of places given back, ``used`` (1,) counts those ever used, ``full`` (1,) says
    that there were too few. ``kernel`` (C,) is the fading sum of all onsets seen, as of ``kernel_day`` (C,).
    """

    head: np.ndarray
    following: np.ndarray
    other: np.ndarray
    day: np.ndarray
    share: np.ndarray
    tie: np.ndarray
    free: np.ndarray
    used: np.ndarray
    full: np.ndarray
    kernel: np.ndarray
    kernel_day: np.ndarray


def no_witness(children: int, capacity: int) -> Witness:
    """Nobody has seen anything; room for so many at one time."""
    return Witness(
        head=np.full(children, -1),
        following=np.full(capacity, -1),
        other=np.zeros(capacity, dtype=np.int64),
        day=np.zeros(capacity, dtype=np.int64),
        share=np.zeros(capacity),
        tie=np.zeros(capacity),
        free=np.full(1, -1),
        used=np.zeros(1, dtype=np.int64),
        full=np.zeros(1, dtype=np.int64),
        kernel=np.zeros(children),
        kernel_day=np.full(children, NEVER),
    )


@compiled
def forget_all(witness):
    """As ``no_witness``, in the room that is there; the kernel is left."""
    witness.head[:] = -1
    witness.free[0] = -1
    witness.used[0] = 0


@compiled
def see(child, other, day, share, tie, witness):
    """``child`` sees ``other`` leave on ``day``."""
    place = witness.head[child]
    while place >= 0 and witness.other[place] != other:
        place = witness.following[place]
    if place < 0:
        place = witness.free[0]
        if place >= 0:
            witness.free[0] = witness.following[place]
        elif witness.used[0] < witness.other.size:
            place = witness.used[0]
            witness.used[0] = place + 1
        else:
            witness.full[0] = 1
            return
        witness.following[place] = witness.head[child]
        witness.head[child] = place
        witness.other[place] = other
    witness.day[place] = day
    witness.share[place] = share
    witness.tie[place] = tie


@compiled
def see_fading(child, day, kernel_days, witness):
    """One onset more in the child's fading sum."""
    left = np.exp((witness.kernel_day[child] - day) / kernel_days)
    witness.kernel[child] = witness.kernel[child] * left + 1.0
    witness.kernel_day[child] = day


@compiled
def recent_peers(child, day, window, witness):
    """How many recent peers the child has on ``day``, and the sums of their shares and of their parts of ties."""
    count, share, tie = 0, 0.0, 0.0
    place, before = witness.head[child], -1
    while place >= 0:
        following = witness.following[place]
        if witness.day[place] < day - window:
            if before < 0:
                witness.head[child] = following
            else:
                witness.following[before] = following
            witness.following[place] = witness.free[0]
            witness.free[0] = place
        else:
            count += 1
            share += witness.share[place]
            tie += witness.tie[place]
            before = place
        place = following
    return count, share, tie


@compiled
def is_recent_peer(child, other, day, window, witness):
    """Whether ``other`` is a recent peer of ``child``."""
    place = witness.head[child]
    while place >= 0:
        if witness.other[place] == other:
            return witness.day[place] >= day - window
        place = witness.following[place]
    return False
