"""Exposure along ties beyond the home and the kernel over peers, by hand and under what must not matter."""

from __future__ import annotations

import numpy as np
import pytest

import missingmodels.frame.columns.of_peers.outside as outside_module
from missingmodels.frame.columns.lives import Lives, PeerGrids, TieSpans, fading
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.outside import outside_exposures

DAYS = 6
# Children 0 and 1 in home 0, 2 in home 1, which moves to home 0 on day 4; 3 in home 2 from day 2; 4 never in a home.
RESIDENCE = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [-1, -1, 2, 2, 2, 2],
        [-1, -1, -1, -1, -1, -1],
    ]
)
# 1 leaves on day 0; 2 on days 1 and 3; 3 on day 3; 4 on day 1.
ONSET = np.array(
    [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0]], dtype=bool
)
KNOWN = np.array([[9] * DAYS, [9] * DAYS, [9] * DAYS, [0, 1, 2, 3, 4, 5], [9] * DAYS])


def spans(rows):
    a, b, start, end, strength = zip(*rows, strict=True)
    whole = {"a": np.array(a), "b": np.array(b), "start": np.array(start), "end": np.array(end)}
    return TieSpans(**whole, strength=np.array(strength, dtype=float))


# 0 with 2, by two kinds; with 3 from before the window to day 5; with 1, who lives there too; with 4, who lives nowhere
TIES = [(0, 2, 0, 6, 0.5), (2, 0, 1, 4, 0.25), (0, 3, -3, 5, 0.75), (0, 1, 0, 6, 4.0), (0, 4, 0, 6, 4.0)]


def outside(ties=None, **change):
    values = {"window_days": 2, "known_days": KNOWN, "ties": spans(TIES) if ties is None else ties}
    return outside_exposures(RESIDENCE, ONSET, **values | change)


def test_one_child_by_hand():
    """Child 0. Days 0 and 1: 2 is its one outside peer. Day 2 and 3: 2 (recent since 1) and 3. Day 4: 3 alone, recent
    since 3, for 2 now lives in home 0. Day 5: nobody, for the tie with 3 has ended."""
    found = outside()
    expected = {
        "outside_presence": [0, 0, 1, 1, 1, 0],
        "outside_count": [0, 0, 1, 1, 1, 0],
        "outside_density": [0, 0, 1 / 2, 1 / 2, 1, 0],
        "outside_network": [0, 0, 0.75 / 1.5, 0.75 / 1.5, 1, 0],
        "no_outside_ties": [0, 0, 0, 0, 0, 1],
        # 3's record begins on day 0 and is two days long on day 2
        "outside_unseen": [0, 0, 0, 0, 0, 0],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name][0], values, err_msg=name)
    # a wider window: on days 2 (record of 2 days) and later (3, 4) child 3 is seen by 3 days only from day 3 on
    assert outside(window_days=3)["outside_unseen"][0].tolist() == [0, 0, 1, 0, 0, 0]


def test_ties_run_both_ways_and_a_child_in_no_home_has_no_exposure():
    found = outside()
    # 2's outside peer is 0, who never left; 1 and 4 have no outside peer on any day, and 4 lives nowhere
    assert found["outside_presence"][2].tolist() == [0] * 6
    assert found["no_outside_ties"][2].tolist() == [0, 0, 0, 0, 1, 1]
    assert found["no_outside_ties"][1].tolist() == [1] * 6
    for name, grid in found.items():
        assert (grid[4] == 0).all(), name
        assert (grid[3, :2] == 0).all(), name
    other = outside(spans([(1, 2, 0, 6, 1.0)]))
    # 1 left on day 0, so 2 is exposed on days 1 and 2; 2 left on days 1 and 3, so 1 is on 2 and 3, then they co-reside
    assert other["outside_presence"][2].tolist() == [0, 1, 1, 0, 0, 0]
    assert other["outside_presence"][1].tolist() == [0, 0, 1, 1, 0, 0]


def cut(rows):
    """The same ties as spans of one day each."""
    return [(a, b, day, day + 1, strength) for a, b, start, end, strength in rows for day in range(start, end)]


@pytest.mark.parametrize(
    "rows",
    [TIES[::-1], [(b, a, *rest) for a, b, *rest in TIES], cut(TIES), [*TIES, (1, 3, 4, 4, 9.0)]],
    ids=["order", "direction", "split spans", "an empty span"],
)
def test_how_ties_are_written_does_not_matter(rows):
    expected, found = outside(), outside(spans(rows))
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("at_once", [1, 3, 7])
def test_how_many_ties_are_unfolded_at_once_does_not_matter(monkeypatch, at_once):
    rng = np.random.default_rng(at_once)
    children, days = 30, 40
    residence = rng.integers(-1, 5, (children, days))
    onset = rng.random((children, days)) < 0.1
    a, b = rng.integers(0, children, (2, 200))
    start = rng.integers(-5, days, 200)
    ties = TieSpans(
        a=a[a != b], b=b[a != b], start=start[a != b], end=start[a != b] + 9, strength=rng.random((a != b).sum())
    )
    settings = {"window_days": 4, "known_days": np.full((children, days), 99), "ties": ties}
    expected = outside_exposures(residence, onset, **settings)
    monkeypatch.setattr(outside_module, "TIE_DAYS_AT_ONCE", at_once)
    found = outside_exposures(residence, onset, **settings)
    for name, grid in expected.items():
        np.testing.assert_allclose(found[name], grid, rtol=1e-12, err_msg=name)
    assert (expected["outside_count"] > 1).any()


def test_no_ties_at_all():
    none = TieSpans(**{name: np.zeros(0, dtype=np.int64) for name in TieSpans.__dataclass_fields__})
    found = outside(none)
    assert found["no_outside_ties"].tolist() == (RESIDENCE >= 0).astype(float).tolist()
    assert all((found[name] == 0).all() for name in found if name != "no_outside_ties")


def test_the_kernel_by_hand():
    """τ = 2: child 2 left on days 1 and 3, so on day 4 it brings exp(-3/2) + exp(-1/2) to its new home."""
    one, two, three = np.exp(-0.5), np.exp(-1.0), np.exp(-1.5)
    np.testing.assert_allclose(fading(ONSET, kernel_days=2.0)[2], [0, 0, one, two, three + one, np.exp(-2.0) + two])
    occupancy = np.array([np.equal(RESIDENCE, home).sum(axis=0) for home in range(3)])
    known = np.where(np.arange(5)[:, None] == 2, np.arange(DAYS), 9)
    given = PeerGrids(
        residence=RESIDENCE,
        onset=ONSET,
        window_days=2,
        occupancy=occupancy,
        occupancy_recorded=np.ones(occupancy.shape, dtype=bool),
        known_days=known,
        lives=Lives.of(RESIDENCE, 3),
        kernel_days=2.0,
        kernel_known_days=4.5,
    )
    found = peer_exposures(given, witnessed=False)
    # 2 moves in with a record of 4 days, and the kernel asks for 4 and a half
    expected = np.zeros((5, DAYS))
    expected[:2, 4] = 1
    np.testing.assert_array_equal(found["kernel_unseen"], expected)
    assert (found["peers_unseen"] == 0).all()
    found = found["peer_kernel"]
    # 0 lives with 1, who left on day 0, and from day 4 on with 2
    of_one = [np.exp(-day / 2) for day in range(1, 6)]
    expected = [0, *of_one[:3], of_one[3] + three + one, of_one[4] + np.exp(-2.0) + two]
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(found[1], [0, 0, 0, 0, three + one, np.exp(-2.0) + two])
    assert found[3].tolist() == found[4].tolist() == [0] * 6
