"""How near the fast engine is to long NUTS runs: model M3 in worlds over the range of scenarios, world 0, 1, 2, …

A world's number decides its scenario (homes, peer influence, shared shocks, homophily, frailty, spread of homes and of
their periods) and its seed. For every parameter: the difference of posterior means in posterior standard deviations,
the ratio of standard deviations, and the differences of the probability above 0 and beyond the 2.5 and 97.5 % points of
NUTS, each beside its Monte Carlo error (effective draws of both engines). A difference counts as beyond its limit only
if it exceeds the limit plus three such errors. ``mode_difference`` is that of the mode given the likeliest scales,
before any weighing: the shrinkage that a fit by profiling would keep. NUTS goes on until every parameter compared has
4,000 effective draws. A fast fit that does not pass the gate is one that the engine itself refuses: it is counted, and
its rows are kept apart (``passed``).

Each world's rows are appended as soon as it is done, so the study may be stopped at any time and goes on where it was.

    OPENBLAS_NUM_THREADS=1 nice python simulations/laplace_accuracy.py --worlds 50 --output simulations/results
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.fitting.fit import fit
from missingmodels.fitting.laplace.approximation import TOLERANCE, laplace
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.fitting.laplace.engine import judge
from missingmodels.fitting.laplace.explore import Surface, explore
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import PriorSet
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Plan, Sampling
from missingmodels.presets import load_scenario
from missingmodels.provenance import stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

EXPOSURE = "peer_presence"
LIMITS = {"mean_difference": 0.1, "sd_ratio": 0.05, "above_0": 0.01, "below_2.5": 0.01, "above_97.5": 0.01}
SCALES = ("sigma_home", "sigma_period", "frailty_shape")
LEAST_ESS = 4000
MOST_RUNS = 4
HOMES_SHOWN = 6  # of each world: their effects are alike, and a table of all of them is long


def scenario_of(world: int) -> tuple[Scenario, dict[str, float]]:
    """The scenario of a world, and what was drawn for it: mostly small ones, every eighth of 60 homes or more."""
    rng = stream(world, "accuracy")
    if world % 8 == 7:
        homes = (60, 100, 60, 160)[world // 8 % 4]
    else:
        homes = int(rng.choice([10, 20, 30, 40], p=[0.3, 0.3, 0.2, 0.2]))
    drawn = {
        "homes.count": homes,
        "contagion.log_rate_ratio": round(float(rng.uniform(0, 0.6)), 3),
        "dials.shock_sd": float(rng.choice([0.0, 0.3, 0.5])),
        "dials.shock_days": float(rng.choice([14, 28, 91])),
        "dials.homophily": float(rng.choice([0.0, 0.3, 0.6])),
        "onset.frailty_shape": round(float(np.exp(rng.uniform(math.log(0.15), math.log(1.5)))), 3),
        "onset.home_sd": round(float(rng.uniform(0, 0.6)), 3),
        "onset.home_period_sd": round(float(rng.uniform(0, 0.4)), 3),
    }
    values = load_scenario("small").model_dump()
    for name, value in drawn.items():
        part, key = name.split(".")
        values[part][key] = value
    return Scenario.model_validate(values), drawn


def reference(design: Design, plan: Plan, seed: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Draws by chain of what is compared, and their effective numbers; runs are joined until those suffice."""
    runs = []
    for i in range(MOST_RUNS):
        asked = {"model": "M3", "exposure": EXPOSURE, "allow_unconverged": True, "with_children": False}
        draws = fit(design, plan, seed=seed + 1000 * i, **asked).draws.drop_vars("home_period")
        runs.append(draws.assign_coords(chain=np.arange(draws.sizes["chain"]) + 100 * i))
        found = xr.concat(runs, dim="chain")
        ess = az.ess(found, method="mean")
        if min(float(ess[name].min()) for name in ess.data_vars) >= LEAST_ESS:
            break
    return found, ess


def columns_of(design: Design, source: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Name -> (S,) or (chains, draws) of every scalar that is compared."""
    out = {name: source[name] for name in ("intercept", *SCALES)}
    out |= {name: source["coefficients"][..., i] for i, name in enumerate(design.names)}
    return out | {f"home {i}": source["home"][..., i] for i in range(min(HOMES_SHOWN, len(design.home_ids)))}


def compare(name: str, nuts: np.ndarray, ess: tuple[float, float], fast: np.ndarray, fast_ess: float) -> dict[str, Any]:
    """One row; ``ess`` of the reference for means and tails."""
    flat = nuts.ravel()
    sd, ratio = flat.std(), fast.std() / flat.std()
    # Both engines' errors; that of an sd from the fourth moment, as tails may be heavier than normal.
    fourth = ((flat - flat.mean()) ** 4).mean() / sd**4
    per_draw = 1 / ess[0] + 1 / fast_ess
    row = {
        "parameter": name,
        "kind": "home" if name.startswith("home ") else name if name in SCALES else "coefficient",
        "nuts_mean": flat.mean(),
        "nuts_sd": sd,
        "nuts_ess": ess[0],
        "fast_ess": fast_ess,
        "mean_difference": (fast.mean() - flat.mean()) / sd,
        "mean_difference_error": math.sqrt(per_draw),
        "sd_ratio": ratio,
        "sd_ratio_error": math.sqrt(max(fourth - 1, 0.0) / 4 * per_draw),
    }
    low, high = np.quantile(flat, [0.025, 0.975])
    tails = {"above_0": (fast > 0, flat > 0), "below_2.5": (fast < low, flat < low)}
    for tail, (ours, theirs) in (tails | {"above_97.5": (fast > high, flat > high)}).items():
        p = theirs.mean()
        row[tail] = ours.mean() - p
        row[f"{tail}_error"] = math.sqrt(max(p * (1 - p), 1e-4) * (1 / ess[1] + 1 / fast_ess))
    return row


def modes(design: Design, priors: PriorSet) -> dict[str, float]:
    """Intercept and coefficients at the mode given the likeliest scales; no column is fixed here."""
    surface = Surface(laplace_data(design, priors), ScaleSpace(priors), TOLERANCE)
    return dict(zip(("intercept", *design.names), explore(surface).middle.b, strict=True))


def one_world(number: int, plan: Plan, draws: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of one world; its scenario, and what each engine cost in CPU seconds."""
    scenario, drawn = scenario_of(number)
    world = simulate_world(scenario, seed=number)
    design, priors = prepare(world.tables, plan).designs["M3", EXPOSURE], prior_set(plan.priors)
    begin = time.process_time()
    nuts, bulk = reference(design, plan, number)
    nuts_seconds, begin = time.process_time() - begin, time.process_time()
    fast = laplace(design, priors, draws=draws, rng=stream(number, "laplace"))
    fast_seconds, begin = time.process_time() - begin, time.process_time()
    small = laplace(design, priors, draws=2000, rng=stream(number, "laplace", "small"))
    small_seconds = time.process_time() - begin
    tail = az.ess(nuts, method="tail")
    theirs = columns_of(design, {str(name): nuts[name].to_numpy() for name in nuts.data_vars})
    sizes = [columns_of(design, {str(n): e[n].to_numpy() for n in e.data_vars}) for e in (bulk, tail)]
    ours = columns_of(design, {name: getattr(fast, name) for name in ("intercept", "coefficients", "home", *SCALES)})
    found = modes(design, priors)
    verdict = judge(design, fast, plan)
    rows = []
    for name in theirs:
        row = {"world": number, "passed": verdict.passed}
        row |= compare(name, theirs[name], (float(sizes[0][name]), float(sizes[1][name])), ours[name], fast.ess)
        row["mode_difference"] = (found.get(name, math.nan) - row["nuts_mean"]) / row["nuts_sd"]
        rows.append(row)
    cost = {
        "world": number,
        **drawn,
        "onsets": int(design.onsets.sum()),
        "rows": int(design.onsets.size),
        "nuts_cpu_seconds": round(nuts_seconds, 1),
        "nuts_least_ess": round(min(float(bulk[name].min()) for name in bulk.data_vars)),
        "fast_cpu_seconds": round(fast_seconds, 2),
        "k_hat": round(fast.k_hat, 3),
        "fast_ess": round(fast.ess),
        "tail_share_max": round(float(fast.tail_shares.max()), 4),
        "failed": "; ".join(verdict.failed),
        "cpu_seconds_2000_draws": round(small_seconds, 3),
        "k_hat_2000_draws": round(small.k_hat, 3),
        "ess_2000_draws": round(small.ess),
        "passed_2000_draws": judge(design, small, plan).passed,
    }
    return rows, cost


def summarise(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """By kind of parameter: mean and largest differences, and how many are beyond the limit plus three errors."""
    out = {}
    for kind, part in rows.groupby("kind"):
        of: dict[str, object] = {"parameters": len(part)}
        for name, limit in LIMITS.items():
            off = part[name] - (1.0 if name == "sd_ratio" else 0.0)
            of[name] = {
                "mean": round(float(off.mean()), 4),
                "root_mean_square": round(float(np.sqrt((off**2).mean())), 4),
                "expected_from_monte_carlo": round(float(np.sqrt((part[f"{name}_error"] ** 2).mean())), 4),
                "largest": round(float(off.abs().max()), 4),
                "beyond_limit": int((off.abs() > limit + 3 * part[f"{name}_error"]).sum()),
            }
        at_mode = part["mode_difference"].dropna()
        if len(at_mode):
            of["mode_difference"] = {
                "root_mean_square": round(float(np.sqrt((at_mode**2).mean())), 4),
                "largest": round(float(at_mode.abs().max()), 4),
            }
        out[str(kind)] = of
    return out


def append(path: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Add rows to a CSV file by writing it anew beside it, so that a stop leaves the old one or the new."""
    frame = pd.DataFrame(rows).round(5)
    if path.exists():
        frame = pd.concat([pd.read_csv(path), frame], ignore_index=True)
    scratch = path.with_suffix(".part")
    frame.to_csv(scratch, index=False)
    scratch.replace(path)
    return frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=50)
    parser.add_argument("--draws", type=int, default=2500, help="of each of 4 chains of a run of NUTS")
    parser.add_argument("--fast-draws", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after the world that ends past them")
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    plan = Plan(
        name="laplace accuracy",
        models=("M0", "M3"),
        exposure={"beside": ()},
        frame={"cell_days": None},
        effects={"sector_process": "none"},
        sampling=Sampling(method="nuts", draws=options.draws, tune=600, chains=4, doublings=0),
    )
    options.output.mkdir(parents=True, exist_ok=True)
    table, worlds = options.output / "laplace_accuracy.csv", options.output / "laplace_accuracy_worlds.csv"
    done = set(pd.read_csv(worlds)["world"]) if worlds.exists() else set()
    begin = time.monotonic()
    for number in range(options.worlds):
        if number in done:
            continue
        if time.monotonic() - begin > 60 * options.minutes:
            break
        rows, cost = one_world(number, plan, options.fast_draws)
        # a world counts as done by its row in the second file, so what a stop left of it in the first is dropped
        if table.exists():
            held = pd.read_csv(table)
            held[held["world"].isin(done)].to_csv(table, index=False)
        frame, costs = append(table, rows), append(worlds, [cost])
        done.add(number)
        sys.stderr.write(f"{cost}\n")
        write_summary(options, frame, costs)


def write_summary(options: argparse.Namespace, rows: pd.DataFrame, costs: pd.DataFrame) -> None:
    """What the worlds finished so far say, with the recipe."""
    summary = {
        "recipe": f"python simulations/laplace_accuracy.py --worlds {options.worlds} --draws {options.draws} "
        f"--fast-draws {options.fast_draws}",
        "worlds_finished": len(costs),
        "worlds_passed_by_the_gate": int((costs["failed"].isna() | (costs["failed"] == "")).sum()),
        "limits": LIMITS,
        "passed": summarise(rows[rows["passed"].astype(bool)]),
        "refused": summarise(rows[~rows["passed"].astype(bool)]),
        "cpu_seconds": {
            name: round(float(costs[name].median()), 3)
            for name in ("nuts_cpu_seconds", "fast_cpu_seconds", "cpu_seconds_2000_draws")
        },
        "nuts_least_ess": int(costs["nuts_least_ess"].min()),
        "versions": versions(),
    }
    path = options.output / "laplace_accuracy.json"
    path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
