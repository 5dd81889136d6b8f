"""Simulation-based calibration of the onset models: every law of frailty, every added effect, both engines.

Parameters are drawn from the ``informed`` priors, onsets in plain NumPy on a small fixed design whose exposure does not
hang on them, and each model is fitted as a user would. (The study ``studies/calibration.toml`` does the same with whole
simulated worlds, where history and exposure are the onsets' own.)

    python simulations/calibrate_onset.py --replicates 200 --store FOLDER [--models gamma levels] [-o results]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
from ranks import Line, ranked, run, summary, verdict

from missingmodels.errors import DiagnosticsFailed
from missingmodels.fitting.fit import fit
from missingmodels.frame.columns.groups import Group
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import Prior, PriorSet
from missingmodels.models.priors.of_plan import plan_priors, scales_of
from missingmodels.parameters import Effect, Parameters
from missingmodels.plan import Plan
from missingmodels.provenance import seed_of, stream, versions

HOMES, PER_HOME, PERIODS, UNITS = 20, 5, 5, 5
EXPOSURE = "peer_presence"
NOT_COVERED = {"in_50": False, "in_90": False}  # columns that a line of a refused fit has too
SEED = 20_250_411
# effects of the plan, and the engine
MODELS: dict[str, tuple[dict[str, object], str]] = {
    "gamma": ({}, "nuts"),
    "gamma, fast": ({}, "laplace"),
    "gamma, no periods": ({"home_process": "none"}, "nuts"),
    "low risk": ({"frailty": "low_risk"}, "nuts"),
    "low risk, fast": ({"frailty": "low_risk"}, "laplace"),
    "log-normal": ({"frailty": "log_normal"}, "nuts"),
    "log-normal, fast": ({"frailty": "log_normal"}, "laplace"),
    "levels": ({"authority": True, "owner": True, "peer_slope_by_home": True}, "nuts"),
}


def plan_of(name: str) -> Plan:
    """The plan of a model: informed priors, a rate high enough for a small design to say something."""
    effects, method = MODELS[name]
    return Plan.model_validate(
        {
            "models": ["M0", "M1"],
            "effects": effects,
            "priors": {"use": "informed", "replace": {"intercept": {"mean": -3.5, "sd": 0.5}}},
            "sampling": {"method": method, "draws": 500, "tune": 500, "chains": 2, "doublings": 1},
            "gate": {"ess_min": 100, "rhat_max": 1.03, "rhat_effects_max": 1.06},
        }
    )


def design_of(plan: Plan) -> Design:
    """The one design: children of homes over periods, beside a recently missing peer and not."""
    rng = np.random.default_rng(7)
    axes = range(HOMES * PER_HOME), range(PERIODS), (0, 1)
    child, period, exposed = (grid.ravel() for grid in np.meshgrid(*axes, indexing="ij"))
    home, none = child // PER_HOME, np.zeros(child.size, dtype=bool)
    days = np.where(exposed, rng.uniform(4, 14, child.size), rng.uniform(12, 24, child.size))
    matrix = np.column_stack([exposed, rng.standard_normal(HOMES * PER_HOME)[child]]).astype(float)
    asked = {"authority": plan.effects.authority, "owner": plan.effects.owner}
    units = {name: rng.integers(0, UNITS, HOMES) for name in asked}
    return Design(
        formula=f"{EXPOSURE} + need_score",
        names=(EXPOSURE, "need_score"),
        matrix=matrix,
        centre=np.average(matrix, axis=0, weights=days),
        scale=np.array([1.0, matrix[:, 1].std()]),
        child=child,
        home=home,
        period=period,
        onsets=np.zeros(child.size, dtype=np.int64),
        days=days,
        days_at_risk=days,
        burn_in=none,
        before_window=none,
        child_ids=tuple(f"c{i:03d}" for i in range(HOMES * PER_HOME)),
        home_ids=tuple(f"h{i:02d}" for i in range(HOMES)),
        periods=PERIODS,
        notes=(),
        groups={
            name: Group(index=of_home[home], ids=tuple(f"{name}{i}" for i in range(UNITS)))
            for name, of_home in units.items()
            if asked[name]
        },
        slope_of=EXPOSURE if plan.effects.peer_slope_by_home else "",
    )


def drawn(prior: Prior, rng: np.random.Generator) -> float:
    """One value of a scalar."""
    if prior.law == "fixed":
        return prior.mean
    if prior.law == "beta":
        return float(rng.beta(*prior.beta))
    value = prior.mean + prior.sd * rng.standard_normal()
    return {"half_normal": abs(prior.sd * rng.standard_normal()), "log_normal": np.exp(value)}.get(prior.law, value)


def truth_of(design: Design, plan: Plan, priors: PriorSet, rng: np.random.Generator) -> Parameters:
    """One draw of everything from the priors."""
    scalars = {name: drawn(getattr(priors, name), rng) for name in scales_of(plan.effects)}
    mean, sd, _ = priors.of_columns(design.names, design.scale)
    start = np.array([drawn(priors.intercept, rng)])
    intercept, raw = design.to_raw(start, (mean + sd * rng.standard_normal(mean.size))[None])
    homes, children = len(design.home_ids), len(design.child_ids)
    units = {name: group.ids for name, group in design.groups.items()}
    units |= {"peer_slope": design.home_ids} if design.slope_of else {}
    held = {name: np.array([value]) for name, value in scalars.items()}
    period = scalars.get("sigma_period", 0.0)
    return Parameters(
        intercept=intercept,
        coefficients=dict(zip(design.names, raw.T, strict=True)),
        home_ids=design.home_ids,
        home=scalars["sigma_home"] * rng.standard_normal((1, homes)),
        home_period=period * rng.standard_normal((1, homes, design.periods)),
        child_ids=design.child_ids,
        frailty=frailty_of(plan.effects.frailty, scalars, children, rng)[None],
        sigma_home=held["sigma_home"],
        sigma_period=np.array([period]),
        frailty_shape=held.get("frailty_shape", np.array([np.nan])),
        frailty_law=plan.effects.frailty,
        further={n: v for n, v in held.items() if n not in ("sigma_home", "sigma_period", "frailty_shape")},
        effects={
            name: Effect(ids=ids, values=scalars[f"sigma_{name}"] * rng.standard_normal((1, len(ids))))
            for name, ids in units.items()
        },
    )


def frailty_of(law: str, scalars: dict[str, float], children: int, rng: np.random.Generator) -> np.ndarray:
    """(C,) frailties of mean 1 under a law."""
    if law == "log_normal":
        s = scalars["frailty_sd_log"]
        return np.exp(s * rng.standard_normal(children) - s**2 / 2)
    u = rng.gamma(scalars["frailty_shape"], size=children) / scalars["frailty_shape"]
    if law == "low_risk":
        share, ratio = scalars["low_risk_share"], scalars["low_risk_ratio"]
        u *= np.where(rng.random(children) < share, ratio, 1.0) / (share * ratio + 1 - share)
    return u


def replicate(name: str, number: int) -> list[Line]:
    """Ranks of every scalar and coefficient, and of the first of each kind of effect, in one made-up data set."""
    plan = plan_of(name)
    priors, empty = plan_priors(plan), design_of(plan)
    rng = stream(SEED, "onset", name, number)
    truth = truth_of(empty, plan, priors, rng)
    rate = np.exp(empty.log_rate(truth)[0]) * truth.frailty[0, empty.child]
    design = replace(empty, onsets=rng.poisson(rate * empty.days))
    begin = time.process_time()
    head = {"model": name, "replicate": number}
    true = scalars_of(truth)
    try:
        found = fit(
            design, plan, model="M1", exposure=EXPOSURE, seed=seed_of(SEED, name, number), allow_unconverged=True
        )
    except DiagnosticsFailed:
        # the fast engine found no mode, or two: a refusal like any other
        spent = {"passed": False, "cpu_seconds": round(time.process_time() - begin, 2)}
        return [
            head | spent | {"parameter": n, "truth": float(v[0]), "rank": -1, **NOT_COVERED} for n, v in true.items()
        ]
    head |= {"passed": found.diagnostics.passed, "cpu_seconds": round(time.process_time() - begin, 2)}
    draws = scalars_of(found.parameters)
    shown = {n: v for n, v in draws.items() if not np.isnan(v).any() and np.ptp(v) > 0}
    return [head | {"parameter": n} | ranked(v, float(true[n][0])) for n, v in shown.items()]


def scalars_of(p: Parameters) -> dict[str, np.ndarray]:
    """(S,) every scalar and coefficient, and the first unit of every kind of effect."""
    out = {"intercept": p.intercept, **p.coefficients, "sigma_home": p.sigma_home, "sigma_period": p.sigma_period}
    out |= {"frailty_shape": p.frailty_shape, **p.further, "home[0]": p.home[:, 0]}
    out |= {"home_period[0]": p.home_period[:, 0, 0], "frailty[0]": p.frailty[:, 0]}
    return out | {f"{name}[0]": effect.values[:, 0] for name, effect in p.effects.items()}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--store", type=Path, required=True, help="folder of ranks so far, one file a model")
    parser.add_argument("-o", "--output", type=Path, default=Path("simulations/results"))
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    table = summary(run(given.store, replicate, given.models, given.replicates))
    table.round(4).to_csv(given.output / "sbc_onset.csv", index=False)
    recipe = f"python simulations/calibrate_onset.py --replicates {given.replicates}"
    body = {"recipe": recipe, "study": "sbc_onset", "seed": SEED, "priors": "informed", "verdict": verdict(table)}
    body |= {"plan": plan_of("gamma").model_dump(mode="json"), "versions": versions()}
    (given.output / "sbc_onset.json").write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    print(table.round(3).to_string())
    print(verdict(table))


if __name__ == "__main__":
    main()
