"""What the simulator logged while it drew the outcomes is what the frame derives from the tables that it wrote."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.columns.lives import TieSpans
from missingmodels.frame.columns.of_peers.outside import outside_exposures
from missingmodels.frame.riskset import NO_HOME, build_risk_set
from missingmodels.intervals import UNRECORDED_DAY, to_day
from worlds import EXPOSURES, day_rows, exposures_of, plan_of, small_world

CASES = [
    (seed, window, exposure, witnessed)
    for seed, (window, exposure, witnessed) in enumerate(
        [
            (1, "peer_presence", False),
            (7, "peer_density", True),
            (10, "peer_network", True),
            (10, "peer_count", False),
            (7, "peer_presence", True),
        ]
    )
]
EXITS = {"exit_per_episode": 0.4}  # half of those who leave are moved on return, with the window still open


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"seed {case[0]}, {case[2]} over {case[1]} days")
def case(request):
    """A world under strong influence that moves children after episodes, the plan that reads it, and its risk set."""
    seed, window, exposure, witnessed = request.param
    contagion = {
        "exposure": exposure,
        "window_days": window,
        "log_rate_ratio": 0.3 if exposure == "peer_count" else 0.8,
        "witnessed": witnessed,
    }
    world = small_world(seed, n_homes=14, days=180, contagion=contagion, onset={"rate_per_year": 9.0}, dials=EXITS)
    # The simulator gives an onset on a moving day to the home entered; its stays are half-open like any span.
    plan = plan_of(
        exposure={
            "primary": exposure,
            "beside": [name for name in EXPOSURES if name != exposure],
            "window_days": window,
            "witnessed": witnessed,
        },
        frame={"boundary": "starting", "burn_in_days": 28},
    )
    return world, plan, build_risk_set(world.tables, plan.frame)


def logged(world, risk, name):
    """(C, D) a logged column, NaN on days without one."""
    log = world.exposure_log
    grid = np.full(risk.residence.shape, np.nan)
    at = pd.Index(risk.child_ids).get_indexer(log["child_id"])
    grid[at, to_day(log["date"]) - risk.first_day] = log[name]
    return grid


def tie_spans(tables, risk):
    frame, at = tables["ties"], pd.Index(risk.child_ids)
    end = to_day(frame["end_date"])
    return TieSpans(
        a=at.get_indexer(frame["child_a"]),
        b=at.get_indexer(frame["child_b"]),
        start=to_day(frame["start_date"]) - risk.first_day,
        end=np.where(end == UNRECORDED_DAY, risk.days, end - risk.first_day),
        strength=frame["strength"].to_numpy(),
    )


def test_the_log_holds_every_resident_day_once(case):
    world, _, risk = case
    assert not world.exposure_log.duplicated(["child_id", "date"]).any()
    np.testing.assert_array_equal(~np.isnan(logged(world, risk, "days_at_risk")), risk.residence != NO_HOME)


def test_days_at_risk(case):
    world, _, risk = case
    expected = np.nan_to_num(logged(world, risk, "days_at_risk"), nan=0.0)
    np.testing.assert_array_equal(risk.days_at_risk, expected)
    assert (expected == 0.5).sum() > 20
    assert ((expected == 0) & (risk.residence != NO_HOME)).sum() > 20


def test_exposures_of_every_resident_day(case):
    world, plan, risk = case
    asked, ties = plan.exposure, tie_spans(world.tables, risk)
    derived = exposures_of(risk, witnessed=asked.witnessed, window_days=asked.window_days, ties=ties)
    # the two definitions are told apart on many days, so that neither would pass for the other
    other = exposures_of(risk, witnessed=not asked.witnessed, window_days=asked.window_days, ties=ties)
    assert (derived["peer_presence"] != other["peer_presence"]).sum() > 100
    for name in (*EXPOSURES, "no_peers"):
        expected = np.nan_to_num(logged(world, risk, name), nan=0.0)
        np.testing.assert_allclose(derived[name], expected, rtol=1e-12, atol=1e-12, err_msg=name)
        assert np.unique(expected).size > 1, name


def test_exposures_of_the_rows_that_models_see(case):
    world, plan, risk = case
    frame = day_rows(world.tables, risk, plan).frame
    for name in (*EXPOSURES, "no_peers"):
        expected = logged(world, risk, name)[risk.days_at_risk > 0]
        np.testing.assert_allclose(frame[name], expected, rtol=1e-12, atol=1e-12, err_msg=name)


def test_onsets_reconcile_one_to_one(case):
    world, _, risk = case
    episodes = world.tables["missing_episodes"]
    expected = set(zip(episodes["child_id"], to_day(episodes["start_date"]) - risk.first_day, strict=True))
    assert len(expected) == len(episodes)
    found = {(risk.child_ids[i], d) for i, d in zip(*np.nonzero(risk.onset), strict=True)}
    assert found == expected
    assert risk.notes["onsets"] == risk.notes["episodes in the tables"] == len(episodes)


def test_residence_agrees_on_the_eighteenth_birthday():
    """From 2022 on, 18 years hold four leap days; from 2024, five. Either way the bed is given up on the birthday."""
    late = {"age_at_entry_mean_years": 16.5}
    world = small_world(0, n_homes=12, days=400, start_date="2022-04-01", children=late, onset={"rate_per_year": 9.0})
    risk = build_risk_set(world.tables, plan_of(frame={"boundary": "starting"}).frame)
    assert risk.notes["onsets"] == len(world.tables["missing_episodes"])
    np.testing.assert_array_equal(~np.isnan(logged(world, risk, "days_at_risk")), risk.residence != NO_HOME)


def test_an_onset_falls_only_on_a_day_at_risk_and_never_counts_for_its_own_day(case):
    world, plan, risk = case
    assert (risk.days_at_risk[risk.onset] > 0).all()
    # A joint departure without any earlier onset in the window exposes neither child.
    first = np.flatnonzero(risk.onset.any(axis=0))[0]
    presence = logged(world, risk, "peer_presence")
    assert np.nansum(presence[:, : first + 1]) == 0
    assert plan.exposure.window_days in (1, 7, 10)


# What acts along ties beyond the home, and a kernel: worlds in which former ties grow, fade, end and begin anew.
MOVING = {"move_share": 0.8, "stay_scale": 0.3}
BEYOND = {
    "former ties that fade within weeks": {
        "children": MOVING,
        "ties": {"decay_days": 25.0, "growth_days": 40.0},
        "contagion": {"outside_log_rate_ratio": 0.7, "window_days": 10},
    },
    "school and area besides, and a kernel within": {
        "children": {"move_share": 0.7},
        "homes": {"school_tie_share": 0.3, "area_tie_share": 0.3},
        "contagion": {
            "exposure": "peer_kernel",
            "kernel_days": 3.5,
            "log_rate_ratio": 0.4,
            "outside_log_rate_ratio": 0.7,
            "witnessed": False,
        },
    },
    "few homes, so that many meet again, and stays that episodes end": {
        "children": MOVING,
        "homes": {"count": 5, "school_tie_share": 0.2},
        "dials": {"exit_per_episode": 0.3},
        "contagion": {"exposure": "peer_kernel", "log_rate_ratio": 0.3, "outside_log_rate_ratio": 0.9},
    },
}


@pytest.fixture(scope="module", params=enumerate(BEYOND), ids=lambda case: case[1])
def beyond(request):
    """A world with influence along ties beyond the home, the plan that reads it, and its risk set."""
    seed, name = request.param
    world = small_world(seed, **{"n_homes": 20, "days": 220, "onset": {"rate_per_year": 9.0}} | BEYOND[name])
    contagion = BEYOND[name]["contagion"]
    plan = plan_of(
        exposure={
            "beside": ["peer_kernel"],
            "window_days": contagion.get("window_days", 7),
            "kernel_days": contagion.get("kernel_days", 5.77),
            "witnessed": contagion.get("witnessed", True),
            "outside": "outside_network",
        },
        frame={"boundary": "starting"},
    )
    return world, plan, build_risk_set(world.tables, plan.frame), contagion


def outside_of(world, plan, risk):
    return outside_exposures(
        risk.residence,
        risk.onset_anywhere,
        window_days=plan.exposure.window_days,
        known_days=risk.known_days,
        ties=tie_spans(world.tables, risk),
        witnessed=risk.witnessed if plan.exposure.witnessed else None,
    )


def test_exposures_along_ties_beyond_the_home(beyond):
    world, plan, risk, _ = beyond
    derived = outside_of(world, plan, risk)
    for name in ("outside_presence", "outside_network"):
        expected = np.nan_to_num(logged(world, risk, name), nan=0.0)
        np.testing.assert_allclose(derived[name], expected, rtol=1e-12, atol=1e-12, err_msg=name)
        assert (expected > 0).sum() > 300
    assert np.unique(derived["outside_network"]).size > 100
    # what is not logged hangs together with what is
    np.testing.assert_array_equal(derived["outside_count"] > 0, derived["outside_presence"] > 0)
    assert (derived["outside_count"] > 1).any()
    assert (derived["outside_density"] <= derived["outside_presence"]).all()
    assert not (derived["outside_network"] > 0)[derived["no_outside_ties"] > 0].any()


def test_the_kernel_over_peers(beyond):
    world, plan, risk, _ = beyond
    expected = logged(world, risk, "peer_kernel")[risk.days_at_risk > 0]
    rows = day_rows(world.tables, risk, plan).frame
    np.testing.assert_allclose(rows["peer_kernel"], expected, rtol=1e-12, atol=1e-12)
    assert expected.max() > 2
    expected = logged(world, risk, "outside_network")[risk.days_at_risk > 0]
    np.testing.assert_allclose(rows["outside_network"], expected, rtol=1e-12, atol=1e-12)


def test_former_ties_grow_fade_end_and_begin_anew():
    """The worlds above hold every turn that a former tie can take, those of a parting before day 0 included."""
    world = small_world(0, **{"n_homes": 20, "days": 220, "onset": {"rate_per_year": 9.0}} | BEYOND[next(iter(BEYOND))])
    ties = world.tables["ties"].sort_values("start_date")
    former = ties[ties["kind"] == "former"]
    spans = former.groupby(["child_a", "child_b"])
    assert (spans["strength"].apply(lambda s: (s.diff() < 0).any())).sum() > 20
    assert (spans["strength"].apply(lambda s: (s.diff() > 0).any())).any()  # met again and parted anew
    assert (former["start_date"] == world.tables.observed_from).sum() > 5
    home = ties[ties["kind"] == "home"].groupby(["child_a", "child_b"])
    assert (home["strength"].apply(lambda s: (s.diff() > 0).any())).sum() > 20
    last = world.tables["placements"].assign(end=lambda f: f["end_date"].fillna(world.tables.observed_to))
    leaves = last.groupby("child_id")["end"].max()
    ends = spans["end_date"].max()
    stays = np.minimum(leaves[ends.index.get_level_values(0)].to_numpy(), leaves[ends.index.get_level_values(1)])
    assert (ends.to_numpy() < stays.to_numpy()).sum() > 20  # faint before either child had left
