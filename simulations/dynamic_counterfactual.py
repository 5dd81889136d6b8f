"""The dynamic attributable fraction against the simulator's own `do(contagion=0)`, and the dials that part the two.

Each world is run as it is and, with the same chance, without any influence. Beside the episodes of both stands what
`evidence.effects.dynamic` expects of the first world's tables at its true parameter values. In `plain` and its kin they
must agree; every other case turns a dial that the model does not know. Rows are added as worlds finish; a world that is
there is not run again.

    python simulations/dynamic_counterfactual.py --worlds 100
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import arguments, worlds_of

from missingmodels.config import from_mapping
from missingmodels.evidence.effects.dynamic import dynamic_attributable_fraction
from missingmodels.evidence.effects.estimands import expected_episodes
from missingmodels.frame.design import Design
from missingmodels.frame.forward import forward_days
from missingmodels.frame.riskset import build_risk_set
from missingmodels.parameters import Parameters
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.days.intervene import AS_IT_IS, Do, do
from missingmodels.simulate.world import World, simulate_world

FIRST_SEED, RUNS = 30_000, 40
# Twice the rate beside a recently missing peer, and strong own history: then one step and all steps lie far apart.
BASE: dict[str, dict[str, Any]] = {
    "homes": {"count": 40},
    "onset": {"rate_per_year": 4.0, "frailty_shape": 1.0, "own_1_7": 0.8, "own_8_28": 0.4},
    "contagion": {"log_rate_ratio": 0.7},
}
AGREE = ("plain", "peer_count", "peer_density", "no own history", "homophily 0.6")
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "plain": {},
    "peer_count": {"contagion": {"exposure": "peer_count", "log_rate_ratio": 0.5}},
    "peer_density": {"contagion": {"exposure": "peer_density", "log_rate_ratio": 1.5}},
    "no own history": {"onset": {"own_1_7": 0.0, "own_8_28": 0.0}},
    "homophily 0.6": {"dials": {"homophily": 0.6}},
    "shared shocks": {"dials": {"shock_sd": 0.5, "shock_days": 28}},
    "exits 0.2 an episode": {"dials": {"exit_per_episode": 0.2}},
    "joint departures": {"contagion": {"joint_share": 0.2}},
    "peers' absence itself": {"mechanisms": {"concurrent_missing": 0.7}},
    "ties beyond the home": {"contagion": {"outside_log_rate_ratio": 0.7}, "homes": {"school_tie_share": 0.2}},
    "short staffing": {"contagion": {"short_staffing": 1.0}},
    "all past episodes": {"mechanisms": {"past_episodes": 0.3}},
    "interviews help": {"mechanisms": {"interview": -0.7}},
    "sanctions harm": {"mechanisms": {"sanction": 0.5}, "aftermath": {"sanctioned_share": 0.5}},
    "absences that differ": {"away": {"median_hours": 24.0, "out_of_area": 4.0, "long_share": 0.1}},
    "children unseen": {"recording": {"unseen_children_share": 0.3}},
}
FIGURES = ("episodes", "episodes_without", "expected", "expected_without", "one_step", "one_step_without")


def scenario_of(case: str) -> Scenario:
    """The scenario of a case."""
    parts = {name: dict(values) for name, values in BASE.items()}
    for name, values in CASES[case].items():
        parts[name] = parts.get(name, {}) | values
    return from_mapping(parts, Scenario)


def plan_of(scenario: Scenario) -> Plan:
    """M3 with the exposure that acts; the simulator gives an onset on a moving day to the home entered."""
    exposure = {"primary": scenario.contagion.exposure, "beside": ()}
    return Plan(models=("M0", "M3"), exposure=exposure, frame={"boundary": "starting"})


def known(truth: Parameters, design: Design) -> Parameters:
    """The true values without those of columns that the model does not hold."""
    held = {*design.names, *design.constants}
    return replace(truth, coefficients={n: v for n, v in truth.coefficients.items() if n in held})


def onsets(world: World, plan: Plan) -> int:
    """Onsets at risk in the window, of all children."""
    risk = build_risk_set(world.happened, plan.frame)
    return int(risk.onset[:, ~risk.before_window].sum())


def one_world(case: str, seed: int) -> dict[str, float]:
    """Episodes of the window in the world and in its counterfactual, and what is expected of both at the truth."""
    scenario = scenario_of(case)
    plan, exposure = plan_of(scenario), scenario.contagion.exposure

    def run(what: Do) -> World:
        return simulate_world(scenario, seed=seed, do=what, log_exposures=False)

    world, without = run(AS_IT_IS), run(do(contagion=0))
    prepared = prepare(world.tables, plan, fits=[("M3", exposure)], checked=True)
    design = prepared.designs["M3", exposure]
    truth = known(world.truth.on_cells(prepared.risk.period_of_cells), design)
    days = forward_days(world.tables, prepared.risk, plan, model="M3", exposure=exposure)
    found = dynamic_attributable_fraction(truth, days, seed=seed, runs=RUNS)
    return {
        "episodes": onsets(world, plan),
        "episodes_without": onsets(without, plan),
        "expected": float(found.episodes[0]),
        "expected_without": float(found.without[0]),
        "one_step": float(expected_episodes(truth, design)[0]),
        "one_step_without": float(expected_episodes(truth, design, held={exposure: 0.0})[0]),
    }


def fraction(worlds: pd.DataFrame, name: str) -> np.ndarray:
    """(W + 1,) 1 - sum without / sum, of all worlds and then with each world left out."""
    pairs = worlds[[name, f"{name}_without"]].to_numpy(dtype=float)
    sums = pairs.sum(axis=0) - np.vstack([np.zeros(2), pairs])
    return np.asarray(1 - sums[:, 1] / sums[:, 0])


def with_error(values: np.ndarray) -> tuple[float, float]:
    """The value over all worlds, and its standard error by the jackknife."""
    left = values[1:]
    return float(values[0]), float(np.sqrt((left.size - 1) * left.var()))


def summarise(worlds: pd.DataFrame) -> pd.DataFrame:
    """A row a case: the world's own fraction, the dynamic and the one-step one, and how far each lies off."""
    rows = []
    for case in CASES:
        held = worlds[worlds["case"] == case]
        if len(held) < 2:
            continue
        world, dynamic, one = (fraction(held, name) for name in ("episodes", "expected", "one_step"))
        row: dict[str, Any] = {"case": case, "agrees_by_design": case in AGREE, "worlds": len(held)}
        parts = {"world": world, "dynamic": dynamic, "one_step": one}
        parts |= {"dynamic_minus_world": dynamic - world, "one_step_minus_world": one - world}
        for name, values in parts.items():
            row[name], row[f"{name}_error"] = with_error(values)
        rows.append(row)
    return pd.DataFrame(rows)


def write_summary(worlds: list[dict[str, Any]], output: Path) -> pd.DataFrame:
    """``dynamic_counterfactual.csv``, and beside it what made it."""
    output.mkdir(parents=True, exist_ok=True)
    table = summarise(pd.DataFrame(worlds)).round(5)
    table.to_csv(output / "dynamic_counterfactual.csv", index=False)
    recipe = f"python simulations/dynamic_counterfactual.py --worlds {len({w['seed'] for w in worlds})}"
    made = {"recipe": recipe, "base": BASE, "cases": CASES, "first_seed": FIRST_SEED, "runs": RUNS}
    made["seconds_a_world"] = round(float(np.mean([w["seconds"] for w in worlds])), 2)
    text = json.dumps(made | {"versions": versions()}, indent=1) + "\n"
    (output / "dynamic_counterfactual.json").write_text(text, encoding="utf-8")
    return table


def record_of(seed: int, case: str) -> dict[str, Any]:
    """What is kept of one world."""
    start = time.process_time()
    found: dict[str, Any] = {"case": case, "seed": seed, **one_world(case, seed)}
    return found | {"seconds": round(time.process_time() - start, 3)}


def main() -> None:
    options = arguments(__doc__, worlds=100, of="of each case", work="dynamic_counterfactual").parse_args()
    # world by world through all cases, so that a stop leaves as many of each
    asked = ((seed, case) for seed in range(FIRST_SEED, FIRST_SEED + options.worlds) for case in CASES)
    worlds = worlds_of(options, asked, lambda w: (w["seed"], w["case"]), lambda key: record_of(*key))
    sys.stdout.write(write_summary(worlds, options.output).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()
