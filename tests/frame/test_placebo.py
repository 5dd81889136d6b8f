"""Exposures and outcomes that stand in for the real ones, against loops over every child, peer and day."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.frame import placebo
from missingmodels.frame.riskset import NO_HOME, RiskSet, build_risk_set
from missingmodels.frame.rows import build_rows
from missingmodels.tables import Tables
from worlds import exposures_of, plan_of, small_world

WINDOW = 7


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Few homes, short stays and many moves, so that children part and meet again."""
    return small_world(
        3, n_homes=5, days=150, children={"stay_scale": 0.25, "move_share": 0.9}, onset={"rate_per_year": 12.0}
    ).tables


@pytest.fixture(scope="module")
def risk(tables: Tables) -> RiskSet:
    return build_risk_set(tables, plan_of().frame)


def by_hand(children: int, days: int, residence: list[list[int]], onsets: list[tuple[int, int]]) -> RiskSet:
    """A risk set of a few children and days; every day at home is at risk, and all is recorded."""
    lives = np.array(residence)
    onset = np.zeros((children, days), dtype=bool)
    for child, day in onsets:
        onset[child, day] = True
    homes = int(lives.max()) + 1
    arrival = np.zeros(lives.shape, dtype=int)
    for child in range(children):
        since = 0
        for day in range(days):
            since = since + 1 if day and lives[child, day] == lives[child, day - 1] else 0
            arrival[child, day] = since
    return RiskSet(
        child_ids=tuple(f"c{i}" for i in range(children)),
        home_ids=tuple(f"h{i}" for i in range(homes)),
        first_day=0,
        period_days=28,
        cell_days=28,
        residence=lives,
        stay=np.zeros(lives.shape, dtype=int),
        since_arrival=arrival,
        days_at_risk=(lives >= 0).astype(float),
        onset=onset & (lives >= 0),
        onset_anywhere=onset,
        missing=onset,
        same_day_repeats=np.zeros(lives.shape, dtype=int),
        joint=np.zeros(lives.shape, dtype=bool),
        known_days=np.broadcast_to(np.arange(days), lives.shape),
        out_of_area=np.zeros(lives.shape),
        occupancy=np.ones((homes, days)),
        occupancy_recorded=np.ones((homes, days), dtype=bool),
        coverage=np.ones((homes, days)),
        before_window=np.zeros(days, dtype=bool),
        notes={},
    )


def had_onset(risk: RiskSet, child: int, first: int, last: int) -> bool:
    return bool(risk.onset_anywhere[child, max(first, 0) : max(last + 1, 0)].any())


def test_recency_over_the_plans_window_is_the_presence_of_a_recent_peer(risk: RiskSet) -> None:
    for witnessed in (True, False):
        exposures = exposures_of(risk, witnessed=witnessed, window_days=WINDOW)
        grid = placebo.lagged_presence(risk, first_lag=1, last_lag=WINDOW, witnessed=witnessed)
        assert grid.sum() > 100
        assert np.array_equal(grid, exposures["peer_presence"])


def test_lags_part_the_days_before() -> None:
    together = by_hand(2, 20, [[0] * 20, [0] * 20], [(1, 5)])
    early = placebo.lagged_presence(together, first_lag=1, last_lag=3, witnessed=False)
    later = placebo.lagged_presence(together, first_lag=4, last_lag=7, witnessed=False)
    assert np.flatnonzero(early[0]).tolist() == [6, 7, 8]
    assert np.flatnonzero(later[0]).tolist() == [9, 10, 11, 12]
    assert not early[1].any()  # never exposed to oneself


def test_a_similar_home_is_another_home_and_the_most_alike(tables: Tables, risk: RiskSet) -> None:
    partner = placebo.similar_homes(tables, risk)
    homes = tables["homes"].drop_duplicates("home_id", keep="last").set_index("home_id").loc[list(risk.home_ids)]
    places, authority = homes["places"].to_numpy(dtype=float), homes["authority"].to_numpy()
    residents = np.array([(risk.residence == h).sum() / risk.days for h in range(len(risk.home_ids))])
    for home, chosen in enumerate(partner):
        assert chosen != home
        distance = [
            abs(places[o] - places[home])
            + abs(residents[o] - residents[home])
            + placebo.OTHER_AUTHORITY * (authority[o] != authority[home])
            for o in range(len(partner))
            if o != home
        ]
        assert distance[chosen - (chosen > home)] == pytest.approx(min(distance))


def test_one_home_has_no_similar_one(tables: Tables) -> None:
    alone = by_hand(2, 10, [[0] * 10, [0] * 10], [(1, 5)])
    assert placebo.similar_homes(tables, alone).tolist() == [-1]
    assert not placebo.pseudo_peers(alone, np.array([-1]), window_days=WINDOW, witnessed=False).any()


def test_pseudo_peers_live_in_the_partner_home_and_never_lived_with_the_child(tables: Tables, risk: RiskSet) -> None:
    partner = placebo.similar_homes(tables, risk)
    grid = placebo.pseudo_peers(risk, partner, window_days=WINDOW, witnessed=False)
    children, days = risk.residence.shape
    ever = {
        (i, j)
        for i in range(children)
        for j in range(children)
        if i != j and ((risk.residence[i] == risk.residence[j]) & (risk.residence[i] != NO_HOME)).any()
    }
    left_out = 0
    for day in range(0, days, 7):
        for i in np.flatnonzero(risk.residence[:, day] != NO_HOME):
            there = partner[risk.residence[i, day]]
            residents = np.flatnonzero(risk.residence[:, day] == there)
            strangers = [j for j in residents if (i, j) not in ever]
            left_out += len(residents) - len(strangers)
            assert grid[i, day] == any(had_onset(risk, j, day - WINDOW, day - 1) for j in strangers), (i, day)
    assert left_out > 10  # or the rule was never at work


def test_former_and_future_peers_never_overlap_in_time(risk: RiskSet) -> None:
    reach = 60
    grids = placebo.former_and_future_peers(risk, window_days=WINDOW, reach_days=reach)
    children = len(risk.child_ids)
    counts = dict.fromkeys(grids, 0)
    together = {
        (i, j): np.flatnonzero((risk.residence[i] == risk.residence[j]) & (risk.residence[i] != NO_HOME))
        for i in range(children)
        for j in range(children)
        if i != j
    }
    for i in range(children):
        for day in np.flatnonzero(risk.residence[i] != NO_HOME)[::3]:
            expected = dict.fromkeys(grids, False)
            for j in range(children):
                if i == j or not together[i, j].size or risk.residence[j, day] in (NO_HOME, risk.residence[i, day]):
                    continue
                before, after = together[i, j][together[i, j] < day], together[i, j][together[i, j] > day]
                recent = had_onset(risk, j, day - WINDOW, day - 1)
                if before.size and WINDOW < day - before.max() <= reach:
                    expected["former_held"] = True
                    expected["peer_former"] |= recent
                if not before.size and after.size and after.min() - day <= reach:
                    expected["future_held"] = True
                    expected["peer_future"] |= recent
            for name, value in expected.items():
                counts[name] += value
                assert grids[name][i, day] == value, (name, i, day)
    assert min(counts.values()) > 5, counts


def test_an_onset_while_still_together_is_no_former_peers() -> None:
    """Child 1 leaves on day 10; its onset of day 9 was a peer's, that of day 12 a former peer's, seen from day 17."""
    residence = [[0] * 30, [0] * 10 + [1] * 20, [1] * 30]
    parted = by_hand(3, 30, residence, [(1, 9), (1, 12), (1, 20)])
    grids = placebo.former_and_future_peers(parted, window_days=WINDOW, reach_days=100)
    assert np.flatnonzero(grids["former_held"][0]).tolist() == list(range(17, 30))
    assert np.flatnonzero(grids["peer_former"][0]).tolist() == [17, 18, 19, 21, 22, 23, 24, 25, 26, 27]
    assert np.flatnonzero(grids["future_held"][2]).tolist() == list(range(10))
    assert not grids["peer_future"][2].any()  # it had no onset before day 9, and on day 10 they live together


def test_departures_are_last_days_of_stays() -> None:
    residence = [[0] * 5 + [1] * 5, [0] * 3 + [NO_HOME] * 2 + [0] * 5]
    stays = by_hand(2, 10, residence, [])
    ends = placebo.departures(stays)
    assert np.argwhere(ends).tolist() == [[0, 4], [1, 2]]
    away = stays.since_arrival.copy()
    away[1, 5:] = np.arange(5, 10)  # a temporary absence: the stay goes on as if never broken
    assert np.argwhere(placebo.departures(replace(stays, since_arrival=away))).tolist() == [[0, 4]]


def test_another_outcome_leaves_exposure_and_history_alone(tables: Tables, risk: RiskSet) -> None:
    plan = plan_of()
    other = placebo.with_outcome(risk, placebo.departures(risk))
    real, swapped = build_rows(tables, risk, plan, by_day=True), build_rows(tables, other, plan, by_day=True)
    same = [name for name in real.frame if name not in ("onsets", "days")]
    assert real.frame[same].equals(swapped.frame[same])
    assert real.frame["onsets"].sum() != swapped.frame["onsets"].sum()
    assert swapped.frame["onsets"].sum() == int((placebo.departures(risk) & (risk.days_at_risk > 0)).sum())


def test_joint_departures_leave_outcome_and_risk_but_not_recency(risk: RiskSet) -> None:
    assert risk.joint.any()
    without = placebo.without_joint_departures(risk)
    assert not without.onset[risk.joint].any()
    assert not without.days_at_risk[risk.joint].any()
    assert np.array_equal(without.onset[~risk.joint], risk.onset[~risk.joint])
    assert np.array_equal(without.onset_anywhere, risk.onset_anywhere)


def test_rows_by_day_add_up_to_the_rows(tables: Tables, risk: RiskSet) -> None:
    plan = plan_of()
    extra = {"peer_lag": placebo.lagged_presence(risk, first_lag=8, last_lag=14, witnessed=True)}
    rows = build_rows(tables, risk, plan, extra=extra).frame
    days = build_rows(tables, risk, plan, extra=extra, by_day=True).frame
    assert len(days) == int((risk.days_at_risk > 0).sum())
    for name in ("onsets", "days", "days_at_risk"):
        assert days[name].sum() == pytest.approx(rows[name].sum())
        by_exposure = days.groupby("peer_lag")[name].sum()
        assert by_exposure.to_numpy() == pytest.approx(rows.groupby("peer_lag")[name].sum().to_numpy())


def test_reassigned_residents_live_on_their_own_days_with_none_of_their_own() -> None:
    rng = np.random.default_rng(2)
    homes, days = 12, 60
    stays = rng.integers(-1, homes, (36, days // 10))  # of ten days each, some out of all homes
    risk = SimpleNamespace(residence=np.repeat(stays, 10, axis=1), home_ids=tuple("abcdefghijkl"))
    false = placebo.reassigned(risk, np.random.default_rng(3))
    assert false is not None
    lives = risk.residence >= 0
    np.testing.assert_array_equal(false >= 0, lives)
    met = 0
    for day in range(days):
        here = np.flatnonzero(lives[:, day])
        truly = risk.residence[here, day][:, None] == risk.residence[here, day]
        falsely = false[here, day][:, None] == false[here, day]
        np.fill_diagonal(falsely, False)
        assert not (truly & falsely).any(), "nobody meets anybody of the own home"
        met += int(falsely.sum())
    assert met > 0.5 * sum(np.square(np.bincount(d[d >= 0])).sum() - (d >= 0).sum() for d in risk.residence.T)
    whole = lives[:, 1:] & lives[:, :-1] & (risk.residence[:, 1:] == risk.residence[:, :-1])
    assert (false[:, 1:] == false[:, :-1])[whole].all(), "a stay is not broken"
    assert (placebo.reassigned(risk, np.random.default_rng(4)) != false).any()


def test_seats_by_hand_and_no_reassignment_where_homes_are_too_few() -> None:
    """A seat is taken again once its child has left; the third child comes while two are there."""
    residence = np.array([[0, 0, 0, -1, -1, 0], [0, 0, 0, 0, 0, 0], [-1, 0, 0, 0, 1, 1], [-1, -1, -1, 0, 0, 0]])
    risk = SimpleNamespace(residence=residence, home_ids=("g", "h"))
    seats = placebo._seats(risk)
    assert seats[0, :3].tolist() == [0, 0, 0]
    assert (seats[1], seats[2, 1:4].tolist(), seats[2, 4:].tolist()) == (pytest.approx(1), [2, 2, 2], [0, 0])
    assert seats[3, 3:].tolist() == [0, 0, 0]
    assert seats[0, 5] == 2, "the first child comes back to the seat that the third left"
    assert placebo.reassigned(risk, np.random.default_rng(1)) is None
