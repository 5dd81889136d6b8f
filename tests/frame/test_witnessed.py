"""Exposure to the onsets that a child was there to see, by hand and by the blind reading of the page.

Specification, section 3. Windows of three days, τ = 2; home and onset are drawn as text, a child a line and a day a
letter: `A` lives in home A, `a` lives there and leaves that day, `.` lives in no home, `!` leaves from no home.
"""

from __future__ import annotations

import numpy as np
import pytest

from blind import exposure as blind
from missingmodels.frame.columns.lives import Lives, PeerGrids, TieSpans
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.outside import outside_exposures
from missingmodels.frame.columns.of_peers.witnessed import Witnessed

WINDOW, TAU = 3, 2.0
NAMES = ("peer_presence", "peer_count", "peer_density", "peer_network", "peer_kernel", "no_peers", "peers_unseen")


def world_of(*lines: str, ties=(), hidden=0, record_starts=None, recorded=True):
    """What the drawing says, as the blind page reads it."""
    home = np.array([["ABC".find(letter.upper()) for letter in line] for line in lines])
    onset = np.array([[letter.islower() or letter == "!" for letter in line] for line in lines])
    visible = np.array([(home == h).sum(axis=0) for h in range(3)])
    return {
        "home": home, "onset": onset, "occupancy": visible + hidden, "window": WINDOW, "tau": TAU, "ties": list(ties),
        "recorded": np.broadcast_to(recorded, visible.shape), "record_starts": record_starts or [0] * len(lines),
    }  # fmt: skip


def spans(ties) -> TieSpans:
    a, b, start, end, strength = (np.array(part) for part in zip(*ties, strict=True))
    return TieSpans(a=a, b=b, start=start, end=end, strength=strength.astype(float))


def grids_of(data, *, witnessed=True):
    days = np.arange(data["home"].shape[1])
    given = PeerGrids(
        residence=data["home"],
        onset=data["onset"],
        window_days=data["window"],
        occupancy=data["occupancy"],
        occupancy_recorded=data["recorded"],
        known_days=np.maximum(days - np.array(data["record_starts"])[:, None], 0),
        lives=Lives.of(data["home"], 3),
        ties=spans(data["ties"]) if data["ties"] else None,
        kernel_days=data["tau"],
        kernel_known_days=6.0,
    )
    return peer_exposures(given, witnessed=witnessed)


def counts(*lines: str, witnessed=True) -> list[list[int]]:
    return grids_of(world_of(*lines), witnessed=witnessed)["peer_count"].astype(int).tolist()


def test_a_peer_who_is_moved_the_day_after_goes_on_counting():
    #               0123456789
    lines = ("AAAAAAAAAA", "AAaBBBBBBB", "BBBBBBBBBB")
    assert counts(*lines) == [[0, 0, 0, 1, 1, 1, 0, 0, 0, 0], [0] * 10, [0] * 10]
    # by who lives there it stops at once, and counts for whoever it comes to
    assert counts(*lines, witnessed=False) == [[0] * 10, [0] * 10, [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]]
    # one of two in the home when it left; that the other is alone by now makes it no more, and no less
    density = grids_of(world_of(*lines))["peer_density"][0]
    assert density.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    assert grids_of(world_of(*lines))["no_peers"][0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]


def test_density_is_settled_when_the_peer_leaves():
    # one of three others leaves and is moved, then another is moved who has not left, then two newcomers arrive
    lines = ("AAAAAAAAA", "AaBBBBBBB", "AAABBBBBB", "AAAAAAAAA", "BBBBAAAAA", "BBBBAAAAA")
    density = grids_of(world_of(*lines))["peer_density"][0]
    assert density.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0])
    by_today = grids_of(world_of(*lines), witnessed=False)["peer_density"][0]
    assert by_today.tolist() == [0] * 9


def test_a_newcomer_who_brings_an_episode_counts_for_nobody_there():
    lines = ("AAAAAAAA", "BBbAAAAA", "BBBBBBBB")
    assert counts(*lines) == [[0] * 8, [0] * 8, [0, 0, 0, 1, 1, 1, 0, 0]]
    assert counts(*lines, witnessed=False)[0] == [0, 0, 0, 1, 1, 1, 0, 0]
    # nor does one who left from nowhere
    assert counts("AAAAAAAA", "..!AAAAA")[0] == [0] * 8


def test_the_child_that_moves_takes_along_what_it_saw():
    assert counts("AAABBBBB", "AAaAAAAA")[0] == [0, 0, 0, 1, 1, 1, 0, 0]
    # both together, and both apart
    assert counts("AAABBBBB", "AAaBBBBB")[0] == [0, 0, 0, 1, 1, 1, 0, 0]
    assert counts("AAABBBBB", "AAaCCCCC")[0] == [0, 0, 0, 1, 1, 1, 0, 0]
    # on days outside homes there is no exposure, and the window goes on meanwhile
    assert counts("AAA.BBBB", "AAaAAAAA")[0] == [0, 0, 0, 0, 1, 1, 0, 0]


def test_a_child_that_comes_back_saw_what_it_saw_and_nothing_between():
    # both live in A on days 0-1 and 5-9; what 1 does on day 3, while 0 is in B, counts for nobody
    lines = ("AABBBAAAAA", "AaAaAAaAAA")
    assert counts(*lines)[0] == [0, 0, 1, 1, 1, 0, 0, 1, 1, 1]
    # not there on the day itself, as on a temporary absence, is not there
    assert counts("AA.AAAAA", "AAaAAAAA")[0] == [0] * 8
    assert counts("AAAAAAAA", "AA!AAAAA")[0] == [0] * 8


def test_several_onsets_of_one_child_are_one_peer_by_the_latest_that_was_seen():
    # 1 leaves as one of one other, then, with 2 there, as one of two
    lines = ("AAAAAAAAA", "AaAaAAAAA", "BBBAAAAAA")
    found = grids_of(world_of(*lines))
    assert found["peer_count"][0].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    assert found["peer_density"][0].tolist() == [0, 0, 1, 1, 0.5, 0.5, 0.5, 0, 0]
    one, two, three = (np.exp(-n / TAU) for n in (1, 2, 3))
    # the kernel holds both, and forgets neither
    assert found["peer_kernel"][0, :6] == pytest.approx([0, 0, one, two, one + three, two + np.exp(-4 / TAU)])


def test_two_who_leave_on_one_day_see_each_other_and_count_from_the_next_on():
    assert counts("AAaAAAAA", "AAaAAAAA") == [[0, 0, 0, 1, 1, 1, 0, 0]] * 2
    # one who is missing lives there still: 1 is away from day 1 on, and what 0 does meanwhile counts for it
    assert counts("AAaAAAAA", "AaAAAAAA")[1] == [0, 0, 0, 1, 1, 1, 0, 0]


def test_first_days_and_short_records():
    lines = ("AAAAAAAA", "AAAAAAAA", "...AAAAA")
    found = grids_of(world_of(*lines, record_starts=[0, 0, 5]))["peers_unseen"]
    # days 0-2 look back beyond the record; 2 lives there from day 3, on record from 5: days 3 and 4 are lacking until 7
    assert found[0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1]
    # of itself a child needs no record to be exposed
    assert found[2].tolist() == [0, 0, 0, 0, 0, 0, 0, 0]
    # a newcomer of short record hides nothing; by who lives there it does
    lines, starts = ("AAAAAAAA", "....AAAA"), [0, 4]
    assert grids_of(world_of(*lines, record_starts=starts))["peers_unseen"][0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    unwitnessed = grids_of(world_of(*lines, record_starts=starts), witnessed=False)["peers_unseen"][0]
    assert unwitnessed.tolist() == [0, 0, 0, 0, 1, 1, 1, 0]


def test_residents_who_are_not_in_the_data():
    home = np.zeros((3, 8), dtype=int)
    home[0, 4] = 1  # somebody unknown lives in A on day 4
    assert (
        grids_of(world_of("AAAAAAAA", "AAAAAAAA", hidden=home))["peers_unseen"][0].tolist() == [1] * 3 + [0] + [1] * 4
    )
    recorded = np.ones((3, 8), dtype=bool)
    recorded[0, 4] = False
    found = grids_of(world_of("AAAAAAAA", "AAaAAAAA", recorded=recorded))
    # on days 5 to 7 nobody knows of how many each was one
    np.testing.assert_array_equal(found["peer_density"][0], [0, 0, 0, 1, 1, np.nan, np.nan, np.nan])
    assert found["peers_unseen"][0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1]
    # one who comes to a home with strangers today cannot have missed what they did before, but lives with them now
    arrives = grids_of(world_of("BBBBAAAA", "AAAAAAAA", recorded=recorded))
    assert arrives["peers_unseen"][0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1]
    np.testing.assert_array_equal(arrives["peer_density"][0], [0] * 5 + [np.nan] * 3)


def test_network_is_by_the_ties_of_the_day_on_which_the_peer_left():
    # 0's ties: to 1 of strength 1, from day 3 on 5; to 2 of strength 3; and one to 3, who lives elsewhere
    ties = [(0, 1, 0, 3, 1.0), (1, 0, 3, 9, 5.0), (2, 0, 0, 9, 3.0), (0, 3, 0, 9, 9.0)]
    found = grids_of(world_of("AAAAAAAAA", "AAaBBBBBB", "AAAAAAAAA", "BBBBBBBBB", ties=ties))
    assert found["peer_network"][0].tolist() == [0, 0, 0, 0.25, 0.25, 0.25, 0, 0, 0]
    # without a tie to anybody there it is no exposure along ties
    assert found["peer_network"][2].tolist() == [0] * 9


def test_a_recent_peer_does_not_count_again_along_a_tie_beyond_the_home():
    data = world_of("AAAAAAAAAA", "AAaBBBBbBB", ties=[(0, 1, 3, 10, 1.0)])
    lives = Lives.of(data["home"], 3)
    settings = {"window_days": 3, "known_days": np.full(data["home"].shape, 99), "ties": spans(data["ties"])}
    seen = Witnessed.of(lives, data["onset"])
    found = outside_exposures(data["home"], data["onset"], **settings, witnessed=seen)
    # 1 leaves with 0 there on day 2, and from B on day 7
    assert found["outside_count"][0].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert found["no_outside_ties"][0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    by_anybody = outside_exposures(data["home"], data["onset"], **settings)
    assert by_anybody["outside_count"][0].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize("seed", range(6))
def test_against_the_blind_reading(seed):
    """Crowded days drawn at random: moves, absences, hidden residents, unrecorded homes, late records and ties."""
    rng = np.random.default_rng(seed)
    children, days = 9, 26
    home = np.repeat(rng.integers(-1, 3, (children, days // 2)), 2, axis=1)
    ties = []
    for _ in range(30):
        a, b = rng.choice(children, 2, replace=False)
        start = int(rng.integers(-3, days))
        ties.append((int(a), int(b), start, start + int(rng.integers(1, 12)), float(rng.random()) + 0.1))
    visible = np.array([(home == h).sum(axis=0) for h in range(3)])
    data = {
        "home": home, "onset": rng.random(home.shape) < 0.15, "window": int(rng.integers(1, 8)), "tau": TAU,
        "occupancy": visible + (rng.random(visible.shape) < 0.1), "recorded": rng.random(visible.shape) < 0.9,
        "record_starts": [int(start) for start in np.maximum(rng.integers(-9, 6, children), 0)], "ties": ties,
    }  # fmt: skip
    data["occupancy"] = np.where(data["recorded"], data["occupancy"], visible)
    found = grids_of(data)
    known = np.full(home.shape, 99)
    found |= outside_exposures(
        home, data["onset"], window_days=data["window"], known_days=known, ties=spans(ties),
        witnessed=Witnessed.of(Lives.of(home, 3), data["onset"]),
    )  # fmt: skip
    seen = 0
    for i, day in zip(*np.nonzero(home >= 0), strict=True):
        expected = blind.witnessed(data, i, day) | blind.outside(data, i, day)
        for name, value in expected.items():
            assert found[name][i, day] == pytest.approx(value, nan_ok=True, abs=1e-12), (name, i, day)
        seen += expected["peer_count"] > 1
    assert seen > 5
    for name in NAMES:
        assert (found[name][home < 0] == 0).all(), name


def test_where_nobody_moves_the_two_definitions_are_one():
    rng = np.random.default_rng(8)
    home = np.repeat(rng.integers(0, 3, 12)[:, None], 40, axis=1)
    ties = [(a, b, 0, 40, float(1 + a + b)) for a in range(12) for b in range(a)]
    data = world_of(*["A"] * 12, ties=ties) | {"home": home, "onset": rng.random(home.shape) < 0.1}
    data["occupancy"] = np.array([(home == h).sum(axis=0) for h in range(3)])
    data["recorded"] = np.ones((3, 40), dtype=bool)
    one, other = grids_of(data), grids_of(data, witnessed=False)
    for name in ("peer_presence", "peer_count", "peer_density", "peer_network", "peer_kernel", "no_peers"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-12, err_msg=name)
    assert one["peer_count"].max() > 2
