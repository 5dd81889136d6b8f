"""The simulated world: its seeds, its tables, its onsets and durations, and the labels of its truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from worlds import day_rows, plan_of, scenario_of, small_world

from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.intervals import to_day
from missingmodels.plan import Plan
from missingmodels.provenance import stream
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.sources import card
from missingmodels.tables import check_tables

# Beyond 4 standard errors lies 1 true value in 16,000; seeds are fixed, so a pass stays a pass.
STANDARD_ERRORS = 4

NO_EFFECTS = dict.fromkeys(
    (
        "age_years male need_score exploitation_risk out_of_area own_1_7 own_8_28 arrival_0_6 arrival_7_27 arrival_28_89"
        " staff_ratio_between staff_ratio_within turnover_between turnover_within mix_need_between mix_need_within"
    ).split(),
    0.0,
)
PLAIN = NO_EFFECTS | {"home_sd": 0.0, "home_period_sd": 0.0, "frailty_shape": 1e9}
NO_CONTAGION = {"log_rate_ratio": 0.0}
SETTLED = ("children", "placements", "homes", "staff_periods", "staff_spells", "ties")


def assert_same_tables(one, other, names):
    for name in names:
        pd.testing.assert_frame_equal(one.tables[name], other.tables[name], obj=name)


def test_same_seed_same_world_and_another_seed_another_world():
    one, same, other = small_world(3), small_world(3), small_world(4)
    assert_same_tables(one, same, one.tables.frames)
    pd.testing.assert_frame_equal(one.exposure_log, same.exposure_log)
    for field in dataclasses.fields(one.truth):
        assert np.all(getattr(one.truth, field.name) == getattr(same.truth, field.name)), field.name
    assert not one.tables["missing_episodes"].equals(other.tables["missing_episodes"])
    assert not one.tables["placements"].equals(other.tables["placements"])


def test_draws_elsewhere_change_nothing():
    expected = small_world(3)
    np.random.default_rng(3).random(10)
    stream(3, "another use").random(10)
    assert_same_tables(small_world(3), expected, expected.tables.frames)


@pytest.mark.parametrize(
    "change",
    [
        {"contagion": {"log_rate_ratio": 1.2}},
        {"contagion": {"exposure": "peer_density", "window_days": 3}},
        {"onset": {"need_score": -1.0}},
        {"onset": {"rate_per_year": 1.0}},
        {"onset": {"own_1_7": 0.0, "turnover_between": 0.0}},
        {"onset": {"home_sd": 0.0}},
        {"onset": {"home_period_sd": 1.0}},
        {"onset": {"frailty_shape": 5.0}},
    ],
    ids=str,
)
def test_effects_leave_roster_staff_and_ties_as_they_were(change):
    before, after = small_world(5), small_world(5, **change)
    assert_same_tables(after, before, SETTLED)
    assert not after.tables["missing_episodes"].equals(before.tables["missing_episodes"])
    settings = change.get("onset", {})
    if "home_sd" not in settings:
        np.testing.assert_array_equal(after.truth.home, before.truth.home)
    if "home_period_sd" not in settings:
        np.testing.assert_array_equal(after.truth.home_period, before.truth.home_period)
    if "frailty_shape" not in settings:
        np.testing.assert_array_equal(after.truth.frailty, before.truth.frailty)


def test_staffing_and_children_have_streams_of_their_own():
    before, after = small_world(5), small_world(5, homes={"turnover_per_year": 1.0, "staff_within_sd_log": 0.6})
    assert_same_tables(after, before, ("children", "placements", "homes", "ties"))
    other = small_world(5, children={"male_share": 0.1})
    same = [name for name in before.tables["children"] if name != "sex"]
    pd.testing.assert_frame_equal(other.tables["children"][same], before.tables["children"][same])
    assert_same_tables(other, before, ("placements", "homes", "ties", "staff_spells", "staff_periods"))


@pytest.mark.parametrize("seed", range(4))
def test_chance_is_shared_until_influence_makes_the_first_difference(seed):
    worlds = [small_world(seed, contagion={"log_rate_ratio": value}) for value in (0.0, 2.0)]
    starts = []
    for world in worlds:
        episodes = world.tables["missing_episodes"]
        starts.append(set(zip(episodes["start_date"], episodes["child_id"], strict=True)))
    day = min(starts[0] ^ starts[1])[0]
    # More intensity can only add onsets, and only exposed children have more of it.
    first = {who for date, who in starts[1] - starts[0] if date == day}
    assert first
    assert not {who for date, who in starts[0] - starts[1] if date == day}
    log = worlds[1].exposure_log
    assert first <= set(log.loc[(log["date"] == day) & (log["peer_presence"] == 1), "child_id"])


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"days": 29},
        {"homes": {"place_shares": [1.0]}, "children": {"move_share": 1.0}},
        {"homes": {"agency_share": 0.0, "turnover_per_year": 0.0}},
        {"children": {"move_share": 0.0, "stay_median_days": 20, "stay_mean_days": 60}},
        {"period_days": 7},
        {"contagion": {"exposure": "peer_network", "log_rate_ratio": 2.0}, "onset": {"rate_per_year": 30}},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [1, 2])
def test_tables_keep_the_contract(parts, seed):
    world = small_world(seed, **parts)
    assert check_tables(world.tables) == []
    assert world.tables.all_residents


def test_no_child_stays_after_the_eighteenth_birthday():
    tables = simulate_world(scenario_of(n_homes=40, days=393), seed=9).tables
    stays = tables["placements"].merge(tables["children"], on="child_id")
    # a child who is placed at 17.7 years and less leaves by the day of the birthday, counted as 18 * 365.25 days
    last = to_day(stays["end_date"].fillna(tables.observed_to))
    assert (last - to_day(stays["birth_date"]) <= np.ceil(18 * 365.25) + 1).all()


def onset_scores(world, plan):
    """Observed less expected onsets in standard errors: in all, and along every column that carries a true effect.

    Given the past, an onset on a day at risk has probability 1 - exp(-λ e) (section 1), so the sum of x (y - p) over
    days is a martingale whose variance is the expectation of the sum of x² p (1 - p).
    """
    risk = build_risk_set(world.tables, plan.frame)
    design = build_design(day_rows(world.tables, risk, plan), model_terms(plan, "M3"))
    frailty = world.truth.frailty_of(design.child_ids)[0]
    rate = frailty[design.child] * np.exp(design.log_rate(world.truth)[0])
    chance = -np.expm1(-rate * design.days_at_risk)
    columns = {"all": np.ones(chance.size)} | {name: design.column(name) for name in design.names}
    return {
        name: float(np.sum(x * (design.onsets - chance)) / np.sqrt(np.sum(x**2 * chance * (1 - chance))))
        for name, x in columns.items()
    }


def starting(**parts):
    return plan_of(frame={"boundary": "starting"}, **parts)


@pytest.mark.parametrize("seed", range(3))
def test_without_effects_onsets_come_at_the_stated_rate(seed):
    settings = {"onset": PLAIN | {"rate_per_year": 8.0}, "contagion": NO_CONTAGION}
    world = simulate_world(scenario_of(n_homes=30, days=365, **settings), seed=seed)
    e = world.exposure_log["days_at_risk"].to_numpy()
    chance = -np.expm1(-8.0 / 365.25 * e)
    onsets = len(world.tables["missing_episodes"])
    assert chance.sum() > 300
    assert abs(onsets - chance.sum()) < STANDARD_ERRORS * np.sqrt((chance * (1 - chance)).sum())


@pytest.mark.parametrize("exposure", ["peer_presence", "peer_network"])
def test_onsets_agree_with_the_truth_carried_through_the_frame(exposure):
    """The truth's labels, the simulator's intensity and the design's columns speak of the same quantities."""
    effects = {
        "rate_per_year": 3.0, "male": 0.4, "need_score": 0.5, "own_1_7": 0.8, "own_8_28": 0.5, "arrival_0_6": 0.9,
        "arrival_7_27": 0.6, "arrival_28_89": 0.4, "staff_ratio_between": -0.9, "staff_ratio_within": -0.7,
        "turnover_between": 1.0, "turnover_within": 0.8, "mix_need_between": 0.6, "mix_need_within": 0.5,
        "frailty_shape": 2.0, "home_sd": 0.5, "home_period_sd": 0.5,
    }  # fmt: skip
    settings = {"onset": effects, "contagion": {"exposure": exposure, "log_rate_ratio": 0.9}}
    world = simulate_world(scenario_of(n_homes=60, days=393, **settings), seed=21)
    scores = onset_scores(world, starting(exposure={"primary": exposure}))
    assert {name for name, value in world.truth.coefficients.items() if value[0]} <= set(scores)
    assert {name: value for name, value in scores.items() if abs(value) > STANDARD_ERRORS} == {}


def test_the_intensity_is_the_truth_carried_through_the_frame():
    """Day by day: log intensity of the simulator = α + x'β + v + w of the design, own history and peers apart."""
    from missingmodels.simulate.predictor import draw_effects, fixed_log_intensity
    from missingmodels.simulate.roster import draw_roster
    from missingmodels.simulate.staffing import draw_staffing

    silent = {"own_1_7": 0.0, "own_8_28": 0.0, "need_score": 0.7, "male": -0.3, "arrival_28_89": 0.2}
    scenario = scenario_of(n_homes=20, days=300, onset=silent, contagion=NO_CONTAGION)
    world, plan = simulate_world(scenario, seed=8), starting()
    risk = build_risk_set(world.tables, plan.frame)
    rows = day_rows(world.tables, risk, plan)
    design = build_design(rows, model_terms(plan, "M3"))
    roster = draw_roster(scenario, 8)
    staffing = draw_staffing(scenario, roster.places, 8)
    home, shock, _ = draw_effects(scenario, roster.birth.size, 8)
    drawn = fixed_log_intensity(scenario, roster, staffing, home, shock)
    labels = {child: i for i, child in enumerate(world.tables["children"]["child_id"])}
    who = np.array([labels[child] for child in rows.child_ids])[design.child]
    np.testing.assert_allclose(design.log_rate(world.truth)[0], drawn[who, rows.frame["day"]], atol=1e-9)


def test_frailty_has_mean_one_and_variance_of_one_over_its_shape():
    shape = 0.3
    world = simulate_world(scenario_of(n_homes=1500, days=29, onset={"frailty_shape": shape}), seed=2)
    u = world.truth.frailty[0]
    assert abs(u.mean() - 1) < STANDARD_ERRORS * np.sqrt(1 / shape / u.size)
    # the fourth central moment of a gamma with mean 1 is 3/k² + 6/k³
    error = np.sqrt((3 / shape**2 + 6 / shape**3 - 1 / shape**2) / u.size)
    assert abs(u.var() - 1 / shape) < STANDARD_ERRORS * error
    for values, sd in ((world.truth.home, 0.4), (world.truth.home_period, 0.2)):
        assert abs(values.std() - sd) < STANDARD_ERRORS * sd / np.sqrt(2 * values.size)


def test_durations_match_the_published_bands():
    world = simulate_world(scenario_of(n_homes=60, days=500, onset={"rate_per_year": 20.0}), seed=6)
    tables = world.tables
    last = tables["placements"].assign(end=lambda f: f["end_date"].fillna(tables.observed_to))
    leaves = last.groupby("child_id")["end"].max()
    episodes = tables["missing_episodes"]
    # Sixty days of stay ahead of each episode kept, a choice that does not look at its length.
    whole = episodes[(episodes["child_id"].map(leaves) - episodes["start_date"]).dt.days > 60]
    days = (whole["end_date"] - whole["start_date"]).dt.days
    assert len(days) > 1000
    bands = {
        "duration_same_day_share": days == 0,
        "duration_1_2_days_share": days.between(1, 2),
        "duration_3_7_days_share": days.between(3, 7),
    }
    shares = {name: card(name).value for name in bands}
    bands["over a week"], shares["over a week"] = days > 7, 1 - sum(shares.values())
    for name, share in shares.items():
        error = np.sqrt(share * (1 - share) / len(days))
        assert abs(bands[name].mean() - share) < STANDARD_ERRORS * error, name


def test_shares_of_children_match_their_cards():
    tables = simulate_world(scenario_of(n_homes=400, days=60), seed=14).tables
    children = tables["children"]
    found = {
        "residents_male_share": children["sex"] == "M",
        "emergency_admission_share": children["entry_route"] == "emergency",
        "residents_out_of_area_share": tables["placements"].groupby("child_id")["out_of_area"].first(),
    }
    for name, flags in found.items():
        share = card(name).value
        error = np.sqrt(share * (1 - share) / len(flags))
        assert abs(flags.astype(float).mean() - share) < STANDARD_ERRORS * error, name


def test_true_coefficients_are_columns_of_the_default_design():
    world, plan = simulate_world(Scenario(), seed=1), Plan()
    risk = build_risk_set(world.tables, plan.frame)
    design = build_design(build_rows(world.tables, risk, plan), model_terms(plan, "M3"))
    assert {name for name, value in world.truth.coefficients.items() if value[0]} <= set(design.names)
    # The labels of zero effects are columns too, so that a typing error cannot hide behind a zero.
    assert set(world.truth.coefficients) <= set(design.names)
    # What the default plan asks beside the truth's labels has no effect in the world.
    beside = {"history_unknown", "no_peers", "peers_unseen"}
    beside |= {f"{name}_{part}" for name in ("mix_spread", "size") for part in ("between", "within")}
    assert set(design.names) - set(world.truth.coefficients) == beside
    assert set(design.child_ids) <= set(world.truth.child_ids)
    assert set(design.home_ids) <= set(world.truth.home_ids)
    assert world.truth.home_period.shape[2] == design.periods
    assert world.truth.coefficient("history_unknown").tolist() == [0.0]
