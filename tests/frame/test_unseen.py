"""Unseen residents: completed exposures against the whole world, and simulated histories against closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import missingmodels.frame.unseen as unseen_module
from missingmodels.errors import ConfigInvalid
from missingmodels.frame.columns.lives import Unseen
from missingmodels.frame.columns.of_peers.exposure import own_history
from missingmodels.frame.lately import SimulatedDays
from missingmodels.frame.riskset import NO_HOME, build_risk_set
from missingmodels.frame.rows import build_rows
from missingmodels.frame.unseen import (
    UnseenModel,
    _State,
    all_recent,
    coverage_bands,
    exposure_to,
    filled_share,
    hidden_places,
    mean_stay_days,
    none_recent,
    simulate_unseen,
    visible_recent,
    visible_residents,
    with_places,
)
from worlds import plan_of, remade, small_world

PLAN = {"models": ["M0", "M1"], "exposure": {"beside": ["peer_count", "peer_density"]}}
EXPOSURES = ("peer_presence", "peer_count", "peer_density", "no_peers", "peers_unseen")


@pytest.fixture(scope="module")
def world():
    return small_world(3, n_homes=12, days=120, recording={"unseen_children_share": 0.4})


def lately(risk, window, of):
    """(H, D, w) children of ``of`` with an onset in a home on the last 1, 2, … w days, and sums of their shares.

    By loops over onsets and days, each child by the latest of its onsets there.
    """
    count = np.zeros((len(risk.home_ids), risk.days, window))
    share = np.zeros(count.shape)
    for child in np.flatnonzero(of):
        onsets = np.flatnonzero(risk.onset_anywhere[child] & (risk.residence[child] != NO_HOME))
        for home, day in itertools.product(np.unique(risk.residence[child, onsets]), range(risk.days)):
            before = [d for d in onsets if risk.residence[child, d] == home and day - window <= d < day]
            if before:
                others = (risk.residence[:, before[-1]] == home).sum() - 1
                count[home, day, day - before[-1] - 1 :] += 1
                share[home, day, day - before[-1] - 1 :] += 1 / others if others else 0
    return count, share


@pytest.mark.parametrize("witnessed", [True, False])
def test_stating_who_is_unseen_gives_the_exposures_of_the_whole_world(world, witnessed):
    plan = plan_of(**PLAN).changed({"exposure.witnessed": witnessed})
    seen, whole = build_risk_set(world.tables, plan.frame), build_risk_set(world.happened, plan.frame)
    homes = [whole.home_ids.index(home) for home in seen.home_ids]
    count, share = lately(whole, 7, ~np.isin(whole.child_ids, seen.child_ids))
    truth = Unseen(
        residents=visible_residents(whole)[homes] - visible_residents(seen),
        recent=visible_recent(whole, 7)[homes] - visible_recent(seen, 7),
        count=count[homes],
        share=share[homes],
    )
    assert truth.residents.sum() > 0
    assert truth.recent.sum() > 0
    columns = {}
    for name, rows in (
        ("completed", build_rows(world.tables, seen, plan, unseen=truth, by_day=True)),
        ("whole", build_rows(world.happened, whole, plan, by_day=True)),
        ("recorded", build_rows(world.tables, seen, plan, by_day=True)),
    ):
        frame = rows.frame.assign(who=np.array(rows.child_ids)[rows.frame["child"]])
        columns[name] = frame.set_index(["who", "day"])[[*EXPOSURES, "onsets"]]
    same = columns["whole"].loc[columns["completed"].index]
    # nobody asks how long the record of a stated child is, so that flag alone may differ, and only downwards
    assert (columns["completed"].pop("peers_unseen") <= same.pop("peers_unseen")).all()
    assert columns["recorded"].pop("peers_unseen").mean() > 0.5
    np.testing.assert_allclose(columns["completed"], same)
    assert not np.allclose(columns["recorded"], same), "the test world hides nobody who matters"


def test_bounds_fill_every_hidden_place(world):
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    low, high = none_recent(risk, 7), all_recent(risk, 7)
    places = np.where(risk.occupancy_recorded, risk.occupancy, 0)
    np.testing.assert_array_equal(low.residents + np.minimum(visible_residents(risk), places), places)
    assert not low.recent.any()
    np.testing.assert_array_equal(high.recent, high.residents)


def test_coverage_bands_by_hand(world):
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    bands = coverage_bands(risk)
    assert sum(bands.values()) == pytest.approx(1)
    values = risk.coverage[visible_residents(risk) > 0]
    assert bands["over 0.75 to 1"] == pytest.approx(np.mean(values > 0.75))
    assert bands["over 0.25 to 0.5"] == pytest.approx(np.mean((values > 0.25) & (values <= 0.5)))


def test_share_filled(world):
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    # if the hidden places are filled so, the share filled of all places is as assumed
    rho = filled_share(risk, 0.8)
    filled = visible_residents(risk).sum() + rho * hidden_places(risk).sum()
    assert filled / risk.occupancy.sum() == pytest.approx(0.8)
    assert filled_share(risk, 0.01) == 0
    assert filled_share(risk, 1.0) == 1


def test_the_share_filled_is_that_of_a_whole_world_whose_occupancy_is_known():
    """A home is fuller than others on days when it holds a visible child; taking those days alone is 0.08 too low."""
    found, truth = [], []
    for seed in (5, 11, 12):
        world = small_world(seed, n_homes=30, days=300, recording={"unseen_children_share": 0.6})
        plan = plan_of(**PLAN)
        seen, whole = build_risk_set(world.tables, plan.frame), build_risk_set(world.happened, plan.frame)
        homes = [whole.home_ids.index(home) for home in seen.home_ids]
        everyone, visible = visible_residents(whole)[homes], visible_residents(seen)
        peers = visible > 0
        truth.append((everyone - visible)[peers].sum() / hidden_places(seen)[peers].sum())
        occupancy = visible_residents(whole).sum() / (world.happened["homes"]["places"].sum() * whole.days)
        found.append(filled_share(seen, occupancy))
    assert np.mean(found) == pytest.approx(np.mean(truth), abs=0.04)


def test_days_in_homes_without_recorded_places_are_left_out_and_counted(world):
    plan = plan_of(**PLAN)
    whole = build_risk_set(world.tables, plan.frame)
    homes = world.tables["homes"].copy()
    homes["places"] = homes["places"].where(homes["home_id"] != whole.home_ids[0])
    held, share = with_places(build_risk_set(remade(world.tables, {"homes": homes}), plan.frame))
    unknown = held.residence == 0
    assert share == pytest.approx(whole.days_at_risk[unknown].sum() / whole.days_at_risk.sum())
    assert 0 < share < 1
    np.testing.assert_array_equal(held.days_at_risk, np.where(unknown, 0, whole.days_at_risk))
    np.testing.assert_array_equal(held.onset, whole.onset & ~unknown)
    # what happened there stays history of the child, and of its peers
    np.testing.assert_array_equal(held.onset_anywhere, whole.onset_anywhere)
    assert with_places(whole)[1] == 0


def test_own_history_of_the_unseen_lag_by_lag(world):
    """An onset counts at the lags at which it counts for a visible child."""
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    model = settled(risk, stay_days=1e12, filled_share=1.0, history={"own_1_7": 1.0, "own_8_28": 10.0})
    state = _State(model, np.zeros(1, dtype=int), 1, np.random.default_rng(1))
    onset = np.zeros((1, 33), dtype=bool)
    onset[0, 0] = True
    far = np.full(onset.shape, 1000)
    expected = own_history(onset, far, far)
    state.happen(np.array([[True]]))
    for lag in range(1, 33):
        state.turn_over()
        gain = (state.log_rate() - state.own).item()
        assert gain == expected["own_1_7"][0, lag] + 10 * expected["own_8_28"][0, lag], lag


def settled(risk, **changes):
    """A model without history or peers, in which every home has one donor of rate 0.02 a day."""
    homes = len(risk.home_ids)
    values = {
        "filled_share": 0.6,
        "stay_days": 1e6,
        "home_log_rate": np.zeros((homes, risk.periods)),
        "donor_start": np.arange(homes),
        "donor_count": np.ones(homes, dtype=int),
        "donor_log_rate": np.full(homes, np.log(0.02)),
        "frailty": lambda n, rng: rng.gamma(0.5, 2.0, n),
        "history": {},
        "exposure": "peer_count",
        "peer": 0.0,
        "no_peers": 0.0,
        "window_days": 7,
        "witnessed": True,
    }
    return UnseenModel(**(values | changes))


def recent_share(risk, model, *, candidates=150, seed=1):
    found = simulate_unseen(risk, model, candidates=candidates, rng=np.random.default_rng(seed))
    after = slice(40, None)
    return sum(f.recent[:, after].sum() for f in found) / sum(f.residents[:, after].sum() for f in found)


def test_simulated_histories_against_closed_forms(world):
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    found = simulate_unseen(risk, settled(risk), candidates=150, rng=np.random.default_rng(1))
    total = sum(f.residents.sum() for f in found) / len(found)
    assert total / hidden_places(risk).sum() == pytest.approx(0.6, abs=0.03)
    # seven days without an onset, u integrated out: (1 + 7 λ / k)^-k
    expected = 1 - (1 + 7 * 0.02 / 0.5) ** -0.5
    assert recent_share(risk, settled(risk)) == pytest.approx(expected, abs=0.02)
    # stays that last 30 days: the share filled is the same
    found = simulate_unseen(risk, settled(risk, stay_days=30.0), candidates=60, rng=np.random.default_rng(2))
    total = sum(f.residents.sum() for f in found) / len(found)
    assert total / hidden_places(risk).sum() == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("share", [0.0, 0.9, 0.97, 0.995, 1.0])
def test_a_share_near_1_is_held_too(world, share):
    """Where every empty place filled within a day fills 20 in 21 only, some are filled again on the day."""
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    model = settled(risk, filled_share=share, stay_days=20.0)
    found = simulate_unseen(risk, model, candidates=60, rng=np.random.default_rng(3))
    total = sum(f.residents.sum() for f in found) / len(found)
    assert total / hidden_places(risk).sum() == pytest.approx(share, abs=0.004)


def test_history_peers_and_homes_move_the_unseen(world):
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    base = recent_share(risk, settled(risk), candidates=40)
    own = {"own_1_7": 1.0, "own_8_28": 0.5}
    assert recent_share(risk, settled(risk, history=own), candidates=40) > base * 1.2
    assert recent_share(risk, settled(risk, peer=1.5), candidates=40) > base * 1.2
    higher = np.full((len(risk.home_ids), risk.periods), 1.0)
    assert recent_share(risk, settled(risk, home_log_rate=higher), candidates=40) > base * 1.5


def test_nobody_is_drawn_where_no_place_is_hidden():
    whole = small_world(3, n_homes=6, days=60)
    risk = build_risk_set(whole.tables, plan_of(**PLAN).frame)
    found = simulate_unseen(risk, settled(risk), candidates=2, rng=np.random.default_rng(1))
    assert [f.residents.sum() for f in found] == [0, 0]


def test_exposure_to_counts():
    recent, share = np.array([0, 1, 2]), np.array([0, 0.5, 0.5])
    assert exposure_to("peer_presence", recent, share).tolist() == [0, 1, 1]
    assert exposure_to("peer_count", recent, share).tolist() == [0, 1, 2]
    assert exposure_to("peer_density", recent, share).tolist() == [0, 0.5, 0.5]
    with pytest.raises(ValueError, match="peer_network"):
        exposure_to("peer_network", recent, share)


@pytest.mark.parametrize("exposure", ["peer_count", "peer_density"])
def test_simulated_days_know_who_saw_whom_leave(world, exposure):
    """What an unseen child is exposed to, and what is kept of its onsets, against loops over who was there."""
    risk, window = build_risk_set(world.tables, plan_of(**PLAN).frame), 4
    model = settled(risk, stay_days=12.0, donor_log_rate=np.full(len(risk.home_ids), np.log(0.3)),
                    exposure=exposure, peer=0.5, window_days=window)  # fmt: skip
    met, stays = [], {}

    class Watched(SimulatedDays):
        def peers(self, day, state, present, others):
            found = super().peers(day, state, present, others)
            met.append((day, present.copy(), state.here.copy(), *(part.copy() for part in found)))
            return found

        def end(self, day, state, onset, others):
            stays[day] = (onset.copy(), others.copy(), state.place)
            super().end(day, state, onset, others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseen_module, "SimulatedDays", Watched)
        found = simulate_unseen(risk, model, candidates=2, rng=np.random.default_rng(5))
    place, checked = stays[0][2], 0
    for day, present, here, count, share in met[20:60]:
        for k, q in zip(*np.nonzero(present), strict=True):
            home, seen = place[q], {}
            for d in range(max(day - window, day - here[k, q]), day):
                onset, others, _ = stays[d]
                for other in np.flatnonzero((place == home) & onset[k]):
                    who = (other, d - met[d][2][k, other])  # a place's child is known by the day it came
                    if who != (q, day - here[k, q]):
                        seen["unseen", *who] = 1 / others[k, other] if others[k, other] else 0
                all_others = found[k].residents[home, d] + (risk.residence[:, d] == home).sum() - 1
                for child in np.flatnonzero(risk.onset_anywhere[:, d] & (risk.residence[:, d] == home)):
                    seen["visible", child] = 1 / all_others if all_others else 0
            assert count[k, q] == len(seen), (day, k, q)
            assert share[k, q] == pytest.approx(sum(seen.values()), abs=1e-9)
            checked += len(seen)
    assert checked > 200
    # and what is kept of it for the visible
    for k, day in itertools.product(range(2), range(30, 50)):
        for home in np.unique(place):
            for lag in range(1, window + 1):
                whose = {
                    (other, d - met[d][2][k, other])
                    for d in range(day - lag, day)
                    for other in np.flatnonzero((place == home) & stays[d][0][k])
                }
                assert found[k].count[home, day, lag - 1] == len(whose)


def test_mean_stay(world):
    risk = build_risk_set(world.tables, plan_of(**PLAN).frame)
    ends = sum(
        bool(home != NO_HOME and home != after) for row in risk.residence for home, after in itertools.pairwise(row)
    )
    assert mean_stay_days(risk) == pytest.approx((risk.residence != NO_HOME).sum() / ends)


@pytest.mark.parametrize(
    ("exposure", "words"),
    [
        ({"primary": "peer_kernel", "beside": []}, "one of peer_presence"),
        ({"moderation": "staff_ratio_within"}, "moderation"),
    ],
)
def test_plans_that_cannot_be_completed(exposure, words):
    with pytest.raises(ConfigInvalid, match=words):
        plan_of(exposure=exposure, frame={"coverage_rule": "model"})
    plan_of(exposure=exposure, frame={"coverage_rule": "keep"})


@pytest.mark.parametrize("rule", ["bound", "model"])
@pytest.mark.parametrize("effect", ["authority", "owner", "peer_slope_by_home"])
def test_effects_that_the_fast_engine_lacks_are_refused_before_anything_is_sampled(rule, effect):
    with pytest.raises(ConfigInvalid, match=f"does not know effects.{effect}"):
        plan_of(effects={effect: True}, frame={"coverage_rule": rule})
    plan_of(effects={effect: True}, frame={"coverage_rule": "keep"})
