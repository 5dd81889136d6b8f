"""Who is on a home's shifts each day, as multiple membership: every adult by their share of the day's hours.

An adult counts in each home apart, by a running number: no identifier of staff leaves this module.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.shifts import elapsed
from missingmodels.frame.columns.today import Shifts, shifts_today
from missingmodels.frame.design_matrix import UNRECORDED, Membership

SEEN_DAYS = 10  # on shift in the home, below which a person's own effect would rest on next to nothing


def adults_of(days: Days, notes: list[str]) -> tuple[np.ndarray, Membership]:
    """(N,) number of the rota that each child-day has, and the rotas; ``UNRECORDED`` where nobody is on record.

    A night counts for the day on which it begins. The share of hours that people of fewer than ``SEEN_DAYS`` days have
    is nobody's, so weights may sum to less than 1. Raises CannotAnswer where no two adults are left.
    """
    shifts, span = shifts_today(days), days.risk.days
    person = _numbered(shifts)
    seen = np.unique(np.column_stack([person, shifts.day]), axis=0)[:, 0]
    often = np.bincount(seen, minlength=int(person.max(initial=-1)) + 1) >= SEEN_DAYS
    adults = int(often.sum())
    if adults < 2:
        raise CannotAnswer(
            f"the rota names {adults} adults who work {SEEN_DAYS} days or more in a home that children live in, and "
            "what differs between adults needs two",
            remedy="supply staff_shifts (of a simulated sector, simulate --shifts), or leave effects.adults out",
        )
    number = np.where(often, np.cumsum(often) - 1, adults)[person]  # one too far: nobody
    home = np.zeros(adults + 1, dtype=np.int64)
    home[number] = shifts.home
    hours = _hours(days, shifts)
    cell, rota = np.unique(shifts.home * span + shifts.day, return_inverse=True)
    share = hours / np.bincount(rota, hours)[rota]
    members, weight = _by_rota(rota, number, share, cell.size, adults)
    grid = np.full(len(days.risk.home_ids) * span, UNRECORDED)
    grid[cell] = np.arange(cell.size)
    index = days.of_home_days(grid.reshape(-1, span))
    notes += _told(share[number == adults].sum() / cell.size, float((index == UNRECORDED).mean()))
    ids = tuple(str(i) for i in range(1, adults + 1))
    of_rota = np.append(np.arange(cell.size), UNRECORDED)  # at the place of one unrecorded, the last, nobody
    return index, Membership(index=of_rota, ids=ids, members=members, weight=weight, home=home[:-1])


def _numbered(shifts: Shifts) -> np.ndarray:
    """(S,) a running number of each adult in each home, in the order of their first shifts."""
    code, names = pd.factorize(shifts.staff)
    order = np.argsort(shifts.day, kind="stable")
    person = np.empty(order.size, dtype=np.int64)
    person[order] = pd.factorize((shifts.home * max(len(names), 1) + code)[order])[0]
    return person


def _hours(days: Days, shifts: Shifts) -> np.ndarray:
    """(S,) seconds of each shift by an even clock; a shift that ends as it starts still counts for a little."""
    frame = days.tables["staff_shifts"].iloc[shifts.row]
    return np.maximum(elapsed(frame["end_time"]) - elapsed(frame["start_time"]), 1).astype(float)


def _by_rota(
    rota: np.ndarray, number: np.ndarray, share: np.ndarray, rotas: int, adults: int
) -> tuple[np.ndarray, np.ndarray]:
    """(P, M) adults of each rota, ``adults`` where a place is empty, and their shares of its hours."""
    key, at = np.unique(rota * (adults + 1) + number, return_inverse=True)
    total, which, who = np.bincount(at, share), key // (adults + 1), key % (adults + 1)
    held = who < adults
    total, which, who = total[held], which[held], who[held]
    first = np.searchsorted(which, np.arange(rotas))
    place = np.arange(which.size) - first[which]
    members = np.full((rotas, int(place.max(initial=0)) + 1), adults)
    weight = np.zeros(members.shape)
    members[which, place], weight[which, place] = who, total
    return members, weight


def _told(rare: float, unrecorded: float) -> list[str]:
    notes = []
    if rare > 0:
        notes.append(
            f"adults on fewer than {SEEN_DAYS} days, with {rare:.1%} of hours on duty, have no effect of theirs"
        )
    if unrecorded > 0:
        notes.append(f"nobody is on record for {unrecorded:.1%} of resident-days: no adult's effect is added there")
    return notes
