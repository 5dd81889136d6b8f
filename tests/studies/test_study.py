"""Studies that cannot be run are refused with every fault at once."""

from __future__ import annotations

import math

import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.fit import data_digest
from missingmodels.plan import Exposure
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.computing.replicate import designed, drawn_scenario, simulated
from missingmodels.studies.computing.rows import true_log_ratio
from missingmodels.studies.questions.grid import changed_scenario, leaves, make_grid, read_study
from missingmodels.studies.questions.grid import grid_of as from_record
from studies import as_toml, grid_of, study_of


def test_all_faults_are_told_at_once_with_the_nearest_field():
    with pytest.raises(ConfigInvalid) as told:
        make_grid(
            {
                "axes": {"homes.cuont": [20], "log_rate_ratio": [0.1], "plan.frame.perod_days": [7]},
                "scenario": {"use": "smal", "set": {"hoems.count": 3}},
                "prior": {"dials.shok_sd": {"mean": 0, "sd": 1}},
                "replicates": {"batch": 7},
                "colour": "red",
            }
        )
    text = str(told.value)
    for part in (
        "8 faults",
        "axes.homes.cuont: no field of that name in the scenario; did you mean 'homes.count'?",
        "axes.log_rate_ratio: no field of that name in the scenario; did you mean 'contagion.log_rate_ratio'?",
        "axes.plan.frame.perod_days: no field of that name in the plan; did you mean 'frame.period_days'?",
        "scenario.use: no preset 'smal'; did you mean 'small'?",
        "scenario.set.hoems.count: no field of that name in the scenario; did you mean 'homes.count'?",
        "prior.dials.shok_sd: no field of that name in the scenario; did you mean 'dials.shock_sd'?",
        "replicates: at_least, step, at_most must be multiples of batch (7)",
        "colour: unknown key",
    ):
        assert part in text


def test_values_that_fields_refuse_are_told_one_by_one():
    with pytest.raises(ConfigInvalid) as told:
        make_grid(
            {
                "axes": {"homes.count": [20, -1], "days": [3], "dials.shock_drifts": ["perhaps"]},
                "plan": {"set": {"frame.period_days": 1}},
                "ask": {"quantities": ["peer_presense", "peer_count"]},
                "rules": {"strict": {"supported_probability": 3}},
            }
        )
    text = str(told.value)
    for part in (
        "axes.homes.count = -1",
        "axes.days = 3",
        "axes.dials.shock_drifts = 'perhaps'",
        "plan.set.frame.period_days",
        "ask.quantities: 'peer_presense' is not judged in model M3; did you mean 'peer_presence'?",
        "ask.quantities: 'peer_count' is not the exposure that is fitted ('peer_presence')",
        "rules.strict.supported_probability",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"axes": {"days": []}}, "axes.days has no value"),
        ({"axes": {"days": [100, 100]}}, "names a value twice"),
        ({"axes": {"days": [100]}, "prior": {"days": {"mean": 9, "sd": 1}}}, "both an axis and in the prior"),
        ({"solve": {"size": "days"}}, "needs an axis of at least two values"),
        ({"cost": {"per_home": 1}}, "nothing is solved for"),
        ({"prior": {"dials.shock_sd": {"law": "uniform", "low": 2, "high": 1}}}, "low must be below high"),
        ({"prior": {"dials.shock_sd": {"law": "uniform", "mean": 2, "sd": 1}}}, "low and high for a uniform"),
        ({"kind": "calibration"}, "draws its truths from the informed priors"),
        ({"kind": "calibration", "plan": {"set": {"priors.use": "informed"}}}, "a home's mean over all days"),
        ({"method": "laplas"}, "method"),
        ({"prior": {"days": {"mean": 400, "sd": 9}}}, "a law draws real numbers"),
        ({"plan": {"set": {"frame.coverage_rule": "model"}}}, "a study answers from what is recorded"),
        ({"plan": {"set": {"sampling.method": "nuts"}}}, "set by the study's own key"),
        ({"axes": {"homes.authorities": [6]}}, "cannot exceed count (5)"),
    ],
)
def test_studies_that_contradict_themselves_are_refused(changes, text):
    values = study_of(**changes)
    if "authorities" in text or "homes.authorities" in changes.get("axes", {}):
        values["axes"] = {"homes.count": [5, 7], **changes["axes"]}
    with pytest.raises(ConfigInvalid, match=text.replace("(", r"\(").replace(")", r"\)")):
        make_grid(values)


def test_cells_are_the_product_of_the_axes_with_and_without_quotes(tmp_path):
    quoted = '[axes]\n"homes.count" = [10, 20]\n"plan.frame.period_days" = [14, 28]\n'
    bare = "[axes]\nhomes.count = [10, 20]\nplan.frame.period_days = [14, 28]\n"
    cells = []
    for text in (quoted, bare):
        (tmp_path / "s.toml").write_text(text)
        cells.append(read_study(tmp_path / "s.toml").cells)
    assert cells[0] == cells[1]
    found = [(c.scenario.homes.count, c.plan.frame.period_days) for c in cells[0]]
    assert found == [(10, 14), (10, 28), (20, 14), (20, 28)]


def test_a_study_names_files_beside_it_and_its_record_needs_none(tmp_path):
    (tmp_path / "world.toml").write_text("days = 200\n[homes]\ncount = 9\n")
    (tmp_path / "s.toml").write_text('[scenario]\nuse = "world.toml"\nset = { "homes.occupancy" = 0.5 }\n')
    grid = read_study(tmp_path / "s.toml")
    assert (grid.scenario.days, grid.scenario.homes.count, grid.scenario.homes.occupancy) == (200, 9, 0.5)
    again = from_record(grid.record())
    assert again.digest == grid.digest
    assert again.cells == grid.cells


def test_a_file_is_read_as_plain_values_are(tmp_path):
    (tmp_path / "s.toml").write_text(as_toml(study_of()))
    assert read_study(tmp_path / "s.toml").digest == grid_of().digest


@pytest.mark.parametrize("text", ["axes = [", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path, text):
    path = tmp_path / "s.toml"
    if text:
        path.write_text(text)
    with pytest.raises(ConfigInvalid, match=r"s\.toml"):
        read_study(path)


def test_every_field_of_a_scenario_can_be_an_axis():
    names = leaves(Scenario)
    assert {"homes.count", "days", "dials.shock_sd", "recording.unseen_children_share"} <= set(names)
    base = Scenario().model_dump(mode="json")
    for name in names:
        value = base
        for part in name.split("."):
            value = value[part]
        grid = make_grid({"axes": {name: [0.0 if value is None else value]}})
        assert len(grid.cells) == 1


def test_the_design_prior_is_drawn_anew_for_each_replicate_and_cut_at_the_bounds():
    prior = {"dials.shock_sd": {"mean": 0.0, "sd": 0.5}, "dials.homophily": {"law": "uniform", "low": 0.2, "high": 0.4}}
    grid = grid_of(prior=prior)
    drawn = [drawn_scenario(grid, grid.cells[0], i) for i in range(200)]
    sds = [d["dials.shock_sd"] for _, d in drawn]
    assert min(sds) >= 0
    assert len(set(sds)) == 200
    # half-normal: mean 0.5 sqrt(2 / pi) = 0.399, sd 0.301, so 4 errors of the mean are 0.085
    assert sum(sds) / 200 == pytest.approx(0.399, abs=0.085)
    assert all(0.2 <= d["dials.homophily"] <= 0.4 for _, d in drawn)
    assert all(s.dials.shock_sd == d["dials.shock_sd"] for s, d in drawn)
    assert drawn_scenario(grid, grid.cells[0], 3)[1] == drawn[3][1]
    assert drawn_scenario(grid, grid.cells[1], 3)[1] != drawn[3][1]


@pytest.mark.parametrize("exposure", ["peer_presence", "peer_network"])
def test_the_tables_left_out_of_a_replicate_change_nothing(exposure):
    grid = grid_of(ask={"model": "M3", "exposure": exposure, "quantities": [exposure]})
    cell = grid.cells[0]
    whole = designed(grid, cell, simulate_world(cell.scenario, seed=2))
    part = designed(grid, cell, simulated(grid, cell, cell.scenario, 2))
    assert part.names == whole.names
    assert data_digest(part) == data_digest(whole)


def test_priors_can_be_replaced_by_the_study():
    replaced = {"male": {"mean": 0.0, "sd": 0.2}, "frailty_shape": {"median": 0.4, "sd_log": 0.3}}
    for set_ in ({"priors.replace": replaced}, {"priors": {"replace": replaced}}):
        grid = make_grid(study_of(plan={"set": set_}))
        assert grid.plan.priors.replace["frailty_shape"].median == 0.4
        assert from_record(grid.record()).digest == grid.digest


def test_the_truth_of_a_contrast_is_none_where_another_window_is_asked_of():
    scenario = make_grid(study_of()).cells[0].scenario
    world = simulate_world(scenario, seed=3)

    def truth(name, **asked):
        return true_log_ratio(world.truth, name, 1.0, scenario=scenario, asked=Exposure(**asked))

    assert truth("peer_presence") == pytest.approx(scenario.contagion.log_rate_ratio)
    assert math.isnan(truth("peer_presence", window_days=14))
    assert math.isnan(truth("peer_kernel"))
    none = changed_scenario(scenario, {"contagion.log_rate_ratio": 0.0})
    assert true_log_ratio(world.truth, "peer_presence", 1.0, scenario=none, asked=Exposure(window_days=14)) == 0.0


def test_a_cell_whose_plan_asks_for_ties_gets_them():
    axes = {"plan.exposure.outside": [None, "outside_presence"]}
    grid = make_grid(study_of(axes=axes))
    ties = ["ties" in simulated(grid, cell, cell.scenario, 3).tables for cell in grid.cells]
    assert ties == [False, True]
