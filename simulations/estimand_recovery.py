"""Does every estimand that is reported recover its truth? M1 and M3 by the fast engine, in worlds of known truth.

Truth and draws go through the same functions, on the same design. A row an estimand: bias of the posterior median (of
its log for ratios and rates), how wide the posterior is beside the scatter of its medians, and coverage of the 50 and
90 % equal-tailed intervals, each with its Monte Carlo error. `small` is the preset of 40 homes; `160 homes` is the same
with four times as many, to tell what few homes do from what is wrong. Rows are added as worlds finish; a world that is
there is not run again.

    python simulations/estimand_recovery.py --worlds 200 --large 60
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import arguments, share, worlds_of

from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.effects.dynamic import dynamic_attributable_fraction
from missingmodels.evidence.effects.estimands import (
    attributable_fraction,
    child_variance_explained,
    expected_rate,
    median_rate_ratio,
    period_variance_explained,
    rate_ratio,
    variance_explained,
)
from missingmodels.evidence.effects.hypotheses import structure_step
from missingmodels.evidence.effects.variance import Share, shares, vulnerability_columns
from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.design import Design
from missingmodels.frame.forward import forward_days
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import Plan
from missingmodels.presets import load_scenario
from missingmodels.provenance import versions
from missingmodels.runs.answer import Prepared, prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import World, simulate_world

EXPOSURE, FIRST_SEED = "peer_presence", 40_000
DRAWS, DYNAMIC_DRAWS = 1000, 200  # of the posterior, evenly thinned
HOMES = {"small": 40, "160 homes": 160}
MASSES = (0.5, 0.9)
WITH_M1 = 4  # every so many worlds are fitted by M1 as well, whose answers lie near those of M3
MORE = 4  # times the draws of a fit that did not pass the gate, once
LOGGED = ("rate_ratio", "expected_rate", "median_rate_ratio", "sigma_home", "sigma_period", "frailty_shape")
PLAN = Plan(
    name="estimand recovery",
    models=("M0", "M1", "M3"),
    exposure={"beside": ()},
    terms={"structure_means": "window"},  # as the worlds act
    sampling={"method": "laplace"},
)


def scenario_of(size: str) -> Scenario:
    """The preset `small` with so many homes."""
    small = load_scenario("small")
    return small.model_copy(update={"homes": small.homes.model_copy(update={"count": HOMES[size]})})


def interventions(design: Design) -> dict[str, dict[str, float]]:
    """The stated interventions: what is held, by name. Quartiles are those of the days at risk."""
    held: dict[str, dict[str, float]] = {
        "as observed": {},
        "no recent peers": {EXPOSURE: 0.0},
        "a recent peer always": {EXPOSURE: 1.0},
    }
    for name, quartile in (("staff_ratio_between", 1), ("turnover_between", 0)):
        if name in design.names:
            words = f"{name} at its {('lower', 'upper')[quartile]} quartile"
            held[words] = {name: design.interquartile_range(name)[quartile]}
    return held


def estimates(parameters: Parameters, design: Design, model: str) -> dict[str, Array]:
    """Every estimand of a model but the dynamic one, by name."""
    found = {f"rate_ratio: {name}": rate_ratio(parameters, {name: 1.0}) for name in (EXPOSURE, "own_1_7", "own_8_28")}
    found["attributable_fraction: one step"] = attributable_fraction(parameters, design, EXPOSURE)
    for words, held in interventions(design).items():
        found[f"expected_rate: {words}"] = expected_rate(parameters, design, held=held)
    if model == "M1":
        return found  # what M1 says of homes includes what structure would explain, so it has no truth of its own
    columns = [n for n in design.names if n.endswith(("_between", "_within"))]
    found |= {f"rate_ratio: {n}": rate_ratio(parameters, {n: structure_step(design, n)[0]}) for n in columns}
    found["median_rate_ratio: homes"] = median_rate_ratio(parameters)
    return found | {name: parameters.scalar(name) for name in ("sigma_home", "sigma_period", "frailty_shape")}


def explained(design: Design) -> dict[str, tuple[Share, tuple[str, ...]]]:
    """The shares of variance by name: function and columns."""
    between, within = (tuple(n for n in design.names if n.endswith(end)) for end in ("_between", "_within"))
    return {
        "homes": (variance_explained, between),
        "periods": (period_variance_explained, within),
        "children": (child_variance_explained, vulnerability_columns(design, PLAN)),
    }


def one_world(size: str, seed: int, plan: Plan = PLAN) -> list[dict[str, Any]]:
    """A row an estimand and model: truth, median, sd, ends of intervals; one row for a model that the gate refuses."""
    world = simulate_world(scenario_of(size), seed=seed, log_exposures=False)
    prepared = prepare(world.tables, plan, fits=[("M1", EXPOSURE), ("M3", EXPOSURE)], checked=True)
    rows = []
    for model in ("M3", "M1") if seed % WITH_M1 == 0 else ("M3",):
        found = fitted(prepared.designs[model, EXPOSURE], plan, model, seed)
        if found is None:
            rows.append({"model": model, "estimand": "", "status": "gate"})
            continue
        rows += [{"model": model, **row, "status": "fitted"} for row in of_fit(found, world, prepared, plan, seed)]
    return rows


def fitted(design: Design, plan: Plan, model: str, seed: int) -> Fit | None:
    """The fit; None if it does not pass the gate with four times the draws either."""
    for times in (1, MORE):
        sampling = plan.sampling.model_copy(update={"draws": times * plan.sampling.draws})
        try:
            return fit(
                design, plan.model_copy(update={"sampling": sampling}), model=model, exposure=EXPOSURE, seed=seed
            )
        except DiagnosticsFailed:
            continue
    return None


def of_fit(found: Fit, world: World, prepared: Prepared, plan: Plan, seed: int) -> list[dict[str, Any]]:
    """Rows of one fit. The truth is that of M3, whose columns are those of the world."""
    full = prepared.designs["M3", EXPOSURE]
    lived = world.truth.on_cells(prepared.risk.period_of_cells)
    truth = estimates(lived, full, "M3")
    draws = estimates(found.parameters.thinned(DRAWS), found.design, found.model)
    name = "attributable_fraction: dynamic"
    for parameters, model, into in ((lived, "M3", truth), (found.parameters, found.model, draws)):
        days = forward_days(world.tables, prepared.risk, plan, model=model, exposure=EXPOSURE)
        kept = parameters.thinned(DYNAMIC_DRAWS)
        # a truth is one draw, so it is lived again more often
        runs = 100 if parameters.draws == 1 else None
        into[name] = dynamic_attributable_fraction(kept, days, seed=seed, runs=runs).fraction
    rows = [row_of(name, values, float(truth[name][0])) for name, values in draws.items()]
    if found.model == "M3":
        for name, (share, names) in explained(full).items():
            held, true = shares(share, names, found, plan), float(share(lived, full, names)[0])
            rows.append(row_of(f"variance_explained: {name}", held.stated, true))
            rows.append(row_of(f"variance_explained: {name}, under the plan's priors", held.under_priors, true))
            rows.append(row_of(f"variance_explained: {name}, those alone", held.prior, true))
    return rows


def row_of(name: str, values: Array, truth: float) -> dict[str, Any]:
    """Truth, and the posterior in a few numbers."""
    low, inner_low, median, inner_high, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    ends = {"low_90": low, "low_50": inner_low, "median": median, "high_50": inner_high, "high_90": high}
    logged = name.split(":")[0] in LOGGED
    sd = np.log(values).std(ddof=1) if logged else values.std(ddof=1)
    return {"estimand": name, "truth": truth, **{k: float(v) for k, v in ends.items()}, "sd": float(sd)}


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a size, model and estimand, over worlds."""
    out = []
    fits = rows[rows["status"] == "fitted"]
    for (size, model, name), held in fits.groupby(["size", "model", "estimand"], sort=False):
        if len(held) < 2:
            continue
        logged = str(name).split(":")[0] in LOGGED
        median, truth = (np.log(held[c]) if logged else held[c] for c in ("median", "truth"))
        error = (median - truth).to_numpy()
        scatter = error.std(ddof=1)
        row: dict[str, Any] = {"size": size, "homes": HOMES[str(size)], "model": model, "estimand": name}
        row |= {"worlds": len(held), "truth": held["truth"].mean(), "median": held["median"].mean()}
        row |= {"scale": "log" if logged else "plain", "bias": error.mean(), "bias_error": scatter / np.sqrt(len(held))}
        row |= {"posterior_sd": np.sqrt((held["sd"] ** 2).mean()), "scatter_of_medians": scatter}
        for mass in MASSES:
            part = f"{mass * 100:.0f}"
            inside = (held[f"low_{part}"] <= held["truth"]) & (held["truth"] <= held[f"high_{part}"])
            row[f"coverage_{part}"], row[f"coverage_{part}_error"] = share(inside)
        out.append(row)
    return pd.DataFrame(out)


def write_summary(worlds: Sequence[Mapping[str, Any]], output: Path) -> pd.DataFrame:
    """``estimand_recovery.csv``, and beside it what made it."""
    output.mkdir(parents=True, exist_ok=True)
    rows = pd.DataFrame([{"size": w["size"], "seed": w["seed"], **row} for w in worlds for row in w["rows"]])
    table = summarise(rows).round(4)
    table.to_csv(output / "estimand_recovery.csv", index=False)
    count = {size: sum(w["size"] == size for w in worlds) for size in HOMES}
    refused = rows[rows["status"] == "gate"].groupby(["size", "model"]).size()
    made = {
        "recipe": f"python simulations/estimand_recovery.py --worlds {count['small']} --large {count['160 homes']}",
        "plan": PLAN.model_dump(mode="json"),
        "first_seed": FIRST_SEED,
        "refused_by_the_gate": {f"{size}, {model}": int(n) for (size, model), n in refused.items()},
        "seconds_a_world": {
            size: round(float(np.mean([w["seconds"] for w in worlds if w["size"] == size])), 2)
            for size in HOMES
            if any(w["size"] == size for w in worlds)
        },
        "versions": versions(),
    }
    (output / "estimand_recovery.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return table


def record_of(size: str, seed: int) -> dict[str, Any]:
    """What is kept of one world."""
    start = time.process_time()
    rows = one_world(size, seed)
    return {"size": size, "seed": seed, "seconds": round(time.process_time() - start, 2), "rows": rows}


def main() -> None:
    parser = arguments(__doc__, worlds=200, of="worlds of 40 homes", work="estimand_recovery")
    parser.add_argument("--large", type=int, default=60, help="worlds of 160 homes")
    options = parser.parse_args()
    counts = zip(HOMES, (options.worlds, options.large), strict=True)
    asked = ((size, FIRST_SEED + i) for size, n in counts for i in range(n))
    worlds = worlds_of(options, asked, lambda w: (w["size"], w["seed"]), lambda key: record_of(*key))
    sys.stdout.write(write_summary(worlds, options.output).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()
