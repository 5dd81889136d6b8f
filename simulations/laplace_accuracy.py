"""How near the fast engine is to long NUTS runs: worlds of the `small` scenario, model M3, seeds 1, 2, 3, …

For every parameter of a world: the difference of posterior means in posterior standard deviations, the ratio of
standard deviations, and the differences of the probability above 0 and beyond the 2.5 and 97.5 % points of NUTS, each
beside its Monte Carlo error (effective draws of both engines). A difference counts as beyond its limit only if it
exceeds the limit plus three such errors. ``mode_difference`` is that of the mode given the likeliest scales, before any
weighing: the shrinkage that a fit by profiling would keep. Times are wall clock of single fits with one BLAS thread.

    OPENBLAS_NUM_THREADS=1 nice python simulations/laplace_accuracy.py --worlds 6 --output simulations/results
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.fit.laplace import TOLERANCE, LaplaceDraws, laplace
from missingmodels.fit.laplace_data import laplace_data
from missingmodels.fit.laplace_scales import ScaleSpace, Surface, explore
from missingmodels.fit.nuts import natural, sample
from missingmodels.frame.design import Design
from missingmodels.models.priors import PriorSet, prior_set
from missingmodels.pipeline import prepare
from missingmodels.plan import Plan, Sampling
from missingmodels.presets import load_scenario
from missingmodels.provenance import stream, versions
from missingmodels.simulate.world import simulate_world

EXPOSURE = "peer_presence"
LIMITS = {"mean_difference": 0.1, "sd_ratio": 0.05, "above_0": 0.01, "below_2.5": 0.01, "above_97.5": 0.01}
SCALES = ("sigma_home", "sigma_period", "frailty_shape")


def reference(design: Design, priors: PriorSet, settings: Sampling, seed: int) -> tuple[xr.Dataset, float]:
    """Draws by chain of what is compared, and the seconds that they took; the first world also compiles."""
    begin = time.perf_counter()
    draws = natural(design, priors, sample(design, priors, settings, seed=seed).tree)
    return draws.drop_vars("home_period"), time.perf_counter() - begin


def columns(design: Design, source: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Name -> (S,) or (chains, draws) of every scalar that is compared."""
    out = {name: source[name] for name in ("intercept", *SCALES)}
    out |= {name: source["coefficients"][..., i] for i, name in enumerate(design.names)}
    return out | {f"home {i}": source["home"][..., i] for i in range(len(design.home_ids))}


def compare(name: str, nuts: np.ndarray, ess: tuple[float, float], fast: np.ndarray, fast_ess: float) -> dict:
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


def one_world(seed: int, plan: Plan, settings: Sampling, draws: int) -> tuple[list[dict], dict]:
    """Rows of one world, and what each engine cost."""
    world = simulate_world(load_scenario("small"), seed=seed)
    design, priors = prepare(world.tables, plan).designs["M3", EXPOSURE], prior_set(plan.priors)
    nuts, seconds = reference(design, priors, settings, seed)
    fast = laplace(design, priors, draws=draws, rng=stream(seed, "laplace"))
    bulk, tail = az.ess(nuts, method="mean"), az.ess(nuts, method="tail")
    theirs = columns(design, {str(name): nuts[name].to_numpy() for name in nuts.data_vars})
    sizes = [columns(design, {str(n): e[n].to_numpy() for n in e.data_vars}) for e in (bulk, tail)]
    ours = columns(design, {name: getattr(fast, name) for name in ("intercept", "coefficients", "home", *SCALES)})
    rows = [
        {"seed": seed}
        | compare(name, theirs[name], (float(sizes[0][name]), float(sizes[1][name])), ours[name], fast.ess)
        for name in theirs
    ]
    found = modes(design, priors)
    for row in rows:
        at_mode = found.get(row["parameter"], math.nan)
        row["mode_difference"] = (at_mode - row["nuts_mean"]) / row["nuts_sd"]
    cost = {"seed": seed, "nuts_seconds": round(seconds, 1), "k_hat": round(fast.k_hat, 3), "fast_ess": round(fast.ess)}
    small = [laplace(design, priors, draws=1000, rng=stream(seed, "laplace", i)) for i in range(7)]
    return rows, cost | typical(small)


def typical(fits: list[LaplaceDraws]) -> dict[str, float]:
    """Medians of repeated fits of 1,000 draws."""
    return {
        "fast_milliseconds_1000_draws": round(1000 * float(np.median([f.seconds for f in fits])), 1),
        "fast_ess_1000_draws": round(float(np.median([f.ess for f in fits]))),
        "fast_k_hat_1000_draws": round(float(np.median([f.k_hat for f in fits])), 3),
        "newton_iterations": fits[0].newton_iterations,
        "grid_points": fits[0].grid_points,
    }


def summarise(rows: pd.DataFrame) -> dict[str, dict]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=6)
    parser.add_argument("--draws", type=int, default=2000, help="of each of 4 chains of NUTS")
    parser.add_argument("--fast-draws", type=int, default=20_000)
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    plan = Plan(name="laplace accuracy", models=("M0", "M3"), exposure={"beside": ()})
    settings = Sampling(draws=options.draws, tune=1000, chains=4)
    rows, costs = [], []
    options.output.mkdir(parents=True, exist_ok=True)
    for seed in range(1, options.worlds + 1):
        of_world, cost = one_world(seed, plan, settings, options.fast_draws)
        rows += of_world
        costs.append(cost)
        sys.stderr.write(f"{cost}\n")
        frame = pd.DataFrame(rows)
        frame.round(6).to_csv(options.output / "laplace_accuracy.csv", index=False)
        summary = {
            "recipe": f"python simulations/laplace_accuracy.py --worlds {options.worlds} --draws {options.draws} "
            f"--fast-draws {options.fast_draws}",
            "worlds_finished": len(costs),
            "limits": LIMITS,
            "results": summarise(frame),
            "costs": costs,
            "versions": versions(),
        }
        (options.output / "laplace_accuracy.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
