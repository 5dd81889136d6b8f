"""Half-open day spans ``[start, end)`` on integer days since 1970-01-01. An empty span has ``end <= start``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]

# The day number of a date that is not recorded; far from any real day, and negative so that it sorts first.
UNRECORDED_DAY = np.iinfo(np.int64).min // 4


def to_day(dates: object) -> Days:
    """Day numbers of dates; unrecorded dates become ``UNRECORDED_DAY``."""
    values = np.asarray(dates, dtype="datetime64[D]")
    days = values.astype(np.int64)
    return np.where(np.isnat(values), UNRECORDED_DAY, days)


def to_date(days: object) -> NDArray[np.datetime64]:
    """Dates of day numbers; ``UNRECORDED_DAY`` becomes NaT."""
    values = np.asarray(days, dtype=np.int64)
    dates = values.astype("datetime64[D]")
    return np.where(values == UNRECORDED_DAY, np.datetime64("NaT", "D"), dates)


def clip(start: Days, end: Days, *, low: int | Days, high: int | Days) -> tuple[Days, Days]:
    """The part of each span inside ``[low, high)``; empty spans come back with end == start."""
    start = np.maximum(start, low)
    return start, np.maximum(np.minimum(end, high), start)


def count(start: Days, end: Days) -> Days:
    """Days in each span; an empty span has none."""
    return np.maximum(np.asarray(end) - np.asarray(start), 0)


def overlap(start: Days, end: Days, other_start: Days, other_end: Days) -> Days:
    """Days that each span shares with its partner."""
    return count(np.maximum(start, other_start), np.minimum(end, other_end))


def expand(start: Days, end: Days) -> tuple[Days, Days]:
    """Every day of every span: (index of the span, day), both of length ``count(start, end).sum()``."""
    length = count(start, end)
    which = np.repeat(np.arange(length.size), length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return which, np.asarray(start)[which] + offset


def subtract(start: int, end: int, holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of one span that no hole covers, in order. Holes may overlap and come in any order."""
    pieces, at = [], start
    for hole_start, hole_end in sorted(holes):
        if hole_end <= hole_start or hole_end <= at:
            continue
        if hole_start >= end:
            break
        if hole_start > at:
            pieces.append((at, hole_start))
        at = hole_end
    if at < end:
        pieces.append((at, end))
    return pieces


def overlapping_neighbours(key: NDArray, start: Days, end: Days) -> NDArray[np.bool_]:
    """True at each span that begins before an earlier span of the same key has ended.

    Rows may come in any order; the flag stands at the later span of each overlap.
    """
    if key.size == 0:
        return np.zeros(0, dtype=bool)
    code = np.unique(key, return_inverse=True)[1] if key.dtype.kind in "iu" else _codes(key)
    order = np.lexsort((end, start, code))
    k, s, e = code[order].astype(np.int64), np.asarray(start)[order], np.asarray(end)[order]
    # Each key gets a stretch of the number line of its own, so that one running maximum serves them all; an end past
    # the last start can be cut there, since starts alone are compared with it.
    low, high = int(s.min()), int(s.max())
    reach = np.maximum.accumulate(np.clip(e, low, high + 1) - low + k * (high - low + 2))
    flag = np.zeros(key.size, dtype=bool)
    same = k[1:] == k[:-1]
    flag[order[1:]] = same & (s[1:] - low + k[1:] * (high - low + 2) < reach[:-1])
    return flag


def _codes(key: NDArray) -> NDArray[np.int64]:
    """Whole numbers that stand for the values of an array; their order does not matter."""
    seen: dict[object, int] = {}
    return np.array([seen.setdefault(value, len(seen)) for value in key.tolist()], dtype=np.int64)
