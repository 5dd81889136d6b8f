"""Does a fit find again by how much the adults on shift differ, and is no difference told where there is none?

Worlds of 80 homes and a year in which each adult on a day's shifts has an effect of theirs on the children's rate, of a
standard deviation that is planted; model M1 with `effects.adults`, by the fast engine. Told are the median of the
posterior of that deviation, how often its 90 % interval holds what was planted, how often the adults' share of what
lasts (beside homes) is told above a half, and what a fit costs. The home's own deviation is planted at its default.

    python simulations/adults.py --worlds 150
"""

from __future__ import annotations

import json
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

from typing import Any

import numpy as np
import pandas as pd
from appended import arguments, share, worlds_of

from missingmodels.fitting.fit import fit
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

PLANTED = (0.0, 0.5, 1.0)
HOMES, DAYS = 80, 393
ASKED = ("M1", "peer_presence")


def scenario_of(planted: float) -> Scenario:
    """A year whose adults differ by so much."""
    return Scenario.model_validate({"days": DAYS, "homes": {"count": HOMES}, "staff": {"adult_sd_log": planted}})


def plan_of() -> Plan:
    """The default plan with an effect of each adult on shift."""
    values = {"effects": {"adults": True}, "exposure": {"beside": ()}, "sampling": {"method": "laplace", "draws": 500}}
    return Plan.model_validate(values)


def one_world(seed: int) -> dict[str, Any]:
    """What a fit of one world says of its adults."""
    planted, plan = PLANTED[seed % len(PLANTED)], plan_of()
    world = simulate_world(scenario_of(planted), seed=seed)
    tables = world.tables.changed({"staff_shifts": pd.concat([*world.shifts()], ignore_index=True)})
    begin = time.process_time()
    design = prepare(tables, plan, fits=[ASKED], checked=True).designs[ASKED]
    found = fit(design, plan, model=ASKED[0], exposure=ASKED[1], seed=seed, allow_unconverged=True, with_children=False)
    sd, home = found.parameters.further["sigma_adult"], found.parameters.sigma_home
    low, median, high = (float(v) for v in np.quantile(sd, (0.05, 0.5, 0.95)))
    return {
        "seed": seed,
        "planted": planted,
        "adults": len(design.groups["adult"].ids),
        "rows": int(design.onsets.size),
        "passed": bool(found.diagnostics.passed),
        "low": low,
        "median": median,
        "high": high,
        "below_a_tenth": float((sd < 0.1).mean()),
        "more_than_homes": float((sd > home).mean()),
        "peer": float(found.parameters.coefficient(ASKED[1]).mean()),
        "cpu_seconds": time.process_time() - begin,
    }


def summary(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a planted deviation, of the fits that passed the gate."""
    rows = []
    for planted, held in pd.DataFrame([w for w in worlds if w["passed"]]).groupby("planted"):
        covered, error = share((held["low"] <= planted) & (planted <= held["high"]))
        # 0 is an end of what is possible, which an interval with equal tails always leaves out
        rows.append(
            {
                "planted": planted,
                "worlds": len(held),
                "adults": held["adults"].mean(),
                "median": held["median"].mean(),
                "median_error": held["median"].std(ddof=1) / np.sqrt(len(held)),
                "coverage_90": covered if planted else np.nan,
                "coverage_error": error if planted else np.nan,
                "mass_below_a_tenth": held["below_a_tenth"].mean(),
                "more_than_homes": held["more_than_homes"].mean(),
                "cpu_seconds": held["cpu_seconds"].median(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = arguments(__doc__, worlds=150, of="in all; each planted deviation stands in a third", work="adults")
    options = parser.parse_args()
    worlds = worlds_of(options, range(options.worlds), lambda world: int(world["seed"]), one_world)
    options.output.mkdir(parents=True, exist_ok=True)
    summary(worlds).round(4).to_csv(options.output / "adults.csv", index=False)
    made = {
        "recipe": f"python simulations/adults.py --worlds {options.worlds}",
        "worlds": len(worlds),
        "not_passed": sum(not world["passed"] for world in worlds),
        "versions": versions(),
    }
    (options.output / "adults.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
