"""Does a continuous home process keep shared shocks from passing for influence, and let true influence be?

Worlds of 40 homes without influence whose homes share shocks of sd 0.5 that last 14, 28 or 91 days, and worlds with a
peer rate ratio of 1.3 and no such shock. On each, model M1 with peers' presence in 7 days three times: home effects
only and home x 28-day effects (fast engine), and an Ornstein-Uhlenbeck home process on a 7-day grid (NUTS). Rows are
appended world by world; a run that was stopped goes on where it was.

    python simulations/home_process.py --worlds 20 --output simulations/results
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd

from missingmodels.evidence.decisions import SUPPORTED, verdict
from missingmodels.fitting.families.daily import fit_daily
from missingmodels.fitting.fit import fit
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import World, simulate_world
from missingmodels.tables import Tables

EXPOSURE = "peer_presence"
INFLUENCE = math.log(1.3)
CELLS = {
    "shocks of 14 days": {"contagion": {"log_rate_ratio": 0.0}, "dials": {"shock_sd": 0.5, "shock_days": 14.0}},
    "shocks of 28 days": {"contagion": {"log_rate_ratio": 0.0}, "dials": {"shock_sd": 0.5, "shock_days": 28.0}},
    "shocks of 91 days": {"contagion": {"log_rate_ratio": 0.0}, "dials": {"shock_sd": 0.5, "shock_days": 91.0}},
    "influence, no shocks": {"contagion": {"log_rate_ratio": INFLUENCE}},
}
MODELS = ("home effects only", "28-day periods", "Ornstein-Uhlenbeck")
SAMPLING = {"draws": 700, "tune": 500, "chains": 2, "target_accept": 0.9, "doublings": 2}
GATE = {"ess_min": 100, "rhat_max": 1.02, "rhat_effects_max": 1.05}
FIRST_SEED = 7000
FIELDS = ("cell", "homes", "seed", "model", "truth", "mean", "sd", "low", "high", "covered", "supported", "negligible")
FIELDS += ("passed", "sigma", "scale_days", "cpu_seconds", "compile_seconds")


def plan_of(model: str) -> Plan:
    """The plan of one model."""
    fixed = {"sigma_period": {"fixed": 0.0}} if model == "home effects only" else {}
    return Plan(models=("M0", "M1"), exposure={"beside": ()}, priors={"replace": fixed}, sampling=SAMPLING, gate=GATE)


def effect(tables: Tables, model: str, seed: int) -> tuple[np.ndarray, dict[str, object]]:
    """Draws of the peers' log rate ratio, and what is noted of the fit."""
    plan = plan_of(model)
    if model == "Ornstein-Uhlenbeck":
        found = fit_daily(
            tables, plan, kind="ornstein_uhlenbeck", seed=seed, allow_unconverged=True, with_children=False
        )
        draws = np.log(found.draws["peer_ratio"].to_numpy().ravel())
        sizes = {"sigma": float(found.draws["sigma_process"].median())}
        sizes |= {"scale_days": float(found.draws["process_days"].median())}
        return draws, sizes | {
            "passed": found.diagnostics.passed,
            "compile_seconds": found.certificate["compile_seconds"],
        }
    design = prepare(tables, plan, fits=[("M1", EXPOSURE)], checked=True).designs["M1", EXPOSURE]
    fast = fit(
        design,
        plan,
        model="M1",
        exposure=EXPOSURE,
        seed=seed,
        method="laplace",
        allow_unconverged=True,
        with_children=False,
    )
    sigma = float(np.median(fast.parameters.sigma_period))
    noted = {"passed": fast.diagnostics.passed, "sigma": sigma, "scale_days": 28.0, "compile_seconds": 0.0}
    return fast.parameters.coefficient(EXPOSURE), noted


def world_of(cell: str, homes: int, seed: int) -> World:
    """One world of a cell."""
    return simulate_world(Scenario(homes={"count": homes}, **CELLS[cell]), seed=seed)


def row_of(world: World, cell: str, homes: int, seed: int, model: str) -> dict[str, object]:
    """One fit."""
    truth = float(world.truth.coefficient(EXPOSURE)[0])
    begin = time.process_time()
    draws, noted = effect(world.tables, model, seed)
    seconds = time.process_time() - begin
    low, high = np.quantile(draws, [0.05, 0.95])
    decided = verdict(np.exp(draws), "above", Plan().decision)[0]
    row = {"cell": cell, "homes": homes, "seed": seed, "model": model, "truth": round(truth, 5)}
    row |= {"mean": draws.mean(), "sd": draws.std(ddof=1), "low": low, "high": high}
    row |= {"covered": bool(low <= truth <= high), "supported": decided == SUPPORTED}
    row |= {"negligible": "negligible" in decided, "cpu_seconds": seconds, **noted}
    return {name: round(v, 5) if isinstance(v := row[name], float) else v for name in FIELDS}


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """False or lost effect and false confidence by cell and model, each with its Monte Carlo error."""
    out = []
    for (cell, model), part in rows.groupby(["cell", "model"], sort=False):
        n, error = len(part), part["mean"] - part["truth"]
        share = {name: float(part[name].mean()) for name in ("supported", "covered", "passed")}
        line = {"cell": cell, "model": model, "worlds": n, "mean_error": error.mean()}
        line |= {"mean_error_mc": error.std(ddof=1) / math.sqrt(n), "posterior_sd": part["sd"].mean()}
        for name in ("supported", "covered"):
            line |= {name: share[name], f"{name}_mc": math.sqrt(share[name] * (1 - share[name]) / n)}
        line |= {"passed": share["passed"], "sigma": part["sigma"].median(), "scale_days": part["scale_days"].median()}
        out.append(line | {"cpu_seconds": part["cpu_seconds"].median()})
    return pd.DataFrame(out).round(4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=40)
    parser.add_argument("--worlds", type=int, default=20, help="of each cell")
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "home_process_rows.csv"
    done = set()
    if path.exists():
        done = {(r["cell"], int(r["homes"]), int(r["seed"]), r["model"]) for _, r in pd.read_csv(path).iterrows()}
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if not done:
            writer.writeheader()
        # world by world through all cells, so that a part of the study is a study
        for seed in range(FIRST_SEED, FIRST_SEED + options.worlds):
            for cell in options.cells:
                missing = [m for m in MODELS if (cell, options.homes, seed, m) not in done]
                world = world_of(cell, options.homes, seed) if missing else None
                for model in missing:
                    writer.writerow(row_of(world, cell, options.homes, seed, model))
                    file.flush()
    summarise(pd.read_csv(path)).to_csv(options.output / "home_process.csv", index=False)
    about = {
        "recipe": f"python simulations/home_process.py --homes {options.homes} --worlds {options.worlds}",
        "engine": "home effects only and 28-day periods: nested Laplace; Ornstein-Uhlenbeck: nutpie",
        "sampling": SAMPLING,
        "gate": GATE,
        "versions": versions(),
    }
    (options.output / "home_process.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
