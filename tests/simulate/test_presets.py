"""The presets of simulated sectors: what ships is what was fitted, and each is what its name says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from missingmodels.presets import load_scenario
from missingmodels.runs.calibrate import calibrate_world, with_homes
from missingmodels.simulate.run import run_sector

ROOT = Path(__file__).resolve().parents[2]
FIT = json.loads((ROOT / "simulations" / "results" / "england_fit.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["england", "region"])
def test_fitted_presets_are_what_the_script_writes(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "simulations"))
    import calibrate_england as script

    values = np.array([FIT["fitted"][free] for free in script.FREE])
    assert (ROOT / "src/missingmodels/scenarios" / f"{name}.toml").read_text(encoding="utf-8") == script.preset_text(
        name, values
    )
    sys.modules.pop("calibrate_england")


@pytest.mark.parametrize("name", ["tiny", "small", "null", "homophily_only", "shocks_only", "region", "england"])
def test_each_preset_runs(name):
    scenario = with_homes(load_scenario(name), 30)
    if scenario.homes.authorities > 1:
        homes = scenario.homes.model_copy(update={"authorities": 3})
        scenario = scenario.model_copy(update={"homes": homes})
    assert run_sector(scenario, 1).episodes.day.size > 0


@pytest.mark.parametrize("name", ["null", "homophily_only", "shocks_only"])
def test_nobody_influences_anybody_where_the_name_says_so(name):
    scenario = load_scenario(name)
    contagion = scenario.contagion
    assert contagion.log_rate_ratio == contagion.outside_log_rate_ratio == contagion.joint_share == 0
    assert scenario.mechanisms.concurrent_missing == 0
    assert (scenario.dials.homophily > 0) == (name == "homophily_only")
    assert (scenario.dials.shock_sd > 0) == (name == "shocks_only")


def test_the_tracked_calibration_table_has_every_gate_target_inside():
    table = json.loads((ROOT / "simulations/results/calibration_england.json").read_text(encoding="utf-8"))
    gate = [target for target in table["targets"] if target["gate"]]
    assert len(gate) == 25
    assert [target["name"] for target in gate if target["verdict"] != "inside"] == []
    assert table["provenance"]["scenario"]["onset"]["rate_per_year"] == load_scenario("england").onset.rate_per_year


@pytest.mark.slow
def test_a_quarter_of_england_stays_near_the_figures():
    """The national preset at 1,000 homes: a change of the simulator that moves a gate target is seen here."""
    scenario = with_homes(load_scenario("england"), 1000)
    found = calibrate_world(scenario, [11, 12])
    outside = [
        c.as_dict()["name"] for c in found.compared if c.as_dict()["gate"] and c.as_dict()["verdict"] != "inside"
    ]
    assert outside == []
