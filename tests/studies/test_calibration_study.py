"""Simulation-based calibration: a wrong posterior is caught, a right one passes, truths reach the world."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from missingmodels.errors import ConfigInvalid
from missingmodels.models.priors.of_plan import plan_priors, prior_set
from missingmodels.provenance import stream
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.calibration import (
    FIELDS,
    bounds_of,
    calibrate_replicate,
    draw_truth,
    rank_tests,
    scale_fields,
    truth_scenario,
    uniformity,
    values_of,
    weighted_rank,
    weights_of,
    within_bounds,
)
from missingmodels.studies.computing.replicate import designed
from missingmodels.studies.questions.grid import make_grid
from studies import TINY

STRUCTURE = ["staff_ratio", "turnover", "mix_need"]
# no simulated world has a truth of its size; and worlds act by a home's mean over all days
APART = {"effects.sector_process": "none", "terms.structure_means": "window"}
CALIBRATION = TINY | {
    "kind": "calibration",
    "axes": {"homes.count": [6]},
    "ask": {"model": "M3"},
    "plan": {"set": TINY["plan"]["set"] | {"priors.use": "informed", "terms.structure": STRUCTURE} | APART},
}


def normal_ranks(*, worlds: int, narrow: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Ranks of truths from N(0, 1) seen once with error 1: the posterior is N(y / 2, 1 / 2)."""
    rng = np.random.default_rng(5)
    truth = rng.standard_normal(worlds)
    seen = truth + rng.standard_normal(worlds)
    draws = seen[:, None] / 2 + shift + narrow * np.sqrt(0.5) * rng.standard_normal((worlds, 400))
    equal = np.full(400, 1 / 400)
    return np.array([weighted_rank(d, equal, t) for d, t in zip(draws, truth, strict=True)])


def test_a_right_posterior_passes():
    assert not rank_tests(normal_ranks(worlds=300), 0.01)["outside"]


@pytest.mark.parametrize("wrong", [{"narrow": 0.7}, {"narrow": 1.5}, {"shift": 0.25}])
def test_a_wrong_posterior_is_caught(wrong):
    assert rank_tests(normal_ranks(worlds=300, **wrong), 0.01)["outside"]


def test_false_alarms_keep_to_their_level():
    """200 sets of 100 uniform ranks at 0.05 each test: between 5 and 10 % flagged, within 3 errors of 2 points."""
    rng = np.random.default_rng(2)
    flagged = np.mean([rank_tests(rng.random(100), 0.05)["outside"] for _ in range(200)])
    assert 0.0 < flagged < 0.10 + 0.06


def test_the_distance_is_that_of_kolmogorov_worked_by_hand():
    # steps of 1/4 at 0.1, 0.2, 0.6, 0.7: the ECDF is 1/2 just above 0.2, and 1 above 0.7
    found = rank_tests(np.array([0.6, 0.1, 0.7, 0.2]), 0.05)
    assert found["distance"] == pytest.approx(0.3)
    assert found["mean"] == pytest.approx(0.4)


def test_weights_take_draws_to_the_prior_of_the_truth():
    """Weighing N(0, 1) draws to N(0.3, 1) gives the rank that N(0.3, 1) gives."""
    draws = norm.ppf((np.arange(20000) + 0.5) / 20000)
    weights = np.exp(norm.logpdf(draws, 0.3) - norm.logpdf(draws))
    assert weighted_rank(draws, weights / weights.sum(), 0.5) == pytest.approx(norm.cdf(0.2), abs=1e-3)


def test_failed_worlds_are_left_out_and_the_level_is_shared():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"quantity": ["a", "b"] * 50, "status": "fitted", "rank": rng.random(100)})
    rows.loc[:3, "status"] = "not converged"
    found = uniformity(rows)
    assert {name: r["count"] for name, r in found.items()} == {"a": 48, "b": 48}


def test_the_truth_drawn_is_the_truth_of_the_world():
    grid = make_grid(CALIBRATION)
    cell = grid.cells[0]
    design = designed(grid, cell, simulate_world(cell.scenario, seed=3, log_exposures=False))
    priors = prior_set(cell.plan.priors)
    truth = draw_truth(priors, design, stream(1, "truth"))
    settable = FIELDS | {"peer_presence": "contagion.log_rate_ratio"}
    scenario = truth_scenario(cell.scenario, truth, settable, "peer_presence")
    world = simulate_world(scenario, seed=3, log_exposures=False)
    reached = values_of(world.truth)
    asked = [name for name in truth if name in {*settable, "intercept", "sigma_home", "sigma_period", "frailty_shape"}]
    assert len(asked) >= 10
    for name in asked:
        assert reached[name][0] == pytest.approx(truth[name], abs=1e-9), name


def test_the_same_design_weighs_all_draws_alike():
    grid = make_grid(CALIBRATION)
    cell = grid.cells[0]
    world = simulate_world(cell.scenario, seed=3, log_exposures=False)
    design = designed(grid, cell, world)
    weights = weights_of(world.truth, prior_set(cell.plan.priors), design, design)
    assert weights.tolist() == [1.0]


def test_a_replicate_gives_a_rank_for_every_free_parameter():
    grid = make_grid(CALIBRATION)
    rows = calibrate_replicate(grid, grid.cells[0], 0)
    names = [row["quantity"] for row in rows]
    assert {"intercept", "peer_presence", "own_1_7", "age_years", *("sigma_home", "frailty_shape")} <= set(names)
    assert not any("unrecorded" in name or name in ("no_peers", "peers_unseen") for name in names)
    assert all(-1e-6 <= row["rank"] <= 1 + 1e-6 for row in rows)  # a sum of weights, to rounding


@pytest.mark.slow
def test_the_fast_engine_is_calibrated():
    """60 worlds of 20 homes; a false alarm of the family comes in 5 %, and its seed is fixed."""
    values = CALIBRATION | {
        "scenario": {"set": {"days": 300}},
        "axes": {"homes.count": [20]},
        "plan": {"set": {"exposure.beside": [], "priors.use": "informed", "terms.structure": STRUCTURE} | APART},
    }
    grid = make_grid(values)
    rows = [row for i in range(60) for row in calibrate_replicate(grid, grid.cells[0], i)]
    found = uniformity(pd.DataFrame(rows))
    assert [name for name, r in found.items() if r["outside"]] == []
    narrow = pd.DataFrame(rows).assign(rank=lambda r: norm.cdf(norm.ppf(r["rank"].clip(1e-6, 1 - 1e-6)) / 0.6))
    assert sum(r["outside"] for r in uniformity(narrow).values()) > 5  # and would be caught if it were too narrow


def test_draws_beyond_the_bounds_of_the_scenario_weigh_nothing():
    assert bounds_of("contagion.log_rate_ratio") == (-3, 3)
    assert bounds_of("onset.own_1_7") == (-5, 5)
    draws = {"intercept": np.zeros(3), "own_1_7": np.array([0.0, 5.1, -6.0]), "strange": np.array([9.0, 0, 0])}
    assert within_bounds(draws, FIELDS).tolist() == [1, 0, 0]


def study_with(effects: dict[str, object]) -> dict[str, object]:
    plan = CALIBRATION["plan"]["set"] | {f"effects.{name}": value for name, value in effects.items()}
    return CALIBRATION | {"plan": {"set": plan}}


def test_a_log_normal_truth_reaches_the_world_and_leaves_no_gamma():
    cell = make_grid(study_with({"frailty": "log_normal"})).cells[0]
    design = designed(make_grid(CALIBRATION), cell, simulate_world(cell.scenario, seed=3, log_exposures=False))
    scales = scale_fields(cell.plan.effects)
    assert set(scales) == {"sigma_home", "sigma_period", "frailty_sd_log"}
    truth = draw_truth(plan_priors(cell.plan), design, stream(1, "truth"), scales)
    settable = FIELDS | {"peer_presence": "contagion.log_rate_ratio"}
    world = simulate_world(
        truth_scenario(cell.scenario, truth, settable, "peer_presence", scales), seed=3, log_exposures=False
    )
    reached = values_of(world.truth)
    assert "frailty_shape" not in reached
    assert reached["frailty_sd_log"][0] == pytest.approx(truth["frailty_sd_log"])
    log_u = np.log(world.truth.frailty[0])
    assert log_u.std() == pytest.approx(truth["frailty_sd_log"], rel=0.25)
    # back to a gamma from a scenario that has another law
    gamma = truth_scenario(world.run.scenario, truth | {"frailty_shape": 0.5}, settable, "peer_presence")
    assert (gamma.onset.frailty_sd_log, gamma.onset.frailty_shape) == (0.0, 0.5)


def test_without_a_home_process_there_is_none_in_the_world_and_no_rank_of_it():
    grid = make_grid(study_with({"home_process": "none"}))
    rows = calibrate_replicate(grid, grid.cells[0], 0)
    names = {row["quantity"] for row in rows}
    assert "sigma_home" in names
    assert "sigma_period" not in names


@pytest.mark.parametrize("effects", [{"frailty": "low_risk"}, {"authority": True}, {"peer_slope_by_home": True}])
def test_effects_without_a_truth_in_any_world_are_refused(effects):
    cell = make_grid(study_with(effects)).cells[0]
    with pytest.raises(ConfigInvalid, match="no simulated world has a truth of"):
        scale_fields(cell.plan.effects)
