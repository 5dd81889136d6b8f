"""The simulated world: its seeds, its tables, its onsets and durations, and the labels of its truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.plan import Plan
from missingmodels.provenance import stream
from missingmodels.scenario import Scenario
from missingmodels.simulate.chance import key_of, uniform
from missingmodels.simulate.entrants import ROW_LIMIT
from missingmodels.simulate.records.store import truth_as_dict, write_world
from missingmodels.simulate.world import simulate_world
from missingmodels.sources import card
from missingmodels.tables import check_tables, read_tables
from worlds import day_rows, plan_of, scenario_of, small_world

# Beyond 4 standard errors lies 1 true value in 16,000; seeds are fixed, so a pass stays a pass.
STANDARD_ERRORS = 4

LAWS = {"frailty_sd_log", "low_risk_share", "low_risk_ratio"}  # in place of the gamma, or beneath it
SIZES = {"rate_per_year", "home_sd", "home_period_sd", "frailty_shape"} | LAWS
EFFECTS = set(Scenario().onset.model_dump()) - SIZES
PLAIN = dict.fromkeys(EFFECTS, 0.0) | {"home_sd": 0.0, "home_period_sd": 0.0, "frailty_shape": 1e9}
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
    before, after = small_world(5), small_world(5, staff={"turnover_per_year": 1.0, "within_sd_log": 0.6})
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
        {"staff": {"agency_cover_share": 0.0, "turnover_per_year": 0.0}},
        {"children": {"move_share": 0.0, "stay_scale": 0.1}},
        {"period_days": 7},
        {"contagion": {"exposure": "peer_network", "log_rate_ratio": 2.0}, "onset": {"rate_per_year": 30}},
        # two children may part, or begin to be observed, with a former tie and one by school or area at once
        {"homes": {"school_tie_share": 0.5, "area_tie_share": 0.5}, "children": {"move_share": 0.8}},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [1, 2])
def test_tables_keep_the_contract(parts, seed):
    world = small_world(seed, **parts)
    assert check_tables(world.tables) == []
    assert world.tables.all_residents


@pytest.mark.parametrize("start", ["2022-04-01", "2024-04-01"])
def test_no_child_stays_after_the_eighteenth_birthday(start):
    tables = simulate_world(scenario_of(n_homes=40, days=393, start_date=start), seed=9).tables
    stays = tables["placements"].merge(tables["children"], on="child_id")
    birthday = stays["birth_date"] + pd.DateOffset(years=18)
    assert (stays["end_date"].fillna(tables.observed_to) <= birthday).mean() > 0.9
    late = stays[stays["end_date"].fillna(tables.observed_to) > birthday]
    assert late[["child_id", "birth_date", "end_date"]].values.tolist() == []


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
    """Homes' means are over all days, as worlds act by them."""
    return plan_of(frame={"boundary": "starting"}, terms={"structure_means": "window"}, **parts)


@pytest.mark.parametrize("seed", range(3))
def test_without_effects_onsets_come_at_the_stated_rate(seed):
    settings = {"onset": PLAIN | {"rate_per_year": 8.0}, "contagion": NO_CONTAGION}
    world = simulate_world(scenario_of(n_homes=30, days=365, **settings), seed=seed)
    e = world.exposure_log["days_at_risk"].to_numpy()
    chance = -np.expm1(-8.0 / 365.25 * e)
    onsets = len(world.tables["missing_episodes"])
    assert chance.sum() > 300
    assert abs(onsets - chance.sum()) < STANDARD_ERRORS * np.sqrt((chance * (1 - chance)).sum())


# Every effect is away from its default, and no two of them agree.
UNLIKE = {
    "rate_per_year": 3.0, "age_years": 0.15, "male": 0.4, "need_score": 0.5, "exploitation_risk": 0.65,
    "out_of_area": -0.35, "own_1_7": 0.8, "own_8_28": 0.55, "arrival_0_6": 0.95, "arrival_7_27": 0.6,
    "arrival_28_89": 0.45, "staff_ratio_between": -0.9, "staff_ratio_within": -0.3, "turnover_between": 1.1,
    "turnover_within": 0.7, "mix_need_between": 0.62, "mix_need_within": 0.25,
    "frailty_shape": 2.0, "home_sd": 0.5, "home_period_sd": 0.52,
}  # fmt: skip


# Ties beyond the home through a move, a school and an area, and what acts along them and while staffing is short.
TIED = {"homes": {"school_tie_share": 0.2, "area_tie_share": 0.15}, "children": {"move_share": 0.6}}
STAFFED = {"staff": {"within_sd_log": 0.4}}
BUSY = {
    "peer_presence": ({}, {}, {}),
    "peer_count": ({}, {}, {}),
    "peer_density": ({}, {}, {}),
    "peer_network": ({}, {}, {}),
    "peer_kernel": ({"log_rate_ratio": 0.35, "kernel_days": 4.2}, {"kernel_days": 4.2}, {}),
    "peer_presence, and outside": ({"outside_log_rate_ratio": 0.75}, {"outside": "outside_network"}, TIED),
    "peer_presence, more so while staffing is short": (
        {"short_staffing": 1.9},
        {"moderation": "staff_ratio_within"},
        STAFFED,
    ),
    "peer_kernel, outside and short staffing": (
        {"log_rate_ratio": 0.35, "kernel_days": 4.2, "outside_log_rate_ratio": 0.75, "short_staffing": 0.65},
        {"kernel_days": 4.2, "outside": "outside_network", "moderation": "staff_ratio_within"},
        TIED | STAFFED,
    ),
}


@pytest.fixture(scope="module", params=BUSY)
def busy(request):
    """A world in which everything has an effect, and the plan that reads it."""
    exposure = request.param.split(",")[0]
    acting, asked, parts = BUSY[request.param]
    contagion = {"exposure": exposure, "log_rate_ratio": 0.85, "window_days": 9} | acting
    world = simulate_world(scenario_of(n_homes=40, days=393, onset=UNLIKE, contagion=contagion, **parts), seed=21)
    return world, starting(exposure={"primary": exposure, "window_days": 9} | asked)


def test_onsets_agree_with_the_truth_carried_through_the_frame(busy):
    """Statistically, whatever the order in which the simulator draws."""
    world, plan = busy
    assert set(UNLIKE) == EFFECTS | SIZES - LAWS
    scores = onset_scores(world, plan)
    acting = {name for name, value in world.truth.coefficients.items() if value[0]}
    assert acting <= set(scores)
    if plan.exposure.moderation:
        assert f"{plan.exposure.primary}:short_staffing" in acting
    if plan.exposure.outside:
        assert plan.exposure.outside in acting
    assert {name: value for name, value in scores.items() if abs(value) > STANDARD_ERRORS} == {}


def test_an_onset_is_drawn_where_chance_falls_below_the_truth_carried_through_the_frame(busy):
    """Exactly, day by day: the truth's labels, the simulator's intensity and the design's columns are one thing."""
    world, plan = busy
    risk = build_risk_set(world.tables, plan.frame)
    rows = day_rows(world.tables, risk, plan)
    design = build_design(rows, model_terms(plan, "M3"))
    frailty = world.truth.frailty_of(design.child_ids)[0]
    probability = -np.expm1(-np.exp(design.log_rate(world.truth)[0]) * frailty[design.child] * design.days_at_risk)
    children = world.tables["children"]["child_id"]
    bed_and_turn = children.str.extract(r"child(\d+)x(\d+)").astype(int)
    number = (ROW_LIMIT * bed_and_turn[0] + bed_and_turn[1]).to_numpy()
    who = pd.Index(children).get_indexer(design.child_ids)[design.child]
    expected = uniform(key_of(21, "onset"), number[who], rows.frame["day"].to_numpy()) < probability
    assert expected.sum() > 200
    np.testing.assert_array_equal(design.onsets, expected)


def test_the_truth_states_every_column_of_a_sparse_sector():
    """One home has residents in its first period only, so its staff ratio is never defined."""
    world = simulate_world(scenario_of(n_homes=4, days=150, homes={"occupancy": 0.3}), seed=5)
    plan = starting()
    risk = build_risk_set(world.tables, plan.frame)
    design = build_design(build_rows(world.tables, risk, plan), model_terms(plan, "M3"))
    assert np.isfinite(design.log_rate(world.truth)).all()


def test_hours_are_those_of_the_shifts_and_people_work_while_in_post(tmp_path):
    world = simulate_world(scenario_of(n_homes=12, days=120), seed=3)
    write_world(world, tmp_path / "world", shifts=True)
    tables = read_tables(tmp_path / "world")
    assert check_tables(tables) == []
    shifts, periods = tables["staff_shifts"], tables["staff_periods"]
    worked = shifts[shifts["status"] == "worked"]
    hours = (worked["end_time"] - worked["start_time"]).dt.total_seconds() / 3600
    assert (hours == 12).all()
    # each row of staff_periods: the hours of the shifts that begin in it, and of those the agency's
    for _, row in periods.sample(25, random_state=1).iterrows():
        at = (worked["home_id"] == row["home_id"]) & (worked["start_time"] >= row["start_date"])
        at &= worked["start_time"] < row["end_date"]
        assert hours[at].sum() == row["worked_hours"]
        assert hours[at & (worked["employment"] == "agency")].sum() == row["agency_hours"]
    held = shifts[shifts["employment"] == "permanent"].merge(tables["staff_spells"], on=["home_id", "staff_id"])
    assert len(held) == (shifts["employment"] == "permanent").sum()
    day = held["start_time"].dt.normalize()
    assert ((held["start_date"] <= day) & ~(held["end_date"] <= day)).all()
    assert not shifts.duplicated(["home_id", "staff_id", "start_time"]).any()


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


def test_a_low_risk_class_holds_the_lowest_children_and_keeps_the_mean():
    """Shape 0.6 above a class of 40 % at a twentieth of the others' mean: mean 1, and the same children are high."""
    one, other = (
        simulate_world(scenario_of(n_homes=800, days=29, onset={"frailty_shape": 0.6, "low_risk_share": share}), seed=2)
        for share in (0.0, 0.4)
    )
    before, after = one.truth.frailty[0], other.truth.frailty[0]
    n, scale = after.size, 1 / (0.4 * 0.05 + 0.6)
    low = np.isclose(after, 0.05 * scale, rtol=1e-12)
    assert abs(low.mean() - 0.4) < STANDARD_ERRORS * np.sqrt(0.24 / n)
    variance = 0.4 * (0.05 * scale) ** 2 + 0.6 * scale**2 * (1 + 1 / 0.6) - 1
    assert abs(after.mean() - 1) < STANDARD_ERRORS * np.sqrt(variance / n)
    assert before[low].max() < before[~low].min()
    assert (np.diff(after[~low][np.argsort(before[~low])]) >= 0).all()


def test_a_log_normal_frailty_has_its_spread_and_keeps_mean_and_order():
    gamma, world = (
        simulate_world(scenario_of(n_homes=800, days=29, onset={"frailty_sd_log": sd}), seed=2) for sd in (0.0, 1.1)
    )
    before, after = gamma.truth.frailty[0], world.truth.frailty[0]
    n, log_u = after.size, np.log(after)
    assert abs(log_u.mean() + 1.1**2 / 2) < STANDARD_ERRORS * 1.1 / np.sqrt(n)
    assert abs(log_u.std() - 1.1) < STANDARD_ERRORS * 1.1 / np.sqrt(2 * n)
    assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()
    assert world.truth.frailty_law == "log_normal"
    assert world.truth.further["frailty_sd_log"].tolist() == [1.1]
    assert np.isnan(world.truth.frailty_shape).all()
    written = truth_as_dict(world.truth)
    assert (written["frailty_shape"], written["frailty_sd_log"]) == (None, 1.1)


def test_durations_by_date_fall_in_the_published_ranges():
    """Hours are drawn and dates follow; the ranges are those of the years 2020 to 2024 (targets 22 to 24)."""
    tables = simulate_world(scenario_of(n_homes=60, days=500, onset={"rate_per_year": 20.0}), seed=6).tables
    last = tables["placements"].assign(end=lambda f: f["end_date"].fillna(tables.observed_to))
    leaves = last.groupby("child_id")["end"].max()
    episodes = tables["missing_episodes"]
    # Sixty days of stay ahead of each episode kept, a choice that does not look at its length.
    whole = episodes[(episodes["child_id"].map(leaves) - episodes["start_date"]).dt.days > 60]
    days = (whole["end_date"] - whole["start_date"]).dt.days
    assert len(days) > 1000
    for share, low, high in (((days == 0).mean(), 0.30, 0.36), ((days <= 2).mean(), 0.87, 0.91)):
        error = np.sqrt(share * (1 - share) / len(days))
        assert low - STANDARD_ERRORS * error < share < high + STANDARD_ERRORS * error
    # a day begins at midnight, so the dates follow from the hours
    hours = whole["start_hour"] + whole["hours_away"]
    assert (np.floor(hours / 24) - days).abs().max() <= 1
    assert ((np.floor(hours / 24) == days).mean()) > 0.99


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
    truth = world.truth.coefficients
    assert {name for name, value in truth.items() if value[0]} <= set(design.names)
    # Effects that a scenario can set are columns even where they are 0, so no typing error hides behind a zero.
    bands = {f"arrival_{band}": f"arrival_band[{band.replace('_', '-')}]" for band in ("0_6", "7_27", "28_89")}
    assert {bands.get(name, name) for name in EFFECTS} <= set(design.names)
    assert len(EFFECTS) == 16
    # Every column has a stated truth. What the plan asks beside the scenario's effects has none in the world.
    beside = set(design.names) - {bands.get(name, name) for name in EFFECTS} - {"peer_presence"}
    expected = {"history_unknown", "no_peers", "peers_unseen"}
    expected |= {f"{name}_{part}" for name in ("mix_spread", "size") for part in ("between", "within")}
    expected.add("staff_ratio_between_unrecorded")  # in the first period, which has no past
    assert beside == expected
    assert all(world.truth.coefficient(name).tolist() == [0.0] for name in beside)
    assert set(design.child_ids) <= set(world.truth.child_ids)
    assert set(design.home_ids) <= set(world.truth.home_ids)
    assert world.truth.on_cells(risk.period_of_cells).home_period.shape[2] == design.periods
