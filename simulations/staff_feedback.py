"""Effects of staffing where staff answer to episodes: home means over the whole window against its past, in worlds.

Worlds of the simulator in which staffing does nothing to onsets and onsets do something to staffing: they make people
on the rota sick in the period after (fewer hours, more agency) or leave (``dials``). Model M2 with staff ratio,
turnover and agency share is fitted to each by the fast engine, with homes' means over the past and over the window. All
six effects are 0, so what is estimated is bias, and what is called supported is false. Effects are per standard
deviation of their column, to be read side by side.

    python simulations/staff_feedback.py --worlds 60

The largest share of a coefficient's posterior beyond 2.5 sd of its proposals is kept of every fit, to say how many fits
a limit on it refuses.
"""

from __future__ import annotations

import json
import os
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import arguments, share, worlds_of

from missingmodels.evidence.decisions import kind_of_verdict, verdict
from missingmodels.fitting.fit import fit
from missingmodels.plan import Decision, Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

HOMES, FIRST_SEED = 40, 9000
STRUCTURE = {"staff_ratio": "below", "turnover": "above", "agency_share": "above"}
CELLS: dict[str, dict[str, float]] = {
    "none": {},
    "sickness": {"sick_per_episode": 0.1},
    "leaving": {"leaving_per_episode": 0.5},
}
NULL = {f"{name}_{part}": 0.0 for name in ("staff_ratio", "turnover") for part in ("between", "within")}
LIMITS = (0.05, 0.025)  # of the tail share: as it was, and (1 - mass of the interval) / 2


def plan_of(means: str) -> Plan:
    return Plan(
        models=("M0", "M2"),
        terms={"structure": tuple(STRUCTURE), "structure_means": means},
        sampling={"method": "laplace"},
    )


def one_world(key: tuple[str, int]) -> dict[str, Any]:
    """Of each kind of mean the six effects per standard deviation, their verdicts, and the fit's diagnostics."""
    cell, seed = key
    world = simulate_world(Scenario(homes={"count": HOMES}, onset=NULL, dials=CELLS[cell]), seed=seed)
    record: dict[str, Any] = {"cell": cell, "seed": seed, "onsets": len(world.tables["missing_episodes"])}
    for means in ("window", "past"):
        plan = plan_of(means)
        design = prepare(world.tables, plan, fits=[("M2", "")], checked=True).designs["M2", ""]
        found = fit(design, plan, model="M2", seed=seed, allow_unconverged=True, with_children=False)
        held: dict[str, Any] = {"tail_share": found.diagnostics.tail_share_max, "k_hat": found.diagnostics.k_hat}
        held |= {"failed": list(found.diagnostics.failed)}
        for name, stated in STRUCTURE.items():
            for part in ("between", "within"):
                column = f"{name}_{part}"
                draws = found.parameters.coefficient(column)
                said = verdict(np.exp(draws), stated, Decision())[0]
                scaled = draws * design.scale[design.names.index(column)]
                held[column] = [float(scaled.mean()), float(scaled.std()), kind_of_verdict(said)]
        record[means] = held
    return record


def table_of(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a cell and column: bias by either kind of mean and of one less the other, and false confidence."""
    rows = []
    for cell in CELLS:
        here = [world for world in worlds if world["cell"] == cell]
        for name in (f"{name}_{part}" for name in STRUCTURE for part in ("between", "within")):
            row: dict[str, Any] = {"cell": cell, "column": name, "worlds": len(here)}
            error = {means: np.array([world[means][name][0] for world in here]) for means in ("window", "past")}
            error["past_less_window"] = error["past"] - error["window"]
            for means, values in error.items():
                row |= {f"bias_{means}": values.mean(), f"error_{means}": values.std(ddof=1) / np.sqrt(values.size)}
            for means in ("window", "past"):
                said = [world[means][name][2] == "supported" for world in here]
                row[f"supported_{means}"], row[f"supported_error_{means}"] = share(said)
            rows.append(row)
    return pd.DataFrame(rows).round(4)


def refused(worlds: list[dict[str, Any]]) -> dict[str, Any]:
    """How many fits each limit on the tail share refuses, and by what else the gate is failed."""
    fits = [world[means] for world in worlds for means in ("window", "past")]
    tails = np.array([one["tail_share"] for one in fits])
    found: dict[str, Any] = {"fits": len(fits), "largest_tail_share": float(tails.max())}
    found |= {f"above_{limit:g}": int((tails > limit).sum()) for limit in LIMITS}
    return found | {"other_faults": sum(any("tail" not in text for text in one["failed"]) for one in fits)}


def main() -> None:
    options = arguments(__doc__, worlds=60, of="worlds of each cell", work="staff_feedback").parse_args()
    asked = [(cell, FIRST_SEED + at) for at in range(options.worlds) for cell in CELLS]
    worlds = worlds_of(options, asked, lambda world: (world["cell"], world["seed"]), one_world)
    options.output.mkdir(parents=True, exist_ok=True)
    table = table_of(worlds)
    table.to_csv(options.output / "staff_feedback.csv", index=False)
    about = {"recipe": f"python simulations/staff_feedback.py --worlds {int(table['worlds'].min())}", "homes": HOMES}
    about |= {"dials": CELLS, "tail_share": refused(worlds), "plan": plan_of("past").model_dump(mode="json")}
    about["versions"] = versions()
    (options.output / "staff_feedback.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
