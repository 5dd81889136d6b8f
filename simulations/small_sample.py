"""How the estimates of state dependence and influence close in on the truth as homes are added, by the fast engine.

Three variants of model M3 on the same worlds: scales estimated (the default), home-period effects left out, and scales
fixed at their true values. What is left in the last is the price of few events; the rest is that of not knowing scales.

    python simulations/small_sample.py --homes 40 160 --worlds 60 25 --output simulations/results
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd

from missingmodels.fitting.laplace.approximation import laplace
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Plan
from missingmodels.provenance import stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

COLUMNS = ("own_1_7", "own_8_28", "peer_presence", "arrival_band[0-6]", "staff_ratio_within")
FIRST_SEED = 100  # the recovery study has the seeds below
DRAWS = 1000


def variants(scenario: Scenario) -> dict[str, dict[str, dict[str, float]]]:
    """Prior replacements of each variant."""
    spec = scenario.onset
    truth = {"sigma_home": spec.home_sd, "sigma_period": spec.home_period_sd, "frailty_shape": spec.frailty_shape}
    return {
        "default": {},
        "no home-period effects": {"sigma_period": {"fixed": 0.0}},
        "true scales": {name: {"fixed": value} for name, value in truth.items()},
    }


def rows_of(homes: int, seed: int) -> list[dict[str, object]]:
    """One row a variant and column of one world."""
    scenario = Scenario(homes={"count": homes})
    world, rows = simulate_world(scenario, seed=seed), []
    for name, replace in variants(scenario).items():
        plan = Plan(models=("M0", "M3"), exposure={"beside": ()}, priors={"replace": replace})
        design = prepare(world.tables, plan).designs["M3", "peer_presence"]
        found = laplace(design, prior_set(plan.priors), draws=DRAWS, rng=stream(seed, "small_sample", name))
        _, raw = design.to_raw(found.intercept, found.coefficients)
        for column in (c for c in COLUMNS if c in design.names):
            draws, truth = raw[:, design.names.index(column)], float(world.truth.coefficient(column)[0])
            low, high = np.quantile(draws, [0.05, 0.95])
            row = {"homes": homes, "variant": name, "column": column, "seed": seed, "truth": truth}
            row |= {"error": draws.mean() - truth, "sd": draws.std(ddof=1), "covered": bool(low <= truth <= high)}
            rows.append(row | {"k_hat": found.k_hat})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, nargs="+", default=[40, 160])
    parser.add_argument("--worlds", type=int, nargs="+", default=[60, 25])
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    rows = [
        row
        for homes, worlds in zip(options.homes, options.worlds, strict=True)
        for seed in range(FIRST_SEED, FIRST_SEED + worlds)
        for row in rows_of(homes, seed)
    ]
    groups = pd.DataFrame(rows).groupby(["homes", "variant", "column"], sort=False)
    summary = pd.DataFrame(
        {
            "worlds": groups.size(),
            "bias_log": groups["error"].mean(),
            "bias_mc_error": groups["error"].std(ddof=1) / np.sqrt(groups.size()),
            "posterior_sd": groups["sd"].mean(),
            "coverage_90": groups["covered"].mean(),
            "k_hat_above_0.7": groups["k_hat"].apply(lambda k: float((k > 0.7).mean())),
        }
    ).round(4)
    options.output.mkdir(parents=True, exist_ok=True)
    summary.reset_index().to_csv(options.output / "small_sample.csv", index=False)
    recipe = f"python simulations/small_sample.py --homes {' '.join(map(str, options.homes))}"
    recipe += f" --worlds {' '.join(map(str, options.worlds))}"
    about = {"recipe": recipe, "engine": "nested Laplace", "draws": DRAWS, "versions": versions()}
    (options.output / "small_sample.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
