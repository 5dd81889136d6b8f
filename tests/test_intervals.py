"""Half-open day spans against plain sets of days."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from missingmodels import intervals
from missingmodels.intervals import UNRECORDED_DAY

DAY = st.integers(-30, 30)
SPANS = st.lists(st.tuples(DAY, DAY), max_size=8)


def days(start: int, end: int) -> set[int]:
    return set(range(start, end))


def columns(spans: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(spans, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


@given(DAY, DAY, SPANS)
@example(0, 10, [(5, 2)])  # a hole that ends before it starts is none
@example(0, 10, [(3, 5), (5, 7), (4, 6)])
def test_subtract(start, end, holes):
    pieces = intervals.subtract(start, end, holes)
    left = days(start, end).difference(*(days(*hole) for hole in holes))
    assert set().union(*(days(*piece) for piece in pieces)) == left
    assert all(a < b for a, b in pieces), "no piece is empty"
    assert all(one[1] < other[0] for one, other in pairwise(pieces)), "in order; two that touch would be one"


@given(SPANS)
def test_expand_and_count(spans):
    start, end = columns(spans)
    which, day = intervals.expand(start, end)
    assert list(zip(which, day, strict=True)) == [(i, d) for i, span in enumerate(spans) for d in sorted(days(*span))]
    assert intervals.count(start, end).tolist() == [len(days(*span)) for span in spans]


@given(st.lists(st.tuples(DAY, DAY, DAY, DAY), max_size=8))
def test_overlap(pairs):
    a, b, c, d = np.array(pairs, dtype=np.int64).reshape(-1, 4).T
    expected = [len(days(p, q) & days(r, s)) for p, q, r, s in pairs]
    assert intervals.overlap(a, b, c, d).tolist() == expected


@given(SPANS, DAY, DAY)
def test_clip(spans, low, high):
    start, end = intervals.clip(*columns(spans), low=low, high=high)
    assert (end >= start).all()
    for i, span in enumerate(spans):
        assert days(int(start[i]), int(end[i])) == days(*span) & days(low, high)


@given(st.lists(st.tuples(st.sampled_from("ab"), DAY, st.integers(1, 10)), max_size=8), st.randoms())
def test_overlapping_neighbours(rows, random):
    random.shuffle(rows)
    key = np.array([k for k, _, _ in rows], dtype=object)
    start = np.array([s for _, s, _ in rows], dtype=np.int64)
    end = start + np.array([length for *_, length in rows], dtype=np.int64)
    flag = intervals.overlapping_neighbours(key, start, end)
    for k in "ab":
        mine = [i for i in range(len(rows)) if key[i] == k]
        covered = [d for i in mine for d in days(int(start[i]), int(end[i]))]
        assert any(flag[i] for i in mine) == (len(covered) > len(set(covered)))
        # Without the flagged spans no two share a day.
        kept = [d for i in mine if not flag[i] for d in days(int(start[i]), int(end[i]))]
        assert len(kept) == len(set(kept))


def test_a_long_span_hides_later_overlaps_from_no_one():
    start, end = columns([(0, 10), (1, 2), (5, 6)])
    assert intervals.overlapping_neighbours(np.array(list("aaa")), start, end).tolist() == [False, True, True]


def test_days_and_dates():
    dates = np.array(["1970-01-01", "2024-02-29", "NaT", "1969-12-31"], dtype="datetime64[D]")
    day = intervals.to_day(dates)
    assert day.tolist() == [0, 19782, UNRECORDED_DAY, -1]
    np.testing.assert_array_equal(intervals.to_date(day), dates)
    assert intervals.to_day(np.array(["2024-02-29T23:59:59"], dtype="datetime64[s]")).tolist() == [19782]
