"""Smoke test of truth: do the 90 % intervals of model M3 cover what was set, in small worlds of seeds 0, 1, 2, …?

Two scenarios: `small` (peer rate ratio 1.3) and `null` (1). Every seed counts; a fit that fails the diagnostics gate is
reported as a rate. Writes one row an estimate and a summary with Monte Carlo errors.

    python simulations/recovery.py --seeds 30 --output simulations/results
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.decisions import SUPPORTED, verdict
from missingmodels.evidence.effects.estimands import (
    attributable_fraction,
    expected_rate,
    median_rate_ratio,
    rate_ratio,
    variance_explained,
)
from missingmodels.fitting.fit import Fit, fit
from missingmodels.parameters import Parameters
from missingmodels.plan import Plan
from missingmodels.presets import load_scenario
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.simulate.world import simulate_world

EXPOSURE = "peer_presence"
# Columns that stand for what is not recorded have no true value of their own.
NO_TRUTH = ("history_unknown", "peers_unseen")


def estimates(parameters: Parameters, found: Fit) -> dict[str, np.ndarray]:
    """Every reported quantity of a fit, by the functions that draws and truth share."""
    design = found.design
    between = tuple(name for name in design.names if name.endswith("_between"))
    ratios = {f"rate_ratio:{n}": rate_ratio(parameters, {n: 1.0}) for n in design.names if n not in NO_TRUTH}
    return ratios | {
        "attributable_fraction": attributable_fraction(parameters, design, EXPOSURE),
        "expected_rate": expected_rate(parameters, design),
        "variance_explained": variance_explained(parameters, design, between),
        "median_rate_ratio": median_rate_ratio(parameters),
        "sigma_home": parameters.sigma_home,
        "sigma_period": parameters.sigma_period,
        "frailty_shape": parameters.frailty_shape,
    }


def one_world(scenario: str, seed: int, plan: Plan) -> list[dict[str, object]]:
    """Rows of one world; one row with status `gate` if its fit did not converge."""
    world = simulate_world(load_scenario(scenario), seed=seed)
    prepared = prepare(world.tables, plan)
    design = prepared.designs["M3", EXPOSURE]
    try:
        found = fit(design, plan, model="M3", exposure=EXPOSURE, seed=seed)
    except DiagnosticsFailed as error:
        return [{"scenario": scenario, "seed": seed, "status": "gate", "estimand": "", "remark": error.what}]
    truth = estimates(world.truth.on_cells(prepared.risk.period_of_cells), found)
    rows = []
    for name, draws in estimates(found.parameters, found).items():
        low, median, high = np.quantile(draws, [0.05, 0.5, 0.95])
        row = {"scenario": scenario, "seed": seed, "status": "fitted", "estimand": name, "truth": float(truth[name][0])}
        row |= {"median": median, "low": low, "high": high, "mean": draws.mean(), "sd": draws.std(ddof=1)}
        row["covered"] = bool(low <= truth[name][0] <= high)
        if name == f"rate_ratio:{EXPOSURE}":
            row["verdict"] = verdict(draws, "above", plan.decision)[0]
        rows.append(row)
    return rows


def share(hits: pd.Series) -> dict[str, float]:
    """A share with its binomial Monte Carlo error, by the plus-four rule so that 0 and 1 have one too."""
    n, p = len(hits), float(hits.mean())
    smoothed = (hits.sum() + 2) / (n + 4)
    return {"share": round(p, 4), "mc_error": round(math.sqrt(smoothed * (1 - smoothed) / (n + 4)), 4), "n": n}


def summarise(rows: pd.DataFrame) -> dict[str, object]:
    """Coverage of every estimand, bias on the log scale for rate ratios, and the share of confident peer effects."""
    fitted = rows[rows["status"] == "fitted"]
    out: dict[str, object] = {}
    for scenario, part in fitted.groupby("scenario"):
        worlds = rows[rows["scenario"] == scenario].drop_duplicates("seed")
        peers = part[part["estimand"] == f"rate_ratio:{EXPOSURE}"]
        error = np.log(peers["median"]) - np.log(peers["truth"])
        out[str(scenario)] = {
            "worlds": len(worlds),
            "failed_the_gate": int((worlds["status"] == "gate").sum()),
            "coverage_90": {str(name): share(hits["covered"]) for name, hits in part.groupby("estimand", sort=False)},
            "peer_effect_supported": share(peers["verdict"] == SUPPORTED),
            "peer_log_rate_ratio_bias": round(float(error.mean()), 4),
            "peer_log_rate_ratio_bias_mc_error": round(float(error.std(ddof=1) / math.sqrt(len(error))), 4),
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    plan = Plan(name="recovery", models=("M0", "M3"), exposure={"beside": ()})
    rows: list[dict[str, object]] = []
    for scenario in ("small", "null"):
        for seed in range(options.seeds):
            start = time.perf_counter()
            rows += one_world(scenario, seed, plan)
            sys.stderr.write(f"{scenario} {seed}: {rows[-1]['status']}, {time.perf_counter() - start:.0f} s\n")
    frame = pd.DataFrame(rows)
    options.output.mkdir(parents=True, exist_ok=True)
    frame.round(6).to_csv(options.output / "recovery_rows.csv", index=False)
    summary = {
        "recipe": f"python simulations/recovery.py --seeds {options.seeds}",
        "plan": plan.model_dump(mode="json"),
    }
    summary |= {"results": summarise(frame), "versions": versions()}
    (options.output / "recovery.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
