"""A study from a pilot: a world's truth gives back its scenario, its tables their shares, and the file is a study."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from missingmodels.config import from_mapping
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.fitting.fit import fit
from missingmodels.frame.riskset import build_risk_set
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.computing.replicate import drawn_scenario
from missingmodels.studies.pilot import (
    _days,
    _new_stays,
    _stay_bands,
    fields_of_draws,
    left_out,
    notes_of,
    pilot_study,
    shares,
    sizes,
    study_toml,
)
from missingmodels.studies.questions.grid import leaves, make_grid, read_study
from studies import study_of
from worlds import plan_of

BUSY = {
    "homes": {"count": 60, "occupancy": 0.85},
    "days": 400,
    "onset": {"rate_per_year": 6.0, "frailty_shape": 0.8, "home_sd": 0.3, "home_period_sd": 0.1, "male": 0.2},
    "contagion": {"log_rate_ratio": 0.4},
    "children": {"male_share": 0.8, "out_of_area_share": 0.4},
}


OPEN, RULED = Judged(load_policy("none")), Judged(load_policy("generic"))


@pytest.fixture(scope="module")
def scenario():
    return from_mapping(BUSY, Scenario)


@pytest.fixture(scope="module")
def world(scenario):
    return simulate_world(scenario, seed=1)


def field_of(scenario, name):
    at = scenario.model_dump()
    for part in name.split("."):
        at = at[part]
    return at


def test_the_truth_of_a_world_gives_its_scenario_back(scenario, world):
    found = fields_of_draws(world.truth, "peer_presence", plan_of())
    assert {"onset.rate_per_year", "onset.own_1_7", "onset.arrival_0_6", "contagion.log_rate_ratio"} < set(found)
    assert "onset.frailty_sd_log" not in found
    for name, values in found.items():
        assert values == pytest.approx([field_of(scenario, name)], rel=1e-4), name


def test_what_has_no_field_stands_at_its_mean_in_the_rate(scenario, world):
    """An effect of 0.5 on a fact that holds of a fifth of all days: the rate of an ordinary child is e^0.1 higher."""
    world.truth.coefficients["adhd"] = np.array([0.5])
    try:
        found = fields_of_draws(world.truth, "peer_presence", plan_of(), {"adhd": 0.2})
    finally:
        del world.truth.coefficients["adhd"]
    assert found["onset.rate_per_year"] == pytest.approx([scenario.onset.rate_per_year * math.exp(0.1)], rel=1e-4)
    matrix = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 4.0]])
    design = SimpleNamespace(names=("male", "peer_presence", "adhd"), matrix=matrix, days_at_risk=np.array([3.0, 1.0]))
    assert left_out(SimpleNamespace(design=design, exposure="peer_presence")) == {"adhd": 2.5}


def test_sizes_and_shares_are_those_of_the_tables(scenario, world):
    risk = build_risk_set(world.tables, plan_of().frame)
    size, share = sizes(world.tables, risk, OPEN), shares(world.tables, OPEN)
    assert size["days"] == 400
    places = world.tables["homes"].set_index("home_id")["places"].loc[list(risk.home_ids)].to_numpy(int)
    assert sum(size["homes.place_shares"]) == pytest.approx(1, abs=1e-9)
    assert size["homes.place_shares"][2] == pytest.approx((places == 3).mean(), abs=1e-3)
    lived = (risk.residence >= 0).sum() / (risk.days * places.sum())
    assert size["homes.occupancy"] == pytest.approx(lived, abs=2e-3)
    assert size["recording.unseen_children_share"] == 0
    for name in ("children.male_share", "children.out_of_area_share"):
        assert share[name] == pytest.approx(field_of(scenario, name), abs=0.1)
    assert share["children.stay_band_shares"][:5] == pytest.approx(scenario.children.stay_band_shares[:5], abs=0.06)
    make_grid(study_of(scenario={"set": size | share}))


def test_stays_that_go_on_count_as_long_as_they_were_seen():
    """Ten stays: four end on day 5, two on day 20, four go on at day 40: 0.4, 0.2 and the rest as is usual."""
    days = [5, 5, 5, 5, 20, 20, 40, 40, 40, 40]
    begin = pd.Timestamp("2024-01-01")
    end = begin + pd.Timedelta(days=40)
    lived = pd.DataFrame(
        {
            "start_date": begin,
            "end_date": [begin + pd.Timedelta(days=d) if d < 40 else pd.NaT for d in days],
            "start_is_truncated": False,
        }
    )
    new, ended = _new_stays(lived, begin, end)
    found = _stay_bands(_days(new, ended, end), ended)
    usual = np.array(Scenario().children.stay_band_shares)
    assert found == pytest.approx([0.4, 0.2, *(0.4 * usual[2:] / usual[2:].sum())])


def test_every_world_takes_one_draw_whole():
    draws = {"onset.home_sd": [0.1, 0.5], "contagion.log_rate_ratio": [0.2, 0.6]}
    grid = make_grid(study_of(draws=draws, axes={"homes.count": [5]}))
    seen = {tuple(drawn_scenario(grid, grid.cells[0], index)[1].values()) for index in range(20)}
    assert seen == {(0.1, 0.2), (0.5, 0.6)}
    for index in range(5):
        made, drawn = drawn_scenario(grid, grid.cells[0], index)
        assert made.contagion.log_rate_ratio == drawn["contagion.log_rate_ratio"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"draws": {"onset.home_sd": [0.1], "onset.male": [0.1, 0.2]}}, "as many values of each field"),
        ({"draws": {"onset.home_sd": []}}, "at least one"),
        ({"draws": {"contagion.log_rate_ratio": [0.1]}}, "both an axis and among the draws"),
        ({"draws": {"onset.home_std": [0.1]}}, "did you mean 'onset.home_sd'"),
        ({"draws": {"homes.count": [10]}, "axes": {}}, "draws.homes.count: a law draws real numbers"),
    ],
)
def test_wrong_draws_are_refused(changes, told):
    with pytest.raises(ConfigInvalid, match=told):
        make_grid(study_of(**changes))


@pytest.mark.sampled
def test_a_run_becomes_a_study_that_runs(world, tmp_path):
    plan = plan_of(
        models=("M0", "M1"),
        exposure={"beside": (), "window_days": 14},
        sampling={"method": "laplace", "draws": 100, "chains": 2},
        gate={"ess_min": 20, "k_hat_max": 1.0},
    )
    prepared = prepare(world.tables, plan, fits=[("M1", "peer_presence"), ("M0", "")])
    pilot = fit(prepared.designs["M1", "peer_presence"], plan, model="M1", exposure="peer_presence", seed=1)
    values = pilot_study(pilot, world.tables, prepared.risk, plan, OPEN)
    path = tmp_path / "pilot.toml"
    path.write_text(study_toml(values, notes=notes_of(pilot, world.tables)), encoding="utf-8")
    grid = read_study(path)
    assert grid.study.axes["homes.count"] == (60, 120, 240)
    gated = pilot_study(pilot, world.tables, replace(prepared.risk, home_ids=prepared.risk.home_ids[:58]), plan, RULED)
    assert gated["axes"]["homes.count"] == [60, 120, 240], "58 are told as 60"
    assert grid.plan.exposure.window_days == grid.cells[0].scenario.contagion.window_days == 14
    assert grid.cells[0].scenario.onset.staff_ratio_between == 0, "M1 holds no structure, so its worlds have none"
    assert set(grid.study.draws) < set(leaves(Scenario))
    made, drawn = drawn_scenario(grid, grid.cells[0], 0)
    assert made.onset.home_sd == drawn["onset.home_sd"] in grid.study.draws["onset.home_sd"]
    again = simulate_world(made, seed=2)
    assert len(again.tables["missing_episodes"]) == pytest.approx(len(world.tables["missing_episodes"]), rel=0.6)
    without = fit(prepared.designs["M0", ""], plan, model="M0", seed=1)
    with pytest.raises(CannotAnswer, match="no model with peers"):
        pilot_study(without, world.tables, prepared.risk, plan, OPEN)
