"""False confidence and power under shared causes: what each verdict on H1 costs, and what it withstands.

Worlds of 40, 160 or 640 homes and a year, each answered under the default plan by the fast engine (M1), and beside it
under the plan without what all homes share. Cells: neither influence nor a shared cause; blocks and drifts of shocks
that a home's children share; waves that all homes share; homophily; homes that move children after episodes; and
influence of 1.3. The core of them is run unless others are named (``--cells``). Where the rule says supported, the
tipping shock is found. Worlds are appended to one file, ``--work``, world by world through all cells, so that a part of
the study is a study, and the command can be stopped and given again; ``--summarise`` writes the tables from what is
there.

    python simulations/shared_causes.py --worlds 200
    python simulations/shared_causes.py --homes 160 --worlds 60 --minutes 60
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import PACKAGED, arguments, share, ships, worlds_of

from missingmodels.config import from_mapping
from missingmodels.evidence.decisions import verdict
from missingmodels.evidence.effects.withstood import holds_where_open, withstood
from missingmodels.evidence.parts import Withstood
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Plan
from missingmodels.provenance import seed_of, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import World, simulate_world
from missingmodels.studies.computing.replicate import READ

SEED = 11
MODEL, EXPOSURE = "M1", "peer_presence"
PLAN = Plan(name="shared causes", sampling={"draws": 250, "method": "laplace"}, gate={"ess_min": 200})
WITHOUT = PLAN.changed({"effects.sector_process": "none", "frame.cell_days": None})
INFLUENCE = math.log(1.3)
CELLS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "influence 1.3": {"contagion": {"log_rate_ratio": INFLUENCE}},
    "drift 14 days, sd .5": {"dials": {"shock_sd": 0.5, "shock_days": 14, "shock_drifts": True}},
    "block 14 days, sd .5": {"dials": {"shock_sd": 0.5, "shock_days": 14}},
    "wave 28 days, sd .5": {"dials": {"wave_sd": 0.5, "wave_days": 28}},
    "wave 7 days, sd .5": {"dials": {"wave_sd": 0.5, "wave_days": 7}},
    "homophily .6": {"dials": {"homophily": 0.6}},
    "exits after half of episodes": {"dials": {"exit_per_episode": 0.5}},
    "block 28 days, sd .5": {"dials": {"shock_sd": 0.5, "shock_days": 28}},
    "drift 7 days, sd .5": {"dials": {"shock_sd": 0.5, "shock_days": 7, "shock_drifts": True}},
    "wave 91 days, sd .5": {"dials": {"wave_sd": 0.5, "wave_days": 91}},
}
# What is asked at every number of homes; the others at 40 and 160.
CORE = (
    "nothing",
    "drift 14 days, sd .5",
    "block 14 days, sd .5",
    "wave 28 days, sd .5",
    "homophily .6",
    "exits after half of episodes",
    "influence 1.3",
)
Key = tuple[str, int, int]  # cell, homes, world


def world_of(cell: str, homes: int, index: int) -> World:
    settings = {"name": "shared causes", "homes": {"count": homes}, "contagion": {"log_rate_ratio": 0.0}}
    scenario = from_mapping(settings | CELLS[cell], Scenario)
    seed = seed_of(SEED, "shared causes", cell, homes, index)
    return simulate_world(scenario, seed=seed, log_exposures=False, only=READ)


def one_world(key: Key) -> dict[str, Any]:
    """What the default plan says, and what the plan without a shared process."""
    cell, homes, index = key
    begin = time.process_time()
    world = world_of(cell, homes, index)
    held: dict[str, Any] = {"cell": cell, "homes": homes, "world": index}
    for name, plan in (("without", WITHOUT), ("default", PLAN)):
        design = prepare(world.tables, plan, fits=[(MODEL, EXPOSURE)], checked=True).designs[MODEL, EXPOSURE]
        found = fit(
            design, plan, model=MODEL, exposure=EXPOSURE, seed=index, allow_unconverged=True, with_children=False
        )
        held[name] = _said(found, plan)
        if name == "default" and held[name]["verdict"] == "supported":
            shocks = withstood(design, plan, model=MODEL, exposure=EXPOSURE, seed=index)
            held["withstood"] = None if shocks is None else shocks.as_dict()
    return held | {"seconds": round(time.process_time() - begin, 2)}


def _said(found: Fit, plan: Plan) -> dict[str, Any]:
    draws = found.parameters.coefficient(EXPOSURE)
    said, _ = verdict(np.exp(draws), "above", plan.decision)
    return {
        "verdict": said,
        "mean": round(float(draws.mean()), 4),
        "sd": round(float(draws.std()), 4),
        "probability": round(float((draws > 0).mean()), 4),
        "passed": found.diagnostics.passed,
    }


def withstands_open(world: dict[str, Any]) -> bool:
    """Whether the verdict is one that withstands: the size that the plan asks for, or all that the data leave open."""
    shocks = world.get("withstood")
    if world["default"]["verdict"] != "supported" or shocks is None:
        return False
    held = Withstood(**{name: tuple(v) if isinstance(v, list) else v for name, v in shocks.items()})
    return tipping(world) > PLAN.decision.withstands.sd or holds_where_open(held, PLAN.decision)


def tipping(world: dict[str, Any]) -> float:
    """The least shock under which the rule fails: 0 where it does not say supported at all."""
    shocks = world.get("withstood")
    if world["default"]["verdict"] != "supported" or shocks is None:
        return 0.0
    return math.inf if shocks["tipping_sd"] is None else float(shocks["tipping_sd"])


def summarise(worlds: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One row a cell and number of homes: shares with their standard errors."""
    rows = []
    frame = pd.DataFrame([w | {"tipping": tipping(w), "open": withstands_open(w)} for w in worlds])
    for (cell, homes), own in frame.groupby(["cell", "homes"], sort=False):
        row: dict[str, Any] = {"cell": cell, "homes": homes, "worlds": len(own)}
        for name in ("without", "default"):
            said = own[name].map(lambda held: held["verdict"])
            row[f"{name}_supported"], row[f"{name}_error"] = share((said == "supported").to_numpy())
            row[f"{name}_mean"] = round(float(own[name].map(lambda held: held["mean"]).mean()), 4)
        for size in (0.2, 0.3, 0.4, 0.5):
            row[f"withstands_{size:g}"], row[f"withstands_{size:g}_error"] = share((own["tipping"] > size).to_numpy())
        row["withstands"], row["withstands_error"] = share(own["open"].to_numpy())
        row["seconds"] = round(float(own["seconds"].median()), 2)
        rows.append(row)
    return pd.DataFrame(rows)


def _beside_other_sizes(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows, after those that the file holds of other numbers of homes, whose worlds need not be on file."""
    if not path.exists():
        return table
    held = pd.read_csv(path)
    return pd.concat([held[~held["homes"].isin(table["homes"])], table], ignore_index=True).sort_values(
        "homes", kind="stable"
    )


def main() -> None:
    parser = arguments(__doc__, worlds=200, of="worlds of each cell", work="shared_causes")
    parser.add_argument("--homes", type=int, default=40)
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CORE))
    options = parser.parse_args()
    asked = ((cell, options.homes, index) for index in range(options.worlds) for cell in options.cells)
    worlds = worlds_of(options, asked, lambda w: (w["cell"], w["homes"], w["world"]), one_world)
    table = _beside_other_sizes(summarise(worlds), options.output / "shared_causes.csv")
    about = {
        "recipe": "python simulations/shared_causes.py --homes HOMES --worlds WORLDS",
        "seed": SEED,
        "plan": PLAN.model_dump(mode="json"),
        "model": MODEL,
        "headline": MODEL,
        "cells": CELLS,
        "versions": versions(),
    }
    for folder in (options.output, *([PACKAGED] if ships(options.output) else [])):
        table.to_csv(folder / "shared_causes.csv", index=False)
        (folder / "shared_causes.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
