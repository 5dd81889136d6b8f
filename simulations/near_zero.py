"""Whether the fast engine tells the truth near 0 of each scale: against NUTS, in worlds of few and of many periods.

Every world has its own numbers of homes, spread of homes and spread of their periods, 0 among them; every other one is
answered with home effects by half-year, which homes' own effects are hardly told from, the rest by 28 days. Under the
default plan both engines then say how likely each standard deviation is below 0.1 and where its 2.5 % quantile lies;
of the gamma frailty that of its sd, 1 / sqrt(k). A quantile is compared by the probability that the fast engine gives
to what lies below that of NUTS. Every difference stands beside its Monte Carlo error: of NUTS by the effective number
of its draws for that very event, of the fast engine by its weights. What the fast engine's gate refuses is counted, and
compared apart.

The answer of each engine in each world is one line of the file ``--work``; a new fast engine needs no new NUTS.

    python simulations/near_zero.py --worlds 50
"""

from __future__ import annotations

import json
import math
import os
import time
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import arguments, worlds_of

from missingmodels.config import from_mapping
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Method, Plan
from missingmodels.provenance import seed_of, stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

SEED = 23
MODEL, EXPOSURE = "M1", "peer_presence"
PERIOD_DAYS = {"few": 183, "many": 28}
ENGINES: tuple[Method, ...] = ("nuts", "laplace")
SIGMAS = ("sigma_home", "sigma_period", "sigma_sector")
NEAR, LOW = 0.1, 0.025
LADDER = np.linspace(0, 1, 401)
BEYOND = 3.0  # Monte Carlo errors
Key = tuple[int, Method]


def periods_of(world: int) -> str:
    return ("few", "many")[world % 2]


def plan_of(world: int) -> Plan:
    """The default plan with home effects by half-year or by 28 days."""
    return Plan(
        name="near zero",
        models=("M0", MODEL),
        exposure={"beside": ()},
        frame={"period_days": PERIOD_DAYS[periods_of(world)]},
        sampling={"draws": 600, "tune": 500, "chains": 4},
    )


def scenario_of(world: int) -> tuple[Scenario, dict[str, float]]:
    """What is simulated, and what was drawn for it."""
    rng = stream(SEED, "near zero", world)
    drawn = {
        "homes": int(rng.choice([10, 20, 40])),
        "home_sd": float(rng.choice([0.0, 0.2, 0.4])),
        "home_period_sd": float(rng.choice([0.0, 0.2, 0.4])),
    }
    onset = {name: drawn[name] for name in ("home_sd", "home_period_sd")}
    settings = {"name": "near zero", "homes": {"count": drawn["homes"]}, "onset": onset}
    return from_mapping(settings, Scenario), drawn


def one_world(key: Key) -> dict[str, Any]:
    """What one engine says of every scale in one world."""
    number, engine = key
    scenario, drawn = scenario_of(number)
    plan = plan_of(number)
    tables = simulate_world(scenario, seed=seed_of(SEED, "near zero", number), log_exposures=False).tables
    design = prepare(tables, plan, fits=[(MODEL, EXPOSURE)], checked=True).designs[MODEL, EXPOSURE]
    begin = time.process_time()
    found = fit(
        design, plan, model=MODEL, exposure=EXPOSURE, seed=number, method=engine, allow_unconverged=True,
        with_children=False,
    )  # fmt: skip
    of_engine = {
        name: getattr(found.diagnostics, name) for name in ("k_hat", "importance_ess", "edge_loss", "rhat_max")
    }
    return {
        "world": number,
        "engine": engine,
        "seconds": round(time.process_time() - begin, 2),
        "passed": bool(found.diagnostics.passed),
        **of_engine,
        **drawn,
        "onsets": int(design.onsets.sum()),
        "scales": {name: _told(found, draws) for name, draws in _scales(found).items()},
    }


def _scales(found: Fit) -> dict[str, np.ndarray]:
    own = {name: np.asarray(found.values[name]) for name in SIGMAS}
    return own | {"frailty_sd": 1 / np.sqrt(found.parameters.frailty_shape)}


def _told(found: Fit, draws: np.ndarray) -> dict[str, Any]:
    """Of one scale: the share below NEAR, quantiles, and how many independent draws both ends of it are worth."""
    low = float(np.quantile(draws, LOW))
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "near": float((draws < NEAR).mean()),
        "near_ess": _worth(found, draws < NEAR),
        "low_ess": _worth(found, draws < low),
        "ladder": np.quantile(draws, LADDER).round(5).tolist(),
    }


def _worth(found: Fit, event: np.ndarray) -> float:
    """The number of independent draws that give the share of an event the same error."""
    if not 0 < event.mean() < 1:
        return math.inf
    if "log_weight" not in found.sample_stats:
        import arviz as az  # the fast engine does without it

        return float(az.ess(event.astype(float).reshape(found.chains, -1), method="mean"))
    # a proposal stands once among the draws for each time that it was kept; its own weight is exact
    proposal, log_weight = (found.sample_stats[name].ravel() for name in ("proposal", "log_weight"))
    first = np.unique(proposal, return_index=True)[1]
    weight, away = np.exp(log_weight[first]), event[first] - event.mean()
    return float(event.mean() * (1 - event.mean()) / (weight**2 @ away**2))


def compared(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a world and scale: both engines' share below NEAR, and the fast one's below the quantile of NUTS."""
    held = {(w["world"], w["engine"]): w for w in worlds}
    rows = []
    for number in sorted({world for world, _ in held}):
        if any((number, engine) not in held for engine in ENGINES):
            continue
        nuts, fast = (held[number, engine] for engine in ENGINES)
        for name, theirs in nuts["scales"].items():
            ours = fast["scales"][name]
            quantiles = {"nuts_low": _at(theirs, LOW), "fast_low": _at(ours, LOW)}
            below = float(np.interp(quantiles["nuts_low"], ours["ladder"], LADDER))
            rows.append(
                {
                    "world": number,
                    "periods": periods_of(number),
                    **{part: nuts[part] for part in ("homes", "home_sd", "home_period_sd", "onsets")},
                    "scale": name,
                    "nuts_near": theirs["near"],
                    "fast_near": ours["near"],
                    "near_error": _error(theirs["near"], theirs["near_ess"], ours["near_ess"]),
                    **quantiles,
                    "fast_below_nuts_low": below,
                    "below_error": _error(LOW, theirs["low_ess"], ours["low_ess"]),
                    "mean_difference": (ours["mean"] - theirs["mean"]) / theirs["sd"],
                    "passed": fast["passed"],
                    "k_hat": fast["k_hat"],
                    "edge_loss": fast["edge_loss"],
                    "fast_ess": fast["importance_ess"],
                    "nuts_passed": nuts["passed"],
                }
            )
    return pd.DataFrame(rows)


def _at(told: dict[str, Any], share: float) -> float:
    return float(np.interp(share, LADDER, told["ladder"]))


def _error(share: float, *worth: float) -> float:
    """Of the difference of two shares; at least that of a share of a half per cent."""
    spread = max(share * (1 - share), 0.005)
    return math.sqrt(sum(spread / n for n in worth if math.isfinite(n)) or spread / 1000)


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """By periods, scale and verdict of the gate: mean differences with errors, spread in errors, and those beyond."""
    out = []
    for (periods, scale, passed), part in rows.groupby(["periods", "scale", "passed"], sort=False):
        row: dict[str, Any] = {"periods": periods, "scale": scale, "passed": passed, "worlds": len(part)}
        for name, off, error in (
            ("near", part["fast_near"] - part["nuts_near"], part["near_error"]),
            ("below_low", part["fast_below_nuts_low"] - LOW, part["below_error"]),
        ):
            row[f"{name}_difference"] = off.mean()
            row[f"{name}_difference_error"] = math.sqrt((error**2).sum()) / len(part)
            row[f"{name}_spread_in_errors"] = math.sqrt(((off / error) ** 2).mean())
            row[f"{name}_largest_in_errors"] = (off / error).abs().max()
            row[f"{name}_beyond"] = int(((off / error).abs() > BEYOND).sum())
        row["mean_nuts_near"] = part["nuts_near"].mean()
        out.append(row)
    return pd.DataFrame(out)


def main() -> None:
    options = arguments(__doc__, worlds=50, of="worlds, half of few periods", work="near_zero").parse_args()
    asked = ((world, engine) for world in range(options.worlds) for engine in ENGINES)
    worlds = worlds_of(options, asked, lambda w: (w["world"], w["engine"]), one_world)
    rows = compared(worlds)
    if rows.empty:
        return
    options.output.mkdir(parents=True, exist_ok=True)
    rows.round(5).to_csv(options.output / "near_zero_worlds.csv", index=False)
    table = summarise(rows).round(4)
    table.to_csv(options.output / "near_zero.csv", index=False)
    seconds = pd.DataFrame(worlds).groupby("engine")["seconds"].median().round(2)
    about = {
        "recipe": f"python simulations/near_zero.py --worlds {options.worlds}",
        "worlds_finished": int(rows["world"].nunique()),
        "beyond": f"more than {BEYOND:g} Monte Carlo errors",
        "median_cpu_seconds": seconds.to_dict(),
        "plans": {name: plan_of(i).model_dump(mode="json") for i, name in enumerate(PERIOD_DAYS)},
        "versions": versions(),
    }
    (options.output / "near_zero.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
