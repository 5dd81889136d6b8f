"""Leave one home out from one fit, against real refits without the home.

Worlds of 40 homes for a year, models M0 and M3 by the fast engine. For each home: the joint score of every child who
ever lived there from the one fit (its effects integrated out, importance weights for the rest) with its Pareto k; the
score from a refit without those children by the bridge between both fits; and, sharing nothing with either but the
engine, the difference of the two fits' log marginal likelihoods. Homes are appended to `--work` by world and model, so
the command can be stopped and given again.

    python simulations/home_out.py --worlds 10
    python simulations/home_out.py --summarise
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import arguments, worlds_of

from missingmodels.evidence.scores.bridge import log_ratio
from missingmodels.evidence.scores.elpd import DRAWS_MENDED, home_scores
from missingmodels.evidence.scores.held_out import Refits, children_of, some_rows
from missingmodels.evidence.scores.home_integral import cells_of, log_integral
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Plan
from missingmodels.presets import load_scenario
from missingmodels.provenance import seed_of, stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.simulate.world import simulate_world

SEED = 63
PLAN = Plan(name="home_out", models=("M0", "M3"), exposure={"beside": ()}, sampling={"method": "laplace"})
MODELS = ("M0", "M3")
BANDS = ((-np.inf, 0.5), (0.5, 0.7), (0.7, 1.0), (1.0, np.inf))


def one_world(index: int, model: str) -> dict[str, Any]:
    """Every home of one world under one model."""
    begin = time.process_time()
    seed = seed_of(SEED, "home_out", index)
    world = simulate_world(load_scenario("small"), seed=seed, log_exposures=False)
    exposure = PLAN.exposure.primary if model == "M3" else ""
    design = prepare(world.tables, PLAN, fits=[(model, exposure)]).designs[model, exposure]
    homes = of_model(fit(design, PLAN, model=model, exposure=exposure, seed=seed))
    return {"index": index, "model": model, "seconds": round(time.process_time() - begin, 1), "homes": homes}


def of_model(whole: Fit, at_most: int | None = None) -> list[dict[str, Any]]:
    """One record a home: its score from the one fit, and by refit."""
    design = whole.design
    scores, held = home_scores(whole), np.unique(design.home)
    refits = Refits(PLAN, most=held.size)
    rng = stream(int(whole.certificate["seed"]), "home_out", whole.model)
    records = []
    for at, home in enumerate(held[:at_most]):
        children = children_of(design, int(home))
        begin = time.process_time()
        without = refits.without(whole, children)
        if without is None:
            sys.stderr.write(f"{whole.model}, home {home}: the refit fails the gate\n")
            continue
        own = some_rows(design, np.isin(design.child, children))
        above, below = (
            log_integral(cells_of(own, p.thinned(DRAWS_MENDED)), int(home), rng)[0]
            for p in (whole.parameters, without.parameters)
        )
        bridged, error = log_ratio(above, below)
        marginal = [f.certificate["log_marginal_likelihood"] for f in (whole, without)]
        elsewhere = np.unique(design.child[(design.home != home) & np.isin(design.child, children)])
        records.append(
            {
                "home": int(home),
                "children": int(children.size),
                "movers": int(elsewhere.size),
                "onsets": int(own.onsets.sum()),
                "k_hat": round(float(scores.shape[at]), 3),
                "one_fit": round(float(scores.elpd[at]), 4),
                "refit": round(bridged, 4),
                "refit_error": round(error, 4),
                "marginal": round(float(marginal[0] - marginal[1]), 4),
                "refit_seconds": round(time.process_time() - begin, 2),
            }
        )
    return records


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a model and band of Pareto k: one fit minus refit, and refit minus marginal likelihoods."""
    out = []
    for model, part in rows.groupby("model"):
        for low, high in BANDS:
            held = part[(part["k_hat"] > low) & (part["k_hat"] <= high)]
            if held.empty:
                continue
            off, check = held["one_fit"] - held["refit"], held["refit"] - held["marginal"]
            out.append(
                {
                    "model": model,
                    "k_hat": f"{'≤' if low < 0 else f'{low:g} to'} {high:g}" if np.isfinite(high) else f"> {low:g}",
                    "homes": len(held),
                    "one_fit_minus_refit": round(float(off.mean()), 3),
                    "mc_error": round(float(off.std(ddof=1) / np.sqrt(len(held))), 3) if len(held) > 1 else None,
                    "rms": round(float(np.sqrt((off**2).mean())), 3),
                    "largest": round(float(off.abs().max()), 3),
                    "refit_minus_marginal": round(float(check.mean()), 3),
                    "rms_of_that": round(float(np.sqrt((check**2).mean())), 3),
                }
            )
    return pd.DataFrame(out)


def differences(rows: pd.DataFrame) -> dict[str, float]:
    """M3 minus M0 summed over the homes of a world: what the report would say, by one fit, mended and by refit.

    Empty while no world has both.
    """
    rows = rows[rows.groupby("world")["model"].transform("nunique") == len(MODELS)]
    if rows.empty:
        return {}
    wide = rows.pivot_table(index=["world", "home"], columns="model", values=["one_fit", "refit", "k_hat"]).dropna()
    mended = {m: wide["one_fit"][m].where(wide["k_hat"][m] <= 0.7, wide["refit"][m]) for m in MODELS}
    by_world = pd.DataFrame(
        {
            "one_fit": wide["one_fit"]["M3"] - wide["one_fit"]["M0"],
            "mended": mended["M3"] - mended["M0"],
            "refit": wide["refit"]["M3"] - wide["refit"]["M0"],
        }
    )
    sums = by_world.groupby("world").sum()
    error = by_world["refit"].groupby("world").agg(lambda d: np.sqrt(len(d) * d.var(ddof=1)))
    return {
        "rms_one_fit": round(float(np.sqrt(((sums["one_fit"] - sums["refit"]) ** 2).mean())), 3),
        "rms_mended": round(float(np.sqrt(((sums["mended"] - sums["refit"]) ** 2).mean())), 3),
        "mean_standard_error_over_homes": round(float(error.mean()), 3),
    }


def write_summary(worlds: list[dict[str, Any]], output: Path) -> pd.DataFrame:
    """``home_out.csv``, ``home_out_homes.csv`` and ``home_out.json``."""
    rows = pd.DataFrame([h | {"world": w["index"], "model": w["model"]} for w in worlds for h in w["homes"]])
    table = summarise(rows)
    about = {
        "recipe": f"python simulations/home_out.py --worlds {rows['world'].nunique()}",
        "worlds": {model: int(part["world"].nunique()) for model, part in rows.groupby("model")},
        "seed": SEED,
        "difference_m3_minus_m0": differences(rows),
        "cpu_seconds_a_refit": round(float(rows["refit_seconds"].mean()), 2),
        "plan": PLAN.model_dump(mode="json"),
        "versions": versions(),
    }
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "home_out.csv", index=False)
    rows.drop(columns="refit_seconds").to_csv(output / "home_out_homes.csv", index=False)
    (output / "home_out.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return table


def main() -> None:
    options = arguments(__doc__, worlds=10, of="each under every model", work="home_out").parse_args()
    asked = ((index, model) for index in range(options.worlds) for model in MODELS)
    worlds = worlds_of(options, asked, lambda w: (w["index"], w["model"]), lambda key: one_world(*key))
    sys.stdout.write(write_summary(worlds, options.output).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()
