"""How near the answer of a synthetic twin comes to that of the data it was made of.

Each world is a simulated sector that is treated as a return: M1 is fitted, and of margins and effects as the policy of
disclosure lets them out a few twins are made (`missingmodels twin`), which are fitted by the same plan. Told is the
difference of the peers' log rate ratio in standard deviations of the private answer, and how often a twin's 90 %
interval holds the private mean. A twin has sampling error of its own, of about one standard deviation: only the mean of
the differences can be small.

    python simulations/twins.py --worlds 20 --twins 4
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from appended import arguments, worlds_by_seed

from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import Behind
from missingmodels.errors import MissingModelsError
from missingmodels.evidence.support import support_of
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Plan
from missingmodels.provenance import stream, versions
from missingmodels.runs.answer import Prepared, prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.twin import rehearsed, twin_scenario, twin_tables
from missingmodels.tables import Tables

ASKED = ("M1", "peer_presence")
PLAN = Plan(
    models=("M0", "M1"),
    exposure={"beside": ()},
    effects={"sector_process": "none"},
    sampling={"method": "laplace"},
)
MASS = 0.9
RATES, EFFECTS, SHAPES = (2.0, 6.0), (0.0, 0.5), (0.5, 2.0)  # between these evenly, the shape on its log
READ = ("children", "placements", "missing_episodes", "homes")


def private(seed: int, homes: int) -> Tables:
    """A sector treated as a return, whose rate, frailty and peers' effect are drawn."""
    rng = stream(seed, "twins")
    values = {
        "days": 393,
        "homes": {"count": homes},
        "onset": {
            "rate_per_year": float(rng.uniform(*RATES)),
            "frailty_shape": float(np.exp(rng.uniform(*np.log(SHAPES)))),
            # what M1 cannot see is not there
            **dict.fromkeys(("staff_ratio_between", "staff_ratio_within", "turnover_between"), 0.0),
            **dict.fromkeys(("turnover_within", "mix_need_between", "mix_need_within"), 0.0),
        },
        "contagion": {"log_rate_ratio": float(rng.uniform(*EFFECTS))},
    }
    world = simulate_world(Scenario.model_validate(values), seed=seed, log_exposures=False, only=READ)
    return replace(world.tables, origin={"kind": "ssda903"})


def fitted(tables: Tables, seed: int) -> tuple[Fit, Prepared]:
    """M1 by the fast engine, and what it was fitted to."""
    prepared = prepare(tables, PLAN, fits=[ASKED], checked=True)
    design = prepared.designs[ASKED]
    made = fit(design, PLAN, model=ASKED[0], exposure=ASKED[1], seed=seed, allow_unconverged=True, with_children=False)
    return made, prepared


def one_world(seed: int, homes: int, twins: int, rehearsals: int) -> dict[str, Any]:
    """The private answer and those of its twins."""
    policy, tables = load_policy("generic"), private(seed, homes)
    found, prepared = fitted(tables, seed)
    behind = Behind(SimpleNamespace(data={}, support=support_of([found])), policy)  # type: ignore[arg-type]
    judged = Judged(policy)
    scenario = twin_scenario(found, tables, prepared.risk, PLAN, behind, judged)
    how = {"like": tables, "policy": policy, "seed": seed, "rehearsals": rehearsals}
    scenario = rehearsed(scenario, found, PLAN, **how)
    held = []
    for at in range(twins):
        own = int(stream(seed, "twins", "twin", str(at)).integers(2**31))
        try:
            again, beside = fitted(twin_tables(scenario, own, like=tables, policy=policy), own)
        except MissingModelsError as error:
            held.append({"why": error.what})
            continue
        held.append(_told(again) | {"onsets": int(beside.risk.onset.sum())})
    return {
        "seed": seed,
        "homes": homes,
        "onsets": int(prepared.risk.onset.sum()),
        "blocked": len(judged.blocked),
        "planted": scenario.contagion.log_rate_ratio,
        **_told(found),
        "twins": held,
    }


def _told(found: Fit) -> dict[str, Any]:
    draws = found.parameters.coefficient(ASKED[1])
    low, high = np.quantile(draws, [(1 - MASS) / 2, (1 + MASS) / 2])
    told = {"mean": draws.mean(), "sd": draws.std(), "low": low, "high": high}
    return {name: float(value) for name, value in told.items()} | {"passed": bool(found.diagnostics.passed)}


def rows_of(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a twin beside its private answer; those whose fits both passed their gate."""
    rows = []
    for world in worlds:
        for one in world["twins"]:
            if "why" in one or not (one["passed"] and world["passed"]):
                continue
            rows.append(
                {
                    "seed": world["seed"],
                    "homes": world["homes"],
                    "private_onsets": world["onsets"],
                    "twin_onsets": one["onsets"],
                    "private_mean": world["mean"],
                    "private_sd": world["sd"],
                    "twin_mean": one["mean"],
                    "twin_sd": one["sd"],
                    "away_in_sd": (one["mean"] - world["mean"]) / world["sd"],
                    "holds": bool(one["low"] <= world["mean"] <= one["high"]),
                }
            )
    return pd.DataFrame(rows)


def summary(worlds: list[dict[str, Any]], rows: pd.DataFrame) -> dict[str, Any]:
    """What the worlds say, with errors that take twins of one world together."""
    by_world = rows.groupby("seed").agg(away=("away_in_sd", "mean"), holds=("holds", "mean"))
    return {
        "worlds": len(worlds),
        "twins": len(rows),
        "left_out": sum(len(world["twins"]) for world in worlds) - len(rows),
        "mean_away_in_sd": round(float(rows["away_in_sd"].mean()), 3),
        "mean_away_error": round(float(by_world["away"].std() / np.sqrt(len(by_world))), 3),
        "mean_absolute_away_in_sd": round(float(rows["away_in_sd"].abs().mean()), 3),
        "interval_mass": MASS,
        "share_holding": round(float(rows["holds"].mean()), 3),
        "share_holding_error": round(float(by_world["holds"].std() / np.sqrt(len(by_world))), 3),
        "sd_ratio": round(float((rows["twin_sd"] / rows["private_sd"]).mean()), 3),
        "onsets_ratio": round(float((rows["twin_onsets"] / rows["private_onsets"]).mean()), 3),
        "blocked": round(float(np.mean([world["blocked"] for world in worlds])), 2),
    }


def main() -> None:
    parser = arguments(__doc__, worlds=20, of="private sectors", work="twins")
    parser.add_argument("--homes", type=int, default=40, help="of each sector")
    parser.add_argument("--twins", type=int, default=4, help="of each sector")
    parser.add_argument("--rehearsals", type=int, default=8, help="of each sector")
    options = parser.parse_args()
    worlds = worlds_by_seed(options, lambda seed: one_world(seed, options.homes, options.twins, options.rehearsals))
    rows = rows_of(worlds)
    told = summary(worlds, rows)
    recipe = f"python simulations/twins.py --worlds {len(worlds)} --twins {options.twins} --homes {options.homes}"
    recipe += f" --rehearsals {options.rehearsals}"
    options.output.mkdir(parents=True, exist_ok=True)
    rows.round(4).to_csv(options.output / "twins.csv", index=False)
    made = {"recipe": recipe, **told, "versions": versions()}
    (options.output / "twins.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
