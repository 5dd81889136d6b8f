"""Children and homes behind the cells of figures: entries of ``Evidence.support``, for who judges what may leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from missingmodels.evidence.support import shares_of_largest
from missingmodels.evidence.timing import GAPS, LAGS, PARTS, Places, Whole


def cell_name(part: str, name: str) -> str:
    """What a cell is called in place of a column."""
    return f"{part} {name}"


def behind_cells(
    part: str, bins: Sequence[str], at: Whole, child: Whole, home: Whole, many: Whole | None = None
) -> list[dict[str, Any]]:
    """One entry a bin of N events (``many`` at each if not one), each in the bin ``at`` which it lies: who had any."""
    count = np.ones(at.size) if many is None else many.astype(float)
    found = []
    for i, name in enumerate(bins):
        here = (at == i) & (count > 0)
        who = {"children": child[here], "homes": home[here]}
        sizes = {unit: int(np.unique(units).size) for unit, units in who.items()}
        found.append({"column": cell_name(part, name)} | sizes | shares_of_largest(who, count[here]))
    return found


def behind_timing(places: Places, onset: Whole) -> list[dict[str, Any]]:
    """Entries of the cells of ``timing`` for the onsets (N,) of its days; the dispersion has none, it is of all."""
    here = np.flatnonzero(onset & places.counted)
    child, home, day = places.child[here], places.home[here], places.day[here]
    order = np.lexsort((day, child))
    gap, same = np.diff(day[order]), np.diff(child[order]) == 0
    later = order[1:][same]
    found = behind_cells("gaps", PARTS["gaps"], _bin(gap[same], GAPS), child[later], home[later])
    one, other = _near(child, home, day)
    both = np.concatenate([one, other])
    apart = np.tile(np.abs(day[one] - day[other]), 2)
    found += behind_cells("pairs", PARTS["pairs"], _bin(apart, LAGS), child[both], home[both])
    for name, of_day in (("arrival", places.arrival), ("tenths_of_columns", places.tenth)):
        found += behind_cells(name, PARTS[name], of_day[here], child, home)
    return found


def _bin(days: Whole, edges: Sequence[tuple[int, int]]) -> Whole:
    """(N,) which of the spans of days each lies in; -1 for none."""
    at = np.full(days.size, -1)
    for i, (low, high) in enumerate(edges):
        at[(days >= low) & (days <= high)] = i
    return at


def _near(child: Whole, home: Whole, day: Whole) -> tuple[Whole, Whole]:
    """Pairs of onsets of two children in one home that lie within the longest lag, as indices."""
    order = np.lexsort((day, home))
    first, second = [np.zeros(0, dtype=int)], [np.zeros(0, dtype=int)]
    for step in range(1, day.size):
        one, other = order[:-step], order[step:]
        near = (home[one] == home[other]) & (day[other] - day[one] <= LAGS[-1][1])
        if not near.any():
            break
        near &= child[one] != child[other]
        first.append(one[near])
        second.append(other[near])
    return np.concatenate(first), np.concatenate(second)
